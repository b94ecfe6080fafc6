//! The time zone of a person: what a clock time without an offset means on the command line, and how times are shown.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, Local, NaiveDateTime, NaiveTime, TimeZone, Utc};

use crate::time::Time;

/// UTC unless somebody asks for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// Universal time.
    #[default]
    Utc,
    /// Of the machine.
    Local,
    /// Of the IANA database.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// The time at which the clock shows `clock`: the first of two where it is set back, the end of the gap where it is set forward.
    pub fn time(self, clock: NaiveDateTime) -> Time {
        match self {
            Zone::Utc => nanoseconds(&Utc.from_utc_datetime(&clock)),
            Zone::Local => earliest(&Local, clock),
            Zone::Named(zone) => earliest(&zone, clock),
        }
    }

    /// `2025-08-25 13:26:31`, for people.
    pub fn date_and_clock(self, time: Time) -> String {
        self.shown(time).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// `13:26:31`, for people.
    pub fn clock(self, time: Time) -> String {
        self.shown(time).format("%H:%M:%S").to_string()
    }

    /// What the clock shows.
    pub fn shown(self, time: Time) -> NaiveDateTime {
        let utc = DateTime::from_timestamp_nanos(time.0);
        match self {
            Zone::Utc => utc.naive_utc(),
            Zone::Local => utc.with_timezone(&Local).naive_local(),
            Zone::Named(zone) => utc.with_timezone(&zone).naive_local(),
        }
    }

    /// The last midnight at or before a time.
    pub fn midnight(self, time: Time) -> Time {
        self.time(self.shown(time).date().and_time(NaiveTime::MIN))
    }

    /// The last time at or before `end` at which the clock shows `clock`.
    pub fn latest(self, clock: NaiveTime, end: Time) -> Time {
        let date = self.shown(end).date();
        let today = self.time(date.and_time(clock));
        match date.checked_sub_days(Days::new(1)) {
            Some(yesterday) if today > end => self.time(yesterday.and_time(clock)),
            _ => today,
        }
    }
}

fn earliest<Z: TimeZone>(zone: &Z, clock: NaiveDateTime) -> Time {
    // A gap is an hour; the longest was a day.
    let after_gap = || {
        (1..=24 * 4).find_map(|n| zone.from_local_datetime(&(clock + chrono::TimeDelta::minutes(15 * n))).earliest())
    };
    zone.from_local_datetime(&clock)
        .earliest()
        .or_else(after_gap)
        .map_or_else(|| nanoseconds(&clock.and_utc()), |time| nanoseconds(&time))
}

/// The ends of the range of [`Time`] for what is beyond them.
fn nanoseconds<Z: TimeZone>(time: &DateTime<Z>) -> Time {
    Time(time.timestamp_nanos_opt().unwrap_or(if time.year() < 1970 { i64::MIN } else { i64::MAX }))
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Zone, String> {
        if text.eq_ignore_ascii_case("local") {
            return Ok(Zone::Local);
        }
        if ["utc", "z"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
            return Ok(Zone::Utc);
        }
        let named = chrono_tz::Tz::from_str_insensitive(text);
        named
            .map(Zone::Named)
            .map_err(|_| format!("no time zone `{text}`; write UTC, local, or a name such as Europe/Madrid"))
    }
}

/// As it stands behind a time.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Utc => f.write_str("UTC"),
            Zone::Local => f.write_str("local time"),
            Zone::Named(zone) => f.write_str(zone.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        crate::time::parse(text.as_bytes()).unwrap()
    }

    fn clock(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn clocks_are_of_the_zone() {
        let madrid: Zone = "europe/madrid".parse().unwrap();
        assert_eq!(madrid.time(clock("2025-08-25T15:30:00")), at("2025-08-25T13:30:00Z"));
        assert_eq!(madrid.shown(at("2025-08-25T13:30:00Z")), clock("2025-08-25T15:30:00"));
        assert_eq!(madrid.midnight(at("2025-08-25T22:30:00Z")), at("2025-08-25T22:00:00Z"));
        assert_eq!(Zone::Utc.midnight(at("2025-08-25T22:30:00Z")), at("2025-08-25T00:00:00Z"));
    }

    #[test]
    fn where_a_clock_is_set_there_is_still_one_time() {
        let madrid: Zone = "Europe/Madrid".parse().unwrap();
        assert_eq!(madrid.time(clock("2025-10-26T02:30:00")), at("2025-10-26T00:30:00Z"), "twice");
        assert_eq!(madrid.time(clock("2025-03-30T02:30:00")), at("2025-03-30T01:00:00Z"), "never");
    }

    #[test]
    fn a_time_of_day_is_the_last_one() {
        let half_past = NaiveTime::from_hms_opt(13, 30, 0).unwrap();
        assert_eq!(Zone::Utc.latest(half_past, at("2025-08-25T14:00:00Z")), at("2025-08-25T13:30:00Z"));
        assert_eq!(Zone::Utc.latest(half_past, at("2025-08-25T13:00:00Z")), at("2025-08-24T13:30:00Z"));
    }

    #[test]
    fn zones_have_names() {
        assert_eq!("UTC".parse(), Ok(Zone::Utc));
        assert_eq!("local".parse(), Ok(Zone::Local));
        assert!("Madrid".parse::<Zone>().unwrap_err().contains("Europe/Madrid"));
    }
}
