//! Rules: what decides. A plan's expressions are compiled to nodes that read windows; at every tick the triggers are
//! evaluated in event time, and at the end the verdict is given.

mod catalog;
pub mod compile;
pub mod evaluate;
pub mod node;
pub mod observed;
pub mod plan;
mod seats;
mod steady;
mod trend;
pub mod trigger;
pub mod verdict;
pub mod wilson;

use compile::{Compiled, Compiler};
use evaluate::{Evaluator, Memory, Reading, Truth};
use node::Read;
use observed::Observed;
use plan::{Error, Plan};
use seats::{Seat, Seats};
use toml::Spanned;
use trigger::{Change, Instance, State, Trigger};

use crate::classify::{Interest, Library};
use crate::expr::{self, Expr, Metrics, Unit};
use crate::timeline::Timeline;
use crate::timeline::group_key::GroupKey;

/// A plan ready to run.
#[derive(Debug)]
pub struct Rules {
    pub triggers: Vec<Trigger>,
    pub kpis: Vec<Kpi>,
    pub manual: Vec<plan::Manual>,
    /// Seconds.
    pub duration: i64,
    pub healthy: plan::Healthy,
    memory: Memory,
    baseline_min_samples: u64,
}

/// A compiled `[[kpi]]`.
#[derive(Debug)]
pub struct Kpi {
    pub id: String,
    pub title: String,
    value: Compiled,
    target: Compiled,
    min_samples: u64,
    /// `> 95%`, as written.
    pub target_text: String,
}

/// What a KPI came to.
#[derive(Clone, Debug)]
pub struct KpiResult {
    pub value: Option<f64>,
    pub samples: u64,
    pub share: Option<(u64, u64)>,
    pub unit: Unit,
    pub op: expr::CompareOp,
    pub target: f64,
    pub truth: Truth,
}

impl Rules {
    /// Compiles a plan: registers its series in the timeline, and adds the labels it reads to the interest.
    pub fn compile(
        plan: &Plan,
        library: &Library,
        timeline: &mut Timeline,
        interest: &mut Interest,
    ) -> Result<Rules, Error> {
        let document = &plan.document;
        let sources = document.metrics.iter().map(|(name, text)| (name.as_str(), text.get_ref().as_str()));
        let metrics = Metrics::parse_all(sources).map_err(|(name, error)| {
            let text = &document.metrics[&name];
            Error::Expression(error.render(text.get_ref(), &plan.place(text)))
        })?;
        let mut compiler = Compiler {
            library,
            timeline,
            interest,
            default_window: document.plan.window.0,
            baseline_window: document.plan.baseline.window.0,
            states: 0,
        };
        let mut triggers: Vec<Trigger> = Vec::new();
        for written in &document.triggers {
            if triggers.iter().any(|known| known.id == *written.id.get_ref()) {
                return Err(plan.error(&written.id, format!("two triggers are called `{}`", written.id.get_ref())));
            }
            triggers.push(compile_trigger(plan, written, &metrics, &mut compiler)?);
        }
        let kpis = document
            .kpis
            .iter()
            .map(|kpi| compile_kpi(plan, kpi, &metrics, &mut compiler))
            .collect::<Result<_, _>>()?;
        if let Some(class) = &document.plan.healthy.events
            && library.class_id(class.get_ref()).is_none()
        {
            return Err(plan.error(class, format!("no pattern is of the class `{}`", class.get_ref())));
        }
        Ok(Rules {
            triggers,
            kpis,
            manual: document.manual.clone(),
            duration: document.plan.duration.0,
            healthy: document.plan.healthy.clone(),
            memory: Memory::default(),
            baseline_min_samples: document.plan.baseline.min_samples,
        })
    }

    /// Evaluates every trigger at a tick.
    pub fn tick(&mut self, tick: i64, timeline: &Timeline, observed: &Observed) -> Vec<Change> {
        let mut changes = Vec::new();
        for (index, trigger) in self.triggers.iter_mut().enumerate() {
            trigger.seats.update(&trigger.when, timeline, observed, tick);
            let Seats { reads, stretches, seats, .. } = &mut trigger.seats;
            let node = &trigger.when.node;
            let mut known = true;
            let mut latest = None;
            let mut forgotten = false;
            for Seat { group, has_instance, places, said } in seats {
                let mut evaluator = Evaluator {
                    timeline,
                    stretches,
                    places,
                    memory: &mut self.memory,
                    tick,
                    z: trigger.z,
                    min_samples: trigger.min_samples,
                    group,
                };
                if !*has_instance && latest.is_some() && !trigger.remembers {
                    // Of most groups nothing is wanted but that they are not true.
                    let truth = said.truth(&mut evaluator, node, reads);
                    known &= matches!(truth, Truth::True | Truth::False);
                    if truth != Truth::True {
                        continue;
                    }
                }
                let judgement = said.judgement(&mut evaluator, node, reads);
                known &= matches!(judgement.truth, Truth::True | Truth::False);
                latest.get_or_insert(judgement);
                if judgement.truth != Truth::True && !*has_instance {
                    continue;
                }
                *has_instance = true;
                let instance = trigger.instances.entry(group.clone()).or_default();
                let changed = instance.step(tick, judgement.truth, trigger.hold, trigger.resolve_after);
                if instance.state == State::Firing && changed && instance.judgement.is_none() {
                    instance.judgement = Some(judgement);
                    instance.evidence = evidence(&trigger.when, group, timeline);
                }
                if changed {
                    let evidence = match instance.state {
                        State::Firing | State::Pending => evidence(&trigger.when, group, timeline),
                        State::Ok | State::Resolved => Vec::new(),
                    };
                    changes.push(Change {
                        trigger: index,
                        group: group.clone(),
                        state: instance.state,
                        at: tick,
                        judgement,
                        evidence,
                    });
                }
                if instance.state == State::Ok && !trigger.when.by.is_empty() {
                    // A group that never fired is forgotten until it is true again.
                    trigger.instances.remove(group);
                    (*has_instance, forgotten) = (false, true);
                }
            }
            if forgotten {
                trigger.seats.renew();
            }
            // Without any group there is nothing to be true of, unless the class has no source or its labels are missing.
            if latest.is_none() {
                known = trigger.seats.reads.iter().all(|read| {
                    observed.covered(read.carriers, read.reads_duration).is_some()
                        && timeline.groupless(read.series, read.window) == 0
                });
            }
            trigger.latest = latest;
            trigger.is_known = known;
            trigger.ticks += 1;
            trigger.known_ticks += u64::from(known);
        }
        changes
    }

    /// A new deployment: what the windows of the baseline hold now is the baseline, and the triggers begin anew.
    pub fn begin(&mut self, tick: i64, timeline: &Timeline, observed: &Observed) {
        let mut frozen = Vec::new();
        for (compiled, z) in self.triggers.iter().map(|trigger| (&trigger.when, trigger.z)) {
            let reads: Vec<Read> = compiled.node.reads().into_iter().cloned().collect();
            let stretches = observed.stretches(&reads, tick);
            for (id, of) in compiled.node.baselines() {
                let mut groups = of.groups(timeline);
                groups.insert(GroupKey::default());
                for group in groups {
                    let mut evaluator = Evaluator {
                        timeline,
                        stretches: &stretches,
                        places: &seats::places(&reads, &group, timeline),
                        memory: &mut self.memory,
                        tick,
                        z,
                        min_samples: self.baseline_min_samples,
                        group: &group,
                    };
                    let reading = evaluator.number(of);
                    if reading.samples >= self.baseline_min_samples {
                        frozen.push(((id, group), Reading { partial: false, ..reading }));
                    }
                }
            }
        }
        self.memory.baselines = frozen.into_iter().collect();
        self.memory.begin();
        for trigger in &mut self.triggers {
            trigger.instances.clear();
            trigger.seats.clear();
            trigger.known_ticks = 0;
            trigger.ticks = 0;
            trigger.latest = None;
        }
    }

    /// The end of the input: what fired only after the tick `armed_until` counts if it fires still, and is told now.
    pub fn end(&mut self, armed_until: i64) -> Vec<Change> {
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
                    evidence,
                });
            }
        }
        late.sort_by_key(|change| change.at);
        late
    }

    /// Whether a trigger compares with a baseline that does not exist.
    pub fn lacks_baseline(&self, trigger: &Trigger) -> bool {
        let baselines = trigger.when.node.baselines();
        baselines.iter().any(|(id, _)| !self.memory.baselines.keys().any(|(known, _)| known == id))
    }

    /// What the KPIs come to at the end.
    pub fn kpis(&mut self, tick: i64, timeline: &Timeline, observed: &Observed) -> Vec<KpiResult> {
        let memory = &mut self.memory;
        let group = &GroupKey::default();
        self.kpis
            .iter()
            .map(|kpi| {
                // The target's left side is the value again, and so reads the same.
                let reads: Vec<Read> = kpi.value.node.reads().into_iter().cloned().collect();
                let mut evaluator = Evaluator {
                    timeline,
                    stretches: &observed.stretches(&reads, tick),
                    places: &seats::places(&reads, group, timeline),
                    memory,
                    tick,
                    z: None,
                    min_samples: kpi.min_samples,
                    group,
                };
                let reading = evaluator.number(&kpi.value.node);
                let (op, target) = kpi.target();
                let judgement = evaluator.truth(&kpi.target.node);
                KpiResult {
                    value: reading.value.filter(|_| !reading.at_least),
                    samples: if reading.samples == u64::MAX { 0 } else { reading.samples },
                    share: reading.share,
                    unit: kpi.value.unit.unwrap_or(Unit::Plain),
                    op,
                    target,
                    truth: judgement.truth,
                }
            })
            .collect()
    }
}

impl Kpi {
    fn target(&self) -> (expr::CompareOp, f64) {
        match &self.target.node {
            node::Node::Compare { op, right, .. } => match **right {
                node::Node::Number(target) => (*op, target),
                _ => (*op, f64::NAN),
            },
            _ => (expr::CompareOp::Greater, f64::NAN),
        }
    }
}

fn evidence(when: &Compiled, group: &GroupKey, timeline: &Timeline) -> Vec<crate::timeline::evidence::Evidence> {
    let mut kept = Vec::new();
    for (series, window) in &when.evidence {
        let key = (!timeline.spec(*series).by.is_empty()).then_some(group);
        for line in timeline.slot(*series, key).map(|slot| slot.windows[*window].evidence()).unwrap_or_default() {
            if !kept.contains(&line) {
                crate::timeline::evidence::keep_evidence(&mut kept, &line);
            }
        }
    }
    kept
}

fn compile_trigger(
    plan: &Plan,
    written: &plan::Trigger,
    metrics: &Metrics,
    compiler: &mut Compiler<'_>,
) -> Result<Trigger, Error> {
    let text = written.when.get_ref();
    let when = plan.compile(&written.when, metrics, compiler, true)?;
    if when.unit.is_some() {
        let error = expr::Error::new(0..text.len(), "`when` is a number; compare it with something, such as `> 5%`");
        return Err(Error::Expression(error.render(text, &plan.place(&written.when))));
    }
    if let Some(confidence) = written.confidence {
        if !(0.5..1.0).contains(&confidence) {
            return Err(plan.error(&written.when, format!("confidence {confidence} is not between 0.5 and 1")));
        }
        if when.plain_quotient || !when.has_share {
            let message = "confidence needs a ratio of a part to its whole: every event of the left count must be one of the right";
            return Err(plan.error(&written.when, message.into()));
        }
    }
    Ok(Trigger {
        id: written.id.get_ref().clone(),
        severity: written.severity,
        about: written.about.clone(),
        runbook: written.runbook.clone(),
        text: text.clone(),
        seats: Seats::new(&when.node),
        remembers: when.node.remembers(),
        when,
        hold: written.hold.0,
        resolve_after: written.resolve_after.0,
        z: written.confidence.map(wilson::z_of),
        min_samples: written.min_samples,
        instances: Default::default(),
        is_known: false,
        known_ticks: 0,
        ticks: 0,
        latest: None,
    })
}

fn compile_kpi(plan: &Plan, written: &plan::Kpi, metrics: &Metrics, compiler: &mut Compiler<'_>) -> Result<Kpi, Error> {
    let value = plan.compile(&written.value, metrics, compiler, false)?;
    if value.unit.is_none() {
        return Err(plan
            .error(&written.value, "`value` is a comparison; its number belongs here, its bound in `target`".into()));
    }
    let combined = format!("({}) {}", written.value.get_ref(), written.target.get_ref());
    let place = plan.place(&written.target);
    let expr = expr::parse(&combined, metrics).map_err(|error| Error::Expression(error.render(&combined, &place)))?;
    let target = compiler.compile(&expr, false).map_err(|error| Error::Expression(error.render(&combined, &place)))?;
    let compares_with_number =
        matches!(&target.node, node::Node::Compare { right, .. } if matches!(**right, node::Node::Number(_)));
    if !compares_with_number {
        return Err(
            plan.error(&written.target, "`target` should be a comparison with a number, such as `> 95%`".into())
        );
    }
    Ok(Kpi {
        id: written.id.get_ref().clone(),
        title: written.title.clone(),
        value,
        target,
        min_samples: written.min_samples,
        target_text: written.target.get_ref().trim().to_string(),
    })
}

impl Plan {
    /// `plan.toml:12`, where a text of the plan stands.
    fn place<T>(&self, text: &Spanned<T>) -> String {
        format!("{}:{}", self.name, self.line(text.span().start))
    }

    fn error<T>(&self, place: &Spanned<T>, message: String) -> Error {
        Error::Invalid { path: self.name.clone(), line: self.line(place.span().start), message }
    }

    fn compile(
        &self,
        text: &Spanned<String>,
        metrics: &Metrics,
        compiler: &mut Compiler<'_>,
        evidence: bool,
    ) -> Result<Compiled, Error> {
        let failed = |error: expr::Error| Error::Expression(error.render(text.get_ref(), &self.place(text)));
        let expr: Expr = expr::parse(text.get_ref(), metrics).map_err(failed)?;
        compiler.compile(&expr, evidence).map_err(failed)
    }
}
