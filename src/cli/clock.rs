//! The clock of a live source that falls silent (SEMANTICS 5): the only place where the time of day enters.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::time::Time;

/// A source is silent after this long without a line.
const SILENCE: Duration = Duration::from_secs(2);
/// A source whose last event was older than this on arrival is not live, whatever the pipe says.
const FRESH: i64 = 60 * crate::time::SECOND;

/// The time of day.
pub fn now() -> Time {
    Time(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as i64))
}

/// When a source was last heard of.
#[derive(Debug)]
pub struct Clock {
    heard: Instant,
    /// The latest event time, if it was fresh when it came.
    latest: Option<Time>,
}

impl Clock {
    pub fn new() -> Self {
        Clock { heard: Instant::now(), latest: None }
    }

    /// Lines came; `latest` is the source's latest event time. Who gave it a time has a clock that is so many nanoseconds ahead.
    pub fn heard(&mut self, latest: Option<Time>, ahead: i64) {
        self.heard = Instant::now();
        let now = now().saturating_add(ahead);
        self.latest = latest.filter(|latest| now.since(*latest).saturating_abs() < FRESH);
    }

    /// It is this time now, and all has come that was written until `proved`. A source that was silent for long before it was read
    /// goes on from there.
    pub fn advance(&mut self, time: Time, proved: Instant) {
        if self.latest.is_none() && self.is_idle() {
            self.latest = Some(time.saturating_add(-(proved.elapsed().as_nanos() as i64)));
            self.heard = proved;
        }
    }

    pub fn is_idle(&self) -> bool {
        self.heard.elapsed() >= SILENCE
    }

    /// The time a silent source has come to, which is known to have been there at a moment.
    pub fn silent(&self, proved: Instant) -> Option<Time> {
        let elapsed = proved.saturating_duration_since(self.heard);
        self.latest.filter(|_| elapsed >= SILENCE).map(|latest| latest.saturating_add(elapsed.as_nanos() as i64))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Clock::new()
    }
}
