//! Replays of HTTP logs against angle-grinder, which works out percentiles by path.

use anyhow::Result;

use super::{speedup, throughput};
use crate::child::{pairs, run};
use crate::corpora::corpus;
use crate::options::Options;
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target};

const ROWS: [(&str, Kind, f64); 2] =
    [("HTTP log, 2 threads", Kind::Http, 25.0), ("HTTP log, members in any order", Kind::HttpShuffled, 25.0)];

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let Some(version) = programs::version("agrind")? else {
        table.heading("angle-grinder, percentiles of durations by path");
        ROWS.iter().for_each(|row| table.absent(row.0, "not installed"));
        return Ok(());
    };
    table.heading(&format!("angle-grinder ({version}), percentiles of durations by path"));
    for (what, kind, target) in ROWS {
        let corpus = corpus(kind, options.http())?;
        let (ours, other) = pairs(
            options.pairs(),
            || Ok(run(&mut programs::replay(&corpus.path, Some(2)))?.wall),
            || Ok(run(&mut programs::angle_grinder(&corpus.path))?.wall),
        )?;
        let (left, right) = (throughput(&corpus, ours), throughput(&corpus, other));
        table.ratio(what, left, right, speedup(ours, other), Target::AtLeast(target));
    }
    Ok(())
}
