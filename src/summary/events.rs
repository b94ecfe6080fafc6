//! What happens while a run goes on, as plain data in the shape of the JSON contract.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::gather::Cause;
use crate::rules::judgement::Before;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::time::Time;

/// A change of the verdict as it stands, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct VerdictEvent {
    /// Since when.
    pub at: Time,
    /// As it stands.
    pub verdict: Verdict,
    /// As it stood.
    pub before: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    /// Gravest first.
    pub reasons: Vec<String>,
}

/// What an action of a plan does, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct ActionEvent {
    /// As the plan calls it.
    pub id: String,
    /// The trigger that it is for.
    pub trigger: String,
    /// When.
    pub at: Time,
    /// What became of it.
    pub state: ActionState,
    /// In words.
    pub does: String,
    /// Why it is held back, or has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionState {
    /// It is for a person to do.
    Held,
    /// It was begun.
    Started,
    /// It ended well.
    Done,
    /// It did not end well.
    Failed,
}

fn is_not(is_so: &bool) -> bool {
    !is_so
}

/// A change of a trigger's state, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct TriggerEvent {
    /// As the plan calls it.
    pub id: String,
    /// The group's labels; empty where there are no groups.
    pub group: BTreeMap<String, String>,
    /// What it asks for when it fires.
    pub severity: Severity,
    /// As the plan calls it, where it has levels of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Where it stands from now on.
    pub state: State,
    /// The tick.
    pub at: Time,
    /// What let that tick come.
    pub cause: Cause,
    /// The left side of its comparison.
    pub value: Option<f64>,
    /// The bound of that value which the test of `confidence` gave.
    pub bound: Option<f64>,
    /// The right side of its comparison.
    pub threshold: Option<f64>,
    /// How many events the value rests on.
    pub samples: u64,
    /// What it was compared with, where that is of the time before the deployment.
    pub baseline: Option<Before>,
    /// It was much the same before the deployment, or fired then: going back would not mend it.
    #[serde(skip_serializing_if = "is_not")]
    pub also_before: bool,
    /// Of the numbers, as the JSON contract names units.
    pub unit: &'static str,
    /// As the plan writes it.
    pub expr: String,
    /// Lines that show it, in the order of their times.
    pub evidence: Vec<EvidenceLine>,
    /// Of a ratio of counts: the part and the whole.
    #[serde(skip)]
    pub share: Option<(u64, u64)>,
    /// Seconds.
    #[serde(skip)]
    pub hold: i64,
    /// What the plan says of it.
    #[serde(skip)]
    pub about: Option<String>,
    /// Where the plan says what to do.
    #[serde(skip)]
    pub runbook: Option<String>,
}

/// A line that shows what a trigger saw.
#[derive(Clone, Debug, Serialize)]
pub struct EvidenceLine {
    /// Its time.
    pub at: Time,
    /// Its source.
    pub file: String,
    /// Its number there, counted from one.
    pub line_no: u64,
    /// What it says, masked.
    pub line: String,
}
