//! Text output, for people: events as they happen, then one screen that begins with the verdict.

mod checks;
mod event;
mod findings;
mod header;
mod screen;
#[cfg(test)]
pub(super) mod tests;
mod traffic;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};

use super::format::{columns, cut, cut_start, date, one_line};
use crate::deployment::Deployment;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::summary::{ActionEvent, CheckpointEvent, Summary, TriggerEvent, VerdictEvent};
use crate::text::without_commands;
use crate::time::Time;
use crate::zone::Zone;

use checks::reached_lines;
use event::{action_line, short_line, trigger_lines, verdict_line};
use header::{deployed, extent, header};
use screen::{Screen, exit, input, verdict};

pub(super) use checks::counts;
pub use checks::describe as describe_check;
pub(super) use findings::{Finding, findings};
pub(super) use screen::{because, facts, left_out, reached, runbook, target, word};

/// Lines of a screen. The lists of a summary are shortened to fit into what the events before it left.
const SCREEN: usize = 40;
/// Error groups and routes listed, longest first; the last pair is listed whatever the screen holds.
const LISTED: [(usize, usize); 10] = [(6, 8), (6, 6), (5, 5), (4, 5), (3, 4), (3, 3), (3, 2), (2, 3), (2, 2), (1, 2)];
/// Events whose evidence is remembered, so that a line is not shown again and again.
const MOST_SHOWN: usize = 8;
/// What stands below an event or a verdict is indented to where their words stand.
const INDENT: &str = "         ";
/// Columns that a location may take.
const LOCATION: usize = 28;

/// How a terminal shows text.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether there are escape sequences for colours.
    pub colour: bool,
    /// Columns.
    pub width: usize,
    /// In which times are shown.
    pub zone: Zone,
}

impl Default for Style {
    fn default() -> Self {
        Style { colour: false, width: 100, zone: Zone::Utc }
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

impl Start {
    /// What is told of a deployment that a newer one followed; `None` if nothing fired under it.
    fn superseded(&self, zone: Zone, held: &[Held]) -> Option<String> {
        let mut fired: Vec<&str> = Vec::new();
        for event in held.iter().filter_map(Held::firing) {
            if !fired.contains(&event.id.as_str()) {
                fired.push(&event.id);
            }
        }
        let known = self.deployment.from.is_known();
        let at = zone.date_and_clock(self.deployment.at);
        let from = if known { format!("an earlier deployment, {at} {zone}") } else { "before the deployment".into() };
        (!fired.is_empty()).then(|| format!("{from}: {} fired", one_line(&fired.join(", "))))
    }
}

/// Something that happened, until it is known which deployment is the newest.
enum Held {
    Trigger { event: Box<TriggerEvent>, sources: usize, verbose: bool },
    Reached(Box<CheckpointEvent>),
    Verdict { event: Box<VerdictEvent>, verbose: bool },
}

impl Held {
    fn firing(&self) -> Option<&TriggerEvent> {
        match self {
            Held::Trigger { event, .. } if event.state == State::Firing => Some(event),
            _ => None,
        }
    }
}

/// Writes what people read.
pub struct Text<W> {
    out: W,
    style: Style,
    quiet: bool,
    /// Lines written so far.
    lines: usize,
    /// What judges from here on, until there is something to show.
    unannounced: Option<Start>,
    /// The last day that was shown.
    day: Option<String>,
    /// What happened under the deployment that is judged last so far, in a replay: that under earlier ones is told in a line.
    held: Option<Vec<Held>>,
    /// The severity that decided, once that is known.
    decided: Option<Severity>,
    /// Whether somebody waits for what happens.
    is_live: bool,
    /// A line for each earlier deployment under which something fired.
    earlier: Vec<String>,
    /// What was shown as firing and not yet as resolved.
    firing: BTreeSet<(String, BTreeMap<String, String>)>,
    /// The evidence of the last events shown: of what fires together it is often the same line.
    shown: VecDeque<Place>,
}

/// A line of the input: the label of its source, its number.
type Place = (String, u64);

impl<W: Write> Text<W> {
    /// `quiet` leaves nothing but the verdict.
    pub fn new(out: W, style: Style, quiet: bool) -> Self {
        Text {
            out,
            style,
            quiet,
            lines: 0,
            unannounced: None,
            day: None,
            held: None,
            decided: None,
            is_live: true,
            earlier: Vec::new(),
            firing: BTreeSet::new(),
            shown: VecDeque::new(),
        }
    }

    /// From now on nothing is written before the summary: then it is known which deployment is the newest.
    pub fn hold(&mut self) {
        self.held = Some(Vec::new());
        self.is_live = false;
    }

    /// What is written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// A deployment is judged from here on. It is told with the first event under it, or in the header of the summary.
    pub fn start(&mut self, plan: &str, deployment: &Deployment, sources: &[String]) -> io::Result<()> {
        let new = Start { plan: plan.into(), deployment: deployment.clone(), sources: sources.into() };
        let before = self.unannounced.replace(new);
        if let (Some(held), Some(before)) = (&mut self.held, before) {
            self.earlier.extend(before.superseded(self.style.zone, held));
            held.clear();
        }
        Ok(())
    }

    /// Writes a change of a trigger's state; `sources` is how many sources there are. What becomes pending, or is no
    /// longer, is told only when `verbose`.
    pub fn trigger(&mut self, event: &TriggerEvent, sources: usize, verbose: bool) -> io::Result<()> {
        if let Some(held) = &mut self.held {
            held.push(Held::Trigger { event: Box::new(event.clone()), sources, verbose });
            return Ok(());
        }
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
        let is_shown = place.as_ref().is_some_and(|place| self.shown.contains(place));
        let lines = trigger_lines(event, sources > 1, is_shown, self.style);
        // Of what is milder than what was decided in the end, one line is enough.
        let is_aside = self.decided.is_some_and(|decided| event.severity < decided);
        let lines = if is_aside { vec![short_line(event, sources > 1, self.style)] } else { lines };
        for line in lines {
            self.line(&line)?;
        }
        if event.state == State::Firing && !is_shown && !is_aside {
            place.into_iter().for_each(|place| self.shown.push_front(place));
            self.shown.truncate(MOST_SHOWN);
        }
        self.out.flush()
    }

    /// Writes what a checkpoint, or a criterion of success, came to.
    pub fn reached(&mut self, event: &CheckpointEvent) -> io::Result<()> {
        if let Some(held) = &mut self.held {
            held.push(Held::Reached(Box::new(event.clone())));
            return Ok(());
        }
        let Some(at) = event.at.filter(|_| !self.quiet) else { return Ok(()) };
        self.tell_start()?;
        self.date(at)?;
        for line in reached_lines(event, self.is_live, self.style) {
            self.line(&line)?;
        }
        self.out.flush()
    }

    /// Writes what the verdict changed to, for who waits for it or asked for all.
    pub fn verdict(&mut self, event: &VerdictEvent, verbose: bool) -> io::Result<()> {
        if let Some(held) = &mut self.held {
            held.push(Held::Verdict { event: Box::new(event.clone()), verbose });
            return Ok(());
        }
        if self.quiet || !(self.is_live || verbose) {
            return Ok(());
        }
        self.tell_start()?;
        self.date(event.at)?;
        self.line(&verdict_line(event, self.style))?;
        self.out.flush()
    }

    /// Writes what an action does.
    pub fn action(&mut self, event: &ActionEvent) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        self.tell_start()?;
        self.date(event.at)?;
        self.line(&action_line(event, self.style))?;
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
        self.decided = (summary.verdict == Verdict::Rollback).then_some(Severity::Rollback);
        for held in self.held.take().into_iter().flatten() {
            match held {
                Held::Trigger { event, sources, verbose } => self.trigger(&event, sources, verbose)?,
                Held::Reached(event) => self.reached(&event)?,
                Held::Verdict { event, verbose } => self.verdict(&event, verbose)?,
            }
        }
        let mut head = Vec::new();
        if self.lines > 0 {
            self.tell_start()?;
            head.push(String::new());
            head.extend(verdict(summary, style));
            let runbook = runbook(summary).map(|runbook| format!("{runbook}   ")).unwrap_or_default();
            let extent = extent(summary, self.style.zone).join(", ");
            if columns(&runbook) + columns(&extent) + INDENT.len() <= style.width && !runbook.is_empty() {
                head.pop();
                head.push(format!("{INDENT}{runbook}{}", style.paint(Ink::Dim, &extent)));
            } else {
                head.push(style.paint(Ink::Dim, &format!("{INDENT}{extent}")));
            }
        } else {
            let facts = [vec![format!("plan {}", one_line(&summary.plan))], extent(summary, self.style.zone)].concat();
            head.push(header(&summary.sources, &facts.join("   "), style));
            head.extend(self.earlier.iter().map(|line| style.paint(Ink::Dim, &cut(line, style.width))));
            if let Some(deployment) = &summary.deployment {
                let text = deployed(deployment, &summary.sources, true, summary.from, self.style.zone);
                head.push(style.paint(Ink::Dim, &cut(&text, style.width)));
            }
            head.push(String::new());
            head.extend(verdict(summary, style));
        }
        if let Some(baseline) = &summary.baseline {
            head.push(style.paint(Ink::Dim, &cut(&format!("compared with {baseline}"), style.width)));
        }
        let screen = Screen { summary, style, several: summary.sources.len() > 1 };
        let tail = |is_brief| {
            let mut tail = screen.kpis(is_brief);
            tail.extend(screen.checkpoints(is_brief));
            tail.extend(screen.not_known());
            tail.extend(screen.next(is_brief));
            tail.extend(input(summary, style));
            tail.push(exit(summary.verdict, exit_code, summary.interrupted.is_some()));
            tail
        };
        // Many events are a page of their own; the summary then has the next one.
        let before = if self.lines > SCREEN / 2 { 0 } else { self.lines };
        let lists = LISTED.map(|(groups, routes)| [screen.groups(groups), screen.traffic(routes)].concat());
        let [.., shortest] = &lists;
        let least = before + head.len() + shortest.len();
        let tail = Some(tail(false)).filter(|full| least + full.len() <= SCREEN).unwrap_or_else(|| tail(true));
        let room = SCREEN.saturating_sub(before + head.len() + tail.len());
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
        let Some(Start { plan, deployment, sources }) = self.unannounced.take() else { return Ok(()) };
        let first = self.lines == 0;
        if first {
            let (zone, date) = (self.style.zone, date(deployment.at, self.style.zone));
            let header = header(&sources, &format!("plan {}   {date} {zone}", one_line(&plan)), self.style);
            self.line(&header)?;
            for line in std::mem::take(&mut self.earlier) {
                self.line(&self.style.paint(Ink::Dim, &cut(&line, self.style.width)))?;
            }
            self.day = Some(date);
        } else {
            self.date(deployment.at)?;
        }
        let text = deployed(&deployment, &sources, first, None, self.style.zone);
        self.line(&self.style.paint(Ink::Dim, &cut(&text, self.style.width)))?;
        if first { self.line("") } else { Ok(()) }
    }

    /// Writes the date when it is not that of the line before.
    fn date(&mut self, at: Time) -> io::Result<()> {
        let today = date(at, self.style.zone);
        if self.day.replace(today.clone()).is_some_and(|before| before != today) {
            self.line(&self.style.paint(Ink::Dim, &today))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        self.lines += 1;
        self.out.write_all(without_commands(line).as_bytes())?;
        self.out.write_all(b"\n")
    }
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
