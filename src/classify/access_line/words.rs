//! Requests that a logger tells in words, behind its own head: `GET /p 200 12ms` and its many variants.
//!
//! - morgan's `short` and `tiny`, express-winston, Hono, koa-logger, Next.js, Nest: `--> GET /p 200 12ms 5b`, `GET /p 200 in 12ms`;
//! - the status first: Tornado's `200 GET /p (192.0.2.7) 1.2ms`, Octane's `200  GET /p ..... 1.2 ms`, Ktor's `200 OK: GET - /p in 12ms`,
//!   PHP's own server's `192.0.2.7:4242 [200]: GET /p`;
//! - Serilog's `HTTP GET /p responded 200 in 1.2 ms`, ASP.NET's `Request finished HTTP/1.1 GET http://h/p - 200 - text/plain 1.2ms`,
//!   Sanic's `192.0.2.7:4242 GET http://h/p 200 7  1.2ms`;
//! - uWSGI's line and tower-http's, which have forms of their own.
//!
//! A sentence about a request is none: before the method and behind the status only what these formats have may stand.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::front::{is_address, without_port};
use super::{AccessLine, path_and_query, status};
use crate::decode::{Attributes, duration};

const METHODS: [&[u8]; 7] = [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS"];
// What the forms of their own are known by, looked for in every line that holds a slash.
static FINISHED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("finished processing request"));
static WITHOUT_SPAN: LazyLock<Finder<'_>> =
    LazyLock::new(|| Finder::new("tower_http::trace::on_response: finished processing request "));
static FAILED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("response failed classification=Status code: "));
static GENERATED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(" => generated "));

static RESPONSE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("[response"));

/// Words that may stand before a method.
const MOST_WORDS_BEFORE: usize = 8;
/// Bytes up to hapi's tag: a time, and an id of the request.
const LONGEST_HEAD: usize = 128;

/// Reads the text of a line without its head.
pub(in crate::classify) fn in_words(body: &[u8]) -> Option<AccessLine<'_>> {
    let body = without_logger(body);
    usual(body).or_else(|| tower(body)).or_else(|| uwsgi(body)).or_else(|| hapi(body))
}

/// The text behind `name - `, where a logger's name stands last in a head.
pub(super) fn without_logger(body: &[u8]) -> &[u8] {
    let length = body.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')).count();
    let is_name = body.first().is_some_and(u8::is_ascii_alphabetic) && !METHODS.contains(&&body[..length]);
    body[length..].strip_prefix(b" - ").filter(|_| is_name).unwrap_or(body)
}

fn words(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty())
}

/// What stands before the method.
#[derive(Default)]
struct Before<'a> {
    status: Option<u16>,
    client: Option<&'a [u8]>,
    /// How long it took, as old fiber has it behind the status.
    taken: Option<i64>,
    /// Whether the line is of a server that writes the host into the target.
    may_have_host: bool,
}

fn usual(body: &[u8]) -> Option<AccessLine<'_>> {
    let mut before = Before::default();
    let mut in_reason = false;
    let mut words = words(body);
    for _ in 0..MOST_WORDS_BEFORE {
        let word = words.next()?;
        if METHODS.contains(&word) {
            return behind_method(before, word, words);
        }
        in_reason = !before.take(word, in_reason)?;
    }
    None
}

impl<'a> Before<'a> {
    /// Takes a word that may stand there; whether what a status is called has ended.
    fn take(&mut self, word: &'a [u8], in_reason: bool) -> Option<bool> {
        if in_reason || (self.status.is_some() && word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b':')) {
            return Some(word.ends_with(b":"));
        }
        let bare =
            word.strip_prefix(b"[").map_or(word, |inner| inner.split(|byte| *byte == b']').next().unwrap_or(inner));
        if let Some(code) = status(bare) {
            self.status = Some(code);
        } else if self.status.is_some()
            && self.taken.is_none()
            && let Some(taken) = duration::with_units(word)
        {
            self.taken = Some(taken);
        } else if is_address(word) {
            self.client = Some(without_port(word));
            self.may_have_host = true;
        } else if word.starts_with(b"HTTP/") || word.eq_ignore_ascii_case(b"http") || word == b"HTTP:" {
            self.may_have_host |= word.starts_with(b"HTTP/");
        } else {
            const ALLOWED: [&[u8]; 12] = [
                b"-->",
                b"xxx",
                b"->",
                b"-",
                b"|",
                b"request",
                b"response",
                b"completed",
                b"finished",
                b"handled",
                b"access",
                b"\xe2\x86\x92",
            ];
            let plain = word.strip_suffix(b":").unwrap_or(word);
            let is_tag = word.contains(&b'[') && word.ends_with(b"]");
            (is_tag || ALLOWED.iter().any(|allowed| plain.eq_ignore_ascii_case(allowed))).then_some(())?;
        }
        Some(true)
    }
}

fn behind_method<'a>(
    before: Before<'a>,
    method: &'a [u8],
    words: impl Iterator<Item = &'a [u8]>,
) -> Option<AccessLine<'a>> {
    let mut words = words.peekable();
    words.next_if_eq(&&b"-"[..]);
    let target = words.next()?;
    // A URL with a host is a call that the service made, where no server is known to write its own so.
    (target.starts_with(b"/") || (before.may_have_host && target.starts_with(b"http"))).then_some(())?;
    words.next_if(|word| word.starts_with(b"HTTP/"));
    let code = match before.status {
        Some(code) => code,
        None => {
            const BETWEEN: [&[u8]; 9] =
                [b"-", b"->", b"=>", b"|", b"\xe2\x86\x92", b"responded", b"returned", b"status", b"status:"];
            while words.next_if(|word| BETWEEN.contains(word)).is_some() {}
            let word = words.next()?;
            let bare = word.strip_prefix(b"[").and_then(|word| word.strip_suffix(b"]")).unwrap_or(word);
            let bare = bare.strip_suffix(b",").or(bare.strip_suffix(b":")).unwrap_or(bare);
            status(bare.strip_prefix(b"status=").unwrap_or(bare))?
        }
    };
    while words.next_if(|word| word[0].is_ascii_uppercase() && word.iter().all(u8::is_ascii_alphabetic)).is_some() {}
    let rest_begins = words.peek().is_none_or(|word| {
        word[0].is_ascii_digit()
            || matches!(word[0], b'-' | b'(' | b'+' | b'|' | b'.' | b'[')
            || *word == b"in"
            || word.contains(&b'=')
    });
    rest_begins.then_some(())?;
    let (path, query) = path_and_query(target)?;
    let duration_ns = before.taken.or_else(|| time_taken(words));
    Some(AccessLine { client: before.client, method, path, query, status: code, duration_ns })
}

/// The first duration with a unit; Nest adds the time since the line before it, `+3ms`.
fn time_taken<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<i64> {
    let mut last: Option<&[u8]> = None;
    for word in words {
        let bare = word.strip_prefix(b"(").unwrap_or(word);
        let bare = bare.strip_suffix(b")").or(bare.strip_suffix(b",")).unwrap_or(bare);
        let bare = memchr::memchr(b'=', bare).map_or(bare, |at| &bare[at + 1..]);
        if let Some(taken) = duration::with_units(bare) {
            return Some(taken);
        }
        if let (Some(number), Some(unit)) = (last, duration::unit(bare))
            && let Some(taken) = duration::of_number(number, unit)
        {
            return Some(taken);
        }
        last = Some(bare);
    }
    None
}

/// `request{method=GET uri=/p version=HTTP/1.1}: …: finished processing request latency=12 ms status=200`, of tower-http's layer
/// for tracing. The line of a failure, which it writes besides, is none ([`fails_again`]).
fn tower(body: &[u8]) -> Option<AccessLine<'_>> {
    let end = FINISHED.find(body)?;
    let value = |text: &'_ [u8], name: &[u8]| -> Option<std::ops::Range<usize>> {
        let at = memmem::find(text, name)? + name.len();
        let length = text[at..].iter().take_while(|byte| !matches!(byte, b' ' | b'}' | b',')).count();
        Some(at..at + length)
    };
    let (span, tail) = body.split_at(end);
    let code = status(&tail[value(tail, b"status=")?])?;
    let (method, target) = (&span[value(span, b"method=")?], &span[value(span, b"uri=")?]);
    METHODS.contains(&method).then_some(())?;
    let (path, query) = path_and_query(target)?;
    Some(AccessLine { client: None, method, path, query, status: code, duration_ns: time_taken(words(tail)) })
}

/// `[response] http://localhost:3000: get /p {"q":"1"} 200 (12ms)`, of hapi's good; its tags may be more.
fn hapi(body: &[u8]) -> Option<AccessLine<'_>> {
    let head = &body[..body.len().min(LONGEST_HEAD)];
    let tagged = &body[RESPONSE.find(head)? + RESPONSE.needle().len()..];
    let said = &tagged[memmem::find(tagged, b"] http")? + 2..];
    let mut words = words(&said[memmem::find(said, b": ")? + 2..]);
    let (method, target) = (words.next()?, words.next()?);
    let method = METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(method))?;
    let (path, query) = path_and_query(target).filter(|_| target.starts_with(b"/"))?;
    let mut ends = words.rev();
    let (taken, code) = (ends.next()?, status(ends.next()?)?);
    let duration_ns = duration::with_units(taken.strip_prefix(b"(")?.strip_suffix(b")")?);
    Some(AccessLine { client: None, method, path, query, status: code, duration_ns })
}

/// The same line where the span is of a level that is not written: nobody knows what was asked for. Looked for in every line without a
/// slash.
pub(in crate::classify) fn without_path(message: &[u8]) -> Option<AccessLine<'_>> {
    let tail = &message[WITHOUT_SPAN.find(message)? + WITHOUT_SPAN.needle().len()..];
    let code = words(tail).find_map(|word| status(word.strip_prefix(b"status=")?))?;
    let duration_ns = time_taken(words(tail));
    Some(AccessLine { client: None, method: b"-", path: b"-", query: None, status: code, duration_ns })
}

/// Whether a line is tower-http's of an answer, in text or as the message of tracing's JSON.
pub(in crate::classify) fn is_answer(message: &[u8]) -> bool {
    FINISHED.find(message).is_some()
}

/// Whether a line says of a request that its answer was a failure: tower-http's `response failed classification=Status code: 500 …`. By
/// default only this one is of a level that is written; where the answers are, too, it says nothing new.
pub(in crate::classify) fn fails_again(message: &[u8], attributes: Attributes<'_>) -> bool {
    const CLASSIFIED: &[u8] = b"classification\":\"Status code: ";
    match attributes {
        Attributes::Json(object) if reads_attributes(message) => memmem::find(object, CLASSIFIED).is_some(),
        _ => FAILED.find(message).is_some(),
    }
}

/// Whether what a message says of a request depends on the members beside it.
pub(in crate::classify) fn reads_attributes(message: &[u8]) -> bool {
    message == b"response failed"
}

/// `[pid: 7|app: 0|req: 1/1] 192.0.2.7 () {32 vars in 400 bytes} [Tue Sep  2 08:00:00 2025] GET /p => generated 7 bytes in 12 msecs
/// (HTTP/1.1 200) 2 headers …`.
fn uwsgi(body: &[u8]) -> Option<AccessLine<'_>> {
    let generated = GENERATED.find(body)?;
    let request = &body[memmem::rfind(&body[..generated], b"] ")? + 2..generated];
    let client = words(&body[memchr::memchr(b']', body)? + 1..]).next()?;
    let blank = memchr::memchr(b' ', request)?;
    let (path, query) = path_and_query(&request[blank + 1..])?;
    let tail = &body[generated + GENERATED.needle().len()..];
    let open = memmem::find(tail, b"(HTTP/")?;
    let code = words(&tail[open..]).nth(1)?.strip_suffix(b")")?;
    let duration_ns = time_taken(words(&tail[..open]));
    Some(AccessLine {
        client: Some(client),
        method: &request[..blank],
        path,
        query,
        status: status(code)?,
        duration_ns,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<(String, u16, Option<i64>)> {
        in_words(body.as_bytes()).map(|line| {
            let request = [line.method, b" ", line.path].concat();
            (String::from_utf8(request).unwrap(), line.status, line.duration_ns.map(|taken| taken / 1_000))
        })
    }

    #[test]
    fn requests_in_words() {
        let uwsgi = "[pid: 7|app: 0|req: 1/1] 10.0.0.1 () {32 vars in 400 bytes} [Tue Sep  2 08:00:00 2025] GET /a?b => generated 7 bytes in 12 msecs (HTTP/1.1 500) 2 headers in 79 bytes (1 switches on core 0)";
        for body in [
            "GET /a?b 500 12ms",
            "GET /a 500 7 - 12.000 ms",
            "::ffff:127.0.0.1 - GET /a?b HTTP/1.1 500 7 - 12.000 ms",
            "--> GET /a?b 500 12ms 1b",
            "  --> GET /a 500 12ms 1b",
            "xxx GET /a 500 12ms -",
            " GET /a 500 in 12ms (compile: 1s, render: 2ms)",
            "[HTTP] GET /a 500 7 - 12ms +3ms",
            "HTTP GET /a 500 12ms",
            "500 GET /a?b (127.0.0.1) 12.00ms",
            "  500    GET /a ............ 3.00 mb 12.00 ms",
            "500 Internal Server Error: GET - /a in 12ms",
            "HTTP GET /a responded 500 in 12.0000 ms",
            "Request finished HTTP/1.1 GET http://localhost:5000/a?b - 500 - text/plain 12.0ms",
            "127.0.0.1:4242 GET http://127.0.0.1:8000/a?b 500 7  12.0ms",
            "GET /a -> 500 (12ms)",
            "GET /a - 500 - 12ms",
            "GET /a status=500 duration=12ms",
            "GET /a 500 Internal Server Error in 12ms",
            "request{method=GET uri=/a?b version=HTTP/1.1}: tower_http::trace::on_response: finished processing request latency=12 ms status=500",
            "[08:00:00] 500 -  12ms GET /a?b",
            "250902/080000.123, [response] http://localhost:3000: get /a {\"b\":\"c d\"} 500 (12ms)",
            "[1756800000123:h:1:abc:10000] [response,api] http://h: get /a {} 500 (12ms)",
            uwsgi,
        ] {
            assert_eq!(read(body), Some(("GET /a".into(), 500, Some(12_000))), "{body}");
        }
        assert_eq!(read("127.0.0.1:4242 [500]: GET /a"), Some(("GET /a".into(), 500, None)));
        assert_eq!(read("[HTTP] GET /a 500 - curl/8 127.0.0.1"), Some(("GET /a".into(), 500, None)));
    }

    #[test]
    fn a_request_of_which_only_the_end_is_told() {
        let line = b"2025-09-02T08:00:00Z  INFO tower_http::trace::on_response: finished processing request latency=12 ms status=500";
        let read = without_path(line).map(|line| (line.path, line.status, line.duration_ns));
        assert_eq!(read, Some((&b"-"[..], 500, Some(12_000_000))));
        assert_eq!(without_path(b"finished processing request latency=12 ms status=500"), None);
    }

    #[test]
    fn sentences_about_requests_are_none() {
        for body in [
            "GET /a failed with 500",
            "GET /a 500 happened again",
            "could not GET /a 500 12ms",
            "Request failed: GET /a 500",
            "<-- GET /a",
            "GET https://api.example.com/a 200 12ms",
            "calling GET /a",
            "GET /a",
            "Processing by X#y as HTML /a",
            "Started GET \"/a\" for 10.0.0.1",
            "finished processing request latency=12 ms status=500",
            "response failed classification=Status code: 500 latency=12 ms",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
