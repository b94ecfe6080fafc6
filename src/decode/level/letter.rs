//! Heads that state the level by its first letter.

use super::preamble::LONGEST_BRACKET;
use super::{Head, Level};

/// `E0902 08:00:00.123456      17 main.go:12] text`, as klog and glog write it: letter, month and day.
pub(super) fn klog(message: &[u8]) -> Option<Head<'_>> {
    let ([letter, day @ ..], rest) = message.split_first_chunk::<5>()?;
    let [b' ', hour, minute, b':', ..] = rest else { return None };
    let digits = day.iter().chain([hour, minute]).all(u8::is_ascii_digit);
    let level = Level::from_letter(*letter).filter(|_| digits)?;
    let close = memchr::memmem::find(&message[..message.len().min(LONGEST_BRACKET)], b"] ")?;
    Some(Head::stated(level, close + 2))
}

/// `[E 250902 08:00:00 web:2591] text`, as Tornado writes it: letter, year, month and day.
pub(super) fn tornado(message: &[u8]) -> Option<Head<'_>> {
    let [b'[', letter, b' ', date @ ..] = message else { return None };
    let (day, clock) = date.split_first_chunk::<6>()?;
    let level = Level::from_letter(*letter).filter(|_| day.iter().all(u8::is_ascii_digit))?;
    let close = memchr::memchr(b']', &message[..message.len().min(LONGEST_BRACKET)])?;
    let [year, month, day] =
        [&day[..2], &day[2..4], &day[4..]].map(|part| std::str::from_utf8(part).unwrap_or_default());
    let text = format!("20{year}-{month}-{day}{}", String::from_utf8_lossy(clock.get(..9)?));
    let time = crate::time::parse(text.as_bytes());
    let blank = usize::from(message.get(close + 1) == Some(&b' '));
    Some(Head { time, ..Head::stated(level, close + 1 + blank) })
}

/// `[I 2025-09-02 08:00:00.123 ServerApp] text`, as Jupyter writes it; older ones have the clock alone.
pub(super) fn jupyter(message: &[u8]) -> Option<Head<'_>> {
    let [b'[', letter, b' ', rest @ ..] = message else { return None };
    let found = crate::time::written::at_start(rest)?;
    let level = Level::from_letter(*letter)?;
    let close = memchr::memchr(b']', &message[..message.len().min(LONGEST_BRACKET)])?;
    let blank = usize::from(message.get(close + 1) == Some(&b' '));
    Some(Head { time: found.time, ..Head::stated(level, close + 1 + blank) })
}

/// `routers/init.go:60:mustInit() [F] text`, as Gitea writes it behind a time: the place comes first.
pub(super) fn gitea(message: &[u8]) -> Option<Head<'_>> {
    let head = &message[..message.len().min(2 * LONGEST_BRACKET)];
    let place = &head[..memchr::memchr(b' ', head)?];
    let [b' ', b'[', letter, b']', b' ', ..] = &message[place.len()..] else { return None };
    let level = Level::from_letter(*letter)?;
    let is_place = place.ends_with(b"()") && memchr::memmem::find(place, b".go:").is_some();
    is_place.then(|| Head::stated(level, place.len() + 5))
}

/// `I, [2025-09-02T08:00:00.123456 #17]  INFO -- name: text`, as Ruby's Logger writes it.
pub(super) fn ruby(message: &[u8]) -> Option<Head<'_>> {
    let [letter @ (b'D' | b'I' | b'W' | b'E' | b'F' | b'A'), b',', b' ', b'[', rest @ ..] = message else {
        return None;
    };
    let close = memchr::memchr(b']', &message[..message.len().min(LONGEST_BRACKET)])?;
    let dashes = memchr::memmem::find(&message[close..message.len().min(close + LONGEST_BRACKET)], b" -- ")?;
    let at = close + dashes + 4;
    let colon = memchr::memchr(b':', &message[at..])?;
    let logger = Some(message[at..at + colon].trim_ascii()).filter(|name| !name.is_empty());
    let blanks = message[at + colon + 1..].iter().take_while(|byte| **byte == b' ').count();
    let time = crate::time::parse_prefix(rest).map(|(time, _)| time);
    Some(Head { logger, time, ..Head::stated(Level::from_letter(*letter)?, at + colon + 1 + blanks) })
}

/// `17:M 02 Sep 2025 08:00:00.123 # text`, as Redis and Valkey write it: process and role, and a mark for the level.
pub(super) fn redis(message: &[u8]) -> Option<Head<'_>> {
    let digits = message.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let [b':', b'C' | b'M' | b'S' | b'X', b' ', rest @ ..] = &message[digits..] else { return None };
    let found = crate::time::written::at_start(rest).filter(|_| digits > 0)?;
    let at = digits + 3 + found.length;
    let [b' ', mark, b' ', ..] = &message[at..] else { return None };
    let level = match mark {
        b'.' | b'-' => Level::Debug,
        b'*' => Level::Info,
        b'#' => Level::Warning,
        _ => return None,
    };
    Some(Head { time: found.time, ..Head::stated(level, at + 3) })
}

/// `E [17:puma 001] Rails -- text` (Semantic Logger), `I NETWORK  [conn1] text` (MongoDB), `E tensorflow/core/x.cc:12] text`:
/// the letter stands alone behind a time.
pub(super) fn alone(rest: &[u8]) -> Option<Head<'_>> {
    let [letter, b' ', next, ..] = rest else { return None };
    let level = Level::from_letter(*letter)?;
    let word = rest[2..].split(|byte| *byte == b' ').next().unwrap_or_default();
    let is_name = word.contains(&b'/') || (word.len() > 2 && word.iter().all(u8::is_ascii_uppercase));
    if *next == b'[' {
        let close = memchr::memchr(b']', &rest[..rest.len().min(LONGEST_BRACKET)])?;
        let blank = usize::from(rest.get(close + 1) == Some(&b' '));
        return Some(Head::stated(level, close + 1 + blank));
    }
    is_name.then(|| Head::stated(level, 2))
}
