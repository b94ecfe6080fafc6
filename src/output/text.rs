//! Text output, for people: events as they happen, then one screen that begins with the verdict.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};

use super::format::{
    Measured, clock, clocks, columns, count, counted, cut, cut_start, day, duration, one_line, pad, pad_start, percent,
    range, span, value, wrap,
};
use crate::classify::Severity as Gravity;
use crate::deployment::{Deployment, From};
use crate::lane::Counts;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::summary::{
    Beside, Http, KpiLine, KpiStatus, RouteLine, Summary, TriggerEvent, TriggerResult, TriggerState, Unknown,
};
use crate::time::Time;

/// Lines of a screen. The lists of a summary are shortened to fit into what the events before it left.
const SCREEN: usize = 40;
/// Error groups and routes listed, longest first; the last pair is listed whatever the screen holds.
const LISTED: [(usize, usize); 7] = [(6, 8), (6, 6), (5, 5), (4, 5), (3, 4), (3, 3), (2, 3)];
/// Error groups listed when they are not why.
const LISTED_ASIDE: usize = 3;
/// Reasons listed below a verdict.
const REASONS: usize = 6;
/// Events whose evidence is remembered, so that a line is not shown again and again.
const TOLD: usize = 8;
/// What stands below an event or a verdict is indented to where their words stand.
const INDENT: &str = "         ";
/// Columns that a location, and a name beside a message, may take.
const LOCATION: usize = 28;
const NAME: usize = 48;

/// How a terminal shows text.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub colour: bool,
    /// Columns.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style { colour: false, width: 100 }
    }
}

#[derive(Clone, Copy)]
enum Ink {
    Red,
    Yellow,
    Green,
    Bold,
    Dim,
}

impl Style {
    fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour || text.trim().is_empty() {
            return text.into();
        }
        // SGR of ECMA-48.
        let code = match ink {
            Ink::Red => "1;31",
            Ink::Yellow => "1;33",
            Ink::Green => "1;32",
            Ink::Bold => "1",
            Ink::Dim => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// A deployment that came into force.
struct Start {
    plan: String,
    deployment: Deployment,
    sources: Vec<String>,
}

/// Writes what people read.
pub struct Text<W> {
    out: W,
    style: Style,
    quiet: bool,
    /// Lines written so far.
    lines: usize,
    /// What judges from here on, until there is something to show.
    untold: Option<Start>,
    /// The last day that was shown.
    day: Option<i64>,
    /// What was shown as firing and not yet as resolved.
    firing: BTreeSet<(String, BTreeMap<String, String>)>,
    /// The evidence of the last events shown: of what fires together it is often the same line.
    told: VecDeque<Place>,
}

/// A line of the input: the label of its source, its number.
type Place = (String, u64);

impl<W: Write> Text<W> {
    /// `quiet` leaves nothing but the verdict.
    pub fn new(out: W, style: Style, quiet: bool) -> Self {
        Text { out, style, quiet, lines: 0, untold: None, day: None, firing: BTreeSet::new(), told: VecDeque::new() }
    }

    pub fn into_inner(self) -> W {
        self.out
    }

    /// A deployment is judged from here on. It is told with the first event under it, or in the header of the summary.
    pub fn start(&mut self, plan: &str, deployment: &Deployment, sources: &[String]) -> io::Result<()> {
        self.untold = Some(Start { plan: plan.into(), deployment: *deployment, sources: sources.into() });
        Ok(())
    }

    /// Writes a change of a trigger's state; `sources` is how many sources there are. What becomes pending, or is no
    /// longer, is told only when `verbose`.
    pub fn trigger(&mut self, event: &TriggerEvent, sources: usize, verbose: bool) -> io::Result<()> {
        let instance = || (event.id.clone(), event.group.clone());
        let shown = match event.state {
            State::Firing => {
                self.firing.insert(instance());
                true
            }
            // It may have been pending once more since it was resolved.
            State::Resolved => self.firing.remove(&instance()) || verbose,
            State::Pending | State::Ok => verbose,
        };
        if self.quiet || !shown {
            return Ok(());
        }
        self.tell_start()?;
        self.date(event.at)?;
        let place = event.evidence.first().map(|line| (line.file.clone(), line.line_no));
        let is_told = place.as_ref().is_some_and(|place| self.told.contains(place));
        for line in trigger_lines(event, sources > 1, is_told, self.style) {
            self.line(&line)?;
        }
        if event.state == State::Firing && !is_told {
            place.into_iter().for_each(|place| self.told.push_front(place));
            self.told.truncate(TOLD);
        }
        self.out.flush()
    }

    /// Writes the verdict and what it rests on; `exit_code` is what the program will end with.
    pub fn summary(&mut self, summary: &Summary, exit_code: i32) -> io::Result<()> {
        let style = self.style;
        if self.quiet {
            for line in verdict(summary, style) {
                self.line(&line)?;
            }
            return self.out.flush();
        }
        let mut head = Vec::new();
        if self.lines > 0 {
            self.tell_start()?;
            head.push(String::new());
            head.extend(verdict(summary, style));
            let runbook = runbook(summary).map(|runbook| format!("{runbook}   ")).unwrap_or_default();
            let extent = extent(summary).join(", ");
            if columns(&runbook) + columns(&extent) + INDENT.len() <= style.width && !runbook.is_empty() {
                head.pop();
                head.push(format!("{INDENT}{runbook}{}", style.paint(Ink::Dim, &extent)));
            } else {
                head.push(style.paint(Ink::Dim, &format!("{INDENT}{extent}")));
            }
        } else {
            let facts = [vec![format!("plan {}", one_line(&summary.plan))], extent(summary)].concat();
            head.push(header(&summary.sources, &facts.join("   "), style));
            if let Some(deployment) = &summary.deployment {
                let text = deployed(deployment, &summary.sources, true, summary.from);
                head.push(style.paint(Ink::Dim, &cut(&text, style.width)));
            }
            head.push(String::new());
            head.extend(verdict(summary, style));
        }
        let screen = Screen { summary, style, several: summary.sources.len() > 1 };
        let mut tail = screen.kpis();
        tail.extend(screen.not_known());
        tail.extend(input(summary, style));
        tail.push(exit(summary.verdict, exit_code, summary.interrupted.is_some()));
        // Many events are a page of their own; the summary then has the next one.
        let before = if self.lines > SCREEN / 2 { 0 } else { self.lines };
        let room = SCREEN.saturating_sub(before + head.len() + tail.len());
        let lists = LISTED.map(|(groups, routes)| [screen.groups(groups), screen.traffic(routes)].concat());
        let [.., shortest] = &lists;
        let list = lists.iter().find(|list| list.len() <= room).unwrap_or(shortest);
        if list.is_empty() {
            head.push(String::new());
        }
        for line in head.iter().chain(list).chain(&tail) {
            self.line(line)?;
        }
        self.out.flush()
    }

    /// Writes the header, or after it that a newer deployment is judged from here on.
    fn tell_start(&mut self) -> io::Result<()> {
        let Some(Start { plan, deployment, sources }) = self.untold.take() else { return Ok(()) };
        let first = self.lines == 0;
        if first {
            let date = date(deployment.at);
            let header = header(&sources, &format!("plan {}   {date} UTC", one_line(&plan)), self.style);
            self.line(&header)?;
            self.day = Some(day(deployment.at));
        } else {
            self.date(deployment.at)?;
        }
        let text = deployed(&deployment, &sources, first, None);
        self.line(&self.style.paint(Ink::Dim, &cut(&text, self.style.width)))?;
        if first { self.line("") } else { Ok(()) }
    }

    /// Writes the date when it is not that of the line before.
    fn date(&mut self, at: Time) -> io::Result<()> {
        if self.day.replace(day(at)).is_some_and(|before| before != day(at)) {
            self.line(&self.style.paint(Ink::Dim, &date(at)))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.lines += 1;
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }
}

/// `2026-11-23`.
fn date(time: Time) -> String {
    time.date_and_clock().split(' ').next().unwrap_or_default().into()
}

/// The sources, cut to what the facts beside them leave.
fn header(sources: &[String], facts: &str, style: Style) -> String {
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

fn extent(summary: &Summary) -> Vec<String> {
    let range = summary.from.zip(summary.to).map(|(from, to)| range(from, to));
    [counted(summary.input.lines, "line")].into_iter().chain(range).collect()
}

/// `first` is whether no other deployment was told of before; `today` the day that needs no date.
fn deployed(deployment: &Deployment, sources: &[String], first: bool, today: Option<Time>) -> String {
    let line = deployment.line.map(|(source, line)| match sources.get(source) {
        Some(label) if sources.len() > 1 || !first => format!(", {}:{line}", cut_start(&one_line(label), LOCATION)),
        _ => format!(", line {line}"),
    });
    let hint = if first && deployment.from != From::Given { "; change with --deployed-at" } else { "" };
    let line = line.unwrap_or_default();
    format!("deployed {} (from {}{line}{hint})", clock(deployment.at, today), deployment.from.as_str())
}

/// One line, and for what begins to fire a second one with the evidence; `is_told` when that was shown before.
fn trigger_lines(event: &TriggerEvent, several: bool, is_told: bool, style: Style) -> Vec<String> {
    let (word, ink) = match (event.state, event.severity) {
        (State::Firing, Severity::Rollback) => ("ROLLBACK", Ink::Red),
        (State::Firing, Severity::Investigate) => ("INVESTIGATE", Ink::Yellow),
        (State::Firing, Severity::Info) => ("INFO", Ink::Bold),
        (State::Pending, _) => ("pending", Ink::Dim),
        (State::Resolved, _) => ("resolved", Ink::Green),
        (State::Ok, _) => ("ok", Ink::Dim),
    };
    let start = format!("{} {}", event.at.clock(), style.paint(ink, &pad(word, 12)));
    let room = style.width.saturating_sub(21);
    let id = one_line(&event.id);
    let group: Vec<String> = event.group.values().map(|value| cut(&one_line(value), 60)).collect();
    let group = if group.is_empty() { String::new() } else { format!("{{{}}}", group.join(" ")) };
    if matches!(event.state, State::Resolved | State::Ok) {
        return vec![format!("{start}{}", cut(&format!("{id}{group}"), room))];
    }
    let evidence = event.evidence.first();
    let place = evidence.map_or(String::new(), |line| location(Some(&line.file), Some(line.line_no), several));
    let Detail { text: detail, is_measured, about } = detail(event);
    // Words can be cut, numbers cannot.
    let least = if is_measured { columns(&detail) } else { columns(&detail).min(30) };
    // What has no room beside the numbers stands on the second line.
    let is_wide = |name: &str| 20.max(columns(name) + 3) + least > room;
    let (name, group) = if is_wide(&format!("{id}{group}")) { (id, group) } else { (id + &group, String::new()) };
    let name = if is_wide(&name) { cut(&name, 24) } else { name };
    let name = pad(&name, 20.max(columns(&name) + 3));
    let room = room.saturating_sub(columns(&name));
    let fits = least + columns(&place) + 2 <= room;
    let mut text = cut(&detail, if fits { room - columns(&place) - 2 } else { room });
    let left = room.saturating_sub(columns(&text) + if fits { columns(&place) + 2 } else { 0 });
    let about = format!("   {about}");
    if about.len() > 3 && columns(&about) <= left {
        text += &about;
    }
    let (beside, below) = if fits { (place, String::new()) } else { (String::new(), place) };
    let mut lines =
        vec![with_place(format!("{start}{name}{text}"), 21 + columns(&name) + columns(&text), &beside, style)];
    let evidence = evidence.filter(|_| event.state == State::Firing && !is_told);
    if evidence.is_some() || !group.is_empty() || !below.is_empty() {
        // The bar keeps a CI from taking the line of a log for a command to itself.
        let line = evidence.map_or(String::new(), |line| format!("| {}", one_line(&line.line)));
        let gap = if group.is_empty() || line.is_empty() { "" } else { "  " };
        let most = style.width.saturating_sub(if below.is_empty() { 0 } else { columns(&below) + 2 });
        let text = cut(&format!("{INDENT}{group}{gap}{line}"), most);
        lines.push(with_place(style.paint(Ink::Dim, &text), columns(&text), &below, style));
    }
    lines
}

/// What is told of an event.
struct Detail {
    text: String,
    /// Whether the text is a measured value, not words.
    is_measured: bool,
    /// What the trigger is about, where the text does not say it.
    about: String,
}

fn detail(event: &TriggerEvent) -> Detail {
    let measured = Measured {
        value: event.value,
        bound: event.bound,
        threshold: event.threshold,
        share: event.share,
        samples: event.samples,
        unit: event.unit,
    };
    let about = event.about.as_deref().map(one_line).unwrap_or_default();
    let hold = if event.hold > 0 { format!(" for {}", span(event.hold)) } else { String::new() };
    // That there is more than nothing of something says less than what it is.
    let is_any = event.unit == "count" && event.threshold == Some(0.0) && event.share.is_none();
    if let Some(told) = measured.tell(&event.expr).filter(|_| !is_any || about.is_empty()) {
        return Detail { text: told + &hold, is_measured: true, about };
    }
    // Expressions may be written over several lines.
    let expr = || one_line(&event.expr.split_whitespace().collect::<Vec<_>>().join(" "));
    let words = if about.is_empty() { expr() } else { about };
    Detail { text: words + &hold, is_measured: false, about: String::new() }
}

/// A text of so many columns with a location at the right edge.
fn with_place(text: String, taken: usize, place: &str, style: Style) -> String {
    if place.is_empty() {
        return text;
    }
    let gap = style.width.saturating_sub(taken + columns(place));
    format!("{text}{}{}", " ".repeat(gap), style.paint(Ink::Dim, place))
}

/// `:71`, or `file:71` where there are several.
fn location(file: Option<&str>, line_no: Option<u64>, several: bool) -> String {
    let line = line_no.map_or(String::new(), |line| format!(":{line}"));
    let file = file.filter(|_| several).map_or(String::new(), one_line);
    cut_start(&format!("{file}{line}"), LOCATION)
}

/// The verdict, and below it the reasons that no event has told, what cut the input short, and what to do.
fn verdict(summary: &Summary, style: Style) -> Vec<String> {
    let (word, ink) = match summary.verdict {
        Verdict::Rollback => ("ROLLBACK", Ink::Red),
        Verdict::Investigate => ("INVESTIGATE", Ink::Yellow),
        Verdict::Healthy if summary.complete => ("HEALTHY", Ink::Green),
        Verdict::Healthy => ("HEALTHY so far", Ink::Green),
        Verdict::Unknown => ("UNKNOWN", Ink::Yellow),
    };
    let fired: Vec<&TriggerResult> = deciding(summary).collect();
    let seen = summary.deployed_at.zip(summary.to).map(|(from, to)| to.second() - from.second());
    let because = match fired.iter().filter_map(|trigger| trigger.first).min() {
        Some(since) => {
            let firing = fired.iter().filter(|trigger| trigger.state == TriggerState::Firing).count() as u64;
            let after = summary.deployed_at.map(|deployed| format!(" (+{})", span(since.second() - deployed.second())));
            let state = match firing {
                0 => format!("{} fired, none at the end of the log", counted(fired.len() as u64, "trigger")),
                _ => format!("{} still firing at the end of the log", counted(firing, "trigger")),
            };
            format!("   since {}{}, {state}", clock(since, summary.to), after.unwrap_or_default())
        }
        None if summary.complete => format!("   over the {} of the plan", span(summary.duration)),
        None => match seen {
            Some(seen) if summary.verdict == Verdict::Healthy => {
                format!(" ({} of {})", span(seen), span(summary.duration))
            }
            Some(seen) => format!("   {} of {} seen", span(seen), span(summary.duration)),
            None => String::new(),
        },
    };
    let mut lines = vec![format!("{}  {}{because}", style.paint(Ink::Bold, "VERDICT"), style.paint(ink, word))];
    let room = style.width.saturating_sub(INDENT.len());
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
    lines.extend(runbook(summary).map(|runbook| format!("{INDENT}{}", cut(&runbook, room))));
    lines
}

/// The runbooks of what led to a verdict.
fn runbook(summary: &Summary) -> Option<String> {
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

/// An exception or an error, as the list of both shows it.
pub(super) struct Finding<'a> {
    pub count: u64,
    pub message: String,
    /// The function of an exception, the logger of an error.
    pub name: String,
    pub file: Option<&'a str>,
    pub line_no: Option<u64>,
    pub gravity: Gravity,
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub beside: Option<&'a Beside>,
    /// Silences it ended, and their seconds in all.
    pub silences: (u64, i64),
}

/// Exceptions and errors: those beside most failed requests first, then the gravest, then the most frequent.
pub(super) fn findings(summary: &Summary) -> Vec<Finding<'_>> {
    let exceptions = summary.exceptions.iter().map(|group| Finding {
        count: group.count,
        message: match (group.kind.is_empty(), group.message.is_empty()) {
            (false, false) => one_line(&format!("{}: {}", group.kind, group.message)),
            _ => one_line(&format!("{}{}", group.kind, group.message)),
        },
        name: cut_start(&one_line(group.place.as_deref().unwrap_or_default()), NAME),
        file: group.file.as_deref(),
        line_no: group.line_no,
        gravity: Gravity::Error,
        first: group.first,
        last: group.last,
        beside: group.beside.as_ref(),
        silences: (0, 0),
    });
    let errors = summary.errors.iter().map(|group| Finding {
        count: group.count,
        message: one_line(&said(&group.example)),
        name: cut_start(&one_line(group.logger.as_deref().unwrap_or_default()), NAME),
        file: group.file.as_deref(),
        line_no: group.line_no,
        gravity: group.severity,
        first: group.first,
        last: group.last,
        beside: group.beside.as_ref(),
        silences: group.silences,
    });
    let mut all: Vec<Finding<'_>> = exceptions.chain(errors).collect();
    let failures = |finding: &Finding<'_>| finding.beside.map_or(0, |beside| beside.failures);
    all.sort_by_key(|finding| (std::cmp::Reverse((failures(finding), finding.gravity, finding.count)), finding.first));
    all
}

/// A line without the JSON around its message: `Server error: {"id": "7f", "message": "no such bot"}` says
/// `Server error: no such bot`.
fn said(line: &str) -> Cow<'_, str> {
    let message = line.find('{').and_then(|at| {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line[at..]).ok()?;
        let message = ["message", "msg", "error", "detail"].iter().find_map(|name| object.get(*name)?.as_str())?;
        (!message.is_empty()).then(|| format!("{}{message}", &line[..at]))
    });
    message.map_or(Cow::Borrowed(line), Cow::Owned)
}

/// What the sections of a summary are drawn from.
struct Screen<'a> {
    summary: &'a Summary,
    style: Style,
    /// Whether a location has to name its file.
    several: bool,
}

impl Screen<'_> {
    fn groups(&self, most: usize) -> Vec<String> {
        let findings = findings(self.summary);
        // What did not decide the verdict is no reason for it.
        let (title, most) = match self.summary.verdict {
            Verdict::Rollback | Verdict::Investigate => ("WHY", most),
            Verdict::Unknown => ("WORTH A LOOK", most),
            Verdict::Healthy => ("WORTH A LOOK", most.min(LISTED_ASIDE)),
        };
        if findings.is_empty() {
            return Vec::new();
        }
        let listed = &findings[..findings.len().min(most)];
        let mut title = self.style.paint(Ink::Bold, title);
        if findings.len() > listed.len() {
            title += &format!("  {} of {} groups", listed.len(), count(findings.len() as u64));
        }
        let mut lines = vec![String::new(), title];
        let counts = listed.iter().map(|finding| columns(&count(finding.count)) + 1).max().unwrap_or(0);
        let place = |finding: &Finding<'_>| location(finding.file, finding.line_no, self.several);
        // The name stands beside the message where both have room, else below.
        let room = |finding: &Finding<'_>| self.style.width.saturating_sub(counts + columns(&place(finding)) + 6);
        let fits = |finding: &Finding<'_>| columns(&finding.message) + columns(&finding.name) + 3 <= room(finding);
        let messages = listed.iter().filter(|finding| fits(finding)).map(|finding| columns(&finding.message));
        let names = listed.iter().filter(|finding| fits(finding)).map(|finding| columns(&finding.name) + 3);
        let least = listed.iter().map(room).min().unwrap_or(0).saturating_sub(names.max().unwrap_or(0));
        let column = messages.max().unwrap_or(0).min(least);
        for finding in listed {
            let (text, below) = if fits(finding) {
                (format!("{}   {}", pad(&finding.message, column), finding.name), "")
            } else {
                (cut(&finding.message, room(finding)), finding.name.as_str())
            };
            let start = format!("  {}  {}", pad_start(&format!("{}×", count(finding.count)), counts), text.trim_end());
            lines.push(with_place(start.clone(), columns(&start), &place(finding), self.style));
            lines.extend(self.around(finding, below).iter().map(|text| self.style.paint(Ink::Dim, text)));
        }
        lines
    }

    /// The name of what said it, when it was seen, beside what, and after which silence.
    fn around(&self, finding: &Finding<'_>, name: &str) -> Vec<String> {
        let today = self.summary.to;
        let name = (!name.is_empty()).then(|| name.to_string());
        let times = finding.first.zip(finding.last).map(|(first, last)| clocks(first, last, today));
        let beside = finding.beside.map(|beside| {
            let mut failures = self.summary.http.by_status.iter().filter(|(status, n)| **status >= 500 && **n > 0);
            let status = if failures.all(|(status, _)| *status == 500) { "500s" } else { "5xx" };
            format!("beside {} of {} {} {status}", count(beside.failures), count(beside.of), one_line(&beside.route))
        });
        let facts = [name, times, beside, self.silences(finding.silences)].into_iter().flatten();
        let mut lines: Vec<String> = Vec::new();
        for fact in facts {
            match lines.last_mut() {
                Some(line) if columns(line) + columns(&fact) + 2 <= self.style.width => *line += &format!(", {fact}"),
                _ => lines.push(cut(&format!("      {fact}"), self.style.width)),
            }
        }
        lines
    }

    /// Silences that errors ended: how many, and their seconds in all.
    fn silences(&self, (silences, seconds): (u64, i64)) -> Option<String> {
        let run =
            self.summary.from.zip(self.summary.to).map(|(from, to)| format!(" of {}", to.second() - from.second()));
        let total = format!("({seconds}{} s)", run.unwrap_or_default());
        // Each is a little longer than its whole seconds.
        let each = (seconds as f64 / silences as f64).round();
        match silences {
            0 => None,
            1 => Some(format!("silent {each} s {total}; the silence ends in this line")),
            _ => Some(format!("silent {silences} × {each} s {total}; each silence ends in this line")),
        }
    }

    fn traffic(&self, most: usize) -> Vec<String> {
        let Http { requests, by_status, by_route, .. } = &self.summary.http;
        if *requests == 0 {
            return Vec::new();
        }
        let failed: u64 = by_status.range(500..).map(|(_, n)| n).sum();
        let share =
            if failed > 0 { format!(" ({})", percent(failed as f64 / *requests as f64)) } else { String::new() };
        let title = format!("TRAFFIC  {}, {} 5xx{share}", counted(*requests, "request"), count(failed));
        let mut rows = vec![[title, "n".into(), "2xx".into(), "4xx".into(), "5xx".into(), "p95".into()]];
        // One route more takes no more room than the line that says it is left out.
        let listed = if by_route.len() == most + 1 { most + 1 } else { by_route.len().min(most) };
        for route in &by_route[..listed] {
            let name = format!("  {}", one_line(&format!("{} {}", route.method, route.route)));
            let p95 = route.p95_ms.map_or("–".into(), |milliseconds| duration(milliseconds / 1e3));
            let families = [route.count, route.success, route.client_error, route.server_error].map(count);
            let [n, success, client_error, server_error] = families;
            rows.push([name, n, success, client_error, server_error, p95]);
        }
        if let rest @ [_, ..] = &by_route[listed..] {
            let sum = |of: fn(&RouteLine) -> u64| count(rest.iter().map(of).sum());
            let name = format!("  … {}", counted(rest.len() as u64, "more route"));
            let families =
                [sum(|route| route.success), sum(|route| route.client_error), sum(|route| route.server_error)];
            let [success, client_error, server_error] = families;
            rows.push([name, sum(|route| route.count), success, client_error, server_error, String::new()]);
        }
        let widths: [usize; 6] = std::array::from_fn(|column| {
            let widest = rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0);
            if column == 0 { widest.max(44) } else { widest + 2 }
        });
        let numbers: usize = widths[1..].iter().sum();
        let names = widths[0].min(self.style.width.saturating_sub(numbers));
        let mut lines = vec![String::new()];
        for (at, row) in rows.iter().enumerate() {
            let mut line = pad(&cut(&row[0], names), names);
            for (column, cell) in row.iter().enumerate().skip(1) {
                let cell = pad_start(cell, widths[column]);
                let failed = at > 0 && column == 4 && cell.trim() != "0";
                line += &if failed { self.style.paint(Ink::Red, &cell) } else { cell };
            }
            lines.push(if at == 0 { self.style.paint(Ink::Bold, &line) } else { line.trim_end().into() });
        }
        lines
    }

    fn kpis(&self) -> Vec<String> {
        let kpis = &self.summary.kpis;
        if kpis.is_empty() {
            return Vec::new();
        }
        let names: Vec<String> = kpis.iter().map(|kpi| one_line(&format!("{} {}", kpi.title, target(kpi)))).collect();
        let widest = names.iter().map(|name| columns(name)).max().unwrap_or(0).clamp(38, 60);
        let mut lines = vec![self.style.paint(Ink::Bold, "KPIS")];
        for (kpi, name) in kpis.iter().zip(&names) {
            let (word, ink) = match kpi.status {
                KpiStatus::Met => ("met", Ink::Green),
                KpiStatus::Missed => ("MISSED", Ink::Red),
                KpiStatus::Unknown => ("unknown", Ink::Dim),
            };
            let name = pad(&cut(name, widest), widest);
            let room = self.style.width.saturating_sub(widest + 13);
            lines.push(format!("  {name}  {}  {}", self.style.paint(ink, &pad(word, 7)), cut(&reached(kpi), room)));
        }
        lines
    }

    fn not_known(&self) -> Vec<String> {
        let unknown = &self.summary.unknown;
        if unknown.is_empty() {
            return Vec::new();
        }
        let widest = unknown.iter().map(|unknown| columns(&unknown.what)).max().unwrap_or(0).min(28);
        let mut lines = vec![self.style.paint(Ink::Bold, "NOT KNOWN")];
        for Unknown { what, because, remedy } in unknown {
            let remedy = if remedy.is_empty() { String::new() } else { format!(": {remedy}") };
            let told =
                wrap(&one_line(&format!("{because}{remedy}")), self.style.width.saturating_sub(widest + 4).max(20));
            for (at, line) in told.iter().enumerate() {
                let what = if at == 0 { cut(&one_line(what), widest) } else { String::new() };
                lines.push(format!("  {}  {line}", pad(&what, widest)));
            }
        }
        lines
    }
}

/// `> 95 %`; as the plan writes it where that is no plain number.
pub(super) fn target(kpi: &KpiLine) -> String {
    if kpi.target_text.contains(['*', '(']) || kpi.target_text.contains("pp") {
        return kpi.target_text.clone();
    }
    format!("{} {}", kpi.target.op, value(kpi.target.value, kpi.unit))
}

fn reached(kpi: &KpiLine) -> String {
    match (kpi.share, kpi.value) {
        (Some((part, whole)), _) if part == 0 || part == whole => format!("{} of {}", count(part), count(whole)),
        (Some((part, whole)), _) => {
            format!("{} of {} ({})", count(part), count(whole), percent(part as f64 / whole as f64))
        }
        (None, Some(number)) => {
            let samples =
                if kpi.samples > 0 { format!(" ({})", counted(kpi.samples, "sample")) } else { String::new() };
            format!("{}{samples}", value(number, kpi.unit))
        }
        (None, None) => "nothing to measure it by".into(),
    }
}

/// What became of every line, and what the counts leave out.
fn input(summary: &Summary, style: Style) -> Vec<String> {
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
    let mut told = format!("{} = {}", counted(lines, "line"), parts.join(" + "));
    let hint = " (see `logwatch patterns explain FILE`)";
    if unclassified > 0 && columns(&told) + hint.len() + 7 <= style.width {
        told += hint;
    }
    let Counts { platform_dropped, invalid_utf8, untimed, .. } = summary.input;
    let via = &summary.http.via;
    let mut facts = vec![told];
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
    let facts = facts.iter().flat_map(|fact| wrap(fact, style.width.saturating_sub(7).max(20)));
    facts
        .enumerate()
        .map(|(at, line)| if at == 0 { format!("{title}  {line}") } else { format!("       {line}") })
        .collect()
}

/// `exit 4 (rollback)`.
fn exit(verdict: Verdict, code: i32, interrupted: bool) -> String {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::Cause;
    use crate::summary::{ErrorGroup, EvidenceLine, ExceptionGroup, KpiLine, Target, ViaSeconds};

    fn at(clock: &str) -> Time {
        crate::time::parse(format!("2026-11-23T{clock}Z").as_bytes()).unwrap()
    }

    fn deployment(line: Option<(usize, u64)>) -> Deployment {
        Deployment { at: at("06:06:20"), from: From::ProcessStarted, line }
    }

    fn nothing() -> Summary {
        Summary {
            verdict: Verdict::Unknown,
            complete: false,
            reasons: vec!["no record has a time: use `railway logs --json`, which prints them".into()],
            plan: "default".into(),
            from: None,
            to: None,
            deployed_at: None,
            deployed_at_from: None,
            deployment: None,
            input: Counts::default(),
            interrupted: None,
            classes: BTreeMap::new(),
            http: Http {
                requests: 0,
                via: ViaSeconds { edge_seconds: 0, access_seconds: 0 },
                by_status: BTreeMap::new(),
                by_route: Vec::new(),
            },
            exceptions: Vec::new(),
            errors: Vec::new(),
            silences: Vec::new(),
            triggers: Vec::new(),
            kpis: Vec::new(),
            unknown: Vec::new(),
            overflowed: 0,
            sources: vec!["empty.jsonl".into()],
            duration: 4 * 3_600,
        }
    }

    fn error(example: &str, logger: &str, count: u64, line_no: u64) -> ErrorGroup {
        ErrorGroup {
            class: "app.error".into(),
            severity: Gravity::Error,
            logger: Some(logger.into()),
            shape: String::new(),
            example: example.into(),
            count,
            first: Some(at("06:06:32")),
            last: Some(at("06:07:33")),
            file: Some("before-fix.jsonl".into()),
            line_no: Some(line_no),
            route: None,
            beside: None,
            silences: (0, 0),
        }
    }

    fn route(method: &str, route: &str, [count, success, client_error, server_error]: [u64; 4]) -> RouteLine {
        RouteLine {
            method: method.into(),
            route: route.into(),
            count,
            success,
            redirect: 0,
            client_error,
            server_error,
            p50_ms: None,
            p95_ms: None,
            p99_ms: None,
        }
    }

    fn trigger(id: &str, severity: Severity, state: TriggerState, first: &str) -> TriggerResult {
        TriggerResult {
            id: id.into(),
            severity,
            state,
            fired: 1,
            group: BTreeMap::new(),
            value: Some(4.0 / 22.0),
            bound: Some(0.084),
            threshold: Some(0.05),
            samples: 22,
            unit: "ratio",
            first: Some(at(first)),
            last: Some(at("06:08:33")),
            known: 1.0,
            runbook: Some("ROLLBACK_PLAN.md".into()),
        }
    }

    fn kpi(title: &str, share: Option<(u64, u64)>, value: Option<f64>, status: KpiStatus) -> KpiLine {
        KpiLine {
            id: String::new(),
            title: title.into(),
            value,
            samples: share.map_or(0, |(_, whole)| whole),
            unit: "ratio",
            target: Target { op: ">", value: 0.95 },
            status,
            share,
            target_text: "> 95%".into(),
        }
    }

    fn unknown(what: &str, because: &str, remedy: &str) -> Unknown {
        Unknown { what: what.into(), because: because.into(), remedy: remedy.into() }
    }

    /// A deployment that has to be rolled back.
    pub(in crate::output) fn broken() -> Summary {
        let session = Beside { route: "POST /api/user/exchanges".into(), failures: 6, of: 6 };
        let mut slow = route("POST", "/api/create-bot", [8, 0, 0, 8]);
        slow.p95_ms = Some(30_000.0);
        Summary {
            verdict: Verdict::Rollback,
            reasons: vec!["rollback trigger exchange-500-rate fired".into()],
            plan: "dl-034".into(),
            from: Some(at("06:06:19")),
            to: Some(at("06:08:33")),
            deployed_at: Some(at("06:06:20")),
            deployment: Some(deployment(Some((0, 21)))),
            input: Counts { lines: 191, classified: 150, unclassified: 31, merged: 10, ..Counts::default() },
            http: Http {
                requests: 78,
                by_status: BTreeMap::from([(200, 40), (401, 22), (500, 16)]),
                by_route: vec![
                    slow,
                    route("POST", "/api/user/exchanges", [13, 0, 7, 6]),
                    route("GET", "/api/bots", [57, 40, 15, 2]),
                ],
                ..nothing().http
            },
            errors: vec![
                ErrorGroup {
                    silences: (4, 120),
                    ..error(
                        "QueuePool limit of size 5 overflow 10 reached, timeout 30 s",
                        "services.auth_service",
                        4,
                        152,
                    )
                },
                ErrorGroup {
                    beside: Some(session),
                    ..error("name 'session' is not defined", "utils.security_middleware", 6, 71)
                },
            ],
            exceptions: vec![ExceptionGroup {
                kind: "AttributeError".into(),
                message: "'Analysis' object has no attribute 'manipulation_risk'".into(),
                place: Some("services/selector.py:688 in validate".into()),
                count: 3,
                first: Some(at("06:06:40")),
                last: Some(at("06:06:40")),
                file: Some("before-fix.jsonl".into()),
                line_no: Some(90),
                route: None,
                beside: None,
            }],
            triggers: vec![
                trigger("exchange-500-rate", Severity::Rollback, TriggerState::Firing, "06:07:03"),
                trigger("db-pool-saturated", Severity::Rollback, TriggerState::Firing, "06:07:04"),
                trigger("route-error-rate", Severity::Investigate, TriggerState::Resolved, "06:07:00"),
            ],
            kpis: vec![
                kpi("exchange creation success", Some((0, 6)), Some(0.0), KpiStatus::Missed),
                kpi("bot creation success", Some((29, 30)), Some(29.0 / 30.0), KpiStatus::Met),
                kpi("logins", None, None, KpiStatus::Unknown),
            ],
            unknown: vec![
                unknown(
                    "latency",
                    "access lines carry no duration",
                    "add `railway logs --http --json` as another file",
                ),
                unknown("memory, CPU", "not in a log", ""),
            ],
            sources: vec!["before-fix.jsonl".into()],
            ..nothing()
        }
    }

    fn event(id: &str, severity: Severity, state: State, clock: &str) -> TriggerEvent {
        TriggerEvent {
            id: id.into(),
            group: BTreeMap::new(),
            severity,
            state,
            at: at(clock),
            cause: Cause::Data,
            value: Some(4.0 / 22.0),
            bound: Some(0.084),
            threshold: Some(0.05),
            samples: 22,
            unit: "ratio",
            expr: "exchange_error_rate\n  > 5%".into(),
            evidence: vec![EvidenceLine {
                at: at(clock),
                file: "before-fix.jsonl".into(),
                line_no: 72,
                line: "INFO: \"POST /api/user/exchanges HTTP/1.1\" 500".into(),
            }],
            share: Some((4, 22)),
            hold: 30,
            about: None,
            runbook: None,
        }
    }

    fn written(style: Style, quiet: bool, write: impl FnOnce(&mut Text<Vec<u8>>) -> io::Result<()>) -> String {
        let mut text = Text::new(Vec::new(), style, quiet);
        write(&mut text).unwrap();
        String::from_utf8(text.into_inner()).unwrap()
    }

    fn shown(summary: &Summary, exit_code: i32) -> String {
        written(Style::default(), false, |text| text.summary(summary, exit_code))
    }

    fn replay(text: &mut Text<Vec<u8>>) -> io::Result<()> {
        let summary = broken();
        text.start("dl-034", &deployment(Some((0, 21))), &summary.sources)?;
        text.trigger(&event("exchange-500-rate", Severity::Rollback, State::Pending, "06:06:33"), 1, false)?;
        text.trigger(&event("exchange-500-rate", Severity::Rollback, State::Firing, "06:07:03"), 1, false)?;
        let mut pool = event("db-pool-saturated", Severity::Rollback, State::Firing, "06:07:04");
        pool = TriggerEvent { value: None, about: Some("QueuePool exhausted".into()), hold: 0, ..pool };
        pool.evidence[0] = EvidenceLine { line_no: 152, line: "QueuePool limit".into(), ..pool.evidence[0].clone() };
        text.trigger(&pool, 1, false)?;
        text.trigger(&event("route-error-rate", Severity::Investigate, State::Firing, "06:07:05"), 1, false)?;
        text.trigger(&event("route-error-rate", Severity::Investigate, State::Resolved, "06:08:10"), 1, false)?;
        text.summary(&summary, 4)
    }

    #[test]
    fn a_replay_is_one_screen_that_says_why() {
        let expected = r#"before-fix.jsonl   plan dl-034   2026-11-23 UTC
deployed 06:06:20 (from "Started server process", line 21; change with --deployed-at)

06:07:03 ROLLBACK    exchange-500-rate   18 % (4 of 22, at least 8.4 %) > 5 % for 30 s           :72
         | INFO: "POST /api/user/exchanges HTTP/1.1" 500
06:07:04 ROLLBACK    db-pool-saturated   QueuePool exhausted                                    :152
         | QueuePool limit
06:07:05 INVESTIGATE route-error-rate    18 % (4 of 22, at least 8.4 %) > 5 % for 30 s           :72
06:08:10 resolved    route-error-rate

VERDICT  ROLLBACK   since 06:07:03 (+43 s), 2 triggers still firing at the end of the log
         runbook ROLLBACK_PLAN.md   191 lines, 2026-11-23 06:06:19 – 06:08:33 UTC

WHY
  6×  name 'session' is not defined                                 utils.security_middleware    :71
      06:06:32 – 06:07:33, beside 6 of 6 POST /api/user/exchanges 500s
  4×  QueuePool limit of size 5 overflow 10 reached, timeout 30 s   services.auth_service       :152
      06:06:32 – 06:07:33, silent 4 × 30 s (120 of 134 s); each silence ends in this line
  3×  AttributeError: 'Analysis' object has no attribute 'manipulation_risk'                     :90
      services/selector.py:688 in validate, 06:06:40

TRAFFIC  78 requests, 16 5xx (21 %)            n  2xx  4xx  5xx   p95
  POST /api/create-bot                         8    0    0    8  30 s
  POST /api/user/exchanges                    13    0    7    6     –
  GET /api/bots                               57   40   15    2     –
KPIS
  exchange creation success > 95 %        MISSED   0 of 6
  bot creation success > 95 %             met      29 of 30 (96.7 %)
  logins > 95 %                           unknown  nothing to measure it by
NOT KNOWN
  latency      access lines carry no duration: add `railway logs --http --json` as another file
  memory, CPU  not in a log
INPUT  191 lines = 150 classified + 31 unclassified + 10 merged
exit 4 (rollback)
"#;
        let text = written(Style::default(), false, replay);
        assert_eq!(text, expected);
        assert!(text.lines().count() <= SCREEN);
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let coloured = written(Style { colour: true, width: 100 }, false, replay);
        for word in ["\x1b[1;31mROLLBACK\x1b[0m", "\x1b[1mVERDICT\x1b[0m", "\x1b[1;33mINVESTIGATE ", "\x1b[1;31mMISSED"]
        {
            assert!(coloured.contains(word), "{word:?} in {coloured}");
        }
        let codes = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
        assert_eq!(codes.replace_all(&coloured, ""), written(Style::default(), false, replay));
    }

    #[test]
    fn quiet_leaves_the_verdict() {
        let text = written(Style::default(), true, replay);
        assert_eq!(
            text,
            "VERDICT  ROLLBACK   since 06:07:03 (+43 s), 2 triggers still firing at the end of the log\n         runbook ROLLBACK_PLAN.md\n"
        );
    }

    #[test]
    fn an_empty_input_is_told_of_in_a_few_lines() {
        let expected = "empty.jsonl   plan default   0 lines

VERDICT  UNKNOWN
         no record has a time: use `railway logs --json`, which prints them

INPUT  0 lines
exit 5 (unknown)
";
        assert_eq!(shown(&nothing(), 5), expected);
    }

    #[test]
    fn a_healthy_run_says_how_much_was_seen_and_what_is_worth_a_look() {
        let errors = (1..=5).map(|n| error(&format!("error {n}"), "app", n, n)).collect();
        let mut summary = Summary { verdict: Verdict::Healthy, errors, ..broken() };
        summary.to = Some(at("08:19:30"));
        let text = shown(&summary, 0);
        assert!(text.starts_with(
            "before-fix.jsonl   plan dl-034   191 lines   2026-11-23 06:06:19 – 08:19:30 UTC\ndeployed 06:06:20 ("
        ));
        assert!(
            text.contains("VERDICT  HEALTHY so far (2h13m of 4h)\n\nWORTH A LOOK  3 of 6 groups\n  5×  error 5"),
            "{text}"
        );
        assert!(text.ends_with("exit 0 (healthy)\n"));
        summary.complete = true;
        assert!(shown(&summary, 0).contains("VERDICT  HEALTHY   over the 4h of the plan\n"));
    }

    #[test]
    fn what_cut_the_input_short_and_all_that_was_not_used_is_told() {
        let mut summary = Summary { interrupted: Some("stopped by a signal".into()), ..nothing() };
        summary.input = Counts {
            lines: 12_345,
            classified: 12_000,
            malformed: 300,
            too_long: 5,
            skipped: 20,
            late: 13,
            duplicate: 7,
            platform_dropped: 500,
            invalid_utf8: 1,
            untimed: 2,
            ..Counts::default()
        };
        summary.http.via = ViaSeconds { edge_seconds: 60, access_seconds: 3 };
        let expected = "         the input was cut short: stopped by a signal
         no record has a time: use `railway logs --json`, which prints them

INPUT  12,345 lines = 12,000 classified + 0 unclassified + 300 malformed + 5 too long + 20 skipped +
       13 late + 7 duplicate
       at least 500 messages were dropped by the platform: all counts are lower bounds
       1 line with invalid UTF-8, shown with \u{fffd} in its place
       2 records without a time stand in no window
       requests of 60 s were counted in the HTTP log, of 3 s in access lines
exit 1 (the input was cut short)
";
        let text = shown(&summary, 1);
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn every_exit_status_is_named() {
        let named = [(Verdict::Rollback, 0), (Verdict::Investigate, 3), (Verdict::Healthy, 1)]
            .map(|(verdict, code)| exit(verdict, code, false));
        assert_eq!(
            named,
            ["exit 0 (rollback, let pass by --fail-on)", "exit 3 (investigate)", "exit 1 (something failed)"]
        );
    }

    #[test]
    fn a_newer_deployment_and_a_new_day_are_separated() {
        let sources = ["before.jsonl".to_string(), "after.jsonl".to_string()];
        let text = written(Style::default(), false, |text| {
            text.start("default", &deployment(Some((0, 21))), &sources)?;
            let mut firing = event("exchange-500-rate", Severity::Rollback, State::Firing, "06:07:03");
            firing.group =
                BTreeMap::from([("method".into(), "POST".into()), ("route".into(), "/api/user/exchanges".into())]);
            text.trigger(&firing, 2, false)?;
            let after = Deployment { at: at("14:20:48"), line: Some((1, 1203)), ..deployment(None) };
            text.start("default", &after, &sources)?;
            let mut resolved = TriggerEvent { state: State::Resolved, ..firing };
            resolved.at = resolved.at.saturating_add(86_400_000_000_000);
            text.trigger(&resolved, 2, false)?;
            text.trigger(&resolved, 2, false)
        });
        let expected = r#"2 sources: before.jsonl, after.jsonl   plan default   2026-11-23 UTC
deployed 06:06:20 (from "Started server process", before.jsonl:21; change with --deployed-at)

06:07:03 ROLLBACK    exchange-500-rate   18 % (4 of 22, at least 8.4 %) > 5 % for 30 s
         {POST /api/user/exchanges}  | INFO: "POST /api/user/exchanges HTTP/1.…  before-fix.jsonl:72
deployed 14:20:48 (from "Started server process", after.jsonl:1203)
2026-11-24
06:07:03 resolved    exchange-500-rate{POST /api/user/exchanges}
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn an_event_without_a_value_shows_its_expression() {
        let silent = TriggerEvent { value: None, ..event("silence", Severity::Info, State::Firing, "06:07:03") };
        let line = &trigger_lines(&silent, false, false, Style::default())[0];
        assert_eq!(
            line,
            &format!("06:07:03 INFO        silence             exchange_error_rate > 5% for 30 s{:>26}", ":72")
        );
    }

    #[test]
    fn long_lists_are_shortened_and_their_rest_is_summed() {
        let mut summary = broken();
        summary.errors = (0..40).map(|n| error(&format!("error {n}"), "app", 40 - n, n)).collect();
        summary.http.by_route = (0..30).map(|n| route("GET", &format!("/api/{n}"), [1_000, 990, 9, 1])).collect();
        let text = shown(&summary, 4);
        assert!(text.lines().count() <= SCREEN, "{text}");
        assert!(text.contains("WHY  6 of 41 groups\n"), "{text}");
        assert!(text.contains("  … 22 more routes                            22,000  21,780  198   22\n"), "{text}");
        summary.http.by_route.truncate(9);
        assert!(!shown(&summary, 4).contains("more route"));
    }

    /// Text that tries to leave its place: by its length, its width, or by control characters.
    const HOSTILE: [&str; 5] = [
        "\x1b[2J\x1b]0;title\x07\r\n::error::x\n##[add-mask]y\u{202e}",
        "日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行日本語の長い行",
        "🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀 🔥⚠️👩‍🚀",
        "a-name-without-any-blank-that-is-much-longer-than-what-any-terminal-has-room-for-and-then-some-more-of-it",
        "",
    ];

    #[test]
    fn nothing_in_a_log_leaves_its_line() {
        for text in HOSTILE {
            let mut summary = broken();
            let owned = || text.to_string();
            summary.exceptions[0] = ExceptionGroup {
                kind: owned(),
                message: owned(),
                place: Some(owned()),
                ..summary.exceptions[0].clone()
            };
            summary.errors[0] = ErrorGroup { example: owned(), logger: Some(owned()), ..summary.errors[0].clone() };
            summary.errors[1].beside = Some(Beside { route: owned(), failures: 1, of: 2 });
            summary.http.by_route.push(route(text, text, [1, 1, 0, 0]));
            summary.sources = vec![owned(), owned()];
            summary.plan = owned();
            summary.reasons = vec![owned()];
            summary.interrupted = Some(owned());
            summary.unknown = vec![unknown(text, text, text)];
            summary.kpis[0].title = owned();
            summary.triggers[0].runbook = Some(owned());
            let mut firing = event(text, Severity::Rollback, State::Firing, "06:07:03");
            firing.group = BTreeMap::from([("route".into(), owned())]);
            firing.about = Some(owned());
            firing.evidence[0] = EvidenceLine { line: owned(), file: owned(), ..firing.evidence[0].clone() };
            for width in [100, 60] {
                let style = Style { colour: false, width };
                let screens = [Verdict::Rollback, Verdict::Unknown].map(|verdict| {
                    written(style, false, |out| {
                        out.start(text, &deployment(Some((1, 7))), &summary.sources)?;
                        out.trigger(&firing, 2, false)?;
                        out.trigger(&TriggerEvent { value: None, ..firing.clone() }, 1, true)?;
                        out.summary(&Summary { verdict, ..summary.clone() }, 4)
                    })
                });
                let screens = screens.join("") + &written(style, false, |out| out.summary(&summary, 4));
                for line in screens.lines() {
                    assert!(columns(line) <= width.max(90), "{line}");
                    assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
                    assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
                }
            }
            written(Style { colour: true, width: 0 }, false, |out| out.summary(&summary, 4));
        }
    }
}
