//! What is served at `/metrics`: the numbers are those of the summary, and Prometheus reads them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::logs::{healthy, request};
use super::notify::plan;
use super::serve::{Served, ask};
use crate::support::endpoint::{Answer, Endpoint};
use crate::support::program::{eventually, fixture, logwatch};

/// The series of a text, with their values.
fn series(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            (name.to_string(), value.parse().expect("a number"))
        })
        .collect()
}

fn over(log: &str) -> (Served, Value) {
    let arguments = ["replay", &fixture(log), "--format", "json"];
    let summary = logwatch(&arguments).summary();
    let served = Served::local(&arguments);
    eventually("the run is over", || served.get("/api/events").body.contains(r#""type":"summary""#));
    (served, summary)
}

#[test]
fn the_numbers_are_those_of_the_summary() {
    let (served, summary) = over("verdicts/latency-x10.http.jsonl");
    let answer = served.get("/metrics");
    assert!(answer.head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{}", answer.head);
    assert!(answer.body.ends_with("# EOF\n"));
    let series = series(&answer.body);
    let sum = |start: &str, part: &str| -> f64 {
        series.iter().filter(|(name, _)| name.starts_with(start) && name.contains(part)).map(|(_, value)| value).sum()
    };
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value}"));
    assert_eq!(sum("logwatch_requests_total{", ""), number(&summary["http"]["requests"]));
    let mut timed = 0;
    for route in summary["http"]["by_route"].as_array().unwrap() {
        let of = format!("method={},route={}", route["method"], route["route"]);
        assert_eq!(sum("logwatch_requests_total{", &of), number(&route["count"]), "{of}");
        assert_eq!(sum("logwatch_requests_total{", &format!("{of},status=\"5xx\"")), number(&route["5xx"]), "{of}");
        let bucket = |le: &str| series.get(&format!("logwatch_request_duration_seconds_bucket{{le=\"{le}\",{of}}}"));
        let Some(all) = bucket("+Inf") else { continue };
        timed += 1;
        assert_eq!(series[&format!("logwatch_request_duration_seconds_count{{{of}}}")], *all);
        // They add up, and the percentile lies where they say.
        let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0"];
        let counts = bounds.map(|le| *bucket(le).unwrap_or_else(|| panic!("{le} of {of}")));
        assert!(counts.is_sorted() && counts[11] <= *all, "{counts:?}");
        let p95 = number(&route["p95_ms"]) / 1e3;
        for (le, count) in bounds.iter().zip(counts) {
            assert_eq!(count >= 0.95 * all, p95 <= le.parse::<f64>().unwrap(), "{of} {le}: {count} of {all}, {p95}");
        }
    }
    assert!(timed > 0, "no route has durations");
    for (class, total) in summary["classes"].as_object().unwrap() {
        assert_eq!(series[&format!("logwatch_events_total{{class=\"{class}\"}}")], number(&total["count"]));
    }
    assert_eq!(sum("logwatch_lines_total{", ""), number(&summary["input"]["lines"]));
    assert_eq!(series[&format!("logwatch_verdict{{verdict={}}}", summary["verdict"])], 1.0);
    assert_eq!(sum("logwatch_verdict{", ""), 1.0);
    for trigger in summary["triggers"].as_array().unwrap() {
        let of = format!("{{trigger={},severity={}", trigger["id"], trigger["severity"]);
        assert_eq!(series[&format!("logwatch_trigger_state{of},state={}}}", trigger["state"])], 1.0);
        assert_eq!(series[&format!("logwatch_trigger_fired_total{of}}}")], number(&trigger["fired"]));
    }
    served.signal();
}

/// What waits for a receiver that hangs, and for one that takes what it is sent.
#[test]
fn what_waits_for_receivers_is_told() {
    let (hangs, works) = (Endpoint::start(&[Answer::Never]), Endpoint::start(&[Answer::Status(200)]));
    let plan = plan("[[notify]]\nwebhook = \"env:HANGS\"\n[[notify]]\nwebhook = \"env:WORKS\"");
    let variables = [("HANGS", hangs.url.as_str()), ("WORKS", works.url.as_str())];
    let mut served = Served::with(&["--plan", plan.path().to_str().unwrap()], "127.0.0.1:0", &variables);
    let failures: String = (30..33).map(|second| request(second, "/api/bots", 500)).collect();
    served.write(&(healthy(0..30) + &failures + &healthy(33..120)));
    let waiting = |receiver: &str| {
        let series = series(&served.get("/metrics").body);
        let waiting = series.get(&format!("logwatch_notifications_waiting{{receiver=\"{receiver}\"}}")).copied();
        assert!(
            waiting.is_none()
                || series[&format!("logwatch_notifications_left_out_total{{receiver=\"{receiver}\"}}")] == 0.0
        );
        waiting
    };
    eventually("one message waits, and none", || {
        waiting("notify 1 (webhook)") >= Some(1.0) && waiting("notify 2 (webhook)") == Some(0.0)
    });
    assert!(!works.got().is_empty());
    // Twice: what waits is not waited for.
    let process = served.child.id().to_string();
    Command::new("kill").args(["-INT", &process]).status().unwrap();
    std::thread::sleep(Duration::from_millis(1_200));
    served.signal();
}

/// The dashboard and the alerts ask for what there is.
#[test]
fn the_dashboard_and_the_alerts_ask_for_what_there_is() {
    let (served, _) = over("dl-034/before-fix.jsonl");
    let text = served.get("/metrics").body;
    let kinds: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let there: BTreeSet<String> = kinds
        .iter()
        .flat_map(|(name, kind)| match *kind {
            "counter" => vec![format!("{name}_total")],
            "histogram" => ["bucket", "sum", "count"].map(|part| format!("{name}_{part}")).into(),
            _ => vec![(*name).to_string()],
        })
        .collect();
    for file in ["dashboard.json", "rules.yml"] {
        let asked = fs::read_to_string(format!("{}/docs/prometheus/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let words = asked.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
        let asked: BTreeSet<&str> = words.filter(|word| word.starts_with("logwatch_")).collect();
        assert!(asked.len() >= 5, "{file}: {asked:?}");
        asked.iter().for_each(|name| assert!(there.contains(*name), "{file} asks for {name}, of {there:?}"));
    }
    let board = fs::read(format!("{}/docs/prometheus/dashboard.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let board: Value = serde_json::from_slice(&board).unwrap();
    assert!(board["panels"].as_array().unwrap().len() > 10);
    served.signal();
}

/// With Prometheus' own programs: `cargo test --test it cli::metrics -- --ignored`.
#[test]
#[ignore = "needs prometheus and promtool"]
fn prometheus_reads_it_and_checks_the_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let rules = format!("{}/docs/prometheus/rules.yml", env!("CARGO_MANIFEST_DIR"));
    let checked = Command::new("promtool").args(["check", "rules", &rules]).output().expect("promtool runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let (served, summary) = over("verdicts/latency-x10.http.jsonl");
    let config = folder.path().join("prometheus.yml");
    let target = served.address;
    let text = format!(
        "global: {{scrape_interval: 1s}}\nrule_files: ['{rules}']\nscrape_configs: [{{job_name: logwatch, static_configs: [{{targets: ['{target}']}}]}}]\n"
    );
    fs::write(&config, text).unwrap();
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={listen}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus runs");
    let deadline = Instant::now() + Duration::from_secs(30);
    let told = loop {
        let asked = ask(listen, "GET /api/v1/query?query=sum(logwatch_requests_total)", &[], "").ok();
        let value: Option<Value> = asked.and_then(|answer| serde_json::from_str(&answer.body).ok());
        if let Some(told) = value.and_then(|value| value["data"]["result"][0]["value"][1].as_str().map(String::from)) {
            break Some(told);
        }
        if Instant::now() > deadline {
            break None;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    prometheus.kill().unwrap();
    prometheus.wait().unwrap();
    assert_eq!(told, Some(summary["http"]["requests"].to_string()));
    served.signal();
}
