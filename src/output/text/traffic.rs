//! The section of the screen that shows requests by route.

use super::super::format::{columns, cut, pad, pad_start};
use super::super::traffic::{Cell, Figure, Row, Table, table};
use super::screen::Screen;
use super::{Ink, Style};
use crate::summary::traffic::Change;

/// Columns that names of routes have where nothing else needs them, and those that they are left in any case.
const NAMES: usize = 44;
const LEAST_NAMES: usize = 30;

impl Screen<'_> {
    /// At most so many routes, each with what it was like before the deployment where that is known.
    pub fn traffic(&self, most: usize) -> Vec<String> {
        let Some(table) = table(&self.summary.http, most) else { return Vec::new() };
        let title = format!("TRAFFIC  {}", table.title);
        let mut lines = vec![String::new()];
        if table.periods.is_empty() {
            lines.extend(drawn(&table, &title, self.style));
        } else {
            lines.push(self.style.paint(Ink::Bold, &cut(&title, self.style.width)));
            lines.extend(drawn(&table, &format!("  {}", table.periods), self.style));
        }
        lines
    }
}

/// The heads of the columns with what stands before them, and the rows. Columns that have no room are left out, those that
/// tell of no change first.
fn drawn(table: &Table, head: &str, style: Style) -> Vec<String> {
    let widths = |shown: &[usize]| -> Vec<usize> {
        let width = |column: &usize| {
            let cells = table.rows.iter().map(|row| columns(&text(&row.cells[*column], has_arrow(table, *column))));
            cells.chain([columns(table.columns[*column].head)]).max().unwrap_or(0) + 2
        };
        shown.iter().map(width).collect()
    };
    let mut shown: Vec<usize> = (0..table.columns.len()).collect();
    while widths(&shown).iter().sum::<usize>() + LEAST_NAMES > style.width && shown.len() > 2 {
        let first = shown.iter().copied().min_by_key(|column| (has_arrow(table, *column), table.columns[*column].of));
        shown.retain(|column| Some(*column) != first);
    }
    let widths = widths(&shown);
    let named = table.rows.iter().map(|row| columns(&row.name) + 2).chain([columns(head)]).max().unwrap_or(0);
    let names = named.max(NAMES).min(style.width.saturating_sub(widths.iter().sum()));
    let heads: String = shown
        .iter()
        .zip(&widths)
        .map(|(column, width)| {
            let gap = if has_arrow(table, *column) { "  " } else { "" };
            pad_start(&format!("{}{gap}", table.columns[*column].head), *width)
        })
        .collect();
    let mut lines = vec![style.paint(Ink::Bold, format!("{}{heads}", pad(&cut(head, names), names)).trim_end())];
    lines.extend(table.rows.iter().map(|Row { name, cells }| {
        let mut line = pad(&cut(&format!("  {name}"), names), names);
        for (column, width) in shown.iter().zip(&widths) {
            let cell = &cells[*column];
            let shown = pad_start(&text(cell, has_arrow(table, *column)), *width);
            line += &match (cell.is_bad, cell.change) {
                (true, _) => style.paint(Ink::Red, &shown),
                (false, Some(_)) if table.columns[*column].of != Figure::Requests => style.paint(Ink::Yellow, &shown),
                _ => shown,
            };
        }
        line.trim_end().into()
    }));
    lines
}

/// Whether some row of a column has an arrow, so that all others leave room for one.
fn has_arrow(table: &Table, column: usize) -> bool {
    table.rows.iter().any(|row| row.cells[column].change.is_some())
}

fn text(cell: &Cell, leaves_room: bool) -> String {
    let arrow = match cell.change {
        Some(Change::More) => " ↑",
        Some(Change::Less) => " ↓",
        None if leaves_room => "  ",
        None => "",
    };
    format!("{}{arrow}", cell.text)
}
