//! What logwatch says of a case, with its default plan.

use std::sync::Arc;

use logwatch::source::frame::{Fill, Framer};
use logwatch::{Library, Masking, Notice, Plan, PlanError, Range, Session, Severity, State, Summary, Verdict};

use crate::clock::Time;

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

/// What cases are judged by.
pub struct Judge {
    library: Arc<Library>,
    plan: Plan,
}

impl Judge {
    /// The plan is a built-in one by name, or a file.
    pub fn new(plan: &str) -> Result<Judge, PlanError> {
        let library = Arc::new(Library::load(&[] as &[&str]).expect("the built-in packs"));
        Ok(Judge { library, plan: Plan::load(plan)? })
    }
}

/// Reads the logs as the program does with a file each.
pub fn judge(judge: &Judge, logs: &[(&str, &[u8])]) -> Judged {
    let library = Arc::clone(&judge.library);
    let mut session =
        Session::new(judge.plan.clone(), library, None, Range::default()).expect("the plan fits the packs");
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
            let trigger = &session.engine.judge.rules.triggers[change.trigger];
            if change.state == State::Firing && trigger.severity != Severity::Info {
                alarms.push(Alarm { at: Time(change.at.second() * crate::clock::SECOND), trigger: trigger.id.clone() });
            }
        }
    }
    let summary = Summary::new(&session.engine, "simulated", None, Masking::default());
    Judged {
        verdict: summary.verdict,
        reasons: summary.reasons,
        deployed: summary.deployed_at.map(|at| Time(at.0)),
        alarms,
    }
}
