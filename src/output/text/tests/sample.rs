//! Summaries and events, made to order.

use std::collections::BTreeMap;

use crate::classify::Severity as Gravity;
use crate::deployment::{Deployment, From};
use crate::gather::Cause;
use crate::rules::plan::Severity;
use crate::rules::trigger::State;
use crate::rules::verdict::Verdict;
use crate::second::Counts;
use crate::second::evidence::Evidence;
use crate::summary::history::History;
use crate::summary::traffic::{Changes, Http, RouteLine, Side, Stretch, ViaSeconds};
use crate::summary::{Beside, KpiStatus, Summary, TriggerEvent, TriggerResult, TriggerState, Unknown};
use crate::summary::{ErrorGroup, EvidenceLine, ExceptionGroup, KpiLine, Seen, Target};
use crate::time::Time;

pub(super) fn at(clock: &str) -> Time {
    crate::time::parse(format!("2026-11-23T{clock}Z").as_bytes()).unwrap()
}

pub(super) fn deployment(line: Option<(usize, u64)>) -> Deployment {
    let shown_by =
        line.map(|(source, line)| Evidence::new(at("06:06:20"), source, line, b"INFO:     Started server process [7]"));
    Deployment { at: at("06:06:20"), from: From::ProcessStarted, shown_by }
}

pub(super) fn nothing() -> Summary {
    Summary {
        verdict: Verdict::Unknown,
        complete: false,
        reasons: vec!["no record has a time: use `railway logs --json`, which prints them".into()],
        plan: "default".into(),
        from: None,
        to: None,
        deployed_at: None,
        deployed_at_from: None,
        deployment: None,
        baseline: None,
        input: Counts::default(),
        interrupted: None,
        classes: BTreeMap::new(),
        http: Http {
            requests: 0,
            via: ViaSeconds { edge_seconds: 0, access_seconds: 0 },
            by_status: BTreeMap::new(),
            since: Stretch::default(),
            before: None,
            by_route: Vec::new(),
        },
        exceptions: Vec::new(),
        errors: Vec::new(),
        silences: Vec::new(),
        triggers: Vec::new(),
        kpis: Vec::new(),
        checkpoints: Vec::new(),
        success: Vec::new(),
        unknown: Vec::new(),
        next: Vec::new(),
        overflowed: 0,
        sources: vec!["empty.jsonl".into()],
        duration: 4 * 3_600,
        history: History::default(),
    }
}

pub(super) fn seen(count: u64, [first, last]: [&str; 2], line_no: u64) -> Seen {
    Seen {
        count,
        first: Some(at(first)),
        last: Some(at(last)),
        file: Some("before-fix.jsonl".into()),
        line_no: Some(line_no),
        route: None,
        beside: None,
        rates: None,
        new: None,
    }
}

pub(super) fn error(example: &str, logger: &str, count: u64, line_no: u64) -> ErrorGroup {
    ErrorGroup {
        class: "app.error".into(),
        severity: Gravity::Error,
        logger: Some(logger.into()),
        shape: String::new(),
        example: example.into(),
        seen: seen(count, ["06:06:32", "06:07:33"], line_no),
        silences: (0, 0),
    }
}

pub(super) fn route(method: &str, route: &str, [count, success, client_error, server_error]: [u64; 4]) -> RouteLine {
    RouteLine {
        method: method.into(),
        route: route.into(),
        count,
        success,
        redirect: 0,
        client_error,
        server_error,
        p50_ms: None,
        p95_ms: None,
        p99_ms: None,
        since: Side { count, success: Some(success), client_error, server_error, ..Side::default() },
        before: None,
        change: Changes::default(),
    }
}

pub(super) fn trigger(id: &str, severity: Severity, state: TriggerState, first: &str) -> TriggerResult {
    TriggerResult {
        level: None,
        id: id.into(),
        severity,
        state,
        fired: 1,
        group: BTreeMap::new(),
        value: Some(4.0 / 22.0),
        bound: Some(0.084),
        threshold: Some(0.05),
        samples: 22,
        baseline: None,
        unit: "ratio",
        first: Some(at(first)),
        last: Some(at("06:08:33")),
        known: 1.0,
        runbook: Some("ROLLBACK_PLAN.md".into()),
        acknowledged: None,
    }
}

pub(super) fn kpi(title: &str, share: Option<(u64, u64)>, value: Option<f64>, status: KpiStatus) -> KpiLine {
    KpiLine {
        id: String::new(),
        title: title.into(),
        value,
        samples: share.map_or(0, |(_, whole)| whole),
        unit: Some("ratio"),
        target: Some(Target { op: ">", value: 0.95 }),
        status,
        answer: None,
        share,
        target_text: "> 95%".into(),
    }
}

pub(super) fn unknown(what: &str, because: &str, remedy: &str) -> Unknown {
    Unknown { what: what.into(), because: because.into(), remedy: remedy.into() }
}

/// A deployment that has to be rolled back.
pub(in crate::output) fn broken() -> Summary {
    let mut session = error("name 'session' is not defined", "utils.security_middleware", 6, 71);
    session.seen.beside = Some(Beside { route: "POST /api/user/exchanges".into(), failures: 6, of: 6 });
    let mut slow = route("POST", "/api/create-bot", [8, 0, 0, 8]);
    slow.since.p95_ms = Some(30_000.0);
    Summary {
        verdict: Verdict::Rollback,
        reasons: vec!["rollback trigger exchange-500-rate fired".into()],
        plan: "dl-034".into(),
        from: Some(at("06:06:19")),
        to: Some(at("06:08:33")),
        deployed_at: Some(at("06:06:20")),
        deployment: Some(deployment(Some((0, 21)))),
        baseline: None,
        input: Counts { lines: 191, classified: 150, unclassified: 31, merged: 10, ..Counts::default() },
        http: Http {
            requests: 78,
            by_status: BTreeMap::from([(200, 40), (401, 22), (500, 16)]),
            since: Stretch { seconds: 133, requests: 78, server_errors: 16 },
            by_route: vec![
                slow,
                route("POST", "/api/user/exchanges", [13, 0, 7, 6]),
                route("GET", "/api/bots", [57, 40, 15, 2]),
            ],
            ..nothing().http
        },
        errors: vec![
            ErrorGroup {
                silences: (4, 120),
                ..error("QueuePool limit of size 5 overflow 10 reached, timeout 30 s", "services.auth_service", 4, 152)
            },
            session,
        ],
        exceptions: vec![ExceptionGroup {
            kind: "AttributeError".into(),
            message: "'Analysis' object has no attribute 'manipulation_risk'".into(),
            place: Some("services/selector.py:688 in validate".into()),
            seen: seen(3, ["06:06:40", "06:06:40"], 90),
        }],
        triggers: vec![
            trigger("exchange-500-rate", Severity::Rollback, TriggerState::Firing, "06:07:03"),
            trigger("db-pool-saturated", Severity::Rollback, TriggerState::Firing, "06:07:04"),
            trigger("route-error-rate", Severity::Investigate, TriggerState::Resolved, "06:07:00"),
        ],
        kpis: vec![
            kpi("exchange creation success", Some((0, 6)), Some(0.0), KpiStatus::Missed),
            kpi("bot creation success", Some((29, 30)), Some(29.0 / 30.0), KpiStatus::Met),
            kpi("logins", None, None, KpiStatus::Unknown),
        ],
        unknown: vec![
            unknown("latency", "access lines carry no duration", "add `railway logs --http --json` as another file"),
            unknown("memory, CPU", "not in a log", ""),
        ],
        sources: vec!["before-fix.jsonl".into()],
        ..nothing()
    }
}

pub(super) fn event(id: &str, severity: Severity, state: State, clock: &str) -> TriggerEvent {
    TriggerEvent {
        level: None,
        id: id.into(),
        group: BTreeMap::new(),
        severity,
        state,
        at: at(clock),
        cause: Cause::Data,
        value: Some(4.0 / 22.0),
        bound: Some(0.084),
        threshold: Some(0.05),
        samples: 22,
        baseline: None,
        also_before: false,
        unit: "ratio",
        expr: "exchange_error_rate\n  > 5%".into(),
        evidence: vec![EvidenceLine {
            at: at(clock),
            file: "before-fix.jsonl".into(),
            line_no: 72,
            line: "INFO: \"POST /api/user/exchanges HTTP/1.1\" 500".into(),
        }],
        share: Some((4, 22)),
        hold: 30,
        about: None,
        runbook: None,
    }
}
