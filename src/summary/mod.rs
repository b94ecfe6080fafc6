//! The summary: everything the outputs tell at the end, as plain data in the shape of the JSON contract.

pub mod bars;
mod build;
pub mod changes;
mod checks;
pub mod defect;
pub mod history;
pub mod measures;
pub mod status;
pub mod traffic;
mod unknown;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::baseline::MadeOf;
use crate::deployment::{self, Deployment};
use crate::expr::{CompareOp, Unit};
use crate::gather::Cause;
use crate::people::{Ack, Answer};
use crate::rules::judgement::Before;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::second::Counts;
use crate::time::Time;
pub use checks::{CheckLine, CheckpointEvent};
use history::History;
use traffic::Http;

/// The end of a run, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub verdict: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    pub reasons: Vec<String>,
    pub plan: String,
    pub from: Option<Time>,
    pub to: Option<Time>,
    pub deployed_at: Option<Time>,
    pub deployed_at_from: Option<deployment::From>,
    #[serde(skip)]
    pub deployment: Option<Deployment>,
    /// What it is compared with, where that is not what comes before it in the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<MadeOf>,
    pub input: Counts,
    /// What cut the input short, if anything did.
    pub interrupted: Option<String>,
    pub classes: BTreeMap<String, ClassTotal>,
    pub http: Http,
    pub exceptions: Vec<ExceptionGroup>,
    pub errors: Vec<ErrorGroup>,
    pub silences: Vec<Silence>,
    pub triggers: Vec<TriggerResult>,
    pub kpis: Vec<KpiLine>,
    pub checkpoints: Vec<CheckpointEvent>,
    pub success: Vec<CheckpointEvent>,
    pub unknown: Vec<Unknown>,
    /// What is to be done, by the plan.
    pub next: Vec<String>,
    /// Routes, groups or series that were counted together because there were too many.
    pub overflowed: u64,
    /// Labels of the sources, in the order of their indices.
    #[serde(skip)]
    pub sources: Vec<String>,
    /// Seconds.
    #[serde(skip)]
    pub duration: i64,
    /// For pictures.
    #[serde(skip)]
    pub history: History,
}

#[derive(Clone, Debug, Serialize)]
pub struct ClassTotal {
    pub count: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
}

/// How often, when and where a group of alike errors was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    pub count: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub file: Option<String>,
    pub line_no: Option<u64>,
    /// The route that failed most in the same seconds.
    pub route: Option<String>,
    /// Whether the time before the deployment did not have it; `None` where too little of that time is in the input.
    pub new: Option<bool>,
    #[serde(skip)]
    pub beside: Option<Beside>,
    /// How often before the deployment and since; `None` where too little of the time before it is in the input.
    #[serde(skip)]
    pub rates: Option<Rates>,
}

/// Events a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub before: f64,
    pub since: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct ExceptionGroup {
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
    #[serde(rename = "where")]
    pub place: Option<String>,
    #[serde(flatten)]
    pub seen: Seen,
}

#[derive(Clone, Debug, Serialize)]
pub struct ErrorGroup {
    pub class: String,
    /// How grave the class is.
    pub severity: crate::classify::Severity,
    pub logger: Option<String>,
    pub shape: String,
    pub example: String,
    #[serde(flatten)]
    pub seen: Seen,
    /// Silences that a line of this group ended, and their seconds in all.
    #[serde(skip)]
    pub silences: (u64, i64),
}

/// How often a route failed in the seconds of an error.
#[derive(Clone, Debug)]
pub struct Beside {
    pub route: String,
    pub failures: u64,
    /// All failures of the route.
    pub of: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Silence {
    pub from: Time,
    pub to: Time,
    pub ended_by: String,
    pub file: Option<String>,
    pub line_no: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct TriggerResult {
    pub id: String,
    pub severity: Severity,
    /// As the plan calls it, where it has levels of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    pub state: TriggerState,
    pub fired: u64,
    pub group: BTreeMap<String, String>,
    pub value: Option<f64>,
    pub bound: Option<f64>,
    pub threshold: Option<f64>,
    pub samples: u64,
    /// What it was compared with, where that is of the time before the deployment.
    pub baseline: Option<Before>,
    pub unit: &'static str,
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// Share of the run for which its truth was known.
    pub known: f64,
    pub runbook: Option<String>,
    /// Who has seen that it fired, since it last began to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Ack>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TriggerState {
    Ok,
    Pending,
    Firing,
    Resolved,
    Unknown,
}

#[derive(Clone, Debug, Serialize)]
pub struct KpiLine {
    pub id: String,
    pub title: String,
    pub value: Option<f64>,
    pub samples: u64,
    pub unit: Option<&'static str>,
    /// None where a person tells whether it is met.
    #[serde(serialize_with = "target")]
    pub target: Option<Target>,
    pub status: KpiStatus,
    pub answer: Option<Answer>,
    #[serde(skip)]
    pub share: Option<(u64, u64)>,
    #[serde(skip)]
    pub target_text: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Target {
    pub op: &'static str,
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KpiStatus {
    Met,
    Missed,
    Unknown,
    /// A person has not answered yet.
    Manual,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    pub what: String,
    pub because: String,
    pub remedy: String,
}

/// A change of the verdict as it stands, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct VerdictEvent {
    pub at: Time,
    pub verdict: Verdict,
    pub before: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    /// Gravest first.
    pub reasons: Vec<String>,
}

/// What an action of a plan does, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct ActionEvent {
    pub id: String,
    /// The trigger that it is for.
    pub trigger: String,
    pub at: Time,
    pub state: ActionState,
    /// In words.
    pub does: String,
    /// Why it is held back, or has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionState {
    /// It is for a person to do.
    Held,
    Started,
    Done,
    Failed,
}

fn is_not(is_so: &bool) -> bool {
    !is_so
}

/// A change of a trigger's state, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct TriggerEvent {
    pub id: String,
    pub group: BTreeMap<String, String>,
    pub severity: Severity,
    /// As the plan calls it, where it has levels of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    pub state: State,
    pub at: Time,
    pub cause: Cause,
    pub value: Option<f64>,
    pub bound: Option<f64>,
    pub threshold: Option<f64>,
    pub samples: u64,
    /// What it was compared with, where that is of the time before the deployment.
    pub baseline: Option<Before>,
    /// It was much the same before the deployment, or fired then: going back would not mend it.
    #[serde(skip_serializing_if = "is_not")]
    pub also_before: bool,
    pub unit: &'static str,
    pub expr: String,
    pub evidence: Vec<EvidenceLine>,
    #[serde(skip)]
    pub share: Option<(u64, u64)>,
    /// Seconds.
    #[serde(skip)]
    pub hold: i64,
    #[serde(skip)]
    pub about: Option<String>,
    #[serde(skip)]
    pub runbook: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct EvidenceLine {
    pub at: Time,
    pub file: String,
    pub line_no: u64,
    pub line: String,
}

/// `ratio`, `seconds`, … as the JSON names units.
pub fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Plain => "count",
        Unit::Ratio | Unit::RatioDifference => "ratio",
        Unit::Seconds => "seconds",
        Unit::Bytes => "bytes",
        Unit::PerSecond => "per_second",
        Unit::RatioPerSecond => "ratio_per_second",
    }
}

/// A target that there is not has members, too, so that who reads them finds nothing else in their place.
fn target<S: serde::Serializer>(target: &Option<Target>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Members {
        op: Option<&'static str>,
        value: Option<f64>,
    }
    Members { op: target.map(|target| target.op), value: target.map(|target| target.value) }.serialize(serializer)
}

fn operator(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Equal => "==",
        CompareOp::NotEqual => "!=",
    }
}
