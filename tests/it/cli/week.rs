//! A plan whose criteria look back a day and a week, on a log of a week.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::Stdio;

use logwatch::time::{SECOND, Time, parse};
use serde_json::{Value, json};
use wait4::Wait4;

use crate::support::program::{command, objects};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// An hour before the deployment, and some days after it: two lines a minute.
fn write(path: &std::path::Path, deployed_at: Time, days: i64) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for (number, second) in (-HOUR..days * DAY + HOUR).step_by(30).enumerate() {
        let at = deployed_at.saturating_add(second * SECOND).to_string();
        let message = |text: &str| json!({"timestamp": at, "level": "info", "message": text});
        let request = |method: &str, path: &str| json!({"timestamp": at, "method": method, "path": path, "httpStatus": 200, "totalDuration": 80 + number % 7, "requestId": number.to_string(), "deploymentId": "d-1", "srcIp": "203.0.113.7"});
        let line = match (second, number % 3) {
            (0, _) => message("INFO:     Started server process [1]"),
            (_, 0) => request("POST", "/api/user/exchanges"),
            (_, 1) => request("POST", "/api/create-bot"),
            _ => message("INFO:app.bots:bot refreshed"),
        };
        writeln!(file, "{line}").unwrap();
    }
    file.flush().unwrap();
}

/// What people answer in the end.
fn said(deployed_at: Time, days: i64) -> String {
    let at = deployed_at.saturating_add(days * DAY * SECOND).saturating_add(-HOUR * SECOND).to_string();
    let items = ["user-satisfaction", "onboarding", "development-velocity", "guardrails"];
    let answer =
        |item| json!({"type": "check", "item": item, "status": "pass", "at": at, "by": "ann"}).to_string() + "\n";
    items.map(answer).concat()
}

/// The statuses of the criteria of success, by id, and the most memory that it took, in bytes.
fn replayed(days: i64) -> (Value, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let deployed_at = parse(b"2025-08-25T14:00:00Z").unwrap();
    write(&path("week.jsonl"), deployed_at, days);
    std::fs::write(path("said.jsonl"), said(deployed_at, days)).unwrap();
    let arguments = ["replay", "week.jsonl", "--plan", "dl-034", "--answers", "said.jsonl", "--format", "json"];
    let out = File::create(path("out.jsonl")).unwrap();
    let mut command = command(&arguments);
    let mut child = command.current_dir(folder.path()).stdout(out).stderr(Stdio::null()).spawn().unwrap();
    let memory = child.wait4().unwrap().rusage.maxrss;
    let told = objects(&std::fs::read_to_string(path("out.jsonl")).unwrap());
    let success = told.last().unwrap()["success"].as_array().unwrap().clone();
    let status = |of: &Value| {
        (
            of["id"].as_str().unwrap().to_string(),
            of["checks"]
                .as_array()
                .unwrap()
                .iter()
                .map(|check| json!([check["id"], check["status"], check["because"]]))
                .collect::<Value>(),
        )
    };
    (success.iter().map(status).collect::<serde_json::Map<_, _>>().into(), memory)
}

#[test]
fn criteria_of_a_day_and_a_week_are_answered() {
    let [(_, day), (week, memory)] = std::thread::scope(|scope| {
        [1, 7].map(|days| scope.spawn(move || replayed(days))).map(|replayed| replayed.join().unwrap())
    });
    let passes = |id: &str| json!([id, "pass", null]);
    assert_eq!(week["medium-term"], json!(["exchanges", "bots", "satisfaction", "system"].map(passes)));
    assert_eq!(week["long-term"], json!(["regressions", "onboarding", "velocity", "guardrails"].map(passes)));
    // What is a second long is not held for a week.
    assert!(memory < day + (16 << 20), "{memory} bytes for a week, {day} for a day");
}
