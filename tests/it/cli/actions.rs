//! Actions: what a live run does when a trigger fires, once, and what holds it back.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::program::{Ran, command, ended, eventually, logwatch, objects};

const PLAN: &str = r#"
[plan]
id = "shop"
title = "A shop"

[[trigger]]
id = "fails"
severity = "rollback"
when = "count(http.request{status=5xx}[1m]) >= 3"

[[manual]]
id = "carts"
what = "a cart can be filled"
ask = "fill one with pears"
"#;

struct Shop {
    folder: tempfile::TempDir,
    /// When the log ends.
    now: DateTime<Utc>,
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn request(at: DateTime<Utc>, status: u16) -> String {
    let message = format!("INFO:     100.64.0.3:41000 - \"GET /a HTTP/1.1\" {status} OK");
    format!("{}\n", json!({"timestamp": stamp(at), "level": "info", "message": message}))
}

impl Shop {
    /// A shop with this `[[action]]`, which writes what it gets to the file `done`.
    fn new(action: &str) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let done = folder.path().join("done");
        let command = format!("command = [\"sh\", \"-c\", \"cat >> '{}'\"]", done.display());
        let plan = format!("{PLAN}\n[[action]]\nid = \"stop\"\n{}\n", action.replace("COMMAND", &command));
        fs::write(folder.path().join("plan.toml"), plan).unwrap();
        Shop { folder, now: Utc::now() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What was done, as the program that does it got it.
    fn done(&self) -> Vec<Value> {
        objects(&fs::read_to_string(self.path("done")).unwrap_or_default().replace("}{", "}\n{"))
    }

    fn second(&self, second: i64) -> DateTime<Utc> {
        self.now + TimeDelta::seconds(second)
    }

    /// Deployed half a minute before the end of the log, which then has failures.
    fn failing(&self) -> String {
        let ok: String = (-30..-10).map(|second| request(self.second(second), 200)).collect();
        ok + &(-10..0).map(|second| request(self.second(second), 500)).collect::<String>()
    }

    /// A live run, which goes on until something `holds`.
    fn live(&self, log: &str, more: &[&str], mut holds: impl FnMut(&str) -> bool) -> Ran {
        let out = self.path("out.jsonl");
        let (plan, deployed) = (self.path("plan.toml"), stamp(self.second(-30)));
        let own = ["--plan", &plan, "--deployed-at", &deployed, "--format", "json"];
        let mut command = command(&[&own[..], more].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(fs::File::create(&out).unwrap()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(log.as_bytes()).unwrap();
        let told = || fs::read_to_string(&out).unwrap();
        // A service that works tells the time.
        let mut next = 1;
        eventually("it is told", || {
            if Utc::now() >= self.second(next) {
                pipe.write_all(request(self.second(next), 404).as_bytes()).unwrap();
                next += 1;
            }
            holds(&told())
        });
        drop(pipe);
        let ran = ended(child, Duration::from_secs(5));
        Ran { out: told(), ..ran }
    }

    fn allowed(&self) -> [String; 3] {
        ["--allow-actions".into(), "--answers".into(), self.path("said.jsonl")]
    }

    /// The same with what it takes to do something.
    fn live_and_allowed(&self, log: &str, holds: impl FnMut(&str) -> bool) -> Ran {
        let allowed = self.allowed();
        self.live(log, &allowed.each_ref().map(String::as_str), holds)
    }

    fn recorded(&self) -> Vec<Value> {
        let said = objects(&fs::read_to_string(self.path("said.jsonl")).unwrap_or_default());
        said.into_iter().filter(|said| said["type"] == "action").collect()
    }
}

/// The events of actions: their states, and why.
fn told(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let actions = objects(&ran.out).into_iter().filter(|event| event["type"] == "action");
    actions.map(|event| (text(&event["state"]), text(&event["because"]))).collect()
}

fn is_done(out: &str) -> bool {
    out.contains("\"state\":\"done\"")
}

fn is_held(out: &str) -> bool {
    out.contains("\"state\":\"held\"")
}

#[test]
fn an_action_is_done_once_for_a_deployment() {
    let shop = Shop::new("on = [\"rollback\"]\nexecute = true\nCOMMAND");
    let ran = shop.live_and_allowed(&shop.failing(), is_done);
    assert_eq!(
        (told(&ran), ran.status),
        (vec![("started".into(), String::new()), ("done".into(), String::new())], Some(4))
    );
    let done = shop.done();
    assert_eq!(done.len(), 1);
    assert_eq!(
        (&done[0]["action"], &done[0]["event"]["id"], &done[0]["plan"]),
        (&json!("stop"), &json!("fails"), &json!("shop"))
    );
    let recorded = shop.recorded();
    let states: Vec<_> =
        recorded.iter().map(|deed| (deed["id"].as_str(), deed["trigger"].as_str(), deed["state"].as_str())).collect();
    assert_eq!(states, [(Some("stop"), Some("fails"), Some("started")), (Some("stop"), Some("fails"), Some("done"))]);
    // A run that is started anew knows it by the file.
    let again = shop.live_and_allowed(&shop.failing(), |out| out.contains("\"type\":\"verdict\""));
    assert_eq!((told(&again), shop.done().len(), shop.recorded().len()), (vec![], 1, 2));
}

#[test]
fn a_run_with_a_state_knows_by_it_what_was_done() {
    let shop = Shop::new("on = [\"rollback\"]\nexecute = true\nCOMMAND");
    let state = shop.path("run.state");
    let more = ["--allow-actions", "--state", &state];
    let ran = shop.live(&shop.failing(), &more, is_done);
    assert_eq!(told(&ran), [("started".into(), String::new()), ("done".into(), String::new())]);
    let begin = Instant::now();
    let again = shop.live(&shop.failing(), &more, |_| begin.elapsed() > Duration::from_secs(2));
    assert_eq!((told(&again), shop.done().len()), (vec![], 1), "{}", again.err);
    assert!(again.err.contains("goes on from"), "{}", again.err);
}

#[test]
fn without_both_safety_catches_taken_off_it_is_left_to_a_person() {
    for (action, allowed, because) in [
        ("on = [\"fails\"]\nCOMMAND", true, "the plan does not say `execute = true`"),
        ("on = [\"fails\"]\nexecute = true\nCOMMAND", false, "--allow-actions is not given"),
        ("on = [\"fails\"]\nexecute = true\ndo = \"railway-rollback\"", false, "--allow-actions is not given"),
        ("on = [\"fails\"]\ndo = \"ask\"", false, "carts: a cart can be filled (fill one with pears)"),
    ] {
        let shop = Shop::new(action);
        let ran = match allowed {
            true => shop.live_and_allowed(&shop.failing(), is_held),
            false => shop.live(&shop.failing(), &[], is_held),
        };
        assert_eq!(told(&ran), [("held".to_string(), because.to_string())]);
        assert!(shop.done().is_empty() && shop.recorded().is_empty());
    }
}

/// What was so before the deployment is not mended by going back.
#[test]
fn what_was_so_before_the_deployment_is_left_to_a_person() {
    let shop = Shop::new("on = [\"rollback\"]\nexecute = true\nCOMMAND");
    let log: String =
        (-600..0).map(|second| request(shop.second(second), if second % 10 == 0 { 500 } else { 200 })).collect();
    let ran = shop.live_and_allowed(&log, is_held);
    assert!(told(&ran)[0].1.starts_with("it was so before this deployment, too"), "{:?}", told(&ran));
    let fired = objects(&ran.out).into_iter().find(|event| event["type"] == "trigger").unwrap();
    assert_eq!(fired["also_before"], true);
    assert!(shop.done().is_empty() && shop.recorded().is_empty());
}

#[test]
fn somebody_who_acknowledges_a_trigger_keeps_it_from_being_escalated() {
    let action = "on = [\"rollback\"]\nafter = \"2s\"\nexecute = true\nCOMMAND";
    let shop = Shop::new(action);
    let ran = shop.live_and_allowed(&shop.failing(), is_done);
    let events = objects(&ran.out);
    let at = |of: &str, state: &str| -> DateTime<Utc> {
        let event = events.iter().find(|event| event["type"] == of && event["state"] == state).unwrap();
        event["at"].as_str().unwrap().parse().unwrap()
    };
    assert!(at("action", "started") - at("trigger", "firing") >= TimeDelta::seconds(2));
    let shop = Shop::new(action);
    let acknowledged = logwatch(&[
        "ack",
        "fails",
        "--answers",
        &shop.path("said.jsonl"),
        "--plan",
        &shop.path("plan.toml"),
        "--by",
        "ann",
    ]);
    assert_eq!(acknowledged.status, Some(0), "{}", acknowledged.err);
    let later = shop.second(4);
    let ran = shop.live_and_allowed(&shop.failing(), |_| Utc::now() > later);
    assert_eq!((told(&ran), shop.done().len()), (vec![], 0));
    assert_eq!(objects(&ran.out).pop().unwrap()["triggers"][0]["acknowledged"]["by"], "ann");
}

#[test]
fn what_fails_is_told_and_not_tried_again() {
    let shop = Shop::new("on = [\"rollback\"]\nexecute = true\ncommand = [\"sh\", \"-c\", \"exit 7\"]");
    let ran = shop.live_and_allowed(&shop.failing(), |out| out.contains("\"state\":\"failed\""));
    assert_eq!(told(&ran)[1], ("failed".into(), "the program ended with exit status: 7".into()));
    assert_eq!(shop.recorded()[1]["because"], "the program ended with exit status: 7");
}

/// What fired long ago is history, and so is what a file holds.
#[test]
fn nothing_is_done_about_what_was() {
    let shop = Shop::new("on = [\"rollback\"]\nexecute = true\nCOMMAND");
    let allowed = shop.allowed();
    let more = allowed.each_ref().map(String::as_str);
    fs::write(shop.path("app.jsonl"), shop.failing()).unwrap();
    let plan = shop.path("plan.toml");
    let deployed = stamp(shop.second(-30));
    fs::write(shop.path("said.jsonl"), "").unwrap();
    let arguments =
        ["replay", &shop.path("app.jsonl"), "--plan", &plan, "--deployed-at", &deployed, "--format", "json"];
    let replayed = logwatch(&[&arguments[..], &more].concat());
    assert_eq!((replayed.status, told(&replayed)), (Some(4), vec![]), "{}", replayed.err);
    let shop = Shop { now: shop.now - TimeDelta::hours(1), ..shop };
    let ran = shop.live(&shop.failing(), &more, |out| out.contains("\"type\":\"verdict\""));
    assert_eq!((ran.status, told(&ran)), (Some(4), vec![]));
    assert!(shop.done().is_empty() && shop.recorded().is_empty());
}

#[test]
fn what_is_wrong_with_an_action_is_said_with_its_place() {
    for (action, says) in [
        ("on = [\"fail\"]\nCOMMAND", "`fail` is no trigger, nor `rollback` or `investigate`; did you mean `fails`?"),
        ("on = []\nCOMMAND", "`on` is empty"),
        ("on = [\"fails\"]", "an `[[action]]` has one of `do` and `command`"),
        ("on = [\"fails\"]\ndo = \"reboot\"", "unknown variant `reboot`"),
        ("on = [\"fails\"]\ncommand = []", "`command` is empty"),
        ("on = [\"fails\"]\nCOMMAND\nforce = true", "unknown field `force`"),
        (
            "on = [\"fails\"]\nCOMMAND\n[[action]]\nid = \"stop\"\non = [\"fails\"]\ndo = \"ask\"",
            "two actions are called `stop`",
        ),
    ] {
        let shop = Shop::new(action);
        let ran = logwatch(&["plan", "check", &shop.path("plan.toml")]);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{action}");
        assert!(ran.err.contains(says) && ran.err.contains("plan.toml"), "{}", ran.err);
    }
    let shop = Shop::new("on = [\"fails\"]\nexecute = true\ndo = \"railway-rollback\"");
    let plan = shop.path("plan.toml");
    let ran = logwatch(&["--plan", &plan, "--allow-actions", "--answers", &shop.path("said.jsonl")]);
    assert!(ran.status == Some(2) && ran.err.contains("takes `logwatch watch` of one service"), "{ran:?}");
    let ran = logwatch(&["--plan", &plan, "--allow-actions"]);
    assert!(ran.status == Some(2) && ran.err.contains("--answers"), "{ran:?}");
}
