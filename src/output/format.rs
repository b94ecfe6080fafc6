//! How numbers, times and log text are written for people, and how wide they are on a terminal.

use unicode_width::UnicodeWidthStr;

use crate::decode::level;
use crate::deployment::{Deployment, From};
use crate::summary::Rates;
use crate::text::escape;
use crate::time::{Time, short_span};
use crate::zone::Zone;

/// `9999`, `12,345`: four digits read well as they are.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    if number < 10_000 {
        return digits;
    }
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 request`, `2 requests`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A length of time in whole seconds, without the parts that no longer matter: `43 s`, `2m13s`, `2h13m`, `3d4h`.
pub fn span(seconds: i64) -> String {
    let part = match seconds.abs() {
        0..60 => return format!("{seconds} s"),
        60..3_600 => 1,
        3_600..86_400 => 60,
        _ => 3_600,
    };
    short_span(seconds - seconds % part)
}

/// A measured length of time: `350 µs`, `42 ms`, `1.3 s`, `30 s`, `2m13s`.
pub fn duration(seconds: f64) -> String {
    let (scale, unit) = match seconds.abs() {
        0.0 => return "0 s".into(),
        // 999.5 ms and more would be written as 1000 ms, 59.95 s and more as 60 s.
        size if size < 0.000_999_5 => (1e6, "µs"),
        size if size < 0.999_5 => (1e3, "ms"),
        size if size < 59.95 => (1.0, "s"),
        // Beyond any time a log can tell, and not a number.
        size if !size.is_finite() || size >= 1e12 => return "–".into(),
        _ => return span(seconds.round() as i64),
    };
    let scaled = seconds * scale;
    format!("{} {unit}", decimals(scaled, usize::from(scaled.abs() < 10.0 || unit == "s")))
}

/// A share of 1 as percents. What is not 0 or all is never written as 0 % or 100 %.
pub fn percent(ratio: f64) -> String {
    percent_with(ratio, 0)
}

fn percent_with(ratio: f64, more: usize) -> String {
    let percent = ratio * 100.0;
    let mut places = usize::from(percent.abs() < 10.0 || (90.0..100.0).contains(&percent)) + more;
    let misleads = |text: &str| (text == "0" && percent != 0.0) || (text == "100" && percent != 100.0);
    let mut text = decimals(percent, places);
    while misleads(&text) && places < MOST_DECIMALS {
        places += 1;
        text = decimals(percent, places);
    }
    format!("{text} %")
}

/// Decimals beyond which two numbers are the same to a person.
pub const MOST_DECIMALS: usize = 4;

/// With at most `places` decimals, none of them a trailing zero.
fn decimals(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    // A negative number that rounds to nothing.
    if text == "-0" { "0".into() } else { text.into() }
}

fn plain(number: f64, more: usize) -> String {
    if number.fract() == 0.0 && (0.0..1e15).contains(&number) {
        return count(number as u64);
    }
    decimals(number, if number.abs() < 10.0 { 2 } else { 1 } + more)
}

/// `0.2 → 4.1 a minute`: before the deployment, and since.
pub fn often(rates: Rates) -> String {
    // What is rare is not written as never.
    let rate = |rate: f64| if rate > 0.0 && rate < 0.01 { "< 0.01".into() } else { decimals(rate, 2) };
    format!("{} → {} a minute", rate(rates.before), rate(rates.since))
}

fn bytes(number: f64) -> String {
    let mut size = number;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size.abs() < 1023.95 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{} {unit}", decimals(size, 1))
}

/// A value with its unit, by the names the JSON output has for units.
pub fn value(number: f64, unit: &str) -> String {
    value_with(number, unit, 0)
}

pub fn value_with(number: f64, unit: &str, more: usize) -> String {
    match unit {
        _ if !number.is_finite() => "–".into(),
        "ratio" => percent_with(number, more),
        "seconds" => duration(number),
        "bytes" => bytes(number),
        "per_second" => format!("{}/s", plain(number, more)),
        "ratio_per_second" => format!("{}/h", percent_with(number * 3_600.0, more)),
        _ => plain(number, more),
    }
}

/// `06:06:32`, with the date when the day is not that of `today`.
pub fn clock(time: Time, today: Option<Time>, zone: Zone) -> String {
    let is_today = today.is_none_or(|today| date(today, zone) == date(time, zone));
    if is_today { zone.clock(time) } else { zone.date_and_clock(time) }
}

/// `06:06:32 – 06:07:33`, or one time when it is the same.
pub fn clocks(first: Time, last: Time, today: Option<Time>, zone: Zone) -> String {
    let (from, to) = (clock(first, today, zone), clock(last, today, zone));
    if from == to { from } else { format!("{from} – {to}") }
}

/// `2026-11-23 06:06:19 – 06:08:33 UTC`.
pub fn range(first: Time, last: Time, zone: Zone) -> String {
    format!("{} – {} {zone}", zone.date_and_clock(first), clock(last, Some(first), zone))
}

/// `2026-11-23`.
pub fn date(time: Time, zone: Zone) -> String {
    zone.shown(time).date().to_string()
}

/// What a deployment is known by: the words of its line, without the head that a logger puts before them.
pub fn known_by(deployment: &Deployment) -> String {
    /// Columns that the words may take.
    const WORDS: usize = 40;
    match (deployment.from, &deployment.shown_by) {
        (From::ContainerStarted | From::ProcessStarted | From::ProcessReady, Some(shown_by)) => {
            let text = shown_by.text();
            let words = &text[text.ceil_char_boundary(level::head(text.as_bytes()).length)..];
            format!("\"{}\"", cut(&one_line(words.trim()), WORDS))
        }
        _ => deployment.from.as_str().into(),
    }
}

/// Log text as one line that a terminal may show. `##[`, which GitHub's runner takes for a command wherever it stands, is
/// broken up here, so that what follows knows how wide the text is.
pub fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    escape(&lines.join(" ↵ ")).replace("##[", "## [")
}

/// Columns on a terminal: emoji and CJK take two, combining marks none.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// At most so many columns, the end given up for `…`.
pub fn cut(text: &str, most: usize) -> String {
    let text = &text[..text.floor_char_boundary(longest(most))];
    if columns(text) <= most {
        return text.into();
    }
    let ends = text.char_indices().map(|(at, _)| at);
    let end = ends.take_while(|end| columns(&text[..*end]) < most).last().unwrap_or(0);
    // A joiner without its other half would draw the next character in.
    let kept = text[..end].trim_end_matches('\u{200d}').trim_end();
    if most == 0 { String::new() } else { format!("{kept}…") }
}

/// At most so many columns, the start given up for `…`: of a path the end tells more.
pub fn cut_start(text: &str, most: usize) -> String {
    let text = &text[text.ceil_char_boundary(text.len().saturating_sub(longest(most)))..];
    if columns(text) <= most {
        return text.into();
    }
    let starts = text.char_indices().map(|(at, _)| at);
    let start = starts.rev().take_while(|start| columns(&text[*start..]) < most).last().unwrap_or(text.len());
    if most == 0 { String::new() } else { format!("…{}", &text[start..]) }
}

/// Bytes worth looking at for so many columns: a character of one column has at most four, some marks may be with it.
fn longest(columns: usize) -> usize {
    columns.saturating_mul(8).saturating_add(64)
}

/// Filled up with blanks on the right.
pub fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(columns(text))))
}

/// Filled up with blanks on the left.
pub fn pad_start(text: &str, to: usize) -> String {
    format!("{}{text}", " ".repeat(to.saturating_sub(columns(text))))
}

/// Broken at blanks into lines of at most so many columns; a word that is longer is cut.
pub fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, most)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_from_ten_thousand() {
        let shown = [0, 999, 9_999, 10_000, 12_345, 1_234_567].map(count);
        assert_eq!(shown, ["0", "999", "9999", "10,000", "12,345", "1,234,567"]);
        assert_eq!([0, 1, 2].map(|n| counted(n, "line")), ["0 lines", "1 line", "2 lines"]);
    }

    #[test]
    fn percents_have_the_decimals_they_need() {
        for (ratio, expected) in [
            (4.0 / 22.0, "18 %"),
            (0.084, "8.4 %"),
            (0.005, "0.5 %"),
            (0.05, "5 %"),
            (0.0, "0 %"),
            (1.0, "100 %"),
            (0.996, "99.6 %"),
            (0.9997, "99.97 %"),
            (0.000_4, "0.04 %"),
            (2.5, "250 %"),
            (-0.02, "-2 %"),
        ] {
            assert_eq!(percent(ratio), expected, "{ratio}");
        }
    }

    #[test]
    fn times_have_the_unit_they_need() {
        for (seconds, expected) in [
            (0.0, "0 s"),
            (0.000_35, "350 µs"),
            (0.0042, "4.2 ms"),
            (0.042, "42 ms"),
            (0.9999, "1 s"),
            (1.25, "1.2 s"),
            (1.3, "1.3 s"),
            (30.0, "30 s"),
            (59.99, "1m"),
            (133.2, "2m13s"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(duration(seconds), expected, "{seconds}");
        }
        assert_eq!([43, 133, 3_600, 7_987, 273_600, -90].map(span), ["43 s", "2m13s", "1h", "2h13m", "3d4h", "-1m30s"]);
    }

    #[test]
    fn values_carry_their_unit() {
        for (number, unit, expected) in [
            (12_345.0, "count", "12,345"),
            (2.345, "count", "2.35"),
            (0.5, "per_second", "0.5/s"),
            (1536.0 * 1024.0, "bytes", "1.5 MiB"),
            (0.1 / 3_600.0, "ratio_per_second", "10 %/h"),
            (f64::NAN, "ratio", "–"),
        ] {
            assert_eq!(value(number, unit), expected);
        }
    }

    #[test]
    fn text_is_cut_by_columns_at_a_character() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("日本語テキスト", 7), "日本語…");
        assert_eq!(cut("日本語テキスト", 6), "日本…");
        assert_eq!(cut("ok ⚠️ fire 🔥🔥", 6), "ok ⚠️…");
        assert_eq!((cut("abc", 1), cut("abc", 0)), ("…".into(), String::new()));
        assert_eq!(cut_start("services/exchange.py", 12), "…exchange.py");
        assert_eq!(cut_start("services/日本語", 6), "…本語");
        for most in 0..12 {
            for text in ["👩‍🚀👩‍🚀👩‍🚀👩‍🚀", "e\u{301}e\u{301}e\u{301}e\u{301}", "⚠️⚠️⚠️⚠️⚠️⚠️", "日本語テキスト"]
            {
                assert!(columns(&cut(text, most)) <= most && columns(&cut_start(text, most)) <= most, "{text} {most}");
            }
        }
        assert_eq!(columns(&pad("日本", 6)), 6);
        assert_eq!(wrap("feed a longer log, supercalifragilistic", 12), ["feed a", "longer log,", "supercalifr…"]);
    }

    #[test]
    fn log_text_becomes_one_harmless_line() {
        assert_eq!(one_line("a\x1b[2J\r\n\n  b ##[add-mask]x\n"), "a\\u{1b}[2J ↵ b ## [add-mask]x");
    }
}
