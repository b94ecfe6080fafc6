//! What checkpoints, criteria of success and their checks came to, as plain data.

use serde::Serialize;

use super::{Target, operator, target, unit_name};
use crate::engine::Engine;
use crate::expr::Unit;
use crate::mask::Masking;
use crate::people::Answer;
use crate::rules::checkpoint::{Check, Outcome, Reached, Status, Test};
use crate::rules::plan::Kind;
use crate::time::Time;

/// What a checkpoint, or a criterion of success, came to.
#[derive(Clone, Debug, Serialize)]
pub struct CheckpointEvent {
    /// A checkpoint, or a criterion of success.
    #[serde(skip)]
    pub kind: Kind,
    /// As the plan calls it.
    pub id: String,
    /// As the plan calls it for people.
    pub title: String,
    /// When it came to that; of what is not reached, when it will be.
    pub at: Option<Time>,
    /// Seconds after the deployment.
    pub after: i64,
    /// What its checks come to together.
    pub status: Status,
    /// In the order of the plan.
    pub checks: Vec<CheckLine>,
}

/// What one check came to.
#[derive(Clone, Debug, Serialize)]
pub struct CheckLine {
    /// As the plan calls it.
    pub id: String,
    /// What is checked, in words.
    pub about: String,
    /// What it came to.
    pub status: Status,
    /// How many events its value rests on.
    pub samples: u64,
    /// In `unit`; `None` where it is not known, or no number.
    pub value: Option<f64>,
    /// What the value has to be.
    #[serde(serialize_with = "target")]
    pub target: Option<Target>,
    /// As the JSON contract names units.
    pub unit: Option<&'static str>,
    /// Why it failed or is not known, where no number says it.
    pub because: Option<String>,
    /// What a person is to look at.
    pub ask: Option<String>,
    /// What a person answered.
    pub answer: Option<Answer>,
    /// Of a ratio of counts: the part and the whole.
    #[serde(skip)]
    pub share: Option<(u64, u64)>,
    /// What the value is compared with.
    #[serde(skip)]
    pub threshold: Option<f64>,
    /// As the plan writes it.
    #[serde(skip)]
    pub expr: String,
}

impl CheckpointEvent {
    /// What was reached, with its texts masked.
    pub fn new(engine: &Engine, reached: &Reached, masking: Masking) -> Self {
        let checkpoint = &engine.judge.rules.checkpoints[reached.checkpoint];
        let lines = checkpoint.checks.iter().zip(&reached.outcomes);
        CheckpointEvent {
            kind: checkpoint.kind,
            id: checkpoint.id.clone(),
            title: checkpoint.title.clone(),
            at: Some(reached.at.time()),
            after: checkpoint.after,
            status: reached.status,
            checks: lines.map(|(check, outcome)| check_line(engine, check, outcome, masking)).collect(),
        }
    }

    /// How it stands at the end.
    pub(super) fn at_the_end(engine: &Engine, index: usize, masking: Masking) -> Self {
        let end = engine.judge.evaluated_until().unwrap_or_default();
        if let Some(reached) = engine.judge.rules.standing(index, end, &engine.judge.timeline, &engine.judge.observed) {
            return CheckpointEvent::new(engine, &reached, masking);
        }
        let checkpoint = &engine.judge.rules.checkpoints[index];
        let deployed = engine.judge.deployment.as_ref().map(|deployment| deployment.at.second());
        let pending = Outcome::default();
        CheckpointEvent {
            kind: checkpoint.kind,
            id: checkpoint.id.clone(),
            title: checkpoint.title.clone(),
            at: deployed.map(|deployed| Time::from_second(deployed.saturating_add(checkpoint.after))),
            after: checkpoint.after,
            status: Status::Pending,
            checks: checkpoint.checks.iter().map(|check| check_line(engine, check, &pending, masking)).collect(),
        }
    }

    /// How many of its checks came to this.
    pub fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }
}

fn check_line(engine: &Engine, check: &Check, outcome: &Outcome, masking: Masking) -> CheckLine {
    let judgement = outcome.judgement;
    let expected = match &check.test {
        Test::Expect(expected) => Some(expected),
        _ => None,
    };
    let threshold = judgement.and_then(|judgement| judgement.threshold);
    let op = expected.and_then(|expected| expected.op());
    CheckLine {
        id: check.id.clone(),
        about: check.about.clone(),
        status: outcome.status,
        value: judgement.and_then(|judgement| judgement.value),
        target: op.zip(threshold).map(|(op, value)| Target { op: operator(op), value }),
        samples: judgement.map_or(0, |judgement| judgement.reported_samples()),
        unit: expected.map(|_| unit_name(judgement.map_or(Unit::Plain, |judgement| judgement.unit))),
        because: outcome.because.clone(),
        ask: match &check.test {
            Test::Manual(question) => Some(engine.judge.rules.manual[question.item].ask.clone()),
            _ => None,
        },
        answer: outcome.answer.as_ref().map(|answer| shown(answer, masking)),
        share: judgement.and_then(|judgement| judgement.share),
        threshold,
        expr: expected.map(|expected| expected.text.clone()).unwrap_or_default(),
    }
}

/// An answer as it may be shown.
pub(super) fn shown(answer: &Answer, masking: Masking) -> Answer {
    let masked = |text: &Option<String>| text.as_ref().map(|text| masking.text(text));
    Answer { by: masked(&answer.by), note: masked(&answer.note), ..answer.clone() }
}
