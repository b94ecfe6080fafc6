//! How long a request took, as the fields after the status of an access line tell.

use memchr::memchr;

use super::quotes;
use crate::decode::duration::with_units;

const NS_PER_S: i64 = 1_000_000_000;
pub(super) const NS_PER_MS: i64 = 1_000_000;
/// Words between Envoy's flags and its numbers.
const MOST_DETAILS: usize = 12;

/// The first duration among the fields after the status; quoted ones (referrer, agent, forwarded addresses) hold none.
pub(super) fn trailing_duration(mut tail: &[u8]) -> Option<i64> {
    if let Some(duration) = envoy(tail) {
        return Some(duration);
    }
    loop {
        tail = tail.trim_ascii_start();
        let end = if let Some(quoted) = tail.strip_prefix(b"\"") {
            quotes(quoted).next()? + 2
        } else {
            memchr(b' ', tail).unwrap_or(tail.len())
        };
        if end == 0 {
            return None;
        }
        if let Some(duration) = duration(&tail[..end]) {
            return Some(duration);
        }
        tail = &tail[end..];
    }
}

/// Envoy's third number, in milliseconds: `- 0 1543 12 11 "…"` are flags, bytes received and sent, how long the whole took, and the
/// service alone. Istio says why and how it ended between the flags and the numbers: `- via_upstream - "-" 0 1543 12 11 "…"`.
fn envoy(tail: &[u8]) -> Option<i64> {
    let mut fields = tail.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let is_flag = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b',' | b'-');
    fields.next()?.iter().all(is_flag).then_some(())?;
    let is_number = |field: &[u8]| field.iter().all(u8::is_ascii_digit);
    let mut received = fields.next()?;
    // What a transport failed with is in quotes, without blanks or with few.
    for _ in 0..MOST_DETAILS {
        if is_number(received) {
            break;
        }
        received = fields.next()?;
    }
    let (sent, taken, service, next) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let is_envoy_s = [received, sent, taken].into_iter().all(is_number)
        && (service == b"-" || is_number(service))
        && next.starts_with(b"\"");
    decimal(taken, NS_PER_MS).filter(|_| is_envoy_s)
}

fn duration(field: &[u8]) -> Option<i64> {
    if let Some(named) = [&b"rt="[..], b"request_time="].iter().find_map(|name| field.strip_prefix(*name)) {
        return decimal(named, NS_PER_S);
    }
    if let Some(number) = field.strip_suffix(b"ms") {
        decimal(number, NS_PER_MS)
    } else if let Some(number) = field.strip_suffix(b"s") {
        // Go's `1m2s` and `295.1µs`.
        decimal(number, NS_PER_S).or_else(|| with_units(field))
    } else {
        memchr(b'.', field)?;
        decimal(field, NS_PER_S)
    }
}

/// A plain decimal number times `unit`; digits below one nanosecond are dropped.
pub(super) fn decimal(text: &[u8], unit: i64) -> Option<i64> {
    let dot = memchr(b'.', text).unwrap_or(text.len());
    let (whole, fraction) = (&text[..dot], text.get(dot + 1..).unwrap_or_default());
    if whole.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let mut value =
        whole.iter().try_fold(0_i64, |value, digit| value.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
    value = value.checked_mul(unit)?;
    let mut scale = unit;
    for digit in fraction {
        scale /= 10;
        value = value.checked_add(i64::from(digit - b'0') * scale)?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absurd_duration_is_no_duration() {
        assert_eq!(decimal(b"99999999999999.0", NS_PER_S), None);
        assert_eq!(decimal(b"0.0000000019", NS_PER_S), Some(1));
        assert_eq!(decimal(b".5", NS_PER_S), None);
    }
}
