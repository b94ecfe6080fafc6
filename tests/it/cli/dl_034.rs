//! The plan of DL-034, worked through from the deployment to the end of its monitoring.

use std::fs;

use serde_json::{Value, json};

use crate::support::program::{Ran, fixture, logwatch, objects};

const AFTER_FIX: [&str; 2] = ["dl-034/after-fix.jsonl", "dl-034/after-fix.http.jsonl.zst"];

fn answer(item: &str, status: &str, clock: &str) -> Value {
    json!({"type": "check", "item": item, "status": status, "at": format!("2025-08-25T{clock}Z"), "by": "ann"})
}

fn report(name: &str, clock: &str) -> Value {
    json!({"type": "signal", "name": name, "at": format!("2025-08-25T{clock}Z"), "by": "support"})
}

/// What people say when all is well.
fn all_well() -> Vec<Value> {
    let at = |clock: &'static str| move |item: &&str| answer(item, "pass", clock);
    let mut said = vec![answer("health-endpoint", "pass", "14:29:00"), answer("backend-memory", "pass", "14:45:00")];
    said.push(report("user_praise", "15:30:00"));
    said.extend(
        ["exchange-form", "bot-wizard", "algorithm-selection", "backend-memory", "cpu"].iter().map(at("15:50:00")),
    );
    said.extend(["user-satisfaction", "close-monitoring", "onboarding", "support-tickets"].iter().map(at("18:15:00")));
    said
}

fn replay(logs: &[&str], said: &[Value], format: &str) -> Ran {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<String> = said.iter().map(Value::to_string).collect();
    fs::write(&file, lines.join("\n")).unwrap();
    let logs: Vec<String> = logs.iter().map(|name| fixture(name)).collect();
    let logs = logs.iter().map(String::as_str).collect::<Vec<_>>();
    let options = ["--plan", "dl-034", "--format", format, "--answers", file.path().to_str().unwrap()];
    logwatch(&[&["replay"], &logs[..], &options].concat())
}

/// `14:30:02 30m unknown` for each checkpoint, criterion of success and change of the verdict.
fn course(out: &str) -> Vec<String> {
    let told = objects(out).into_iter().filter_map(|object| {
        let at = &object["at"].as_str()?[11..19].to_string();
        match object["type"].as_str()? {
            "checkpoint" | "success" => Some(format!("{at} {} {}", object["id"].as_str()?, object["status"].as_str()?)),
            "verdict" => Some(format!("{at} verdict {}", object["verdict"].as_str()?)),
            _ => None,
        }
    });
    told.collect()
}

#[test]
fn a_fix_that_works_is_declared_a_success() {
    let ran = replay(&AFTER_FIX, &all_well(), "json");
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    let expected = [
        "14:10:02 verdict healthy",
        "14:30:02 30m unknown",
        "14:45:01 30m pass",
        "16:00:02 2h unknown",
        "16:00:02 indicators pass",
        "18:00:02 4h unknown",
        "18:00:02 short-term pass",
        // No longer so far.
        "18:00:02 verdict healthy",
        "18:15:01 4h unknown",
        "14:00:02 medium-term pending",
        "14:00:02 long-term pending",
    ];
    assert_eq!(course(&ran.out), expected);
    let summary = ran.summary();
    // What it was before the deployment is not in this log.
    let open = |checkpoint: &Value| {
        let checks = checkpoint["checks"].as_array().unwrap().iter().filter(|check| check["status"] != "pass");
        checks.map(|check| check["because"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    let because = vec!["response-time was not known for most of the time".to_string()];
    let open: Vec<_> = summary["checkpoints"].as_array().unwrap().iter().map(open).collect();
    assert_eq!(open, [vec![], because.clone(), because]);
    assert_eq!(summary["next"][2], "close DL-034");
    let kpis = summary["kpis"].as_array().unwrap().iter();
    let unknown: Vec<&str> = kpis.filter(|kpi| kpi["status"] != "met").filter_map(|kpi| kpi["id"].as_str()).collect();
    // Of the first seconds only the access log tells, without durations.
    assert_eq!(unknown, ["exchange-response-time", "response-time-p95"]);
}

#[test]
fn users_who_complain_roll_it_back() {
    let clocks = ["14:40:00", "14:50:00", "15:00:00", "15:10:00"];
    let said: Vec<Value> = clocks.iter().map(|clock| report("user_complaint", clock)).collect();
    let ran = replay(&AFTER_FIX, &said, "json");
    assert_eq!(ran.status, Some(4));
    let course = course(&ran.out);
    assert_eq!(course[1..3], ["14:30:02 30m unknown", "15:10:01 verdict rollback"]);
    assert!(
        course.contains(&"18:00:02 4h fail".to_string()) && course.contains(&"18:00:02 short-term fail".to_string()),
        "{course:?}"
    );
    assert_eq!(ran.summary()["next"][0], "execute ROLLBACK_PLAN_EXCHANGES_FIX.md");
    assert_eq!(ran.summary()["reasons"][0], "rollback trigger user-complaints fired");
}

/// People read the same.
#[test]
fn the_screen_shows_checkpoints_with_what_is_open() {
    let out = replay(&AFTER_FIX, &all_well()[..2], "text").out;
    for line in [
        "14:30:02 CHECKPOINT  30m                 unknown  4 of 5 pass, 1 to be answered",
        "14:45:01 CHECKPOINT  30m                 pass     5 of 5 pass",
        "  30m  pass     5 of 5 pass at 14:45:01: Immediate functionality",
        "       manual   the monitoring can be closed: look at the checkpoints and key figures together: can…",
        "  medium-term, long-term not reached",
    ] {
        assert!(out.lines().any(|told| told == line), "no `{line}` in\n{out}");
    }
}
