//! Metrics: a run as it stands as families of series, for a system that scrapes them or is sent them. All of it is bounded: routes by
//! [`Measures`](crate::summary::measures::Measures), classes by the library, triggers, checkpoints and receivers by the plan.

use crate::classify::Severity as Level;
use crate::rules::checkpoint::Status;
use crate::rules::plan::Severity;
use crate::rules::verdict::Verdict;
use crate::snapshot::Snapshot;
use crate::summary::TriggerState;
use crate::summary::measures::Durations;

/// Series of one name.
#[derive(Debug)]
pub struct Family {
    pub name: &'static str,
    pub help: &'static str,
    pub unit: Option<Unit>,
    pub series: AllSeries,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Bytes,
}

#[derive(Debug)]
pub enum AllSeries {
    /// Running totals.
    Counters(Vec<Series<u64>>),
    Gauges(Vec<Series<f64>>),
    /// By [`BOUNDS`](crate::summary::measures::BOUNDS).
    Histograms(Vec<Series<Durations>>),
}

#[derive(Debug)]
pub struct Series<T> {
    pub labels: Vec<(&'static str, String)>,
    pub value: T,
}

/// Families of a status, as its first digit tells them.
const FAMILIES: [&str; 6] = ["unknown", "1xx", "2xx", "3xx", "4xx", "5xx"];

pub fn families(snapshot: &Snapshot) -> Vec<Family> {
    [requests(snapshot), failures(snapshot), rules(snapshot), input(snapshot), notifications(snapshot)]
        .into_iter()
        .flatten()
        .collect()
}

fn series<T, const N: usize>(labels: [(&'static str, &str); N], value: T) -> Series<T> {
    Series { labels: labels.map(|(name, value)| (name, value.into())).into(), value }
}

fn counters(name: &'static str, help: &'static str, series: impl IntoIterator<Item = Series<u64>>) -> Family {
    Family { name, help, unit: None, series: AllSeries::Counters(series.into_iter().collect()) }
}

fn gauges(name: &'static str, help: &'static str, series: impl IntoIterator<Item = Series<f64>>) -> Family {
    Family { name, help, unit: None, series: AllSeries::Gauges(series.into_iter().collect()) }
}

fn requests(snapshot: &Snapshot) -> Vec<Family> {
    let routes = &snapshot.measures.routes;
    let by_status = routes.iter().flat_map(|route| {
        let seen = FAMILIES.iter().zip(route.families).filter(|(_, count)| *count > 0);
        seen.map(|(status, count)| {
            series([("method", &route.method), ("route", &route.route), ("status", status)], count)
        })
    });
    let timed = routes.iter().filter(|route| route.durations.count > 0);
    let durations =
        timed.map(|route| series([("method", &route.method), ("route", &route.route)], route.durations.clone()));
    vec![
        counters("requests", "Requests of the service", by_status),
        Family {
            name: "request_duration",
            help: "How long requests took, of those whose log tells",
            unit: Some(Unit::Seconds),
            series: AllSeries::Histograms(durations.collect()),
        },
    ]
}

fn failures(snapshot: &Snapshot) -> Vec<Family> {
    let summary = &snapshot.summary;
    let classes = summary.classes.iter().map(|(class, total)| series([("class", class)], total.count));
    let exceptions: u64 = summary.exceptions.iter().map(|group| group.seen.count).sum();
    let errors = summary.errors.iter().filter(|group| group.severity >= Level::Error);
    let errors: u64 = errors.map(|group| group.seen.count).sum();
    let errors = [series([("kind", "exception")], exceptions), series([("kind", "error")], errors)];
    let restarts = [series([], snapshot.measures.restarts as f64)];
    vec![
        counters("events", "Events, by their class in the pattern library", classes),
        counters("errors", "Errors that the service's log tells of", errors),
        gauges("restarts", "Restarts of the service since the deployment", restarts),
    ]
}

fn rules(snapshot: &Snapshot) -> Vec<Family> {
    let summary = &snapshot.summary;
    let verdicts = [
        (Verdict::Healthy, "healthy"),
        (Verdict::Unknown, "unknown"),
        (Verdict::Investigate, "investigate"),
        (Verdict::Rollback, "rollback"),
    ];
    let verdicts = verdicts.map(|(verdict, name)| series([("verdict", name)], holds(summary.verdict == verdict)));
    let states = [
        (TriggerState::Ok, "ok"),
        (TriggerState::Pending, "pending"),
        (TriggerState::Firing, "firing"),
        (TriggerState::Resolved, "resolved"),
        (TriggerState::Unknown, "unknown"),
    ];
    let triggers = || summary.triggers.iter().map(|trigger| (trigger, severity(trigger.severity)));
    let states = triggers().flat_map(|(trigger, severity)| {
        states.map(|(state, name)| {
            let labels = [("trigger", trigger.id.as_str()), ("severity", severity), ("state", name)];
            series(labels, holds(trigger.state == state))
        })
    });
    let fired =
        triggers().map(|(trigger, severity)| series([("trigger", &trigger.id), ("severity", severity)], trigger.fired));
    let statuses = [
        (Status::Pass, "pass"),
        (Status::Fail, "fail"),
        (Status::Unknown, "unknown"),
        (Status::Manual, "manual"),
        (Status::Pending, "pending"),
    ];
    let checkpoints = summary.checkpoints.iter().flat_map(|event| {
        statuses
            .map(|(status, name)| series([("checkpoint", &event.id), ("status", name)], holds(event.status == status)))
    });
    vec![
        gauges("verdict", "The verdict on the deployment: 1 for the one that holds", verdicts),
        gauges("trigger_state", "The state of a trigger: 1 for the one that holds", states),
        counters("trigger_fired", "How often a trigger fired under the deployment that is judged", fired),
        gauges("checkpoint_status", "What a checkpoint came to: 1 for what holds", checkpoints),
    ]
}

fn holds(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Rollback => "rollback",
        Severity::Investigate => "investigate",
        Severity::Info => "info",
    }
}

fn input(snapshot: &Snapshot) -> Vec<Family> {
    let counts = &snapshot.summary.input;
    let lines = [
        ("classified", counts.classified),
        ("unclassified", counts.unclassified),
        ("merged", counts.merged),
        ("malformed", counts.malformed),
        ("too_long", counts.too_long),
        ("skipped", counts.skipped),
        ("late", counts.late),
        ("duplicate", counts.duplicate),
    ];
    let lines = lines.map(|(kind, count)| series([("kind", kind)], count));
    let time = |name, help, time: Option<f64>| Family {
        unit: Some(Unit::Seconds),
        ..gauges(name, help, time.map(|time| series([], time)))
    };
    let measures = &snapshot.measures;
    let dropped = [series([], counts.platform_dropped)];
    vec![
        counters("lines", "Lines that were read, by what became of them", lines),
        Family { unit: Some(Unit::Bytes), ..counters("read", "Bytes that were read", [series([], counts.bytes)]) },
        counters("platform_dropped", "Messages that the platform says it dropped", dropped),
        counters("lost", "Times that lines of a source may be missing", [series([], counts.lost)]),
        time(
            "latest_record_timestamp",
            "When the latest record was written",
            measures.latest.map(|time| time.0 as f64 / 1e9),
        ),
        time(
            "evaluated_timestamp",
            "The second up to which the rules have looked",
            measures.evaluated_until.map(|second| second as f64),
        ),
        time(
            "deployment_timestamp",
            "When the deployment was",
            snapshot.summary.deployed_at.map(|time| time.0 as f64 / 1e9),
        ),
    ]
}

fn notifications(snapshot: &Snapshot) -> Vec<Family> {
    let outboxes = || snapshot.outboxes.iter();
    let waiting = outboxes().map(|outbox| series([("receiver", &outbox.receiver)], outbox.waiting as f64));
    let left_out = outboxes().map(|outbox| series([("receiver", &outbox.receiver)], outbox.left_out));
    let help = "Notifications that were not sent, as too many waited already";
    vec![
        gauges("notifications_waiting", "Notifications that are neither delivered nor given up", waiting),
        counters("notifications_left_out", help, left_out),
    ]
}
