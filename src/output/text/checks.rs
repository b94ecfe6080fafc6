//! Checkpoints and criteria of success: a line when one is reached, and a section at the end.

use super::super::format::{clock, columns, counted, cut, one_line, pad, span, value, wrap};
use super::super::measured::Measured;
use super::screen::Screen;
use super::{INDENT, Ink, Style};
use crate::rules::checkpoint::Status;
use crate::rules::plan::Kind;
use crate::summary::{CheckLine, CheckpointEvent, Summary};

/// Checks of one checkpoint that are told one by one.
const MOST_LISTED: usize = 4;
/// Columns of a status.
const WORD: usize = 7;

/// A line, and what people are asked below it where somebody waits for them.
pub(super) fn reached_lines(event: &CheckpointEvent, is_live: bool, style: Style) -> Vec<String> {
    let word = match event.kind {
        Kind::Checkpoint => "CHECKPOINT",
        Kind::Success => "SUCCESS",
    };
    let Some(at) = event.at else { return Vec::new() };
    let (status, ink) = status(event.status);
    let name = pad(&cut(&one_line(&event.id), 20), 20);
    let start = format!("{} {}{name}", style.zone.clock(at), style.paint(Ink::Bold, &pad(word, 12)));
    let mut text = counts(event);
    let failed = event.checks.iter().find(|check| check.status == Status::Fail);
    text += &failed.map(|check| format!("; {}", describe(check))).unwrap_or_default();
    let room = style.width.saturating_sub(21 + 20 + WORD + 2);
    let mut lines = vec![format!("{start}{}  {}", style.paint(ink, &pad(status, WORD)), cut(&text, room))];
    let asked = event.checks.iter().filter(|check| is_live && check.status == Status::Manual);
    lines.extend(asked.flat_map(|check| {
        let asked =
            wrap(&format!("{}: {}", one_line(&check.id), describe(check)), style.width.saturating_sub(INDENT.len()));
        asked.into_iter().map(|line| format!("{INDENT}{line}"))
    }));
    lines
}

fn status(status: Status) -> (&'static str, Ink) {
    match status {
        Status::Pass => ("pass", Ink::Green),
        Status::Fail => ("FAIL", Ink::Red),
        Status::Unknown => ("unknown", Ink::Yellow),
        Status::Manual => ("manual", Ink::Yellow),
        Status::Pending => ("pending", Ink::Dim),
    }
}

/// `3 of 5 pass, 1 unknown, 1 to be answered`.
pub(in crate::output) fn counts(event: &CheckpointEvent) -> String {
    let mut text = format!("{} of {} pass", event.count(Status::Pass), event.checks.len());
    for (status, words) in [(Status::Fail, "failed"), (Status::Unknown, "unknown"), (Status::Manual, "to be answered")]
    {
        let count = event.count(status);
        if count > 0 {
            text += &format!(", {count} {words}");
        }
    }
    text
}

/// What a check is about, and what it came to.
pub fn describe(check: &CheckLine) -> String {
    let about = one_line(&check.about);
    let measured = Measured {
        value: check.value,
        bound: None,
        threshold: check.threshold,
        share: check.share,
        samples: check.samples,
        baseline: None,
        unit: check.unit.unwrap_or("count"),
    };
    let why = match (check.status, &check.answer) {
        (Status::Manual, _) => check.ask.as_deref().map(one_line),
        (_, Some(answer)) => {
            let said = [answer.by.as_deref(), answer.note.as_deref()].into_iter().flatten().map(one_line);
            Some(said.collect::<Vec<_>>().join(": ")).filter(|said| !said.is_empty())
        }
        // Of what there is to be none of the number is enough.
        _ if check.threshold == Some(0.0) && check.because.is_none() => {
            check.value.map(|number| value(number, measured.unit))
        }
        _ => check.because.clone().map(|because| one_line(&because)).or_else(|| measured.tell(&check.expr)),
    };
    match why {
        // Of triggers that nobody described the names are enough.
        Some(why) if why.starts_with(&about) => why,
        Some(why) => format!("{about}: {why}"),
        None => about,
    }
}

impl Screen<'_> {
    /// `is_brief`: what is not reached is one line.
    pub fn checkpoints(&self, is_brief: bool) -> Vec<String> {
        let Summary { checkpoints, success, .. } = self.summary;
        let end = self.summary.deployed_at.zip(self.summary.to);
        let end = end.map(|(deployed, end)| format!(" (the log ends at +{})", span(end.second() - deployed.second())));
        let is_reached = |event: &CheckpointEvent| event.status != Status::Pending;
        if is_brief && !checkpoints.is_empty() && !checkpoints.iter().chain(success).any(is_reached) {
            let ids =
                |all: &[CheckpointEvent]| all.iter().map(|event| one_line(&event.id)).collect::<Vec<_>>().join(", ");
            let success = if success.is_empty() { "" } else { " and success" };
            let title = self.style.paint(Ink::Bold, "CHECKPOINTS");
            let text = format!("{}{success} not reached{}", ids(checkpoints), end.unwrap_or_default());
            return vec![format!("{title}  {}", cut(&text, self.style.width.saturating_sub(13)))];
        }
        let checkpoints = self.section("CHECKPOINTS", checkpoints, end.as_deref());
        // That is said once.
        let end = end.filter(|_| checkpoints.is_empty());
        [checkpoints, self.section("SUCCESS", success, end.as_deref())].concat()
    }

    /// What is to be done, in the plan's own words.
    pub fn next(&self, is_brief: bool) -> Vec<String> {
        if self.summary.next.is_empty() {
            return Vec::new();
        }
        let first = if is_brief { 1 } else { usize::MAX };
        let more = self.summary.next.len().saturating_sub(first);
        let steps = self.summary.next.iter().take(first).map(|step| one_line(step)).collect::<Vec<_>>().join("; ");
        let steps = if more > 0 { format!("{steps}; … and {more} more") } else { steps };
        let wrapped = wrap(&steps, self.style.width.saturating_sub(6).max(20));
        let title = self.style.paint(Ink::Bold, "NEXT");
        wrapped
            .iter()
            .enumerate()
            .map(|(at, line)| if at == 0 { format!("{title}  {line}") } else { format!("      {line}") })
            .collect()
    }

    fn section(&self, title: &str, all: &[CheckpointEvent], end: Option<&str>) -> Vec<String> {
        let (pending, reached): (Vec<_>, Vec<_>) = all.iter().partition(|event| event.status == Status::Pending);
        let title = self.style.paint(Ink::Bold, title);
        let left = (!pending.is_empty()).then(|| {
            let ids: Vec<String> = pending.iter().map(|event| one_line(&event.id)).collect();
            format!("{} not reached{}", ids.join(", "), end.unwrap_or_default())
        });
        if reached.is_empty() {
            return left.map(|left| format!("{title}  {left}")).into_iter().collect();
        }
        let mut lines = vec![title];
        let width = reached.iter().map(|event| columns(&one_line(&event.id))).max().unwrap_or(0).min(24);
        for (index, event) in reached.iter().enumerate() {
            let (word, ink) = status(event.status);
            let at = event.at.map(|at| clock(at, self.summary.to, self.style.zone)).unwrap_or_default();
            let id = pad(&cut(&one_line(&event.id), width), width);
            let text = format!("{} at {at}: {}", counts(event), one_line(&event.title));
            let room = self.style.width.saturating_sub(width + WORD + 6);
            lines.push(format!("  {id}  {}  {}", self.style.paint(ink, &pad(word, WORD)), cut(&text, room)));
            // What was open at an earlier one is asked again at the latest.
            let is_latest = index + 1 == reached.len();
            let open = |check: &&CheckLine| match check.status {
                Status::Fail => true,
                Status::Unknown | Status::Manual => is_latest,
                Status::Pass | Status::Pending => false,
            };
            let mut open: Vec<&CheckLine> = event.checks.iter().filter(open).collect();
            open.sort_by_key(|check| check.status != Status::Fail);
            let more = open.len().saturating_sub(MOST_LISTED);
            for check in open.into_iter().take(MOST_LISTED) {
                let (word, ink) = status(check.status);
                let word = self.style.paint(ink, &pad(word, WORD));
                lines.push(format!("  {}  {word}  {}", " ".repeat(width), cut(&describe(check), room)));
            }
            if more > 0 {
                lines.push(format!("  {}  … and {}", " ".repeat(width), counted(more as u64, "other check")));
            }
        }
        lines.extend(left.map(|left| format!("  {left}")));
        lines
    }
}
