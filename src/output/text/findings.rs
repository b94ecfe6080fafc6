//! Exceptions and errors as one list.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::super::format::{cut_start, one_line};
use crate::classify::Severity as Gravity;
use crate::classify::wellknown;
use crate::summary::defect::is_defect;
use crate::summary::{ErrorGroup, ExceptionGroup, Seen, Summary};

/// Columns that a name beside a message may take.
const NAME: usize = 48;

/// An exception or an error, as the list of both shows it.
pub(in crate::output) struct Finding<'a> {
    pub message: String,
    /// The function of an exception, the logger of an error.
    pub name: String,
    pub seen: &'a Seen,
    /// Silences it ended, and their seconds in all.
    pub silences: (u64, i64),
}

/// The first `most` of exceptions and errors: programming errors that the time before the deployment did not have first, which
/// may be the cause of all others; then those beside most failed requests, then the gravest, then the most frequent. That an exception
/// ended the process is no other error.
pub(in crate::output) fn findings(summary: &Summary, most: usize) -> Vec<Finding<'_>> {
    let mut all = groups(summary);
    all.sort_by_key(|group| {
        let seen = group.seen();
        let failures = seen.beside.as_ref().map_or(0, |beside| beside.failures);
        (Reverse((group.is_cause(), failures, group.gravity(), seen.count)), seen.first)
    });
    // There may be thousands, and each is a lot of text to go through.
    all.into_iter().take(most).map(Group::show).collect()
}

/// How many there are.
pub(super) fn how_many(summary: &Summary) -> usize {
    groups(summary).len()
}

fn groups(summary: &Summary) -> Vec<Group<'_>> {
    let is_shown = |error: &ErrorGroup| {
        let is_of = |one: &Seen| {
            let other = &error.seen;
            one.line_no == other.line_no && one.file == other.file && one.count >= other.count
        };
        let is_raised = || summary.exceptions.iter().any(|exception| is_of(&exception.seen));
        let is_listed = || summary.errors.iter().any(|other| other.class != error.class && is_of(&other.seen));
        match error.class.as_str() {
            wellknown::EXITED => is_raised(),
            wellknown::MISSING => is_raised() || is_listed(),
            _ => false,
        }
    };
    let errors = summary.errors.iter().filter(|error| !is_shown(error)).map(Group::Error);
    summary.exceptions.iter().map(Group::Exception).chain(errors).collect()
}

#[derive(Clone, Copy)]
enum Group<'a> {
    Exception(&'a ExceptionGroup),
    Error(&'a ErrorGroup),
}

impl<'a> Group<'a> {
    fn seen(self) -> &'a Seen {
        match self {
            Group::Exception(group) => &group.seen,
            Group::Error(group) => &group.seen,
        }
    }

    fn gravity(self) -> Gravity {
        match self {
            Group::Exception(_) => Gravity::Error,
            Group::Error(group) => group.severity,
        }
    }

    fn is_cause(self) -> bool {
        let is_defect = match self {
            Group::Exception(group) => is_defect(&group.kind) || is_defect(&group.message),
            Group::Error(group) => is_defect(&group.example),
        };
        is_defect && self.gravity() >= Gravity::Error && self.seen().new != Some(false)
    }

    fn show(self) -> Finding<'a> {
        let (message, name, silences) = match self {
            Group::Exception(group) => {
                let colon = if group.kind.is_empty() || group.message.is_empty() { "" } else { ": " };
                (one_line(&format!("{}{colon}{}", group.kind, group.message)), &group.place, (0, 0))
            }
            Group::Error(group) => (one_line(&said(&group.example)), &group.logger, group.silences),
        };
        let message = if self.seen().new == Some(true) { format!("NEW {message}") } else { message };
        let name = cut_start(&one_line(name.as_deref().unwrap_or_default()), NAME);
        Finding { message, name, seen: self.seen(), silences }
    }
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
