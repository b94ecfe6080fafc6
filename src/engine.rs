//! The engine: fragments in, changes of triggers and a summary out. What is [gathered](crate::gather) is [judged](crate::judge).

use std::ops::Range as Indices;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::classify::{Classifier, Library};
use crate::deployment::Deployment;
use crate::external::{EXTERNAL, External};
use crate::gather::{Gather, Needs, Range, SavedError};
use crate::judge::{Judge, Notice};
use crate::map::{Fragment, Mapper};
use crate::people;
use crate::report::Report;
use crate::rules::Rules;
use crate::source::frame::Chunk;
use crate::state::{Input, Open, Told};
use crate::time::Time;
use crate::timeline::Timeline;

pub struct Engine {
    pub gather: Gather,
    pub judge: Judge,
    library: Arc<Library>,
    /// What the judge was told, as bytes, where that is to be kept.
    told: Option<Vec<Vec<u8>>>,
    /// Steps that were given on.
    steps: u64,
    /// The judge was told of so many before.
    known: u64,
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
        let library = Arc::clone(&classifier.shared.library);
        let needs = Needs::of(&timeline, &report);
        let gather = Gather::new(classifier, needs, fixed.as_ref().map(|deployment| deployment.at), range);
        let judge = Judge::new(Arc::clone(&library), timeline, rules, report, fixed);
        Engine { gather, judge, library, told: None, steps: 0, known: 0 }
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

    /// From now on what the judge is told is kept, or no longer.
    pub fn keep(&mut self, is_kept: bool) {
        self.told = is_kept.then(Vec::new);
    }

    /// What the judge was told since the last call, as bytes, and how many steps there were in all.
    pub fn take_told(&mut self) -> (Vec<Vec<u8>>, u64) {
        (self.told.as_mut().map(std::mem::take).unwrap_or_default(), self.steps)
    }

    /// Tells the judge again what it was told, before the first line.
    ///
    /// # Errors
    ///
    /// Says which answer or report it does not know.
    pub fn tell(&mut self, told: Told) -> Result<(), people::Error> {
        match told {
            Told::Step(step) => {
                self.judge.take(*step);
                Ok(())
            }
            Told::Said(line) => self.judge.hear_now(&line),
        }
    }

    /// Goes on from what was open; then comes what was read since, of which the judge was told part.
    ///
    /// # Errors
    ///
    /// Bytes that are damaged, or are of other sources.
    pub fn restore(&mut self, open: &Open) -> Result<(), SavedError> {
        (self.steps, self.known) = (open.steps, open.all);
        open.bytes.as_ref().map_or(Ok(()), |bytes| self.gather.restore(bytes))
    }

    /// Is told of a source again what it was told.
    pub fn apply(&mut self, input: Input<'_>, mapper: &mut Mapper) {
        match input {
            Input::Lines { lane, lanes, text, bytes, unterminated, recording, repeated } => {
                let chunk = Chunk { text: text.to_vec().into(), bytes, unterminated, recording, ..Chunk::default() };
                let mut fragment = mapper.map(chunk);
                for line in repeated {
                    if let Some(line) = fragment.lines.get_mut(line as usize) {
                        line.is_repeated = true;
                    }
                }
                self.feed_of(lanes.0..lanes.1, lane, fragment);
            }
            Input::Advance(lane, to) => self.advance(lane, to),
            Input::LeaveOut(lane) => self.leave_out(lane),
            Input::Lost(lane) => self.lose(lane),
            Input::Ended(lane) => self.close(lane),
            Input::External(event) => self.external(&event),
        }
    }

    /// Whether all that the judge was told has come of the lines, too.
    pub fn is_restored(&self) -> bool {
        self.steps >= self.known
    }

    /// Takes in what somebody says while the run goes on.
    ///
    /// # Errors
    ///
    /// Says that the plan does not ask it, or the library does not know it.
    pub fn hear(&mut self, line: &str) -> Result<(), people::Error> {
        self.judge.hear_now(line)?;
        if let Some(told) = &mut self.told {
            told.push(Told::write_said(line));
        }
        Ok(())
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
        self.judge.end(self.gather.last_tick());
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
            self.steps += 1;
            if self.steps <= self.known {
                continue;
            }
            if let Some(told) = &mut self.told {
                told.push(Told::write_step(&step, &self.library));
            }
            if let Some(second) = self.judge.take(step) {
                self.gather.recycle(second);
            }
        }
    }
}
