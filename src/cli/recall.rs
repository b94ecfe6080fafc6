//! `logwatch status` and `logwatch replay --state`: what a run has come to, from its state, also while it goes on.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::event::Event;
use super::keep;
use super::looking::{self, Looking};
use super::options::{Format, Read, StatusOptions};
use super::outputs::Outputs;
use super::progress::Progress;
use super::run::{self, UsageError};
use super::setup;
use super::signals::Stop;
use crate::mask::Masking;
use crate::output::status;
use crate::session::Session;
use crate::state::{Setup, State};
use crate::summary::status::Status;
use crate::text::escape;

/// Shows how a run stands.
pub fn status(asked: &StatusOptions, out: &mut dyn Write) -> Result<i32> {
    let (mut state, setup) = look(&asked.state)?;
    let mut session = session(&state, &setup)?;
    resume(&mut state, &mut session, Masking::default(), |_| {})?;
    let plan = session.plan.document.plan.id.to_lowercase();
    let summary = run::sum_up(&mut session, &plan, |_| None, Masking::default());
    let shown = Status {
        state: asked.state.display().to_string(),
        process: State::process(&asked.state),
        sources: setup.sources,
        began: setup.began,
        undelivered: state.notifications().map_err(keep::usage)?.len(),
        bytes: State::bytes(&asked.state),
        ..Status::of(summary)
    };
    match asked.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&shown)?)?,
        _ => out.write_all(status::text(&shown, asked.tz).as_bytes())?,
    }
    out.flush()?;
    Ok(0)
}

/// Shows a run again: what happened, and its summary, as if it ended here.
pub fn replay(read: &Read, path: &Path) -> Result<i32> {
    let (mut state, setup) = look(path)?;
    let mut session = session(&state, &setup)?;
    let plan = session.plan.document.plan.id.to_lowercase();
    let masking = read.redact.masking();
    let mut progress = Progress::new(&[], true, read.tz);
    let stop = Stop::on_signals()?;
    let held = looking::held(read)?;
    let mut outputs = Outputs::open(read, &plan, setup.sources, progress.aside(), held.clone())?;
    outputs.hold();
    let looking = Looking::start(read, &session, &plan, &mut outputs, &mut progress, &stop, true)?;
    resume(&mut state, &mut session, masking, |event| event.show(&mut outputs))?;
    // Whoever looks at the run may do so for long, and what a reader holds still cannot be written over.
    drop(state);
    let summary = run::sum_up(
        &mut session,
        &plan,
        |session| {
            Event::take(&mut session.engine, masking).iter().for_each(|(event, _)| event.show(&mut outputs));
            None
        },
        masking,
    );
    let status = run::exit_status(&summary, read.fail_on);
    outputs.finish(&session.engine, &summary, status);
    looking.end(held, &progress, &stop);
    Ok(status)
}

/// The state at a path, as it is now, and what its run was asked for.
fn look(path: &Path) -> Result<(State, Setup)> {
    let (mut state, setup) = open(path)?;
    state.hold_still().map_err(keep::usage)?;
    Ok((state, setup))
}

/// The state at a path, and what its run was asked for.
pub(super) fn open(path: &Path) -> Result<(State, Setup)> {
    let state = State::look(path).map_err(keep::usage)?;
    let setup = state.setup().map_err(keep::usage)?;
    let nothing = || UsageError(format!("{}: no run has begun with it yet", escape(&path.display().to_string())));
    Ok((state, setup.ok_or_else(nothing)?))
}

/// A session as that of the run.
pub(super) fn session(state: &State, setup: &Setup) -> Result<Session> {
    state.has_plan(setup, &setup::hash(&setup.plan)?).map_err(keep::usage)?;
    let loaded = Session::load(&setup.plan, &setup.packs, setup.moment(), setup.range());
    let mut session = loaded.map_err(UsageError::from)?;
    setup.sources.iter().for_each(|label| {
        session.add_source(label);
    });
    if setup.apart {
        session.judge_apart(&setup.sources, setup.moment(), setup.range()).map_err(UsageError::from)?;
    }
    Ok(session)
}

/// Goes on from where a state ends, with what people said since; `show` is given what happened.
fn resume(state: &mut State, session: &mut Session, masking: Masking, mut show: impl FnMut(&Event)) -> Result<()> {
    keep::resume(state, session, masking, |_, event| show(&event)).map_err(keep::usage)?;
    for said in state.waiting().map_err(keep::usage)? {
        // What the plan does not know was refused when it was said.
        let _ = session.engine.hear(&said.line);
    }
    Ok(())
}
