//! `key=value key="quoted value"` lines; structlog quotes as Python does, `key='value'`.

use super::json::Text;
use super::{Attributes, Level, Record, cause, request};
use crate::time;

/// Steps through the pairs of a line; text that is no pair is passed over.
pub struct Pairs<'a> {
    rest: &'a [u8],
}

impl<'a> Pairs<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Pairs { rest: text }
    }
}

fn key_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@')).count()
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], Text<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            if self.rest.is_empty() {
                return None;
            }
            let length = key_length(self.rest);
            if length == 0 || self.rest.get(length) != Some(&b'=') {
                let word = memchr::memchr(b' ', self.rest).unwrap_or(self.rest.len());
                self.rest = &self.rest[word..];
                continue;
            }
            let key = &self.rest[..length];
            let rest = &self.rest[length + 1..];
            let Some(quote @ (b'"' | b'\'')) = rest.first() else {
                let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
                self.rest = &rest[end..];
                return Some((key, Text::plain(&rest[..end])));
            };
            let mut end = 1;
            let mut escaped = false;
            while end < rest.len() && rest[end] != *quote {
                let step = if rest[end] == b'\\' { 2 } else { 1 };
                escaped |= step == 2;
                end += step;
            }
            let end = end.min(rest.len());
            self.rest = rest.get(end + 1..).unwrap_or(b"");
            return Some((key, Text { raw: &rest[1..end], escaped }));
        }
    }
}

/// Whether a text begins with a pair.
pub fn begins(text: &[u8]) -> bool {
    let length = key_length(text);
    length > 0 && text.get(length) == Some(&b'=')
}

/// The level that one of the first pairs of a text states.
pub fn level(text: &[u8]) -> Option<Level> {
    /// Loggers write a time, a level and a name before all else.
    const FIRST: usize = 6;
    let mut pairs = Pairs::new(text).take(FIRST).filter(|_| begins(text));
    pairs
        .find_map(|(key, value)| matches!(key, b"level" | b"lvl" | b"severity").then(|| Level::from_name(value.raw))?)
}

/// Reads a line as logfmt if it begins with a pair and has a message and a time or a level.
pub fn record(line: &[u8]) -> Option<Record<'_>> {
    if !begins(line) {
        return None;
    }
    let mut record = Record::text(line);
    let mut message = None;
    let mut may_tell_a_request = false;
    for (key, value) in Pairs::new(line) {
        match key {
            b"time" | b"ts" | b"timestamp" | b"t" if record.time.is_none() => {
                record.time = time::parse(value.raw).or_else(|| time::from_epoch_number(value.raw));
            }
            b"level" | b"lvl" | b"severity" if record.raw_level.is_none() => {
                record.raw_level = Level::from_name(value.raw)
            }
            b"msg" | b"message" | b"event" if message.is_none() => message = Some(value),
            b"method" | b"http_method" | b"request_method" | b"request.method" => may_tell_a_request = true,
            b"logger" if record.logger.is_none() => record.logger = Some(value),
            _ => {}
        }
    }
    record.message = message.filter(|_| record.time.is_some() || record.raw_level.is_some())?;
    record.states_level = record.raw_level.is_some();
    record.attributes = Attributes::Logfmt(line);
    record.cause = cause::find(record.raw_level, record.attributes);
    record.request = if may_tell_a_request { request::of_logfmt(line, record.raw_level) } else { None };
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pairs_quotes_and_escapes() {
        let line = br#"time=2025-08-25T13:26:31Z level=warn msg="pool \"main\" is low" used=9 size=10"#;
        let record = record(line).unwrap();
        assert_eq!(record.raw_level, Some(Level::Warning));
        assert_eq!(record.message.read().as_ref(), br#"pool "main" is low"#);
        assert_eq!(record.attributes.get("size").as_deref(), Some(&b"10"[..]));
        assert!(record.time.is_some());
    }

    #[test]
    fn other_text_is_left_alone() {
        for line in ["used=9 of 10", "a b=c msg=d level=info", "=", "msg=\"open", ""] {
            assert!(record(line.as_bytes()).is_none(), "{line}");
        }
    }
}
