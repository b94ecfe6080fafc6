//! When triggers were pending and firing, as bars on a time axis.

use std::collections::BTreeMap;

use super::TriggerEvent;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;

/// One trigger, or one group of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar<'a> {
    pub id: &'a str,
    pub group: &'a BTreeMap<String, String>,
    pub severity: Severity,
    /// In the order of time.
    pub stretches: Vec<Stretch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Whether it fired, and was not only pending.
    pub fires: bool,
    /// Seconds since the epoch.
    pub from: i64,
    /// `None` if it lasted to the end.
    pub to: Option<i64>,
}

/// The bars of those that fired or were pending: the gravest first, then by when they began. `changes` are in the order of time.
pub fn bars(changes: &[TriggerEvent]) -> Vec<Bar<'_>> {
    let mut bars: Vec<Bar<'_>> = Vec::new();
    let mut places: BTreeMap<(&str, &BTreeMap<String, String>), usize> = BTreeMap::new();
    for change in changes {
        let place = *places.entry((&change.id, &change.group)).or_insert_with(|| {
            let (id, group, severity) = (change.id.as_str(), &change.group, change.severity);
            bars.push(Bar { id, group, severity, stretches: Vec::new() });
            bars.len() - 1
        });
        let stretches = &mut bars[place].stretches;
        let at = change.at.second();
        if let Some(open) = stretches.last_mut().filter(|stretch| stretch.to.is_none()) {
            open.to = Some(at);
        }
        match change.state {
            State::Pending => stretches.push(Stretch { fires: false, from: at, to: None }),
            State::Firing => stretches.push(Stretch { fires: true, from: at, to: None }),
            State::Resolved | State::Ok => {}
        }
    }
    bars.retain(|bar| !bar.stretches.is_empty());
    let fired = |bar: &Bar<'_>| bar.stretches.iter().any(|stretch| stretch.fires);
    bars.sort_by_key(|bar| (std::cmp::Reverse((fired(bar), bar.severity)), bar.stretches[0].from));
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gather::Cause;
    use crate::time::Time;

    fn change(id: &str, severity: Severity, state: State, second: i64) -> TriggerEvent {
        TriggerEvent {
            id: id.into(),
            group: BTreeMap::new(),
            severity,
            level: None,
            state,
            at: Time::from_second(second),
            cause: Cause::Data,
            value: None,
            bound: None,
            threshold: None,
            samples: 0,
            baseline: None,
            also_before: false,
            unit: "count",
            expr: String::new(),
            evidence: Vec::new(),
            share: None,
            hold: 0,
            about: None,
            runbook: None,
        }
    }

    #[test]
    fn a_stretch_ends_with_the_next_change_of_the_same_trigger() {
        use Severity::{Info, Investigate, Rollback};
        let changes = [
            change("info", Info, State::Firing, 1),
            change("slow", Investigate, State::Pending, 2),
            change("down", Rollback, State::Pending, 3),
            change("slow", Investigate, State::Firing, 5),
            change("down", Rollback, State::Ok, 6),
            change("slow", Investigate, State::Resolved, 7),
            change("slow", Investigate, State::Firing, 9),
        ];
        let stretch = |fires, from, to| Stretch { fires, from, to };
        let found: Vec<(&str, Vec<Stretch>)> = bars(&changes).into_iter().map(|bar| (bar.id, bar.stretches)).collect();
        assert_eq!(
            found,
            [
                ("slow", vec![stretch(false, 2, Some(5)), stretch(true, 5, Some(7)), stretch(true, 9, None)]),
                ("info", vec![stretch(true, 1, None)]),
                // It was only pending.
                ("down", vec![stretch(false, 3, Some(6))]),
            ]
        );
    }
}
