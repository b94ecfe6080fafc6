//! The access lines of Go's frameworks: gin's, fiber's and negroni's columns, and chi's.

use memchr::memchr;

use super::{AccessLine, method, path_and_query, request_and_status, status};
use crate::decode::duration;

/// `[GIN] 2025/09/02 - 08:00:00 | 500 |  1.187118477s |  127.0.0.1 | POST     "/v1/get_data"`, also without gin's own head, and
/// fiber's `08:00:00 | 200 |  1.2ms | 127.0.0.1 | GET | /path | -`, and negroni's
/// `[negroni] 2025-09-02T08:00:00Z | 200 |  1.2ms | example.com | GET /path`, which has the host for the client.
pub(super) fn columns(message: &[u8]) -> Option<AccessLine<'_>> {
    let mut columns = message.splitn(5, |byte| *byte == b'|').map(<[u8]>::trim_ascii);
    let (_, code, took) = (columns.next()?, status(columns.next()?)?, duration::with_units(columns.next()?)?);
    let (client, request) = (columns.next()?, columns.next()?);
    let one_column = method_and_path(request);
    let client = Some(client).filter(|_| one_column.is_none());
    let (method, target) = match request.strip_suffix(b"\"") {
        Some(quoted) => {
            let quote = memchr(b'"', quoted)?;
            (quoted[..quote].trim_ascii(), &quoted[quote + 1..])
        }
        None if one_column.is_some() => one_column?,
        None => {
            let mut columns = request.split(|byte| *byte == b'|').map(<[u8]>::trim_ascii);
            (columns.next()?, columns.next()?)
        }
    };
    let is_method = !method.is_empty() && method.len() <= 16 && method.iter().all(u8::is_ascii_uppercase);
    let (path, query) = path_and_query(target).filter(|_| is_method)?;
    Some(AccessLine { client, method, path, query, status: code, duration_ns: Some(took) })
}

/// `GET /path`.
fn method_and_path(request: &[u8]) -> Option<(&[u8], &[u8])> {
    let (method, target) = method(request)?;
    (target.starts_with(b"/") && memchr(b' ', target).is_none()).then_some((method, target))
}

/// `[host/9Xa-000001] "GET http://example.com/path HTTP/1.1" from 127.0.0.1:4242 - 200 12B in 1.2ms`, behind a time or not.
pub(super) fn chi(rest: &[u8]) -> Option<AccessLine<'_>> {
    let (method, request) = method(rest)?;
    let quote = memchr(b'"', request)?;
    let (request, rest) = (&request[..quote], request[quote + 1..].strip_prefix(b" from ")?);
    let request = &request[..memchr::memmem::rfind(request, b" HTTP/")?];
    let blank = memchr(b' ', rest)?;
    let client = &rest[..memchr::memrchr(b':', &rest[..blank]).unwrap_or(blank)];
    let rest = rest[blank..].strip_prefix(b" - ")?;
    let (code, rest) = rest.split_at_checked(3)?;
    let took = &rest[memchr::memmem::find(rest, b" in ")? + 4..];
    let (path, query) = path_and_query(request)?;
    let duration_ns = duration::with_units(took);
    Some(AccessLine { client: Some(client), method, path, query, status: status(code)?, duration_ns })
}

/// A connection that ended before its request, `"-" 408`, `"" 408`, or Envoy's `"- - HTTP/1.1" 400`: method and path are `-`.
pub(super) fn without_request(text: &[u8]) -> Option<AccessLine<'_>> {
    let (_, status, _) = request_and_status(text)
        .filter(|(request, ..)| matches!(*request, b"-" | b"") || request.starts_with(b"- - HTTP/"))?;
    Some(AccessLine { client: None, method: b"-", path: b"-", query: None, status, duration_ns: None })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn frameworks_of_go() {
        check(&[
            (
                r#"[GIN] 2025/09/02 - 08:00:00 | 500 |  1.187118477s |  127.0.0.1 | POST     "/v1/get_data?x=1|2""#,
                "127.0.0.1 POST /v1/get_data ?x=1|2 500 1187118477",
            ),
            (r#"08:00:00 | 200 |    295.1µs |       127.0.0.1 | GET     "/a""#, "127.0.0.1 GET /a - 200 295100"),
            ("08:00:00 | 200 |  1.2ms | 127.0.0.1 | GET | /path?q | -", "127.0.0.1 GET /path ?q 200 1200000"),
            (
                "[negroni] 2025-09-02T08:00:00Z | 200 | \t 1.2ms | example.com | GET /path?q",
                "- GET /path ?q 200 1200000",
            ),
            (
                r#"2025/09/02 08:00:00 [box/9Xa-000001] "GET http://example.com/path?q HTTP/1.1" from 127.0.0.1:4242 - 200 12B in 1.2ms"#,
                "127.0.0.1 GET /path ?q 200 1200000",
            ),
        ]);
    }
}
