//! The two lines in which Rails tells a request: `Started GET "/p" for 192.0.2.7 at …` and `Completed 200 OK in 12ms (…)`.
//!
//! What belongs together is known by the tag before the text, `[3f1c…] Started …`, where the service sets one; else by the process,
//! and then only while it answers one request at a time.

use super::super::Text;
use super::{Request, status_of};
use crate::decode::duration;

/// Requests of a process whose id is not written.
const ANY_PROCESS: &[u8] = b"rails";

/// Reads a message, as it stands in JSON or not.
pub(in crate::decode) fn read(message: &[u8]) -> Option<Box<Request<'_>>> {
    let (process, mut text) = match message {
        [b'I', b',', b' ', b'[', ..] => behind_head(message)?,
        [b'S' | b'C' | b'[', ..] => (ANY_PROCESS, message),
        _ => return None,
    };
    let (mut id, mut shares_id) = (process, true);
    while let Some(tag) = text.strip_prefix(b"[") {
        let close = memchr::memmem::find(&tag[..tag.len().min(super::LONGEST_ID)], b"] ")?;
        if shares_id {
            (id, shares_id) = (&tag[..close], false);
        }
        text = &tag[close + 2..];
    }
    let none =
        Request { method: None, target: None, status: None, duration: None, client: None, id: Some(id), shares_id };
    if let Some(begun) = text.strip_prefix(b"Started ") {
        let blank = memchr::memchr(b' ', begun).filter(|blank| super::is_method(&begun[..*blank]))?;
        let quoted = &begun[blank + 1..];
        let target = quoted.strip_prefix(br#"\""#).or(quoted.strip_prefix(b"\""))?;
        let end = memchr::memchr2(b'"', b'\\', target).filter(|end| *end > 0)?;
        let (method, target) = (Some(Text::plain(&begun[..blank])), Some(Text::plain(&target[..end])));
        return Some(Box::new(Request { method, target, ..none }));
    }
    let ended = text.strip_prefix(b"Completed ")?;
    let status = status_of(ended.get(..3)?)?;
    let taken = &ended[memchr::memmem::find(ended, b" in ")? + 4..];
    let taken = &taken[..memchr::memchr(b' ', taken).unwrap_or(taken.len())];
    Some(Box::new(Request { status: Some(status), duration: duration::with_units(taken), ..none }))
}

/// The id of the process and the text of `I, [2025-09-02T08:00:00.123456 #17]  INFO -- : text`.
fn behind_head(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let close = memchr::memchr(b']', &message[..message.len().min(64)])?;
    let number = memchr::memrchr(b'#', &message[..close])?;
    let dashes = memchr::memmem::find(&message[close..message.len().min(close + 64)], b" -- ")? + close + 4;
    let colon = memchr::memmem::find(&message[dashes..], b": ")? + dashes;
    Some((&message[number..close], &message[colon + 2..]))
}
