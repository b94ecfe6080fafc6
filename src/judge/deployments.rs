//! What the service's life comes to: deployments that begin, restarts that are counted as events of their own.

use super::{Judge, Notice};
use crate::classify::wellknown;
use crate::classify::{ClassId, LabelSets, Library, Via};
use crate::deployment::{Deployment, From};
use crate::lifecycle::{Activity, START_UP, Step};
use crate::rules::verdict::Verdict;
use crate::second::evidence::Evidence;
use crate::second::{Second, Tally};
use crate::time::Time;
use crate::timeline::Tick;

/// The classes of events that no line tells alone; `None` where the library lacks them.
pub(super) struct OwnClasses {
    deployed: Option<ClassId>,
    restarted: Option<ClassId>,
    failed_at_start: Option<ClassId>,
}

impl OwnClasses {
    pub fn of(library: &Library) -> Self {
        OwnClasses {
            deployed: library.class_id(wellknown::DEPLOYED),
            restarted: library.class_id(wellknown::RESTARTED),
            failed_at_start: library.class_id(wellknown::FAILED_AT_START),
        }
    }
}

impl Judge {
    /// Finds the deployment that is in force from a second on, and what its signs come to as events.
    pub(super) fn follow_lifecycle(&mut self, complete: &Second) {
        let second = complete.at;
        let (from, until) = self.lifecycle.unsteady_before(second);
        self.observed.unsteady.add(from, until);
        let activity = self.activity(complete);
        let mut deployment = None;
        for step in self.lifecycle.seal(complete, activity) {
            match step {
                Step::Deployed(deployed) => {
                    if let Some(shown_by) = deployed.shown_by.clone() {
                        self.add_own_event(self.own_classes.deployed, shown_by);
                    }
                    // Of the time before the given deployment, that of the newest one is its baseline. A start in the given second is
                    // its own.
                    if self.fixed.as_ref().is_some_and(|fixed| second < fixed.at.second()) {
                        self.timeline.begin_baseline();
                    }
                    deployment = Some(deployed);
                }
                Step::Restarted(shown_by) => {
                    self.restarts += 1;
                    self.add_own_event(self.own_classes.restarted, shown_by);
                }
                Step::FailedAtStart(shown_by) => {
                    self.add_own_event(self.own_classes.failed_at_start, shown_by);
                }
            }
        }
        if !self.lifecycle.is_steady(second) {
            self.observed.unsteady.add(second, second + 1);
        }
        let steady_from = deployment.as_ref().map(|deployment: &Deployment| deployment.at.second() + START_UP);
        match (&self.fixed, &self.deployment) {
            (Some(fixed), None) if second >= fixed.at.second() => self.begin(fixed.clone(), second),
            (None, None) => {
                let first = self.records.map_or(Time::from_second(second), |(first, _)| first);
                let from_here = || Deployment { at: first, from: From::FirstRecord, shown_by: None };
                self.begin(deployment.unwrap_or_else(from_here), second);
            }
            (None, Some(_)) => {
                if let Some(deployment) = deployment {
                    self.begin(deployment, second);
                }
            }
            _ => {}
        }
        self.set_apart(second);
        // Only now: what begins looks back at what was before it.
        self.observed.steady_from = steady_from.unwrap_or(self.observed.steady_from);
    }

    /// What comes after a start that may be that of a deployment is counted apart, should it turn out to be.
    fn set_apart(&mut self, second: i64) {
        let undecided = self.lifecycle.undecided(second).filter(|_| self.fixed.is_none());
        if undecided == self.undecided {
            return;
        }
        // One that was before the first second that was sealed can be made up for no more.
        let from_here = undecided.filter(|start| *start == second);
        self.timeline.set_apart(from_here);
        self.report.set_apart(from_here.is_some());
        self.undecided = undecided;
    }

    /// What the service's own log has in a second, besides signs.
    fn activity(&self, second: &Second) -> Activity {
        let mut activity = Activity::default();
        for (labels, tally) in second.sets.iter().zip(&second.tallies) {
            activity.serves |= tally.via == Via::Access;
            activity.fails |= tally.via == Via::None && self.report.is_failure(labels.class);
        }
        activity
    }

    fn add_own_event(&mut self, class: Option<ClassId>, shown_by: Evidence) {
        let Some(class) = class else { return };
        let labels = LabelSets::unlabelled(class, self.library.classes[class].labels.len());
        let set = self.intern(&labels);
        self.own.extend(set.into_iter().map(|set| (set, Tally::one(shown_by.clone()))));
    }

    fn begin(&mut self, deployment: Deployment, second: i64) {
        let deployed = deployment.at.second();
        // It may show only later: nothing that came after it is what was before it.
        self.observed.unsteady.add(deployed, second);
        self.timeline.end_baseline(deployed);
        let past =
            self.past.clone().unwrap_or_else(|| self.rules.past(Tick::at(second), &self.timeline, &self.observed));
        self.rules.begin(past, deployed);
        let is_apart = self.timeline.begin(deployed.min(second));
        self.report.begin(is_apart);
        self.history.begin(deployed);
        self.undecided = None;
        self.restarts = 0;
        (self.announced, self.is_enough) = (Verdict::Unknown, false);
        self.observed.deployed = deployed;
        self.deployment = Some(deployment.clone());
        self.notices.push(Notice::Deployed(deployment));
    }
}
