//! Programs run to their end: how long each took, how much of the processor and of memory.

use std::io;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

/// What one run took.
#[derive(Clone, Copy)]
pub struct Used {
    pub wall: Duration,
    /// Time of all cores, the system's for it too.
    pub processor: Duration,
    /// The most memory it had in use, in MiB. Linux counts what this process had when it started the child, so this one
    /// keeps small.
    pub peak: f64,
}

/// Runs a program; what it prints is of no interest.
pub fn run(command: &mut Command) -> Result<Used> {
    used(command, |_| Ok(()))
}

/// Runs a program that reads from a pipe what `feed` writes into it.
pub fn fed(command: &mut Command, feed: impl FnOnce(&mut ChildStdin) -> io::Result<()>) -> Result<Used> {
    used(command.stdin(Stdio::piped()), |child| child.stdin.take().map_or(Ok(()), |mut pipe| feed(&mut pipe)))
}

fn used(command: &mut Command, feed: impl FnOnce(&mut Child) -> io::Result<()>) -> Result<Used> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
    let done = feed(&mut child);
    let ended = child.wait4()?;
    let wall = start.elapsed();
    // Verdicts are statuses from 3 on; below are failures.
    ensure!(matches!(ended.status.code(), Some(0 | 3..)), "{command:?}: {}", ended.status);
    done?;
    let usage = ended.rusage;
    Ok(Used { wall, processor: usage.utime + usage.stime, peak: usage.maxrss as f64 / (1 << 20) as f64 })
}

/// The median time of some runs.
pub fn median(runs: usize, mut run: impl FnMut() -> Result<Duration>) -> Result<Duration> {
    let times: Result<Vec<_>> = (0..runs).map(|_| run()).collect();
    Ok(middle(times?))
}

/// The median times of two that take turns, so that what else the machine does meets both.
pub fn pairs(
    runs: usize,
    mut one: impl FnMut() -> Result<Duration>,
    mut other: impl FnMut() -> Result<Duration>,
) -> Result<(Duration, Duration)> {
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..runs {
        times.0.push(one()?);
        times.1.push(other()?);
    }
    Ok((middle(times.0), middle(times.1)))
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
