//! Packed files against their bare decompressors, which are to be what holds a replay up.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use flate2::read::MultiGzDecoder;

use super::{seconds, speedup};
use crate::child::{median, pairs, run};
use crate::corpora::{self, corpus};
use crate::options::{MB, Options};
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target};

/// How much longer a replay may take than unpacking alone: starting, and the last chunk after the decompressor is done.
const LONGER: f64 = 1.15;

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let plain = corpus(Kind::App, options.memory()[0])?;
    let unpacked = median(options.pairs(), || Ok(run(&mut programs::replay(&plain.path, None))?.wall))?;
    table.heading(&format!(
        "packed app log of {} MB, against unpacking alone; the plain file takes {}",
        plain.bytes / MB,
        seconds(unpacked)
    ));
    let gz = corpora::gzip(&plain.path)?;
    let zst = corpora::zstd(&plain.path)?;
    row("gzip", &gz, || Ok(MultiGzDecoder::new(File::open(&gz)?)), options, table)?;
    row("zstd", &zst, || zstd::Decoder::new(File::open(&zst)?), options, table)
}

fn row<R: Read>(
    what: &str,
    packed: &Path,
    open: impl Fn() -> io::Result<R>,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    let (ours, bare) =
        pairs(options.pairs(), || Ok(run(&mut programs::replay(packed, None))?.wall), || Ok(unpack(open()?)?))?;
    table.ratio(what, seconds(ours), seconds(bare), 1.0 / speedup(ours, bare), Target::AtMost(LONGER));
    Ok(())
}

/// The time to unpack in blocks that stay in the cache.
fn unpack(mut packed: impl Read) -> io::Result<Duration> {
    let mut block = vec![0; 256 << 10];
    let start = Instant::now();
    while packed.read(&mut block)? > 0 {}
    Ok(start.elapsed())
}
