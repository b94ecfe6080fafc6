//! The rows of the table, a file for each part of it.

pub mod angle_grinder;
pub mod before;
pub mod itself;
pub mod live;
pub mod memory;
pub mod packed;
pub mod patterns;
pub mod ripgrep;
pub mod start;

use std::time::Duration;

use crate::corpora::Corpus;

fn throughput(corpus: &Corpus, time: Duration) -> String {
    format!("{:.3} GB/s", corpus.bytes as f64 / 1e9 / time.as_secs_f64())
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// How many times faster the first is.
fn speedup(ours: Duration, other: Duration) -> f64 {
    other.as_secs_f64() / ours.as_secs_f64()
}
