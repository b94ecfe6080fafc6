//! The calls that the API allows in an hour, as its answers tell. All callers share them, and none uses up what is left: that is
//! for others, and for filling holes.

use std::time::Duration;

use reqwest::header::HeaderMap;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To read what would be missing otherwise.
    Needed,
    /// To look whether anything is missing or has changed: left out when calls become few.
    Routine,
}

/// As the last answer told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub limit: Option<u64>,
    pub remaining: Option<u64>,
    /// When there are new ones, in seconds since 1970 by the server's clock.
    resets_at: Option<i64>,
}

/// Of so many calls one is kept from needed calls, and from routine ones.
const KEPT_FROM_NEEDED: u64 = 50;
const KEPT_FROM_ROUTINE: u64 = 4;
/// How long to wait where nobody says how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// New calls come within this time, whatever the answer says.
const HOUR: i64 = 3_600;

impl Budget {
    /// Reads an answer's headers.
    pub fn note(&mut self, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
        if let Some(limit) = number("x-ratelimit-limit") {
            self.limit = Some(limit as u64);
        }
        if let Some(remaining) = number("x-ratelimit-remaining") {
            self.remaining = Some(remaining.max(0.0) as u64);
        }
        if let Some(resets_at) = number("x-ratelimit-reset") {
            self.resets_at = Some(resets_at as i64);
        }
    }

    /// How long a call has to wait; `now` is in seconds since 1970 by the server's clock.
    pub fn wait(&self, purpose: Purpose, now: i64) -> Option<Duration> {
        let (limit, remaining) = (self.limit?, self.remaining?);
        if self.resets_at.is_some_and(|resets_at| resets_at <= now) {
            return None;
        }
        let kept = match purpose {
            Purpose::Needed => (limit / KEPT_FROM_NEEDED).max(1),
            Purpose::Routine => (limit / KEPT_FROM_ROUTINE).max(1),
        };
        if remaining > kept {
            return None;
        }
        let wait = self.resets_at.map(|resets_at| Duration::from_secs((resets_at - now).clamp(1, HOUR) as u64));
        Some(wait.unwrap_or(DEFAULT_WAIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limit: &str, remaining: &str, reset: &str) -> Budget {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit", limit.parse().unwrap());
        headers.insert("x-ratelimit-remaining", remaining.parse().unwrap());
        headers.insert("x-ratelimit-reset", reset.parse().unwrap());
        let mut budget = Budget::default();
        budget.note(&headers);
        budget
    }

    #[test]
    fn what_is_left_is_kept_for_holes_and_never_used_up() {
        let now = 1_000;
        assert_eq!(Budget::default().wait(Purpose::Routine, now), None);
        let plenty = budget("1000", "999", "1600");
        assert_eq!([plenty.wait(Purpose::Routine, now), plenty.wait(Purpose::Needed, now)], [None, None]);
        let few = budget("1000", "200", "1600");
        assert_eq!(
            [few.wait(Purpose::Routine, now), few.wait(Purpose::Needed, now)],
            [Some(Duration::from_secs(600)), None]
        );
        let last = budget("1000", "20", "1600");
        assert_eq!(last.wait(Purpose::Needed, now), Some(Duration::from_secs(600)));
        // There are new ones since.
        assert_eq!(last.wait(Purpose::Needed, 1_600), None);
    }
}
