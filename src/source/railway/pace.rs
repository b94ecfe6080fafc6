//! How fast things go: how long is waited for what.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use super::Error;

/// The times of following, and the size of its pages. They are together so that a test can let an hour pass in a second.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two calls: the API's front lets ten a second through.
    pub between: Duration,
    /// For a handshake; one second is too little on a busy machine.
    pub handshake: Duration,
    /// Between two pings.
    pub ping: Duration,
    /// A server that shows nothing for so long is gone.
    pub silence: Duration,
    /// Before the first attempt to connect again, and before a subscription that the server completed is begun again.
    pub again: Duration,
    /// Before any later one.
    pub longest: Duration,
    /// A connection that held so long begins with the first delay again.
    pub held: Duration,
    /// Before a token that was not accepted is tried again.
    pub refused: Duration,
    /// Between two looks at what is deployed, and at the window that has settled.
    pub look: Duration,
    /// What is older than this has settled: what is stored late is there by then.
    pub settled: Duration,
    /// What is younger than this may not have come yet, of a subscription that works.
    pub fresh: Duration,
    /// What is read again at each seam.
    pub overlap: Duration,
    /// How long the log of a deployment that is gone is followed.
    pub drain: Duration,
    /// Records of a page; more than this the API does not give.
    pub page: usize,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Pace {
            between: Duration::from_millis(110),
            handshake: seconds(10),
            ping: seconds(5),
            silence: seconds(30),
            again: seconds(1),
            longest: seconds(30),
            held: seconds(30),
            refused: seconds(60),
            look: seconds(60),
            settled: seconds(150),
            fresh: seconds(10),
            overlap: seconds(30),
            drain: seconds(60),
            page: 5_000,
        }
    }
}

impl Pace {
    /// How long records are to be known: what is read again is never older.
    pub fn remembered(&self) -> Duration {
        self.settled.saturating_mul(2) + self.overlap + self.look
    }

    /// How long before the last record of an earlier run to begin, so that what was stored late is found, too.
    pub fn again_from(&self) -> Duration {
        self.settled + self.overlap + self.look
    }
}

/// Seconds before the last record of a log for which its records are to be known to a later run.
pub fn remembered() -> i64 {
    Pace::default().remembered().as_secs() as i64
}

/// Delays that grow from failure to failure.
#[derive(Debug)]
pub struct Delays {
    pace: Pace,
    failures: u32,
    since: Instant,
}

impl Delays {
    pub fn new(pace: Pace) -> Self {
        Delays { pace, failures: 0, since: Instant::now() }
    }

    /// It works again since now; whether it does for long will show.
    pub fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// It certainly works.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Before the next attempt, after this failure.
    pub fn next(&mut self, error: &Error) -> Duration {
        if self.since.elapsed() >= self.pace.held {
            self.failures = 0;
        }
        let growing = self.pace.again.saturating_mul(1 << self.failures.min(10)).min(self.pace.longest);
        self.failures += 1;
        self.since = Instant::now();
        match error {
            Error::TooMany(wait) => wait.unwrap_or(self.pace.longest).max(growing),
            Error::Refused { .. } => self.pace.refused,
            // Not all at once, where many are cut off together.
            _ => growing.mul_f64(0.5 + 0.5 * fraction()),
        }
    }
}

/// Any number from 0 to 1.
fn fraction() -> f64 {
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_a_limit_and_begin_anew_when_it_works() {
        let mut delays = Delays::new(Pace::default());
        let failing = Error::Failing(String::new());
        for most in [1, 2, 4, 8, 16, 30, 30, 30] {
            let delay = delays.next(&failing);
            let most = Duration::from_secs(most);
            assert!(delay <= most && delay >= most / 2, "{delay:?} of {most:?}");
        }
        delays.reset();
        assert!(delays.next(&failing) <= Duration::from_secs(1));
    }

    #[test]
    fn what_the_server_asks_for_is_waited() {
        let mut delays = Delays::new(Pace::default());
        assert_eq!(delays.next(&Error::TooMany(Some(Duration::from_secs(77)))), Duration::from_secs(77));
        let refused = Error::Refused { reason: String::new(), advice: String::new() };
        assert_eq!(delays.next(&refused), Duration::from_secs(60));
    }
}
