//! The time that something may take.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What no execution may take longer than.
const LIMIT: Duration = Duration::from_secs(1);

/// Does something, and panics when it took this thread more than a second of the processor's time. Time on the clock would
/// count what else the machine does; what waits forever is for libFuzzer's own limit.
pub fn within_a_second<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let begin = now();
    let done = act();
    let taken = now().saturating_sub(begin);
    assert!(taken < LIMIT, "{what} took {taken:?}");
    done
}

fn now() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
