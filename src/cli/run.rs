//! One run: sources pumped through the engine, events to the outputs, a verdict, an exit status.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::clock::Clock;
use super::options::{FailOn, Read};
use super::outputs::Outputs;
use super::progress::Progress;
use crate::engine::{Notice, Range};
use crate::mask::Masking;
use crate::output::github;
use crate::recording::Recorder;
use crate::rules::verdict::Verdict;
use crate::session::Session;
use crate::source::{Input, Opened, Pump, Received};
use crate::summary::{Summary, TriggerEvent};

/// Text of a chunk; large enough that its overheads vanish, small enough that a few fit into memory and caches. Between
/// 128 KiB and 1 MiB no difference in time was measured; peak memory grows by some 20 of them on two threads.
const CHUNK: usize = 1 << 19;
/// How long a run waits for input before it looks at the clock and at signals; half of the promised promptness.
const PATIENCE: Duration = Duration::from_millis(50);

/// How inputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `logwatch [FILE…]`: a pipe is live.
    Watch,
    /// `logwatch replay`: as fast as can be; nothing is live unless files are followed.
    Replay { follow: bool },
}

/// One source of a run.
struct Source {
    pump: Pump,
    clock: Option<Clock>,
    ended: bool,
}

/// Reads all inputs, and gives the exit status.
pub fn run(read: &Read, mode: Mode) -> Result<i32> {
    let mut session =
        Session::load(&read.plan, &read.patterns, read.deployed_at, Range { since: read.since, until: read.until })
            .map_err(UsageError::from)?;
    let stop = signals()?;
    let mut inputs = read.inputs();
    if inputs.is_empty() {
        inputs.push(Input::standard());
    }
    if read.record.is_some() && inputs.len() > 1 {
        return Err(
            UsageError("--record keeps one source; give one input, or record each in a run of its own".into()).into()
        );
    }
    let follow = mode == Mode::Replay { follow: true };
    let mut opened = inputs.iter().map(|input| input.open(follow, &stop)).collect::<Result<Vec<_>, _>>()?;
    if mode == (Mode::Replay { follow: false }) {
        opened.iter_mut().for_each(|input| input.live = false);
    }
    let mut progress = Progress::new(&opened, read.quiet);
    let labels = opened.iter().map(|input| input.label.clone()).collect();
    let plan = session.plan.document.plan.id.to_lowercase();
    let masking = read.redact.masking();
    let mut outputs = Outputs::open(read, &plan, labels, progress.bar())?;
    let mut recorder = match &read.record {
        None => None,
        Some(path) => {
            let file = std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Some(Recorder::new(file)?)
        }
    };
    let jobs =
        read.jobs.map(usize::from).unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let from_pipe = opened.iter().any(|input| input.live) && inputs.iter().all(|input| input.path.is_none());
    let mut sources = start(&mut session, opened, jobs);
    let mut interrupted = None;

    'run: loop {
        let mut waiting = false;
        for index in 0..sources.len() {
            while !sources[index].ended && session.engine.is_waiting_for(index) {
                waiting = true;
                if let Some(signal) = stopped(&stop) {
                    interrupted = Some(signal);
                    break 'run;
                }
                let source = &mut sources[index];
                match source.pump.receive(PATIENCE) {
                    Received::Fragment(fragment) => {
                        if let Some(recorder) = &mut recorder {
                            recorder.lines(&fragment.text).context("cannot write the recording")?;
                        }
                        if fragment.unterminated
                            && fragment.lines.last().is_some_and(|line| line.kind == crate::map::Kind::Malformed)
                        {
                            interrupted = Some("the input ends within a line".to_string());
                        }
                        session.engine.feed(index, fragment);
                        if let Some(clock) = &mut source.clock {
                            clock.heard(session.engine.lanes[index].latest());
                        }
                    }
                    Received::Nothing => {
                        let Some(clock) = &mut source.clock else { continue };
                        if let Some(to) = clock.silent() {
                            if let Some(recorder) = &mut recorder {
                                recorder.advance(to).context("cannot write the recording")?;
                            }
                            session.engine.advance(index, to);
                        } else if clock.is_idle() {
                            session.engine.leave_out(index);
                        }
                        if sources.len() > 1 {
                            break;
                        }
                    }
                    Received::Ended => {
                        source.ended = true;
                        session.engine.close(index);
                    }
                    Received::Failed(error) => {
                        source.ended = true;
                        let label = &session.engine.lanes[index].label;
                        interrupted = Some(format!("{label}: {}", plainly(&error)));
                        session.engine.close(index);
                    }
                }
                progress.update();
                tell(&mut session, &mut outputs, masking)?;
            }
        }
        if !waiting {
            break;
        }
    }
    progress.finish();
    session.engine.finish();
    tell(&mut session, &mut outputs, masking)?;
    let summary = Summary::new(&mut session.engine, &plan, interrupted, masking);
    let status = exit_status(&summary, read.fail_on);
    let told = outputs.finish(&summary, status).and_then(|()| on_github(read, &summary));
    if let Err(error) = told {
        // A verdict of rollback or investigate wins over a page that could not be written.
        if !matches!(status, 3 | 4) {
            return Err(error);
        }
        if !is_closed_pipe(&error) {
            writeln!(io::stderr(), "logwatch: {error:#}")?;
        }
    }
    if from_pipe && summary.interrupted.is_none() && !read.quiet {
        hint_at_snapshot(summary.input.lines);
    }
    Ok(status)
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

fn start(session: &mut Session, opened: Vec<Opened>, jobs: usize) -> Vec<Source> {
    let several = opened.len();
    let chunk_size = (CHUNK / several.next_power_of_two()).max(64 << 10);
    let workers = (jobs / several).max(1);
    let pumps = opened.into_iter().map(|input| {
        session.add_source(&input.label);
        let pump = if input.live {
            Pump::live(input.stream, chunk_size, session.mapper())
        } else if jobs == 1 && several == 1 {
            Pump::inline(input.stream, chunk_size, session.mapper())
        } else {
            Pump::threads(input.stream, chunk_size, (0..workers).map(|_| session.mapper()).collect())
        };
        Source { pump, clock: input.live.then(Clock::new), ended: false }
    });
    pumps.collect()
}

/// Shows what the engine has noticed.
fn tell(session: &mut Session, outputs: &mut Outputs, masking: Masking) -> Result<()> {
    for notice in session.engine.take_notices() {
        match notice {
            Notice::Deployed(deployment) => outputs.deployed(deployment),
            Notice::Change(change, cause) => {
                outputs.trigger(&TriggerEvent::new(&session.engine, &change, cause, masking))?
            }
        }
    }
    Ok(())
}

fn exit_status(summary: &Summary, fail_on: FailOn) -> i32 {
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

/// SIGINT and SIGTERM end the input; another one a second later ends the program. At once it does not count: a program
/// that runs this one may pass on what the terminal sent to both.
fn signals() -> Result<Arc<AtomicBool>> {
    const IMPATIENT: Duration = Duration::from_secs(1);
    let stop = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let flag = Arc::clone(&stop);
    std::thread::spawn(move || {
        let mut first = None;
        for _ in signals.forever() {
            flag.store(true, Ordering::Relaxed);
            if first.get_or_insert_with(Instant::now).elapsed() > IMPATIENT {
                std::process::exit(1);
            }
        }
    });
    Ok(stop)
}

fn stopped(stop: &AtomicBool) -> Option<String> {
    stop.load(Ordering::Relaxed).then(|| "stopped by a signal".to_string())
}

/// What broke off, without the words of a library.
fn plainly(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed data ends too early; what came before it was read".into(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            format!("the compressed data is damaged ({error}); what came before it was read")
        }
        _ => error.to_string(),
    }
}

fn on_github(read: &Read, summary: &Summary) -> Result<()> {
    if std::env::var("GITHUB_ACTIONS").as_deref() != Ok("true") {
        return Ok(());
    }
    if read.format == super::options::Format::Text {
        github::annotations(&mut io::stdout().lock(), summary)?;
    }
    if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        let shown = std::path::Path::new(&path).display().to_string();
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .with_context(|| format!("cannot write {shown}"))?;
        file.write_all(github::job_summary(summary).as_bytes())?;
    }
    Ok(())
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
            "{start} {lines} lines look like the snapshot that `railway logs` gives into a pipe: it does not stream there; `railway logs --json --since 1h` gives more"
        );
    }
}
