//! What a check holds the figures with both logs to. Wanted are 99 % of the faults at 10 requests a minute; the long form says how
//! many there are (docs/verdicts.md), and a check of so few cases is held to what chance leaves of it.

use crate::figures::{Faults, Twins};
use crate::outcome::{BUSY, Input, Outcome};

/// The greatest share of healthy twins that may be judged `rollback`.
const FALSE_ROLLBACKS: f64 = 0.01;
/// The greatest share of healthy twins that may be judged worse than is right.
const FALSE_ALARMS: f64 = 0.05;
/// The least share of faults that must be caught at [`BUSY`] requests a minute; of 1,000 it is 99 %.
const CAUGHT: f64 = 0.95;
/// The longest median time to the first alarm there, in seconds.
const MEDIAN: f64 = 180.0;

/// What is beyond its limit, in words.
pub fn beyond(outcomes: &[Outcome]) -> Vec<String> {
    let both: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.input == Input::Both).collect();
    let (faults, twins) = (Faults::of(&both), Twins::of(&both));
    let mut beyond = Vec::new();
    let mut hold = |holds: bool, text: String| {
        if !holds {
            beyond.push(text);
        }
    };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let rollbacks = twins.false_rollbacks.ratio();
    hold(
        rollbacks <= FALSE_ROLLBACKS,
        format!("false rollbacks: {}, more than {}", percent(rollbacks), percent(FALSE_ROLLBACKS)),
    );
    let alarms = twins.false_alarms.ratio();
    hold(alarms <= FALSE_ALARMS, format!("false alarms: {}, more than {}", percent(alarms), percent(FALSE_ALARMS)));
    let caught = faults.caught_busy.ratio();
    hold(
        caught >= CAUGHT,
        format!("caught at {BUSY} requests a minute: {}, less than {}", percent(caught), percent(CAUGHT)),
    );
    let median = faults.delays_busy.median;
    hold(
        median.is_some_and(|median| median <= MEDIAN),
        format!("median time to the first alarm: {median:?} s, more than {MEDIAN}"),
    );
    beyond
}
