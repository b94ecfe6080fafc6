//! What stands on top: what was read, and which deployment is judged.

use super::super::format::{clock, columns, counted, cut, cut_start, known_by, one_line, range};
use super::{Ink, LOCATION, Style};
use crate::deployment::{Deployment, From};
use crate::summary::Summary;
use crate::time::Time;
use crate::zone::Zone;

/// The sources, cut to what the facts beside them leave.
pub fn header(sources: &[String], facts: &str, style: Style) -> String {
    let sources = match sources {
        [] => String::new(),
        [one] => one_line(one),
        several => format!("{} sources: {}", several.len(), one_line(&several.join(", "))),
    };
    let sources = cut(&sources, style.width.saturating_sub(columns(facts) + 3).max(12));
    let gap = if sources.is_empty() { "" } else { "   " };
    format!(
        "{}{gap}{}",
        style.paint(Ink::Bold, &sources),
        cut(facts, style.width.saturating_sub(columns(&sources) + 3))
    )
}

/// How many lines there were, and from when to when.
pub fn extent(summary: &Summary, zone: Zone) -> Vec<String> {
    let range = summary.from.zip(summary.to).map(|(from, to)| range(from, to, zone));
    [counted(summary.input.lines, "line")].into_iter().chain(range).collect()
}

/// What is judged, and how it was known. `first` is whether no other deployment was told of before; `today` the day that needs no date.
pub fn deployed(deployment: &Deployment, sources: &[String], first: bool, today: Option<Time>, zone: Zone) -> String {
    let at = clock(deployment.at, today, zone);
    if !deployment.from.is_known() {
        return format!("no deployment in this log; judged from its first record, {at} (say when with --deployed-at)");
    }
    let line = deployment.shown_by.as_ref().map(|shown_by| match sources.get(shown_by.source) {
        Some(label) if sources.len() > 1 || !first => {
            format!(", {}:{}", cut_start(&one_line(label), LOCATION), shown_by.line)
        }
        _ => format!(", line {}", shown_by.line),
    });
    let hint = if first && deployment.from != From::Given { "; change with --deployed-at" } else { "" };
    format!("deployed {at} (from {}{}{hint})", known_by(deployment), line.unwrap_or_default())
}
