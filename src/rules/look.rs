//! When checkpoints and criteria of success are looked at, and what they come to then.

use super::Rules;
use super::checkpoint::{Checkpoint, Expected, Outcome, Question, Reached, Status, Test};
use super::evaluate::Evaluator;
use super::judgement::{Judgement, Truth};
use super::kpi::Figure;
use super::node::{Node, Read};
use super::observed::Observed;
use super::plan::{Kind, Manual};
use super::trigger::{State, Trigger};
use super::watch;
use crate::people::Answer;
use crate::timeline::Tick;
use crate::timeline::Timeline;
use crate::timeline::group_key::GroupKey;

/// Of a number that nobody looked at in time.
const TOO_LATE: &str = "the input begins only after it";

impl Rules {
    /// Looks at what is reached by a tick, after its triggers: those checkpoints and criteria of success whose results differ
    /// from before.
    pub fn look(&mut self, tick: Tick, timeline: &Timeline, observed: &Observed) -> Vec<Reached> {
        let mut changed = Vec::new();
        for index in 0..self.checkpoints.len() {
            let checkpoint = &self.checkpoints[index];
            let due = Tick::at(observed.deployed).plus(checkpoint.after);
            if tick < due {
                continue;
            }
            let now = match &checkpoint.result {
                Some(before) if !checkpoint.goes_on() => self.answered(index, before, tick, observed),
                _ => self.examine(index, tick, tick > due, timeline, observed),
            };
            changed.extend(self.take(index, now));
        }
        changed
    }

    /// What people answered after the last tick, the answers before the tick `until`: they are told of what was reached by then.
    pub fn hear_late(&mut self, until: Tick, observed: &Observed) -> Vec<Reached> {
        let mut changed = Vec::new();
        let mut ticks: Vec<Tick> = self.answers.iter().map(|answer| Tick::after(answer.at.second())).collect();
        ticks.dedup();
        for tick in ticks.into_iter().filter(|tick| *tick <= until) {
            for index in 0..self.checkpoints.len() {
                let Some(before) = self.checkpoints[index].result.as_ref().filter(|before| before.at < tick) else {
                    continue;
                };
                let now = self.answered(index, before, tick, observed);
                changed.extend(self.take(index, now));
            }
        }
        changed
    }

    /// Keeps what a checkpoint came to; it is given back if it is to be told.
    fn take(&mut self, index: usize, now: Reached) -> Option<Reached> {
        let result = &mut self.checkpoints[index].result;
        match result {
            Some(before) if !now.differs(Some(before)) => {
                before.take_answers(now);
                None
            }
            _ => {
                *result = Some(now.clone());
                Some(now)
            }
        }
    }

    /// How a checkpoint stands at the end, `tick` being the last one: the criteria of a success that is not declared are read once more.
    pub fn standing(&self, index: usize, tick: Tick, timeline: &Timeline, observed: &Observed) -> Option<Reached> {
        let checkpoint = &self.checkpoints[index];
        let result = checkpoint.result.clone()?;
        if !checkpoint.goes_on() {
            return Some(result);
        }
        let now = self.examine(index, tick, false, timeline, observed);
        Some(Reached { at: result.at, ..self.answered(index, &now, Tick::NEVER, observed) })
    }

    /// The first tick after `tick` at which a checkpoint is reached, or an answer is heard.
    pub(super) fn next_look(&self, tick: Tick, observed: &Observed) -> Tick {
        let deployed = Tick::at(observed.deployed);
        let due = self.checkpoints.iter().map(|checkpoint| deployed.plus(checkpoint.after));
        let heard = self.answers.iter().map(|answer| Tick::after(answer.at.second()));
        let shares = self.checkpoints.iter().filter(|checkpoint| checkpoint.goes_on() && checkpoint.result.is_some());
        let shares = shares.flat_map(|checkpoint| &checkpoint.checks).flat_map(|check| match &check.test {
            Test::NotFired(triggers) => &triggers[..],
            _ => &[],
        });
        let known = shares.filter_map(|trigger| self.triggers[*trigger].known_enough_in(tick.since(deployed)));
        due.chain(heard).filter(|at| *at > tick).chain(known.map(|ticks| tick.plus(ticks))).min().unwrap_or(Tick::NEVER)
    }

    /// Whether all criteria of success that were reached are met.
    pub fn is_declared(&self) -> bool {
        let success = self.checkpoints.iter().filter(|checkpoint| checkpoint.kind == Kind::Success);
        success.map(Checkpoint::status).all(|status| matches!(status, Status::Pass | Status::Pending))
    }

    /// The manual items that no checkpoint and no key figure asks for, and nobody has answered.
    pub fn asked_nowhere(&self) -> impl Iterator<Item = &Manual> {
        let tests = || self.checkpoints.iter().flat_map(|checkpoint| &checkpoint.checks).map(|check| &check.test);
        let is_asked = move |index: usize| {
            tests().any(|test| matches!(test, Test::Manual(question) if question.item == index))
                || self.kpis.iter().any(|kpi| matches!(kpi.figure, Figure::Manual(item) if item == index))
        };
        let is_answered = |item: &Manual| self.answers.iter().any(|answer| answer.item == *item.id.get_ref());
        let open = self.manual.iter().enumerate().filter(move |(index, item)| !is_asked(*index) && !is_answered(item));
        open.map(|(_, item)| item)
    }

    /// The latest answer to a manual item that was given in these seconds.
    pub(super) fn answer(&self, item: usize, from: i64, until: i64) -> Option<&Answer> {
        let id = self.manual[item].id.get_ref();
        let within = |answer: &&Answer| (from..until).contains(&answer.at.second());
        self.answers.iter().filter(within).rfind(|answer| answer.item == *id)
    }

    /// Reads an expression at a tick.
    pub(super) fn reading<T>(
        &self,
        expected: &Expected,
        tick: Tick,
        timeline: &Timeline,
        observed: &Observed,
        read: impl FnOnce(&Evaluator<'_>) -> T,
    ) -> T {
        let group = &GroupKey::default();
        let reads = &expected.watch.reads;
        read(&Evaluator {
            timeline,
            stretches: &observed.stretches(reads, tick),
            places: &watch::places(reads, group, timeline),
            memory: &self.memory,
            observed,
            tick,
            confidence: None,
            min_samples: expected.min_samples,
            group,
        })
    }

    fn examine(&self, index: usize, tick: Tick, is_late: bool, timeline: &Timeline, observed: &Observed) -> Reached {
        let Checkpoint { kind, checks, .. } = &self.checkpoints[index];
        let is_missed = is_late && *kind == Kind::Checkpoint;
        let outcome = |test: &Test| match test {
            Test::Manual(question) => self.outcome_of(*question, tick, observed),
            _ if is_missed => Outcome::unknown(TOO_LATE),
            Test::NotFired(triggers) => self.quiet(triggers, tick.since(Tick::at(observed.deployed))),
            Test::Expect(expected) => {
                let judgement =
                    self.reading(expected, tick, timeline, observed, |evaluator| evaluator.truth(expected.node()));
                Outcome::of(judgement, || self.why_unknown(expected, judgement, tick, observed))
            }
        };
        let outcomes: Vec<Outcome> = checks.iter().map(|check| outcome(&check.test)).collect();
        let status = Status::of_all(outcomes.iter().map(|outcome| outcome.status));
        Reached { checkpoint: index, at: tick, status, outcomes }
    }

    /// The same as it was, but for what people answered since.
    fn answered(&self, index: usize, before: &Reached, tick: Tick, observed: &Observed) -> Reached {
        let checks = self.checkpoints[index].checks.iter().zip(&before.outcomes);
        let outcomes: Vec<Outcome> = checks
            .map(|(check, before)| match check.test {
                Test::Manual(question) => self.outcome_of(question, tick, observed),
                _ => before.clone(),
            })
            .collect();
        let status = Status::of_all(outcomes.iter().map(|outcome| outcome.status));
        Reached { checkpoint: index, at: tick, status, outcomes }
    }

    fn outcome_of(&self, Question { item, from, until }: Question, tick: Tick, observed: &Observed) -> Outcome {
        let after = |seconds: i64| observed.deployed.saturating_add(seconds);
        Outcome::answered(self.answer(item, after(from), after(until).min(tick.second())))
    }

    /// Whether these triggers have not fired in the seconds since the deployment.
    fn quiet(&self, triggers: &[usize], elapsed: i64) -> Outcome {
        let named = |is_one: &dyn Fn(&Trigger) -> bool| {
            let ids = triggers.iter().map(|index| &self.triggers[*index]).filter(|trigger| is_one(trigger));
            ids.map(|trigger| trigger.id.as_str()).collect::<Vec<_>>().join(", ")
        };
        let fired = named(&|trigger| trigger.fired() > 0);
        if !fired.is_empty() {
            return Outcome { status: Status::Fail, because: Some(format!("{fired} fired")), ..Outcome::default() };
        }
        let pending = named(&|trigger| trigger.state() == State::Pending);
        if !pending.is_empty() {
            return Outcome::unknown(format!("{pending} is about to fire"));
        }
        let unknown = named(&|trigger| !trigger.is_known_enough(elapsed));
        if !unknown.is_empty() {
            return Outcome::unknown(format!("{unknown} was not known for most of the time"));
        }
        Outcome { status: Status::Pass, ..Outcome::default() }
    }

    /// Why an expression that reads this can not be known, whatever is in its windows.
    pub fn why_unknowable(&self, node: &Node, tick: Tick, observed: &Observed) -> Option<&'static str> {
        let reads: Vec<Read> = node.reads().into_iter().cloned().collect();
        let stretches = observed.stretches(&reads, tick);
        if stretches.iter().any(Option::is_none) {
            return Some("no source of the input tells it");
        }
        if self.lacks_baseline(node) {
            return Some("too little of the time before the deployment is in the input");
        }
        let is_lossy = stretches.iter().flatten().any(|stretch| stretch.quality.lossy);
        is_lossy.then_some("the platform dropped log lines")
    }

    /// Why an expression is neither true nor false.
    fn why_unknown(&self, expected: &Expected, judgement: Judgement, tick: Tick, observed: &Observed) -> String {
        if let Some(why) = self.why_unknowable(expected.node(), tick, observed) {
            return why.into();
        }
        let stretches = observed.stretches(&expected.watch.reads, tick);
        let is_partial = stretches.iter().flatten().any(|stretch| stretch.quality.partial);
        let reaches_back = "its window reaches back further than what it reads was seen";
        // What was seen has been measured, and may have looked otherwise before.
        if is_partial && judgement.truth != Truth::Unknown {
            return reaches_back.into();
        }
        let samples = judgement.reported_samples();
        if samples < expected.min_samples {
            return match samples {
                0 => "nothing to measure it by".into(),
                _ => format!("{samples} of the {} samples that it takes", expected.min_samples),
            };
        }
        if is_partial {
            return reaches_back.into();
        }
        "nothing to measure it by".into()
    }
}
