//! Exports: what a dashboard saves of a log, as it is saved. That is a JSON array, on one line or on many, of the records that
//! others write a line each; and it is newest first, as are some files of lines. Both are turned into lines, oldest first.
//!
//! That takes all of an export at once, so it is held in memory. Any other stream is passed on as it comes.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::decode::{self, Line};
use crate::time::Time;

/// Bytes that are looked at before it is known what a stream is.
const LOOKED_AT: usize = 64 << 10;
/// Records whose times have to tell that a file is newest first.
const FEWEST: usize = 3;

/// A stream of lines, oldest first as far as an export is concerned.
pub(super) struct Export<R> {
    stream: R,
    /// What was read of it, or made of all of it; `None` before the first read.
    start: Option<Cursor<Vec<u8>>>,
    /// What ended the stream before that; what came before it is used.
    failed: Option<io::Error>,
    /// Where it is told how many lines there are, if they are given from the last to the first.
    newest_first: Arc<AtomicU64>,
}

impl<R: Read> Export<R> {
    pub(super) fn new(stream: R, newest_first: Arc<AtomicU64>) -> Self {
        Export { stream, start: None, failed: None, newest_first }
    }

    fn begin(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        self.failed = (&mut self.stream).take(LOOKED_AT as u64).read_to_end(&mut text).err();
        let is_array = is_array(&text);
        let looked_at = if is_array { lines_of(&text) } else { text.clone() };
        let is_newest_first = is_newest_first(&looked_at);
        if !is_array && !is_newest_first {
            return text;
        }
        if self.failed.is_none() {
            self.failed = self.stream.read_to_end(&mut text).err();
        }
        let text = if is_array { lines_of(&text) } else { text };
        if !is_newest_first {
            return text;
        }
        let lines: Vec<&[u8]> = text.strip_suffix(b"\n").unwrap_or(&text).split(|byte| *byte == b'\n').collect();
        self.newest_first.store(lines.len() as u64, Ordering::Release);
        lines.into_iter().rev().flat_map(|line| [line, b"\n"]).flatten().copied().collect()
    }
}

impl<R: Read> Read for Export<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start.is_none() {
            self.start = Some(Cursor::new(self.begin()));
        }
        let read = self.start.as_mut().map_or(Ok(0), |start| start.read(buffer))?;
        match self.failed.take_if(|_| read == 0) {
            Some(error) => Err(error),
            None if read > 0 => Ok(read),
            None => self.stream.read(buffer),
        }
    }
}

/// Whether it begins as an array of objects does; a line of text may begin with a bracket, too.
fn is_array(text: &[u8]) -> bool {
    let text = text.strip_prefix(decode::BYTE_ORDER_MARK).unwrap_or(text).trim_ascii_start();
    text.strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"))
}

/// The elements of an array, a line each.
fn lines_of(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(decode::BYTE_ORDER_MARK).unwrap_or(text);
    let mut lines = Vec::with_capacity(text.len());
    let (mut depth, mut in_string, mut is_escaped) = (0usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        if in_string {
            in_string = is_escaped || *byte != b'"';
            is_escaped = !is_escaped && *byte == b'\\';
        } else {
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            match (depth, byte) {
                // The end of the array; what follows is none of it.
                (0, b']') => {
                    lines.push(b'\n');
                    lines.extend_from_slice(text[at + 1..].trim_ascii());
                    return lines;
                }
                (1, b',') => {
                    lines.push(b'\n');
                    continue;
                }
                (1, b'[' | b' ' | b'\t' | b'\r' | b'\n') => continue,
                _ => {}
            }
        }
        lines.push(if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    }
    lines
}

/// Whether the times of the lines go back, but for what a burst has shuffled.
fn is_newest_first(lines: &[u8]) -> bool {
    let mut scratch = Vec::new();
    let mut times: Vec<Time> = Vec::new();
    for line in lines.split(|byte| *byte == b'\n') {
        if let Line::Record(record) = decode::decode(line.trim_ascii_end(), &mut scratch) {
            times.extend(record.time);
        }
    }
    let steps = |is: fn(&Time, &Time) -> bool| times.windows(2).filter(|pair| is(&pair[0], &pair[1])).count();
    let (back, on) = (steps(|a, b| a > b), steps(|a, b| a < b));
    times.len() >= FEWEST && back + 1 >= FEWEST && back > 4 * on && times.first() > times.last()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, and how many lines it has if they were turned round.
    fn read(text: &str) -> (String, u64) {
        let newest_first = Arc::default();
        let mut lines = String::new();
        Export::new(text.as_bytes(), Arc::clone(&newest_first)).read_to_string(&mut lines).expect("memory can be read");
        (lines, newest_first.load(Ordering::Acquire))
    }

    fn record(second: u32) -> String {
        format!(r#"{{"message":"a, \"b\" ]","timestamp":"2025-08-25T13:30:0{second}Z","tags":{{"a":[1,2]}}}}"#)
    }

    #[test]
    fn an_array_is_read_as_a_line_for_each_of_its_elements() {
        let records: Vec<String> = (1..5).map(record).collect();
        let lines = records.join("\n") + "\n";
        assert_eq!(read(&format!("[{}]", records.join(","))), (lines.clone(), 0));
        assert_eq!(read(&format!("[\n  {}\n]\n", records.join(",\n  "))), (lines, 0));
        let pretty = "[\n  {\n    \"message\": \"x\",\n    \"tags\": {\n      \"a\": []\n    }\n  }\n]";
        assert_eq!(read(pretty).0, "{     \"message\": \"x\",     \"tags\": {       \"a\": []     }   }\n");
    }

    #[test]
    fn newest_first_is_turned_round() {
        let newest_first: Vec<String> = (1..5).rev().map(record).collect();
        let lines = (1..5).map(record).collect::<Vec<_>>().join("\n") + "\n";
        assert_eq!(read(&newest_first.join("\n")), (lines.clone(), 4));
        assert_eq!(read(&format!("[{}]", newest_first.join(","))), (lines, 4));
    }

    #[test]
    fn what_is_no_export_stays_as_it_is() {
        let same = record(1);
        for text in [
            String::new(),
            "[2025-08-25 13:30:00] INFO x\n[2025-08-25 13:30:01] INFO y\n".into(),
            "[".into(),
            [record(1), record(3), record(2)].join("\n"),
            [&*same, &*same, &*same, &*same].join("\n"),
            record(2) + "\n" + &record(1),
        ] {
            assert_eq!(read(&text), (text.clone(), 0));
        }
    }
}
