//! Replays against ripgrep, which counts the lines that some pattern matches: less work, with nothing else to it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{speedup, throughput};
use crate::child::{pairs, run};
use crate::corpora::{self, corpus};
use crate::options::Options;
use crate::programs;
use crate::scenario::corpus::Kind;
use crate::table::{Table, Target};

/// Threads, and how many times as fast as ripgrep a replay of the app log is to be.
type Row = (&'static str, usize, f64);

/// Of other patterns, which say less of a line.
const GIVEN: [Row; 1] = [("app log, 2 threads", 2, 1.4)];
/// Of the library's own.
const OWN: [Row; 2] = [("app log, 2 threads", 2, 2.3), ("app log, 1 thread", 1, 1.3)];

pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let Some(version) = programs::version("rg")? else {
        table.heading("ripgrep, counting lines that match");
        OWN.iter().for_each(|row| table.absent(row.0, "not installed"));
        return Ok(());
    };
    if let Some(given) = &options.patterns {
        let name = given.file_name().unwrap_or_default().display().to_string();
        against(&version, (given, &name), &GIVEN, options, table)?;
    }
    against(&version, (&own_patterns()?, "the library"), &OWN, options, table)
}

fn against(
    version: &str,
    (patterns, name): (&Path, &str),
    rows: &[Row],
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    let text = fs::read_to_string(patterns).with_context(|| patterns.display().to_string())?;
    table.heading(&format!("{version}, counting lines that match the {} patterns of {name}", text.lines().count()));
    let corpus = corpus(Kind::App, options.app())?;
    for (what, threads, target) in rows {
        let (ours, other) = pairs(
            options.pairs(),
            || Ok(run(&mut programs::replay(&corpus.path, Some(*threads)))?.wall),
            || Ok(run(&mut programs::ripgrep(patterns, &corpus.path))?.wall),
        )?;
        let (left, right) = (throughput(&corpus, ours), throughput(&corpus, other));
        table.ratio(what, left, right, speedup(ours, other), Target::AtLeast(*target));
    }
    Ok(())
}

/// The library's regexes.
fn own_patterns() -> Result<PathBuf> {
    let listed = programs::logwatch(&["patterns", "list", "--format", "regex"]).output()?;
    ensure!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let path = corpora::place("library.regexes")?;
    fs::write(&path, listed.stdout)?;
    Ok(path)
}
