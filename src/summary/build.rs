//! Builds the summary of a finished run, and the events on the way there.

use std::collections::BTreeMap;

use super::history::History;
use super::{
    Beside, CheckpointEvent, ClassTotal, ErrorGroup, EvidenceLine, ExceptionGroup, KpiLine, KpiStatus, Rates, Seen,
    Silence, Summary, Target, TriggerEvent, TriggerResult, TriggerState, VerdictEvent, checks, operator, traffic,
    unit_name, unknown,
};
use crate::classify::Library;
use crate::decode::level;
use crate::engine::Engine;
use crate::expr::Unit;
use crate::gather::Cause;
use crate::judge::Ruling;
use crate::mask::Masking;
use crate::people::Ack;
use crate::report::{Group, Key, Report};
use crate::rules::Rules;
use crate::rules::judgement::Truth;
use crate::rules::kpi::{Kpi, KpiResult};
use crate::rules::plan::Kind;
use crate::rules::trigger::{Change, State, Trigger};
use crate::rules::verdict::Verdict;
use crate::second::evidence::Evidence;
use crate::time::Time;
use crate::timeline::Tick;

impl VerdictEvent {
    /// What a ruling comes to.
    pub fn new(ruling: &Ruling) -> Self {
        VerdictEvent {
            at: ruling.at.time(),
            verdict: ruling.verdict,
            before: ruling.before,
            complete: ruling.complete,
            reasons: ruling.reasons.clone(),
        }
    }
}

impl TriggerEvent {
    /// What a change comes to, with its texts masked.
    pub fn new(engine: &Engine, change: &Change, cause: Cause, masking: Masking) -> Self {
        let trigger = &engine.judge.rules.triggers[change.trigger];
        let judgement = &change.judgement;
        TriggerEvent {
            id: trigger.id.clone(),
            group: named(trigger, &change.group, masking),
            severity: trigger.severity,
            level: trigger.level.clone(),
            state: change.state,
            at: change.at.time(),
            cause,
            value: judgement.value,
            bound: judgement.bound,
            threshold: judgement.threshold,
            samples: judgement.reported_samples(),
            baseline: judgement.baseline,
            also_before: change.also_before,
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
    trigger.watch.expr.by.iter().cloned().zip(group.iter().map(|value| masking.text(value))).collect()
}

fn evidence_line(engine: &Engine, line: &Evidence, masking: Masking) -> EvidenceLine {
    EvidenceLine {
        at: line.time,
        file: engine.label(line.source).into(),
        line_no: line.line,
        line: masking.text(line.text()),
    }
}

impl Summary {
    /// Sums up a run that is finished, or as it stands. `interrupted` says what cut the input short.
    pub fn new(engine: &Engine, plan: &str, interrupted: Option<String>, masking: Masking) -> Summary {
        let end = engine.judge.evaluated_until().unwrap_or_default();
        let seen = engine.judge.seen_since_deployment(end);
        let complete = engine.judge.is_complete(end) && interrupted.is_none();
        let (verdict, reasons, results) = engine.judge.verdict(end);
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
            baseline: None,
            services: Vec::new(),
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
            kpis: kpi_lines(&engine.judge.rules, &results, masking),
            checkpoints: checkpoints(engine, Kind::Checkpoint, masking),
            success: checkpoints(engine, Kind::Success, masking),
            unknown: unknown::unknown(engine),
            next: next(&engine.judge.rules, verdict, complete),
            overflowed: engine.judge.report.overflowed() + engine.judge.timeline.overflowed + engine.judge.crowded,
            sources: engine.gather.lanes.iter().map(|lane| lane.label.clone()).collect(),
            duration: engine.judge.rules.duration,
            history: History::new(engine),
        }
    }
}

fn checkpoints(engine: &Engine, kind: Kind, masking: Masking) -> Vec<CheckpointEvent> {
    let all = &engine.judge.rules.checkpoints;
    let of_kind = (0..all.len()).filter(|index| all[*index].kind == kind);
    of_kind.map(|index| CheckpointEvent::at_the_end(engine, index, masking)).collect()
}

fn next(rules: &Rules, verdict: Verdict, complete: bool) -> Vec<String> {
    match verdict {
        Verdict::Rollback => rules.next.rollback.clone(),
        Verdict::Investigate => rules.next.investigate.clone(),
        Verdict::Healthy if complete && rules.is_declared() => rules.next.healthy.clone(),
        Verdict::Healthy | Verdict::Unknown => Vec::new(),
    }
}

fn class_totals(library: &Library, report: &Report) -> BTreeMap<String, ClassTotal> {
    let seen = library.classes.iter().zip(report.classes.iter()).filter(|(_, total)| total.count > 0);
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
            file: evidence.map(|line| engine.label(line.source).into()),
            line_no: evidence.map(|line| line.line),
            route: beside.as_ref().map(|beside| beside.route.clone()),
            new: is_new(engine, group.total.first),
            beside,
            rates: rates(engine, group),
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
    seconds_before(engine)?;
    Some(first? >= engine.judge.deployment.as_ref()?.at)
}

/// Seconds of the input before the deployment, if they are enough to tell what is usual.
fn seconds_before(engine: &Engine) -> Option<i64> {
    const ENOUGH: i64 = 300;
    let deployed = engine.judge.deployment.as_ref()?.at;
    let seconds = deployed.second() - engine.judge.records?.0.second();
    (seconds >= ENOUGH).then_some(seconds)
}

fn rates(engine: &Engine, group: &Group) -> Option<Rates> {
    let before = seconds_before(engine)?;
    let since = engine.judge.seen_since_deployment(engine.judge.evaluated_until()?);
    let a_minute = |events: u64, seconds: i64| events as f64 * 60.0 / seconds as f64;
    (since > 0)
        .then(|| Rates { before: a_minute(group.sides.before(), before), since: a_minute(group.sides.since(), since) })
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
        State::Ok if !trigger.is_known || !engine.judge.is_carried(trigger) || trigger.ticks == 0 => {
            TriggerState::Unknown
        }
        State::Ok => TriggerState::Ok,
        State::Pending => TriggerState::Pending,
        State::Firing => TriggerState::Firing,
        State::Resolved => TriggerState::Resolved,
    };
    let instances = || trigger.instances.values();
    TriggerResult {
        id: trigger.id.clone(),
        severity: trigger.severity,
        level: trigger.level.clone(),
        state,
        fired: trigger.fired(),
        group: fired.map(|(group, _)| named(trigger, group, masking)).unwrap_or_default(),
        value: judgement.and_then(|judgement| judgement.value),
        bound: judgement.and_then(|judgement| judgement.bound),
        threshold: judgement.and_then(|judgement| judgement.threshold),
        samples: judgement.map_or(0, |judgement| judgement.reported_samples()),
        baseline: judgement.and_then(|judgement| judgement.baseline),
        unit: unit_name(judgement.map_or(Unit::Plain, |judgement| judgement.unit)),
        first: instances().filter_map(|instance| instance.first).min().map(Tick::time),
        last: instances().filter_map(|instance| instance.last).max().map(Tick::time),
        known: (trigger.known_share() * 1e4).round() / 1e4,
        runbook: trigger.runbook.clone(),
        acknowledged: instances()
            .filter_map(|instance| instance.first)
            .min()
            .and_then(|first| engine.judge.rules.ack(&trigger.id, first))
            .map(|ack| Ack { note: ack.note.as_deref().map(|note| masking.text(note)), ..ack.clone() }),
    }
}

fn kpi_lines(rules: &Rules, results: &[KpiResult], masking: Masking) -> Vec<KpiLine> {
    let line = |(kpi, result): (&Kpi, &KpiResult)| {
        let (id, title, target_text) = (kpi.id.clone(), kpi.title.clone(), kpi.target_text().to_string());
        match result {
            KpiResult::Number { value, samples, share, unit, op, target, truth } => KpiLine {
                id,
                title,
                value: *value,
                samples: *samples,
                unit: Some(unit_name(*unit)),
                target: Some(Target { op: operator(*op), value: *target }),
                status: match truth {
                    Truth::True => KpiStatus::Met,
                    Truth::False => KpiStatus::Missed,
                    Truth::Pending | Truth::Unknown => KpiStatus::Unknown,
                },
                answer: None,
                share: *share,
                target_text,
            },
            KpiResult::Manual(answer) => KpiLine {
                id,
                title,
                value: None,
                samples: 0,
                unit: None,
                target: None,
                status: match answer {
                    Some(answer) if answer.pass => KpiStatus::Met,
                    Some(_) => KpiStatus::Missed,
                    None => KpiStatus::Manual,
                },
                answer: answer.as_ref().map(|answer| checks::shown(answer, masking)),
                share: None,
                target_text,
            },
        }
    };
    rules.kpis.iter().zip(results).map(line).collect()
}
