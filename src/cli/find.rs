//! What a range counts from, where nobody says it: saved files are read once to find their deployment and their end, before they
//! are read to be judged. What comes in a pipe can be read only once.

use anyhow::{Context, Result};

use super::clock::now;
use super::files;
use super::intake::Intake;
use super::options::Read;
use super::progress::Progress;
use super::record::Record;
use super::run::{Mode, open};
use super::signals::Stop;
use crate::deployment::Deployment;
use crate::gather::Range;
use crate::session::Session;
use crate::source::Input;
use crate::state::Journal;
use crate::time::Time;

/// What the whole of saved files tells.
#[derive(Default)]
pub struct Found {
    /// `None` if they hold no time.
    pub deployment: Option<Deployment>,
    /// The latest time of a record.
    pub end: Option<Time>,
}

/// `None` where an input can be read only once, or still grows.
pub fn look(read: &Read, mode: Mode, inputs: &[Input], stop: &Stop) -> Result<Option<Found>> {
    if mode == (Mode::Replay { follow: true }) || !files::are_saved(inputs) {
        return Ok(None);
    }
    let opened = open(inputs, mode)?;
    let deployed_at = read.deployed_at.map(|deployed| deployed.moment(now(), read.tz));
    let mut session = Session::load(&read.plan, &read.patterns, deployed_at, Range::default())?;
    session.engine.stop_when(stop.at_once());
    let aside = Progress::new(&opened, true, read.tz).aside();
    let mut record = Record::open(None, aside.clone())?;
    let mut intake = Intake::start(&mut session, opened, read.threads(), aside).context("cannot start to read")?;
    while intake.turn(&mut session, &mut record, &mut Journal::default()) && !stop.is_asked() {
        session.engine.take_notices();
    }
    session.engine.finish();
    Ok(Some(Found { deployment: session.engine.judge.deployment.clone(), end: session.engine.latest() }))
}
