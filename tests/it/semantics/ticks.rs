//! Rule 4: ticks may be left out where the output cannot tell. A log whose gaps are filled with lines that mean nothing but time
//! has every tick looked at, so it must say the same as the log without them.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use logwatch::time::{Time, parse};
use proptest::prelude::*;
use serde_json::Value;

use super::case::{Case, access, app, job, noise, stamp, trouble};
use super::live::Live;

/// Rules of every kind that time alone can change.
const RULES: [(&str, &str); 30] = [
    ("count(job.trouble[20s]) > 0", "for = '15s'\nresolve_after = '7s'"),
    ("count(job.trouble) > 0", "resolve_after = '11m'"),
    ("count(job.trouble[1h]) >= 2", "for = '5m'"),
    ("absent(job.trouble[5m])", "for = '1m'"),
    ("zero(job.done{worker=\"a\"} of job.done)[10m]", "min_samples = 1"),
    ("not count(job.trouble[3m]) > 0", ""),
    ("gap(job.trouble[30m]) > 90s", ""),
    ("gap(job.done[2m]) > 5m or gap(job.done[2m]) == 200s", "resolve_after = '20s'"),
    ("gap(job.done) * 2 > 400s and count(job.done[30m]) < 3", ""),
    ("300s / gap(job.done) < 1 or 300s - 2 * gap(job.trouble) < gap(job.trouble)", ""),
    ("rate(job.done[deploy]) / rate(job.trouble[deploy]) > 2", ""),
    ("rate(job.done[deploy]) / 2 + rate(job.trouble[deploy]) < 10/h", ""),
    ("rate(job.done[5m]) < 1/min", "resolve_after = '30s'"),
    ("rate(job.done[deploy]) < 20/h", "for = '2m'"),
    ("rate(job.done[2m]) > 2 * rate(job.trouble[deploy])", ""),
    ("trend(count(job.done[2m])[5m]) > 1%/h", ""),
    ("trend(mean(job.done{}.took[1m])[3m]) < 0%/h", "for = '10s'"),
    ("trend(rate(job.done[deploy])[4m]) < 0%/h", ""),
    ("count(job.done[2m]) > 2 * baseline(count(job.done[2m]))", ""),
    ("count(job.done[1m]) by (worker) >= 2", "for = '30s'"),
    ("mean(job.done{}.took[90s]) > 100ms", "resolve_after = '5m'"),
    ("p50(interval(job.done) by (worker)[10m]) > 30s", ""),
    ("streak(job.done{worker=\"a\"} of job.done) >= 2", "for = '40s'"),
    ("distinct(job.done{}.worker[3m]) < 2", "for = '3m'"),
    ("count(job.done{worker=\"a\"}) / count(job.done) > 30%", "confidence = 0.6\nfor = '1m'"),
    ("count(job.done{worker=\"a\"}[3m]) by (worker) / count(job.done[3m]) by (worker) > 30%", "confidence = 0.5"),
    ("count(job.done{worker=\"b\"}[9m]) / count(job.done[9m]) < 70%", "confidence = 0.5\nresolve_after = '50s'"),
    ("p50(job.done{}.took[5m]) by (worker) > 60ms", "confidence = 0.5"),
    ("p50(job.done{}.took[5m]) > 60% * baseline(p50(job.done{}.took[5m]), 90ms)", "confidence = 0.5"),
    ("p50(interval(job.done) by (worker)[10m]) > 5s or p50(job.done{}.took) < 60ms", "confidence = 0.5"),
];

/// A few rules at a time, for each has ticks looked at that another would leave out.
fn case(header: &str, rules: &[(&str, &str)], kpi: Option<&str>, success: &[&str]) -> Case {
    let case = Case::new().header(header).header("[plan.baseline]\nwindow = '10m'\nmin_samples = 1");
    let case = kpi.into_iter().fold(case, |case, kpi| case.kpi(kpi, "> 0"));
    let success = success.iter().zip(0..).map(|(check, number)| {
        format!("[[success]]\nid = '{number}'\ntitle = 'x'\nafter = '2m'\ncheck = [{{ id = 'x', {check} }}]\n")
    });
    let case = success.fold(case, |case, success| case.written(&success));
    rules.iter().zip(0..).fold(case, |case, ((when, more), number)| case.rule("info", &format!("{number}"), when, more))
}

/// Criteria of success; the first trigger is always there.
const CHECKS: [&str; 6] = [
    "not_fired = ['0']",
    "expect = '''zero(job.done{worker=\"a\"} of job.done)[3m]'''",
    "expect = 'gap(job.trouble) > 90s'",
    "expect = 'trend(count(job.done[2m]))[2m] > 1%/h'",
    "expect = 'rate(job.done[10m]) < 20/h'",
    "expect = 'count(job.done[1m]) > 2 * baseline(count(job.done[1m]))'",
];

/// Key figures that remember what they came to.
const KPIS: [&str; 4] = [
    "trend(count(job.done[2m]))[5m]",
    "trend(rate(job.done[deploy]))[4m]",
    "trend(gap(job.done[deploy]))[10m]",
    "trend(mean(job.done{}.took[5m]) / baseline(mean(job.done{}.took)))[1m]",
];

/// A record `nanoseconds` after half past one.
fn record(kind: usize, nanoseconds: i64) -> (i64, String) {
    let begin = parse(stamp("13:30:00").as_bytes()).expect("a time");
    let time = begin.saturating_add(nanoseconds);
    let clock = &time.to_string()[11..].replace('Z', "");
    let line = match kind {
        0 => trouble(clock),
        1 => job(clock, "by a in 50 ms"),
        2 => job(clock, "by b in 200 ms"),
        3 => job(clock, "in 70 ms"),
        4 => app(clock, "warn", "Railway rate limit of 500 logs/sec reached for replica. Messages dropped: 50"),
        _ => noise(clock),
    };
    (time.second(), line)
}

/// What the triggers did, and what became of them and the key figures.
fn told(case: &Case, lines: &[String]) -> (Vec<String>, Value) {
    let mut live = Live::new(case);
    let source = live.source("log");
    let mut changes = live.feed(source, lines);
    changes.extend(live.close(source));
    let (last, summary) = live.finish();
    changes.extend(last);
    (changes, serde_json::to_value((&summary.triggers, &summary.kpis)).expect("a summary is JSON"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn leaving_out_ticks_cannot_be_seen(
        steps in prop::collection::vec((0usize..6, prop_oneof![3 => 100i64..3_000, 3 => 3_000i64..90_000, 1 => 90_000i64..1_500_000]), 1..40),
        rules in prop::sample::subsequence(RULES.to_vec(), 1..3),
        kpi in prop::option::of(prop::sample::select(KPIS.to_vec())),
        checks in prop::sample::subsequence(CHECKS.to_vec(), 0..3),
        header in prop::sample::select(vec!["", "duration = '20m'", "at = '2025-08-25T13:37:00Z'", "at = '2025-08-25T13:33:10Z'\nduration = '9m'"]),
    ) {
        let mut now = 250_000_000;
        let mut sparse = vec![record(5, now)];
        for (kind, step) in steps {
            now += step * 1_000_000;
            sparse.push(record(kind, now));
        }
        let mut dense = Vec::new();
        for pair in sparse.windows(2) {
            dense.push(pair[0].1.clone());
            for second in pair[0].0 + 1..=pair[1].0 {
                let since = Time::from_second(second).0 - parse(stamp("13:30:00").as_bytes()).expect("a time").0;
                dense.push(record(5, since).1);
            }
        }
        dense.extend(sparse.last().map(|(_, line)| line.clone()));
        let sparse: Vec<String> = sparse.into_iter().map(|(_, line)| line).collect();
        let case = case(header, &rules, kpi, &checks);
        prop_assert_eq!(told(&case, &sparse), told(&case, &dense), "{:?} {:?} {:?}\n{}", rules, kpi, checks, sparse.join("\n"));
    }
}

/// The first record of an error, a line far in the future that may continue it, and one that confirms its time.
fn with_a_wrong_clock(far: &str) -> Vec<String> {
    let frame = app("13:40:21", "error", r#"  File "/app/x.py", line 18, in f"#);
    vec![app("13:40:21", "error", "KeyError: 'leverage'"), frame.replace("2025-", far), "a bare line".into()]
}

fn years_later(line: String) -> String {
    line.replace("2025-", "2225-")
}

/// Whatever holds the rules up, or has them wait for a time.
#[test]
fn a_gap_of_centuries_takes_no_time() {
    let request = || vec![access("13:50:09", "/a", 200)];
    let two = |case: Case| case.log("a.log", with_a_wrong_clock("2125-")).log("b.log", request());
    let year = "duration = '366d'\nwindow = '366d'";
    let cases = [
        ("two sources", two(Case::new().argument("--plan").argument("default"))),
        ("three sources", two(Case::new()).log("c.log", [noise("13:45:00"), noise("13:55:00")])),
        ("a source that ends with the gap", two(Case::new()).log("c.log", with_a_wrong_clock("2205-"))),
        ("an entry that is open", Case::new().log("a.log", with_a_wrong_clock("2125-"))),
        ("an end far away", two(Case::new().argument("--until").argument("2250-01-01T00:00:00Z"))),
        ("a deployment far away", two(Case::new().argument("--deployed-at").argument("2250-01-01T00:00:00Z"))),
        ("a range before the gap", two(Case::new().argument("--since").argument("2025-08-25 13:45"))),
        (
            "something pending",
            two(Case::new().header(year).rule("rollback", "p", "absent(job.done[1h])", "for = '365d'")),
        ),
        (
            "something to be resolved",
            two(Case::new().header(year).rule("info", "p", "count(http.request[1s]) > 0", "resolve_after = '365d'")),
        ),
        ("a long window", two(Case::new().header(year).rule("info", "p", "p95(job.done{}.took) > 1s", ""))),
    ];
    for (name, case) in cases {
        let start = Instant::now();
        let outcome = case.run();
        assert!(outcome.input("lines") >= 3);
        assert!(start.elapsed().as_secs() < 3, "{name}: {:?}", start.elapsed());
    }
    // A year in which every rule is armed, but for those of which every tick has to be looked at.
    for (when, more) in
        RULES.iter().filter(|(when, _)| !["trend(rate", "/ gap", "/ rate"].iter().any(|every| when.contains(every)))
    {
        let lines = [
            trouble("13:30:00"),
            job("13:30:01", "by a in 50 ms"),
            years_later(noise("13:30:00")),
            years_later(noise("13:30:01")),
        ];
        let case = Case::new().header(year).rule("info", "rule", when, more).log("a.log", lines);
        let start = Instant::now();
        case.run();
        assert!(start.elapsed().as_secs() < 3, "{when}: {:?}", start.elapsed());
    }
}

/// An entry that is open when records of another source pass it is in the windows all the same.
#[test]
fn an_open_entry_holds_the_rules_back() {
    let case = || Case::new().kpi("count(app.error[deploy])", ">= 0").kpi("count(http.request[deploy])", ">= 0");
    let outcome = case().log("a.log", with_a_wrong_clock("2125-")).log("b.log", [access("13:50:09", "/a", 200)]).run();
    assert_eq!(
        (outcome.value("count(app.error[deploy])"), outcome.value("count(http.request[deploy])")),
        (Some(1.0), Some(1.0))
    );
}

/// A year of which every tick has to be looked at.
fn a_long_way() -> Case {
    let far = |line: String| line.replace("2025-", "2026-");
    let lines = [job("13:30:00", ""), far(noise("13:30:00")), far(noise("13:30:01"))];
    let case =
        Case::new().header("duration = '366d'").rule("info", "r", "trend(rate(job.done[deploy])[1m]) > 1%/h", "");
    case.log("a.log", lines)
}

/// Whoever stops the run gets its end at once.
#[test]
fn a_run_that_is_stopped_ends_soon() {
    let case = a_long_way();
    let mut live = Live::new(&case);
    let stop = Arc::new(AtomicBool::new(true));
    live.session.engine.stop_when(stop);
    let source = live.source("log");
    let start = Instant::now();
    let lines = std::fs::read_to_string(case.file("a.log")).expect("the log");
    live.feed(source, &lines.lines().map(str::to_string).collect::<Vec<_>>());
    let (_, summary) = live.finish();
    assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    assert_eq!((summary.input.lines, summary.classes["job.done"].count), (3, 1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_long_way_soon() {
    let case = a_long_way();
    let mut child = case.command(&["replay"], &[case.file("a.log")]).stdout(Stdio::piped()).spawn().expect("it runs");
    let pid = child.id().to_string();
    // Half a second of its own work, so that it is on its way.
    let worked = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("its state");
        stat.split(' ').nth(13).expect("user time").parse::<u64>().expect("a number") >= 50
    };
    while !worked() {
        assert!(child.try_wait().expect("a child").is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").arg(&pid).status().expect("kill runs").success());
    let start = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    let last = String::from_utf8_lossy(&output.stdout).lines().last().map(str::to_string).expect("a summary");
    assert!(last.contains(r#""verdict":"unknown""#), "{last}");
}
