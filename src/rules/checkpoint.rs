//! Checkpoints and criteria of success: what is looked at so long after the deployment, and what it came to.

use super::compile::Compiled;
use super::judgement::{Judgement, Truth};
use super::node::Node;
use super::plan::Kind;
use super::watch::Watch;
use crate::expr::CompareOp;
use crate::people::Answer;
use crate::timeline::Tick;

/// A compiled `[[checkpoint]]` or `[[success]]`, and what became of it.
#[derive(Debug)]
pub struct Checkpoint {
    pub kind: Kind,
    pub id: String,
    pub title: String,
    /// Seconds after the deployment.
    pub after: i64,
    pub checks: Vec<Check>,
    /// What it came to the last time that something changed; `None` before it is reached.
    pub result: Option<Reached>,
}

/// A compiled `[[checkpoint.check]]`.
#[derive(Debug)]
pub struct Check {
    pub id: String,
    pub about: String,
    pub test: Test,
}

/// What a check looks at.
#[derive(Debug)]
pub enum Test {
    /// An expression that must hold.
    Expect(Box<Expected>),
    /// Triggers that must not have fired since the deployment, by index.
    NotFired(Vec<usize>),
    /// A question to a person.
    Manual(Question),
}

/// A question, and which of its answers count.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Index of the manual item.
    pub item: usize,
    /// Seconds after the deployment, between which an answer belongs to this checkpoint: those of the checkpoints before and after
    /// it that ask the same.
    pub from: i64,
    pub until: i64,
}

/// An expression without groups that is looked at now and then, not at every tick.
#[derive(Debug)]
pub struct Expected {
    pub watch: Watch,
    pub min_samples: u64,
    /// As written.
    pub text: String,
}

/// What a checkpoint came to.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Reached {
    /// Index of the checkpoint.
    pub checkpoint: usize,
    pub at: Tick,
    pub status: Status,
    /// In the order of its checks.
    pub outcomes: Vec<Outcome>,
}

/// What a check came to.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    pub status: Status,
    pub judgement: Option<Judgement>,
    /// Why it failed or is not known, where no number says it.
    pub because: Option<String>,
    #[serde(with = "crate::people::in_full")]
    pub answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    Fail,
    Unknown,
    /// A person has not answered yet.
    Manual,
    /// Not reached.
    #[default]
    Pending,
}

impl Expected {
    pub fn new(compiled: Compiled, min_samples: u64, text: String) -> Self {
        Expected { watch: Watch::new(compiled), min_samples, text }
    }

    pub fn node(&self) -> &Node {
        &self.watch.expr.node
    }

    /// Whether what it comes to depends on what it came to before.
    pub fn is_sampled(&self) -> bool {
        !self.node().trends().is_empty()
    }

    /// How its value is compared, where it is a single comparison.
    pub fn op(&self) -> Option<CompareOp> {
        match self.node() {
            Node::Compare { op, .. } => Some(*op),
            _ => None,
        }
    }
}

impl Checkpoint {
    pub fn expected(&self) -> impl Iterator<Item = &Expected> {
        self.checks.iter().filter_map(|check| match &check.test {
            Test::Expect(expected) => Some(&**expected),
            _ => None,
        })
    }

    pub fn expected_mut(&mut self) -> impl Iterator<Item = &mut Expected> {
        self.checks.iter_mut().filter_map(|check| match &mut check.test {
            Test::Expect(expected) => Some(&mut **expected),
            _ => None,
        })
    }

    /// The expressions that matter at every tick: those that remember what they came to, and those of a success that is not
    /// declared yet.
    pub fn watched(&self) -> impl Iterator<Item = &Expected> {
        let goes_on = self.goes_on();
        self.expected().filter(move |expected| goes_on || expected.is_sampled())
    }

    pub fn watched_mut(&mut self) -> impl Iterator<Item = &mut Expected> {
        let goes_on = self.goes_on();
        self.expected_mut().filter(move |expected| goes_on || expected.is_sampled())
    }

    pub fn status(&self) -> Status {
        self.result.as_ref().map_or(Status::Pending, |reached| reached.status)
    }

    /// Whether its expressions are still looked at once it is reached.
    pub fn goes_on(&self) -> bool {
        self.kind == Kind::Success && self.status() != Status::Pass
    }
}

impl Status {
    /// What a whole comes to with its parts: what failed decides, and what is not known is no pass.
    pub fn of_all(parts: impl Iterator<Item = Status>) -> Status {
        let mut all = Status::Pass;
        for part in parts {
            match part {
                Status::Fail => return Status::Fail,
                Status::Pass => {}
                Status::Unknown | Status::Manual | Status::Pending => all = Status::Unknown,
            }
        }
        all
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Unknown => "unknown",
            Status::Manual => "manual",
            Status::Pending => "pending",
        }
    }
}

impl Outcome {
    /// What an expression came to; a truth that more data could still change is none.
    pub fn of(judgement: Judgement, why_unknown: impl FnOnce() -> String) -> Outcome {
        let (status, because) = match judgement.truth {
            Truth::True => (Status::Pass, None),
            Truth::False if !judgement.unsettled => (Status::Fail, None),
            Truth::False | Truth::Pending | Truth::Unknown => (Status::Unknown, Some(why_unknown())),
        };
        Outcome { status, judgement: Some(judgement), because, answer: None }
    }

    pub fn unknown(because: impl Into<String>) -> Outcome {
        Outcome { status: Status::Unknown, because: Some(because.into()), ..Outcome::default() }
    }

    /// What a person said, if anybody has.
    pub fn answered(answer: Option<&Answer>) -> Outcome {
        let status = answer.map_or(Status::Manual, |answer| if answer.pass { Status::Pass } else { Status::Fail });
        Outcome { status, answer: answer.cloned(), ..Outcome::default() }
    }
}

impl Reached {
    /// Whether it, or one of its checks, came to something else than before.
    pub fn differs(&self, before: Option<&Reached>) -> bool {
        let Some(before) = before else { return true };
        let changed = |(now, before): (&Outcome, &Outcome)| now.status != before.status;
        self.status != before.status || self.outcomes.iter().zip(&before.outcomes).any(changed)
    }

    /// Takes over the answers of a later look at which nothing came to something else.
    pub fn take_answers(&mut self, later: Reached) {
        for (outcome, later) in self.outcomes.iter_mut().zip(later.outcomes) {
            outcome.answer = later.answer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_no_pass_and_what_failed_decides() {
        use Status::{Fail, Manual, Pass, Unknown};
        for (parts, whole) in [
            (&[Pass, Pass][..], Pass),
            (&[Pass, Manual], Unknown),
            (&[Unknown, Pass], Unknown),
            (&[Manual, Fail], Fail),
        ] {
            assert_eq!(Status::of_all(parts.iter().copied()), whole, "{parts:?}");
        }
    }
}
