//! The two lines in which ASP.NET Core tells a request up to version 3.1: `Request starting HTTP/1.1 GET http://host/p` and `Request
//! finished in 12.3ms 200 text/plain`. Later versions say all of it in the second, which is a line of an access log.
//!
//! The console logger writes a line with level and category before each, and the scopes where it is asked to, so that the message is
//! an entry of two or three lines. What belongs together is known by `RequestId` among the scopes, or beside the message in JSON;
//! else only while one request is answered at a time.

use memchr::memmem;

use super::super::Text;
use super::{LONGEST_ID, Request, is_method, path, status_of};
use crate::decode::duration;

/// Requests whose id is not written.
const ANY_REQUEST: &[u8] = b"aspnet";

const STARTING: &[u8] = b"Request starting HTTP/";
const FINISHED: &[u8] = b"Request finished in ";

/// Whether a message may be one of these lines: looks at few bytes.
#[inline]
pub(in crate::decode) fn may_begin(message: &[u8]) -> bool {
    matches!(
        message,
        [b'R', b'e', b'q', ..]
            | [b'[' | b'|', b'I', b'N', b'F', ..]
            | [b'[', b'0'..=b'2', b'0'..=b'9', b':', ..]
            | [b'2', b'0', b'0'..=b'9', b'0'..=b'9', b'-', ..]
    )
}

/// Reads a message, or the lines of an entry.
pub fn read(message: &[u8]) -> Option<Box<Request<'_>>> {
    let (at, starts) = match memmem::find(message, STARTING) {
        Some(at) => (at, true),
        None => (memmem::find(message, FINISHED)?, false),
    };
    // What stands before is a logger's head, and no sentence.
    let before = &message[..at];
    let ends_head = |byte: &u8| matches!(byte, b']' | b'|' | b':' | b'-' | b'\n');
    let is_head = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(ends_head);
    is_head.then_some(())?;
    let (id, shares_id) = scope(before).map_or((ANY_REQUEST, true), |id| (id, false));
    let none =
        Request { method: None, target: None, status: None, duration: None, client: None, id: Some(id), shares_id };
    if !starts {
        let (taken, rest) = word(&message[at + FINISHED.len()..]);
        let (status, _) = word(rest);
        let duration = Some(duration::with_units(taken)?);
        return Some(Box::new(Request { status: Some(status_of(status)?), duration, ..none }));
    }
    let (_, rest) = word(&message[at + STARTING.len()..]);
    let (method, rest) = word(rest);
    let (target, rest) = word(rest);
    // Later versions write a dash there.
    let (next, _) = word(rest);
    let target = path(Text::plain(target), true).filter(|_| is_method(method) && next != b"-")?;
    Some(Box::new(Request { method: Some(Text::plain(method)), target: Some(target), ..none }))
}

/// The request's id among the scopes: `=> RequestPath:/p RequestId:0HLV:00000001, SpanId:…`.
fn scope(text: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"RequestId:";
    let value = &text[memmem::find(text, NAME)? + NAME.len()..];
    let end = value.iter().position(|byte| matches!(byte, b',' | b' ' | b'\n' | b'"')).unwrap_or(value.len());
    (1..=LONGEST_ID).contains(&end).then(|| &value[..end])
}

/// The first word of a line, and what follows it there.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let text = text.trim_ascii_start();
    text.split_at(text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Part;

    #[test]
    fn both_lines_are_read_and_no_sentence_about_them() {
        let start = |message: &'static str| read(message.as_bytes()).map(|request| (request.part(), request.target));
        for (message, id) in [
            ("Request starting HTTP/1.1 GET http://localhost:5000/a?b  ", "aspnet"),
            ("[08:00:01 INF] Request starting HTTP/2 POST https://shop.example/a?b application/json 12", "aspnet"),
            (
                "info: Microsoft.AspNetCore.Hosting.Diagnostics[1]\n      Request starting HTTP/1.1 GET http://h/a?b",
                "aspnet",
            ),
            (
                "info: X[1]\n      => ConnectionId:0HLV => RequestPath:/a RequestId:0HLV:01, SpanId:|7.\n      Request starting HTTP/1.1 GET http://h/a?b",
                "0HLV:01",
            ),
        ] {
            assert_eq!(start(message), Some((Part::Begins, Some(Text::plain(b"/a?b")))), "{message}");
            let request = read(message.as_bytes()).unwrap();
            assert_eq!((request.id, request.shares_id), (Some(id.as_bytes()), id == "aspnet"), "{message}");
        }
        for message in [
            "Request finished in 12.5ms 500 application/json; charset=utf-8",
            "2025-09-02 08:00:01.1234|INFO|Microsoft.AspNetCore.Hosting.Diagnostics|Request finished in 12.5ms 500 ",
            "info: Microsoft.AspNetCore.Hosting.Internal.WebHost[2]\n      Request finished in 12.5ms 500 ",
        ] {
            let request = read(message.as_bytes()).unwrap_or_else(|| panic!("{message}"));
            assert_eq!((request.part(), request.status), (Part::Ends, Some(500)), "{message}");
            assert_eq!(request.duration, Some(12_500_000), "{message}");
        }
        for message in [
            "Request starting HTTP/1.1 GET http://localhost:5000/a - -",
            "Request starting HTTP/1.1 GET http://localhost:5000/a - application/json 12",
            "Request finished HTTP/1.1 GET http://localhost:5000/a - 200 - text/plain 12.5ms",
            "The Request finished in 12.5ms 200",
            "Request finished in time",
            "Request starting",
        ] {
            assert!(read(message.as_bytes()).is_none(), "{message}");
        }
    }
}
