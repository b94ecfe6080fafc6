//! The verdict as it stands: what a run would come to if the input ended here.

use super::{Judge, Notice};
use crate::rules::kpi::KpiResult;
use crate::rules::node::Read;
use crate::rules::trigger::Trigger;
use crate::rules::verdict::{self, Basis, Verdict};
use crate::timeline::Tick;

/// What the verdict changed to, and why.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Ruling {
    pub at: Tick,
    pub verdict: Verdict,
    pub before: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    /// Gravest first.
    pub reasons: Vec<String>,
}

impl Judge {
    /// The verdict at a tick, with the reasons for it, and what the key figures come to.
    pub fn verdict(&self, tick: Tick) -> (Verdict, Vec<String>, Vec<KpiResult>) {
        let kpis = self.rules.kpis(tick, &self.timeline, &self.observed);
        let basis = Basis {
            seen: self.seen_since_deployment(tick),
            armed_until: self.armed_until(),
            works: self.works(),
            requests: self.report.requests_since_deployment(),
            failed: self.report.failed_since_deployment(),
            lines: self.counts.lines,
            unusable: self.counts.late + self.counts.malformed,
            timed: self.records.is_some(),
            dropped: self.counts.platform_dropped > 0,
        };
        let (verdict, reasons) = verdict::judge(&self.rules, &kpis, basis, |trigger| self.is_carried(trigger));
        (verdict, reasons, kpis)
    }

    /// Whether a tick lies at the end of the plan's duration, or after it. Without a deployment nobody knows since when.
    pub fn is_complete(&self, tick: Tick) -> bool {
        let is_known = self.deployment.as_ref().is_some_and(|deployment| deployment.from.is_known());
        is_known && self.seen_since_deployment(tick) >= self.rules.duration
    }

    /// Whether the input has a source that could answer the trigger.
    pub fn is_carried(&self, trigger: &Trigger) -> bool {
        let is_carried = |read: &Read| self.observed.covered(read.carriers, read.reads_duration).is_some();
        trigger.watch.expr.node.reads_only(&is_carried) && !self.rules.lacks_baseline(&trigger.watch.expr.node)
    }

    /// Seconds.
    pub fn seen_since_deployment(&self, tick: Tick) -> i64 {
        self.deployment.as_ref().map_or(0, |deployment| tick.second() - deployment.at.second())
    }

    /// Events since the deployment that show that the service works.
    fn works(&self) -> u64 {
        let sign = self.rules.healthy.events.as_ref().and_then(|class| self.library.class_id(class.get_ref()));
        sign.map_or(self.report.requests_since_deployment(), |class| self.report.since_deployment(class))
    }

    /// Looks at the verdict after a tick at which something happened that may have changed it, when enough was seen and known for it
    /// to be healthy, and at the end of the plan's duration, at which a healthy one is told once more: it is no longer one so far.
    pub(super) fn rule(&mut self, tick: Tick, has_news: bool) {
        let is_enough = self.works() >= self.rules.healthy.requests
            && self.seen_since_deployment(tick) >= self.rules.healthy.after.0;
        let mut is_news = is_enough && !std::mem::replace(&mut self.is_enough, is_enough);
        is_news |= self.is_in_doubt() && self.rules.triggers.iter().any(Trigger::has_become_known_enough);
        let is_over = self.completion() == Some(tick);
        if !has_news && !is_news && !is_over {
            return;
        }
        let (verdict, reasons, _) = self.verdict(tick);
        let before = std::mem::replace(&mut self.announced, verdict);
        if verdict != before || is_over && verdict == Verdict::Healthy {
            let complete = self.is_complete(tick);
            self.notices.push(Notice::Verdict(Box::new(Ruling { at: tick, verdict, before, complete, reasons })));
        }
    }

    /// The next tick after this one, at which the rules have looked, at which the verdict may change though nothing happens; [`Tick::NEVER`]
    /// if there is none, or more has to come for it.
    pub(super) fn next_ruling(&self, tick: Tick) -> Tick {
        let due = self
            .deployment
            .as_ref()
            .map(|deployment| Tick::at(deployment.at.second()).plus(self.rules.healthy.after.0));
        let enough = due.filter(|due| *due > tick && !self.is_enough);
        let known = self.rules.triggers.iter().filter(|_| self.is_in_doubt());
        let known = known.filter_map(|trigger| Some(tick.plus(trigger.known_enough_in(trigger.ticks as i64)?))).min();
        let over = self.completion().filter(|over| *over > tick);
        enough.into_iter().chain(known).chain(over).min().unwrap_or(Tick::NEVER)
    }

    /// Whether what is missing for a verdict may be that triggers were known for too short a time.
    fn is_in_doubt(&self) -> bool {
        self.announced == Verdict::Unknown && self.is_enough
    }

    /// The tick at which the plan's duration is over; `None` where nobody knows since when.
    fn completion(&self) -> Option<Tick> {
        let known = self.deployment.as_ref().filter(|deployment| deployment.from.is_known())?;
        Some(Tick::at(known.at.second()).plus(self.rules.duration))
    }
}
