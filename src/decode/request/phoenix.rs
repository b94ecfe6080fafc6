//! The two lines in which Phoenix tells a request, those of `Plug.Logger`: `GET /p` and `Sent 200 in 12ms`, or `Chunked 200 in 812µs`.
//!
//! Elixir's logger writes a time, metadata and the level before them, in the order that its format says. What belongs together is
//! known by `request_id` in the metadata, where the service shows it; else only while one request is answered at a time.

use super::super::Text;
use super::{Request, status_of};
use crate::decode::duration;

/// Requests whose id is not written.
const ANY_REQUEST: &[u8] = b"phoenix";

/// Parts of the head that are stepped over: a date, a time, a level, metadata.
const MOST_PARTS: usize = 12;

/// Whether a message may be one of these lines: looks at few bytes.
#[inline]
pub(in crate::decode) fn may_begin(message: &[u8]) -> bool {
    matches!(
        message,
        [b'G', b'E', b'T', b' ', ..]
            | [b'P', b'O' | b'U' | b'A', b'S' | b'T', ..]
            | [b'D', b'E', b'L', ..]
            | [b'H', b'E', b'A', ..]
            | [b'O', b'P', b'T', ..]
            | [b'S', b'e', b'n', ..]
            | [b'C', b'h', b'u', ..]
            | [b'r', b'e', b'q', ..]
            | [b'[', b'i' | b'd', ..]
            | [b'0'..=b'2', b'0'..=b'9', b':', ..]
            | [b'2', b'0', b'0'..=b'9', b'0'..=b'9', b'-', ..]
    )
}

/// Reads a message, as it stands in JSON or not.
pub(in crate::decode) fn read(message: &[u8]) -> Option<Box<Request<'_>>> {
    if !may_begin(message) {
        return None;
    }
    let (mut id, mut text) = (None, message);
    for _ in 0..MOST_PARTS {
        let word = &text[..memchr::memchr(b' ', text)?];
        let is_level = word.starts_with(b"[") && word.ends_with(b"]");
        let is_time = matches!(word, [b'0'..=b'9', b'0'..=b'9', b':', ..] | [b'2', b'0', _, _, b'-', ..]);
        let metadata = memchr::memchr(b'=', word).filter(|_| word.first().is_some_and(u8::is_ascii_lowercase));
        if let Some(equals) = metadata {
            id = id.or((&word[..equals] == b"request_id").then_some(&word[equals + 1..]));
        } else if !is_level && !is_time {
            break;
        }
        text = text[word.len()..].trim_ascii_start();
    }
    let id = id.filter(|id| !id.is_empty() && id.len() <= super::LONGEST_ID);
    let (id, shares_id) = (id.unwrap_or(ANY_REQUEST), id.is_none());
    let none =
        Request { method: None, target: None, status: None, duration: None, client: None, id: Some(id), shares_id };
    if let Some(ended) = text.strip_prefix(b"Sent ").or(text.strip_prefix(b"Chunked ")) {
        let status = status_of(ended.get(..3)?)?;
        let taken = ended[3..].strip_prefix(b" in ")?;
        return Some(Box::new(Request { status: Some(status), duration: Some(nanoseconds(taken)?), ..none }));
    }
    let blank = memchr::memchr(b' ', text)?;
    let (method, target) = (&text[..blank], text[blank + 1..].trim_ascii_end());
    let is_all = target.starts_with(b"/") && !target.iter().any(|byte| matches!(byte, b' ' | b'\\' | b'"'));
    (super::is_method(method) && is_all)
        .then(|| Box::new(Request { method: Some(Text::plain(method)), target: Some(Text::plain(target)), ..none }))
}

/// A duration, whose micro sign JSON may escape.
fn nanoseconds(taken: &[u8]) -> Option<i64> {
    let escaped = [&br"\u00b5s"[..], br"\u00B5s"].iter().find_map(|unit| taken.strip_suffix(*unit));
    match escaped {
        Some(number) => duration::of_number(number, 1e3),
        None => duration::with_units(taken),
    }
}
