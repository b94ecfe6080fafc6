//! The peak of memory, which is not to grow with the input.

use std::fs::File;
use std::path::Path;

use anyhow::Result;

use crate::child::run;
use crate::corpora::corpus;
use crate::options::Options;
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target, Unit};

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    table.heading("peak of memory, all cores");
    for bytes in options.memory() {
        let app = corpus(Kind::App, bytes)?;
        let megabytes = bytes / 1_000_000;
        let mut piped = programs::replay(Path::new("-"), None);
        piped.stdin(File::open(&app.path)?);
        let peaks = [
            (format!("standard input, {megabytes} MB"), run(&mut piped)?.peak),
            (format!("file, {megabytes} MB"), run(&mut programs::replay(&app.path, None))?.peak),
        ];
        for (what, peak) in peaks {
            table.bound(&what, peak as f64 / (1 << 20) as f64, Unit::Mebibytes, Target::AtMost(64.0));
        }
    }
    Ok(())
}
