//! A live pipe: lines that come one by one, stamped with the time at which they do.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chrono::{SecondsFormat, Utc};
use wait4::Wait4;

use crate::child;
use crate::corpora::corpus;
use crate::options::Options;
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target, Unit};

const LINES_PER_SECOND: u32 = 500;

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let seconds = if options.quick { 5 } else { 20 };
    table.heading(&format!("live, {LINES_PER_SECOND} lines a second for {seconds} s, start included"));
    let app = corpus(Kind::App, options.app())?;
    let mut command = programs::logwatch(&["--plan", "dl-034"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());

    let mut child = command.spawn()?;
    let mut pipe = child.stdin.take().context("the child's input")?;
    let start = Instant::now();
    let lines = BufReader::new(File::open(&app.path)?).lines();
    for (at, line) in (0..LINES_PER_SECOND * seconds).zip(lines) {
        let due = start + at * Duration::from_secs(1) / LINES_PER_SECOND;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        pipe.write_all(stamped(&line?).as_bytes())?;
    }
    drop(pipe);
    let ended = child.wait4()?;
    let wall = start.elapsed();
    child::check(&command, &ended)?;

    let processor = (ended.rusage.utime + ended.rusage.stime).as_secs_f64() / wall.as_secs_f64();
    table.bound("processor, of one core", processor * 100.0, Unit::Percent, Target::AtMost(1.0));
    let peak = ended.rusage.maxrss as f64 / (1 << 20) as f64;
    table.bound("peak of memory", peak, Unit::Mebibytes, Target::AtMost(40.0));
    Ok(())
}

/// A JSON line with its time replaced by the present one, and its end.
fn stamped(line: &str) -> String {
    const MEMBER: &str = "\"timestamp\":\"";
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true);
    match line.split_once(MEMBER).and_then(|(before, rest)| Some((before, rest.split_once('"')?.1))) {
        Some((before, after)) => format!("{before}{MEMBER}{now}\"{after}\n"),
        None => format!("{line}\n"),
    }
}
