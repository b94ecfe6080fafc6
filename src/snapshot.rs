//! Snapshot: a run as it stands, for whoever looks at it while it goes on: plain data that is shared and never changed. The run makes
//! one at most twice a second, and waits for nobody who looks.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::deployment::Deployment;
use crate::engine::Engine;
use crate::mask::Masking;
use crate::notify::{Notifier, Outbox};
use crate::output::json::Json;
use crate::summary::changes::Changes;
use crate::summary::measures::{Chosen, Measures};
use crate::summary::{ActionEvent, CheckpointEvent, Summary, TriggerEvent, VerdictEvent};
use crate::timeline::Tick;

/// How often one is made at most: what is written is to be seen within a second, with the time that a page takes to be drawn and read.
const EVERY: Duration = Duration::from_millis(500);

/// Events that are kept, the newest.
const MOST_EVENTS: usize = 1_000;

#[derive(Clone, Debug)]
pub struct Snapshot {
    /// They count up.
    pub number: u64,
    pub summary: Summary,
    pub changes: Arc<Changes>,
    /// In the order of time.
    pub events: VecDeque<Event>,
    pub measures: Measures,
    /// What waited for each receiver of notifications while the run went on.
    pub outboxes: Vec<Outbox>,
    /// Whether the run is over.
    pub ended: bool,
}

/// An object of the JSON contract.
#[derive(Clone, Debug)]
pub struct Event {
    /// From 1 on.
    pub number: u64,
    pub json: Arc<str>,
}

/// Who looks: it finds the newest snapshot, and is told of new ones.
pub type Snapshots = watch::Receiver<Arc<Snapshot>>;

/// Keeps what a run tells, and makes snapshots.
pub struct Recorder {
    plan: String,
    masking: Masking,
    changes: Arc<Changes>,
    events: VecDeque<Event>,
    numbered: u64,
    chosen: Chosen,
    newest: watch::Sender<Arc<Snapshot>>,
    made: Instant,
    /// What there was to see in the newest one.
    seen: Progress,
}

/// Whether there is more to see than before.
#[derive(Clone, Default, PartialEq, Eq)]
struct Progress {
    lines: u64,
    evaluated_until: Option<i64>,
    events: u64,
    outboxes: Vec<Outbox>,
}

impl Recorder {
    /// Of a run that has not begun to read.
    pub fn new(engine: &Engine, plan: &str, masking: Masking) -> Recorder {
        let mut chosen = Chosen::default();
        let first = Snapshot {
            number: 0,
            summary: Summary::new(engine, plan, None, masking),
            changes: Arc::default(),
            events: VecDeque::new(),
            measures: Measures::new(engine, &mut chosen, masking),
            outboxes: Vec::new(),
            ended: false,
        };
        Recorder {
            plan: plan.into(),
            masking,
            changes: Arc::default(),
            events: VecDeque::new(),
            numbered: 0,
            chosen,
            newest: watch::Sender::new(Arc::new(first)),
            made: Instant::now(),
            seen: Progress::default(),
        }
    }

    pub fn snapshots(&self) -> Snapshots {
        self.newest.subscribe()
    }

    /// A deployment is judged from here on: what fired before is of another one. `None` when no record had a time.
    pub fn start(&mut self, deployment: Option<&Deployment>) {
        self.changes = Arc::default();
        let plan = self.plan.clone();
        self.keep(|json| json.start(&plan, deployment));
    }

    pub fn trigger(&mut self, event: &TriggerEvent) {
        Arc::make_mut(&mut self.changes).add(event);
        self.keep(|json| json.trigger(event));
    }

    pub fn reached(&mut self, event: &CheckpointEvent) {
        self.keep(|json| json.reached(event));
    }

    pub fn verdict(&mut self, event: &VerdictEvent) {
        self.keep(|json| json.verdict(event));
    }

    pub fn action(&mut self, event: &ActionEvent) {
        self.keep(|json| json.action(event));
    }

    /// Makes a snapshot if the newest is old, and there is more to see.
    pub fn look(&mut self, engine: &Engine, notifier: Option<&Notifier>) {
        if self.made.elapsed() < EVERY {
            return;
        }
        self.made = Instant::now();
        let seen = Progress {
            lines: engine.gather.counts.lines,
            evaluated_until: engine.judge.evaluated_until().map(Tick::second),
            events: self.numbered,
            outboxes: notifier.map(|notifier| notifier.outboxes().collect()).unwrap_or_default(),
        };
        if seen != self.seen {
            self.seen = seen;
            let summary = Summary::new(engine, &self.plan, None, self.masking);
            self.make(engine, summary, false);
        }
    }

    /// The run is over, and came to this.
    pub fn end(&mut self, engine: &Engine, summary: &Summary) {
        self.keep(|json| json.summary(summary));
        self.make(engine, summary.clone(), true);
    }

    fn make(&mut self, engine: &Engine, summary: Summary, ended: bool) {
        let measures = Measures::new(engine, &mut self.chosen, self.masking);
        let number = self.newest.borrow().number + 1;
        let (changes, events) = (Arc::clone(&self.changes), self.events.clone());
        let outboxes = self.seen.outboxes.clone();
        self.newest.send_replace(Arc::new(Snapshot { number, summary, changes, events, measures, outboxes, ended }));
    }

    /// Keeps the objects that are written.
    fn keep(&mut self, write: impl FnOnce(&mut Json<Vec<u8>>) -> io::Result<()>) {
        let mut json = Json::new(Vec::new());
        // Writing into memory does not fail.
        let _ = write(&mut json);
        for line in String::from_utf8_lossy(&json.into_inner()).lines() {
            self.numbered += 1;
            self.events.push_back(Event { number: self.numbered, json: line.into() });
        }
        while self.events.len() > MOST_EVENTS {
            self.events.pop_front();
        }
    }
}
