//! The end of a run, which who waits between two attempts is woken by.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// By when all has to be sent, once the run has ended.
#[derive(Default)]
pub struct Ending {
    deadline: Mutex<Option<Instant>>,
    known: Condvar,
}

impl Ending {
    /// From now on nothing goes on after `deadline`.
    pub fn set(&self, deadline: Instant) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline);
        self.known.notify_all();
    }

    /// So much time, or what is left of it.
    pub fn at_most(&self, time: Duration) -> Duration {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        deadline.map_or(time, |deadline| time.min(deadline.saturating_duration_since(Instant::now())))
    }

    /// Sleeps; or says at once that the end comes first.
    pub fn sleep(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut deadline = self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if deadline.is_some_and(|deadline| deadline < until) {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            deadline = self.known.wait_timeout(deadline, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sleeps_beyond_the_end() {
        let ending = Ending::default();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| ending.sleep(Duration::from_secs(3_600)));
            ending.set(Instant::now() + Duration::from_secs(60));
            assert!(!sleeper.join().unwrap());
        });
        assert!(ending.sleep(Duration::ZERO));
        assert!(ending.at_most(Duration::from_secs(90)) <= Duration::from_secs(60));
    }
}
