//! Points in time, and the ways logs write them.
//!
//! A [`Time`] is nanoseconds since the Unix epoch, UTC. Times written without an offset are taken as UTC,
//! which is what containers run in.

mod person;
pub mod written;

pub use person::{parse_span, parse_time, short_span};

use std::cell::Cell;
use std::fmt;

use chrono::{DateTime, Utc};

/// Nanoseconds in one second.
pub const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970-01-01T00:00:00Z; covers the years 1678 to 2261.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The whole UTC second this time lies in.
    pub fn second(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// The start of a whole second.
    pub fn from_second(second: i64) -> Self {
        Time(second.saturating_mul(SECOND))
    }

    /// So many nanoseconds later, or earlier; at most as far as times reach.
    pub fn saturating_add(self, nanoseconds: i64) -> Self {
        Time(self.0.saturating_add(nanoseconds))
    }

    /// Nanoseconds from an earlier time to this one, negative from a later one; the greatest or least number of them where
    /// there are more, as between the first and the last year.
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.0)
    }
}

/// RFC 3339 in UTC, with as many of three, six or nine decimals as the time needs, or none.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

/// People read the date and the clock; programs that write for themselves keep the nanoseconds.
impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(self),
            false => serializer.serialize_i64(self.0),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Time);
        }
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        parse(text.as_bytes()).ok_or_else(|| D::Error::custom(format!("`{text}` is no time")))
    }
}

/// A time at the very start of `text`, and how many bytes it took. Reads RFC 3339 and its common relatives: `T` or a
/// blank between date and clock, slashes in the date (Go, nginx), `.` or `,` before the decimals, an offset in any spelling or
/// none (UTC).
#[inline]
pub fn parse_prefix(text: &[u8]) -> Option<(Time, usize)> {
    match text.first_chunk().and_then(railway_time) {
        Some(time) => Some((time, RAILWAY_TIME)),
        None => any_prefix(text),
    }
}

/// `YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ`, as Railway writes every time; all else is for [`any_prefix`], and so is a leap second.
#[inline]
fn railway_time(text: &[u8; RAILWAY_TIME]) -> Option<Time> {
    let (date, rest) = text.split_first_chunk()?;
    let [b':', tens, ones, b'.', a, b, c, d, e, f, g, h, i, b'Z'] = *rest else { return None };
    let second = two([tens, ones]).filter(|second| *second < 60)?;
    let nanoseconds = eight_digits([a, b, c, d, e, f, g, h])? * 10 + i64::from(i.wrapping_sub(b'0'));
    if !i.is_ascii_digit() {
        return None;
    }
    Some(Time((minute(date)? + second).checked_mul(SECOND)?.checked_add(nanoseconds)?))
}

const RAILWAY_TIME: usize = 30;

fn any_prefix(text: &[u8]) -> Option<(Time, usize)> {
    let (date, rest) = text.split_first_chunk()?;
    let [b':', tens, ones, ..] = *rest else { return None };
    let (minute, second) = (minute(date)?, two([tens, ones])?);
    if second > 60 {
        return None;
    }
    let mut at = 19;
    let mut nanoseconds = 0;
    if matches!(text.get(at), Some(b'.' | b',')) && text.get(at + 1).is_some_and(u8::is_ascii_digit) {
        let (fraction, used) = decimals(&text[at + 1..]);
        nanoseconds = fraction;
        at += 1 + used;
    }
    let (offset, used) = offset(&text[at..]);
    at += used;
    // A leap second (`:60`) is read as the last second of its minute.
    let second = minute.checked_add(second.min(59) - offset)?;
    Some((Time(second.checked_mul(SECOND)?.checked_add(nanoseconds)?), at))
}

/// `YYYY-MM-DDThh:mm`
type Minute = [u8; 16];

/// Seconds from the epoch to a minute. The last one is remembered: a log changes its minute once in thousands of lines.
#[inline]
fn minute(text: &Minute) -> Option<i64> {
    thread_local! {
        static LAST: Cell<(Minute, i64)> = const { Cell::new(([0; 16], 0)) };
    }
    let (last, seconds) = LAST.get();
    if last == *text {
        return Some(seconds);
    }
    let seconds = minute_from_columns(text)?;
    LAST.set((*text, seconds));
    Some(seconds)
}

fn minute_from_columns(text: &Minute) -> Option<i64> {
    let [c, e, n, t, dash @ (b'-' | b'/'), m, o, second_dash, d, a, b'T' | b't' | b' ', h, r, b':', i, u] = *text
    else {
        return None;
    };
    if dash != second_dash {
        return None;
    }
    let days = days_from_civil(two([c, e])? * 100 + two([n, t])?, two([m, o])?, two([d, a])?)?;
    Some(days * 86_400 + seconds_of_day(two([h, r])?, two([i, u])?, 0)?)
}

/// The number that two digits are.
fn two(digits: [u8; 2]) -> Option<i64> {
    let [tens, ones] = digits.map(|digit| digit.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// The whole of `text` as a time, as [`parse_prefix`] reads it.
pub fn parse(text: &[u8]) -> Option<Time> {
    parse_prefix(text).and_then(|(time, used)| (used == text.len()).then_some(time))
}

/// A time given as a number since the epoch; its size tells seconds, milliseconds, microseconds or nanoseconds apart
/// (the ranges do not meet between 1973 and 5138). Decimals of seconds are kept to the nanosecond.
pub fn from_epoch_number(text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    let scale = match whole {
        100_000_000..100_000_000_000 => SECOND,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        100_000_000_000_000_000.. => 1,
        _ => return None,
    };
    let fraction = if fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        decimals(fraction.as_bytes()).0 / (SECOND / scale)
    } else {
        return None;
    };
    Some(Time(whole.checked_mul(scale)?.checked_add(fraction)?))
}

/// Days since the epoch of a proleptic Gregorian date; `None` for a date that does not exist.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = LENGTHS.get(usize::try_from(month.checked_sub(1)?).ok()?)? + i64::from(leap && month == 2);
    if day < 1 || day > length {
        return None;
    }
    // Years begin in March, so that the leap day is the last of its year.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

/// A leap second (`:60`) is read as the last second of its minute.
fn seconds_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second.min(59))
}

/// Decimals of a second as nanoseconds, and how many digits they took; digits beyond nine are dropped.
fn decimals(text: &[u8]) -> (i64, usize) {
    let used = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = text[..used].iter().map(|digit| i64::from(digit - b'0'));
    let value = digits.chain(std::iter::repeat(0)).take(9).fold(0, |value, digit| value * 10 + digit);
    (value, used)
}

/// The number that eight digits are: neighbours are joined to numbers of two, four and eight digits.
#[inline]
fn eight_digits(digits: [u8; 8]) -> Option<i64> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(digits);
    // Digits are 0x30 to 0x39, and still 0x3_ with six added to each.
    let upper = |word: u64| word & (EACH * 0xf0);
    if upper(word) != EACH * 0x30 || upper(word.wrapping_add(EACH * 6)) != EACH * 0x30 {
        return None;
    }
    let ones = word & (EACH * 0x0f);
    let twos = ones.wrapping_mul(10).wrapping_add(ones >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = twos.wrapping_mul(100).wrapping_add(twos >> 16) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff) as i64)
}

/// An offset from UTC in seconds, and its length, in all the spellings logs have: `Z`, `+02:00`, `+0200`, `+02`, ` +0200`, ` UTC`,
/// ` GMT+0200`. What does not read as one is UTC and takes nothing.
fn offset(text: &[u8]) -> (i64, usize) {
    if let Some(b'Z' | b'z') = text.first() {
        return (0, 1);
    }
    let blank = usize::from(text.first() == Some(&b' '));
    let zone = &text[blank..];
    let name = if zone.starts_with(b"UTC") || zone.starts_with(b"GMT") { 3 } else { 0 };
    if let Some((seconds, used)) = signed_offset(&zone[name..], blank == 0 || name > 0) {
        return (seconds, blank + name + used);
    }
    let is_word = zone.get(name).is_some_and(u8::is_ascii_alphanumeric);
    (0, if name > 0 && !is_word { blank + name } else { 0 })
}

/// `+02:00`, `+0200`, and where it can be nothing else `+02`; as far from UTC as any place on Earth, 14 hours.
fn signed_offset(text: &[u8], short: bool) -> Option<(i64, usize)> {
    let (sign, digits) = text.split_first().filter(|(sign, _)| matches!(sign, b'+' | b'-'))?;
    let (hours, rest) = digits.split_first_chunk()?;
    let colon = usize::from(rest.first() == Some(&b':'));
    let minutes = rest.get(colon..).and_then(|rest| rest.first_chunk()).copied().and_then(two);
    let used = if minutes.is_some() { 5 + colon } else { 3 };
    let ends = !text.get(used).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.');
    let (hours, minutes) = (two(*hours)?, minutes.or(short.then_some(0).filter(|_| colon == 0))?);
    if hours > 14 || minutes > 59 || !ends {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Some((if *sign == b'-' { -seconds } else { seconds }, used))
}

fn month(name: &[u8]) -> Option<i64> {
    const NAMES: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    NAMES.chunks(3).position(|known| known == name).map(|at| at as i64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        parse(text.as_bytes()).map_or("none".into(), |time| time.to_string())
    }

    #[test]
    fn reads_the_ways_logs_write_a_time() {
        assert_eq!(shown("2025-08-25T13:26:31.123456789Z"), "2025-08-25T13:26:31.123456789Z");
        assert_eq!(shown("2025-08-25T13:26:31Z"), "2025-08-25T13:26:31Z");
        assert_eq!(shown("2025-08-25 13:26:31,250"), "2025-08-25T13:26:31.250Z");
        assert_eq!(shown("2025/08/25 13:26:31"), "2025-08-25T13:26:31Z");
        assert_eq!(shown("2025/08-25 13:26:31"), "none");
        assert_eq!(shown("2025-08-25T13:26:31+02:00"), "2025-08-25T11:26:31Z");
        assert_eq!(shown("2025-08-25T13:26:31.5-0130"), "2025-08-25T14:56:31.500Z");
        assert_eq!(shown("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
        assert_eq!(shown("2016-12-31T23:59:60Z"), "2016-12-31T23:59:59Z");
        assert_eq!(shown("1969-12-31T23:59:59.999Z"), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_offset_is_used_in_every_spelling() {
        for zone in ["+02:00", "+0200", "+02", " +0200", " +02:00", " UTC+02:00", " GMT+0200", " UTC+02"] {
            for (clock, fraction) in
                [("2025-08-25T13:26:31", ""), ("2025-08-25 13:26:31", ".5"), ("2025-08-25 13:26:31", ",500")]
            {
                let expected = if fraction.is_empty() { "2025-08-25T11:26:31Z" } else { "2025-08-25T11:26:31.500Z" };
                assert_eq!(shown(&format!("{clock}{fraction}{zone}")), expected, "{zone}");
            }
        }
        for (zone, used) in [
            ("Z", 1),
            (" UTC", 4),
            (" GMT", 4),
            (" UTC [7] LOG:", 4),
            (" - app", 0),
            (" -5 left", 0),
            (" +12345", 0),
            (" +9900", 0),
            (" -1 of 3", 0),
            (" UTCx", 0),
            (" +02 left", 0),
            ("-0000", 5),
            ("+1.5", 0),
            (" GMTs", 0),
            ("", 0),
            (" ", 0),
            ("+", 0),
        ] {
            let text = format!("2025-08-25 13:26:31{zone}");
            let time = parse(b"2025-08-25T13:26:31Z").unwrap();
            assert_eq!(parse_prefix(text.as_bytes()), Some((time, 19 + used)), "{zone:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-08-25T24:00:00Z",
            "2025-08-25",
            "",
            "2025-08-25T13:26:31Zx",
        ] {
            assert_eq!(shown(text), "none", "{text}");
        }
    }

    proptest! {
        #[test]
        fn as_railway_writes_it_a_time_is_the_same(
            text in "(1[67]|2[0-2])[0-9]{2}-(0[1-9]|1[0-3])-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:([0-5][0-9]|60|61)(\\.[0-9]{9}Z|[.,][0-9+:Z]{9}[Z0-9+])"
        ) {
            let time = text.as_bytes().first_chunk().and_then(railway_time);
            prop_assert!(time.is_none_or(|time| any_prefix(text.as_bytes()) == Some((time, RAILWAY_TIME))), "{}", text);
        }
    }

    #[test]
    fn agrees_with_chrono_on_many_days() {
        for day in (-40_000..40_000).step_by(17) {
            let time = Time(day * 86_400 * SECOND + day.rem_euclid(86_400) * SECOND);
            assert_eq!(parse(time.to_string().as_bytes()), Some(time));
        }
    }

    #[test]
    fn decimals_of_every_length() {
        let digits = "9081726354918";
        for length in 1..=digits.len() {
            for end in ["Z", "", "+00:00"] {
                let text = format!("2025-08-25T13:26:31.{}{end}", &digits[..length]);
                let kept = format!("{:0<9}", &digits[..length.min(9)]).parse::<i64>().unwrap();
                assert_eq!(parse(text.as_bytes()).map(|time| time.0 % SECOND), Some(kept), "{text}");
            }
        }
    }

    #[test]
    fn reads_epoch_numbers() {
        let expected = parse(b"2025-08-25T13:26:31Z");
        for number in ["1756128391", "1756128391000", "1756128391000000", "1756128391000000000", "1756128391.0"] {
            assert_eq!(from_epoch_number(number.as_bytes()), expected, "{number}");
        }
        assert_eq!(from_epoch_number(b"1756128391.25"), expected.map(|time| time.saturating_add(250_000_000)));
        assert_eq!(from_epoch_number(b"42"), None);
    }
}
