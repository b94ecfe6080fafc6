//! What can be chosen on the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures logwatch beside other programs, against its targets
#[derive(Parser)]
#[command(bin_name = "cargo bench -p benches --bench compare --")]
pub struct Options {
    /// What to measure; everything unless given
    #[arg(value_name = "PART", value_enum)]
    parts: Vec<Part>,
    /// Small files and few runs: to try it out
    #[arg(long)]
    pub quick: bool,
    /// Memory with a file of 2 GB, and not a quarter of it
    #[arg(long)]
    large: bool,
    /// Regexes for ripgrep, one a line, beside the library's own
    #[arg(long, value_name = "FILE")]
    pub patterns: Option<PathBuf>,
    /// The release binary of another commit, to be compared with
    #[arg(long, value_name = "FILE")]
    pub before: Option<PathBuf>,
    /// Runs of each of two that are compared [default: 5]
    #[arg(long, value_name = "N")]
    pairs: Option<usize>,
    /// Size of the app log and of its messages as text [default: 500]
    #[arg(long, value_name = "MB")]
    app: Option<u64>,
    /// Size of the hard log [default: 300]
    #[arg(long, value_name = "MB")]
    hard: Option<u64>,
    /// Size of the HTTP logs [default: 60]
    #[arg(long, value_name = "MB")]
    http: Option<u64>,
    /// Cargo says this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The binary of another commit
    Before,
    Ripgrep,
    AngleGrinder,
    /// Text against JSON, two threads against one
    Itself,
    Patterns,
    Memory,
    /// Gzip and zstd
    Packed,
    Start,
    Live,
}

pub const MB: u64 = 1_000_000;

impl Options {
    pub fn parts(&self) -> Vec<Part> {
        if self.parts.is_empty() { Part::value_variants().to_vec() } else { self.parts.clone() }
    }

    pub fn pairs(&self) -> usize {
        self.pairs.unwrap_or(if self.quick { 3 } else { 5 }).max(1)
    }

    /// Bytes of the app log.
    pub fn app(&self) -> u64 {
        self.app.unwrap_or(if self.quick { 40 } else { 500 }) * MB
    }

    /// Bytes of the hard log.
    pub fn hard(&self) -> u64 {
        self.hard.unwrap_or(if self.quick { 20 } else { 300 }) * MB
    }

    /// Bytes of an HTTP log.
    pub fn http(&self) -> u64 {
        self.http.unwrap_or(if self.quick { 5 } else { 60 }) * MB
    }

    /// Bytes of two app logs whose peaks of memory are to be the same.
    pub fn memory(&self) -> [u64; 2] {
        match (self.quick, self.large) {
            (_, true) => [100 * MB, 2_000 * MB],
            (true, false) => [20 * MB, 80 * MB],
            (false, false) => [100 * MB, 500 * MB],
        }
    }
}
