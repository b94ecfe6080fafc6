//! `--answers`: what people say, read when a run begins, and read on while it is live.

use std::path::Path;
use std::time::{Duration, Instant};

use super::actions::Actions;
use super::progress::Aside;
use super::run::UsageError;
use crate::people::{Error, Growing, People};
use crate::session::Session;
use crate::text::escape;

/// How often it is looked whether somebody said something.
const LOOK: Duration = Duration::from_secs(1);

pub struct Answers {
    /// `None` in a replay that nobody looks at, which has all of it.
    growing: Option<Growing>,
    looked: Instant,
}

impl Answers {
    /// Reads what was said by now. Of a live run the file may be yet to come.
    pub fn open(
        path: &Path,
        session: &mut Session,
        is_saved: bool,
        actions: &mut Actions,
    ) -> Result<Answers, UsageError> {
        let usage = |error: Error| UsageError(error.to_string());
        let (growing, people) = match is_saved {
            true => (None, People::load(path).map_err(usage)?),
            false => {
                let (growing, people) = Growing::open(path).map_err(usage)?;
                (Some(growing), people)
            }
        };
        people.deeds.iter().for_each(|deed| actions.did(deed.clone()));
        session.engine.judge.hear(people).map_err(usage)?;
        Ok(Answers { growing, looked: Instant::now() })
    }

    /// Takes in what was said since; now and then unless it is known that there is something. What cannot be read, or says nothing to the plan, is told and left out.
    pub fn read_on(&mut self, session: &mut Session, is_at_once: bool, aside: &Aside) {
        let is_due = is_at_once || self.looked.elapsed() >= LOOK;
        let Some(growing) = self.growing.as_mut().filter(|_| is_due) else { return };
        self.looked = Instant::now();
        for said in growing.more() {
            if let Err(error) = said.and_then(|people| session.engine.judge.hear(people)) {
                aside.warn(&escape(&error.to_string()));
            }
        }
    }
}
