//! Replays against those of another commit's binary.

use anyhow::Result;

use super::{speedup, throughput};
use crate::child::{pairs, run};
use crate::corpora::corpus;
use crate::options::Options;
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target};

/// Corpus, threads, and how many times as fast as before a replay is to be.
const ROWS: [(&str, Kind, usize, f64); 4] = [
    ("app log, 2 threads", Kind::App, 2, 1.9),
    ("app log, 1 thread", Kind::App, 1, 1.6),
    ("HTTP log, 1 thread", Kind::HttpShuffled, 1, 1.5),
    ("hard log, 2 threads", Kind::Hard, 2, 1.5),
];

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let Some(before) = &options.before else { return Ok(()) };
    table.heading(&format!("logwatch as {}", before.display()));
    for (what, kind, threads, target) in ROWS {
        let bytes = match kind {
            Kind::Hard => options.hard(),
            Kind::HttpShuffled => options.http(),
            _ => options.app(),
        };
        let corpus = corpus(kind, bytes)?;
        let (ours, other) = pairs(
            options.pairs(),
            || Ok(run(&mut programs::replay(&corpus.path, Some(threads)))?.wall),
            || Ok(run(&mut programs::replay_of(before, &corpus.path, Some(threads)))?.wall),
        )?;
        let (left, right) = (throughput(&corpus, ours), throughput(&corpus, other));
        table.ratio(what, left, right, speedup(ours, other), Target::AtLeast(target));
    }
    Ok(())
}
