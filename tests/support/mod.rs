//! Runs logs through the library as the program does, without its threads and files.

use std::io::Read;

use logwatch::source::frame::{Fill, Framer};
use logwatch::summary::{CheckpointEvent, TriggerEvent, VerdictEvent};
use logwatch::time::Time;
use logwatch::{Library, Masking, Moment, Notice, Plan, Range, Session, Summary};

/// What a run told: its events and its summary, as JSON.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub events: Vec<serde_json::Value>,
    pub summary: serde_json::Value,
}

/// A session in the hands of a test.
pub struct Run {
    session: Session,
    events: Vec<serde_json::Value>,
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
        let summary = Summary::new(&self.session.engine, "test", None, Masking::default());
        Told { events: self.events, summary: serde_json::to_value(summary).expect("a summary is JSON") }
    }

    fn listen(&mut self) {
        for notice in self.session.engine.take_notices() {
            self.events.push(match notice {
                Notice::Deployed(deployment) => serde_json::json!({"deployed": deployment.at}),
                Notice::Verdict(ruling) => serde_json::to_value(VerdictEvent::new(&ruling)).expect("an event is JSON"),
                Notice::Reached(reached) => {
                    let event = CheckpointEvent::new(&self.session.engine, &reached, Masking::default());
                    serde_json::to_value(event).expect("an event is JSON")
                }
                Notice::Change(change, cause) => {
                    serde_json::to_value(TriggerEvent::new(&self.session.engine, &change, cause, Masking::default()))
                        .expect("an event is JSON")
                }
            });
        }
    }
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
