//! A snapshot as OpenMetrics text. All of it is bounded: routes by [`Measures`](crate::summary::measures::Measures), classes by the
//! library, triggers and checkpoints by the plan.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::rules::checkpoint::Status;
use crate::rules::plan::Severity;
use crate::rules::verdict::Verdict;
use crate::snapshot::Snapshot;
use crate::summary::TriggerState;
use crate::summary::measures::BOUNDS;

/// The media type of the text.
pub const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Families of a status, as its first digit tells them.
const FAMILIES: [&str; 6] = ["unknown", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// The labels of what has a single series.
const NONE: [(&str, String); 0] = [];

pub fn text(snapshot: Arc<Snapshot>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("logwatch");
    registry.register_collector(Box::new(Of(snapshot)));
    let mut written = String::new();
    text::encode(&mut written, &registry)?;
    Ok(written)
}

#[derive(Debug)]
struct Of(Arc<Snapshot>);

impl Collector for Of {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let snapshot = &*self.0;
        let mut family = Family(&mut encoder);
        requests(snapshot, &mut family)?;
        failures(snapshot, &mut family)?;
        rules(snapshot, &mut family)?;
        input(snapshot, &mut family)
    }
}

fn requests(snapshot: &Snapshot, family: &mut Family<'_, '_>) -> fmt::Result {
    let routes = &snapshot.measures.routes;
    let labels = |method: &str, route: &str| [("method", method.to_string()), ("route", route.to_string())];
    let by_family = routes.iter().flat_map(|route| {
        let seen = FAMILIES.iter().zip(route.families).filter(|(_, count)| *count > 0);
        seen.map(|(name, count)| {
            let [method, path] = labels(&route.method, &route.route);
            ([method, path, ("status", (*name).to_string())], count)
        })
    });
    family.counters("requests", "Requests of the service", by_family)?;
    let mut encoder = family.0.encode_descriptor(
        "request_duration",
        "How long requests took, of those whose log tells",
        Some(&Unit::Seconds),
        MetricType::Histogram,
    )?;
    for route in routes.iter().filter(|route| route.durations.count > 0) {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(route.durations.counts).collect();
        let labels = labels(&route.method, &route.route);
        let mut encoder = encoder.encode_family(&labels)?;
        encoder.encode_histogram::<NoLabelSet>(route.durations.sum, route.durations.count, &buckets, None)?;
    }
    Ok(())
}

fn failures(snapshot: &Snapshot, family: &mut Family<'_, '_>) -> fmt::Result {
    let classes = &snapshot.summary.classes;
    family.counters(
        "events",
        "Events, by their class in the pattern library",
        classes.iter().map(|(class, total)| ([("class", class.clone())], total.count)),
    )?;
    let summary = &snapshot.summary;
    let exceptions: u64 = summary.exceptions.iter().map(|group| group.seen.count).sum();
    let errors = summary.errors.iter().filter(|group| group.severity >= crate::classify::Severity::Error);
    let errors: u64 = errors.map(|group| group.seen.count).sum();
    let kinds = [([("kind", "exception".to_string())], exceptions), ([("kind", "error".to_string())], errors)];
    family.counters("errors", "Errors that the service's log tells of", kinds)?;
    let restarts = [(NONE, snapshot.measures.restarts as f64)];
    family.gauges("restarts", "Restarts of the service since the deployment", restarts)
}

fn rules(snapshot: &Snapshot, family: &mut Family<'_, '_>) -> fmt::Result {
    let summary = &snapshot.summary;
    let verdicts = [
        (Verdict::Healthy, "healthy"),
        (Verdict::Unknown, "unknown"),
        (Verdict::Investigate, "investigate"),
        (Verdict::Rollback, "rollback"),
    ];
    let holds = |holds: bool| if holds { 1.0 } else { 0.0 };
    family.gauges(
        "verdict",
        "The verdict on the deployment: 1 for the one that holds",
        verdicts.map(|(verdict, name)| ([("verdict", name.to_string())], holds(summary.verdict == verdict))),
    )?;
    let trigger = |id: &str, severity: Severity| {
        let severity = match severity {
            Severity::Rollback => "rollback",
            Severity::Investigate => "investigate",
            Severity::Info => "info",
        };
        [("trigger", id.to_string()), ("severity", severity.to_string())]
    };
    let states = [
        (TriggerState::Ok, "ok"),
        (TriggerState::Pending, "pending"),
        (TriggerState::Firing, "firing"),
        (TriggerState::Resolved, "resolved"),
        (TriggerState::Unknown, "unknown"),
    ];
    let of_trigger = summary.triggers.iter().flat_map(|result| {
        states.map(|(state, name)| {
            let [id, severity] = trigger(&result.id, result.severity);
            ([id, severity, ("state", name.to_string())], holds(result.state == state))
        })
    });
    family.gauges("trigger_state", "The state of a trigger: 1 for the one that holds", of_trigger)?;
    family.counters(
        "trigger_fired",
        "How often a trigger fired under the deployment that is judged",
        summary.triggers.iter().map(|result| (trigger(&result.id, result.severity), result.fired)),
    )?;
    let checkpoints = summary.checkpoints.iter().flat_map(|event| {
        let statuses = [
            (Status::Pass, "pass"),
            (Status::Fail, "fail"),
            (Status::Unknown, "unknown"),
            (Status::Manual, "manual"),
            (Status::Pending, "pending"),
        ];
        statuses.map(|(status, name)| {
            ([("checkpoint", event.id.clone()), ("status", name.to_string())], holds(event.status == status))
        })
    });
    family.gauges("checkpoint_status", "What a checkpoint came to: 1 for what holds", checkpoints)
}

fn input(snapshot: &Snapshot, family: &mut Family<'_, '_>) -> fmt::Result {
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
    let of_lines = lines.map(|(kind, count)| ([("kind", kind.to_string())], count));
    family.counters("lines", "Lines that were read, by what became of them", of_lines)?;
    family.counters("read_bytes", "Bytes that were read", [(NONE, counts.bytes)])?;
    let dropped = [(NONE, counts.platform_dropped)];
    family.counters("platform_dropped", "Messages that the platform says it dropped", dropped)?;
    family.counters("lost", "Times that lines of a source may be missing", [(NONE, counts.lost)])?;
    let times = [
        (
            "latest_record_timestamp_seconds",
            "When the latest record was written",
            snapshot.measures.latest.map(|time| time.0 as f64 / 1e9),
        ),
        (
            "evaluated_timestamp_seconds",
            "The second up to which the rules have looked",
            snapshot.measures.evaluated_until.map(|second| second as f64),
        ),
        (
            "deployment_timestamp_seconds",
            "When the deployment was",
            snapshot.summary.deployed_at.map(|time| time.0 as f64 / 1e9),
        ),
    ];
    for (name, help, time) in times {
        family.gauges(name, help, time.map(|time| (NONE, time)))?;
    }
    Ok(())
}

/// Writes the series of one name after the other.
struct Family<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Family<'_, '_> {
    fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = ([(&'l str, String); N], u64)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, count) in series {
            ConstCounter::new(count).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauges<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = ([(&'l str, String); N], f64)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in series {
            ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
