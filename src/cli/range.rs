//! Times on the command line, as a person writes them: `1h`, `-10m`, `+30m`, `13:30`, `today`, or one in full.

use chrono::{NaiveDateTime, NaiveTime};

use crate::gather::Bound;
use crate::rules::plan::Moment;
use crate::time::{SECOND, Time};
use crate::time::{parse_span, parse_time};
use crate::zone::Zone;

/// One end of the range as it is asked for. What is counted back is counted from the end of the log: of saved files that is their
/// last record, else it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    At(Time),
    /// On the clock of the zone, where no offset is written.
    Local(NaiveDateTime),
    /// Seconds after the deployment; before it when negative.
    FromDeployment(i64),
    /// Seconds before the end of the log.
    Ago(i64),
    /// The last time the clock showed this.
    Clock(NaiveTime),
    /// The midnight before the end of the log.
    Today,
}

impl End {
    pub fn parse(text: &str) -> Result<End, String> {
        let clock = || ["%H:%M", "%H:%M:%S"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok());
        let signed = |sign, text| parse_span(text).map(|seconds: i64| End::FromDeployment(sign * seconds));
        let relative = match text.split_at_checked(1) {
            Some(("+", span)) => signed(1, span),
            Some(("-", span)) => signed(-1, span),
            _ => parse_span(text).map(End::Ago),
        };
        if let Some(end) = relative.or_else(|| clock().map(End::Clock)).or((text == "today").then_some(End::Today)) {
            return Ok(end);
        }
        // Without an offset a time still is one when UTC's is written behind it.
        let local = Zone::Utc.shown(parse_time(text).map_err(|_| unknown(text))?);
        Ok(match text.len() == 10 || parse_time(&format!("{text}Z")).is_ok() {
            true => End::Local(local),
            false => End::At(Zone::Utc.time(local)),
        })
    }

    /// Whether it is counted back from the end of the log.
    pub fn counts_from_end(self) -> bool {
        matches!(self, End::Ago(_) | End::Clock(_) | End::Today)
    }

    /// What the engine is told, `end` being where the log ends.
    pub fn bound(self, end: Time, zone: Zone) -> Bound {
        Bound::At(match self {
            End::At(time) => time,
            End::Local(clock) => zone.time(clock),
            End::FromDeployment(seconds) => return Bound::AfterDeployment(seconds),
            End::Ago(seconds) => end.saturating_add(-seconds.saturating_mul(SECOND)),
            End::Clock(clock) => zone.latest(clock, end),
            End::Today => zone.midnight(end),
        })
    }
}

/// When it was deployed, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployed {
    /// As the log tells.
    Auto,
    At(End),
}

impl Deployed {
    pub fn parse(text: &str) -> Result<Deployed, String> {
        match End::parse(text) {
            _ if text == "auto" => Ok(Deployed::Auto),
            Ok(End::FromDeployment(_)) => {
                Err(format!("`{text}` counts from the deployment itself; write a time, 13:30, or 10m (before the end)"))
            }
            end => end.map(Deployed::At),
        }
    }

    /// Whether it is counted back from the end of the log.
    pub fn counts_from_end(self) -> bool {
        matches!(self, Deployed::At(end) if end.counts_from_end())
    }

    /// What the session is told, `end` being where the log ends.
    pub fn moment(self, end: Time, zone: Zone) -> Moment {
        match self {
            Deployed::Auto => Moment::Auto,
            Deployed::At(at) => match at.bound(end, zone) {
                Bound::At(time) => Moment::At(time),
                Bound::AfterDeployment(_) => Moment::Auto,
            },
        }
    }
}

fn unknown(text: &str) -> String {
    format!(
        "`{text}` is no time; write 1h (before the end), +30m or -10m (after or before the deployment), 13:30, today, or 2025-08-25T13:30:00Z"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        crate::time::parse(text.as_bytes()).unwrap()
    }

    fn bound(text: &str, zone: &str) -> Bound {
        End::parse(text).unwrap().bound(at("2025-08-25T13:45:00Z"), zone.parse().unwrap())
    }

    #[test]
    fn times_lengths_and_clocks() {
        assert_eq!(bound("+30m", "UTC"), Bound::AfterDeployment(1_800));
        assert_eq!(bound("-10m", "UTC"), Bound::AfterDeployment(-600));
        let expected = [
            ("2025-08-25T13:30:00Z", "UTC", "2025-08-25T13:30:00Z"),
            ("2025-08-25T13:30:00Z", "Europe/Madrid", "2025-08-25T13:30:00Z"),
            ("2025-08-25T13:30:00+02:00", "UTC", "2025-08-25T11:30:00Z"),
            ("2025-08-25T13:30", "UTC", "2025-08-25T13:30:00Z"),
            ("2025-08-25 13:30:00", "Europe/Madrid", "2025-08-25T11:30:00Z"),
            ("2025-08-25", "Europe/Madrid", "2025-08-24T22:00:00Z"),
            ("1h", "UTC", "2025-08-25T12:45:00Z"),
            ("13:30", "UTC", "2025-08-25T13:30:00Z"),
            ("15:30:05", "Europe/Madrid", "2025-08-25T13:30:05Z"),
            ("14:00", "UTC", "2025-08-24T14:00:00Z"),
            ("today", "UTC", "2025-08-25T00:00:00Z"),
            ("today", "Europe/Madrid", "2025-08-24T22:00:00Z"),
        ];
        for (text, zone, time) in expected {
            assert_eq!(bound(text, zone), Bound::At(at(time)), "{text} {zone}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_how_to_write_one() {
        for text in ["", "soon", "+", "-", "25:00", "1 hour ago", "2025-08-25T13:61"] {
            assert!(End::parse(text).unwrap_err().contains("write 1h"), "{text}");
        }
    }
}
