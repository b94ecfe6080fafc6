//! The `[[sample]]` of a plan: a small log, the seconds at which its triggers must fire, and the verdict.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use super::plan::Span;
use super::verdict::Verdict;
use crate::decode::Level;
use crate::time::{SECOND, Time};

/// When the log of a sample begins: 2025-01-01T00:00:00Z.
pub const START: Time = Time(1_735_689_600 * SECOND);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    pub about: Spanned<String>,
    /// After the start; found in the log when left out.
    pub deployed: Option<Span>,
    pub lines: Vec<Lines>,
    /// Each trigger that must fire, and when it must do so first, after the start. All others must not.
    #[serde(default)]
    pub fires: BTreeMap<String, Span>,
    pub verdict: Option<Verdict>,
}

/// One line, or the same line again and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// A message of the service; or a JSON object as the platform writes it, without its time.
    pub line: Spanned<String>,
    #[serde(default = "info")]
    pub level: Level,
    /// When, after the start.
    pub at: Option<Span>,
    pub from: Option<Span>,
    /// Not at this time any more.
    pub to: Option<Span>,
    pub every: Option<Span>,
}

fn info() -> Level {
    Level::Info
}

/// More lines than any sample needs; a slip in `every` is not to fill the memory.
const MOST_LINES: i64 = 1_000_000;

impl Lines {
    /// The seconds at which they come.
    fn seconds(&self) -> Result<impl Iterator<Item = i64> + use<>, String> {
        let (from, to, every) = match (self.at, self.from, self.to, self.every) {
            (Some(at), None, None, None) => (at.0, at.0.saturating_add(1), 1),
            (None, from, Some(to), every) => (from.map_or(0, |from| from.0), to.0, every.map_or(1, |every| every.0)),
            _ => return Err("a line has `at`, or `to` and perhaps `from` and `every`".into()),
        };
        if every < 1 || (to - from) / every > MOST_LINES {
            return Err(format!("`every` is at least 1s, and a line comes at most {MOST_LINES} times"));
        }
        Ok((from..to).step_by(usize::try_from(every).unwrap_or(usize::MAX)))
    }

    /// The line as the platform's log has it, all but its time; and whether it is of the platform's HTTP log.
    fn record(&self) -> Result<(Map<String, Value>, bool), String> {
        let text = self.line.get_ref();
        if text.starts_with('{') {
            let record: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
            let is_edge = record.contains_key("httpStatus");
            return Ok((record, is_edge));
        }
        let members = [("message", text.as_str()), ("level", self.level.name())];
        Ok((members.into_iter().map(|(name, value)| (name.into(), value.into())).collect(), false))
    }
}

impl Sample {
    /// The service's log and the platform's HTTP log, each in the order of time; where one is wrong, the byte of the plan's text and why.
    pub fn logs(&self) -> Result<[String; 2], (usize, String)> {
        let mut lines = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let failed = |why| (line.line.span().start, why);
            let (record, is_edge) = line.record().map_err(failed)?;
            lines.extend(line.seconds().map_err(failed)?.map(|second| (second, index, record.clone(), is_edge)));
        }
        lines.sort_by_key(|(second, index, ..)| (*second, *index));
        let mut logs = [String::new(), String::new()];
        for (second, _, mut record, is_edge) in lines {
            let time = START.saturating_add(second.saturating_mul(SECOND));
            record.insert("timestamp".into(), time.to_string().into());
            logs[usize::from(is_edge)] += &format!("{}\n", Value::Object(record));
        }
        Ok(logs)
    }
}
