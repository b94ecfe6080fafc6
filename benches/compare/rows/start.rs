//! How soon it is there.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::child::{median, run};
use crate::corpora::place;
use crate::programs;
use crate::table::{Table, Target, Unit};

/// Starts are short, so many of them cost nothing.
const RUNS: usize = 21;

const LINE: &str = r#"{"timestamp":"2025-08-25T13:30:00.120Z","level":"error","message":"ERROR:sqlalchemy.pool.impl.QueuePool:QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00"}"#;

pub fn measure(table: &mut Table) -> Result<()> {
    table.heading("start");
    let file = place("one-line.jsonl")?;
    fs::write(&file, format!("{LINE}\n"))?;
    let mut row = |what, command: &mut Command, limit| -> Result<()> {
        let time = median(RUNS, || Ok(run(command)?.wall))?;
        table.bound(what, time.as_secs_f64() * 1e3, Unit::Milliseconds, Target::AtMost(limit));
        Ok(())
    };
    row("--version", &mut programs::logwatch(&["--version"]), 5.0)?;
    row("a file of one line, to the end", &mut programs::replay(&file, None), 30.0)
}
