//! What the rules remember as plain data, to go on with: what they ask stands in the plan.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::checkpoint::Reached;
use super::judgement::Judgement;
use super::overall;
use super::trend::Trend;
use super::trigger::{Instance, Trigger};
use super::{Past, Rules};
use crate::people::in_full::Said;
use crate::timeline::group_key::GroupKey;

/// What is remembered of the deployment in force.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    triggers: Vec<Remembered>,
    /// By checkpoint.
    results: Vec<Option<Reached>>,
    said: Said,
    past: Past,
    trends: FxHashMap<(usize, GroupKey), Trend>,
}

/// What became of a trigger.
#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    id: String,
    instances: BTreeMap<GroupKey, Instance>,
    fired_before: BTreeSet<GroupKey>,
    firing_before: BTreeMap<GroupKey, Option<f64>>,
    is_known: bool,
    known_ticks: u64,
    ticks: u64,
    latest: Option<Judgement>,
}

impl Rules {
    pub fn save(&self) -> Saved {
        let remembered = |trigger: &Trigger| Remembered {
            id: trigger.id.clone(),
            instances: trigger.instances.clone(),
            fired_before: trigger.fired_before.clone(),
            firing_before: trigger.firing_before.clone(),
            is_known: trigger.is_known,
            known_ticks: trigger.known_ticks,
            ticks: trigger.ticks,
            latest: trigger.latest,
        };
        Saved {
            triggers: self.triggers.iter().map(remembered).collect(),
            results: self.checkpoints.iter().map(|checkpoint| checkpoint.result.clone()).collect(),
            said: Said::of(&self.answers, &self.acks),
            past: Past { baselines: self.memory.baselines.clone(), traffic: self.traffic.before.clone() },
            trends: self.memory.trends.clone(),
        }
    }

    /// Goes on from what was saved; `false` if that is of another plan.
    pub fn restore(&mut self, saved: Saved) -> bool {
        let ids = saved.triggers.iter().map(|trigger| &trigger.id);
        if !ids.eq(self.triggers.iter().map(|trigger| &trigger.id)) || saved.results.len() != self.checkpoints.len() {
            return false;
        }
        for (trigger, saved) in self.triggers.iter_mut().zip(saved.triggers) {
            trigger.watch.restore(saved.instances.keys());
            (trigger.instances, trigger.fired_before) = (saved.instances, saved.fired_before);
            trigger.firing_before = saved.firing_before;
            (trigger.known_ticks, trigger.ticks) = (saved.known_ticks, saved.ticks);
            (trigger.is_known, trigger.latest) = (saved.is_known, saved.latest);
        }
        self.expected_mut().for_each(|expected| expected.watch.clear());
        for (checkpoint, result) in self.checkpoints.iter_mut().zip(saved.results) {
            checkpoint.result = result;
        }
        (self.answers, self.acks) = saved.said.read();
        self.memory.trends = saved.trends;
        self.compare_with(saved.past);
        true
    }

    /// From now on triggers compare with this.
    pub(super) fn compare_with(&mut self, past: Past) {
        (self.memory.baselines, self.traffic.before) = (past.baselines, past.traffic);
        let overalls = self.triggers.iter().flat_map(|trigger| trigger.watch.expr.node.overalls());
        self.memory.strata = overalls.filter_map(|node| overall::strata(node, &self.memory.baselines)).collect();
    }
}
