//! A quoted request behind a logger's own head, without the time of an access log: `"GET /p HTTP/1.1" 200 5` (Django through
//! `logging`), `192.0.2.7 "GET /p HTTP/1.1" 200 5 "-" "curl" 0.012` (actix), `192.0.2.7 - - "GET /p HTTP/1.1" 200 5` (log4js).

use memchr::memchr;

use super::duration::trailing_duration;
use super::front::{is_address, without_port};
use super::words::without_logger;
use super::{AccessLine, method, path_and_query, request_and_status};

/// Reads the text of a line without its head.
pub(in crate::classify) fn in_quotes(body: &[u8]) -> Option<AccessLine<'_>> {
    let body = without_logger(body);
    let quote = memchr(b'"', body)?;
    let mut client = None;
    for word in body[..quote].split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        let is_number = word.iter().all(u8::is_ascii_digit);
        if is_address(word) {
            client = Some(without_port(word));
        } else if !is_number && !matches!(word, b"-" | b"basehttp") {
            return None;
        }
    }
    let (method, rest) = method(&body[quote + 1..])?;
    let (request, status, tail) = request_and_status(rest)?;
    let target = &request[..memchr::memmem::rfind(request, b" HTTP/")?];
    // The size of the answer tells an access line from a sentence, and from the line of a client.
    let size = tail.trim_ascii_start();
    (size.starts_with(b"-") || size.first().is_some_and(u8::is_ascii_digit)).then_some(())?;
    let (path, query) = path_and_query(target)?;
    let after_size = &size[memchr(b' ', size).unwrap_or(size.len())..];
    Some(AccessLine { client, method, path, query, status, duration_ns: trailing_duration(after_size) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_requests_without_their_time() {
        for (body, client, duration) in [
            (r#""GET /a?b HTTP/1.1" 500 1"#, None, None),
            (r#"basehttp 17 140 "GET /a HTTP/1.1" 500 1"#, None, None),
            (r#"127.0.0.1 "GET /a HTTP/1.1" 500 7 "-" "curl/8" 0.012000"#, Some(&b"127.0.0.1"[..]), Some(12_000_000)),
            (r#"::ffff:127.0.0.1 - - "GET /a HTTP/1.1" 500 7 "" "node""#, Some(b"::ffff:127.0.0.1"), None),
        ] {
            let line = in_quotes(body.as_bytes()).unwrap_or_else(|| panic!("{body}"));
            assert_eq!((line.path, line.status, line.client, line.duration_ns), (&b"/a"[..], 500, client, duration));
        }
        for body in [
            r#"request failed - "GET /a HTTP/1.1" 500"#,
            r#"https://api.example.com:443 "GET /a HTTP/1.1" 200 2"#,
            r#""GET /a HTTP/1.1" 500"#,
        ] {
            assert_eq!(in_quotes(body.as_bytes()), None, "{body}");
        }
    }
}
