//! How a run stands that can be gone on with, as plain data.

use serde::Serialize;

use super::{Summary, TriggerState};
use crate::rules::checkpoint;
use crate::rules::verdict::Verdict;
use crate::time::Time;

/// How a run stands.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "status")]
pub struct Status {
    /// The file of its state.
    pub state: String,
    /// The process that goes on with it, if one does.
    pub process: Option<u32>,
    pub plan: String,
    pub sources: Vec<String>,
    pub began: Time,
    pub from: Option<Time>,
    pub to: Option<Time>,
    pub deployed_at: Option<Time>,
    pub verdict: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    pub reasons: Vec<String>,
    pub lines: u64,
    pub late: u64,
    /// Triggers that fire.
    pub firing: Vec<String>,
    /// The next one that is to be reached.
    pub next_checkpoint: Option<Next>,
    /// Notifications that were not delivered.
    pub undelivered: usize,
    /// What the state takes on the disk.
    pub bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Next {
    pub id: String,
    pub at: Time,
}

impl Status {
    /// What a summary tells of it; of the state itself nothing is known yet.
    pub fn of(summary: Summary) -> Self {
        let firing = summary.triggers.iter().filter(|trigger| trigger.state == TriggerState::Firing);
        let pending = summary.checkpoints.iter().filter(|event| event.status == checkpoint::Status::Pending);
        let next = pending.filter_map(|event| Some(Next { id: event.id.clone(), at: event.at? }));
        Status {
            state: String::new(),
            process: None,
            sources: Vec::new(),
            began: Time(0),
            from: summary.from,
            to: summary.to,
            deployed_at: summary.deployed_at,
            verdict: summary.verdict,
            complete: summary.complete,
            lines: summary.input.lines,
            late: summary.input.late,
            firing: firing.map(|trigger| trigger.id.clone()).collect(),
            next_checkpoint: next.min_by_key(|next| next.at),
            undelivered: 0,
            bytes: 0,
            plan: summary.plan,
            reasons: summary.reasons,
        }
    }
}
