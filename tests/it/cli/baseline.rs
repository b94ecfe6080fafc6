//! `logwatch baseline` saves what a service is like, and `--baseline` compares a deployment with it.

use std::fs;

use serde_json::{Value, json};

use super::logs::at;
use crate::support::program::{Ran, logwatch, piped};

const PLAN: &str = r#"
[plan]
id = "shop"
title = "A shop"

[[trigger]]
id = "slow"
severity = "investigate"
when = "p95(http.request{}.duration) by (route) > 1.5 * baseline(p95(http.request{}.duration) by (route))"
confidence = 0.95

[[trigger]]
id = "failing"
severity = "rollback"
when = "count(http.request{status=5xx}) / count(http.request) > 2 * baseline(count(http.request{status=5xx}) / count(http.request), 0%) + 1pp"

[[trigger]]
id = "silent"
severity = "info"
when = "rate(http.request{route='/a'}) < 0.9 * baseline(rate(http.request{route='/a'}))"

[[trigger]]
id = "clients"
severity = "info"
when = "distinct(http.request{}.client) > baseline(distinct(http.request{}.client))"

[[trigger]]
id = "hard"
severity = "info"
when = "count(http.request{status=5xx}[1m]) > 2"
"#;

/// When the deployment is; all before it is as usual.
const DEPLOYED: u32 = 1_200;

/// A request a second as the HTTP log has it: three routes, of which one answers more slowly after the deployment, and one fails.
fn request(second: u32) -> String {
    let route = ["/a", "/b", "/c"][second as usize % 3];
    let is_new = second >= DEPLOYED;
    let status = if second.is_multiple_of(if is_new { 5 } else { 50 }) { 500 } else { 200 };
    let duration = 20 + second % 7 + if is_new && route == "/b" { 60 } else { 0 };
    let client = format!("203.0.113.{}", second % if is_new { 9 } else { 5 });
    let time = at(second).replace('Z', ".5Z");
    format!(
        "{}\n",
        json!({"timestamp": time, "method": "GET", "path": route, "httpStatus": status, "totalDuration": duration, "srcIp": client})
    )
}

struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let shop = Shop { folder: tempfile::tempdir().unwrap() };
        shop.write("plan.toml", PLAN);
        for (name, seconds) in [
            ("all.jsonl", 0..1_800),
            ("before.jsonl", 0..DEPLOYED),
            ("first.jsonl", 0..500),
            ("second.jsonl", 500..DEPLOYED),
            ("after.jsonl", DEPLOYED..1_800),
        ] {
            shop.write(name, &seconds.map(request).collect::<String>());
        }
        shop
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn baseline(&self, files: &[&str], output: &str) -> Ran {
        let files: Vec<String> = files.iter().map(|name| self.path(name)).collect();
        let (plan, output) = (self.path("plan.toml"), self.path(output));
        let mut arguments = vec!["baseline", "--plan", &plan, "-o", &output];
        arguments.extend(files.iter().map(String::as_str));
        logwatch(&arguments)
    }

    fn judged(&self, log: &str, more: &[&str]) -> Ran {
        let (plan, log, at) = (self.path("plan.toml"), self.path(log), at(DEPLOYED));
        logwatch(&[&["replay", &log, "--plan", &plan, "--deployed-at", &at, "--format", "json"], more].concat())
    }
}

/// What the triggers of a run said, and what they were compared with.
fn told(ran: &Ran) -> Vec<Value> {
    let of = |event: &Value| {
        let members = ["id", "group", "state", "at", "value", "bound", "threshold", "samples", "baseline"];
        json!(members.map(|member| event[member].clone()))
    };
    let triggers = ran.objects().into_iter().filter(|event| event["type"] == "trigger");
    triggers.map(|event| of(&event)).collect()
}

/// A deployment is judged by a saved baseline as by the same log before it, and without any not at all.
#[test]
fn a_saved_baseline_says_what_the_log_before_the_deployment_says() {
    let shop = Shop::new();
    let made = shop.baseline(&["before.jsonl"], "base.json");
    assert_eq!((made.status, made.err.as_str()), (Some(0), ""), "{}", made.out);
    assert!(made.out.contains("base.json: 20m of usual running, 2025-08-25T13:50:00.500Z to"), "{}", made.out);
    let whole = shop.judged("all.jsonl", &[]);
    let fired = told(&whole);
    for id in ["slow", "failing", "silent", "clients", "hard"] {
        assert_eq!(fired.iter().any(|event| event[0] == id), id != "silent", "{id}: {fired:?}");
    }
    let compared = shop.judged("after.jsonl", &["--baseline", &shop.path("base.json")]);
    assert_eq!(told(&compared), fired);
    let (whole, compared) = (whole.summary(), compared.summary());
    assert_eq!(compared["http"]["before"], whole["http"]["before"]);
    assert_eq!(compared["verdict"], "rollback");
    assert_eq!(
        (&compared["baseline"]["seconds"], &compared["baseline"]["sources"]),
        (&json!(1_200), &json!(["before.jsonl"]))
    );
    assert!(whole["baseline"].is_null());
    let alone = shop.judged("after.jsonl", &[]);
    assert!(told(&alone).iter().all(|event| event[0] != "slow" && event[0] != "clients"), "{alone:?}");
    // People are told, too.
    let text = logwatch(&[
        "replay",
        &shop.path("after.jsonl"),
        "--plan",
        &shop.path("plan.toml"),
        "--baseline",
        &shop.path("base.json"),
    ]);
    assert!(text.out.contains("base.json: 20m of usual running"), "{}", text.out);
}

/// A run that is gone on with is compared with what it began with, whatever became of the file.
#[test]
fn a_state_has_what_its_run_is_compared_with() {
    let shop = Shop::new();
    assert_eq!(shop.baseline(&["before.jsonl"], "base.json").status, Some(0));
    let (plan, base, state, at) = (shop.path("plan.toml"), shop.path("base.json"), shop.path("state"), at(DEPLOYED));
    let asked = ["--plan", &plan, "--deployed-at", &at, "--format", "json", "--baseline", &base];
    let log = |seconds: std::ops::Range<u32>| seconds.map(request).collect::<String>();
    let whole = piped(&asked, log(DEPLOYED..1_800).as_bytes());
    let fired = told(&whole);
    assert!(["slow", "failing", "clients"].iter().all(|id| fired.iter().any(|event| event[0] == *id)), "{fired:?}");

    let kept = [&asked[..], &["--state", &state]].concat();
    let first = piped(&kept, log(DEPLOYED..1_300).as_bytes());
    fs::remove_file(&base).unwrap();
    // It begins with what was read before, so that nothing is missing.
    let second = piped(&kept, log(1_290..1_800).as_bytes());
    assert_eq!([told(&first), told(&second)].concat(), fired, "{}", second.err);
    let again = logwatch(&["replay", "--state", &state, "--format", "json"]);
    assert_eq!((told(&again), again.summary()), (fired, second.summary()), "{}", again.err);
    for member in ["baseline", "triggers", "verdict", "reasons"] {
        assert_eq!(second.summary()[member], whole.summary()[member], "{member}");
    }
    assert_eq!(second.summary()["http"]["before"], whole.summary()["http"]["before"]);
}

#[test]
fn baselines_add_up() {
    let shop = Shop::new();
    for (files, output) in [
        (&["before.jsonl"][..], "base.json"),
        (&["first.jsonl"], "first.json"),
        (&["second.jsonl"], "second.json"),
        (&["first.json", "second.json"], "sum.json"),
        (&["second.json", "first.json"], "other.json"),
    ] {
        let made = shop.baseline(files, output);
        assert_eq!((made.status, made.err.as_str()), (Some(0), ""), "{}", made.out);
    }
    let read = |name: &str| -> Value { serde_json::from_slice(&fs::read(shop.path(name)).unwrap()).unwrap() };
    assert_eq!(read("sum.json"), read("other.json"));
    let (sum, base) = (read("sum.json"), read("base.json"));
    assert_eq!((&sum["series"], &sum["seconds"]), (&base["series"], &base["seconds"]));
    assert_eq!((&sum["from"], &sum["to"]), (&base["from"], &base["to"]));
    assert!(fs::metadata(shop.path("base.json")).unwrap().len() < 20_000);
}

/// Nothing is half started: what is wrong is said before anything is read.
#[test]
fn what_is_no_baseline_of_the_plan_is_refused() {
    let shop = Shop::new();
    shop.baseline(&["before.jsonl"], "base.json");
    shop.write("future.json", r#"{"logwatch":"baseline","v":9,"more":1}"#);
    let text = fs::read_to_string(shop.path("base.json")).unwrap();
    shop.write("cut.json", &text[..text.len() / 2]);
    shop.write("wrong.json", &text.replace("\"app\":", "\"apple\":"));
    for (name, plan, says) in [
        ("missing.json", "plan.toml", "missing.json: No such file"),
        ("after.jsonl", "plan.toml", "after.jsonl: no baseline: "),
        ("cut.json", "plan.toml", "cut.json: no baseline: EOF"),
        ("wrong.json", "plan.toml", "unknown field `apple`"),
        ("future.json", "plan.toml", "a baseline in format 9, and this program reads format 1; make it again"),
        ("base.json", "default", "the baseline was made with another plan (shop), and has nothing of"),
    ] {
        let plan = if plan == "default" { plan.into() } else { shop.path(plan) };
        let ran = logwatch(&["replay", &shop.path("after.jsonl"), "--plan", &plan, "--baseline", &shop.path(name)]);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{name}");
        assert!(ran.err.contains(says), "{name}: {}", ran.err);
    }
    let mixed = shop.baseline(&["base.json", "after.jsonl"], "out.json");
    assert!(mixed.status == Some(2) && mixed.err.contains("logs or baselines"), "{mixed:?}");
    let over = shop.baseline(&["before.jsonl"], "before.jsonl");
    assert!(over.status == Some(2) && over.err.contains("would write over"), "{over:?}");
    shop.write("empty.jsonl", "");
    let empty = shop.baseline(&["empty.jsonl"], "out.json");
    assert!(empty.status == Some(1) && empty.err.contains("running as usual"), "{empty:?}");
    assert!(!fs::exists(shop.path("out.json")).unwrap());
}

/// What was measured beside the log is a part of it, too.
#[test]
fn numbers_of_probes_have_a_baseline() {
    let shop = Shop::new();
    let trigger = "[[trigger]]\nid = \"grown\"\nseverity = \"investigate\"\nwhen = \"mean(probe.number{name='size'}.number) > 2 * baseline(mean(probe.number{name='size'}.number))\"\n";
    let plan = format!(
        "[plan]\nid = \"shop\"\ntitle = \"A shop\"\n{trigger}[[probe]]\nid = \"disk\"\ncommand = [\"false\"]\nnumbers = {{ size = '(.)' }}\n"
    );
    shop.write("plan.toml", &plan);
    let recorded = |seconds: std::ops::Range<u32>, size: u32| {
        let each = seconds.flat_map(|second| {
            let event = json!({"at": at(second), "class": "probe.number", "labels": {"probe": "disk", "name": "size"}, "values": {"number": size}, "message": "disk"});
            [request(second), format!("{{\"logwatch\":\"external\",\"event\":{event}}}\n")]
        });
        "{\"logwatch\":\"recording\",\"v\":1}\n".to_string() + &each.collect::<String>()
    };
    shop.write("before", &recorded(0..600, 10));
    shop.write("after", &recorded(DEPLOYED..DEPLOYED + 120, 21));
    let made = shop.baseline(&["before"], "base.json");
    assert_eq!((made.status, made.err.as_str()), (Some(0), ""));
    let fired = told(&shop.judged("after", &["--baseline", &shop.path("base.json")]));
    assert_eq!((fired.len(), &fired[0][4], &fired[0][8]["value"]), (1, &json!(21.0), &json!(10.0)), "{fired:?}");
    assert!(told(&shop.judged("after", &[])).is_empty());
}
