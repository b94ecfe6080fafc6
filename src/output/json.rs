//! JSON output: one object a line, flushed as it happens.

use std::io::{self, Write};

use serde::Serialize;

use crate::deployment::Deployment;
use crate::rules::checkpoint::Status;
use crate::rules::plan::Kind;
use crate::summary::{ActionEvent, CheckpointEvent, Summary, TriggerEvent, VerdictEvent};

/// Writes the objects of the JSON contract.
pub struct Json<W> {
    out: W,
}

/// An object of the JSON contract.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Object<'a> {
    Start {
        v: u32,
        logwatch: &'static str,
        plan: &'a str,
        deployed_at: Option<crate::time::Time>,
        deployed_at_from: Option<crate::deployment::From>,
    },
    Trigger(&'a TriggerEvent),
    Checkpoint(&'a CheckpointEvent),
    Success(&'a CheckpointEvent),
    Verdict(&'a VerdictEvent),
    Action(&'a ActionEvent),
    Summary(&'a Summary),
}

/// Version of the shape of the objects.
const VERSION: u32 = 1;

impl<W: Write> Json<W> {
    /// Writes lines of JSON to `out`.
    pub fn new(out: W) -> Self {
        Json { out }
    }

    /// `deployment` is `None` when no record had a time.
    pub fn start(&mut self, plan: &str, deployment: Option<&Deployment>) -> io::Result<()> {
        self.write(&Object::Start {
            v: VERSION,
            logwatch: env!("CARGO_PKG_VERSION"),
            plan,
            deployed_at: deployment.map(|deployment| deployment.at),
            deployed_at_from: deployment.map(|deployment| deployment.from),
        })
    }

    /// One line: a trigger changed its state.
    pub fn trigger(&mut self, event: &TriggerEvent) -> io::Result<()> {
        self.write(&Object::Trigger(event))
    }

    /// A checkpoint, or a criterion of success.
    pub fn reached(&mut self, event: &CheckpointEvent) -> io::Result<()> {
        self.write(&match event.kind {
            Kind::Checkpoint => Object::Checkpoint(event),
            Kind::Success => Object::Success(event),
        })
    }

    /// One line: the verdict as it stands changed.
    pub fn verdict(&mut self, event: &VerdictEvent) -> io::Result<()> {
        self.write(&Object::Verdict(event))
    }

    /// One line: what became of an action.
    pub fn action(&mut self, event: &ActionEvent) -> io::Result<()> {
        self.write(&Object::Action(event))
    }

    /// The summary, after what was not reached.
    pub fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let all = summary.checkpoints.iter().chain(&summary.success);
        // Without a deployment nothing is to be reached.
        let is_pending = |event: &&CheckpointEvent| event.status == Status::Pending && event.at.is_some();
        all.filter(is_pending).try_for_each(|event| self.reached(event))?;
        self.stand(summary)
    }

    /// The summary alone, of a run that may go on.
    pub fn stand(&mut self, summary: &Summary) -> io::Result<()> {
        self.write(&Object::Summary(summary))
    }

    /// What is written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write(&mut self, object: &Object<'_>) -> io::Result<()> {
        let line = serde_json::to_string(object)?;
        // GitHub's runner takes `##[` for a command wherever it stands; it can stand in strings only.
        self.out.write_all(line.replace("##[", "#\\u0023[").as_bytes())?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}
