//! What became of triggers, in words: for all outputs that list them at the end.

use super::format::{clocks, count, one_line, span};
use super::measured::Measured;
use crate::summary::{TriggerResult, TriggerState};
use crate::zone::Zone;

/// `exchange-500-rate`, with the group that fired first: `route-error-rate{POST /api/bots}`.
pub fn name(trigger: &TriggerResult) -> String {
    let group: Vec<&str> = trigger.group.values().map(String::as_str).collect();
    let group = if group.is_empty() { String::new() } else { format!("{{{}}}", group.join(" ")) };
    one_line(&format!("{}{group}", trigger.id))
}

/// What was compared with what when it first fired.
pub fn measured(trigger: &TriggerResult) -> Option<String> {
    let TriggerResult { value, bound, threshold, samples, baseline, unit, .. } = *trigger;
    Measured { value, bound, threshold, share: None, samples, baseline, unit }.tell("")
}

/// Since when, how often, and how it stands at the end.
pub fn when(trigger: &TriggerResult, zone: Zone) -> Option<String> {
    let (first, last) = trigger.first.zip(trigger.last)?;
    let often = if trigger.fired > 1 { format!("fired {} times, ", count(trigger.fired)) } else { String::new() };
    let end = match trigger.state {
        TriggerState::Firing => format!("still firing at the end, {} later", span(last.second() - first.second())),
        _ => format!("last at {}", clocks(last, last, Some(first), zone)),
    };
    Some(format!("{often}first at {} {zone}, {end}", zone.date_and_clock(first)))
}

pub fn runbook(trigger: &TriggerResult) -> Option<String> {
    trigger.runbook.as_deref().map(|runbook| format!("runbook {}", one_line(runbook)))
}
