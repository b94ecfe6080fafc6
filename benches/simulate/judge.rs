//! What logwatch says of a case, with its default plan.

use std::sync::Arc;

use logwatch::classify::Library;
use logwatch::engine::{Notice, Range};
use logwatch::mask::Masking;
use logwatch::rules::plan::{Plan, Severity};
use logwatch::rules::trigger::State;
use logwatch::rules::verdict::Verdict;
use logwatch::session::Session;
use logwatch::source::frame::{Fill, Framer};
use logwatch::summary::Summary;

use crate::clock::Time;

const PLAN: &str = "default";
const CHUNK: usize = 1 << 20;

pub struct Judged {
    pub verdict: Verdict,
    pub reasons: Vec<String>,
    pub deployed: Option<Time>,
    /// Each time an investigation or rollback trigger fired.
    pub alarms: Vec<Alarm>,
}

pub struct Alarm {
    pub at: Time,
    pub trigger: String,
}

pub fn library() -> Arc<Library> {
    Arc::new(Library::load(&[] as &[&str]).expect("the built-in packs"))
}

/// Reads the logs as the program does with a file each.
pub fn judge(library: &Arc<Library>, logs: &[(&str, &[u8])]) -> Judged {
    let plan = Plan::load(PLAN).expect("a built-in plan");
    let mut session = Session::new(plan, Arc::clone(library), None, Range::default()).expect("the plan fits the packs");
    let mut mapper = session.mapper();
    let sources: Vec<usize> = logs.iter().map(|(label, _)| session.add_source(label)).collect();
    for ((_, text), source) in logs.iter().zip(sources) {
        let mut framer = Framer::new(*text, CHUNK, Fill::Full);
        while let Some(chunk) = framer.next_chunk().expect("memory can be read") {
            session.engine.feed(source, mapper.map(chunk));
        }
        session.engine.close(source);
    }
    session.engine.finish();
    let mut alarms = Vec::new();
    for notice in session.engine.take_notices() {
        if let Notice::Change(change, _) = notice {
            let trigger = &session.engine.rules.triggers[change.trigger];
            if change.state == State::Firing && trigger.severity != Severity::Info {
                alarms.push(Alarm { at: Time(change.at * crate::clock::SECOND), trigger: trigger.id.clone() });
            }
        }
    }
    let summary = Summary::new(&mut session.engine, PLAN, None, Masking::default());
    Judged {
        verdict: summary.verdict,
        reasons: summary.reasons,
        deployed: summary.deployed_at.map(|at| Time(at.0)),
        alarms,
    }
}
