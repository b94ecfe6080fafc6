//! Finds the deployment that a range counts from, where nobody says when it was: saved files are read once to find it, before
//! they are read to be judged. What comes in a pipe can be read only once.

use anyhow::{Context, Result};

use super::intake::Intake;
use super::options::Read;
use super::progress::Progress;
use super::record::Record;
use super::run::{Mode, UsageError, open};
use super::signals::Stop;
use crate::deployment::Deployment;
use crate::engine::Range;
use crate::session::Session;
use crate::source::Input;

/// The deployment that the whole of the inputs tells; `None` if they hold no time.
pub fn deployment(read: &Read, mode: Mode, inputs: &[Input], stop: &Stop) -> Result<Option<Deployment>> {
    let opened = open(inputs, mode)?;
    // What has no size is a pipe, or a file that is followed.
    if opened.iter().any(|input| input.size.is_none()) {
        return Err(UsageError(
            "a range that counts from the deployment needs saved files, or to know when it was: give --deployed-at, or a time as the range's end"
                .into(),
        )
        .into());
    }
    let mut session = Session::load(&read.plan, &read.patterns, read.deployed_at, Range::default())?;
    session.engine.stop_when(stop.at_once());
    let aside = Progress::new(&opened, true).aside();
    let mut record = Record::open(None, aside.clone())?;
    let mut intake = Intake::start(&mut session, opened, read.threads(), aside).context("cannot start to read")?;
    while intake.turn(&mut session, &mut record) && !stop.is_asked() {
        session.engine.take_notices();
    }
    session.engine.finish();
    Ok(session.engine.deployment)
}
