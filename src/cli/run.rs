//! One run: sources read into the engine, events to the outputs, a verdict, an exit status.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::actions::{Actions, RollBack};
use super::answers::Answers;
use super::clock::now;
use super::intake::Intake;
use super::keep::{self, Keep};
use super::looking::{self, Looking};
use super::options::{FailOn, Files, Format, Read};
use super::outputs::Outputs;
use super::progress::{Aside, Progress};
use super::range::{Deployed, End};
use super::record::Record;
use super::signals::Stop;
use super::{baseline, files, find, notify, overwrite, setup};
use crate::gather::Range;
use crate::mask::Masking;
use crate::notify::Subject;
use crate::output::github;
use crate::probe::Probes;
use crate::rules::plan::{Plan, Probe};
use crate::rules::verdict::Verdict;
use crate::session::{Session, services};
use crate::source::{Input, Opened};
use crate::state::{Setup, State};
use crate::summary::Summary;
use crate::time::Time;

/// How inputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `logwatch [FILE…]`: a pipe is live; saved files are replayed.
    Watch,
    /// `logwatch replay`: as fast as can be; nothing is live unless files are followed.
    Replay { follow: bool },
}

/// Reads all inputs, and gives the exit status.
pub fn run(files: &Files, read: &Read, mode: Mode) -> Result<i32> {
    let stop = Stop::on_signals()?;
    let inputs = files::inputs(files)?;
    // Without the word `replay`, too.
    let mode = if files::are_saved(&inputs) && mode == Mode::Watch { Mode::Replay { follow: false } } else { mode };
    if read.record.is_some() && inputs.len() > 1 {
        return Err(
            UsageError("--record keeps one source; give one input, or record each in a run of its own".into()).into()
        );
    }
    overwrite::refuse(read, &inputs)?;
    let mut state = keep::open(read.state.as_deref())?;
    let began = setup::began(state.as_ref())?;
    let session = session(read, mode, &inputs, &stop, began)?;
    check(&session.plan, read, mode == (Mode::Replay { follow: false }))?;
    let opened = open(&inputs, mode)?;
    if state.is_some() && opened.iter().any(|input| !input.live) {
        let message = "--state is for what is written while it is read: a pipe, `logwatch watch`, `logwatch exec`; files can be read again";
        return Err(UsageError(message.into()).into());
    }
    let progress = Progress::new(&opened, read.quiet, read.tz);
    let labels: Vec<String> = opened.iter().map(|input| input.label.clone()).collect();
    if let Some(state) = &mut state {
        begin(read, state, ("source", "pipe"), &labels, began)?;
    }
    let is_saved = mode == (Mode::Replay { follow: false });
    let from_pipe = opened.iter().any(|input| input.live) && inputs.iter().all(|input| input.path.is_none());
    let (status, summary) = Run {
        read,
        stop: &stop,
        session,
        progress,
        labels,
        is_saved,
        state,
        can_be_read_again: false,
        roll_back: None,
    }
    .drive(|session, _, aside| Intake::start(session, opened, read.threads(), aside))?;
    if from_pipe && summary.interrupted.is_none() && !read.quiet {
        hint_at_snapshot(summary.input.lines);
    }
    Ok(status)
}

/// Begins the state of a run of pipes, or makes sure that it is of this one.
pub(super) fn begin(
    read: &Read,
    state: &mut State,
    source: (&str, &str),
    labels: &[String],
    began: Time,
) -> Result<()> {
    let source = vec![(source.0.into(), source.1.into())];
    let setup = Setup { sources: labels.to_vec(), ..setup::setup(read, source, state, began)? };
    state.begin(&setup).map_err(keep::usage)
}

/// A run whose sources are known.
pub(super) struct Run<'a> {
    pub read: &'a Read,
    pub stop: &'a Stop,
    pub session: Session,
    pub progress: Progress,
    /// What output calls the sources.
    pub labels: Vec<String>,
    /// All that is to be read is there.
    pub is_saved: bool,
    /// What it goes on from, and is kept in.
    pub state: Option<State>,
    /// Whether the sources give again what they gave before.
    pub can_be_read_again: bool,
    /// How the service that is followed goes back to an earlier deployment, where that can be done.
    pub roll_back: Option<RollBack>,
}

impl Run<'_> {
    /// Reads to the end, and gives the exit status and the summary.
    pub fn drive(
        self,
        start: impl FnOnce(&mut Session, &mut Record, Aside) -> io::Result<Intake>,
    ) -> Result<(i32, Summary)> {
        let Run { read, stop, mut session, mut progress, labels, is_saved, state, can_be_read_again, roll_back } = self;
        let actions = session.plan.actions().map_err(|error| UsageError(error.to_string()))?;
        let mut actions = Actions::new(actions, read, is_saved, roll_back)?;
        // A file that is still to be written by who looks at the run.
        let is_whole = is_saved && read.answers.as_ref().is_some_and(|path| path.exists() || !read.is_looked_at());
        let answers = read.answers.as_deref();
        let mut answers = answers.map(|path| Answers::open(path, &mut session, is_whole, &mut actions)).transpose()?;
        // What a run began with stands in its state.
        let has_begun = state.as_ref().map(State::has_begun).transpose().map_err(keep::usage)?.unwrap_or(false);
        if let Some(path) = read.baseline.as_ref().filter(|_| session.compared_with.is_none() && !has_begun) {
            baseline::compare(&mut session, path)?;
        }
        let receivers = notify::of_run(&session.plan, is_saved, read.notify)?;
        let probes = if is_saved { Vec::new() } else { probes_of(&session.plan)? };
        let (mut probes, mut probing) = (Some(probes).filter(|probes| !probes.is_empty()), None);
        let plan = session.plan.document.plan.id.to_lowercase();
        let masking = read.redact.masking();
        let subject = Subject { plan: plan.clone(), sources: labels.clone(), deployed_at: None };
        let held = looking::held(read)?;
        let mut outputs = Outputs::open(read, &plan, labels, progress.aside(), held.clone())?;
        if is_saved {
            outputs.hold();
        }
        let looking = Looking::start(read, &session, &plan, &mut outputs, &mut progress, stop, is_saved)?;
        let mut record = Record::open(read.record.as_deref(), progress.aside())?;
        if receivers.is_empty() && session.plan.notifies() > 0 && !read.quiet {
            progress.aside().warn("a replay sends none of the plan's notifications; --notify sends them");
        }
        let mut notifier = notify::start(receivers, subject, progress.aside())?;
        let mut intake = start(&mut session, &mut record, progress.aside()).context("cannot start to read")?;
        looking.follow(&mut intake);
        let mut keep = Keep::new(state, progress.aside());
        keep.go_on(&mut session, &mut outputs, &mut notifier, &mut actions, masking, can_be_read_again)?;
        session.engine.stop_when(stop.at_once());

        let mut asked = None;
        let mut stopped = None;
        while stopped.is_none() {
            if stop.is_asked() {
                asked.get_or_insert_with(Instant::now);
            }
            let goes_on = intake.turn(&mut session, &mut record, &mut keep.journal);
            // What is measured stands in the time of the log, which begins with its first line.
            if session.engine.latest().is_some()
                && let Some(probes) = probes.take()
            {
                probing = Some(Probes::start(probes, &intake.measured(), now).map_err(anyhow::Error::msg)?);
            }
            if let Some(answers) = &mut answers {
                answers.read_on(&mut session, &progress.aside());
            }
            progress.update(&session.engine);
            keep.hear(&mut session);
            keep.turn(&mut session, &mut outputs, &mut notifier, &mut actions, masking);
            outputs.look(&session.engine, notifier.as_ref());
            if let Some(notifier) = &mut notifier {
                notifier.turn(now());
            }
            for event in actions.turn(&session, intake.ahead()) {
                keep.action(&event, &mut outputs, &mut notifier);
            }
            if asked.is_some_and(|asked| stop.is_at_once() || intake.has_settled(asked)) {
                stopped = Some("stopped by a signal");
            } else if outputs.are_closed() && !record.is_kept() && job_summary().is_none() {
                stopped = Some("nobody reads the output any more");
            } else if !goes_on {
                break;
            }
        }
        drop(probing);
        for event in actions.finish(|| stop.is_at_once()) {
            keep.action(&event, &mut outputs, &mut notifier);
        }
        progress.finish();
        keep.end(&mut session, &mut outputs, &mut notifier, &mut actions, masking);
        let end = |session: &mut Session| {
            keep.turn(session, &mut outputs, &mut notifier, &mut actions, masking);
            // A signal that came while the input ended is one, too.
            let stopped = stopped.or(stop.is_asked().then_some("stopped by a signal"));
            let interrupted: Vec<String> = stopped.map(String::from).into_iter().chain(intake.failures).collect();
            (!interrupted.is_empty()).then(|| interrupted.join("; "))
        };
        let summary = sum_up(&mut session, &plan, end, masking);
        let status = exit_status(&summary, read.fail_on);
        outputs.finish(&session.engine, &summary, status);
        on_github(read, &summary, &progress.aside());
        if let Some(notifier) = notifier {
            keep.settle(&notifier.finish(|| stop.is_at_once()));
        }
        looking.end(held, &progress, stop);
        Ok((status, summary))
    }
}

/// Closes all that is open, and sums up what a run has come to. Once all is closed, `end` takes in what happens then, and says what cut
/// the input short.
pub(super) fn sum_up(
    session: &mut Session,
    plan: &str,
    end: impl FnOnce(&mut Session) -> Option<String>,
    masking: Masking,
) -> Summary {
    let services = session.finish();
    let interrupted = end(session);
    let mut summary = Summary::new(&session.engine, plan, interrupted, masking);
    summary.baseline = session.compared_with.clone();
    summary.verdict = services::of_all(summary.verdict, &services);
    summary.services = services;
    summary
}

/// Before anything is begun: that all that a plan has beside its rules can be done, down to the variables that it takes.
pub(super) fn check(plan: &Plan, read: &Read, is_saved: bool) -> Result<()> {
    plan.actions().map_err(|error| UsageError(error.to_string()))?;
    notify::of_run(plan, is_saved, read.notify)?;
    if !is_saved {
        probes_of(plan)?;
    }
    Ok(())
}

/// The probes of a plan, with their addresses and secrets.
fn probes_of(plan: &Plan) -> Result<Vec<Probe>> {
    let variable = |name: &str| std::env::var(name).ok();
    Ok(plan.probes(Some(&variable)).map_err(|error| UsageError(error.to_string()))?)
}

/// The session, with a range whose ends are known.
fn session(read: &Read, mode: Mode, inputs: &[Input], stop: &Stop, began: Time) -> Result<Session> {
    let load = |end| {
        let [since, until] = [read.since, read.until].map(|bound| bound.map(|bound| bound.bound(end, read.tz)));
        let deployed_at = read.deployed_at.map(|deployed| deployed.moment(end, read.tz));
        let loaded = Session::load(&read.plan, &read.patterns, deployed_at, Range { since, until });
        loaded.map_err(UsageError::from)
    };
    let counts_from_end = [read.since, read.until].into_iter().flatten().any(End::counts_from_end)
        || read.deployed_at.is_some_and(Deployed::counts_from_end);
    let mut session = load(began)?;
    if !counts_from_end && !session.engine.lacks_deployment() {
        return Ok(session);
    }
    let found = find::look(read, mode, inputs, stop)?;
    if found.is_none() && session.engine.lacks_deployment() {
        return Err(UsageError(
            "a range that counts from the deployment needs saved files, or to know when it was: give --deployed-at, or a time as the range's end"
                .into(),
        )
        .into());
    }
    let Some(found) = found else { return Ok(session) };
    if let Some(end) = found.end {
        session = load(end)?;
    }
    if let Some(deployment) = found.deployment.filter(|_| session.engine.lacks_deployment()) {
        session.engine.deployed(deployment);
    }
    Ok(session)
}

/// Opens the inputs.
pub(super) fn open(inputs: &[Input], mode: Mode) -> Result<Vec<Opened>> {
    let follow = mode == Mode::Replay { follow: true };
    let mut opened = inputs.iter().map(|input| input.open(follow)).collect::<Result<Vec<_>, _>>()?;
    if mode == (Mode::Replay { follow: false }) {
        opened.iter_mut().for_each(|input| input.live = false);
    }
    Ok(opened)
}

/// Whoever read the output has gone: nothing to complain about.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A mistake in what was asked for: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

impl From<crate::session::Error> for UsageError {
    fn from(error: crate::session::Error) -> Self {
        UsageError(error.to_string())
    }
}

pub(super) fn exit_status(summary: &Summary, fail_on: FailOn) -> i32 {
    let mildest = match fail_on {
        FailOn::Rollback => Some(Verdict::Rollback),
        FailOn::Investigate => Some(Verdict::Investigate),
        FailOn::Unknown => Some(Verdict::Unknown),
        FailOn::Never => None,
    };
    let counts = mildest.is_some_and(|mildest| summary.verdict >= mildest);
    match summary.verdict {
        Verdict::Rollback if counts => 4,
        Verdict::Investigate if counts => 3,
        // Input that was cut short never exits with 0.
        _ if summary.interrupted.is_some() => 1,
        Verdict::Unknown if counts => 5,
        _ => 0,
    }
}

/// Annotations and the job summary, in GitHub Actions.
fn on_github(read: &Read, summary: &Summary, aside: &Aside) {
    if is_on_github() && read.format == Format::Text {
        // Standard output has failed before, and was told of.
        let _ = github::annotations(&mut io::stdout().lock(), summary, read.tz);
    }
    if let Some(path) = job_summary() {
        let append = |path: &Path| {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
            file.write_all(github::job_summary(summary, read.tz).as_bytes())
        };
        if let Err(error) = append(Path::new(&path)) {
            aside.warn(&format!("cannot write {}: {error}", Path::new(&path).display()));
        }
    }
}

fn is_on_github() -> bool {
    std::env::var("GITHUB_ACTIONS").as_deref() == Ok("true")
}

/// The file of a step's job summary.
fn job_summary() -> Option<std::ffi::OsString> {
    std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| is_on_github() && !path.is_empty())
}

/// `railway logs` in a pipe gives its last 500 lines and ends; few know.
fn hint_at_snapshot(lines: u64) {
    /// The snapshot's size; a query with a limit can give one more.
    const SNAPSHOT: std::ops::RangeInclusive<u64> = 499..=501;
    if SNAPSHOT.contains(&lines) {
        let mut error = io::stderr().lock();
        let start = if error.is_terminal() { "\x1b[2mhint:\x1b[0m" } else { "hint:" };
        // Nothing is lost when nobody can read it.
        let _ = writeln!(
            error,
            "{start} {lines} lines look like the snapshot that `railway logs` gives into a pipe: it does not stream there; `logwatch watch SERVICE` follows, `railway logs --json --since 1h --lines 5000` gives more"
        );
    }
}
