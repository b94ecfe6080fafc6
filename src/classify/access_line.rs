//! Access lines: what a web server prints about each request it answered.
//!
//! Read by hand, from the first quote outwards, because they are often most of a log, and nearly all of one kind; the lines
//! without quotes (morgan's) are read with nom.

mod columns;
mod duration;
mod front;
mod haproxy;
mod load_balancer;
mod morgan;
mod quoted;
mod words;

use memchr::{memchr, memchr_iter};

use duration::trailing_duration;
use front::Front;
use morgan::morgan;
pub(super) use quoted::in_quotes;
pub(super) use words::{fails_again, in_words, is_answer, reads_attributes, without_path};

/// One answered request, borrowed from the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessLine<'a> {
    /// The peer's address without its port or brackets; `None` where the line names none.
    pub client: Option<&'a [u8]>,
    /// 1 to 16 upper-case letters; `-`, as the path, of a connection that ended before its request (408).
    pub method: &'a [u8],
    /// The request target up to its `?`, as written (percent-encoding and `\"` are left alone).
    pub path: &'a [u8],
    /// What follows the `?`, if there is one.
    pub query: Option<&'a [u8]>,
    /// 100 to 599.
    pub status: u16,
    /// Nanoseconds; `None` where the format carries no duration (uvicorn's and plain combined do not).
    pub duration_ns: Option<i64>,
}

/// Reads a whole message, ANSI colours already taken out, as an access line of
///
/// - uvicorn: `INFO:     192.0.2.7:40112 - "GET /p?q HTTP/1.1" 200 OK`, with that head, another logger's, or none;
/// - Apache, nginx, gunicorn, hypercorn, werkzeug, Django: the common and combined formats, also with a duration after them,
///   in seconds (`0.123`, `rt=0.123`, `0.123s`) or milliseconds (`123ms`);
/// - morgan `dev` and `tiny`: `GET /p 200 12.3 ms - 45`, `GET /p 200 45 - 12.3 ms`;
/// - gin, fiber, negroni, chi, haproxy, AWS' load balancers and php-fpm.
///
/// A request that the service itself made (urllib3's and httpx's lines) is not one. A bare integer after a combined line is
/// not taken for a duration: its unit is anybody's guess.
#[must_use]
pub fn access_line(message: &[u8]) -> Option<AccessLine<'_>> {
    let Some(quote) = memchr(b'"', message) else {
        return morgan(message).or_else(|| unusual(message, message.len()));
    };
    let rest = &message[quote + 1..];
    let Some((method, request)) = method(rest) else { return unusual(message, quote) };
    let Some(front) = Front::read(&message[..quote]) else {
        let front = &message[..quote];
        return columns::chi(rest)
            .or_else(|| haproxy::haproxy(front, rest))
            .or_else(|| load_balancer::load_balancer(front, rest));
    };
    let (request, status, tail) = request_and_status(request)?;
    let target = match request.strip_suffix(b" HTTP/1.1") {
        Some(target) => target,
        None => front.target(request)?,
    };
    let (path, query) = path_and_query(target)?;
    Some(AccessLine {
        client: front.client(),
        method,
        path,
        query,
        status,
        duration_ns: match front {
            Front::Dated(_) if !tail.is_empty() => trailing_duration(tail),
            _ => None,
        },
    })
}

/// Lines whose first quote, at `quote`, is not that of a method.
fn unusual(message: &[u8], quote: usize) -> Option<AccessLine<'_>> {
    if matches!(message, [b'0'..=b'9' | b'[' | b'|', ..]) && memchr(b'|', &message[..quote]).is_some() {
        return columns::columns(message);
    }
    let line = columns::without_request(message.get(quote + 1..)?)?;
    match Front::read(&message[..quote])? {
        Front::Dated(client) => Some(AccessLine { client, ..line }),
        Front::Peer(_) => None,
    }
}

/// uvicorn's line as it mostly is, in two parts: what stands before the request's quote, and what follows it, which is the
/// same for all equal requests. A message that is `escaped` as it stood in JSON is split there, too.
pub(super) fn split(message: &[u8], escaped: bool) -> Option<(&[u8], &[u8])> {
    match escaped {
        true => split_at_escaped_quote(message),
        false => memchr(b'"', message).map(|quote| (&message[..quote], &message[quote + 1..])),
    }
}

/// The client that the first part of uvicorn's line names, if it does; `None` for anything else.
pub(super) fn peer(front: &[u8]) -> Option<Option<&[u8]>> {
    if let Some(client) = front::usual_peer(front) {
        return Some(Some(client));
    }
    match Front::read(front)? {
        Front::Peer(client) => Some(client),
        Front::Dated(_) => None,
    }
}

/// Reads the second part of uvicorn's line, if nothing about it is unusual. The line's client is left to [`peer`].
pub(super) fn request(rest: &[u8], escaped: bool) -> Option<AccessLine<'_>> {
    let (method, rest) = method(rest)?;
    let (request, status, tail) = match escaped {
        true => {
            let (request, after) = split_at_escaped_quote(rest)?;
            let (status, tail) = status_after_quote(after)?;
            (request, status, tail)
        }
        false => request_and_status(rest)?,
    };
    if escaped && memchr(b'\\', tail).is_some() {
        return None;
    }
    let (path, query) = path_and_query(request.strip_suffix(b" HTTP/1.1")?)?;
    Some(AccessLine { client: None, method, path, query, status, duration_ns: None })
}

/// What stands before and after the first backslash and its quote; `None` if another character is escaped first.
fn split_at_escaped_quote(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr(b'\\', raw)?;
    (raw.get(at + 1) == Some(&b'"')).then(|| (&raw[..at], &raw[at + 2..]))
}

/// The method and what follows its space.
fn method(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().take(17).position(|byte| !byte.is_ascii_uppercase())?;
    (end > 0 && text[end] == b' ').then(|| (&text[..end], &text[end + 1..]))
}

/// `text` up to the quote that ends the request, the status after it, and the rest. A quote that is escaped, or that no
/// status follows, belongs to the target.
fn request_and_status(text: &[u8]) -> Option<(&[u8], u16, &[u8])> {
    quotes(text).find_map(|quote| {
        let (status, tail) = status_after_quote(&text[quote + 1..])?;
        Some((&text[..quote], status, tail))
    })
}

/// The status after the request's last quote, and what follows it.
fn status_after_quote(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, tail) = text.strip_prefix(b" ")?.split_at_checked(3)?;
    let ends = tail.first().is_none_or(u8::is_ascii_whitespace);
    Some((status(digits).filter(|_| ends)?, tail))
}

/// Where quotes stand that no backslash escapes.
fn quotes(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr_iter(b'"', text).filter(|&quote| {
        let before = text[..quote].iter().rev();
        before.take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

fn status(digits: &[u8]) -> Option<u16> {
    match digits {
        [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

fn path_and_query(target: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let target = if target.starts_with(b"http") { without_host(target) } else { target };
    if target.is_empty() {
        return None;
    }
    Some(match memchr(b'?', target) {
        Some(mark) => (&target[..mark], Some(&target[mark + 1..])),
        None => (target, None),
    })
}

/// A target as a proxy is asked for it, from its path on.
fn without_host(target: &[u8]) -> &[u8] {
    let rest = [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| target.strip_prefix(scheme));
    match rest.map(|rest| (rest, memchr(b'/', rest))) {
        None => target,
        Some((rest, Some(slash))) => &rest[slash..],
        Some((_, None)) => b"/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `client method path ?query status duration` with `-` for what is not there.
    fn read(line: &str) -> Option<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        access_line(line.as_bytes()).map(|line| {
            let client = line.client.map_or("-".into(), text);
            let query = line.query.map_or("-".into(), |query| format!("?{}", text(query)));
            let duration = line.duration_ns.map_or("-".into(), |ns| ns.to_string());
            let (method, path) = (text(line.method), text(line.path));
            format!("{client} {method} {path} {query} {} {duration}", line.status)
        })
    }

    pub(super) fn check(lines: &[(&str, &str)]) {
        for (line, want) in lines {
            assert_eq!(read(line).as_deref(), Some(*want), "{line}");
        }
    }

    #[test]
    fn uvicorn() {
        let post = "192.0.2.7 POST /api/bots ?dry=1 500 -";
        let get = "192.0.2.7 GET / - 200 -";
        check(&[
            (r#"INFO:     192.0.2.7:40112 - "POST /api/bots?dry=1 HTTP/1.1" 500 Internal Server Error"#, post),
            (r#"192.0.2.7:40112 - "POST /api/bots?dry=1 HTTP/1.1" 500 Internal Server Error"#, post),
            (r#"INFO:uvicorn.access:192.0.2.7:40112 - "GET / HTTP/1.0" 200"#, get),
            (r#"2026-02-03 10:11:12,345 - uvicorn.access - INFO - 192.0.2.7:0 - "GET / HTTP/2" 200 OK"#, get),
            (r#"INFO:  192.0.2.7 -  "GET / HTTP/3" 200 OK"#, get),
            (r#"INFO:     [::1]:5000 - "GET / HTTP/1.1" 200 OK"#, "::1 GET / - 200 -"),
            (r#"INFO:     ::1:5000 - "GET / HTTP/1.1" 200 OK"#, "::1 GET / - 200 -"),
            (r#"INFO:uvicorn.access:2001:db8::7:5000 - "GET / HTTP/1.1" 200 OK"#, "2001:db8::7 GET / - 200 -"),
            (r#"INFO:     testclient:50000 - "PUT /a HTTP/1.1" 204 No Content"#, "testclient PUT /a - 204 -"),
            (r#"INFO:     fe80::1%eth0:4242 - "GET /a HTTP/1.1" 500 Error"#, "fe80::1 GET /a - 500 -"),
            (r#"None - "GET /a HTTP/1.1" 500"#, "- GET /a - 500 -"),
            (r#"INFO:     None - "GET /a HTTP/1.1" 500"#, "- GET /a - 500 -"),
            (r#"INFO:      - "GET /a? HTTP/1.1" 404 Not Found"#, "- GET /a ? 404 -"),
            (
                r#"INFO:     192.0.2.7:1 - "GET /a b/\"c\" 200 x HTTP/1.1" 404 Not Found"#,
                r#"192.0.2.7 GET /a b/\"c\" 200 x - 404 -"#,
            ),
            (r#"INFO:     192.0.2.7:1 - "GET /a"b HTTP/1.1" 400 Bad Request"#, r#"192.0.2.7 GET /a"b - 400 -"#),
        ]);
    }

    #[test]
    fn common_and_combined() {
        check(&[
            (
                r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "GET /a?b=c HTTP/1.1" 200 1543 "-" "Mozilla/5.0""#,
                "192.0.2.7 GET /a ?b=c 200 -",
            ),
            (r#"192.0.2.7 - ann [03/Feb/2026:10:11:12 +0000] "GET /a HTTP/1.0" 304 -"#, "192.0.2.7 GET /a - 304 -"),
            (
                r#"example.org:443 2001:db8::7 - - [03/Feb/2026:10:11:12 +0000] "GET /a HTTP/2.0" 200 5 "-" "x""#,
                "2001:db8::7 GET /a - 200 -",
            ),
            (
                r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 5 "https://x/ 0.5 " "a \" 0.7 b" 0.123"#,
                "192.0.2.7 GET /a - 200 123000000",
            ),
            (
                r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 5 "-" "x" "-" rt=1.5 urt="1.4""#,
                "192.0.2.7 GET /a - 200 1500000000",
            ),
            (
                r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 5 12.5ms"#,
                "192.0.2.7 GET /a - 200 12500000",
            ),
            (
                r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 5 "-" "x" 1834"#,
                "192.0.2.7 GET /a - 200 -",
            ),
            (
                r#"[2026-02-03 10:11:12 +0000] [17] [INFO] 192.0.2.7:4011 - - [03/Feb/2026:10:11:12 +0000] "GET /a 1.1" 200 5 "-" "curl""#,
                "192.0.2.7 GET /a - 200 -",
            ),
            (r#"192.0.2.7:4011 - - [03/Feb/2026:10:11:12] "GET /a" 200 12"#, "192.0.2.7 GET /a - 200 -"),
            (r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "-" 408 0 "-" "-""#, "192.0.2.7 - - - 408 -"),
            (
                r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "GET http://example.com/x?y=1 HTTP/1.1" 200 5"#,
                "192.0.2.7 GET /x ?y=1 200 -",
            ),
            (
                r#"192.0.2.7 - - [03/Feb/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 5 "-" "x" 1m2s"#,
                "192.0.2.7 GET /a - 200 62000000000",
            ),
            (r#"[03/Feb/2026 10:11:12] "GET /admin/ HTTP/1.1" 302 0"#, "- GET /admin/ - 302 -"),
            (
                r#"192.0.2.7 - - [Tue, 3 Feb 2026 10:11:12 GMT] "GET /a HTTP/1.1" 200 5 "-" "x""#,
                "192.0.2.7 GET /a - 200 -",
            ),
        ]);
    }

    #[test]
    fn other_lines_are_not_requests() {
        for line in [
            "",
            "\"",
            "INFO:services.auth_service:User authenticated: ann@example.com",
            r#"WARNING:utils:Client error: {"request_id": "0a", "status_code": 404}"#,
            r#"DEBUG:urllib3.connectionpool:https://api.example.com:443 "GET /v3/ping HTTP/1.1" 200 2"#,
            r#"INFO:httpx:HTTP Request: GET https://api.example.com/ "HTTP/1.1 200 OK""#,
            r#"ERROR:app:request failed - "GET /a HTTP/1.1" 500"#,
            r#"INFO:     192.0.2.7:40112 - "WebSocket /ws/prices" [accepted]"#,
            r#"INFO:     192.0.2.7:40112 - "GET /a" 200 OK"#,
            r#"INFO:     192.0.2.7:40112 - "GET /a HTTP/1.1" 600 Odd"#,
            r#"INFO:     192.0.2.7:40112 - "GET /a HTTP/1.1" 2000"#,
            r#"INFO:     192.0.2.7:40112 - "GET /a HT"#,
            "GET /x - - ms - -",
            "GET the keys 200 12.3 ms - 45",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn in_parts_a_line_says_the_same(
            message in r#"(INFO: |192.0.2.7:1|\[|\]| - |"|\\|GET |/a\?b| HTTP/1.1| 200| OK|\t|é){0,14}"#,
            usual in any::<bool>(),
            escape in any::<bool>()
        ) {
            let message = if usual { format!("192.0.2.7:1 - \"GET /{message} HTTP/1.1\" 200 OK") } else { message };
            let json = serde_json::to_string(&message).expect("text is JSON");
            let inside = &json.as_bytes()[1..json.len() - 1];
            let escaped = escape && inside != message.as_bytes();
            let text = if escaped { inside } else { message.as_bytes() };
            if let Some((front, rest)) = split(text, escaped)
                && let (Some(client), Some(line)) = (peer(front), request(rest, escaped))
            {
                prop_assert_eq!(Some(AccessLine { client, ..line }), access_line(message.as_bytes()));
            }
        }

        #[test]
        fn never_panics(line in r#"(INFO:| |-|"|\\|\[|\]|GET|/|1|HTTP/1.1|200|ms|\.|:|é){0,24}"#, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = access_line(line.as_bytes());
            let _ = access_line(&bytes);
        }

        #[test]
        fn what_uvicorn_writes_is_read_back(path in "/[a-zA-Z0-9/%._-]{0,40}", status in 100u16..=599, port in 1u16..) {
            let line = format!("INFO:     192.0.2.9:{port} - \"PATCH {path} HTTP/1.1\" {status} Reason");
            let read = access_line(line.as_bytes()).expect("an access line");
            prop_assert_eq!((read.path, read.status), (path.as_bytes(), status));
        }
    }
}
