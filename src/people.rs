//! What people say of a deployment: answers to the manual checks of a plan, and reports from outside. They stand in a file of their own,
//! a JSON object a line, which `logwatch check`, `logwatch signal` and `logwatch ack` append to. A live run reads on as it grows, and adds
//! itself what its actions do, so that a run that is started anew knows it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
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
    pub acks: Vec<Ack>,
    /// What actions did, in the order of the file.
    pub deeds: Vec<Deed>,
}

/// Somebody has seen that a trigger fires, and is at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ack {
    /// The trigger.
    #[serde(skip)]
    pub id: String,
    pub at: Time,
    pub by: Option<String>,
    pub note: Option<String>,
    /// Of the file.
    #[serde(skip)]
    pub line: u64,
}

/// What an action of a plan did, or begins to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// When it was written.
    pub at: String,
    /// The action.
    pub id: String,
    /// The trigger that it was for.
    pub trigger: String,
    /// The deployment that it was for.
    pub deployed_at: String,
    pub state: DeedState,
    /// Of a rollback: the deployment that ran, and its commit, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The deployment that it went back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeedState {
    Started,
    Done,
    Failed,
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

/// Answers and acknowledgements as they are kept, with what output leaves out.
pub mod in_full {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Ack, Answer};
    use crate::time::Time;

    /// What it is of, whether it passes, when, by whom, with what note, and where it stands.
    type Parts = (String, bool, Time, Option<String>, Option<String>, u64);

    fn of_answer(answer: &Answer) -> Parts {
        let Answer { item, pass, at, by, note, line } = answer.clone();
        (item, pass, at, by, note, line)
    }

    fn answer((item, pass, at, by, note, line): Parts) -> Answer {
        Answer { item, pass, at, by, note, line }
    }

    pub fn serialize<S: Serializer>(answer: &Option<Answer>, serializer: S) -> Result<S::Ok, S::Error> {
        answer.as_ref().map(of_answer).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Answer>, D::Error> {
        Ok(Option::deserialize(deserializer)?.map(answer))
    }

    /// All that people answered and are at.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Said {
        answers: Vec<Parts>,
        acks: Vec<Parts>,
    }

    impl Said {
        pub fn of(answers: &[Answer], acks: &[Ack]) -> Said {
            let of_ack = |ack: &Ack| {
                let Ack { id, at, by, note, line } = ack.clone();
                (id, true, at, by, note, line)
            };
            Said { answers: answers.iter().map(of_answer).collect(), acks: acks.iter().map(of_ack).collect() }
        }

        pub fn read(self) -> (Vec<Answer>, Vec<Ack>) {
            let ack = |(id, _, at, by, note, line): Parts| Ack { id, at, by, note, line };
            (self.answers.into_iter().map(answer).collect(), self.acks.into_iter().map(ack).collect())
        }
    }
}

/// A report from outside.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    Ack {
        at: String,
        id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    Action(Deed),
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
            people.read(written, line)?;
        }
        people.answers.sort_by_key(|answer| (answer.at, answer.line));
        people.signals.sort_by_key(|signal| (signal.at, signal.line));
        Ok(people)
    }

    /// Reads one line, of this number.
    fn read(&mut self, written: &str, line: u64) -> Result<(), Error> {
        if written.trim().is_empty() {
            return Ok(());
        }
        let wrong = |message: String| Error::Line { path: self.file.clone(), line, message };
        let said: Said = serde_json::from_str(written).map_err(|error| {
            // Of one line the column is enough.
            wrong(error.to_string().replace(" at line 1 column", " at column"))
        })?;
        let time = |at: &str| crate::time::parse_time(at).map_err(wrong);
        match said {
            Said::Check { at, item, status, by, note } => {
                let answer = Answer { at: time(&at)?, item, pass: status == Verdict::Pass, by, note, line };
                self.answers.push(answer);
            }
            Said::Signal { at, name, by, text } => {
                let signal = Signal { at: time(&at)?, name, by, text, line };
                self.signals.push(signal);
            }
            Said::Ack { at, id, by, note } => {
                let ack = Ack { at: time(&at)?, id, by, note, line };
                self.acks.push(ack);
            }
            Said::Action(deed) => {
                time(&deed.at)?;
                time(&deed.deployed_at)?;
                self.deeds.push(deed);
            }
        }
        Ok(())
    }
}

/// A file of what people say that is read on as it grows.
#[derive(Debug)]
pub struct Growing {
    path: PathBuf,
    /// Its name.
    file: String,
    /// Bytes and lines that were read.
    bytes: u64,
    lines: u64,
}

impl Growing {
    /// Reads what is there by now; nothing yet, where nobody has said anything.
    pub fn open(path: &Path) -> Result<(Growing, People), Error> {
        let file = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(Error::Read { path: file, source }),
        };
        let people = People::parse(&file, &text)?;
        let lines = text.lines().count() as u64;
        Ok((Growing { path: path.into(), file, bytes: text.len() as u64, lines }, people))
    }

    /// What was said since the last call, each line for itself: one that cannot be read takes no other with it. What cannot be read at all
    /// is looked for again with the next call.
    pub fn more(&mut self) -> Vec<Result<People, Error>> {
        let Ok(text) = self.rest() else { return Vec::new() };
        // Somebody may be about to write the rest of a line.
        let Some(end) = text.rfind('\n') else { return Vec::new() };
        self.bytes += end as u64 + 1;
        let mut said = Vec::new();
        for line in text[..end].split('\n') {
            // The last line of what was read before may have lacked its end, which stands here.
            if !line.trim().is_empty() {
                self.lines += 1;
                let mut people = People { file: self.file.clone(), ..People::default() };
                said.push(people.read(line, self.lines).map(|()| people));
            }
        }
        said
    }

    fn rest(&self) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.bytes))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
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
    /// The ids of the triggers that can be acknowledged.
    pub triggers: Vec<String>,
    pub record: Record,
    /// The time of day.
    pub now: fn() -> Time,
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
    use std::io::Write;

    #[test]
    fn a_file_that_grows_is_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("said.jsonl");
        let (mut growing, people) = Growing::open(&path).unwrap();
        assert!(people.answers.is_empty() && growing.more().is_empty());
        let ack = |id: &str| format!("{{\"type\":\"ack\",\"at\":\"2025-08-25T14:01:00Z\",\"id\":\"{id}\"}}");
        let append = |text: &str| {
            let mut file = File::options().create(true).append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append(&(ack("a") + "\nnonsense\n" + &ack("b")));
        let said = growing.more();
        let read: Vec<_> =
            said.iter().map(|said| said.as_ref().map(|people| (&*people.acks[0].id, people.acks[0].line))).collect();
        assert!(matches!(&read[..], [Ok(("a", 1)), Err(Error::Line { line: 2, .. })]), "{read:?}");
        append("\n");
        let said = growing.more();
        assert_eq!(said.len(), 1);
        assert_eq!((&*said[0].as_ref().unwrap().acks[0].id, said[0].as_ref().unwrap().acks[0].line), ("b", 3));
    }

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
