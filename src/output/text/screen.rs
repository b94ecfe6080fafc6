//! The screen at the end: the verdict, why, and what it rests on.

use std::collections::BTreeSet;

use super::super::format::{
    clock, clocks, columns, count, counted, cut, one_line, pad, pad_start, percent, span, value, wrap,
};
use super::findings::{Finding, findings, how_many};
use super::{INDENT, Ink, Style, location, with_place};
use crate::rules::plan::Severity;
use crate::rules::verdict::Verdict;
use crate::second::Counts;
use crate::summary::{KpiLine, KpiStatus, ServiceVerdict, Summary, TriggerResult, TriggerState, Unknown};
use crate::zone::Zone;

/// Error groups listed when they are not why.
const LISTED_ASIDE: usize = 3;
/// Reasons listed below a verdict.
const REASONS: usize = 6;

/// The verdict, and below it the reasons that no event has told, what cut the input short, and what to do.
/// Of several services, the verdict of each with its first reason, the gravest first.
fn services(summary: &Summary, style: Style) -> Vec<String> {
    /// Services listed.
    const LISTED: usize = 8;
    let mut all: Vec<&ServiceVerdict> = summary.services.iter().collect();
    all.sort_by_key(|service| std::cmp::Reverse(service.verdict));
    let width = all.iter().take(LISTED).map(|service| columns(&one_line(&service.service))).max().unwrap_or(0);
    let room = style.width.saturating_sub(INDENT.len());
    let mut lines: Vec<String> = all
        .iter()
        .take(LISTED)
        .map(|service| {
            let name = one_line(&service.service);
            let pad = " ".repeat(width.saturating_sub(columns(&name)));
            let reason = service.reasons.first().map(|reason| format!("  {}", one_line(reason))).unwrap_or_default();
            cut(&format!("{name}{pad}  {}{reason}", service.verdict), room)
        })
        .collect();
    if all.len() > LISTED {
        lines.push(format!("… and {} more services", all.len() - LISTED));
    }
    lines
}

pub(super) fn verdict(summary: &Summary, style: Style) -> Vec<String> {
    let ink = match summary.verdict {
        Verdict::Rollback => Ink::Red,
        Verdict::Investigate | Verdict::Unknown => Ink::Yellow,
        Verdict::Healthy => Ink::Green,
    };
    let (word, because) = (word(summary), because(summary, style.zone));
    let gap = if summary.verdict == Verdict::Healthy && !summary.complete { " " } else { "   " };
    let because = if because.is_empty() { because } else { format!("{gap}{because}") };
    let room = style.width.saturating_sub(INDENT.len());
    let head = format!("{}  {}", style.paint(Ink::Bold, "VERDICT"), style.paint(ink, word));
    let mut lines = match INDENT.len() + word.len() + columns(&because) <= style.width {
        true => vec![format!("{head}{because}")],
        false => std::iter::once(head)
            .chain(wrap(because.trim(), room).iter().map(|line| format!("{INDENT}{line}")))
            .collect(),
    };
    if let Some(interrupted) = &summary.interrupted {
        let text = format!("the input was cut short: {}", one_line(interrupted));
        lines.extend(wrap(&text, room).iter().map(|line| format!("{INDENT}{}", style.paint(Ink::Yellow, line))));
    }
    if matches!(summary.verdict, Verdict::Investigate | Verdict::Unknown) {
        let reasons = summary.reasons.iter().take(REASONS);
        lines.extend(reasons.map(|reason| format!("{INDENT}{}", cut(&one_line(reason), room))));
        if summary.reasons.len() > REASONS {
            lines.push(format!("{INDENT}… and {} more", summary.reasons.len() - REASONS));
        }
    }
    lines.extend(services(summary, style).iter().map(|line| format!("{INDENT}{line}")));
    lines.extend(runbook(summary).map(|runbook| format!("{INDENT}{}", cut(&runbook, room))));
    let Counts { classified, unclassified, .. } = summary.input;
    if unclassified > classified {
        let entries = classified + unclassified;
        let text = format!(
            "{} of {} entries are of no known kind: see `logwatch patterns explain FILE`",
            count(unclassified),
            count(entries)
        );
        lines.extend(wrap(&text, room).iter().map(|line| format!("{INDENT}{}", style.paint(Ink::Yellow, line))));
    }
    lines
}

/// The verdict in a word or three.
pub(in crate::output) fn word(summary: &Summary) -> &'static str {
    match summary.verdict {
        Verdict::Rollback => "ROLLBACK",
        Verdict::Investigate => "INVESTIGATE",
        Verdict::Healthy if summary.complete => "HEALTHY",
        Verdict::Healthy => "HEALTHY so far",
        Verdict::Unknown => "UNKNOWN",
    }
}

/// Since when the verdict is so, or over what time.
pub(in crate::output) fn because(summary: &Summary, zone: Zone) -> String {
    let fired: Vec<&TriggerResult> = deciding(summary).collect();
    if let Some(since) = fired.iter().filter_map(|trigger| trigger.first).min() {
        let firing = fired.iter().filter(|trigger| trigger.state == TriggerState::Firing).count() as u64;
        let after = summary.deployed_at.map(|deployed| format!(" (+{})", span(since.second() - deployed.second())));
        let state = match firing {
            0 => format!("{} fired, none at the end of the log", counted(fired.len() as u64, "trigger")),
            _ => format!("{} still firing at the end of the log", counted(firing, "trigger")),
        };
        return format!("since {}{}, {state}", clock(since, summary.to, zone), after.unwrap_or_default());
    }
    if summary.complete {
        return format!("over the {} of the plan", span(summary.duration));
    }
    let seen = summary.deployed_at.zip(summary.to).map(|(from, to)| to.second() - from.second());
    match seen.map(|seen| seen.min(summary.duration)) {
        Some(seen) if summary.verdict == Verdict::Healthy => format!("({} of {})", span(seen), span(summary.duration)),
        Some(seen) => format!("{} of {} seen", span(seen), span(summary.duration)),
        None => String::new(),
    }
}

/// The runbooks of what led to a verdict.
pub(in crate::output) fn runbook(summary: &Summary) -> Option<String> {
    let runbooks: BTreeSet<&str> = deciding(summary).filter_map(|trigger| trigger.runbook.as_deref()).collect();
    let names: Vec<String> = runbooks.into_iter().map(one_line).collect();
    (!names.is_empty()).then(|| format!("runbook {}", names.join(", ")))
}

/// The triggers that made the verdict what it is.
fn deciding(summary: &Summary) -> impl Iterator<Item = &TriggerResult> {
    let severity = match summary.verdict {
        Verdict::Rollback => Some(Severity::Rollback),
        Verdict::Investigate => Some(Severity::Investigate),
        Verdict::Healthy | Verdict::Unknown => None,
    };
    summary.triggers.iter().filter(move |trigger| Some(trigger.severity) == severity && trigger.fired > 0)
}

/// What the sections of a summary are drawn from.
pub(super) struct Screen<'a> {
    pub summary: &'a Summary,
    pub style: Style,
    /// Whether a location has to name its file.
    pub several: bool,
}

impl Screen<'_> {
    pub fn groups(&self, most: usize) -> Vec<String> {
        let all = how_many(self.summary);
        // What did not decide the verdict is no reason for it.
        let (title, most) = match self.summary.verdict {
            Verdict::Rollback | Verdict::Investigate => ("WHY", most),
            Verdict::Unknown => ("WORTH A LOOK", most),
            Verdict::Healthy => ("WORTH A LOOK", most.min(LISTED_ASIDE)),
        };
        if all == 0 {
            return Vec::new();
        }
        let listed = findings(self.summary, most);
        let mut title = self.style.paint(Ink::Bold, title);
        if all > listed.len() {
            title += &format!("  {} of {} groups", listed.len(), count(all as u64));
        }
        let mut lines = vec![String::new(), title];
        let counts = listed.iter().map(|finding| columns(&count(finding.seen.count)) + 1).max().unwrap_or(0);
        let place = |finding: &Finding<'_>| location(finding.seen.file.as_deref(), finding.seen.line_no, self.several);
        // The name stands beside the message where both have room, else below.
        let room = |finding: &Finding<'_>| self.style.width.saturating_sub(counts + columns(&place(finding)) + 6);
        let fits = |finding: &Finding<'_>| columns(&finding.message) + columns(&finding.name) + 3 <= room(finding);
        let messages = listed.iter().filter(|finding| fits(finding)).map(|finding| columns(&finding.message));
        let names = listed.iter().filter(|finding| fits(finding)).map(|finding| columns(&finding.name) + 3);
        let least = listed.iter().map(room).min().unwrap_or(0).saturating_sub(names.max().unwrap_or(0));
        let column = messages.max().unwrap_or(0).min(least);
        for finding in &listed {
            let (text, below) = if fits(finding) {
                (format!("{}   {}", pad(&finding.message, column), finding.name), "")
            } else {
                (cut(&finding.message, room(finding)), finding.name.as_str())
            };
            let start =
                format!("  {}  {}", pad_start(&format!("{}×", count(finding.seen.count)), counts), text.trim_end());
            lines.push(with_place(start.clone(), columns(&start), &place(finding), self.style));
            lines.extend(self.around(finding, below).iter().map(|text| self.style.paint(Ink::Dim, text)));
        }
        lines
    }

    /// The name of what said it, when it was seen, beside what, and after which silence.
    fn around(&self, finding: &Finding<'_>, name: &str) -> Vec<String> {
        let name = (!name.is_empty()).then(|| name.to_string());
        let facts = name.into_iter().chain(facts(self.summary, finding, self.style.zone));
        let mut lines: Vec<String> = Vec::new();
        for fact in facts {
            match lines.last_mut() {
                Some(line) if columns(line) + columns(&fact) + 2 <= self.style.width => *line += &format!(", {fact}"),
                _ => lines.push(cut(&format!("      {fact}"), self.style.width)),
            }
        }
        lines
    }

    /// `is_brief`: those that were not missed are counted.
    pub fn kpis(&self, is_brief: bool) -> Vec<String> {
        /// Figures that have a line each; of more only those that were missed do.
        const LINES: usize = 6;
        let is_short = self.summary.kpis.len() <= LINES;
        let is_row = |kpi: &&KpiLine| is_short || kpi.status == KpiStatus::Missed;
        let rows: Vec<&KpiLine> = self.summary.kpis.iter().filter(is_row).collect();
        let mut lines = Vec::new();
        if !self.summary.kpis.is_empty() {
            lines.push(self.style.paint(Ink::Bold, "KPIS"));
        }
        let names: Vec<String> =
            rows.iter().map(|kpi| one_line(format!("{} {}", kpi.title, target(kpi)).trim())).collect();
        let widest = names.iter().map(|name| columns(name)).max().unwrap_or(0).clamp(38, 60);
        // What was reached needs some columns, too.
        let widest = widest.min(self.style.width.saturating_sub(13 + 12));
        for (kpi, name) in rows.iter().zip(&names) {
            let (word, ink) = match kpi.status {
                KpiStatus::Met => ("met", Ink::Green),
                KpiStatus::Missed => ("MISSED", Ink::Red),
                KpiStatus::Unknown => ("unknown", Ink::Dim),
                KpiStatus::Manual => ("manual", Ink::Dim),
            };
            let name = pad(&cut(name, widest), widest);
            let room = self.style.width.saturating_sub(widest + 13);
            lines.push(format!("  {name}  {}  {}", self.style.paint(ink, &pad(word, 7)), cut(&reached(kpi), room)));
        }
        let words = [(KpiStatus::Met, "met"), (KpiStatus::Unknown, "unknown"), (KpiStatus::Manual, "to be answered")];
        if is_brief && !is_short {
            let count = |status| self.summary.kpis.iter().filter(|kpi| kpi.status == status).count();
            let counts = words.map(|(status, word)| (count(status), word)).into_iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
            lines.push(format!("  {}", counts.join(", ")));
            return lines;
        }
        for (status, word) in words.into_iter().filter(|_| !is_short) {
            let ids = self.summary.kpis.iter().filter(|kpi| kpi.status == status).map(|kpi| one_line(&kpi.id));
            let ids = ids.collect::<Vec<_>>().join(", ");
            if ids.is_empty() {
                continue;
            }
            let wrapped = wrap(&format!("{word}: {ids}"), self.style.width.saturating_sub(4).max(20));
            let indented = |(at, line): (usize, &String)| format!("{}{line}", if at == 0 { "  " } else { "    " });
            lines.extend(wrapped.iter().enumerate().map(indented));
        }
        lines
    }

    pub fn not_known(&self) -> Vec<String> {
        let unknown = &self.summary.unknown;
        if unknown.is_empty() {
            return Vec::new();
        }
        let widest = unknown.iter().map(|unknown| columns(&unknown.what)).max().unwrap_or(0).min(28);
        let mut lines = vec![self.style.paint(Ink::Bold, "NOT KNOWN")];
        for Unknown { what, because, remedy } in unknown {
            let remedy = if remedy.is_empty() { String::new() } else { format!(": {remedy}") };
            let wrapped =
                wrap(&one_line(&format!("{because}{remedy}")), self.style.width.saturating_sub(widest + 4).max(20));
            for (at, line) in wrapped.iter().enumerate() {
                let what = if at == 0 { cut(&one_line(what), widest) } else { String::new() };
                lines.push(format!("  {}  {line}", pad(&what, widest)));
            }
        }
        lines
    }
}

/// When something was seen, beside what, and after which silence.
pub(in crate::output) fn facts(summary: &Summary, finding: &Finding<'_>, zone: Zone) -> Vec<String> {
    let times = finding.seen.first.zip(finding.seen.last).map(|(first, last)| clocks(first, last, summary.to, zone));
    let beside = finding.seen.beside.as_ref().map(|beside| {
        let mut failures = summary.http.by_status.iter().filter(|(status, n)| **status >= 500 && **n > 0);
        let status = if failures.all(|(status, _)| *status == 500) { "500s" } else { "5xx" };
        format!("beside {} of {} {} {status}", count(beside.failures), count(beside.of), one_line(&beside.route))
    });
    [times, beside, silences(summary, finding.silences)].into_iter().flatten().collect()
}

/// Silences that errors ended: how many, and their seconds in all.
fn silences(summary: &Summary, (silences, seconds): (u64, i64)) -> Option<String> {
    let run = summary.from.zip(summary.to).map(|(from, to)| format!(" of {}", to.second() - from.second()));
    let total = format!("({seconds}{} s)", run.unwrap_or_default());
    // Each is a little longer than its whole seconds.
    let each = (seconds as f64 / silences as f64).round();
    match silences {
        0 => None,
        1 => Some(format!("silent {each} s {total}; the silence ends in this line")),
        _ => Some(format!("silent {silences} × {each} s {total}; each silence ends in this line")),
    }
}

/// `> 95 %`; as the plan writes it where that is no plain number, and nothing where a person tells whether it is met.
pub(in crate::output) fn target(kpi: &KpiLine) -> String {
    let Some(target) = kpi.target else { return String::new() };
    if kpi.target_text.contains(['*', '(']) || kpi.target_text.contains("pp") {
        return kpi.target_text.clone();
    }
    format!("{} {}", target.op, value(target.value, kpi.unit.unwrap_or("count")))
}

pub(in crate::output) fn reached(kpi: &KpiLine) -> String {
    if kpi.target.is_none() {
        let Some(answer) = &kpi.answer else { return "nobody has answered".into() };
        let said = [answer.by.as_deref(), answer.note.as_deref()].into_iter().flatten().map(one_line);
        return said.collect::<Vec<_>>().join(": ");
    }
    match (kpi.share, kpi.value) {
        (Some((part, whole)), _) if part == 0 || part == whole => format!("{} of {}", count(part), count(whole)),
        (Some((part, whole)), _) => {
            format!("{} of {} ({})", count(part), count(whole), percent(part as f64 / whole as f64))
        }
        (None, Some(number)) => {
            let samples = if kpi.samples > 0 && kpi.unit != Some("count") {
                format!(" ({})", counted(kpi.samples, "sample"))
            } else {
                String::new()
            };
            format!("{}{samples}", value(number, kpi.unit.unwrap_or("count")))
        }
        (None, None) => "nothing to measure it by".into(),
    }
}

/// What became of every line, and what the counts leave out.
pub(super) fn input(summary: &Summary, style: Style) -> Vec<String> {
    let Counts { lines, classified, unclassified, merged, malformed, too_long, skipped, late, duplicate, .. } =
        summary.input;
    let always = [(classified, "classified"), (unclassified, "unclassified")];
    let rare = [
        (merged, "merged"),
        (malformed, "malformed"),
        (too_long, "too long"),
        (skipped, "skipped"),
        (late, "late"),
        (duplicate, "duplicate"),
    ];
    let parts = always.into_iter().chain(rare.into_iter().filter(|(n, _)| *n > 0));
    let parts: Vec<String> = parts.map(|(n, name)| format!("{} {name}", count(n))).collect();
    let title = style.paint(Ink::Bold, "INPUT");
    if lines == 0 {
        return vec![format!("{title}  0 lines")];
    }
    let mut accounted = format!("{} = {}", counted(lines, "line"), parts.join(" + "));
    let hint = " (see `logwatch patterns explain FILE`)";
    if unclassified > 0 && columns(&accounted) + hint.len() + 7 <= style.width {
        accounted += hint;
    }
    let facts = std::iter::once(accounted).chain(left_out(summary)).collect::<Vec<_>>();
    let facts = facts.iter().flat_map(|fact| wrap(fact, style.width.saturating_sub(7).max(20)));
    facts
        .enumerate()
        .map(|(at, line)| if at == 0 { format!("{title}  {line}") } else { format!("       {line}") })
        .collect()
}

/// What the counts leave out, and how requests were counted.
pub(in crate::output) fn left_out(summary: &Summary) -> Vec<String> {
    let Counts { platform_dropped, invalid_utf8, untimed, .. } = summary.input;
    let via = &summary.http.via;
    let mut facts = Vec::new();
    if platform_dropped > 0 {
        let messages = counted(platform_dropped, "message");
        facts.push(format!("at least {messages} were dropped by the platform: all counts are lower bounds"));
    }
    if invalid_utf8 > 0 {
        facts.push(format!("{} with invalid UTF-8, shown with \u{fffd} in its place", counted(invalid_utf8, "line")));
    }
    if untimed > 0 {
        facts.push(format!("{} without a time stand in no window", counted(untimed, "record")));
    }
    if via.edge_seconds > 0 && via.access_seconds > 0 {
        let [edge, access] = [via.edge_seconds, via.access_seconds].map(count);
        facts.push(format!("requests of {edge} s were counted in the HTTP log, of {access} s in access lines"));
    }
    if summary.overflowed > 0 {
        let overflowed = count(summary.overflowed);
        facts.push(format!("{overflowed} routes, groups or values were counted with others: there were too many"));
    }
    facts
}

/// `exit 4 (rollback)`.
pub(super) fn exit(verdict: Verdict, code: i32, interrupted: bool) -> String {
    let verdict = match verdict {
        Verdict::Healthy => "healthy",
        Verdict::Unknown => "unknown",
        Verdict::Investigate => "investigate",
        Verdict::Rollback => "rollback",
    };
    match code {
        0 if verdict != "healthy" => format!("exit 0 ({verdict}, let pass by --fail-on)"),
        0 | 3 | 4 | 5 => format!("exit {code} ({verdict})"),
        1 if interrupted => "exit 1 (the input was cut short)".into(),
        _ => format!("exit {code} (something failed)"),
    }
}
