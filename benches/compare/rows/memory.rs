//! The peak of memory, which is not to grow with the input.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Result;

use crate::child::{fed, run};
use crate::corpora::corpus;
use crate::options::{MB, Options};
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target, Unit};

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    table.heading("peak of memory, all cores");
    for bytes in options.memory() {
        let app = corpus(Kind::App, bytes)?;
        let megabytes = bytes / MB;
        let feed = |pipe: &mut _| io::copy(&mut File::open(&app.path)?, pipe).map(drop);
        let piped = fed(&mut programs::replay(Path::new("-"), None), feed)?;
        let read = run(&mut programs::replay(&app.path, None))?;
        table.bound(&format!("standard input, {megabytes} MB"), piped.peak, Unit::Mebibytes, Target::AtMost(64.0));
        table.bound(&format!("file, {megabytes} MB"), read.peak, Unit::Mebibytes, Target::AtMost(64.0));
    }
    Ok(())
}
