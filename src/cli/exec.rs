//! `logwatch exec`: what programs print to a terminal, followed live.

use anyhow::{Context, Result};

use super::intake::Intake;
use super::keep;
use super::options::{ExecOptions, Read};
use super::overwrite;
use super::progress::Progress;
use super::run::{self, Run, UsageError};
use super::setup;
use super::signals::Stop;
use crate::gather::Range;
use crate::session::Session;
use crate::source::{Program, Running};
use crate::text::escape;

/// Runs the programs until they end, or a signal, and gives the exit status.
pub fn exec(options: &ExecOptions, read: &Read) -> Result<i32> {
    let stop = Stop::on_signals()?;
    let mut programs = options.sources.clone();
    if !options.command.is_empty() {
        programs.insert(0, Program::of(options.command.clone()));
    }
    if read.record.is_some() && programs.len() > 1 {
        return Err(UsageError(
            "--record keeps one source; run one program, or record each in a run of its own".into(),
        )
        .into());
    }
    overwrite::refuse(read, &[])?;
    let range = |end| {
        let [since, until] = [read.since, read.until].map(|bound| bound.map(|bound| bound.bound(end, read.tz)));
        Range { since, until }
    };
    let mut state = keep::open(read.state.as_deref())?;
    let began = setup::began(state.as_ref())?;
    let deployed_at = read.deployed_at.map(|deployed| deployed.moment(began, read.tz));
    let session = Session::load(&read.plan, &read.patterns, deployed_at, range(began)).map_err(UsageError::from)?;
    if session.engine.lacks_deployment() {
        return Err(UsageError(
            "a range that counts from the deployment needs to know when it was: give --deployed-at".into(),
        )
        .into());
    }
    run::check(&session.plan, read, false)?;
    let labels: Vec<String> = programs.iter().map(|program| program.label.clone()).collect();
    if let Some(state) = &mut state {
        let words = |program: &Program| program.words.join(" ".as_ref()).to_string_lossy().into_owned();
        let commands: Vec<String> = programs.iter().map(words).collect();
        run::begin(read, state, ("command", &commands.join("; ")), &labels, began)?;
    }
    let (mut opened, mut running) = (Vec::new(), Vec::<Running>::new());
    for program in &programs {
        match program
            .start(options.restart)
            .with_context(|| format!("cannot run {}", escape(&program.words[0].to_string_lossy())))
        {
            Ok((source, started)) => {
                opened.push(source);
                running.push(started);
            }
            Err(error) => {
                running.into_iter().for_each(Running::stop);
                return Err(error);
            }
        }
    }
    let progress = Progress::new(&opened, read.quiet, read.tz);
    let run = Run {
        read,
        stop: &stop,
        session,
        progress,
        labels,
        is_saved: false,
        state,
        can_be_read_again: false,
        roll_back: None,
    };
    let ended = run.drive(|session, _, aside| Intake::start(session, opened, read.threads(), aside));
    running.into_iter().for_each(Running::stop);
    ended.map(|(status, _)| status)
}
