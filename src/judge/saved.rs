//! What the judge has come to as bytes, to go on with: with the seconds that come after it it needs none of those before. What it
//! asks stands in the plan and the library, which are to be the same.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Judge;
use crate::classify::ClassId;
use crate::deployment::Deployment;
use crate::history::Panes;
use crate::lifecycle::Lifecycle;
use crate::people::Signal;
use crate::report;
use crate::rules::observed::Observed;
use crate::rules::verdict::Verdict;
use crate::rules::{self, Past};
use crate::second::Counts;
use crate::time::Time;
use crate::timeline::{self, Tick};

/// What is saved beside its parts.
#[derive(Serialize, Deserialize)]
struct Own {
    observed: Observed,
    past: Option<Past>,
    deployment: Option<Deployment>,
    undecided: Option<i64>,
    restarts: u64,
    counts: Counts,
    signals: VecDeque<(Signal, ClassId)>,
    announced: Verdict,
    is_enough: bool,
    records: Option<(Time, Time)>,
    crowded: u64,
    entered: Option<i64>,
    next_tick: Option<Tick>,
}

type Saved<'a> =
    (Own, &'a Lifecycle, rules::Saved, report::Saved<'a>, (&'a Panes, &'a Panes), timeline::saved::Saved<'a>);
type Restored = (Own, Lifecycle, rules::Saved, report::Restored, (Panes, Panes), timeline::saved::Restored);

/// What was saved cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("what it had come to is damaged: {0}")]
    Damaged(#[from] postcard::Error),
    #[error("what it had come to is of another plan")]
    OtherPlan,
}

impl Judge {
    /// All that it has come to as bytes; what happened and nobody was told of yet is no part of it.
    pub fn save(&self) -> Vec<u8> {
        let own = Own {
            observed: self.observed.clone(),
            past: self.past.clone(),
            deployment: self.deployment.clone(),
            undecided: self.undecided,
            restarts: self.restarts,
            counts: self.counts,
            signals: self.signals.clone(),
            announced: self.announced,
            is_enough: self.is_enough,
            records: self.records,
            crowded: self.crowded,
            entered: self.entered,
            next_tick: self.next_tick,
        };
        let saved: Saved<'_> =
            (own, &self.lifecycle, self.rules.save(), self.report.save(), self.history.save(), self.timeline.save());
        // Writing to memory fails only for lack of it.
        postcard::to_stdvec(&saved).unwrap_or_default()
    }

    /// Goes on from what was saved, before the first second.
    ///
    /// # Errors
    ///
    /// Bytes that are damaged, or are of another plan.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (own, lifecycle, rules, report, history, timeline): Restored = postcard::from_bytes(bytes)?;
        if !self.rules.restore(rules) || !self.timeline.restore(timeline) {
            return Err(Error::OtherPlan);
        }
        self.report.restore(report);
        self.history.restore(history);
        self.lifecycle = lifecycle;
        (self.observed, self.past, self.deployment) = (own.observed, own.past, own.deployment);
        (self.undecided, self.restarts, self.counts) = (own.undecided, own.restarts, own.counts);
        (self.signals, self.announced, self.is_enough) = (own.signals, own.announced, own.is_enough);
        (self.records, self.crowded) = (own.records, own.crowded);
        (self.entered, self.next_tick) = (own.entered, own.next_tick);
        // Label sets are met anew.
        self.sets = timeline::Sets::default();
        Ok(())
    }
}
