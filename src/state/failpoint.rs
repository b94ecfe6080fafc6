//! Where a test has the process end, as a machine or a person may have it anywhere.

/// Ends the process if `LOGWATCH_DIE_AT` says so: `NAME:N` is the Nth time that this point is passed. Programs that are built to
/// be released do not read it.
#[cfg(all(unix, debug_assertions))]
pub(super) fn pass(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let wanted = std::env::var("LOGWATCH_DIE_AT").ok()?;
        let (name, times) = wanted.split_once(':')?;
        Some((name.into(), times.parse().ok()?))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);
    if let Some((wanted, times)) = &*WANTED
        && wanted == name
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *times
    {
        // What is left to do when even this fails is to go on.
        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
    }
}

#[cfg(not(all(unix, debug_assertions)))]
pub(super) fn pass(_: &str) {}
