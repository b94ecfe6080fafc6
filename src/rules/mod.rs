//! Rules: what decides. A plan's expressions are compiled to nodes that read windows; at every tick the triggers are
//! evaluated in event time, and at the end the verdict is given.

mod build;
mod catalog;
pub mod checkpoint;
pub mod compile;
pub mod evaluate;
mod freeze;
pub mod frozen;
mod inherit;
pub mod judgement;
pub mod kpi;
mod look;
mod memory;
pub mod nearest;
pub mod node;
pub mod observed;
pub mod overall;
pub mod plan;
pub mod proof;
pub mod sample;
mod saved;
pub mod sequential;
mod steady;
pub mod traffic;
mod trend;
pub mod trigger;
pub mod unsteady;
pub mod verdict;
pub mod watch;
pub mod wilson;

use std::collections::BTreeMap;

use checkpoint::{Checkpoint, Expected};
use compile::Compiled;
use evaluate::Evaluator;
pub use freeze::Past;
use freeze::freeze;
use judgement::Truth;
use kpi::Kpi;
use memory::Memory;
use node::Node;
use observed::Observed;
pub use saved::Saved;
use traffic::Traffic;
use trigger::{Change, Instance, State, Trigger};
use watch::{Watch, Watched};

use crate::people::{Ack, Answer};
use crate::timeline::group_key::GroupKey;
use crate::timeline::series::LabelTest;
use crate::timeline::{Tick, Timeline};

/// A plan ready to run.
#[derive(Debug)]
pub struct Rules {
    pub triggers: Vec<Trigger>,
    pub kpis: Vec<Kpi>,
    /// Checkpoints, then criteria of success, each in the order of their times.
    pub checkpoints: Vec<Checkpoint>,
    pub manual: Vec<plan::Manual>,
    pub next: plan::Next,
    /// What people answered, in the order of time.
    pub answers: Vec<Answer>,
    /// What they have seen and are at.
    pub acks: Vec<Ack>,
    /// Seconds.
    pub duration: i64,
    pub healthy: plan::Healthy,
    /// The routes that the plan names, as it writes them.
    pub routes: BTreeMap<String, LabelTest>,
    /// What requests were like before the deployment.
    pub traffic: Traffic,
    /// How near each trigger came, where that is asked for.
    pub nearest: Option<Vec<Option<nearest::Nearest>>>,
    memory: Memory,
    baseline_min_samples: u64,
}

impl Rules {
    /// Evaluates every trigger at a tick.
    pub fn tick(&mut self, tick: Tick, timeline: &Timeline, observed: &Observed) -> Vec<Change> {
        self.sample(tick, timeline, observed);
        let mut changes = Vec::new();
        for (index, trigger) in self.triggers.iter_mut().enumerate() {
            let Watch { expr, reads, guarding, stretches, groups, .. } = &mut trigger.watch;
            let node = &expr.node;
            let mut known = true;
            let mut latest = None;
            let mut forgotten = false;
            for Watched { group, has_instance, places, last } in groups {
                let evaluator = Evaluator {
                    timeline,
                    stretches,
                    places,
                    memory: &self.memory,
                    observed,
                    tick,
                    confidence: trigger.confidence.as_ref(),
                    min_samples: trigger.min_samples,
                    group,
                };
                if !*has_instance && latest.is_some() && self.nearest.is_none() {
                    // Of most groups nothing is wanted but that they are not true.
                    let truth = last.truth(&evaluator, node, reads, *guarding);
                    known &= matches!(truth, Truth::True | Truth::False);
                    if truth != Truth::True {
                        continue;
                    }
                }
                let judgement = last.judgement(&evaluator, node, reads);
                known &= matches!(judgement.truth, Truth::True | Truth::False);
                if let Some(all) = &mut self.nearest {
                    all[index] = nearest::nearer(all[index].take(), tick, group, &judgement);
                }
                latest.get_or_insert(judgement);
                if judgement.truth != Truth::True && !*has_instance {
                    continue;
                }
                *has_instance = true;
                let instance = trigger.instances.entry(group.clone()).or_default();
                let changed = instance.step(tick, judgement.truth, trigger.hold, trigger.resolve_after);
                if judgement.truth == Truth::True {
                    instance.true_value = judgement.value;
                }
                if instance.state == State::Firing && changed && instance.judgement.is_none() {
                    instance.judgement = Some(judgement);
                    instance.evidence = evidence(expr, group, timeline);
                }
                if changed {
                    let evidence = match instance.state {
                        State::Firing | State::Pending => evidence(expr, group, timeline),
                        State::Ok | State::Resolved => Vec::new(),
                    };
                    changes.push(Change {
                        trigger: index,
                        group: group.clone(),
                        state: instance.state,
                        at: tick,
                        judgement,
                        also_before: judgement.was_so_before() || trigger.fired_before.contains(group),
                        evidence,
                    });
                }
                if instance.state == State::Ok && !expr.by.is_empty() {
                    // A group that never fired is forgotten until it is true again.
                    trigger.instances.remove(group);
                    (*has_instance, forgotten) = (false, true);
                }
            }
            if forgotten {
                trigger.watch.renew();
            }
            // Without any group there is nothing to be true of, unless the class has no source or its labels are missing.
            if latest.is_none() {
                known = trigger.watch.reads.iter().all(|read| {
                    observed.covered(read.carriers, read.reads_duration).is_some()
                        && timeline.groupless(read.window) == 0
                });
            }
            trigger.latest = latest;
            trigger.is_known = known;
            trigger.ticks += 1;
            trigger.known_ticks += u64::from(known);
        }
        changes
    }

    /// From now on it is kept how near each trigger comes.
    pub fn keep_nearest(&mut self) {
        self.nearest = Some(vec![None; self.triggers.len()]);
    }

    /// Takes note of what trends are made of, once a tick and whoever asks for them.
    fn sample(&mut self, tick: Tick, timeline: &Timeline, observed: &Observed) {
        for trigger in &mut self.triggers {
            trigger.watch.update(timeline, observed, tick);
        }
        let of_kpis = self.kpis.iter_mut().filter_map(Kpi::expected_mut).filter(|expected| expected.is_sampled());
        for expected in of_kpis.chain(self.checkpoints.iter_mut().flat_map(Checkpoint::watched_mut)) {
            expected.watch.update(timeline, observed, tick);
        }
        let Rules { triggers, kpis, checkpoints, memory, .. } = self;
        let expected = || {
            let of_kpis = kpis.iter().filter_map(Kpi::expected);
            of_kpis.chain(checkpoints.iter().flat_map(Checkpoint::expected))
        };
        let triggers = triggers.iter().map(|trigger| (&trigger.watch, trigger.min_samples));
        let others = expected().map(|expected| (&expected.watch, expected.min_samples));
        for (Watch { expr, groups, stretches, .. }, min_samples) in
            triggers.chain(others).filter(|(watch, _)| watch.has_trends)
        {
            for trend in expr.node.trends() {
                let Node::Trend { of, length, id } = trend else { continue };
                for Watched { group, places, .. } in groups {
                    let evaluator = Evaluator {
                        timeline,
                        stretches,
                        places,
                        memory,
                        observed,
                        tick,
                        confidence: None,
                        min_samples,
                        group,
                    };
                    let value = evaluator.number(of).value;
                    memory.trends.entry((*id, group.clone())).or_default().look(tick, value, *length);
                }
            }
        }
    }

    /// The expressions of key figures and checks.
    pub fn expected(&self) -> impl Iterator<Item = &Expected> {
        let of_kpis = self.kpis.iter().filter_map(Kpi::expected);
        of_kpis.chain(self.checkpoints.iter().flat_map(Checkpoint::expected))
    }

    fn expected_mut(&mut self) -> impl Iterator<Item = &mut Expected> {
        let of_kpis = self.kpis.iter_mut().filter_map(Kpi::expected_mut);
        of_kpis.chain(self.checkpoints.iter_mut().flat_map(Checkpoint::expected_mut))
    }

    /// What the windows of the baseline say now of the time before a deployment.
    pub fn past(&self, tick: Tick, timeline: &Timeline, observed: &Observed) -> Past {
        let triggers = self.triggers.iter().map(|trigger| (&trigger.watch.expr.node, trigger.confidence));
        let others = self.expected().map(|expected| (expected.node(), None));
        let frozen = triggers.chain(others).flat_map(|(node, confidence)| {
            freeze(node, confidence, self.baseline_min_samples, tick, timeline, observed)
        });
        let pasts = self.triggers.iter().flat_map(|trigger| &trigger.watch.expr.pasts);
        let pasts = pasts.flat_map(|past| freeze(past, None, self.baseline_min_samples, tick, timeline, observed));
        let baselines = frozen.chain(pasts).collect();
        Past { baselines, traffic: self.traffic.read(tick, timeline, observed) }
    }

    /// A new deployment, in this second: the triggers begin anew, and compare with this.
    pub fn begin(&mut self, past: Past, deployed: i64) {
        self.memory.begin();
        self.compare_with(past);
        if self.nearest.is_some() {
            self.keep_nearest();
        }
        for trigger in &mut self.triggers {
            let fired = trigger
                .instances
                .iter()
                .filter(|(_, instance)| instance.first.is_some_and(|first| first <= Tick::at(deployed)));
            trigger.fired_before = fired.clone().map(|(group, _)| group.clone()).collect();
            let firing = fired.filter(|(_, instance)| instance.last.is_some_and(|last| last >= Tick::at(deployed)));
            trigger.firing_before = firing.map(|(group, instance)| (group.clone(), instance.true_value)).collect();
            trigger.instances.clear();
            trigger.watch.clear();
            trigger.known_ticks = 0;
            trigger.ticks = 0;
            trigger.latest = None;
        }
        self.expected_mut().for_each(|expected| expected.watch.clear());
        self.checkpoints.iter_mut().for_each(|checkpoint| checkpoint.result = None);
    }

    /// The end of the input: what fired only after the tick `armed_until` counts if it fires still, and is told now.
    pub fn end(&mut self, armed_until: Tick) -> Vec<Change> {
        let mut late = Vec::new();
        for (index, trigger) in self.triggers.iter_mut().enumerate() {
            let is_late = |instance: &Instance| instance.first.is_some_and(|first| first > armed_until);
            trigger.instances.retain(|_, instance| !is_late(instance) || instance.state == State::Firing);
            for (group, instance) in trigger.instances.iter().filter(|(_, instance)| is_late(instance)) {
                let Some((at, judgement)) = instance.first.zip(instance.judgement) else { continue };
                let evidence = instance.evidence.clone();
                late.push(Change {
                    trigger: index,
                    group: group.clone(),
                    state: State::Firing,
                    at,
                    judgement,
                    also_before: judgement.was_so_before() || trigger.fired_before.contains(group),
                    evidence,
                });
            }
        }
        late.sort_by_key(|change| change.at);
        late
    }

    /// The acknowledgement of a trigger that has been firing since this tick, the latest.
    pub fn ack(&self, trigger: &str, since: Tick) -> Option<&Ack> {
        let is_its = |ack: &&Ack| ack.id == trigger && ack.at.second() >= since.second();
        self.acks.iter().filter(is_its).max_by_key(|ack| ack.at)
    }

    /// Whether an expression compares with a baseline that does not exist.
    pub fn lacks_baseline(&self, node: &Node) -> bool {
        self.memory.lacks_baseline(node)
    }
}

fn evidence(when: &Compiled, group: &GroupKey, timeline: &Timeline) -> Vec<crate::second::evidence::Evidence> {
    let mut kept = Vec::new();
    for at in &when.evidence {
        let key = (!timeline.spec(at.series).by.is_empty()).then_some(group);
        let windows = timeline.windows(at.series, key);
        for line in windows.map(|windows| windows.window(*at).evidence()).unwrap_or_default() {
            if !kept.contains(&line) {
                crate::second::evidence::keep_evidence(&mut kept, &line);
            }
        }
    }
    kept
}
