//! Escalation: which action of a plan is due, once for each deployment, and what holds it back. Plain data in and out; what is due is
//! done elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::deployment::Deployment;
use crate::people::{Deed, DeedState};
use crate::rules::plan::{Action, Does};
use crate::rules::trigger::State;
use crate::summary::TriggerEvent;
use crate::time::{self, SECOND, Time};
use crate::timeline::Tick;

/// A deployment that is found again may be found with another of its first lines: so far apart they are the same. Nanoseconds.
const SAME: i64 = 60 * SECOND;
/// A deployment that comes so long after a rollback is what that has brought. Nanoseconds.
const BROUGHT: i64 = 3_600 * SECOND;

/// What fires, and what was done about it.
#[derive(Debug, Default)]
pub struct Escalation {
    actions: Vec<Action>,
    /// By id and group.
    firing: BTreeMap<(String, Group), TriggerEvent>,
    deployment: Option<Deployment>,
    /// The ids of actions that were begun for the deployment.
    begun: BTreeSet<String>,
    /// Actions that were held back, by the trigger that they were for: each is told once.
    held: BTreeSet<(String, String)>,
    /// All that actions ever did, as far as it is known.
    deeds: Vec<Deed>,
}

type Group = BTreeMap<String, String>;

/// An action that is due.
#[derive(Clone, Debug)]
pub struct Due {
    pub action: Action,
    /// The change of the trigger that it is for.
    pub event: TriggerEvent,
    /// When it became due.
    pub at: Time,
    pub deployed_at: Time,
    /// Why it is not to be done, but by a person.
    pub held: Option<&'static str>,
}

impl Escalation {
    /// `deeds` is what actions did before.
    pub fn new(actions: Vec<Action>, deeds: Vec<Deed>) -> Escalation {
        Escalation { actions, deeds, ..Escalation::default() }
    }

    /// A deployment came into force: what was done for it, by a run before this one, is not done again.
    pub fn deployed(&mut self, deployment: &Deployment) {
        self.firing.clear();
        self.held.clear();
        let is_of = |deed: &&Deed| moment(&deed.deployed_at).is_some_and(|at| at.since(deployment.at).abs() <= SAME);
        self.begun = self.deeds.iter().filter(is_of).map(|deed| deed.id.clone()).collect();
        self.deployment = Some(deployment.clone());
    }

    /// A trigger changed.
    pub fn trigger(&mut self, event: &TriggerEvent) {
        let key = (event.id.clone(), event.group.clone());
        match event.state {
            State::Firing => _ = self.firing.insert(key, event.clone()),
            State::Resolved | State::Ok => _ = self.firing.remove(&key),
            State::Pending => {}
        }
    }

    /// Takes note of what an action did.
    pub fn did(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    /// What is due at a tick, each once. `is_acknowledged` tells of a trigger that has fired since a tick.
    pub fn due(&mut self, tick: Tick, is_acknowledged: impl Fn(&str, Tick) -> bool) -> Vec<Due> {
        let Some(deployment) = &self.deployment else { return Vec::new() };
        let mut due = Vec::new();
        for action in &self.actions {
            for ((id, _), event) in &self.firing {
                let since = Tick::at(event.at.second());
                let at = since.plus(action.after);
                let is_due = action.is_for(id, event.severity) && tick >= at;
                if !is_due || self.begun.contains(&action.id) || is_acknowledged(id, since) {
                    continue;
                }
                let held = self.holds(action, event, deployment);
                if held.is_none() {
                    self.begun.insert(action.id.clone());
                } else if !self.held.insert((action.id.clone(), id.clone())) {
                    continue;
                }
                due.push(Due {
                    action: action.clone(),
                    event: event.clone(),
                    at: at.time(),
                    deployed_at: deployment.at,
                    held,
                });
            }
        }
        due
    }

    fn holds(&self, action: &Action, event: &TriggerEvent, deployment: &Deployment) -> Option<&'static str> {
        if matches!(action.does, Does::Ask(_)) {
            return None;
        }
        if event.also_before {
            return Some("it was so before this deployment, too, and going back would not mend it");
        }
        if !deployment.from.is_known() {
            return Some("no deployment is in the log, and nobody said when it was: give --deployed-at");
        }
        let is_brought = |deed: &Deed| {
            let after = moment(&deed.at).map(|at| deployment.at.since(at));
            deed.to.is_some()
                && deed.state != DeedState::Failed
                && after.is_some_and(|after| (-SAME..=BROUGHT).contains(&after))
        };
        if action.does == Does::RailwayRollback && self.deeds.iter().any(is_brought) {
            return Some("this deployment is what a rollback has brought");
        }
        None
    }

    /// Deployments and commits that the same trigger had a service go back from: it does not go back to them.
    pub fn faulty(&self, trigger: &str) -> BTreeSet<String> {
        let of_trigger = self.deeds.iter().filter(|deed| deed.trigger == trigger);
        of_trigger.flat_map(|deed| [&deed.from, &deed.commit]).flatten().cloned().collect()
    }
}

fn moment(text: &str) -> Option<Time> {
    time::parse(text.as_bytes())
}
