//! Times as logs write them beside RFC 3339: with names of months, in the order of a country, or no more than a clock.
//!
//! Each of these is told from other text by its columns alone, so that the head of a line can be stepped over even where the
//! time says no day or no year.

use super::{SECOND, Time, days_from_civil, decimals, from_epoch_number, offset, parse_prefix, seconds_of_day};

/// A time that stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// `None` where no year is written, or it is not certain which number is the day.
    pub time: Option<Time>,
    /// Its length in bytes.
    pub length: usize,
}

/// Years of two digits are of this century.
const CENTURY: i64 = 2_000;
/// The digits of a time in seconds since the epoch, of today, and so the least that a number has which is one.
const EPOCH_DIGITS: usize = 10;

/// The time at the very start of `text`:
///
/// - all that [`parse_prefix`] reads; also with an hour of one digit (`2025-09-02  8:00:00`) or a dash before the clock (gin);
/// - `02/Sep/2025:08:00:33 +0000`, `02-Sep-2025 08:00:00 UTC`, `02 Sep 2025 08:00:00`, `Sep 02, 2025 8:00:00 AM`,
///   `Tue Sep 02 08:00:00.123 2025`, `Tue, 02 Sep 2025 08:00:00 GMT`;
/// - `09/02/2025, 8:00:00 AM`, `02.09.2025, 08:00:00`, `25-09-02 08:00:00`;
/// - without a year `Sep  2 08:00:00` and `09-02|08:00:00`; the clock alone, `08:00:00.123`, `8:00AM`;
/// - seconds, milliseconds or nanoseconds since the epoch, `1756800000123` or `1.756800000123e+09`.
#[must_use]
pub fn at_start(text: &[u8]) -> Option<Written> {
    if let Some((time, length)) = parse_prefix(text) {
        return Some(Written { time: Some(time), length });
    }
    let mut reader = Reader { text, at: 0 };
    match text.first()? {
        b'0'..=b'9' => reader.clock_alone().or_else(|| reader.epoch()).or_else(|| reader.date_and_clock()),
        b'A'..=b'Z' => reader.named(),
        _ => None,
    }
}

/// A date, as far as it is known.
type Date = Option<(i64, i64, i64)>;

/// Two numbers of a date of which one is the day and one the month, and the year.
enum Order {
    Known(Date),
    DayOrMonth([i64; 2], i64),
}

/// A time of day.
struct Clock {
    second: i64,
    nanoseconds: i64,
    /// Whether it has an `AM` or `PM` in capitals, as in America, where the month is written before the day.
    halves: bool,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn take(&mut self, wanted: &[u8]) -> bool {
        let taken = self.rest().starts_with(wanted);
        self.at += if taken { wanted.len() } else { 0 };
        taken
    }

    /// A number and how many digits it has.
    fn number(&mut self, most: usize) -> Option<(i64, usize)> {
        let digits = self.rest().iter().take(most + 1).take_while(|byte| byte.is_ascii_digit()).count();
        (1..=most).contains(&digits).then_some(())?;
        let value = self.rest()[..digits].iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        self.at += digits;
        Some((value, digits))
    }

    /// The number of a month by its three letters.
    fn month(&mut self) -> Option<i64> {
        let month = super::month(self.rest().get(..3)?)?;
        self.at += 3;
        Some(month)
    }

    fn blanks(&mut self) {
        self.at += self.rest().iter().take_while(|byte| **byte == b' ').count();
    }

    /// `08:00:00.123`, `8:00:00 AM`, `8:00AM`; minutes alone only with a half of the day.
    fn clock(&mut self) -> Option<Clock> {
        let (hour, _) = self.number(2)?;
        let colon = self.take(b":");
        let (minute, _) = self.number(2).filter(|(_, digits)| colon && *digits == 2)?;
        let mut second = None;
        if self.rest().first() == Some(&b':') && self.rest().get(1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            second = Some(self.number(2).filter(|(_, digits)| *digits == 2)?.0);
        }
        let mut nanoseconds = 0;
        if let [b'.' | b',', b'0'..=b'9', ..] = self.rest()
            && second.is_some()
        {
            let (fraction, used) = decimals(&self.rest()[1..]);
            nanoseconds = fraction;
            self.at += 1 + used;
        }
        let half = [&b" AM"[..], b" PM", b"AM", b"PM", b" am", b" pm"].into_iter().find(|half| self.take(half));
        second = second.or(half.map(|_| 0));
        let hour = match half {
            Some(half) if half.ends_with(b"PM") || half.ends_with(b"pm") => hour % 12 + 12,
            Some(_) => hour % 12,
            None => hour,
        };
        let halves = half.is_some_and(|half| half.ends_with(b"M"));
        Some(Clock { second: seconds_of_day(hour, minute, second?)?, nanoseconds, halves })
    }

    fn clock_alone(&mut self) -> Option<Written> {
        let start = self.at;
        let clock = self.clock();
        let length = self.at;
        self.at = start;
        clock.map(|_| Written { time: None, length })
    }

    fn epoch(&mut self) -> Option<Written> {
        let length =
            self.text.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'+')).count();
        let text = &self.text[..length];
        let ends = self.text.get(length).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b']' | b')'));
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        (ends && digits >= EPOCH_DIGITS).then_some(())?;
        let time = match memchr::memchr(b'e', text) {
            None => from_epoch_number(text)?,
            Some(_) => {
                let seconds: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
                from_epoch_number(format!("{seconds:.6}").as_bytes())?
            }
        };
        Some(Written { time: Some(time), length })
    }

    /// A date that begins with a number, and a clock.
    fn date_and_clock(&mut self) -> Option<Written> {
        let (first, digits) = self.number(4)?;
        let separator = *self.rest().first().filter(|byte| matches!(byte, b'-' | b'/' | b'.' | b' '))?;
        self.at += 1;
        if let Some(month) = self.month() {
            self.take(&[separator]).then_some(())?;
            let (year, _) = self.number(4).filter(|(_, digits)| *digits == 4)?;
            return self.day_and_clock(Order::Known(Some((year, month, first))));
        }
        (separator != b' ').then_some(())?;
        let (second, _) = self.number(2)?;
        if self.take(b"|") {
            self.clock()?;
            return Some(Written { time: None, length: self.at });
        }
        self.take(&[separator]).then_some(())?;
        let (third, last_digits) = self.number(4)?;
        let year = |year: i64, digits: usize| if digits == 2 { CENTURY + year } else { year };
        let order = match (digits, separator) {
            (4, _) => Order::Known(Some((first, second, third))),
            (2, b'-') if last_digits == 2 => Order::Known(Some((CENTURY + first, second, third))),
            (1 | 2, b'.') => Order::Known(Some((year(third, last_digits), second, first))),
            (1 | 2, b'/') => Order::DayOrMonth([first, second], year(third, last_digits)),
            _ => return None,
        };
        self.day_and_clock(order)
    }

    /// A time that begins with the name of a day or month.
    fn named(&mut self) -> Option<Written> {
        const DAYS: &[u8] = b"MonTueWedThuFriSatSun";
        let word = self.text.get(..3)?;
        let day_is_named = DAYS.chunks(3).any(|day| day == word);
        if day_is_named {
            self.at += 3;
            self.take(b",");
            self.take(b" ").then_some(())?;
            if self.rest().first()?.is_ascii_digit() {
                return self.date_and_clock();
            }
        }
        let month = self.month()?;
        self.take(b" ").then_some(())?;
        self.blanks();
        let (day, _) = self.number(2)?;
        self.take(b",");
        self.take(b" ").then_some(())?;
        let start = self.at;
        if let Some((year, 4)) = self.number(4) {
            return self.day_and_clock(Order::Known(Some((year, month, day))));
        }
        self.at = start;
        // The year stands behind the clock, or nowhere.
        let clock = self.clock()?;
        let length = self.at;
        let year = self.take(b" ").then(|| self.number(4)).flatten().filter(|(_, digits)| *digits == 4 && day_is_named);
        match year {
            Some((year, _)) => self.written(Some((year, month, day)), &clock),
            None => Some(Written { time: None, length }),
        }
    }

    fn day_and_clock(&mut self, order: Order) -> Option<Written> {
        let between = [&b" - "[..], b", ", b" ", b":", b"T"].into_iter().find(|between| self.take(between));
        between?;
        self.blanks();
        let clock = self.clock()?;
        let date = match order {
            Order::Known(date) => date,
            Order::DayOrMonth([month, day], year) if clock.halves || day > 12 => Some((year, month, day)),
            Order::DayOrMonth([day, month], year) if day > 12 => Some((year, month, day)),
            Order::DayOrMonth(..) => None,
        };
        self.written(date, &clock)
    }

    /// The time of a date and a clock, with the offset that stands behind them.
    fn written(&mut self, date: Date, clock: &Clock) -> Option<Written> {
        let (offset, used) = offset(self.rest());
        self.at += used;
        let time = match date {
            Some((year, month, day)) => {
                let second = days_from_civil(year, month, day)? * 86_400 + clock.second - offset;
                Some(Time(second.checked_mul(SECOND)?.checked_add(clock.nanoseconds)?))
            }
            None => None,
        };
        Some(Written { time, length: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<(Option<String>, &str)> {
        at_start(text.as_bytes()).map(|found| (found.time.map(|time| time.to_string()), &text[found.length..]))
    }

    #[test]
    fn times_as_servers_and_loggers_write_them() {
        for text in [
            "2025-09-02T08:00:00Z",
            "2025-09-02  8:00:00",
            "2025/09/02 - 08:00:00",
            "02/Sep/2025:10:00:00 +0200",
            "02/Sep/2025 08:00:00",
            "02-Sep-2025 08:00:00",
            "02-Sep-2025 08:00:00 UTC",
            "02 Sep 2025 08:00:00.000",
            "Sep 02, 2025 8:00:00 AM",
            "Sep 2 2025 08:00:00",
            "Tue Sep 02 08:00:00.000000 2025",
            "Tue Sep  2 08:00:00 2025",
            "Tue, 02 Sep 2025 08:00:00 GMT",
            "09/02/2025, 8:00:00 AM",
            "09/02/25 8:00:00 AM",
            "02.09.2025, 08:00:00",
            "25-09-02 08:00:00",
            "1756800000",
            "1756800000000",
            "1756800000000000000",
            "1.7568e+09",
        ] {
            let expected = if text == "1.7568e+09" { None } else { Some((Some("2025-09-02T08:00:00Z".into()), "")) };
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("1.756800000123e+09\tinfo"), Some((Some("2025-09-02T08:00:00.123Z".into()), "\tinfo")));
        assert_eq!(read("25/12/2025, 08:00:00 x"), Some((Some("2025-12-25T08:00:00Z".into()), " x")));
        assert_eq!(read("Sep 02, 2025 8:00:00 PM x"), Some((Some("2025-09-02T20:00:00Z".into()), " x")));
    }

    #[test]
    fn times_without_a_day_are_stepped_over() {
        for (text, rest) in [
            ("08:00:00.123 [main]", " [main]"),
            ("8:00AM INF", " INF"),
            ("02/09/2025, 08:00:00 x", " x"),
            ("Sep  2 08:00:00 host", " host"),
            ("09-02|08:00:00.123] x", "] x"),
        ] {
            assert_eq!(read(text), Some((None, rest)), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_time() {
        for text in
            ["", "12", "08:00", "1.2.3.4 - -", "2025-09-02", "Mon", "May I", "Sep 2", "17 x", "31#31: x", "500 in 12ms"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in r"([0-9]{1,4}|[-/., :|T]|Sep|Tue|AM|PM|e\+|\+0[0-9]00){0,14}") {
            if let Some(found) = at_start(text.as_bytes()) {
                prop_assert!(found.length <= text.len() && found.length > 3);
            }
        }
    }
}
