//! A plan made ready to run: its expressions compiled, its series registered, and what is wrong with it told with its place.

mod checkpoints;

use std::collections::BTreeMap;

use toml::Spanned;

use super::Rules;
use super::checkpoint::Expected;
use super::compile::{Compiled, Compiler};
use super::inherit::Inherited;
use super::kpi::{Figure, Kpi};
use super::memory::Memory;
use super::node::Node;
use super::plan::{self, Error, Manual, Plan};
use super::proof::{self, Confidence};
use super::traffic::Traffic;
use super::trigger::Trigger;
use super::watch::Watch;
use crate::classify::{Interest, Library};
use crate::expr::suggest::nearest;
use crate::expr::{self, Expr, Metrics};
use crate::timeline::Timeline;

impl Rules {
    /// Compiles a plan: registers its series in the timeline, and adds the labels it reads to the interest.
    pub fn compile(
        plan: &Plan,
        library: &Library,
        timeline: &mut Timeline,
        interest: &mut Interest,
    ) -> Result<Rules, Error> {
        Rules::build(plan, library, timeline, interest).map_err(|error| match &plan.document.plan.extends {
            // What it inherits may be wrong only beside what it changes.
            Some(base) if !error.to_string().starts_with(&plan.name) => plan.error(base, error.to_string()),
            _ => error,
        })
    }

    fn build(plan: &Plan, library: &Library, timeline: &mut Timeline, interest: &mut Interest) -> Result<Rules, Error> {
        let document = &plan.document;
        let metrics = plan.parsed_metrics()?;
        let mut compiler = Compiler {
            library,
            timeline,
            interest,
            default_window: document.plan.window.0,
            baseline_window: document.plan.baseline.window.0,
            states: 0,
            routes: BTreeMap::new(),
            probes: plan.probe_numbers(),
        };
        let manual = plan.manual()?;
        let duration = document.plan.duration.0;
        let triggers = plan.triggers()?;
        let triggers = triggers
            .iter()
            .map(|written| compile_trigger(written, duration, &metrics, &mut compiler))
            .collect::<Result<Vec<_>, _>>()?;
        let kpis = plan.kpis();
        let kpis = kpis
            .into_iter()
            .map(|(plan, kpi)| compile_kpi(plan, kpi, &manual, &metrics, &mut compiler))
            .collect::<Result<_, _>>()?;
        let checkpoints = checkpoints::compile(
            plan,
            &checkpoints::Known { triggers: &triggers, manual: &manual, metrics: &metrics },
            &mut compiler,
        )?;
        if let Some(class) = &document.plan.healthy.events
            && library.class_id(class.get_ref()).is_none()
        {
            return Err(plan.error(class, format!("no pattern is of the class `{}`", class.get_ref())));
        }
        let traffic = Traffic::compile(&mut compiler);
        Ok(Rules {
            triggers,
            kpis,
            checkpoints,
            manual,
            next: plan.next(),
            answers: Vec::new(),
            acks: Vec::new(),
            duration,
            healthy: document.plan.healthy.clone(),
            routes: compiler.routes,
            traffic,
            nearest: None,
            memory: Memory::default(),
            baseline_min_samples: document.plan.baseline.min_samples,
        })
    }
}

/// `duration` is the plan's, in seconds.
fn compile_trigger(
    written: &Inherited<'_>,
    duration: i64,
    metrics: &Metrics,
    compiler: &mut Compiler<'_>,
) -> Result<Trigger, Error> {
    let (plan, text) = (written.plan, written.when.get_ref());
    let when = plan.compile(written.when, metrics, compiler, true)?;
    let node = &when.node;
    if when.unit.is_some() {
        let error = expr::Error::new(0..text.len(), "`when` is a number; compare it with something, such as `> 5%`");
        return Err(Error::Expression(error.render(text, &plan.place(written.when))));
    }
    if let Some(confidence) = written.confidence {
        if !(0.5..1.0).contains(&confidence) {
            return Err(plan.error(written.when, format!("confidence {confidence} is not between 0.5 and 1")));
        }
        let mut tested = Vec::new();
        proof::tested(node, &mut tested);
        if when.plain_quotient {
            let message = "confidence needs a ratio of a part to its whole: every event of the left count must be one of the right";
            return Err(plan.error(written.when, message.into()));
        }
        if let Some(message) = proof::objection(node) {
            return Err(plan.error(written.when, message.into()));
        }
        if tested.is_empty() {
            let message = "confidence needs a comparison of a percentile, or of a ratio of a part to its whole";
            return Err(plan.error(written.when, message.into()));
        }
        tested.into_iter().for_each(|read| compiler.timeline.keep_running_totals(read.window.series));
    } else if !node.overalls().is_empty() {
        let message = "`overall` tests what all groups say together: give the trigger a `confidence`";
        return Err(plan.error(written.when, message.into()));
    }
    Ok(Trigger {
        id: written.id.into(),
        severity: written.severity,
        level: written.level.map(Into::into),
        about: written.about.map(Into::into),
        runbook: written.runbook.map(Into::into),
        text: text.clone(),
        confidence: written.confidence.map(|level| Confidence::new(level, node, duration)),
        watch: Watch::new(when),
        hold: written.hold.0,
        resolve_after: written.resolve_after.0,
        min_samples: written.min_samples,
        instances: Default::default(),
        fired_before: Default::default(),
        firing_before: Default::default(),
        is_known: false,
        known_ticks: 0,
        ticks: 0,
        latest: None,
    })
}

fn compile_kpi(
    plan: &Plan,
    written: &plan::Kpi,
    manual: &[Manual],
    metrics: &Metrics,
    compiler: &mut Compiler<'_>,
) -> Result<Kpi, Error> {
    let figure = match (&written.value, &written.target, &written.manual) {
        (None, None, Some(item)) => Figure::Manual(item_of(plan, item, manual)?),
        (Some(value), Some(target), None) => compile_figure(plan, written, value, target, metrics, compiler)?,
        _ => {
            let id = written.id.get_ref();
            return Err(plan.error(&written.id, format!("key figure `{id}` has `value` and `target`, or `manual`")));
        }
    };
    Ok(Kpi { id: written.id.get_ref().clone(), title: written.title.clone(), figure })
}

fn compile_figure(
    plan: &Plan,
    written: &plan::Kpi,
    value: &Spanned<String>,
    target: &Spanned<String>,
    metrics: &Metrics,
    compiler: &mut Compiler<'_>,
) -> Result<Figure, Error> {
    let Some(unit) = plan.compile(value, metrics, compiler, false)?.unit else {
        return Err(plan.error(value, "`value` is a comparison; its number belongs here, its bound in `target`".into()));
    };
    let combined = format!("({}) {}", value.get_ref(), target.get_ref());
    let place = plan.place(target);
    let expr = expr::parse(&combined, metrics).map_err(|error| Error::Expression(error.render(&combined, &place)))?;
    let compiled =
        compiler.compile(&expr, false).map_err(|error| Error::Expression(error.render(&combined, &place)))?;
    let compares_with_number = matches!(&compiled.node, Node::Compare { right, .. } if right.constant().is_some());
    if !compares_with_number {
        return Err(plan.error(target, "`target` should be a comparison with a number, such as `> 95%`".into()));
    }
    let expected = Box::new(Expected::new(compiled, written.min_samples, combined));
    Ok(Figure::Number { expected, unit, target_text: target.get_ref().trim().to_string() })
}

/// The index of the manual item that is named.
fn item_of(plan: &Plan, name: &Spanned<String>, manual: &[Manual]) -> Result<usize, Error> {
    let ids = || manual.iter().map(|item| item.id.get_ref().as_str());
    ids().position(|id| id == name.get_ref()).ok_or_else(|| {
        let what = format!("no `[[manual]]` is called `{}`", name.get_ref());
        plan.error(name, with_nearest(what, name.get_ref(), ids()))
    })
}

/// A message that something does not exist, with what may have been meant.
fn with_nearest<'a>(message: String, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message,
    }
}

impl Plan {
    fn parsed_metrics(&self) -> Result<Metrics, Error> {
        let written = self.metrics();
        let sources = written.iter().map(|(name, (_, text))| (*name, text.get_ref().as_str()));
        Metrics::parse_all(sources).map_err(|(name, error)| {
            let (plan, text) = written[name.as_str()];
            Error::Expression(error.render(text.get_ref(), &plan.place(text)))
        })
    }

    /// What the plan asks for, in words: (id, what it says) of its triggers, key figures and checks.
    pub fn in_words(&self) -> Result<Vec<(String, String)>, Error> {
        let metrics = self.parsed_metrics()?;
        let window = self.document.plan.window.to_string();
        let say = |plan: &Plan, text: &Spanned<String>, window: &str| {
            let failed = |error: expr::Error| Error::Expression(error.render(text.get_ref(), &plan.place(text)));
            expr::parse(text.get_ref(), &metrics).map_err(failed).map(|expr| expr::words(&expr, window))
        };
        let mut said = Vec::new();
        for trigger in self.triggers()? {
            let hold = if trigger.hold.0 > 0 { format!(", for {}", trigger.hold) } else { String::new() };
            said.push((trigger.id.to_string(), say(trigger.plan, trigger.when, &window)? + &hold));
        }
        for (plan, kpi) in self.kpis() {
            if let (Some(value), Some(target)) = (&kpi.value, &kpi.target) {
                let text = format!("{} should be {}", say(plan, value, &window)?, target.get_ref().trim());
                said.push((kpi.id.get_ref().clone(), text));
            }
        }
        for written in self.checkpoints()? {
            let window = written.window.map_or(window.clone(), |window| window.to_string());
            for check in written.checks {
                if let Some(expect) = &check.expect {
                    let id = format!("{}: {}", written.id.get_ref(), check.id.get_ref());
                    said.push((id, say(written.plan, expect, &window)?));
                }
            }
        }
        Ok(said)
    }

    /// `plan.toml:12`, where a text of the plan stands.
    fn place<T>(&self, text: &Spanned<T>) -> String {
        format!("{}:{}", self.name, self.line(text.span().start))
    }

    /// An error at a place of the plan's text.
    pub fn error<T>(&self, place: &Spanned<T>, message: String) -> Error {
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
