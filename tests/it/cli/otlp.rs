//! Metrics and events by OpenTelemetry's protocol, against a receiver of this machine: `cargo test --features otlp --test it cli::otlp`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::{Map, Value, json};

use super::logs::healthy;
use crate::support::program::{Ran, command, ended, eventually, fixture, piped, read};

/// What a receiver got at a path.
#[derive(Clone)]
struct Got {
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A receiver on this machine, which answers with these, the last of them again and again; with 0 it never does.
struct Receiver {
    address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

#[derive(Clone)]
struct Script {
    got: Arc<Mutex<Vec<Got>>>,
    answers: &'static [u16],
}

impl Receiver {
    fn start(answers: &'static [u16]) -> Receiver {
        let got = Arc::new(Mutex::new(Vec::new()));
        let script = Script { got: Arc::clone(&got), answers };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        // It ends with the tests.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, Router::new().fallback(answer).with_state(script)).await.unwrap();
            });
        });
        Receiver { address, got }
    }

    fn got(&self, path: &str) -> Vec<Got> {
        self.got.lock().unwrap().iter().filter(|got| got.path == path).cloned().collect()
    }

    fn metrics(&self) -> Vec<(Resource, Vec<Metric>)> {
        let messages = self.got("/v1/metrics");
        let message = |got: &Got| {
            let mut message = ExportMetricsServiceRequest::decode(&got.body[..]).expect("a message");
            assert_eq!(message.resource_metrics.len(), 1);
            let mut of_resource = message.resource_metrics.remove(0);
            assert_eq!(of_resource.scope_metrics.len(), 1);
            let scope = of_resource.scope_metrics.remove(0);
            assert_eq!(scope.scope.unwrap().name, "logwatch");
            (of_resource.resource.unwrap(), scope.metrics)
        };
        messages.iter().map(message).collect()
    }

    fn logs(&self) -> Vec<Vec<LogRecord>> {
        let messages = self.got("/v1/logs");
        let message = |got: &Got| {
            let mut message = ExportLogsServiceRequest::decode(&got.body[..]).expect("a message");
            message.resource_logs.remove(0).scope_logs.remove(0).log_records
        };
        messages.iter().map(message).collect()
    }
}

async fn answer(State(script): State<Script>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let number = {
        let mut got = script.got.lock().unwrap();
        let mut unpacked = Vec::new();
        match headers.get("content-encoding") {
            Some(_) => drop(GzDecoder::new(&body[..]).read_to_end(&mut unpacked).unwrap()),
            None => unpacked = body.into(),
        }
        got.push(Got { path: uri.path().into(), headers, body: unpacked });
        got.len() - 1
    };
    match script.answers[number.min(script.answers.len() - 1)] {
        0 => std::future::pending().await,
        status => StatusCode::from_u16(status).unwrap(),
    }
}

fn with(mut command: Command, variables: &[(&str, &str)]) -> Command {
    command.envs(variables.iter().copied());
    command
}

/// A run over a log that comes through a pipe.
fn over(log: &[u8], arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut child = with(command(arguments), variables).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let written = log.to_vec();
    std::thread::spawn(move || drop(pipe.write_all(&written)));
    ended(child, Duration::from_secs(30))
}

fn text(value: &Option<AnyValue>) -> String {
    match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        other => panic!("no text: {other:?}"),
    }
}

fn labels(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect()
}

fn json_of(value: &AnyValue) -> Value {
    match &value.value {
        None => Value::Null,
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::BoolValue(known)) => json!(known),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(number)) => json!(number),
        Some(Any::ArrayValue(array)) => array.values.iter().map(json_of).collect(),
        Some(Any::KvlistValue(list)) => {
            let member = |pair: &KeyValue| (pair.key.clone(), json_of(pair.value.as_ref().unwrap()));
            Value::Object(list.values.iter().map(member).collect::<Map<_, _>>())
        }
        Some(other) => panic!("{other:?}"),
    }
}

/// The points of a sum or a gauge: their labels and numbers.
fn points(metrics: &[Metric], name: &str) -> Vec<(BTreeMap<String, String>, f64)> {
    let metric = metrics.iter().find(|metric| metric.name == name).unwrap_or_else(|| panic!("no {name}"));
    let points = match metric.data.as_ref().unwrap() {
        Data::Sum(sum) => {
            assert!(sum.is_monotonic && sum.aggregation_temporality == 2, "{name}");
            assert!(sum.data_points.iter().all(|point| 0 < point.start_time_unix_nano), "{name}");
            &sum.data_points
        }
        Data::Gauge(gauge) => &gauge.data_points,
        other => panic!("{name}: {other:?}"),
    };
    let number = |value: &Option<Number>| match value {
        Some(Number::AsInt(number)) => *number as f64,
        Some(Number::AsDouble(number)) => *number,
        None => panic!("{name} has no number"),
    };
    points.iter().map(|point| (labels(&point.attributes), number(&point.value))).collect()
}

/// What a run comes to and all that it tells, once each, although the receiver is busy at first; and the run is what it is without.
#[test]
fn metrics_and_events_are_those_of_the_run() {
    let log = read(&fixture("verdicts/latency-x10.http.jsonl"));
    let plain = piped(&["--format", "json"], &log);
    let receiver = Receiver::start(&[503, 503, 200]);
    let ran = over(
        &log,
        &["--format", "json"],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.address),
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=s3cretToken99"),
            ("OTEL_SERVICE_NAME", "watcher"),
        ],
    );
    assert_eq!((ran.status, &ran.out), (plain.status, &plain.out), "{}", ran.err);
    assert!(!ran.err.contains("s3cret"), "{}", ran.err);
    let got = receiver.got("/v1/metrics");
    assert!(got.iter().all(|got| got.headers["content-type"] == "application/x-protobuf"));
    assert!(got.iter().all(|got| got.headers["x-key"] == "s3cretToken99" && got.headers["content-encoding"] == "gzip"));

    let summary = plain.summary();
    let (resource, metrics) = receiver.metrics().pop().expect("metrics");
    assert_eq!(labels(&resource.attributes)["service.name"], "watcher");
    let sum = |name: &str| points(&metrics, name).iter().map(|(_, number)| number).sum::<f64>();
    assert_eq!(Some(sum("logwatch.requests")), summary["http"]["requests"].as_f64());
    assert_eq!(Some(sum("logwatch.lines")), summary["input"]["lines"].as_f64());
    let verdicts = points(&metrics, "logwatch.verdict");
    let holds = verdicts.iter().find(|(_, holds)| *holds == 1.0).map(|(labels, _)| labels["verdict"].clone());
    assert_eq!(holds.as_deref(), summary["verdict"].as_str());
    let durations = metrics.iter().find(|metric| metric.name == "logwatch.request_duration").unwrap();
    let Some(Data::Histogram(histogram)) = &durations.data else { panic!("{durations:?}") };
    assert_eq!((durations.unit.as_str(), histogram.aggregation_temporality), ("s", 2));
    assert!(!histogram.data_points.is_empty());
    for point in &histogram.data_points {
        assert_eq!((point.bucket_counts.len(), point.explicit_bounds.len()), (13, 12));
        assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
        assert!(point.sum > Some(0.0));
    }

    // The answers before the last one were none that took it.
    let busy = receiver.got.lock().unwrap()[..2].iter().filter(|got| got.path == "/v1/logs").count();
    let records: Vec<LogRecord> = receiver.logs().into_iter().skip(busy).flatten().collect();
    let bodies: Vec<Value> = records.iter().map(|record| json_of(record.body.as_ref().unwrap())).collect();
    assert_eq!(bodies, plain.objects());
    let last = records.last().unwrap();
    assert_eq!((last.event_name.as_str(), last.severity_text.as_str()), ("logwatch.summary", "WARN"));
    let fired = records.iter().find(|record| record.event_name == "logwatch.trigger").unwrap();
    // When it happened, by the log; and when it was sent.
    assert!(0 < fired.time_unix_nano && fired.time_unix_nano < fired.observed_time_unix_nano);
}

/// Metrics are sent while a run goes on, and events within a moment; where only one kind is wanted, the other is not.
#[test]
fn what_happens_is_sent_while_the_run_goes_on() {
    let receiver = Receiver::start(&[200]);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.address.as_str()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "300"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    let mut child = with(command(&["-q"]), &variables).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(healthy(0..60).as_bytes()).unwrap();
    eventually("the lines are counted", || {
        let newest = receiver.metrics().pop();
        newest.is_some_and(|(_, metrics)| points(&metrics, "logwatch.lines").iter().any(|(_, lines)| *lines == 60.0))
    });
    drop(pipe);
    ended(child, Duration::from_secs(20));
    assert!(receiver.got("/v1/logs").is_empty());
}

/// A receiver that refuses, hangs or is not there makes a run neither fail nor wait long, and is told of once.
#[test]
fn a_receiver_that_takes_nothing_holds_up_nobody() {
    let log = read(&fixture("dl-034/before-fix.jsonl"));
    let plain = piped(&["--format", "json"], &log);
    let (refusing, hanging) = (Receiver::start(&[400]), Receiver::start(&[0]));
    let nobody = format!("http://{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    for (address, told) in
        [(&refusing.address, "status 400"), (&hanging.address, "not sent"), (&nobody, "no connection")]
    {
        let start = Instant::now();
        let ran = over(&log, &["--format", "json"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", address)]);
        assert_eq!((ran.status, &ran.out), (plain.status, &plain.out), "{}", ran.err);
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
        assert!(ran.err.contains(told), "{}", ran.err);
        assert!(ran.err.matches("OTLP: events cannot be sent").count() <= 1, "{}", ran.err);
        let missing = format!("OTLP: {} of the run's events were not sent", plain.objects().len());
        assert!(ran.err.contains(&missing), "{}", ran.err);
    }
}

/// What cannot be used is told before anything is read; a replay sends nothing.
#[test]
fn variables_are_checked_and_a_replay_sends_nothing() {
    let receiver = Receiver::start(&[200]);
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.address.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let ran = over(b"", &["--format", "json"], &variables);
    assert!(ran.status == Some(2) && ran.err.contains("http/protobuf") && ran.out.is_empty(), "{ran:?}");
    let replay = with(command(&["replay", &fixture("dl-034/before-fix.jsonl"), "-q"]), &variables[..1]).output();
    assert_eq!(replay.unwrap().status.code(), Some(4));
    assert!(receiver.got.lock().unwrap().is_empty());
}
