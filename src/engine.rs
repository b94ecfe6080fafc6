//! The engine: fragments in, changes of triggers and a summary out. What is [gathered](crate::gather) is [judged](crate::judge).

use std::ops::Range as Indices;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use crate::classify::{Classifier, Library};
use crate::deployment::Deployment;
use crate::external::{EXTERNAL, External};
use crate::gather::{self, Gather, Range};
use crate::judge::{self, Judge, Notice};
use crate::map::Fragment;
use crate::needs::Needs;
use crate::people;
use crate::report::Report;
use crate::rules::Rules;
use crate::time::Time;
use crate::timeline::{Tick, Timeline};

pub struct Engine {
    pub gather: Gather,
    pub judge: Judge,
}

/// What an engine has come to: what is open, and what is decided.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    gather: Vec<u8>,
    judge: Vec<u8>,
}

/// What was saved cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error(transparent)]
    Gather(#[from] gather::SavedError),
    #[error(transparent)]
    Judge(#[from] judge::SavedError),
}

impl Engine {
    pub fn new(
        classifier: Classifier,
        timeline: Timeline,
        rules: Rules,
        report: Report,
        fixed: Option<Deployment>,
        range: Range,
    ) -> Self {
        let library: Arc<Library> = Arc::clone(&classifier.shared.library);
        let needs = Needs::of(&library, &timeline, &report);
        let gather = Gather::new(classifier, needs, fixed.as_ref().map(|deployment| deployment.at), range);
        let judge = Judge::new(library, timeline, rules, report, fixed);
        Engine { gather, judge }
    }

    /// Once `stop` is set, [`Engine::finish`] ends soon, and the rules stand where they had come to.
    pub fn stop_when(&mut self, stop: Arc<AtomicBool>) {
        self.judge.stop_when(stop);
    }

    /// Whether the range counts from a deployment that nobody has given: its ends are unknown then, and leave out nothing.
    pub fn lacks_deployment(&self) -> bool {
        self.gather.lacks_deployment()
    }

    /// Gives the deployment, before the first line.
    pub fn deployed(&mut self, deployment: Deployment) {
        self.gather.deployed(deployment.at);
        self.judge.deployed(deployment);
    }

    /// Adds a source; its index is given to the other calls. `lateness` is in nanoseconds.
    pub fn add_source(&mut self, label: String, lateness: i64) -> usize {
        self.gather.add_source(label, lateness)
    }

    /// Takes the next fragment of a source, and goes as far as all sources allow.
    pub fn feed(&mut self, source: usize, fragment: Fragment) {
        self.gather.queue(source, fragment);
        self.go_on();
    }

    /// The same of one of the logs of a source. They come in the order of time: those that have nothing here are not waited for.
    pub fn feed_of(&mut self, logs: Indices<usize>, log: usize, fragment: Fragment) {
        logs.filter(|other| *other != log).for_each(|other| self.gather.rest(other));
        self.feed(log, fragment);
    }

    /// The source has ended.
    pub fn close(&mut self, source: usize) {
        self.gather.end(source);
        self.go_on();
    }

    /// Moves the clock of a source that is connected but silent.
    pub fn advance(&mut self, source: usize, to: Time) {
        self.gather.rest(source);
        self.go_on();
        self.gather.move_clock(source, to);
        self.pass_on();
    }

    /// The source is silent, and its clock is not to be trusted: the others go on without it.
    pub fn leave_out(&mut self, source: usize) {
        self.gather.rest(source);
        self.go_on();
        self.gather.leave_out(source);
        self.pass_on();
    }

    /// Lines of a source may be missing before what it gives next.
    pub fn lose(&mut self, source: usize) {
        self.gather.lose(source);
        self.pass_on();
    }

    /// Takes in an event that no line tells.
    pub fn external(&mut self, event: &External) {
        self.gather.external(event);
    }

    /// The latest time of a record, of all sources.
    pub fn latest(&self) -> Option<Time> {
        self.gather.latest()
    }

    /// Whether a source is waited for before others can go on.
    pub fn is_waiting_for(&self, source: usize) -> bool {
        self.gather.is_waiting_for(source)
    }

    /// The name of a source that evidence is of.
    pub fn label(&self, source: usize) -> &str {
        match source {
            EXTERNAL => "measured",
            _ => self.judge.people(source).unwrap_or_else(|| &self.gather.lanes[source].label),
        }
    }

    /// What it has come to as bytes; `None` while something waits to be taken, or to be told.
    pub fn save(&mut self) -> Option<Saved> {
        if self.judge.has_notices() {
            return None;
        }
        Some(Saved { gather: self.gather.save()?, judge: self.judge.save() })
    }

    /// Goes on from what was saved, before the first line.
    ///
    /// # Errors
    ///
    /// Bytes that are damaged, or are of another plan or of other sources.
    pub fn restore(&mut self, saved: &Saved) -> Result<(), SavedError> {
        self.gather.restore(&saved.gather)?;
        Ok(self.judge.restore(&saved.judge)?)
    }

    /// Takes in what somebody says while the run goes on.
    ///
    /// # Errors
    ///
    /// Says that the plan does not ask it, or the library does not know it.
    pub fn hear(&mut self, line: &str) -> Result<(), people::Error> {
        self.judge.hear_now(line)
    }

    /// What happened since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.judge.take_notices()
    }

    /// Closes all that is open, and evaluates up to the last second; the rules stand as they are at the end.
    pub fn finish(&mut self) {
        for source in 0..self.gather.lanes.len() {
            self.gather.end(source);
        }
        self.go_on();
        self.gather.finish();
        self.pass_on();
        self.judge.end(Tick::at(self.gather.last_tick()));
    }

    /// Gathers as far as all sources allow.
    fn go_on(&mut self) {
        while self.gather.drain() {
            self.pass_on();
        }
        self.pass_on();
    }

    /// Lets what was gathered be judged.
    fn pass_on(&mut self) {
        for step in self.gather.take_steps() {
            if let Some(second) = self.judge.take(step) {
                self.gather.recycle(second);
            }
        }
    }
}
