//! The summary: everything the outputs tell at the end, as plain data in the shape of the JSON contract.

pub(crate) mod bars;
mod build;
pub(crate) mod changes;
mod checks;
pub(crate) mod defect;
mod events;
pub(crate) mod history;
pub(crate) mod measures;
pub(crate) mod status;
pub(crate) mod traffic;
mod unknown;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::baseline::MadeOf;
use crate::deployment::{self, Deployment};
use crate::expr::{CompareOp, Unit};
use crate::people::{Ack, Answer};
use crate::rules::judgement::Before;
use crate::rules::plan::Severity;
use crate::rules::verdict::Verdict;
use crate::second::Counts;
use crate::time::Time;
pub use checks::{CheckLine, CheckpointEvent};
pub use events::{ActionEvent, ActionState, EvidenceLine, TriggerEvent, VerdictEvent};
use history::History;
use traffic::Http;

/// The end of a run, ready to be written.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What is to be done.
    pub verdict: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    /// Gravest first.
    pub reasons: Vec<String>,
    /// The plan's name.
    pub plan: String,
    /// The first time in the input.
    pub from: Option<Time>,
    /// The last time in the input.
    pub to: Option<Time>,
    /// From when on it is judged.
    pub deployed_at: Option<Time>,
    /// How that is known.
    pub deployed_at_from: Option<deployment::From>,
    /// The deployment that is judged.
    #[serde(skip)]
    pub deployment: Option<Deployment>,
    /// What it is compared with, where that is not what comes before it in the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<MadeOf>,
    /// Of several services, what is to be said of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceVerdict>,
    /// Every line of the input, counted once.
    pub input: Counts,
    /// What cut the input short, if anything did.
    pub interrupted: Option<String>,
    /// What was seen of each class, by its name.
    pub classes: BTreeMap<String, ClassTotal>,
    /// Requests, all together and by route.
    pub http: Http,
    /// Alike exceptions, most frequent first.
    pub exceptions: Vec<ExceptionGroup>,
    /// Alike errors and warnings, most frequent first.
    pub errors: Vec<ErrorGroup>,
    /// Stretches without any line.
    pub silences: Vec<Silence>,
    /// In the order of the plan, and of each its groups.
    pub triggers: Vec<TriggerResult>,
    /// Key figures, in the order of the plan.
    pub kpis: Vec<KpiLine>,
    /// In the order of the plan.
    pub checkpoints: Vec<CheckpointEvent>,
    /// Criteria of success, in the order of the plan.
    pub success: Vec<CheckpointEvent>,
    /// What could not be told, why, and what would help.
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

/// What is to be said of one of several services, judged by its own lines.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceVerdict {
    /// The label of its source.
    pub service: String,
    /// What is to be done about it.
    pub verdict: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    /// Gravest first.
    pub reasons: Vec<String>,
    /// From when on it is judged.
    pub deployed_at: Option<Time>,
}

/// What was seen of a class.
#[derive(Clone, Debug, Serialize)]
pub struct ClassTotal {
    /// Events.
    pub count: u64,
    /// The first event's time.
    pub first: Option<Time>,
    /// The last event's time.
    pub last: Option<Time>,
}

/// How often, when and where a group of alike errors was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// Events.
    pub count: u64,
    /// The first event's time.
    pub first: Option<Time>,
    /// The last event's time.
    pub last: Option<Time>,
    /// The source of the example.
    pub file: Option<String>,
    /// Its line there, counted from one.
    pub line_no: Option<u64>,
    /// The route that failed most in the same seconds.
    pub route: Option<String>,
    /// Whether the time before the deployment did not have it; `None` where too little of that time is in the input.
    pub new: Option<bool>,
    /// The same route, with how often it failed then.
    #[serde(skip)]
    pub beside: Option<Beside>,
    /// How often before the deployment and since; `None` where too little of the time before it is in the input.
    #[serde(skip)]
    pub rates: Option<Rates>,
}

/// Events a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Before the deployment.
    pub before: f64,
    /// Since the deployment.
    pub since: f64,
}

/// Exceptions of one type, message and place.
#[derive(Clone, Debug, Serialize)]
pub struct ExceptionGroup {
    /// Its type, such as `AttributeError`.
    #[serde(rename = "type")]
    pub kind: String,
    /// With what varies masked.
    pub message: String,
    /// The function and file that raised it.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// How often, when and where.
    #[serde(flatten)]
    pub seen: Seen,
}

/// Errors of one class, logger and shape.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorGroup {
    /// As the library calls it.
    pub class: String,
    /// How grave the class is.
    pub severity: crate::classify::Severity,
    /// Who wrote it, where it says so.
    pub logger: Option<String>,
    /// The message with what varies masked.
    pub shape: String,
    /// The first of them, whole.
    pub example: String,
    /// How often, when and where.
    #[serde(flatten)]
    pub seen: Seen,
    /// Silences that a line of this group ended, and their seconds in all.
    #[serde(skip)]
    pub silences: (u64, i64),
}

/// How often a route failed in the seconds of an error.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The route.
    pub route: String,
    /// Its failures in those seconds.
    pub failures: u64,
    /// All failures of the route.
    pub of: u64,
}

/// A stretch without any line.
#[derive(Clone, Debug, Serialize)]
pub struct Silence {
    /// The time of the last line before.
    pub from: Time,
    /// The time of the first line after.
    pub to: Time,
    /// That line.
    pub ended_by: String,
    /// The source of that line.
    pub file: Option<String>,
    /// Its number there, counted from one.
    pub line_no: u64,
}

/// What became of one group of a trigger.
#[derive(Clone, Debug, Serialize)]
pub struct TriggerResult {
    /// As the plan calls it.
    pub id: String,
    /// What it asks for when it fires.
    pub severity: Severity,
    /// As the plan calls it, where it has levels of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Where it stands at the end.
    pub state: TriggerState,
    /// How often it began to fire.
    pub fired: u64,
    /// The group's labels; empty where there are no groups.
    pub group: BTreeMap<String, String>,
    /// The left side of its comparison when it fired, or at the end.
    pub value: Option<f64>,
    /// The bound of that value which the test of `confidence` gave.
    pub bound: Option<f64>,
    /// The right side of its comparison.
    pub threshold: Option<f64>,
    /// How many events the value rests on.
    pub samples: u64,
    /// What it was compared with, where that is of the time before the deployment.
    pub baseline: Option<Before>,
    /// Of the numbers, as the JSON contract names units.
    pub unit: &'static str,
    /// When it first fired.
    pub first: Option<Time>,
    /// When it last fired.
    pub last: Option<Time>,
    /// Share of the run for which its truth was known.
    pub known: f64,
    /// Where the plan says what to do.
    pub runbook: Option<String>,
    /// Who has seen that it fired, since it last began to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Ack>,
}

/// Where a trigger stands at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TriggerState {
    /// Not true.
    Ok,
    /// True, but not for as long as `for` asks.
    Pending,
    /// True for as long as `for` asks.
    Firing,
    /// It fired, and is over.
    Resolved,
    /// Not known for most of the time.
    Unknown,
}

/// What a key figure came to.
#[derive(Clone, Debug, Serialize)]
pub struct KpiLine {
    /// As the plan calls it.
    pub id: String,
    /// As the plan calls it for people.
    pub title: String,
    /// In `unit`; `None` where it is not known.
    pub value: Option<f64>,
    /// How many events it rests on.
    pub samples: u64,
    /// As the JSON contract names units.
    pub unit: Option<&'static str>,
    /// None where a person tells whether it is met.
    #[serde(serialize_with = "target")]
    pub target: Option<Target>,
    /// Whether it is what it has to be.
    pub status: KpiStatus,
    /// What a person answered.
    pub answer: Option<Answer>,
    /// Of a ratio of counts: the part and the whole.
    #[serde(skip)]
    pub share: Option<(u64, u64)>,
    /// As the plan writes it.
    #[serde(skip)]
    pub target_text: String,
}

/// What a value has to be.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Target {
    /// `>`, `>=`, `<`, `<=`, `==` or `!=`.
    pub op: &'static str,
    /// In the unit of what is compared.
    pub value: f64,
}

/// Whether a key figure is what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KpiStatus {
    /// It is.
    Met,
    /// It is not.
    Missed,
    /// Nothing to measure it by, or too little.
    Unknown,
    /// A person has not answered yet.
    Manual,
}

/// What could not be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The trigger, key figure or check.
    pub what: String,
    /// Why.
    pub because: String,
    /// What would help.
    pub remedy: String,
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
