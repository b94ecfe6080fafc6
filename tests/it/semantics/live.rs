//! The engine under a clock of the test's own: lines are fed when the test says so.

use std::path::Path;

use logwatch::source::frame::Chunk;
use logwatch::summary::CheckpointEvent;
use logwatch::time::{self, Time};
use logwatch::{Cause, Library, Mapper, Masking, Notice, Plan, Range, Session, Summary, Zone};

use super::case::{Case, stamp};

pub struct Live {
    pub session: Session,
    mapper: Mapper,
}

impl Live {
    /// The session of a case's plan; its logs are not read.
    pub fn new(case: &Case) -> Self {
        let packs: [&Path; 1] = [&case.packs()];
        let library = Library::load(&packs).expect("the packs are sound");
        let plan = Plan::parse("plan.toml", &case.plan_text()).expect("the plan is sound");
        let session = Session::new(plan, library, None, Range::default()).expect("the plan compiles");
        let mapper = session.mapper();
        Live { session, mapper }
    }

    pub fn source(&mut self, label: &str) -> usize {
        self.session.add_source(label)
    }

    /// Feeds lines as one chunk; the changes it led to.
    pub fn feed(&mut self, source: usize, lines: &[String]) -> Vec<String> {
        let text = (lines.join("\n") + "\n").into_bytes();
        let chunk = Chunk { bytes: text.len() as u64, text: text.into(), ..Chunk::default() };
        let fragment = self.mapper.map(chunk);
        self.session.engine.feed(source, fragment);
        self.changes()
    }

    /// Moves the clock of a silent source.
    pub fn advance(&mut self, source: usize, clock: &str) -> Vec<String> {
        self.session.engine.advance(source, at(clock));
        self.changes()
    }

    /// A source is silent, and its clock not to be trusted.
    pub fn leave_out(&mut self, source: usize) -> Vec<String> {
        self.session.engine.leave_out(source);
        self.changes()
    }

    pub fn close(&mut self, source: usize) -> Vec<String> {
        self.session.engine.close(source);
        self.changes()
    }

    /// Ends all input; the last changes, and the summary.
    pub fn finish(mut self) -> (Vec<String>, Summary) {
        self.session.engine.finish();
        let changes = self.changes();
        (changes, Summary::new(&self.session.engine, "test", None, Masking::default()))
    }

    /// As `firing 13:30:11 data`, with the trigger's id before it.
    fn changes(&mut self) -> Vec<String> {
        let notices = self.session.engine.take_notices();
        let engine = &self.session.engine;
        let triggers = &engine.judge.rules.triggers;
        let told = |notice| match notice {
            Notice::Deployed(_) | Notice::Verdict(_) => None,
            Notice::Reached(reached) => {
                let event = CheckpointEvent::new(engine, &reached, Masking::default());
                Some(serde_json::to_string(&event).expect("an event is JSON"))
            }
            Notice::Change(change, cause) => {
                let cause = if cause == Cause::Clock { "clock" } else { "data" };
                let state = serde_json::to_value(change.state).expect("a state has a name");
                let state = state.as_str().unwrap_or_default();
                Some(format!("{} {state} {} {cause}", triggers[change.trigger].id, Zone::Utc.clock(change.at.time())))
            }
        };
        notices.into_iter().filter_map(told).collect()
    }
}

pub fn at(clock: &str) -> Time {
    time::parse(stamp(clock).as_bytes()).expect("a time")
}
