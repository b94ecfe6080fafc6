//! The time that something may take.

use std::sync::LazyLock;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What no execution may take longer than: a second, or as many as `FUZZ_LIMIT` says, on a machine that is slow or shared.
static LIMIT: LazyLock<Duration> = LazyLock::new(|| {
    let seconds =
        std::env::var("FUZZ_LIMIT").map_or(1, |seconds| seconds.parse().expect("FUZZ_LIMIT is whole seconds"));
    Duration::from_secs(seconds)
});

/// Does something, and panics when it took this thread more than a second of the processor's time. Time on the clock would
/// count what else the machine does; what waits forever is for libFuzzer's own limit.
pub fn within_a_second<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let begin = now();
    let done = act();
    let taken = now().saturating_sub(begin);
    assert!(taken < *LIMIT, "{what} took {taken:?}");
    done
}

fn now() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
