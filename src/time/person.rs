//! Times and spans as a person writes them.

use super::{Time, parse};

/// Seconds of `90s`, `5m`, `4h`, `7d` or a sum of these such as `1h30m`.
pub fn parse_span(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    // No plan needs more than a year, and a second count beyond it is a slip.
    (total <= 366 * 86_400).then_some(total)
}

/// `1h30m`, the shortest exact way to write a number of seconds.
pub fn short_span(seconds: i64) -> String {
    let mut rest = seconds.abs();
    let mut text = String::from(if seconds < 0 { "-" } else { "" });
    for (length, unit) in [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")] {
        if rest >= length || (length == 1 && text.trim_start_matches('-').is_empty()) {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    text
}

/// A time as a person writes it: RFC 3339, or a date and a clock in UTC.
pub fn parse_time(text: &str) -> Result<Time, String> {
    let date = text.len() == 10;
    let full = if date { format!("{text}T00:00:00Z") } else { text.to_string() };
    let minutes = if full.len() == 16 { format!("{full}:00Z") } else { full };
    parse(minutes.as_bytes()).ok_or_else(|| {
        format!("`{text}` is no time; write for example 2025-08-25T13:30:00Z (UTC when no offset is given)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("1h30m", 5_400), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(parse_span(text), Some(seconds));
        }
        for text in ["", "5", "m", "5 m", "-5m", "5min", "9999999999d"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
        assert_eq!([90, 300, 5_400, 0, -61].map(short_span), ["1m30s", "5m", "1h30m", "0s", "-1m1s"]);
    }

    #[test]
    fn times_may_leave_out_what_is_clear() {
        for text in ["2025-08-25T13:30:00Z", "2025-08-25 13:30", "2025-08-25T15:30:00+02:00"] {
            assert_eq!(parse_time(text).unwrap().to_string(), "2025-08-25T13:30:00Z");
        }
        assert!(parse_time("yesterday").unwrap_err().contains("write for example"));
    }
}
