//! Exceptions and errors as one list.

use std::borrow::Cow;

use super::super::format::{cut_start, one_line};
use crate::classify::Severity as Gravity;
use crate::summary::{Seen, Summary};

/// Columns that a name beside a message may take.
const NAME: usize = 48;

/// An exception or an error, as the list of both shows it.
pub(in crate::output) struct Finding<'a> {
    pub message: String,
    /// The function of an exception, the logger of an error.
    pub name: String,
    pub gravity: Gravity,
    pub seen: &'a Seen,
    /// Silences it ended, and their seconds in all.
    pub silences: (u64, i64),
}

/// Exceptions and errors: those beside most failed requests first, then the gravest, then the most frequent.
pub(in crate::output) fn findings(summary: &Summary) -> Vec<Finding<'_>> {
    let exceptions = summary.exceptions.iter().map(|group| Finding {
        message: match (group.kind.is_empty(), group.message.is_empty()) {
            (false, false) => one_line(&format!("{}: {}", group.kind, group.message)),
            _ => one_line(&format!("{}{}", group.kind, group.message)),
        },
        name: cut_start(&one_line(group.place.as_deref().unwrap_or_default()), NAME),
        gravity: Gravity::Error,
        seen: &group.seen,
        silences: (0, 0),
    });
    let errors = summary.errors.iter().map(|group| Finding {
        message: one_line(&said(&group.example)),
        name: cut_start(&one_line(group.logger.as_deref().unwrap_or_default()), NAME),
        gravity: group.severity,
        seen: &group.seen,
        silences: group.silences,
    });
    let mut all: Vec<Finding<'_>> = exceptions.chain(errors).collect();
    let failures = |finding: &Finding<'_>| finding.seen.beside.as_ref().map_or(0, |beside| beside.failures);
    all.sort_by_key(|finding| {
        (std::cmp::Reverse((failures(finding), finding.gravity, finding.seen.count)), finding.seen.first)
    });
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
