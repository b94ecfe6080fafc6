//! The lists: each entry is a row, and more that is shown when it is opened.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::format::{clock, count, often, one_line, span};
use super::super::measured::Measured;
use super::super::text::{counts, describe_check, facts, findings, reached, target};
use super::super::traffic;
use super::super::triggers::{measured, name, when};
use super::app::{App, Tab};
use crate::classify::Severity as Gravity;
use crate::people::Item;
use crate::rules::checkpoint::Status;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::summary::bars::bars;
use crate::summary::traffic::Change;
use crate::summary::{CheckpointEvent, KpiStatus, TriggerResult, TriggerState};
use crate::time::Time;

/// Entries of a list at most.
const MOST: usize = 200;

pub struct Entry {
    pub row: Line<'static>,
    /// Below the row when it is opened.
    pub more: Vec<String>,
    /// The trigger, or the manual check, that it is.
    pub id: Option<String>,
}

impl Entry {
    fn new(row: Vec<Span<'static>>, more: Vec<String>) -> Entry {
        Entry { row: Line::from(row), more, id: None }
    }

    /// All that it says.
    pub fn text(&self) -> String {
        let row = self.row.spans.iter().map(|span| span.content.as_ref()).collect::<String>();
        std::iter::once(row).chain(self.more.iter().cloned()).collect::<Vec<_>>().join("\n")
    }
}

pub fn entries(app: &App, items: &[Item]) -> Vec<Entry> {
    match app.tab() {
        Tab::Triggers => triggers(app),
        Tab::Why => why(app),
        Tab::Routes => routes(app),
        Tab::Lines => lines(app),
        Tab::Checks => checks(app, items),
    }
}

pub fn dim() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

fn painted(text: impl Into<String>, colour: Color) -> Span<'static> {
    Span::styled(text.into(), Style::new().fg(colour).add_modifier(Modifier::BOLD))
}

fn severity(severity: Severity) -> (&'static str, Color) {
    match severity {
        Severity::Rollback => ("rollback", Color::Red),
        Severity::Investigate => ("investigate", Color::Yellow),
        Severity::Info => ("info", Color::Blue),
    }
}

/// Those that fired first; at a time that is looked at as they stood then.
fn triggers(app: &App) -> Vec<Entry> {
    if let Some(second) = app.cursor {
        return triggers_at(app, second);
    }
    let order = |trigger: &&TriggerResult| match trigger.state {
        TriggerState::Firing => 0,
        TriggerState::Pending => 1,
        TriggerState::Resolved => 2,
        TriggerState::Ok => 3,
        TriggerState::Unknown => 4,
    };
    let mut all: Vec<&TriggerResult> = app.snapshot.summary.triggers.iter().collect();
    all.sort_by_key(|trigger| (order(trigger), std::cmp::Reverse(trigger.severity)));
    let entry = |trigger: &TriggerResult| {
        let (word, colour) = severity(trigger.severity);
        let (state, ink) = match trigger.state {
            TriggerState::Firing => ("FIRING", colour),
            TriggerState::Pending => ("pending", Color::Yellow),
            TriggerState::Resolved => ("resolved", Color::Green),
            TriggerState::Ok => ("ok", Color::Green),
            TriggerState::Unknown => ("unknown", Color::DarkGray),
        };
        // That there is as little of something as there may be is nothing to tell.
        let is_informative = trigger.state != TriggerState::Ok || trigger.value != trigger.threshold;
        let since = trigger.first.map_or(String::new(), |first| clock(first, app.snapshot.summary.to, app.zone));
        let mut more: Vec<String> = when(trigger, app.zone).into_iter().collect();
        more.extend(trigger.runbook.as_deref().map(|runbook| format!("runbook {}", one_line(runbook))));
        let fires = app.snapshot.changes.first.iter().filter(|event| event.id == trigger.id);
        for event in fires.filter(|event| event.state == State::Firing).take(8) {
            let group: Vec<String> = event.group.values().map(|value| one_line(value)).collect();
            more.push(format!("{} {}", clock(event.at, app.snapshot.summary.to, app.zone), group.join(" ")));
            more.extend(event.about.as_deref().map(one_line));
            more.push(format!("  {}", one_line(&event.expr)));
            let shown = |line: &crate::summary::EvidenceLine| {
                format!("  {}:{} {}", one_line(&line.file), line.line_no, one_line(&line.line))
            };
            more.extend(event.evidence.iter().map(shown));
        }
        let entry = Entry::new(
            vec![
                painted(format!("{state:<9}"), ink),
                Span::raw(format!("{since:<9}")),
                Span::styled(format!("{word:<12}"), dim()),
                Span::raw(name(trigger)),
                Span::raw(
                    measured(trigger)
                        .filter(|_| is_informative)
                        .map_or(String::new(), |measured| format!("   {measured}")),
                ),
            ],
            more,
        );
        Entry { id: Some(trigger.id.clone()), ..entry }
    };
    all.into_iter().map(entry).collect()
}

fn triggers_at(app: &App, second: i64) -> Vec<Entry> {
    let changes = &app.snapshot.changes.first;
    let entry = |bar: crate::summary::bars::Bar<'_>| {
        let stretch = bar.stretches.iter().rev().find(|stretch| stretch.from <= second);
        let (word, colour) = severity(bar.severity);
        let open = stretch.filter(|stretch| stretch.to.is_none_or(|to| second < to));
        let (state, ink) = match open {
            Some(stretch) if stretch.fires => ("FIRING", colour),
            Some(_) => ("pending", Color::Yellow),
            None => ("ok", Color::Green),
        };
        let since = open.map_or(String::new(), |stretch| app.zone.clock(Time::from_second(stretch.from)));
        let group: Vec<&str> = bar.group.values().map(String::as_str).collect();
        let group = if group.is_empty() { String::new() } else { format!("{{{}}}", group.join(" ")) };
        let event = changes.iter().rfind(|event| {
            event.id == bar.id && event.group == *bar.group && Some(event.at.second()) == open.map(|open| open.from)
        });
        let reading = event.and_then(|event| {
            let crate::summary::TriggerEvent { value, bound, threshold, share, samples, baseline, unit, .. } = *event;
            Measured { value, bound, threshold, share, samples, baseline, unit }.tell(&event.expr)
        });
        Entry::new(
            vec![
                painted(format!("{state:<9}"), ink),
                Span::raw(format!("{since:<9}")),
                Span::styled(format!("{word:<12}"), dim()),
                Span::raw(one_line(&format!("{}{group}", bar.id))),
                Span::raw(reading.map_or(String::new(), |reading| format!("   {reading}"))),
            ],
            event.map_or(Vec::new(), |event| event.evidence.iter().map(|line| one_line(&line.line)).collect()),
        )
    };
    bars(changes).into_iter().map(entry).collect()
}

fn why(app: &App) -> Vec<Entry> {
    let summary = &app.snapshot.summary;
    let found = findings(summary, MOST);
    let entry = |finding: &super::super::text::Finding<'_>| {
        let times = format!("{:>6}× ", count(finding.seen.count));
        let (new, message) = match finding.message.strip_prefix("NEW ") {
            Some(rest) if finding.seen.new == Some(true) => ("NEW ", rest),
            _ => ("", finding.message.as_str()),
        };
        let mut more = vec![finding.name.clone()];
        more.extend(
            finding
                .seen
                .file
                .as_deref()
                .zip(finding.seen.line_no)
                .map(|(file, line)| format!("{}:{line}", one_line(file))),
        );
        more.extend(facts(summary, finding, app.zone));
        more.extend(finding.seen.rates.map(often));
        Entry::new(vec![Span::raw(times), painted(new, Color::Red), Span::raw(message.to_string())], more)
    };
    found.iter().map(entry).collect()
}

fn routes(app: &App) -> Vec<Entry> {
    /// Columns of a figure.
    const FIGURE: usize = 16;
    let Some(table) = traffic::table(&app.snapshot.summary.http, MOST) else { return Vec::new() };
    let entry = |row: &traffic::Row| {
        let mut spans = vec![Span::raw(format!("{:<34}", super::super::format::cut(&row.name, 33)))];
        let mut more = Vec::new();
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let arrow = match cell.change {
                Some(Change::More) => " ↑",
                Some(Change::Less) => " ↓",
                None => "",
            };
            let text = format!("{}{arrow}", cell.text);
            more.push(format!("{:<6} {text}", column.head));
            if matches!(column.of, traffic::Figure::Success | traffic::Figure::P50) {
                continue;
            }
            let style = if cell.is_bad { Style::new().fg(Color::Red) } else { Style::new() };
            spans.push(Span::styled(format!("{} ", column.head), dim()));
            spans.push(Span::styled(format!("{text:<FIGURE$}"), style));
        }
        Entry::new(spans, more)
    };
    table.rows.iter().map(entry).collect()
}

fn lines(app: &App) -> Vec<Entry> {
    let entry = |line: &crate::tail::TailLine| {
        let colour = match line.severity {
            Gravity::Info => Color::Reset,
            Gravity::Warning => Color::Yellow,
            Gravity::Error => Color::Red,
        };
        let time = line.time.map_or("–".into(), |time| app.zone.clock(time));
        let first = line.text.lines().next().unwrap_or_default();
        let mut more = vec![line.classes.join(", ")];
        more.extend(line.text.lines().map(one_line));
        Entry::new(
            vec![Span::styled(format!("{time:<9}"), dim()), Span::styled(one_line(first), Style::new().fg(colour))],
            more,
        )
    };
    app.lines.iter().map(entry).collect()
}

fn checks(app: &App, items: &[Item]) -> Vec<Entry> {
    let summary = &app.snapshot.summary;
    let status = |status: Status| match status {
        Status::Pass => ("pass", Color::Green),
        Status::Fail => ("FAIL", Color::Red),
        Status::Unknown => ("unknown", Color::DarkGray),
        Status::Manual => ("answer!", Color::Yellow),
        Status::Pending => ("pending", Color::DarkGray),
    };
    let checkpoint = |event: &CheckpointEvent| {
        let (word, colour) = status(event.status);
        let what = if event.status == Status::Pending { format!("at +{}", span(event.after)) } else { counts(event) };
        let mut more = vec![one_line(&event.title)];
        more.extend(
            event.checks.iter().map(|check| format!("{:<8} {}", status(check.status).0, describe_check(check))),
        );
        let row = vec![painted(format!("{word:<9}"), colour), Span::raw(format!("{}   {what}", one_line(&event.id)))];
        Entry::new(row, more)
    };
    let manual = |item: &Item| {
        let row = vec![
            painted("you      ", Color::Cyan),
            Span::raw(one_line(&item.what)),
            Span::styled("   p pass, f fail", dim()),
        ];
        Entry { id: Some(item.id.clone()), ..Entry::new(row, vec![one_line(&item.ask)]) }
    };
    let kpi = |kpi: &crate::summary::KpiLine| {
        let (word, colour) = match kpi.status {
            KpiStatus::Met => ("met", Color::Green),
            KpiStatus::Missed => ("MISSED", Color::Red),
            KpiStatus::Unknown => ("unknown", Color::DarkGray),
            KpiStatus::Manual => ("answer!", Color::Yellow),
        };
        let text = format!("{} {}   {}", one_line(&kpi.title), one_line(&target(kpi)), reached(kpi));
        Entry::new(vec![painted(format!("{word:<9}"), colour), Span::raw(text)], Vec::new())
    };
    let all = summary.checkpoints.iter().chain(&summary.success);
    all.map(checkpoint).chain(items.iter().map(manual)).chain(summary.kpis.iter().map(kpi)).collect()
}
