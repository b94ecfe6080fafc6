//! A snapshot as messages of the protocol: metrics, and events as log records.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::Value;

use crate::metrics::{AllSeries, Family, Unit, families};
use crate::snapshot::{Event, Snapshot};
use crate::summary::measures::BOUNDS;
use crate::time::parse;

/// What a run is, and since when, in nanoseconds since the epoch.
pub struct Source {
    pub resource: Resource,
    pub since: u64,
}

impl Source {
    pub fn new(attributes: &[(String, String)], since: u64) -> Source {
        let attributes = attributes.iter().map(|(key, value)| pair(key, Any::StringValue(value.clone()))).collect();
        Source { resource: Resource { attributes, ..Resource::default() }, since }
    }

    /// All metrics of a snapshot, as they are at a time in nanoseconds since the epoch.
    pub fn metrics(&self, snapshot: &Snapshot, now: u64) -> ExportMetricsServiceRequest {
        let metrics = families(snapshot).into_iter().map(|family| self.metric(family, now)).collect();
        let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
        let resource = Some(self.resource.clone());
        let of_resource = ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() };
        ExportMetricsServiceRequest { resource_metrics: vec![of_resource] }
    }

    fn metric(&self, family: Family, now: u64) -> Metric {
        let temporality = AggregationTemporality::Cumulative as i32;
        let number = |labels, value, since| NumberDataPoint {
            attributes: attributes(labels),
            start_time_unix_nano: since,
            time_unix_nano: now,
            value: Some(value),
            ..NumberDataPoint::default()
        };
        let data = match family.series {
            AllSeries::Counters(all) => {
                let point = |series| {
                    let crate::metrics::Series { labels, value } = series;
                    number(labels, Number::AsInt(i64::try_from(value).unwrap_or(i64::MAX)), self.since)
                };
                let data_points = all.into_iter().map(point).collect();
                Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic: true })
            }
            AllSeries::Gauges(all) => {
                let points = all.into_iter().map(|series| number(series.labels, Number::AsDouble(series.value), 0));
                Data::Gauge(Gauge { data_points: points.collect() })
            }
            AllSeries::Histograms(all) => {
                let points = all.into_iter().map(|series| HistogramDataPoint {
                    attributes: attributes(series.labels),
                    start_time_unix_nano: self.since,
                    time_unix_nano: now,
                    count: series.value.count,
                    sum: Some(series.value.sum),
                    bucket_counts: series.value.counts.into(),
                    explicit_bounds: BOUNDS.into(),
                    ..HistogramDataPoint::default()
                });
                Data::Histogram(Histogram { data_points: points.collect(), aggregation_temporality: temporality })
            }
        };
        let unit = match family.unit {
            Some(Unit::Seconds) => "s",
            Some(Unit::Bytes) => "By",
            None => "",
        };
        Metric {
            name: format!("logwatch.{}", family.name),
            description: family.help.into(),
            unit: unit.into(),
            data: Some(data),
            ..Metric::default()
        }
    }

    /// Events as log records, observed at a time in nanoseconds since the epoch.
    pub fn logs<'a>(&self, events: impl IntoIterator<Item = &'a Event>, now: u64) -> ExportLogsServiceRequest {
        let log_records = events.into_iter().map(|event| record(event, now)).collect();
        let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records, ..ScopeLogs::default() }];
        let resource = Some(self.resource.clone());
        ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }],
        }
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "logwatch".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..InstrumentationScope::default()
    }
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn attributes(labels: Vec<(&'static str, String)>) -> Vec<KeyValue> {
    labels.into_iter().map(|(name, value)| pair(name, Any::StringValue(value))).collect()
}

/// The object of the JSON contract as the body, under the name of its type.
fn record(event: &Event, now: u64) -> LogRecord {
    // It was written as JSON a moment ago.
    let object: Value = serde_json::from_str(&event.json).unwrap_or_default();
    let text = |member: &str| object[member].as_str().unwrap_or_default();
    let at = parse(text("at").as_bytes()).and_then(|time| u64::try_from(time.0).ok());
    let (severity, word) = severity(&object);
    LogRecord {
        time_unix_nano: at.unwrap_or(now),
        observed_time_unix_nano: now,
        severity_number: severity as i32,
        severity_text: word.into(),
        event_name: format!("logwatch.{}", text("type")),
        body: Some(any(&object)),
        ..LogRecord::default()
    }
}

/// How grave an event is: a trigger that fires is as grave as what it asks for, and so is a verdict.
fn severity(object: &Value) -> (SeverityNumber, &'static str) {
    let text = |member: &str| object[member].as_str().unwrap_or_default();
    let asks = match text("type") {
        "trigger" if text("state") == "firing" => text("severity"),
        "verdict" | "summary" => text("verdict"),
        "checkpoint" | "success" if text("status") == "fail" => "investigate",
        _ => "",
    };
    match asks {
        "rollback" => (SeverityNumber::Error, "ERROR"),
        "investigate" => (SeverityNumber::Warn, "WARN"),
        _ => (SeverityNumber::Info, "INFO"),
    }
}

fn any(value: &Value) -> AnyValue {
    let value = match value {
        Value::Null => None,
        Value::Bool(known) => Some(Any::BoolValue(*known)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Value::String(text) => Some(Any::StringValue(text.clone())),
        Value::Array(values) => Some(Any::ArrayValue(ArrayValue { values: values.iter().map(any).collect() })),
        Value::Object(members) => {
            let values = members.iter().map(|(key, value)| KeyValue {
                key: key.clone(),
                value: Some(any(value)),
                ..KeyValue::default()
            });
            Some(Any::KvlistValue(KeyValueList { values: values.collect() }))
        }
    };
    AnyValue { value }
}
