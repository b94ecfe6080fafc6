//! `check` and `signal` record what people say, and a run reads it.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use chrono::{TimeDelta, Utc};

use super::logs::{at, healthy};
use crate::support::program::{Ran, eventually, fixture, logwatch};

const PLAN: &str = r#"
[plan]
id = "shop"
title = "A shop"

[[pattern]]
class = "signal.angry_letter"
about = "A letter"
parser = "signal"
labels = ["by"]

[[trigger]]
id = "letters"
severity = "rollback"
when = "count(signal.angry_letter[deploy]) >= 2 and distinct(signal.angry_letter{}.by[deploy]) >= 2"

[[checkpoint]]
id = "30s"
title = "What people see"
at = "30s"
check = [
  { id = "answers", about = "somebody is served", expect = "count(http.request{status=2xx}[deploy]) > 3" },
  { id = "carts", manual = "carts" },
]

[[success]]
id = "day"
title = "A day without trouble"
after = "24h"
check = [{ id = "letters", not_fired = ["letters"] }]

[[manual]]
id = "carts"
what = "a cart can be filled"
ask = "fill one with pears"
"#;

struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shop.toml"), PLAN).unwrap();
        fs::write(folder.path().join("app.jsonl"), healthy(0..90)).unwrap();
        Shop { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// With the shop's plan and file of answers.
    fn run(&self, arguments: &[&str]) -> Ran {
        logwatch(&[arguments, &["--plan", &self.path("shop.toml"), "--answers", &self.path("said.jsonl")]].concat())
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path("said.jsonl")).unwrap()
    }
}

#[test]
fn what_is_recorded_is_read() {
    let shop = Shop::new();
    let at = at(40);
    let answer = ["check", "carts", "--pass", "--note", "pears and all", "--by", "ann", "--at", &at];
    let ran = shop.run(&answer);
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, format!("recorded in {}\n", shop.path("said.jsonl")));
    for by in ["bob", "eve"] {
        let ran = shop.run(&["signal", "angry_letter", "--text", "no pears", "--by", by, "--at", &at]);
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    }
    let expected = format!(
        "{{\"type\":\"check\",\"at\":\"{at}\",\"item\":\"carts\",\"status\":\"pass\",\"by\":\"ann\",\"note\":\"pears and all\"}}\n\
         {{\"type\":\"signal\",\"at\":\"{at}\",\"name\":\"angry_letter\",\"by\":\"bob\",\"text\":\"no pears\"}}\n\
         {{\"type\":\"signal\",\"at\":\"{at}\",\"name\":\"angry_letter\",\"by\":\"eve\",\"text\":\"no pears\"}}\n"
    );
    assert_eq!(shop.said(), expected);
    let ran = shop.run(&[&shop.path("app.jsonl")]);
    assert_eq!(ran.status, Some(4), "{}", ran.out);
    for part in [
        "ROLLBACK    letters",
        "| bob: no pears",
        "CHECKPOINT  30s                 unknown  1 of 2 pass, 1 to be answered",
        "CHECKPOINT  30s                 pass     2 of 2 pass",
        "SUCCESS  day not reached",
    ] {
        assert!(ran.out.contains(part), "no `{part}` in\n{}", ran.out);
    }
}

/// A line that somebody was stopped in is not gone on with.
#[test]
fn a_line_is_added_to_whatever_is_there() {
    let shop = Shop::new();
    fs::write(shop.path("said.jsonl"), "{\"type\":").unwrap();
    assert_eq!(shop.run(&["check", "carts", "--fail"]).status, Some(0));
    let said = shop.said();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[1].starts_with("{\"type\":\"check\"") && lines[1].contains("\"status\":\"fail\""), "{said}");
    let ran = shop.run(&[&shop.path("app.jsonl")]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("said.jsonl:1: EOF while parsing"), "{}", ran.err);
}

#[test]
fn what_nobody_asks_is_refused() {
    let shop = Shop::new();
    let refused = |arguments: &[&str], part: &str| {
        let ran = shop.run(arguments);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
        assert!(ran.err.contains(part), "no `{part}` in {}", ran.err);
    };
    refused(&["check", "cart", "--pass"], "asks no manual item `cart`; did you mean `carts`?");
    refused(&["check", "carts"], "<--pass|--fail>");
    refused(&["check", "carts", "--pass", "--fail"], "cannot be used with");
    refused(&["check", "carts", "--pass", "--at", "noon"], "`noon` is no time");
    refused(&["signal", "angry_leter"], "did you mean `angry_letter`?");
    refused(&["signal", "nonsense"], "there is angry_letter, user_complaint, user_confusion, user_praise");
    assert!(!fs::exists(shop.path("said.jsonl")).unwrap());
    let log = shop.path("app.jsonl");
    for (said, part) in [
        (
            r#"{"type":"check","item":"pears","status":"pass","at":"2025-08-25"}"#,
            "said.jsonl:1: no manual item `pears`; there is carts",
        ),
        (
            r#"{"type":"signal","name":"user_complain","at":"2025-08-25"}"#,
            "said.jsonl:1: no signal `user_complain`; did you mean `user_complaint`?",
        ),
    ] {
        fs::write(shop.path("said.jsonl"), said).unwrap();
        refused(&[&log], part);
    }
    fs::remove_file(shop.path("said.jsonl")).unwrap();
    refused(&[&log], "said.jsonl");
    fs::write(shop.path("said.jsonl"), "").unwrap();
    refused(&[&log, "--record", &shop.path("said.jsonl")], "would write over the answers");
}

/// Nothing that people say is shown with a secret in it.
#[test]
fn secrets_in_what_people_say_are_masked() {
    let shop = Shop::new();
    let token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    let note = format!("token={token}");
    shop.run(&["check", "carts", "--fail", "--note", &note, "--at", "2025-09-01T00:00:00Z"]);
    shop.run(&["signal", "angry_letter", "--text", &note, "--by", "ann", "--at", "2025-09-01T00:00:00Z"]);
    for format in ["text", "json"] {
        let ran = shop.run(&[&shop.path("app.jsonl"), "--format", format]);
        assert!(!ran.out.contains(token), "{}", ran.out);
    }
}

/// A plan without people has no such section.
#[test]
fn plans_without_checkpoints_say_nothing_of_them() {
    let ran = logwatch(&[&fixture("dl-034/before-fix.jsonl")]);
    assert!(!ran.out.contains("CHECKPOINTS") && !ran.out.contains("SUCCESS"), "{}", ran.out);
}

/// What is said while a run is live counts in it, whoever comes first: the file or the run. A line that says nothing is told and left out.
#[test]
fn a_live_run_hears_what_is_said_meanwhile() {
    let shop = Shop::new();
    let out = fs::File::create(shop.path("out.jsonl")).unwrap();
    let [plan, answers] = ["shop.toml", "said.jsonl"].map(|name| shop.path(name));
    let recording = shop.path("run");
    let arguments = ["--plan", &plan, "--answers", &answers, "--format", "json", "--record", &recording];
    let mut command = crate::support::program::command(&arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(out).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let line = |seconds: i64| {
        let at = (Utc::now() + TimeDelta::seconds(seconds)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        format!("{{\"timestamp\":\"{at}\",\"level\":\"info\",\"message\":\"works\"}}\n")
    };
    pipe.write_all(line(0).as_bytes()).unwrap();
    eventually("it has begun", || fs::read_to_string(&recording).is_ok_and(|kept| kept.contains("works")));
    for by in ["bob", "eve"] {
        assert_eq!(shop.run(&["signal", "angry_letter", "--text", "no pears", "--by", by]).status, Some(0));
        fs::OpenOptions::new().append(true).open(shop.path("said.jsonl")).unwrap().write_all(b"nonsense\n").unwrap();
    }
    let told = || fs::read_to_string(shop.path("out.jsonl")).unwrap();
    // The run looks once a second; then the log goes on.
    let mut seconds = 3;
    eventually("the letters are heard", || {
        pipe.write_all(line(seconds).as_bytes()).unwrap();
        seconds += 1;
        std::thread::sleep(std::time::Duration::from_millis(300));
        told().contains("\"state\":\"firing\"")
    });
    // By the clock of the log, which is ahead here.
    let later = (Utc::now() + TimeDelta::seconds(60)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let acknowledge = ["ack", "letters", "--by", "ann", "--note", "on it", "--at", &later];
    assert_eq!(shop.run(&acknowledge).status, Some(0));
    let said = || std::fs::read_to_string(&answers).unwrap().contains("\"type\":\"ack\"");
    assert!(said());
    std::thread::sleep(std::time::Duration::from_millis(1_300));
    drop(pipe);
    let ran = crate::support::program::ended(child, std::time::Duration::from_secs(5));
    assert_eq!((ran.status, ran.err.matches("said.jsonl:").count()), (Some(4), 2), "{}", ran.err);
    let summary = crate::support::program::objects(&told()).pop().unwrap();
    let acknowledged = &summary["triggers"][0]["acknowledged"];
    assert_eq!((&acknowledged["by"], &acknowledged["note"]), (&"ann".into(), &"on it".into()), "{summary}");
    let unknown = shop.run(&["ack", "leters"]);
    assert!(unknown.status == Some(2) && unknown.err.contains("did you mean `letters`?"), "{unknown:?}");
}
