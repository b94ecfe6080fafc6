//! Lines that show something, for those who ask why.

use std::sync::{Arc, OnceLock};

use crate::decode;
use crate::mask::mask_bytes;
use crate::time::Time;

/// The most evidence lines kept of any stretch of time: the first ones by time, then text.
pub const MOST_EVIDENCE: usize = 3;

/// A line that shows something. Of many only a few are ever shown, so the text is read when it is asked for.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub time: Time,
    /// Index of the source.
    pub source: usize,
    pub line: u64,
    /// The line as it stands in the input; empty where it was too long to be kept as it is.
    content: Arc<[u8]>,
    says: OnceLock<Box<str>>,
}

impl Evidence {
    pub fn new(time: Time, source: usize, line: u64, content: &[u8]) -> Self {
        /// Bytes of a line that are kept as they are.
        const LONGEST: usize = 1_024;
        let (content, says) = match content.len() {
            ..=LONGEST => (content.into(), OnceLock::new()),
            _ => (Arc::default(), OnceLock::from(says(content))),
        };
        Evidence { time, source, line, content, says }
    }

    /// One of which nothing is left but what it says.
    pub fn of_text(time: Time, source: usize, line: u64, says: &str) -> Self {
        Evidence { time, source, line, content: Arc::default(), says: OnceLock::from(Box::from(says)) }
    }

    /// What the line says, not how it was wrapped: one line, its secrets masked, cut where it is long.
    pub fn text(&self) -> &str {
        self.says.get_or_init(|| says(&self.content))
    }

    /// Whether it comes before another: by time, then text, which is read only for that. Of lines that are the same in both, the
    /// first of the input: so it does not matter in which order they come.
    pub fn is_before(&self, other: &Evidence) -> bool {
        let place = |line: &Evidence| (line.source, line.line);
        let by_text = || self.text().cmp(other.text()).then_with(|| place(self).cmp(&place(other)));
        self.time.cmp(&other.time).then_with(by_text).is_lt()
    }
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.source, self.line) == (other.time, other.source, other.line) && self.text() == other.text()
    }
}

impl Eq for Evidence {}

/// As its place and what it says: so its secrets are masked wherever it is kept.
impl serde::Serialize for Evidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.time, self.source, self.line, self.text()).serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Evidence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (time, source, line, says) = <(Time, usize, u64, &str)>::deserialize(deserializer)?;
        Ok(Evidence::of_text(time, source, line, says))
    }
}

/// Keeps the first [`MOST_EVIDENCE`] lines by time, then text.
pub fn keep_evidence(kept: &mut Vec<Evidence>, line: &Evidence) {
    if kept.len() < MOST_EVIDENCE || kept.last().is_some_and(|last| line.is_before(last)) {
        let at = kept.partition_point(|known| !line.is_before(known));
        kept.truncate(MOST_EVIDENCE - 1);
        kept.insert(at, line.clone());
    }
}

fn says(line: &[u8]) -> Box<str> {
    /// Bytes of a text that are kept.
    const LONGEST: usize = 400;
    let text = said(line);
    // Masked as a whole: of a secret that is cut nobody could tell.
    let masked = mask_bytes(&text);
    let text = String::from_utf8_lossy(&masked);
    let first = text.lines().next().unwrap_or_default();
    first[..first.floor_char_boundary(LONGEST)].into()
}

/// What a line says, not how it was wrapped; nothing of it is masked.
pub fn said(line: &[u8]) -> Vec<u8> {
    let mut scratch = Vec::new();
    match decode::decode(line, &mut scratch) {
        decode::Line::Record(record) => match &record.edge {
            None => record.says().into_owned(),
            Some(edge) => {
                let duration = edge.duration.map(|nanoseconds| format!(" {}ms", nanoseconds / 1_000_000));
                let answer = format!("{}{}", edge.status, duration.unwrap_or_default());
                [&edge.method.read()[..], &edge.target.read(), answer.as_bytes()].join(&b' ')
            }
        },
        _ => line.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_by_time_then_text_are_kept(
            lines in prop::collection::vec((0i64..3, "[a-c]{1,2}", 0usize..2, 1u64..4), 0..12)
        ) {
            let mut kept = Vec::new();
            for (time, text, source, line) in &lines {
                keep_evidence(&mut kept, &Evidence::new(Time(*time), *source, *line, text.as_bytes()));
            }
            let mut sorted = lines.clone();
            sorted.sort();
            sorted.truncate(MOST_EVIDENCE);
            let key = |line: &Evidence| (line.time.0, line.text().to_string(), line.source, line.line);
            prop_assert_eq!(kept.iter().map(key).collect::<Vec<_>>(), sorted);
        }
    }

    #[test]
    fn a_long_line_is_cut_at_once_and_a_short_one_when_it_is_read() {
        let long = Evidence::new(Time(0), 0, 1, "é".repeat(2_000).as_bytes());
        assert_eq!((long.text().len(), long.content.len()), (400, 0));
        let short = Evidence::new(Time(0), 0, 1, br#"{"message":"it says\nmore","timestamp":"2025-08-25T09:00:00Z"}"#);
        assert_eq!(short.text(), "it says");
    }
}
