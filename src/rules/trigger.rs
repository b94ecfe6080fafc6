//! A trigger's states (SEMANTICS 19).

use std::collections::{BTreeMap, BTreeSet};

use super::judgement::{Judgement, Truth};
use super::plan::Severity;
use super::proof::Confidence;
use super::verdict::LEAST_KNOWN;
use super::watch::Watch;
use crate::second::evidence::Evidence;
use crate::timeline::Tick;
use crate::timeline::group_key::GroupKey;

/// What fires on over a deployment is far worse from so many times the value on. Twice is not enough: before, the window had a part
/// without the fault, and after, it begins with the deployment.
const FAR_WORSE: f64 = 4.0;

/// Where a group of a trigger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not true.
    Ok,
    /// True, but not for as long as `for` asks.
    Pending,
    /// True for as long as `for` asks.
    Firing,
    /// It fired, and was false for as long as `resolve_after` asks.
    Resolved,
}

/// A compiled `[[trigger]]`, and what became of it.
#[derive(Debug)]
pub struct Trigger {
    pub id: String,
    pub severity: Severity,
    /// As the plan calls it, where it has levels of its own.
    pub level: Option<String>,
    pub about: Option<String>,
    pub runbook: Option<String>,
    /// The expression as written.
    pub text: String,
    pub watch: Watch,
    /// Seconds.
    pub hold: i64,
    pub resolve_after: i64,
    pub confidence: Option<Confidence>,
    pub min_samples: u64,
    pub instances: BTreeMap<GroupKey, Instance>,
    /// The groups that fired under the deployment before.
    pub fired_before: BTreeSet<GroupKey>,
    /// Those of them that were still firing when this one came, with the last value of which their condition was true.
    pub(super) firing_before: BTreeMap<GroupKey, Option<f64>>,
    /// Whether its truth was known at the last tick.
    pub is_known: bool,
    /// Ticks at which its truth was known, and all since the deployment.
    pub known_ticks: u64,
    pub ticks: u64,
    /// The last judgement, of the first group that has one.
    pub latest: Option<Judgement>,
}

/// One group of a trigger.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Instance {
    pub state: State,
    /// When it became pending.
    since: Tick,
    /// For how many seconds it has been false while firing, and whether it was at the last tick.
    false_for: i64,
    is_false: bool,
    pub fired: u64,
    pub first: Option<Tick>,
    pub last: Option<Tick>,
    /// The judgement of its first firing.
    pub judgement: Option<Judgement>,
    /// The last value of which its condition was true.
    pub(super) true_value: Option<f64>,
    pub evidence: Vec<Evidence>,
}

/// A change of one instance's state.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Index of the trigger.
    pub trigger: usize,
    pub group: GroupKey,
    pub state: State,
    pub at: Tick,
    pub judgement: Judgement,
    /// Its condition held before the deployment of that tick, too.
    pub also_before: bool,
    pub evidence: Vec<Evidence>,
}

impl Default for Instance {
    fn default() -> Self {
        Instance {
            state: State::Ok,
            since: Tick::default(),
            false_for: 0,
            is_false: false,
            fired: 0,
            first: None,
            last: None,
            judgement: None,
            true_value: None,
            evidence: Vec::new(),
        }
    }
}

impl Instance {
    /// Moves on to the next tick; `true` when the state changed.
    pub fn step(&mut self, tick: Tick, truth: Truth, hold: i64, resolve_after: i64) -> bool {
        let before = self.state;
        self.is_false = truth == Truth::False;
        match (self.state, truth) {
            (State::Ok | State::Resolved, Truth::True) => {
                self.since = tick;
                self.state = if hold == 0 { State::Firing } else { State::Pending };
            }
            (State::Pending, Truth::True) if tick.since(self.since) >= hold => self.state = State::Firing,
            (State::Pending, Truth::True) | (State::Ok | State::Resolved, _) => {}
            (State::Pending, _) => self.state = if self.fired > 0 { State::Resolved } else { State::Ok },
            (State::Firing, Truth::True) => self.false_for = 0,
            (State::Firing, Truth::False) => {
                self.false_for += 1;
                if self.false_for > resolve_after {
                    self.state = State::Resolved;
                }
            }
            // Unknown: it stays firing, and the clock that would resolve it stands still.
            (State::Firing, Truth::Pending | Truth::Unknown) => {}
        }
        if self.state == State::Firing {
            if before != State::Firing {
                self.fired += 1;
                self.false_for = 0;
                self.first.get_or_insert(tick);
            }
            self.last = Some(tick);
        }
        self.state != before
    }

    /// The tick at which the state changes if the truth stays what it was at `tick`, the last one; [`Tick::NEVER`] if it never does.
    pub fn due(&self, tick: Tick, hold: i64, resolve_after: i64) -> Tick {
        match self.state {
            State::Pending => self.since.plus(hold),
            State::Firing if self.is_false => tick.plus(resolve_after - self.false_for).plus(1),
            State::Firing | State::Ok | State::Resolved => Tick::NEVER,
        }
    }

    /// Moves on by so many ticks, before it is [due](Instance::due), at which the truth is what it was at the last one.
    pub fn stay(&mut self, ticks: i64) {
        if self.state == State::Firing {
            self.last = self.last.map(|last| last.plus(ticks));
            self.false_for += if self.is_false { ticks } else { 0 };
        }
    }
}

impl Trigger {
    /// The gravest state of all its groups, and how often it fired in all.
    pub fn state(&self) -> State {
        let rank = |state: State| match state {
            State::Firing => 3,
            State::Pending => 2,
            State::Resolved => 1,
            State::Ok => 0,
        };
        self.instances.values().map(|instance| instance.state).max_by_key(|state| rank(*state)).unwrap_or(State::Ok)
    }

    pub fn fired(&self) -> u64 {
        self.instances.values().map(|instance| instance.fired).sum()
    }

    /// Whether it fired up to a tick, or later and still does.
    pub fn counts(&self, armed_until: Tick) -> bool {
        self.instances
            .values()
            .any(|instance| instance.first.is_some_and(|first| first <= armed_until || instance.state == State::Firing))
    }

    /// The instance that fired first.
    pub fn first_fired(&self) -> Option<(&GroupKey, &Instance)> {
        self.instances
            .iter()
            .filter(|(_, instance)| instance.first.is_some())
            .min_by_key(|(_, instance)| instance.first)
    }

    /// Since when a group of it fires; `None` if none does.
    pub fn firing_since(&self) -> Option<Tick> {
        let firing = self.instances.values().filter(|instance| instance.state == State::Firing);
        firing.map(|instance| instance.since).min()
    }

    /// Whether all that fired was much the same before the deployment.
    pub fn was_so_before(&self) -> bool {
        let mut fired = self.instances.values().filter(|instance| instance.first.is_some());
        self.fired() > 0
            && fired.all(|instance| {
                instance.judgement.and_then(|judgement| judgement.baseline).is_some_and(|before| before.as_before)
            })
    }

    /// Whether all that fired was firing when the deployment came, and is not far worse since: of a condition that asks what was before.
    /// A fault that began shortly before a deployment hardly shows in what it compares with.
    pub fn goes_on(&self) -> bool {
        let mut fired = self.instances.iter().filter(|(_, instance)| instance.first.is_some());
        let is_as_bad = |(group, instance): (&GroupKey, &Instance)| {
            let Some(before) = self.firing_before.get(group) else { return false };
            let now = instance.judgement.and_then(|judgement| judgement.value.zip(judgement.threshold));
            now.zip(*before).is_none_or(|((now, threshold), before)| match now > threshold {
                true => now < FAR_WORSE * before,
                false => now > before / FAR_WORSE,
            })
        };
        self.fired() > 0 && !self.watch.expr.node.baselines().is_empty() && fired.all(is_as_bad)
    }

    /// Whether its truth was known over most of so many seconds.
    pub fn is_known_enough(&self, seconds: i64) -> bool {
        self.known_ticks as f64 >= LEAST_KNOWN * seconds as f64
    }

    /// After how many more ticks that will be so, if it stays known and is not yet.
    pub fn known_enough_in(&self, seconds: i64) -> Option<i64> {
        if !self.is_known || self.is_known_enough(seconds) {
            return None;
        }
        let missing = LEAST_KNOWN * seconds as f64 - self.known_ticks as f64;
        let mut ticks = ((missing / (1.0 - LEAST_KNOWN)) as i64 - 1).max(1);
        while (self.known_ticks as f64 + ticks as f64) < LEAST_KNOWN * (seconds + ticks) as f64 {
            ticks += 1;
        }
        Some(ticks)
    }

    /// Whether it is so since this tick, of all of them.
    pub fn has_become_known_enough(&self) -> bool {
        let (known, ticks) = (self.known_ticks as f64, self.ticks as f64);
        self.is_known && known >= LEAST_KNOWN * ticks && known - 1.0 < LEAST_KNOWN * (ticks - 1.0)
    }

    /// Share of the ticks at which its truth was known.
    pub fn known_share(&self) -> f64 {
        if self.ticks == 0 { 0.0 } else { self.known_ticks as f64 / self.ticks as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps through truths a second apart, from tick 1; the states they lead to, a letter each.
    fn states(truths: &str, hold: i64, resolve_after: i64) -> String {
        let mut instance = Instance::default();
        truths
            .chars()
            .zip((1..).map(Tick::at))
            .map(|(letter, tick)| {
                let truth = match letter {
                    't' => Truth::True,
                    'f' => Truth::False,
                    _ => Truth::Unknown,
                };
                instance.step(tick, truth, hold, resolve_after);
                match instance.state {
                    State::Ok => 'o',
                    State::Pending => 'p',
                    State::Firing => 'F',
                    State::Resolved => 'r',
                }
            })
            .collect()
    }

    #[test]
    fn fires_at_the_first_tick_after_the_hold_if_true_throughout() {
        assert_eq!(states("tttt", 0, 0), "FFFF");
        assert_eq!(states("ttttt", 3, 0), "pppFF");
        assert_eq!(states("ttfttt", 3, 0), "ppoppp");
    }

    #[test]
    fn resolves_after_being_false_long_enough() {
        assert_eq!(states("tfft", 0, 0), "FrrF");
        assert_eq!(states("tffff", 0, 2), "FFFrr");
        assert_eq!(states("tfftfff", 0, 2), "FFFFFFr");
    }

    #[test]
    fn unknown_drops_what_is_pending_and_stops_the_clock_of_what_fires() {
        assert_eq!(states("ttutt", 3, 0), "ppopp");
        assert_eq!(states("tfufff", 0, 2), "FFFFrr");
        assert_eq!(states("tuuuu", 0, 0), "FFFFF");
    }

    #[test]
    fn ticks_before_it_is_due_may_be_left_out() {
        for (truth, hold, resolve_after) in [(Truth::True, 7, 0), (Truth::False, 0, 7), (Truth::Unknown, 0, 7)] {
            let mut every = Instance::default();
            every.step(Tick::at(1), Truth::True, hold, resolve_after);
            every.step(Tick::at(2), truth, hold, resolve_after);
            let mut some = every.clone();
            let due = some.due(Tick::at(2), hold, resolve_after).second().min(50);
            for tick in 3..due {
                assert!(!every.step(Tick::at(tick), truth, hold, resolve_after), "{truth:?} at {tick}");
            }
            some.stay(due - 3);
            assert_eq!((every.last, every.false_for), (some.last, some.false_for));
            let changes = truth != Truth::Unknown;
            assert_eq!(every.step(Tick::at(due), truth, hold, resolve_after), changes);
            assert_eq!(some.step(Tick::at(due), truth, hold, resolve_after), changes);
        }
    }
}
