//! Builds the summary of a finished run, and the events on the way there.

use std::collections::BTreeMap;

use super::history::History;
use super::{
    Beside, ClassTotal, ErrorGroup, EvidenceLine, ExceptionGroup, KpiLine, KpiStatus, Seen, Silence, Summary, Target,
    TriggerEvent, TriggerResult, TriggerState, Unknown, traffic, unit_name,
};
use crate::classify::Library;
use crate::decode::level;
use crate::engine::Engine;
use crate::expr::{CompareOp, Unit};
use crate::gather::Cause;
use crate::mask::Masking;
use crate::report::{Group, Key, Report};
use crate::rules::judgement::Truth;
use crate::rules::node::{Node, Read};
use crate::rules::trigger::{Change, State, Trigger};
use crate::rules::verdict::{self, Basis};
use crate::rules::{KpiResult, Rules};
use crate::second::evidence::Evidence;
use crate::time::Time;
use crate::timeline::cell;
use crate::timeline::series::LabelTest;

impl TriggerEvent {
    pub fn new(engine: &Engine, change: &Change, cause: Cause, masking: Masking) -> Self {
        let trigger = &engine.judge.rules.triggers[change.trigger];
        let judgement = &change.judgement;
        TriggerEvent {
            id: trigger.id.clone(),
            group: named(trigger, &change.group, masking),
            severity: trigger.severity,
            state: change.state,
            at: Time::from_second(change.at),
            cause,
            value: judgement.value,
            bound: judgement.bound,
            threshold: judgement.threshold,
            samples: judgement.told_samples(),
            baseline: judgement.baseline,
            unit: unit_name(judgement.unit),
            expr: trigger.text.clone(),
            evidence: change.evidence.iter().map(|line| evidence_line(engine, line, masking)).collect(),
            share: judgement.share,
            hold: trigger.hold,
            about: trigger.about.clone(),
            runbook: trigger.runbook.clone(),
        }
    }
}

fn named(trigger: &Trigger, group: &[Box<str>], masking: Masking) -> BTreeMap<String, String> {
    trigger.when.by.iter().cloned().zip(group.iter().map(|value| masking.text(value))).collect()
}

fn evidence_line(engine: &Engine, line: &Evidence, masking: Masking) -> EvidenceLine {
    EvidenceLine {
        at: line.time,
        file: engine.gather.lanes[line.source].label.clone(),
        line_no: line.line,
        line: masking.text(line.text()),
    }
}

impl Summary {
    /// Sums up a finished run. `interrupted` says what cut the input short.
    pub fn new(engine: &mut Engine, plan: &str, interrupted: Option<String>, masking: Masking) -> Summary {
        let end = engine.judge.evaluated_until().unwrap_or_default();
        let results = engine.judge.rules.kpis(end, &engine.judge.timeline, &engine.judge.observed);
        let engine = &*engine;
        let deployment = engine.judge.deployment.as_ref();
        let seen = deployment.map_or(0, |deployment| end - deployment.at.second());
        // Without a deployment nobody knows since when, and so whether all of the plan's duration was seen.
        let is_known = deployment.is_some_and(|deployment| deployment.from.is_known());
        let complete = is_known && seen >= engine.judge.rules.duration && interrupted.is_none();
        let requests = engine.judge.report.requests_since_deployment();
        let sign =
            engine.judge.rules.healthy.events.as_ref().and_then(|class| engine.judge.library.class_id(class.get_ref()));
        let basis = Basis {
            seen,
            works: sign.map_or(requests, |class| engine.judge.report.since_deployment(class)),
            requests,
            failed: engine.judge.report.failed_since_deployment(),
            lines: engine.gather.counts.lines,
            unusable: engine.gather.counts.late + engine.gather.counts.malformed,
            timed: engine.judge.records.is_some(),
            dropped: engine.gather.counts.platform_dropped > 0,
        };
        let (verdict, reasons) =
            verdict::judge(&engine.judge.rules, &results, basis, |trigger| is_carried(engine, trigger));
        let (exceptions, errors) = groups(engine, masking);
        Summary {
            verdict,
            complete,
            reasons,
            plan: plan.into(),
            from: engine.judge.records.map(|(first, _)| first),
            to: engine.judge.records.map(|(_, last)| last),
            deployed_at: engine.judge.deployment.as_ref().map(|deployment| deployment.at),
            deployed_at_from: engine.judge.deployment.as_ref().map(|deployment| deployment.from),
            deployment: engine.judge.deployment.clone(),
            input: engine.gather.counts,
            interrupted,
            classes: class_totals(&engine.judge.library, &engine.judge.report),
            http: traffic::http(engine, seen, masking),
            exceptions,
            errors,
            silences: engine
                .judge
                .report
                .silences()
                .iter()
                .map(|silence| silence_line(engine, silence, masking))
                .collect(),
            triggers: engine
                .judge
                .rules
                .triggers
                .iter()
                .map(|trigger| trigger_result(engine, trigger, masking))
                .collect(),
            kpis: kpi_lines(&engine.judge.rules, &results),
            unknown: unknown(engine),
            overflowed: engine.judge.report.overflowed() + engine.judge.timeline.overflowed + engine.judge.crowded,
            sources: engine.gather.lanes.iter().map(|lane| lane.label.clone()).collect(),
            duration: engine.judge.rules.duration,
            history: History::new(engine),
        }
    }
}

fn class_totals(library: &Library, report: &Report) -> BTreeMap<String, ClassTotal> {
    let seen = library.classes.iter().zip(&report.classes).filter(|(_, total)| total.count > 0);
    seen.map(|(class, total)| {
        (class.name.clone(), ClassTotal { count: total.count, first: total.first, last: total.last })
    })
    .collect()
}

/// Exceptions and errors, those beside most failed requests first, then the gravest, then the most frequent.
fn groups(engine: &Engine, masking: Masking) -> (Vec<ExceptionGroup>, Vec<ErrorGroup>) {
    let report = &engine.judge.report;
    let mut all: Vec<(&Key, &Group, Option<Beside>)> =
        report.groups.iter().map(|(key, group)| (key, group, beside(engine, key, group, masking))).collect();
    all.sort_by_key(|(key, group, beside)| {
        let failures = beside.as_ref().map_or(0, |beside| beside.failures);
        let severity = engine.judge.library.classes[key.class].severity;
        (std::cmp::Reverse((severity, failures, group.total.count)), group.total.first, *key)
    });
    let (mut exceptions, mut errors) = (Vec::new(), Vec::new());
    for (key, group, beside) in all {
        let class = &engine.judge.library.classes[key.class];
        let label = |name: &str| -> Option<String> {
            let index = class.labels.iter().position(|label| label == name)?;
            key.labels.get(index)?.as_deref().map(|value| masking.text(value))
        };
        let evidence = group.evidence.first();
        let seen = Seen {
            count: group.total.count,
            first: group.total.first,
            last: group.total.last,
            file: evidence.map(|line| engine.gather.lanes[line.source].label.clone()),
            line_no: evidence.map(|line| line.line),
            route: beside.as_ref().map(|beside| beside.route.clone()),
            new: is_new(engine, group.total.first),
            beside,
        };
        if report.is_exception(key.class) {
            let kind = label("type").unwrap_or_default();
            let message = group.message.as_ref().map(|(_, text)| masking.text(text)).unwrap_or_default();
            exceptions.push(ExceptionGroup { kind, message, place: label("where"), seen });
            continue;
        }
        let text = evidence.map(|line| line.text().to_string()).unwrap_or_default();
        let head = level::head(text.as_bytes());
        let body = &text[text.ceil_char_boundary(head.length)..];
        let mut shape = String::new();
        crate::classify::shape::shape(body.as_bytes(), &mut shape);
        let ended = report.silences().iter().filter(|silence| silence.group.as_ref() == Some(key));
        let silences = ended.fold((0, 0), |(count, total), silence| {
            (count + 1, total + silence.to.since(silence.from) / 1_000_000_000)
        });
        errors.push(ErrorGroup {
            class: class.name.clone(),
            severity: class.severity,
            logger: label("logger")
                .or_else(|| head.logger.map(|logger| masking.text(&String::from_utf8_lossy(logger)))),
            shape: label("shape").unwrap_or_else(|| masking.text(&shape)),
            example: masking.text(body),
            seen,
            silences,
        });
    }
    (exceptions, errors)
}

/// Whether something first seen then is new since the deployment; `None` if hardly any time before it is in the input.
fn is_new(engine: &Engine, first: Option<Time>) -> Option<bool> {
    /// Seconds that tell what is usual.
    const BEFORE: i64 = 300;
    let deployed = engine.judge.deployment.as_ref()?.at;
    let is_told = engine.judge.records.is_some_and(|(first, _)| deployed.second() - first.second() >= BEFORE);
    is_told.then_some(first? >= deployed)
}

/// The route that failed in most of an error's seconds, if at least half of the group's events stood beside a failure of
/// it. A warning beside a failed request is no more than beside it.
fn beside(engine: &Engine, key: &Key, group: &Group, masking: Masking) -> Option<Beside> {
    let report = &engine.judge.report;
    if engine.judge.library.classes[key.class].severity < crate::classify::Severity::Error {
        return None;
    }
    let (route, failures) =
        report.beside(group).max_by_key(|(route, failures)| (*failures, std::cmp::Reverse(*route)))?;
    let of = report.routes.get(route)?.all().failed();
    (failures * 2 >= group.total.count).then(|| Beside {
        route: masking.text(&format!("{} {}", route.method, route.route)),
        failures,
        of,
    })
}

fn silence_line(engine: &Engine, silence: &crate::report::Silence, masking: Masking) -> Silence {
    Silence {
        from: silence.from,
        to: silence.to,
        ended_by: masking.text(silence.ended_by.text()),
        file: engine.gather.lanes.get(silence.ended_by.source).map(|lane| lane.label.clone()),
        line_no: silence.ended_by.line,
    }
}

fn trigger_result(engine: &Engine, trigger: &Trigger, masking: Masking) -> TriggerResult {
    let fired = trigger.first_fired();
    let judgement = fired.and_then(|(_, instance)| instance.judgement).or(trigger.latest);
    let state = match trigger.state() {
        State::Ok if !trigger.is_known || !is_carried(engine, trigger) || trigger.ticks == 0 => TriggerState::Unknown,
        State::Ok => TriggerState::Ok,
        State::Pending => TriggerState::Pending,
        State::Firing => TriggerState::Firing,
        State::Resolved => TriggerState::Resolved,
    };
    let instances = || trigger.instances.values();
    TriggerResult {
        id: trigger.id.clone(),
        severity: trigger.severity,
        state,
        fired: trigger.fired(),
        group: fired.map(|(group, _)| named(trigger, group, masking)).unwrap_or_default(),
        value: judgement.and_then(|judgement| judgement.value),
        bound: judgement.and_then(|judgement| judgement.bound),
        threshold: judgement.and_then(|judgement| judgement.threshold),
        samples: judgement.map_or(0, |judgement| judgement.told_samples()),
        baseline: judgement.and_then(|judgement| judgement.baseline),
        unit: unit_name(judgement.map_or(Unit::Plain, |judgement| judgement.unit)),
        first: instances().filter_map(|instance| instance.first).min().map(Time::from_second),
        last: instances().filter_map(|instance| instance.last).max().map(Time::from_second),
        known: (trigger.known_share() * 1e4).round() / 1e4,
        runbook: trigger.runbook.clone(),
    }
}

/// Whether the input has a source that could answer the trigger.
fn is_carried(engine: &Engine, trigger: &Trigger) -> bool {
    let carried = |read: &Read| engine.judge.observed.covered(read.carriers, read.reads_duration).is_some();
    trigger.when.node.reads_only(&carried) && !engine.judge.rules.lacks_baseline(&trigger.when.node)
}

fn kpi_lines(rules: &Rules, results: &[KpiResult]) -> Vec<KpiLine> {
    let lines = rules.kpis.iter().zip(results).map(|(kpi, result)| KpiLine {
        id: kpi.id.clone(),
        title: kpi.title.clone(),
        value: result.value,
        samples: result.samples,
        unit: unit_name(result.unit),
        target: Target { op: operator(result.op), value: result.target },
        status: match result.truth {
            Truth::True => KpiStatus::Met,
            Truth::False => KpiStatus::Missed,
            Truth::Pending | Truth::Unknown => KpiStatus::Unknown,
        },
        share: result.share,
        target_text: kpi.target_text.clone(),
    });
    lines.collect()
}

fn operator(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Equal => "==",
        CompareOp::NotEqual => "!=",
    }
}

/// What the input could not tell, with what would.
fn unknown(engine: &Engine) -> Vec<Unknown> {
    let mut list = Vec::new();
    let mut add = |what: &str, because: String, remedy: &str| {
        list.push(Unknown { what: what.into(), because, remedy: remedy.into() });
    };
    if engine.gather.counts.records > 0 && engine.judge.records.is_none() {
        add(
            "everything that needs a time",
            "no record of the input has one".into(),
            "feed `railway logs --json`, which prints times",
        );
    }
    if engine.gather.counts.lost > 0 {
        let times =
            if engine.gather.counts.lost == 1 { "once".into() } else { format!("{} times", engine.gather.counts.lost) };
        add(
            "lost lines",
            format!("a followed file was cut {times}, and what was written to it just before may be missing"),
            "let its rotation rename it, or replay all its parts",
        );
    }
    let has_edge = engine.judge.observed.edge.is_some();
    if !has_edge && !engine.judge.observed.access_durations {
        let because = match engine.judge.report.requests() {
            0 => "there are no requests in this log",
            _ => "access lines carry no duration",
        };
        add("latency", because.into(), "add `railway logs --http --json` as another file");
    }
    if has_edge && engine.judge.observed.app.is_none() {
        add(
            "errors inside the service",
            "the HTTP log has only requests".into(),
            "add `railway logs --json` as another file",
        );
    }
    let is_carried = |read: &Read| engine.judge.observed.covered(read.carriers, read.reads_duration).is_some();
    let carried = |node: &Node| node.reads_only(&is_carried);
    let triggers = engine.judge.rules.triggers.iter().map(|trigger| (&trigger.id, &trigger.when.node));
    let kpis = engine.judge.rules.kpis.iter().map(|kpi| (&kpi.id, kpi.node()));
    let lacking = triggers.chain(kpis).filter(|(_, node)| engine.judge.rules.lacks_baseline(node) && carried(node));
    let baseline: Vec<&str> = lacking.map(|(id, _)| id.as_str()).collect();
    if !baseline.is_empty() {
        let because = format!(
            "{} compares with the hour before the deployment, which the input does not hold",
            baseline.join(", ")
        );
        add("change against before", because, "feed a longer log, such as `railway logs --json --since 2h`");
    }
    if engine.judge.timeline.crowded {
        let because =
            format!("more than {} events stand in one second, and their order is not kept", cell::MOST_ORDERED);
        add("streaks", because, "narrow the expression's selector");
    }
    if let Some(routes) = routes_without_requests(engine) {
        add(
            "routes",
            format!("the plan asks for {routes}, and no request came there"),
            "see TRAFFIC for those that are called",
        );
    }
    add("memory, CPU", "not in a log".into(), "look at the service's metrics, in Railway's API or dashboard");
    for question in &engine.judge.rules.manual {
        add(&question.what, "not in a log".into(), &question.ask);
    }
    list
}

/// The routes that the plan names and no request of the input was for; `None` where that cannot be told.
fn routes_without_requests(engine: &Engine) -> Option<String> {
    /// Routes that are named; the others are counted.
    const NAMED: usize = 3;
    let report = &engine.judge.report;
    let is_called = |test: &LabelTest| report.routes.iter().any(|(route, _)| test.holds(&route.route));
    if report.requests() == 0 || report.routes.other.is_some() {
        return None;
    }
    let missing: Vec<&str> = engine
        .judge
        .rules
        .routes
        .iter()
        .filter(|(_, test)| !is_called(test))
        .map(|(written, _)| written.as_str())
        .collect();
    let (named, others) = missing.split_at(missing.len().min(NAMED));
    let named = named.join(", ");
    match (missing.len(), others.len()) {
        (0, _) => None,
        (_, 0) => Some(named),
        (_, others) => Some(format!("{named} and {others} more")),
    }
}
