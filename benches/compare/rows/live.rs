//! A live pipe: lines that come one by one, stamped with the time at which they do.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{SecondsFormat, Utc};

use crate::child::fed;
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
    let used = fed(&mut programs::logwatch(&["--plan", "dl-034"]), |pipe| trickle(&app.path, seconds, pipe))?;
    let share = used.processor.as_secs_f64() / used.wall.as_secs_f64();
    table.bound("processor, of one core", share * 100.0, Unit::Percent, Target::AtMost(1.0));
    table.bound("peak of memory", used.peak, Unit::Mebibytes, Target::AtMost(40.0));
    Ok(())
}

/// Writes each line at its turn.
fn trickle(file: &Path, seconds: u32, to: &mut impl Write) -> io::Result<()> {
    let start = Instant::now();
    let lines = BufReader::new(File::open(file)?).lines();
    for (turn, line) in (0..LINES_PER_SECOND * seconds).zip(lines) {
        let due = start + turn * Duration::from_secs(1) / LINES_PER_SECOND;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        to.write_all(stamped(&line?).as_bytes())?;
    }
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
