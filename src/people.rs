//! What people say of a deployment: answers to the manual checks of a plan, and reports from outside. They stand in a file of their own,
//! a JSON object a line, which `logwatch check` and `logwatch signal` append to.

use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// Before the name of a report, its class: `user_complaint` is counted as `signal.user_complaint`.
pub const SIGNAL: &str = "signal.";

/// All that was said, each in the order of time.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// The file, as it was named.
    pub file: String,
    pub answers: Vec<Answer>,
    pub signals: Vec<Signal>,
}

/// An answer to a manual check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    #[serde(skip)]
    pub item: String,
    pub pass: bool,
    pub at: Time,
    pub by: Option<String>,
    pub note: Option<String>,
    /// Of the file.
    #[serde(skip)]
    pub line: u64,
}

/// A report from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Without [`SIGNAL`].
    pub name: String,
    pub at: Time,
    pub by: Option<String>,
    pub text: Option<String>,
    /// Of the file.
    pub line: u64,
}

/// A line of the file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Said {
    Check {
        at: String,
        item: String,
        status: Verdict,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    Signal {
        at: String,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Pass,
    Fail,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Read { path: String, source: io::Error },
    #[error("{path}:{line}: {message}")]
    Line { path: String, line: u64, message: String },
}

impl People {
    pub fn load(path: &Path) -> Result<People, Error> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: shown.clone(), source })?;
        People::parse(&shown, &text)
    }

    /// Reads the lines of a file; `file` is its name.
    pub fn parse(file: &str, text: &str) -> Result<People, Error> {
        let mut people = People { file: file.into(), ..People::default() };
        for (written, line) in text.lines().zip(1..) {
            if written.trim().is_empty() {
                continue;
            }
            let wrong = |message: String| Error::Line { path: file.into(), line, message };
            let said: Said = serde_json::from_str(written).map_err(|error| {
                // Of one line the column is enough.
                wrong(error.to_string().replace(" at line 1 column", " at column"))
            })?;
            let time = |at: &str| crate::rules::plan::parse_time(at).map_err(wrong);
            match said {
                Said::Check { at, item, status, by, note } => {
                    people.answers.push(Answer { at: time(&at)?, item, pass: status == Verdict::Pass, by, note, line });
                }
                Said::Signal { at, name, by, text } => {
                    people.signals.push(Signal { at: time(&at)?, name, by, text, line });
                }
            }
        }
        people.answers.sort_by_key(|answer| (answer.at, answer.line));
        people.signals.sort_by_key(|signal| (signal.at, signal.line));
        Ok(people)
    }
}

/// A manual check of a plan, as people are asked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: String,
    pub what: String,
    pub ask: String,
}

/// Records what was said; an error is told to who said it.
pub type Record = Arc<dyn Fn(&Said) -> Result<(), String> + Send + Sync>;

/// What can be answered and reported while a run goes on, and how that is recorded.
#[derive(Clone)]
pub struct Asked {
    /// The plan's manual checks.
    pub items: Vec<Item>,
    /// What can be reported, by name, without [`SIGNAL`].
    pub signals: Vec<String>,
    pub record: Record,
    /// The time of day.
    pub now: fn() -> Time,
}

impl Said {
    /// Adds a line to the file, in one write, so that others who add to it at the same time do not tear it.
    pub fn append(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut line = serde_json::to_string(self)? + "\n";
        if file.metadata()?.is_file() && file.seek(SeekFrom::End(-1)).is_ok() {
            let mut last = [b'\n'];
            file.read_exact(&mut last)?;
            if last != [b'\n'] {
                // Somebody was stopped within a line.
                line.insert(0, '\n');
            }
        }
        let written = file.write(line.as_bytes())?;
        if written < line.len() { Err(io::Error::new(io::ErrorKind::StorageFull, "no room is left")) } else { Ok(()) }
    }
}

impl Error {
    /// An answer or a report that the plan or the library does not know.
    pub fn unknown(file: &str, line: u64, message: String) -> Error {
        Error::Line { path: file.into(), line, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_in_the_order_of_time() {
        let text = r#"
{"type":"signal","name":"user_complaint","at":"2025-08-25T14:02:00Z","by":"support","text":"still can not create exchange"}
{"type":"check","item":"wizard","status":"fail","at":"2025-08-25T14:01:00Z","note":"stops at step 2"}
{"type":"check","item":"wizard","status":"pass","at":"2025-08-25 13:59"}
"#;
        let people = People::parse("answers.jsonl", text).unwrap();
        let answers: Vec<_> = people.answers.iter().map(|answer| (answer.pass, answer.line)).collect();
        assert_eq!(answers, [(true, 4), (false, 3)]);
        assert_eq!((people.signals[0].name.as_str(), people.signals[0].line), ("user_complaint", 2));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (line, message) in [
            ("nonsense", "a.jsonl:1: expected ident at column 2"),
            (
                r#"{"type":"check","item":"a","status":"perhaps","at":"2025-08-25"}"#,
                "a.jsonl:1: unknown variant `perhaps`",
            ),
            (r#"{"type":"check","item":"a","status":"pass","at":"noon"}"#, "a.jsonl:1: `noon` is no time"),
            (r#"{"type":"signal","at":"2025-08-25"}"#, "a.jsonl:1: missing field `name`"),
        ] {
            let error = People::parse("a.jsonl", line).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
