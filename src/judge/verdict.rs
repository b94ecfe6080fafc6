//! The verdict as it stands: what a run would come to if the input ended here.

use super::{Judge, Notice};
use crate::rules::kpi::KpiResult;
use crate::rules::node::Read;
use crate::rules::trigger::Trigger;
use crate::rules::verdict::{self, Basis, Verdict};

/// What the verdict changed to, and why.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Ruling {
    /// The tick.
    pub at: i64,
    pub verdict: Verdict,
    pub before: Verdict,
    /// Whether the plan's whole duration was seen.
    pub complete: bool,
    /// Gravest first.
    pub reasons: Vec<String>,
}

impl Judge {
    /// The verdict at a tick, with the reasons for it, and what the key figures come to.
    pub fn verdict(&self, tick: i64) -> (Verdict, Vec<String>, Vec<KpiResult>) {
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
    pub fn is_complete(&self, tick: i64) -> bool {
        let is_known = self.deployment.as_ref().is_some_and(|deployment| deployment.from.is_known());
        is_known && self.seen_since_deployment(tick) >= self.rules.duration
    }

    /// Whether the input has a source that could answer the trigger.
    pub fn is_carried(&self, trigger: &Trigger) -> bool {
        let is_carried = |read: &Read| self.observed.covered(read.carriers, read.reads_duration).is_some();
        trigger.watch.expr.node.reads_only(&is_carried) && !self.rules.lacks_baseline(&trigger.watch.expr.node)
    }

    /// Seconds.
    pub fn seen_since_deployment(&self, tick: i64) -> i64 {
        self.deployment.as_ref().map_or(0, |deployment| tick - deployment.at.second())
    }

    /// Events since the deployment that show that the service works.
    fn works(&self) -> u64 {
        let sign = self.rules.healthy.events.as_ref().and_then(|class| self.library.class_id(class.get_ref()));
        sign.map_or(self.report.requests_since_deployment(), |class| self.report.since_deployment(class))
    }

    /// Looks at the verdict after a tick at which something happened that may have changed it, and when enough was seen for it to be
    /// healthy.
    pub(super) fn rule(&mut self, tick: i64, has_news: bool) {
        let is_enough = self.works() >= self.rules.healthy.requests
            && self.seen_since_deployment(tick) >= self.rules.healthy.after.0;
        let is_news = is_enough && !std::mem::replace(&mut self.is_enough, is_enough);
        if !has_news && !is_news {
            return;
        }
        let (verdict, reasons, _) = self.verdict(tick);
        let before = std::mem::replace(&mut self.told, verdict);
        if verdict != before {
            let complete = self.is_complete(tick);
            self.notices.push(Notice::Verdict(Box::new(Ruling { at: tick, verdict, before, complete, reasons })));
        }
    }

    /// The next tick after this one at which enough may have been seen; `i64::MAX` if it was, or more has to come for it.
    pub(super) fn next_ruling(&self, tick: i64) -> i64 {
        let due = self.deployment.as_ref().map(|deployment| deployment.at.second() + self.rules.healthy.after.0);
        due.filter(|due| *due > tick && !self.is_enough).unwrap_or(i64::MAX)
    }
}
