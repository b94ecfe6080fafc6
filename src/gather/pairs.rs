//! Pairs: requests that a service tells in two lines, joined by the request's id.
//!
//! Fastify, Rails, Phoenix and ASP.NET write method and URL when a request comes in, and status and time when it is over. The second line
//! is the request; this remembers what the first one said. tower-http tells every request, and of one that failed says so again.

use rustc_hash::FxHashMap;

use crate::classify::{Classifier, Found, trace};
use crate::decode::request::aspnet;
use crate::decode::{self, Line, Part, Record, Request, Text};

/// Requests that are remembered before the older ones are given up. Requests whose end is never told would fill the memory.
const MOST: usize = 4_096;
/// Longer targets are not remembered.
const LONGEST_TARGET: usize = 4_096;

/// The requests of one source that began and are not over, as far as its lines tell.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Pairs {
    recent: FxHashMap<Box<[u8]>, Begun>,
    /// Those that were recent before: with them at most twice [`MOST`].
    older: FxHashMap<Box<[u8]>, Begun>,
    /// Whether the source tells how each request was answered, so that a line which says of one that it failed says it again.
    tells_answers: bool,
}

/// What the first line said.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Begun {
    method: Box<[u8]>,
    target: Box<[u8]>,
    /// Requests of the same id that began besides and are not over. Where there was one, nobody can tell which of them ends.
    others: u32,
    is_mixed: bool,
}

impl Pairs {
    /// Takes note of the begin of a request, or gives the events of a line that ends one whose begin was seen, and whether it
    /// did; otherwise the line says all there is to know.
    /// What says again that a request failed has no events of its own.
    pub fn take(&mut self, line: &[u8], part: Part, classifier: &mut Classifier, events: &mut Vec<Found>) -> bool {
        if matches!(part, Part::Answers | Part::FailsAgain) {
            return self.is_said_again(part);
        }
        let mut scratch = Vec::new();
        let Line::Record(record) = decode::decode(line, &mut scratch) else { return false };
        match self.note(&record) {
            Some(begun) => {
                classifier.alone(&begun.joined(record), events);
                true
            }
            None => false,
        }
    }

    /// Whether a line says of a request that it failed, which another line told. Takes note of what tells answers.
    pub fn is_said_again(&mut self, part: Part) -> bool {
        self.tells_answers |= part == Part::Answers;
        part == Part::FailsAgain && self.tells_answers
    }

    /// [`Pairs::take`] of an entry of several lines, as ASP.NET's console logger writes them: `line` is one of them, `text` what all say.
    /// One that ends a request gives its events even where nobody knows what the request was.
    pub fn take_entry(
        &mut self,
        line: &[u8],
        text: &[u8],
        classifier: &mut Classifier,
        events: &mut Vec<Found>,
    ) -> bool {
        let first = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
        if !trace::is_category(first) {
            return false;
        }
        let Some(request) = aspnet::read(text) else { return false };
        let ends = request.part() == Part::Ends;
        let mut scratch = Vec::new();
        let Line::Record(record) = decode::decode(line, &mut scratch) else { return false };
        let record = Record { request: Some(request), ..record };
        let begun = self.note(&record);
        if ends {
            match begun {
                Some(begun) => classifier.alone(&begun.joined(record), events),
                None => classifier.alone(&record, events),
            }
        }
        ends
    }

    /// Takes note of a request's begin; of one that ends gives what its begin said, where that is certain.
    fn note(&mut self, record: &Record<'_>) -> Option<Begun> {
        let key = key(record)?;
        let request = record.request.as_ref()?;
        match request.part() {
            Part::Whole | Part::Answers | Part::FailsAgain => None,
            Part::Begins => {
                if let (Some(method), Some(target)) = (request.method, request.target)
                    && target.raw.len() <= LONGEST_TARGET
                {
                    let before = self.recent.remove(&key).or(self.older.remove(&key));
                    let others = before.filter(|_| request.shares_id).map_or(0, |before| before.others + 1);
                    let (method, target) = (read(method), read(target));
                    self.recent.insert(key, Begun { method, target, others, is_mixed: others > 0 });
                }
                if self.recent.len() >= MOST {
                    self.older = std::mem::take(&mut self.recent);
                }
                None
            }
            Part::Ends => {
                let found = self.recent.remove(&key).or_else(|| self.older.remove(&key))?;
                if found.others > 0 {
                    self.recent.insert(key, Begun { others: found.others - 1, ..found });
                    return None;
                }
                (!found.is_mixed).then_some(found)
            }
        }
    }
}

impl Begun {
    /// The record of the request's end with what its begin said.
    fn joined<'a>(&'a self, record: Record<'a>) -> Record<'a> {
        let (method, target) = (Some(Text::plain(&self.method)), Some(Text::plain(&self.target)));
        Record { request: record.request.map(|request| Box::new(Request { method, target, ..*request })), ..record }
    }
}

/// Ids are unique within one process at most.
fn key(record: &Record<'_>) -> Option<Box<[u8]>> {
    let id = record.request.as_ref()?.id?;
    Some([record.replica.unwrap_or_default(), b"\0", id].concat().into())
}

fn read(text: Text<'_>) -> Box<[u8]> {
    text.read().into_owned().into()
}
