//! Lines of syslog with their priority: `<27>1 2025-09-02T08:00:00Z host app 17 - - text` (RFC 5424) and
//! `<27>Sep  2 08:00:00 host app[17]: text` (RFC 3164).

use super::{Head, Level, head};
use crate::time::{Time, written};

/// What stands before the text of such a line.
pub(in crate::decode) struct Prefix<'a> {
    /// `None` where no year is written.
    pub time: Option<Time>,
    /// The priority's, which is often that of the stream a program wrote to.
    pub level: Level,
    /// Host and program.
    pub name: &'a [u8],
    /// Its length in bytes.
    pub length: usize,
}

/// The prefix of a line that begins with a priority.
pub(in crate::decode) fn prefix(message: &[u8]) -> Option<Prefix<'_>> {
    let close = message.iter().take(5).position(|byte| *byte == b'>')?;
    let priority: u32 =
        std::str::from_utf8(&message[1..close]).ok()?.parse().ok().filter(|priority| *priority < 192)?;
    let level = Level::from_syslog_severity(priority % 8);
    let mut at = close + 1;
    let is_new = message[at..].starts_with(b"1 ");
    at += if is_new { 2 } else { 0 };
    let found = written::at_start(&message[at..])?;
    at += found.length;
    let length = if is_new { fields(&message[at..])? } else { tag(&message[at..])? };
    let name = &message[at..at + length].trim_ascii();
    Some(Prefix { time: found.time, level, name, length: at + length })
}

/// The level of the text wins over the priority's.
pub(super) fn read(message: &[u8]) -> Option<Head<'_>> {
    let Prefix { time, level, length, .. } = prefix(message)?;
    let inner = head::head_of(&message[length..], true);
    let stated = Head { level: inner.level.or(Some(level)), ..inner };
    Some(Head { time: time.or(inner.time), ..stated.behind(length) })
}

/// The length of host and program, `host app[17]: `, or of the program alone.
fn tag(rest: &[u8]) -> Option<usize> {
    let end = memchr::memmem::find(rest, b": ")?;
    let words = rest[..end].trim_ascii().split(u8::is_ascii_whitespace).count();
    (words <= 2).then_some(end + 2)
}

/// The length of host, program, process, message id and structured data.
fn fields(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..4 {
        at += 1 + memchr::memchr(b' ', rest.get(at + 1..)?)?;
    }
    at += 1;
    at += match rest.get(at)? {
        b'[' => memchr::memmem::find(&rest[at..], b"] ")? + 1,
        _ => memchr::memchr(b' ', &rest[at..])?,
    };
    Some(at + 1)
}
