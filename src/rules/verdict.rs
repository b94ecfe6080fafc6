//! The verdict (SEMANTICS 20).

use super::Rules;
use super::checkpoint::Status;
use super::kpi::KpiResult;
use super::plan::Kind;
use super::plan::{Healthy, Severity};
use super::trigger::{State, Trigger};
use crate::time::short_span;
use crate::timeline::Tick;

/// What to do with the deployment; ordered by gravity for `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Keep it.
    Healthy,
    /// Too little was seen to tell.
    Unknown,
    /// Look into it.
    Investigate,
    /// Go back to the version before.
    Rollback,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Verdict::Healthy => "healthy",
            Verdict::Unknown => "unknown",
            Verdict::Investigate => "investigate",
            Verdict::Rollback => "rollback",
        })
    }
}

/// Requests of which a half that failed says something.
pub const LEAST_REQUESTS: u64 = 20;
/// A deployment on which this share of the requests failed is never healthy, whatever the plan asks or how long it waits.
pub const MOST_FAILED: f64 = 0.5;
/// The share of the run for which a trigger must have been known.
pub const LEAST_KNOWN: f64 = 0.8;
/// The share of lines that are late or malformed has to be under this.
pub const MOST_UNUSABLE: f64 = 0.01;

/// What the verdict rests on beside the rules.
#[derive(Clone, Copy, Debug)]
pub struct Basis {
    /// Seconds seen since the deployment.
    pub seen: i64,
    /// The last tick at which triggers are armed: what began to fire later counts while it fires.
    pub armed_until: Tick,
    /// Events since the deployment that show that the service works: requests, if the plan names no other class.
    pub works: u64,
    /// Requests seen since the deployment.
    pub requests: u64,
    /// Those of them that failed (5xx).
    pub failed: u64,
    /// Lines of the input, and those of them that are late or malformed.
    pub lines: u64,
    pub unusable: u64,
    /// Whether any record had a time.
    pub timed: bool,
    /// Whether the platform dropped lines.
    pub dropped: bool,
}

/// The verdict with the reasons for it, gravest first.
pub fn judge(
    rules: &Rules,
    kpis: &[KpiResult],
    basis: Basis,
    is_carried: impl Fn(&Trigger) -> bool,
) -> (Verdict, Vec<String>) {
    let fired = |severity: Severity| {
        let counts = move |trigger: &&Trigger| trigger.severity == severity && trigger.counts(basis.armed_until);
        rules.triggers.iter().filter(counts)
    };
    let reason = |trigger: &Trigger, kind: &str| {
        let before = if trigger.was_so_before() { "; it was much the same before the deployment" } else { "" };
        format!("{kind} trigger {} fired{before}", trigger.id)
    };
    let (going_on, new): (Vec<&Trigger>, Vec<&Trigger>) =
        fired(Severity::Rollback).partition(|trigger| trigger.goes_on());
    if !new.is_empty() {
        return (Verdict::Rollback, new.iter().map(|trigger| reason(trigger, "rollback")).collect());
    }
    let goes_on = |trigger: &&Trigger| {
        format!(
            "rollback trigger {} fires, as it did when the deployment came: going back would not mend it",
            trigger.id
        )
    };
    let mut reasons: Vec<String> = going_on.iter().map(goes_on).collect();
    reasons.extend(fired(Severity::Investigate).map(|trigger| reason(trigger, "investigation")));
    let pending = rules
        .triggers
        .iter()
        .filter(|trigger| trigger.severity == Severity::Rollback && trigger.state() == State::Pending);
    reasons.extend(pending.map(|trigger| format!("rollback trigger {} is pending at the end", trigger.id)));
    let missed = rules.kpis.iter().zip(kpis).filter(|(_, result)| result.is_missed());
    reasons.extend(missed.map(|(kpi, _)| format!("KPI missed: {} {}", kpi.title, kpi.target_text()).trim_end().into()));
    let failed_checks = rules.checkpoints.iter().filter(|checkpoint| checkpoint.status() == Status::Fail);
    reasons.extend(failed_checks.map(|checkpoint| match checkpoint.kind {
        Kind::Checkpoint => format!("checkpoint {} failed", checkpoint.id),
        Kind::Success => format!("criteria of success {} are not met", checkpoint.id),
    }));
    let Basis { requests, failed, .. } = basis;
    if requests >= LEAST_REQUESTS && failed as f64 >= requests as f64 * MOST_FAILED {
        reasons.push(format!("{failed} of {requests} requests since the deployment failed (5xx)"));
    }
    if !reasons.is_empty() {
        return (Verdict::Investigate, reasons);
    }
    match doubt(rules, basis, is_carried) {
        None => (Verdict::Healthy, Vec::new()),
        Some(doubt) => (Verdict::Unknown, vec![doubt]),
    }
}

/// Why nobody can say that it is healthy: the reason that is to be mended first.
fn doubt(rules: &Rules, basis: Basis, is_carried: impl Fn(&Trigger) -> bool) -> Option<String> {
    let Basis { requests, failed, works, seen, .. } = basis;
    if basis.lines == 0 {
        return Some("the input is empty".into());
    }
    if !basis.timed {
        return Some("no record has a time: use `railway logs --json`, which prints them".into());
    }
    let too_little_known = |trigger: &&Trigger| {
        is_carried(trigger) && !(trigger.ticks > 0 && trigger.is_known_enough(trigger.ticks as i64))
    };
    let worst =
        rules.triggers.iter().filter(too_little_known).min_by(|a, b| a.known_share().total_cmp(&b.known_share()));
    let unknown = worst.map(|trigger| {
        format!("trigger {} was known for {:.0} % of the time", trigger.id, 100.0 * trigger.known_share())
    });
    if let (true, Some(unknown)) = (basis.dropped, &unknown) {
        return Some(format!("the platform dropped log lines, so {unknown}: log less, or filter at the source"));
    }
    let Healthy { after, requests: least, events } = &rules.healthy;
    if works < *least || seen < after.0 {
        let works = match events {
            Some(class) => format!("{works} {}", class.get_ref()),
            None => {
                let fine = match (requests, failed) {
                    (0, _) => "",
                    (1, 0) => ", fine",
                    (_, 0) => ", all fine",
                    _ => ", not all of them fine",
                };
                format!("{requests} request{}{fine}", if requests == 1 { "" } else { "s" })
            }
        };
        let needed = match after.0 {
            0 => format!("{least} are needed"),
            _ => format!("{least} are needed, over {after} at least"),
        };
        return Some(format!("{works} in the {} since the deployment; {needed}", short_span(seen)));
    }
    if basis.unusable > 0 && basis.unusable as f64 >= basis.lines as f64 * MOST_UNUSABLE {
        return Some(format!("{} of {} lines were late or malformed", basis.unusable, basis.lines));
    }
    unknown
}
