//! What loggers put between the begin of a line and its level: times, process ids, threads, names.
//!
//! `2025-09-02 08:00:00,123 - app.db - ERROR - text`, `[2025-09-02 08:00:01,000: INFO/MainProcess] text`,
//! `[time] [17] [api] [ERROR] text`, `time [info     ] text`, `time UTC [6] LOG:  text`, `[time] production.ERROR: text`.

use super::{Head, Level, dashes, is_in_logger, logger_before_text, upper_word};
use crate::time;

/// Times, brackets and names that may stand before a level; no logger has more.
const MOST_PARTS: usize = 6;
/// The longest bracket that is looked through for its end.
const LONGEST_BRACKET: usize = 80;

/// Reads a head that begins with anything but a level.
pub(super) fn head(message: &[u8]) -> Head<'_> {
    read(message).unwrap_or_default()
}

fn read(message: &[u8]) -> Option<Head<'_>> {
    let (mut at, mut name, mut after_time) = (0, None, false);
    for part in 0..MOST_PARTS {
        at += message[at..].iter().take_while(|byte| matches!(byte, b' ' | b'-' | b'|' | b'\t')).count();
        let rest = &message[at..];
        match rest.first()? {
            b'[' => {
                let close = memchr::memchr(b']', &rest[..rest.len().min(LONGEST_BRACKET)])?;
                let end = at + close + 1;
                if let Some((level, logger)) = bracket(&rest[1..close]) {
                    let colon = usize::from(message.get(end) == Some(&b':'));
                    return Some(text_from(message, end + colon, Head { level: Some(level), logger, length: 0 }));
                }
                after_time = time_length(rest[1..close].trim_ascii()).is_some();
                at = end;
            }
            b'0'..=b'9' => {
                let Some(length) = time_length(rest) else {
                    // A process id between dashes, or before a bracket.
                    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    rest[digits..].starts_with(b" ").then_some(())?;
                    (part > 0).then_some(())?;
                    at += digits;
                    continue;
                };
                at += length;
                after_time = true;
            }
            _ if at == 0 => return ruby(message),
            b'A'..=b'Z' if PARTS_OF_AN_ERROR.iter().any(|word| rest.starts_with(word)) => {
                return Some(Head { level: Some(Level::Info), logger: None, length: at });
            }
            _ => {
                let head = upper_word(rest);
                let head = if head.level.is_some() {
                    Some(head)
                } else {
                    lower_word(rest, after_time).or_else(|| monolog(rest))
                };
                if let Some(head) = head {
                    let logger = head.logger.or(name);
                    return Some(Head { logger, length: at + head.length, ..head });
                }
                if let Some(head) = dashes(rest) {
                    return Some(Head { length: at + head.length, ..head });
                }
                let length = rest.iter().take_while(|byte| is_in_logger(**byte)).count();
                let separated = [&b" - "[..], b" | "].iter().any(|separator| rest[length..].starts_with(separator));
                (length > 0 && separated).then_some(())?;
                name = Some(&rest[..length]);
                at += length;
                after_time = false;
            }
        }
    }
    None
}

/// What Postgres says beside an error, on lines of their own.
const PARTS_OF_AN_ERROR: [&[u8]; 5] = [b"DETAIL:  ", b"HINT:  ", b"STATEMENT:  ", b"CONTEXT:  ", b"QUERY:  "];

/// The level in a bracket, alone (`INFO    `), behind a time (Celery, Serilog) or before a logger (`env_logger`).
fn bracket(inner: &[u8]) -> Option<(Level, Option<&[u8]>)> {
    let inner = inner.trim_ascii();
    let inner = match time_length(inner) {
        Some(length) => inner[length..].strip_prefix(b":").unwrap_or(&inner[length..]).trim_ascii_start(),
        None => inner,
    };
    let length = inner.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, rest) = inner.split_at(length);
    let level = Level::from_name(word)?;
    match rest.first() {
        None => Some((level, None)),
        Some(b'/') if word.iter().all(u8::is_ascii_uppercase) => Some((level, None)),
        Some(b' ') if word.iter().all(u8::is_ascii_uppercase) => {
            let logger = rest.trim_ascii();
            let is_name = logger.iter().all(|byte| is_in_logger(*byte) || *byte == b':');
            is_name.then_some((level, Some(logger)))
        }
        _ => None,
    }
}

/// The head with the logger that stands before the text, which begins at or behind `at`.
fn text_from<'a>(message: &'a [u8], at: usize, head: Head<'a>) -> Head<'a> {
    let at = at + message[at..].iter().take_while(|byte| **byte == b' ').count();
    let (logger, used) = logger_before_text(&message[at..]);
    Head { logger: head.logger.or(logger), length: at + used, ..head }
}

/// `info: text` behind anything; `info Logger: text` directly behind a time, where prose may stand, too.
fn lower_word(rest: &[u8], after_time: bool) -> Option<Head<'_>> {
    if let Some(head) = super::lower_word(rest) {
        return Some(head);
    }
    let length = rest.iter().take(10).take_while(|byte| byte.is_ascii_lowercase()).count();
    let level = Level::from_name(&rest[..length]).filter(|_| after_time)?;
    let (logger, used) = super::logger(rest[length..].strip_prefix(b" ")?);
    logger?;
    Some(text_from(rest, length + 1 + used, Head { level: Some(level), logger, length: 0 }))
}

/// `channel.LEVEL: text`, as Monolog and Laravel write it.
fn monolog(rest: &[u8]) -> Option<Head<'_>> {
    let dot = rest.iter().take(40).position(|byte| *byte == b'.')?;
    rest[..dot].iter().all(|byte| is_in_logger(*byte)).then_some(())?;
    let head = upper_word(&rest[dot + 1..]);
    let is_stated =
        head.level.is_some() && rest[dot + 1..].iter().find(|byte| !byte.is_ascii_uppercase()) == Some(&b':');
    is_stated.then_some(Head { logger: Some(&rest[..dot]), length: dot + 1 + head.length, ..head })
}

/// `I, [2025-09-02T08:00:00.123456 #17]  INFO -- name: text`, as Ruby's Logger writes it.
fn ruby(message: &[u8]) -> Option<Head<'_>> {
    let [b'D' | b'I' | b'W' | b'E' | b'F' | b'A', b',', b' ', b'[', ..] = message else { return None };
    let close = memchr::memchr(b']', &message[..message.len().min(LONGEST_BRACKET)])?;
    let at = close + 1 + message[close + 1..].iter().take_while(|byte| **byte == b' ').count();
    let word = message[at..].iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let level = Level::from_name(&message[at..at + word])?;
    let rest = message[at + word..].strip_prefix(b" -- ")?;
    let colon = memchr::memchr(b':', rest)?;
    let logger = Some(rest[..colon].trim_ascii()).filter(|name| !name.is_empty());
    let at = at + word + 4 + colon + 1;
    let blanks = message[at..].iter().take_while(|byte| **byte == b' ').count();
    Some(Head { level: Some(level), logger, length: at + blanks })
}

/// The length of a time at the start of `text`, in any of the forms of logs, be it only a clock.
fn time_length(text: &[u8]) -> Option<usize> {
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    if let Some((_, used)) = time::parse_prefix(text) {
        return Some(used);
    }
    let Some(date) = date_length(text) else { return clock_length(text) };
    let between = text[date..].iter().take(2).take_while(|byte| matches!(byte, b' ' | b',' | b':' | b'T')).count();
    let clock = clock_length(&text[date + between..])?;
    Some(date + between + clock)
}

/// `2025/08/25`, `25/Aug/2025`, `09/02/2025`.
fn date_length(text: &[u8]) -> Option<usize> {
    let length = text.iter().take(12).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'/').count();
    let parts = text[..length].split(|byte| *byte == b'/');
    (parts.clone().count() == 3 && parts.into_iter().all(|part| (1..=4).contains(&part.len()))).then_some(length)
}

/// `08:00:00`, `08:00:00.123`, `8:00AM`, `8:00:00 AM`.
fn clock_length(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',')).count();
    let mut parts = text[..length].split(|byte| *byte == b':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let is_clock = matches!(hour.len(), 1 | 2) && minute.len() == 2 && parts.count() <= 1;
    let rest = &text[length..];
    let half =
        [&b" AM"[..], b" PM", b"AM", b"PM"].iter().find(|half| rest.starts_with(half)).map_or(0, |half| half.len());
    is_clock.then_some(length + half)
}
