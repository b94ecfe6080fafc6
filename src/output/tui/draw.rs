//! The dashboard as it stands on the screen: verdict, course, one list, keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, List, ListItem, ListState, Paragraph, Sparkline, Wrap};

use super::super::format::{clock, count, counted, cut, duration, one_line, percent, span};
use super::super::text::{because, word};
use super::app::{App, TABS, Tab};
use super::course::Step;
use super::lists::dim;
use crate::rules::checkpoint::Status;
use crate::rules::verdict::Verdict;
use crate::time::Time;

/// Columns of what a plot is of.
const NAME: u16 = 24;

/// Rows from which on plots are higher.
const HIGH: u16 = 36;

const KEYS: [&str; 13] = [
    "Tab, 1 – 5        another list",
    "↑ ↓ PgUp PgDn     through the list; Home, End",
    "Enter             the entry whole, and back",
    "/                 only entries that hold a text; Esc shows all",
    "← →               through the time, with Shift ten steps; Esc is now",
    "Space             hold the lines, and let them go on",
    "p, f              a manual check passes, or fails (--answers)",
    "a                 somebody is at a trigger (--answers)",
    "Ctrl-Z            stop for a while; `fg` goes on",
    "q, Ctrl-C         end the run, with its verdict",
    "",
    "A bar of the plots is as many seconds as fit into a column.",
    "Any key closes this.",
];

pub fn draw(frame: &mut Frame<'_>, app: &App) {
    let plot = if frame.area().height >= HIGH { 4 } else { 2 };
    let rows = [
        Constraint::Length(2),
        Constraint::Length(3 * plot + 1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ];
    let [top, course, tabs, list, foot] = Layout::vertical(rows).areas(frame.area());
    head(frame, top, app);
    plots(frame, course, plot, app);
    let entries = app.entries();
    titles(frame, tabs, app, entries.len());
    entry_list(frame, list, app, &entries);
    keys(frame, foot, app);
    if app.shows_keys {
        help(frame);
    }
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// The verdict, and what is judged.
fn head(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let summary = &app.snapshot.summary;
    let colour = match summary.verdict {
        Verdict::Rollback => Color::Red,
        Verdict::Investigate => Color::Yellow,
        Verdict::Healthy => Color::Green,
        Verdict::Unknown => Color::Gray,
    };
    let verdict = Style::new().fg(Color::Black).bg(colour).add_modifier(Modifier::BOLD);
    let first = Line::from(vec![
        Span::styled(format!(" {} ", word(summary)), verdict),
        Span::raw(format!(" {}", because(summary, app.zone))),
    ]);
    let mut facts = Vec::new();
    if let Some(deployment) = summary.deployment.as_ref().filter(|deployment| deployment.from.is_known()) {
        facts.push(format!("deployed {}", clock(deployment.at, summary.to, app.zone)));
    }
    let pending = summary.checkpoints.iter().filter(|event| event.status == Status::Pending);
    if let Some((event, at)) = pending.filter_map(|event| Some((event, event.at?))).min_by_key(|(_, at)| *at) {
        facts.push(format!("next checkpoint {} at {}", one_line(&event.id), clock(at, summary.to, app.zone)));
    }
    facts.push(format!("plan {}", one_line(&summary.plan)));
    if app.status.is_empty() {
        facts.push(counted(summary.input.lines, "line"));
    } else {
        facts.push(app.status.clone());
    }
    frame.render_widget(Paragraph::new(vec![first, Line::styled(facts.join(" · "), dim())]), area);
}

/// Requests, failures and the p95, and the time they are of.
fn plots(frame: &mut Frame<'_>, area: Rect, height: u16, app: &App) {
    let rows =
        [Constraint::Length(height), Constraint::Length(height), Constraint::Length(height), Constraint::Length(1)];
    let rows: [Rect; 4] = Layout::vertical(rows).areas(area);
    let split =
        |row: Rect| -> [Rect; 2] { Layout::horizontal([Constraint::Length(NAME), Constraint::Min(0)]).areas(row) };
    let columns = usize::from(split(rows[0])[1].width);
    let steps = app.course.columns(columns);
    let now = app.course.at(app.cursor);
    let share = if now.requests > 0 {
        format!(" ({})", percent(now.failed as f64 / now.requests as f64))
    } else {
        String::new()
    };
    // Of all of the course the highest says little.
    let p95 =
        now.p95_ms.filter(|_| app.cursor.is_some()).map_or("p95".into(), |p95| format!("p95 {}", duration(p95 / 1e3)));
    let plot = |of: fn(&Step) -> u64| steps.iter().map(of).collect::<Vec<u64>>();
    let all = [
        (format!("{} requests", count(now.requests)), plot(|step| step.requests), Color::Blue),
        (format!("{} 5xx{share}", count(now.failed)), plot(|step| step.failed), Color::Red),
        (p95, plot(|step| step.p95_ms.map_or(0, |p95| p95.round() as u64)), Color::Magenta),
    ];
    for ((name, data, colour), row) in all.into_iter().zip(rows) {
        let [label, graph] = split(row);
        let highest = data.iter().max().copied().unwrap_or(0);
        let top = match (highest, colour) {
            (0, Color::Magenta) => "no durations in the log".into(),
            (0, _) => String::new(),
            (_, Color::Magenta) => format!("up to {}", duration(highest as f64 / 1e3)),
            _ => format!("up to {}", count(highest)),
        };
        let text = vec![Line::styled(name, bold()), Line::styled(top, dim())];
        frame.render_widget(Paragraph::new(text), label);
        frame.render_widget(Sparkline::default().data(data).style(Style::new().fg(colour)), graph);
    }
    let [label, line] = split(rows[3]);
    let at = app.cursor.map(|second| app.zone.clock(Time::from_second(second)));
    let place = at.map_or_else(|| "all of it".into(), |at| format!("{at}, {}", span(app.course.width())));
    frame.render_widget(Line::styled(place, bold().fg(Color::Cyan)), label);
    frame.render_widget(axis(app, usize::from(line.width)), line);
}

/// `13:29:57 ───D──▲──── 13:32:39`, as wide as the plots above it.
fn axis(app: &App, columns: usize) -> Line<'static> {
    let Some((from, to)) = app.course.ends() else { return Line::default() };
    let mut marks: Vec<char> = vec!['─'; columns];
    let [from, to] = [from, to].map(|second| app.zone.clock(Time::from_second(second)));
    if columns > from.len() + to.len() + 4 {
        marks.splice(..from.len(), from.chars());
        marks.splice(columns - to.len().., to.chars());
    }
    let deployment = app.snapshot.summary.deployment.as_ref().filter(|deployment| deployment.from.is_known());
    let deployed = deployment.and_then(|deployment| app.course.column(deployment.at.second(), columns));
    let cursor = app.cursor.and_then(|second| app.course.column(second, columns));
    let style = |column: usize| match column {
        _ if Some(column) == cursor => Style::new().fg(Color::Black).bg(Color::Cyan),
        _ if Some(column) == deployed => Style::new().fg(Color::Black).bg(Color::Green),
        _ => dim(),
    };
    Line::from_iter(marks.into_iter().enumerate().map(|(column, mark)| Span::styled(mark.to_string(), style(column))))
}

fn titles(frame: &mut Frame<'_>, area: Rect, app: &App, entries: usize) {
    let mut spans = Vec::new();
    for (at, (_, name)) in TABS.iter().enumerate() {
        let style = if at == app.tab { bold().add_modifier(Modifier::REVERSED) } else { dim() };
        spans.push(Span::styled(format!(" {} {name} ", at + 1), style));
    }
    let mut more = format!("  {}", counted(entries as u64, "entry").replace("entrys", "entries"));
    if app.is_filtering || !app.filter.is_empty() {
        let end = if app.is_filtering { "▏" } else { "" };
        more += &format!("  /{}{end}", one_line(&app.filter));
    }
    if app.is_paused {
        more += "  lines are held";
    }
    if app.cursor.is_some() && app.tab() != Tab::Triggers {
        more += "  at the end";
    }
    spans.push(Span::raw(more));
    frame.render_widget(Line::from(spans), area);
}

fn entry_list(frame: &mut Frame<'_>, area: Rect, app: &App, entries: &[super::lists::Entry]) {
    let Some(at) = app.at(entries.len()) else {
        let none = if app.filter.is_empty() { "nothing yet" } else { "nothing holds that" };
        frame.render_widget(Paragraph::new(none).style(dim()), area);
        return;
    };
    if let Some(row) = app.opened {
        let mut text = vec![entries[at].row.clone()];
        text.extend(entries[at].more.iter().filter(|more| !more.is_empty()).map(|more| Line::raw(more.clone())));
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }).scroll((row, 0)), area);
        return;
    }
    let items = entries.iter().map(|entry| ListItem::new(entry.row.clone()));
    let list = List::new(items).highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    frame.render_stateful_widget(list, area, &mut ListState::default().with_selected(Some(at)));
}

fn keys(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let line = match &app.message {
        Some(message) => Line::styled(cut(&one_line(message), usize::from(area.width)), bold().fg(Color::Yellow)),
        None => {
            let end = if app.snapshot.ended { "the run is over; q ends" } else { "q ends" };
            Line::styled(format!("{end} · ? keys · Tab list · Enter whole · / filter · ← → time"), dim())
        }
    };
    frame.render_widget(line, area);
}

fn help(frame: &mut Frame<'_>) {
    let all = frame.area();
    let (width, height) = (74.min(all.width), (KEYS.len() as u16 + 2).min(all.height));
    let area = Rect { x: (all.width - width) / 2, y: (all.height - height) / 2, width, height };
    frame.render_widget(Clear, area);
    let text: Vec<Line<'_>> = KEYS.into_iter().map(Line::raw).collect();
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(" Keys ")), area);
}
