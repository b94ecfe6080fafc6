//! Durations as text: `12ms`, `1.187118477s`, `295.1µs`, `1m2s`, `12.3 ms`.

const MICROSECOND: f64 = 1e3;
const MILLISECOND: f64 = 1e6;
const SECOND: f64 = 1e9;

/// A duration whose units are written, in nanoseconds, as Go, Rust and most others print one: numbers with a unit each, the
/// largest unit first. `None` for what is anything else, or has a number without a unit.
#[must_use]
pub fn with_units(text: &[u8]) -> Option<i64> {
    let (mut rest, mut total, mut last) = (text.trim_ascii(), 0.0, f64::INFINITY);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let number = number(&rest[..length])?;
        rest = rest[length..].trim_ascii_start();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count();
        let unit = unit(&rest[..length]).filter(|unit| *unit < last)?;
        (total, last) = (total + number * unit, unit);
        rest = rest[length..].trim_ascii_start();
    }
    nanoseconds(total)
}

/// A plain decimal number of such units, in nanoseconds; `None` below zero, and beyond what 64 bits hold.
#[must_use]
pub fn of_number(text: &[u8], unit: f64) -> Option<i64> {
    nanoseconds(number(text)? * unit)
}

/// Nanoseconds in a unit by its name, in the singular or plural, whatever its case: `ms`, `Seconds`, `micros`.
#[must_use]
pub fn unit(name: &[u8]) -> Option<f64> {
    let mut lower = [0; 12];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"ns" | b"nano" | b"nanos" | b"nanosecond" | b"nanoseconds" => 1.0,
        b"us" | b"micro" | b"micros" | b"microsecond" | b"microseconds" => MICROSECOND,
        // The micro sign and the Greek letter.
        b"\xc2\xb5s" | b"\xce\xbcs" => MICROSECOND,
        b"ms" | b"msec" | b"msecs" | b"milli" | b"millis" | b"millisecond" | b"milliseconds" => MILLISECOND,
        b"s" | b"sec" | b"secs" | b"second" | b"seconds" => SECOND,
        b"m" | b"min" | b"mins" | b"minute" | b"minutes" => 60.0 * SECOND,
        b"h" | b"hour" | b"hours" => 3_600.0 * SECOND,
        _ => return None,
    })
}

fn number(text: &[u8]) -> Option<f64> {
    let plain = text.first().is_some_and(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().filter(|_| plain)?.parse::<f64>().ok()?;
    number.is_finite().then_some(number)
}

fn nanoseconds(value: f64) -> Option<i64> {
    (0.0..9e18).contains(&value).then_some(value.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_they_are_printed() {
        for (text, expected) in [
            ("12ms", Some(12_000_000)),
            ("12.3 ms", Some(12_300_000)),
            ("1.187118477s", Some(1_187_118_477)),
            ("295.1µs", Some(295_100)),
            ("295.1\u{3bc}s", Some(295_100)),
            ("1m2s", Some(62_000_000_000)),
            ("1h2m3.5s", Some(3_723_500_000_000)),
            ("17ns", Some(17)),
            ("3 seconds", Some(3_000_000_000)),
            ("0s", Some(0)),
            ("12", None),
            ("-3ms", None),
            ("1s2m", None),
            ("1s 2s", None),
            ("ms", None),
            ("", None),
            ("5 apples", None),
            ("1e400s", None),
        ] {
            assert_eq!(with_units(text.as_bytes()), expected, "{text}");
        }
    }
}
