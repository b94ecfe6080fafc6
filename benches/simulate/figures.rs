//! Figures of many outcomes.

use logwatch::Verdict;

use crate::outcome::Outcome;

/// Some of all.
#[derive(Clone, Copy, Default)]
pub struct Share {
    pub count: usize,
    pub of: usize,
}

impl Share {
    fn count<'o>(outcomes: impl Iterator<Item = &'o Outcome>, is_counted: impl Fn(&Outcome) -> bool) -> Share {
        outcomes.fold(Share::default(), |share, outcome| Share {
            count: share.count + usize::from(is_counted(outcome)),
            of: share.of + 1,
        })
    }

    /// 0 of nothing.
    pub fn ratio(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }
}

/// Seconds to the first alarm.
#[derive(Clone, Copy)]
pub struct Delays {
    pub median: Option<f64>,
    pub p95: Option<f64>,
}

impl Delays {
    fn of(delays: impl Iterator<Item = f64>) -> Delays {
        let mut delays: Vec<f64> = delays.collect();
        delays.sort_by(f64::total_cmp);
        let quantile =
            |q: f64| delays.get(((delays.len() as f64 * q) as usize).min(delays.len().saturating_sub(1))).copied();
        Delays { median: quantile(0.5), p95: quantile(0.95) }
    }
}

/// Outcomes of faults.
pub struct Faults {
    pub verdicts: [usize; 4],
    pub caught: Share,
    pub caught_busy: Share,
    pub delays: Delays,
    pub delays_busy: Delays,
    pub plain_caught: Share,
    pub plain_caught_busy: Share,
    pub plain_delays: Delays,
}

/// Outcomes of healthy twins.
pub struct Twins {
    pub verdicts: [usize; 4],
    pub false_rollbacks: Share,
    pub false_alarms: Share,
    pub plain_alarms: Share,
}

/// Rollback, investigate, healthy, unknown.
fn verdicts<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> [usize; 4] {
    let mut counts = [0; 4];
    for outcome in outcomes {
        let place = match outcome.verdict {
            Verdict::Rollback => 0,
            Verdict::Investigate => 1,
            Verdict::Healthy => 2,
            Verdict::Unknown => 3,
        };
        counts[place] += 1;
    }
    counts
}

impl Faults {
    pub fn of(outcomes: &[&Outcome]) -> Faults {
        let all = || outcomes.iter().copied().filter(|outcome| outcome.number.faulty);
        let busy = || all().filter(|outcome| outcome.is_busy());
        let caught = |outcome: &&Outcome| outcome.is_caught();
        Faults {
            verdicts: verdicts(all()),
            caught: Share::count(all(), Outcome::is_caught),
            caught_busy: Share::count(busy(), Outcome::is_caught),
            delays: Delays::of(all().filter(caught).filter_map(|outcome| outcome.delay)),
            delays_busy: Delays::of(busy().filter(caught).filter_map(|outcome| outcome.delay)),
            plain_caught: Share::count(all(), |outcome| outcome.plain_delay.is_some()),
            plain_caught_busy: Share::count(busy(), |outcome| outcome.plain_delay.is_some()),
            plain_delays: Delays::of(all().filter_map(|outcome| outcome.plain_delay)),
        }
    }
}

impl Twins {
    pub fn of(outcomes: &[&Outcome]) -> Twins {
        let all = || outcomes.iter().copied().filter(|outcome| !outcome.number.faulty);
        Twins {
            verdicts: verdicts(all()),
            false_rollbacks: Share::count(all(), |outcome| outcome.verdict == Verdict::Rollback),
            false_alarms: Share::count(all(), Outcome::is_false_alarm),
            plain_alarms: Share::count(all(), |outcome| outcome.plain_delay.is_some()),
        }
    }
}

pub fn well_dated(outcomes: &[&Outcome]) -> Share {
    Share::count(outcomes.iter().copied(), Outcome::is_well_dated)
}
