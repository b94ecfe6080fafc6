//! haproxy's HTTP log: `haproxy[17]: 192.0.2.7:4242 [06/Feb/2026:12:14:14.655] front back/srv1 10/0/30/69/109 503 2750 - - ----
//! 1/1/1/1/0 0/0 {host} {} "GET /p?q HTTP/1.1"`, also without its name and the captured headers.

use memchr::memchr;

use super::front::{is_address, without_port};
use super::{AccessLine, method, path_and_query, status};

/// Reads a line by what stands before its last quoted part, and that part with what follows.
pub(super) fn haproxy<'a>(front: &'a [u8], rest: &'a [u8]) -> Option<AccessLine<'a>> {
    let mut words = front.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (mut client, mut time): (&[u8], _) = (b"", words.next()?);
    // Before the client its syslog's time may stand.
    while !time.starts_with(b"[") {
        (client, time) = (time, words.next()?);
    }
    is_address(client).then_some(())?;
    let time = time.strip_prefix(b"[")?.strip_suffix(b"]")?;
    memchr(b'/', time).zip(memchr(b'.', time))?;
    // The frontend, then the backend with its server.
    memchr(b'/', words.nth(1)?)?;
    let timers = words.next()?;
    let code = status(words.next()?)?;
    let (method, request) = method(rest)?;
    let request = &request[..memchr(b'"', request)?];
    let target = &request[..memchr::memmem::rfind(request, b" HTTP/")?];
    let (path, query) = path_and_query(target)?;
    let duration_ns = active_time(timers);
    Some(AccessLine { client: Some(without_port(client)), method, path, query, status: code, duration_ns })
}

/// The last of five timers in milliseconds: from the first byte of the request to the last one of the answer, `+` before it where
/// the line was written earlier, -1 where the request was aborted.
fn active_time(timers: &[u8]) -> Option<i64> {
    let last = timers.split(|byte| *byte == b'/').nth(4)?;
    let milliseconds: i64 = std::str::from_utf8(last).ok()?.parse().ok()?;
    (!last.starts_with(b"+") && milliseconds >= 0).then(|| milliseconds * 1_000_000)
}
