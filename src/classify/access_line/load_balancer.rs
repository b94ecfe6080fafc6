//! The access logs of AWS' load balancers: `https 2025-09-02T08:00:00.123456Z app/lb/50dc 192.0.2.7:2817 10.0.0.1:80 0.000 0.011 0.001 200
//! 200 34 366 "GET https://example.com:443/p?q HTTP/1.1" "curl/8" …`, also without the kind of the connection and the time.

use memchr::{memchr, memmem};

use super::front::{is_address, without_port};
use super::{AccessLine, method, path_and_query, status};

/// Reads a line by what stands before its first quote, and by what follows that.
pub(super) fn load_balancer<'a>(front: &'a [u8], rest: &'a [u8]) -> Option<AccessLine<'a>> {
    let mut words = front.trim_ascii_end().rsplit(|byte| *byte == b' ');
    let (_sent, _received) = (number(words.next()?)?, number(words.next()?)?);
    let (_of_target, code) = (words.next()?, status(words.next()?)?);
    // -1 where the target gave no answer.
    let mut took = 0.0;
    for _ in 0..3 {
        let seconds: f64 = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
        took += if seconds < 0.0 { f64::NAN } else { seconds };
    }
    let (target, client) = (words.next()?, words.next()?);
    (is_address(client) && (target == b"-" || is_address(target))).then_some(())?;
    let (method, request) = method(rest)?;
    let request = &request[..memchr(b'"', request)?];
    let (path, query) = path_and_query(&request[..memmem::rfind(request, b" HTTP/")?])?;
    let duration_ns = (took * 1e9).is_finite().then_some((took * 1e9).round() as i64);
    Some(AccessLine { client: Some(without_port(client)), method, path, query, status: code, duration_ns })
}

fn number(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn load_balancers_of_aws() {
        let request = r#""GET https://example.com:443/a?b HTTP/1.1" "curl/8" TLS - "-""#;
        let kind = "https 2025-09-02T08:00:00.123456Z app/lb/50dc";
        check(&[
            (
                &format!("{kind} 192.0.2.7:2817 10.0.0.1:80 0.001 0.010 0.001 503 503 34 366 {request}"),
                "192.0.2.7 GET /a ?b 503 12000000",
            ),
            (&format!("{kind} 192.0.2.7:2817 - -1 -1 -1 502 - 34 366 {request}"), "192.0.2.7 GET /a ?b 502 -"),
            (
                &format!("lb 192.0.2.7:2817 10.0.0.1:80 0.001 0.010 0.001 200 200 34 366 {request}"),
                "192.0.2.7 GET /a ?b 200 12000000",
            ),
        ]);
    }
}
