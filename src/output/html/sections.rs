//! What stands below the picture: triggers with their evidence, errors, routes, key figures, what is not known, the input.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use maud::{Markup, html};

use super::super::format::{clock, count, counted, cut, often, one_line, percent, span, value};
use super::super::measured::Measured;
use super::super::text::{counts, describe_check, facts, findings, left_out, reached, target};
use super::super::traffic::{self, Table};
use super::super::triggers::{measured, name, runbook, when};
use super::page::View;
use crate::rules::checkpoint::Status;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::summary::traffic::Change;
use crate::summary::{CheckpointEvent, KpiStatus, TriggerEvent, TriggerResult, TriggerState};

/// Errors, and routes, that are listed.
const MOST_ROWS: usize = 60;
/// Groups of one trigger whose evidence is shown.
const MOST_GROUPS: usize = 8;
/// Columns of a text.
const WIDEST: usize = 300;

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Rollback => "rollback",
        Severity::Investigate => "investigate",
        Severity::Info => "info",
    }
}

pub fn triggers(view: &View<'_>) -> Markup {
    let View { summary, zone, .. } = *view;
    let (mut fired, quiet): (Vec<&TriggerResult>, Vec<&TriggerResult>) =
        summary.triggers.iter().partition(|trigger| trigger.fired > 0);
    fired.sort_by_key(|trigger| Reverse(trigger.severity));
    if summary.triggers.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="triggers-title" {
            h2 #triggers-title { "Triggers " small { (fired.len()) " of " (summary.triggers.len()) " fired" } }
            @for trigger in fired {
                article class=(format!("trigger {}", severity(trigger.severity))) {
                    h3 { (name(trigger)) " " span.badge { (severity(trigger.severity)) } }
                    p.facts { @for fact in [when(trigger, zone), runbook(trigger)].into_iter().flatten() { span { (fact) } } }
                    (instances(view, trigger))
                }
            }
            @if !quiet.is_empty() {
                details {
                    summary { (counted(quiet.len() as u64, "trigger")) " did not fire" }
                    ul.quiet {
                        @for trigger in quiet {
                            li { code { (one_line(&trigger.id)) } " " (severity(trigger.severity)) ": " (state(trigger)) }
                        }
                    }
                }
            }
        }
    }
}

/// How one that did not fire stands at the end.
fn state(trigger: &TriggerResult) -> String {
    let known =
        if trigger.known < 1.0 { format!(", known {} of the time", percent(trigger.known)) } else { String::new() };
    // What is equal to its limit and does not fire is no "0 ≥ 0".
    let is_at_limit = trigger.value.is_some() && trigger.value == trigger.threshold;
    let measured = if is_at_limit {
        trigger.value.map(|limit| format!("{}, the limit", value(limit, trigger.unit)))
    } else {
        measured(trigger)
    };
    let measured = measured.map_or(String::new(), |measured| format!(", {measured}"));
    match trigger.state {
        TriggerState::Unknown => "not known".into(),
        TriggerState::Pending => format!("pending{measured}{known}"),
        TriggerState::Ok | TriggerState::Firing | TriggerState::Resolved => format!("ok{measured}{known}"),
    }
}

/// Where each group of a trigger fired first, with the lines that show it.
fn instances(view: &View<'_>, trigger: &TriggerResult) -> Markup {
    let View { summary, changes, zone, .. } = *view;
    let mut seen = BTreeSet::new();
    let fires = |event: &&TriggerEvent| event.id == trigger.id && event.state == State::Firing;
    let first: Vec<&TriggerEvent> =
        changes.first.iter().filter(fires).filter(|event| seen.insert(&event.group)).collect();
    let more = first.len().saturating_sub(MOST_GROUPS);
    html! {
        @for event in first.into_iter().take(MOST_GROUPS) {
            div.instance {
                p.told {
                    time { (clock(event.at, summary.to, zone)) }
                    @for value in event.group.values() { code { (cut(&one_line(value), WIDEST)) } }
                    @if let Some(measured) = compared(event) { span { (measured) } }
                    @if let Some(about) = &event.about { span.about { (one_line(about)) } }
                }
                @for line in &event.evidence {
                    p.line { span.place { (one_line(&line.file)) ":" (line.line_no) } " " code { (cut(&one_line(&line.line), WIDEST)) } }
                }
            }
        }
        @if more > 0 { p.note { "… and " (counted(more as u64, "more group")) } }
    }
}

/// What was compared with what; that there is more than nothing of something is said by what the trigger is about.
fn compared(event: &TriggerEvent) -> Option<String> {
    if event.unit == "count" && event.threshold == Some(0.0) && event.about.is_some() {
        return None;
    }
    let TriggerEvent { value, bound, threshold, share, samples, baseline, unit, .. } = *event;
    Measured { value, bound, threshold, share, samples, baseline, unit }.tell(&event.expr)
}

pub fn errors(view: &View<'_>) -> Markup {
    let View { summary, zone, .. } = *view;
    let all = findings(summary, MOST_ROWS);
    let more = (summary.exceptions.len() + summary.errors.len()).saturating_sub(all.len());
    if all.is_empty() {
        return html! {};
    }
    let title = match summary.verdict {
        Verdict::Rollback | Verdict::Investigate => "Why",
        Verdict::Unknown | Verdict::Healthy => "Worth a look",
    };
    html! {
        section aria-labelledby="why-title" {
            h2 #why-title { (title) " " small { "errors by what makes them alike, what to mend first on top" } }
            table.why {
                thead { tr { th.number { "times" } th { "error" } } }
                tbody {
                    @for finding in &all {
                        @let (new, message) = match finding.message.strip_prefix("NEW ") {
                            Some(rest) if finding.seen.new == Some(true) => (true, rest),
                            _ => (false, finding.message.as_str()),
                        };
                        tr {
                            td.number { (count(finding.seen.count)) }
                            td {
                                @if new { span.badge.new { "NEW" } " " }
                                code { (cut(message, WIDEST)) }
                                p.facts {
                                    @if !finding.name.is_empty() { span { (finding.name) } }
                                    @if let Some((file, line)) = finding.seen.file.as_deref().zip(finding.seen.line_no) {
                                        span.place { (one_line(file)) ":" (line) }
                                    }
                                    @for fact in facts(summary, finding, zone) { span { (fact) } }
                                    @if let Some(rates) = finding.seen.rates { span { (often(rates)) } }
                                }
                            }
                        }
                    }
                }
            }
            @if more > 0 { p.note { "… and " (counted(more as u64, "more group")) } }
        }
    }
}

pub fn traffic(view: &View<'_>) -> Markup {
    let Some(Table { title, periods, columns, rows }) = traffic::table(&view.summary.http, MOST_ROWS) else {
        return html! {};
    };
    html! {
        section aria-labelledby="traffic-title" {
            h2 #traffic-title { "Traffic " small { (title) } }
            @if !periods.is_empty() { p.note { (periods) "; an arrow is a change that chance does not explain" } }
            div.wide tabindex="0" role="region" aria-label="Requests by route" {
                table {
                    thead { tr { th { "route" } @for column in &columns { th.number { (column.head) } } } }
                    tbody {
                        @for row in &rows {
                            tr {
                                td { code { (cut(&row.name, WIDEST)) } }
                                @for cell in &row.cells {
                                    td.number.bad[cell.is_bad] {
                                        (cell.text)
                                        @match cell.change {
                                            Some(Change::More) => span.change { " ↑" },
                                            Some(Change::Less) => span.change { " ↓" },
                                            None => {},
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub fn kpis(view: &View<'_>) -> Markup {
    if view.summary.kpis.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="kpis-title" {
            h2 #kpis-title { "Key figures" }
            table.kpis {
                thead { tr { th { "figure" } th { "target" } th { "status" } th { "reached" } } }
                tbody {
                    @for kpi in &view.summary.kpis {
                        @let (class, word) = match kpi.status {
                            KpiStatus::Met => ("good", "met"),
                            KpiStatus::Missed => ("bad", "missed"),
                            KpiStatus::Unknown => ("unknown", "unknown"),
                            KpiStatus::Manual => ("unknown", "to be answered"),
                        };
                        tr { td { (one_line(&kpi.title)) } td { (one_line(&target(kpi))) } td class=(class) { (word) } td { (reached(kpi)) } }
                    }
                }
            }
        }
    }
}

pub fn checkpoints(view: &View<'_>) -> Markup {
    let View { summary, zone, .. } = *view;
    let section = |id: &str, title: &str, all: &[CheckpointEvent]| {
        html! {
            @if !all.is_empty() {
                section aria-labelledby=(id) {
                    h2 id=(id) { (title) }
                    @for event in all {
                        @let (class, word) = status(event.status);
                        article.checkpoint {
                            h3 { (one_line(&event.id)) " " span class=(format!("badge {class}")) { (word) } " " small { (one_line(&event.title)) } }
                            p.facts {
                                @if let Some(at) = event.at { span { (clock(at, summary.to, zone)) } }
                                span { "+" (span(event.after)) }
                                @if event.status != Status::Pending { span { (counts(event)) } }
                            }
                            @if event.status != Status::Pending {
                                table { tbody { @for check in &event.checks {
                                    @let (class, word) = status(check.status);
                                    tr { td class=(class) { (word) } td { code { (one_line(&check.id)) } } td { (cut(&describe_check(check), WIDEST)) } }
                                } } }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        (section("checkpoints-title", "Checkpoints", &summary.checkpoints))
        (section("success-title", "Criteria of success", &summary.success))
    }
}

/// Class and word of what a checkpoint or a check came to.
pub fn status(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pass => ("good", "pass"),
        Status::Fail => ("bad", "fail"),
        Status::Unknown => ("unknown", "unknown"),
        Status::Manual => ("unknown", "to be answered"),
        Status::Pending => ("unknown", "not reached"),
    }
}

pub fn not_known(view: &View<'_>) -> Markup {
    if view.summary.unknown.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="unknown-title" {
            h2 #unknown-title { "Not known" }
            dl {
                @for unknown in &view.summary.unknown {
                    dt { (one_line(&unknown.what)) }
                    dd { (one_line(&unknown.because)) @if !unknown.remedy.is_empty() { ": " (one_line(&unknown.remedy)) } }
                }
            }
        }
    }
}

/// What became of every line.
pub fn input(view: &View<'_>) -> Markup {
    let counts = &view.summary.input;
    let parts = [
        (counts.classified, "classified"),
        (counts.unclassified, "unclassified"),
        (counts.merged, "merged"),
        (counts.malformed, "malformed"),
        (counts.too_long, "too long"),
        (counts.skipped, "skipped"),
        (counts.late, "late"),
        (counts.duplicate, "duplicate"),
    ];
    html! {
        section aria-labelledby="input-title" {
            h2 #input-title { "Input " small { (counted(counts.lines, "line")) } }
            table {
                tbody {
                    @for (number, what) in parts.into_iter().filter(|(number, _)| *number > 0) {
                        tr { td.number { (count(number)) } td { (what) } }
                    }
                }
            }
            @for fact in left_out(view.summary) { p.note { (fact) } }
        }
    }
}
