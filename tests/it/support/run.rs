//! Runs logs through the library as the program does, without its threads and files.

use std::io::Read;

use logwatch::source::frame::{Fill, Framer};
use logwatch::summary::{CheckpointEvent, TriggerEvent, VerdictEvent};
use logwatch::time::Time;
use logwatch::{Library, Masking, Moment, Notice, Plan, Range, Session, Summary};
use serde_json::Value;

/// What a run told: its events and its summary, as JSON.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub events: Vec<Value>,
    pub summary: Value,
}

/// A session in the hands of a test.
pub struct Run {
    session: Session,
    events: Vec<Value>,
}

impl Run {
    pub fn new(plan: &str) -> Self {
        Self::within(plan, None, Range::default())
    }

    pub fn within(plan: &str, deployed_at: Option<Time>, range: Range) -> Self {
        let plan = Plan::load(plan).expect("a built-in plan");
        let library = Library::load(&[] as &[&str]).expect("the built-in packs");
        let session = Session::new(plan, library, deployed_at.map(Moment::At), range).expect("the plan fits the packs");
        Run { session, events: Vec::new() }
    }

    pub fn add_source(&mut self, label: &str) -> usize {
        self.session.add_source(label)
    }

    /// Feeds a whole stream in chunks of about `size` bytes, read `step` bytes at a time.
    pub fn feed(&mut self, source: usize, text: &[u8], step: usize, size: usize) {
        let mut framer = Framer::new(Slow(text, step), size, if step == 1 { Fill::Full } else { Fill::Prompt });
        let mut mapper = self.session.mapper();
        while let Some(chunk) = framer.next_chunk().expect("reading from memory") {
            self.session.engine.feed(source, mapper.map(chunk));
            self.listen();
        }
    }

    pub fn advance(&mut self, source: usize, to: Time) {
        self.session.engine.advance(source, to);
        self.listen();
    }

    pub fn latest(&self, source: usize) -> Option<Time> {
        self.session.engine.gather.lanes[source].latest()
    }

    pub fn close(&mut self, source: usize) {
        self.session.engine.close(source);
        self.listen();
    }

    pub fn finish(mut self) -> Told {
        self.session.engine.finish();
        self.listen();
        Told { events: self.events, summary: summary(&self.session) }
    }

    fn listen(&mut self) {
        self.events.extend(told(&mut self.session));
    }
}

/// What a session has told since it was asked last.
pub fn told(session: &mut Session) -> Vec<Value> {
    let notices = session.engine.take_notices().into_iter();
    let event = |notice| match notice {
        Notice::Deployed(deployment) => serde_json::json!({"deployed": deployment.at}),
        Notice::Verdict(ruling) => json(VerdictEvent::new(&ruling)),
        Notice::Reached(reached) => json(CheckpointEvent::new(&session.engine, &reached, Masking::default())),
        Notice::Change(change, cause) => json(TriggerEvent::new(&session.engine, &change, cause, Masking::default())),
    };
    notices.map(event).collect()
}

/// The summary of a session as it is.
pub fn summary(session: &Session) -> Value {
    json(Summary::new(&session.engine, "test", None, Masking::default()))
}

fn json(told: impl serde::Serialize) -> Value {
    serde_json::to_value(told).expect("events and summaries are JSON")
}

/// One stream, whole.
pub fn whole(plan: &str, text: &[u8]) -> Told {
    in_chunks(plan, text, usize::MAX, 1 << 20)
}

/// One stream in chunks.
pub fn in_chunks(plan: &str, text: &[u8], step: usize, size: usize) -> Told {
    let mut run = Run::new(plan);
    let source = run.add_source("log");
    run.feed(source, text, step, size);
    run.close(source);
    run.finish()
}

/// A stream that gives at most so many bytes a read.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(buffer.len());
        self.0.read(&mut buffer[..length])
    }
}
