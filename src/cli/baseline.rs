//! `logwatch baseline`, which saves what a service is like when it runs as usual, and `--baseline`, which compares with it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::files;
use super::intake::Intake;
use super::options::BaselineOptions;
use super::overwrite;
use super::progress::{Aside, Progress};
use super::record::Record;
use super::run::{Mode, UsageError, open};
use super::target::Target;
use crate::baseline::{Baseline, Error};
use crate::gather::{Bound, Range};
use crate::rules::plan::{Moment, Plan, Span};
use crate::session::{self, Session};
use crate::state::Journal;
use crate::text::escape;
use crate::time::Time;
use crate::zone::Zone;

/// Makes a baseline of logs, or adds up baselines.
pub fn baseline(asked: &BaselineOptions, out: &mut dyn Write) -> Result<i32> {
    let inputs = files::expand(&asked.files)?;
    if let Some(output) = &asked.output {
        overwrite::refuse_output(output, &inputs)?;
    }
    let are_baselines: Vec<bool> = asked.files.iter().map(|path| is_baseline(path)).collect();
    let baseline = if are_baselines.iter().all(|is_one| *is_one) {
        add_up(&asked.files)?
    } else if are_baselines.contains(&true) {
        return Err(
            UsageError("give logs or baselines; make one of the logs first, and add it to the others".into()).into()
        );
    } else {
        of_logs(asked)?
    };
    let text = baseline.write()?;
    let Some(path) = &asked.output else {
        out.write_all(text.as_bytes())?;
        out.flush()?;
        return Ok(0);
    };
    let shown = escape(&path.display().to_string());
    let write = || {
        let mut target = Target::open(path)?;
        target.write_all(text.as_bytes())?;
        target.finish()
    };
    write().with_context(|| format!("cannot write {shown}"))?;
    writeln!(out, "{}", baseline.made_of(shown))?;
    Ok(0)
}

/// Lets a run compare with a saved baseline.
pub(super) fn compare(session: &mut Session, path: &Path) -> Result<()> {
    let baseline = load(path).map_err(|error| UsageError(error.to_string()))?;
    let shown = escape(&path.display().to_string());
    session.compare_with(&baseline, &shown).map_err(|error| UsageError(error.to_string()))?;
    session.compared_with = Some(baseline.made_of(shown));
    Ok(())
}

fn load(path: &Path) -> Result<Baseline, Error> {
    let shown = escape(&path.display().to_string());
    let text = fs::read(path).map_err(|source| Error::Read { path: shown.clone(), source })?;
    Baseline::parse(&shown, &text)
}

/// Whether a file begins as a baseline does.
fn is_baseline(path: &Path) -> bool {
    use std::io::Read;
    let mut begin = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut begin));
    read.is_ok() && Baseline::is_one(&begin)
}

fn add_up(paths: &[PathBuf]) -> Result<Baseline> {
    let usage = |error: Error| UsageError(error.to_string());
    let shown = |path: &PathBuf| escape(&path.display().to_string());
    let [first, others @ ..] = paths else { return Err(anyhow!("no baseline")) };
    let mut sum = load(first).map_err(usage)?;
    for path in others {
        let other = load(path).map_err(usage)?;
        sum.add(other, (&shown(first), &shown(path))).map_err(usage)?;
    }
    Ok(sum)
}

fn of_logs(asked: &BaselineOptions) -> Result<Baseline> {
    let opened = open(&files::expand(&asked.files)?, Mode::Replay { follow: false })?;
    let range = Range { since: asked.since.map(Bound::At), until: asked.until.map(Bound::At) };
    let session = before_all(&asked.plan, &asked.library.patterns, range)?;
    let progress = Progress::new(&opened, false, Zone::Utc);
    of_session(session, progress, |session, _, aside| Intake::start(session, opened, 1, aside))
}

/// A session of a plan, for which all that is read is before a deployment that is yet to come.
pub(super) fn before_all(plan: &str, packs: &[PathBuf], range: Range) -> Result<Session> {
    /// Seconds that are taken in at most: a year.
    const LONGEST: Span = Span(366 * 86_400);
    let usage = |error: session::Error| UsageError::from(error);
    let mut plan = Plan::load(plan).map_err(session::Error::from).map_err(usage)?;
    plan.document.plan.baseline.window = LONGEST;
    let library = plan.library(packs).map_err(session::Error::from).map_err(usage)?;
    let never = Some(Moment::At(Time(i64::MAX)));
    Ok(Session::new(plan, library, never, range).map_err(usage)?)
}

/// What such a session comes to with all that is read.
pub(super) fn of_session(
    mut session: Session,
    mut progress: Progress,
    start: impl FnOnce(&mut Session, &mut Record, Aside) -> std::io::Result<Intake>,
) -> Result<Baseline> {
    let mut record = Record::open(None, progress.aside())?;
    let mut intake = start(&mut session, &mut record, progress.aside()).context("cannot start to read")?;
    while intake.turn(&mut session, &mut record, &mut Journal::default()) {
        progress.update(&session.engine);
    }
    progress.finish();
    session.engine.finish();
    if !intake.failures.is_empty() {
        return Err(anyhow!("the input was cut short: {}", intake.failures.join("; ")));
    }
    let name = session.plan.document.plan.id.to_lowercase();
    Baseline::of(&session.engine, &name).ok_or_else(|| {
        anyhow!("no second of these logs shows the service running as usual: no baseline can be made of them")
    })
}
