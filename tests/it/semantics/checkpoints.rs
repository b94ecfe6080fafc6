//! Checkpoints, criteria of success, and what people say (SEMANTICS 22 to 24).

use serde_json::{Value, json};

use super::case::{Case, Outcome, access, after, every_second, job, noise, stamp, trouble};

/// Deployed at 13:30:00.
fn case() -> Case {
    Case::new().argument("--deployed-at").argument("2025-08-25T13:30:00Z")
}

fn checkpoint(id: &str, at: &str, checks: &str) -> String {
    format!("[[checkpoint]]\nid = '{id}'\ntitle = 'A title'\nat = '{at}'\ncheck = [{checks}]\n")
}

fn success(id: &str, after: &str, checks: &str) -> String {
    format!("[[success]]\nid = '{id}'\ntitle = 'A title'\nafter = '{after}'\ncheck = [{checks}]\n")
}

fn manual(id: &str) -> String {
    format!("[[manual]]\nid = '{id}'\nwhat = 'the wizard'\nask = 'go through it'\n")
}

fn answer(item: &str, status: &str, clock: &str) -> String {
    json!({"type": "check", "item": item, "status": status, "at": stamp(clock), "by": "ann", "note": "seen"})
        .to_string()
}

fn signal(name: &str, clock: &str) -> String {
    json!({"type": "signal", "name": name, "at": stamp(clock), "by": "support", "text": "still broken"}).to_string()
}

/// With what people said, in this order.
fn answered(case: Case, lines: &[String]) -> Case {
    let path = case.file("answers.jsonl");
    std::fs::write(&path, lines.join("\n")).unwrap();
    case.argument("--answers").argument(path.to_str().unwrap())
}

/// `pass 13:31:00: pass fail` for each time it is told.
fn told(outcome: &Outcome, id: &str) -> Vec<String> {
    let events = outcome.objects.iter().filter(|object| object["id"] == id && object["checks"].is_array());
    events.map(line).collect()
}

fn line(event: &Value) -> String {
    let status = |value: &Value| value["status"].as_str().unwrap().to_string();
    let checks: Vec<String> = event["checks"].as_array().unwrap().iter().map(status).collect();
    format!("{} {}: {}", status(event), &event["at"].as_str().unwrap()[11..19], checks.join(" "))
}

fn because(outcome: &Outcome, id: &str, check: usize) -> String {
    let event = outcome.objects.iter().find(|object| object["id"] == id && object["checks"].is_array()).unwrap();
    event["checks"][check]["because"].as_str().unwrap_or_default().into()
}

/// A line every second, and jobs in two of three.
fn busy(seconds: u32) -> Vec<String> {
    every_second("13:30:00", seconds, |clock| match clock.as_bytes()[7] % 3 {
        0 => noise(clock),
        1 => job(clock, "by w1 in 50 ms"),
        _ => job(clock, "by w2 in 250 ms"),
    })
}

/// SEMANTICS 22: each is told once, at its time; what was not reached is pending.
#[test]
fn a_checkpoint_is_told_when_it_is_reached() {
    let checks =
        "{ id = 'many', expect = 'count(job.done) >= 30' }, { id = 'quick', expect = 'mean(job.done{}.took) < 100ms' }";
    let case = case().written(&checkpoint("1m", "1m", checks)).written(&checkpoint("1h", "1h", checks));
    let outcome = case.log("a.log", busy(90)).run();
    assert_eq!(told(&outcome, "1m"), ["fail 13:31:00: pass fail"]);
    assert_eq!(told(&outcome, "1h"), ["pending 14:30:00: pending pending"]);
    assert_eq!((outcome.verdict(), outcome.status), ("investigate", 3));
    assert_eq!(outcome.summary()["reasons"], json!(["checkpoint 1m failed"]));
    let all: Vec<String> = outcome.summary()["checkpoints"].as_array().unwrap().iter().map(line).collect();
    assert_eq!(all, ["fail 13:31:00: pass fail", "pending 14:30:00: pending pending"]);
    let quick = &outcome.summary()["checkpoints"][0]["checks"][1];
    assert_eq!((&quick["value"], &quick["target"]), (&json!(0.15), &json!({"op": "<", "value": 0.1})));
}

/// SEMANTICS 22: what happens in the second of the checkpoint comes too late for it.
#[test]
fn a_checkpoint_looks_at_the_seconds_before_it() {
    let checks = "{ id = 'none', expect = 'count(job.trouble) == 0' }";
    let at = |clock: &str| {
        let log = [noise("13:30:00"), trouble(clock), noise("13:31:30")];
        let outcome = case().written(&checkpoint("1m", "1m", checks)).log("a.log", log).run();
        told(&outcome, "1m")
    };
    assert_eq!(at("13:30:59.900"), ["fail 13:31:00: fail"]);
    assert_eq!(at("13:31:00"), ["pass 13:31:00: pass"]);
}

/// SEMANTICS 22: unknown is no pass.
#[test]
fn what_is_not_known_is_no_pass_and_says_why() {
    let checks = "{ id = 'a', expect = 'p95(http.request{}.duration) < 1s' }, { id = 'b', expect = 'mean(job.done{}.took) < 1s' },
        { id = 'c', expect = 'mean(job.done{}.took) < 1s', min_samples = 99 }, { id = 'd', expect = 'count(job.done) > baseline(count(job.done))' }";
    let one = job("13:30:05", "in 20 ms");
    let outcome =
        case().written(&checkpoint("1m", "1m", checks)).log("a.log", [noise("13:30:00"), one, noise("13:31:09")]).run();
    assert_eq!(told(&outcome, "1m"), ["unknown 13:31:00: unknown pass unknown unknown"]);
    assert_eq!(because(&outcome, "1m", 0), "no source of the input tells it");
    assert_eq!(because(&outcome, "1m", 2), "1 of the 99 samples that it takes");
    assert_eq!(because(&outcome, "1m", 3), "too little of the time before the deployment is in the input");
    assert_ne!(outcome.verdict(), "investigate");
}

/// SEMANTICS 22: the window is that of the checkpoint, else the plan's, and no longer than the time since the deployment.
#[test]
fn windows_of_checks() {
    let log = [noise("13:30:00"), trouble("13:30:10"), noise("13:33:00")];
    let told = |more: &str, window: &str| {
        let text = checkpoint("2m", "2m", &format!("{{ id = 'a', expect = 'count(job.trouble{window}) < 1' }}"));
        let outcome = case().written(&text.replace("at =", &format!("{more}\nat ="))).log("a.log", &log).run();
        told(&outcome, "2m")
    };
    assert_eq!(told("", ""), ["fail 13:32:00: fail"]);
    assert_eq!(told("window = '1m'", ""), ["pass 13:32:00: pass"]);
    assert_eq!(told("window = '1m'", "[2m]"), ["fail 13:32:00: fail"]);
    assert_eq!(told("", "[deploy]"), ["fail 13:32:00: fail"]);
}

/// SEMANTICS 22: a trigger that fired fails the check, one that is about to is not known.
#[test]
fn triggers_that_must_not_have_fired() {
    let told = |rule: (&str, &str), log: &[String]| {
        let text = checkpoint("1m", "1m", "{ id = 'quiet', not_fired = ['t'] }");
        let case = case().rule("info", "t", rule.0, rule.1).written(&text).log("a.log", log);
        let outcome = case.run();
        (told(&outcome, "1m").join(", "), because(&outcome, "1m", 0))
    };
    let log = |extra: Vec<String>| [vec![noise("13:30:00")], extra, vec![noise("13:31:30")]].concat();
    let any = ("count(job.trouble) > 0", "resolve_after = '1s'");
    assert_eq!(told(any, &log(vec![])), ("pass 13:31:00: pass".into(), String::new()));
    assert_eq!(told(any, &log(vec![trouble("13:30:10")])), ("fail 13:31:00: fail".into(), "t fired".into()));
    let slow = ("count(job.trouble) > 0", "for = '1m'");
    let pending = told(slow, &log(vec![trouble("13:30:10")]));
    assert_eq!(pending, ("unknown 13:31:00: unknown".into(), "t is about to fire".into()));
    let unknown = told(("mean(job.done{}.took) > 1s", ""), &log(vec![]));
    assert_eq!(unknown, ("unknown 13:31:00: unknown".into(), "t was not known for most of the time".into()));
}

/// SEMANTICS 22: of a log that begins later nobody knows what was at the time of the checkpoint.
#[test]
fn a_checkpoint_before_the_input_is_not_known() {
    let text = checkpoint("1m", "1m", "{ id = 'a', expect = 'count(job.trouble) == 0' }");
    let outcome = case().written(&text).log("a.log", every_second("13:40:00", 20, noise)).run();
    assert_eq!(told(&outcome, "1m"), ["unknown 13:40:01: unknown"]);
    assert_eq!(because(&outcome, "1m", 0), "the input begins only after it");
}

/// SEMANTICS 23: declared at the first tick at which all hold, from its time on.
#[test]
fn success_is_declared_when_its_criteria_hold() {
    let text = success(
        "short",
        "1m",
        "{ id = 'zero', expect = 'zero(job.done{worker=\"w9\"} of job.done)[2m]', min_samples = 5 }",
    );
    let log = |bad: &str| {
        let mut log = busy(400);
        log.insert(50, job(bad, "by w9"));
        log
    };
    let outcome = case().written(&text).log("a.log", log("13:30:49")).run();
    // The window has to be seen as a whole, and the failure to have left it.
    assert_eq!(told(&outcome, "short"), ["fail 13:31:00: fail", "pass 13:32:50: pass"]);
    assert_eq!(outcome.summary()["success"][0]["status"], "pass");
    assert!(outcome.summary()["reasons"].to_string().find("success").is_none());
    let outcome = case().written(&text).log("a.log", busy(400)).run();
    assert_eq!(told(&outcome, "short"), ["unknown 13:31:00: unknown", "pass 13:32:00: pass"]);
}

/// SEMANTICS 23: what is not met at its time is looked into.
#[test]
fn criteria_that_are_not_met_are_no_healthy_deployment() {
    let text = success("short", "1m", "{ id = 'one', expect = 'count(job.trouble[deploy]) >= 1' }");
    let outcome = case().written(&text).log("a.log", busy(90)).run();
    assert_eq!(told(&outcome, "short"), ["fail 13:31:00: fail"]);
    assert_eq!(
        (outcome.verdict(), &outcome.summary()["reasons"]),
        ("investigate", &json!(["criteria of success short are not met"]))
    );
}

/// SEMANTICS 23: criteria reach beyond the plan's duration, by windows of their own.
#[test]
fn criteria_of_a_week() {
    let text = success("week", "7d", "{ id = 'few', expect = 'count(job.trouble[7d]) <= 2' }");
    let log = |days: [u32; 2]| {
        // A single line so far ahead may have a wrong clock.
        let on = |date: &str, line: String| [line.replace("08-25", date), noise("12:00:01").replace("08-25", date)];
        let at = |day: u32| on(&format!("08-{day}"), trouble("12:00:00"));
        let end = on("09-02", noise("12:00:00"));
        [vec![noise("13:30:00"), trouble("13:31:00")], days.map(at).concat(), end.to_vec()].concat()
    };
    let case = |days| case().header("duration = '4h'").written(&text).log("a.log", log(days)).run();
    let outcome = case([26, 27]);
    assert_eq!(
        told(&outcome, "week"),
        ["fail 13:30:00: fail", "pass 13:32:00: pass"].map(|text| text.replace("13:32", "14:00"))
    );
    assert_eq!(outcome.summary()["success"][0]["at"], "2025-09-01T14:00:00Z");
}

/// SEMANTICS 24: an answer counts at the checkpoints on either side of it that ask the same.
#[test]
fn answers_of_people() {
    let ask = "{ id = 'ask', manual = 'wizard' }";
    let plan = || {
        let texts = [checkpoint("1m", "1m", ask), checkpoint("2m", "2m", ask), manual("wizard")];
        texts.iter().fold(case(), |case, text| case.written(text)).log("a.log", every_second("13:30:00", 200, noise))
    };
    let run = |answers: &[String]| {
        let outcome = answered(plan(), answers).run();
        [told(&outcome, "1m"), told(&outcome, "2m")].map(|told| told.join(", "))
    };
    assert_eq!(run(&[]), ["unknown 13:31:00: manual", "unknown 13:32:00: manual"]);
    assert_eq!(run(&[answer("wizard", "pass", "13:30:20")]), ["pass 13:31:00: pass", "unknown 13:32:00: manual"]);
    let between = run(&[answer("wizard", "fail", "13:31:20")]);
    assert_eq!(between, ["unknown 13:31:00: manual, fail 13:31:21: fail", "fail 13:32:00: fail"]);
    // After the end of the log.
    let late = run(&[answer("wizard", "pass", "15:00:00")]);
    assert_eq!(late, ["unknown 13:31:00: manual", "unknown 13:32:00: manual, pass 15:00:01: pass"]);
    // The latest counts, and what was said before the deployment does not.
    let several = run(&[
        answer("wizard", "fail", "13:29:00"),
        answer("wizard", "fail", "13:30:10"),
        answer("wizard", "pass", "13:30:30"),
    ]);
    assert_eq!(several[0], "pass 13:31:00: pass");
    let outcome = answered(plan(), &[answer("wizard", "fail", "13:30:20")]).run();
    let check = &outcome.summary()["checkpoints"][0]["checks"][0];
    assert_eq!(check["answer"], json!({"pass": false, "at": stamp("13:30:20"), "by": "ann", "note": "seen"}));
    assert_eq!(outcome.verdict(), "investigate");
}

/// SEMANTICS 24: a key figure that a person tells.
#[test]
fn key_figures_of_people() {
    let status = |answers: &[String]| {
        let kpi = "[[kpi]]\nid = 'satisfied'\ntitle = 'user satisfaction'\nmanual = 'wizard'\n";
        let case = case().written(kpi).written(&manual("wizard")).log("a.log", busy(30));
        let outcome = answered(case, answers).run();
        outcome.kpi("satisfied")["status"].as_str().unwrap().to_string()
    };
    assert_eq!(status(&[]), "manual");
    assert_eq!(status(&[answer("wizard", "pass", "13:30:20")]), "met");
    assert_eq!(status(&[answer("wizard", "fail", "18:00:00")]), "missed");
}

/// SEMANTICS 24: reports count like any class, where somebody records them; else nothing is known of them.
#[test]
fn reports_of_people_are_events() {
    let plan = || {
        case()
            .rule("rollback", "complaints", "count(signal.user_complaint[1h]) > 2", "")
            .kpi("count(signal.user_complaint[deploy])", "< 1")
            .log("a.log", [noise("13:30:00"), noise("13:35:00")])
    };
    let at = |clocks: &[&str]| clocks.iter().map(|clock| signal("user_complaint", clock)).collect::<Vec<_>>();
    let outcome = answered(plan(), &at(&["13:29:59", "13:31:00", "13:33:00", "13:32:00", "13:34:59"])).run();
    assert_eq!(outcome.changes("complaints"), ["firing 13:33:01"]);
    let evidence = &outcome.events("complaints")[0]["evidence"][0];
    assert_eq!((evidence["line"].as_str(), evidence["line_no"].as_u64()), (Some("support: still broken"), Some(2)));
    assert!(evidence["file"].as_str().unwrap().ends_with("answers.jsonl"), "{evidence}");
    assert_eq!(outcome.value("count(signal.user_complaint[deploy])"), Some(4.0));
    let nobody = answered(plan(), &[]).run();
    assert_eq!(nobody.value("count(signal.user_complaint[deploy])"), Some(0.0));
    assert_eq!(nobody.trigger("complaints")["state"], "ok");
    let unrecorded = plan().run();
    assert_eq!(unrecorded.value("count(signal.user_complaint[deploy])"), None);
    assert_eq!(unrecorded.trigger("complaints")["state"], "unknown");
    assert!(unrecorded.unknown().contains("no complaints were recorded"), "{}", unrecorded.unknown());
}

/// SEMANTICS 22: whatever else is in the log, and however it is cut, an earlier deployment's checkpoints are not the newest's.
#[test]
fn a_new_deployment_has_checkpoints_of_its_own() {
    let start = |clock: &str, id: &str| {
        json!({"timestamp": stamp(clock), "level": "info", "message": "Starting Container", "deploymentId": id})
            .to_string()
    };
    let requests = |from: &str, seconds| every_second(from, seconds, |clock| access(clock, "/a", 200));
    let log = [
        vec![start("13:30:00", "one")],
        requests("13:30:01", 100),
        vec![start("13:50:00", "two")],
        requests("13:50:01", 200),
    ]
    .concat();
    let text = checkpoint("1m", "1m", "{ id = 'a', expect = 'count(http.request) > 10' }");
    let outcome = Case::new().written(&text).log("a.log", log).run();
    assert_eq!(told(&outcome, "1m"), ["pass 13:31:00: pass", "pass 13:51:00: pass"]);
    assert_eq!(outcome.summary()["checkpoints"].as_array().unwrap().len(), 1);
    assert_eq!(after("13:50:00", 60), "13:51:00");
}

/// SEMANTICS 20 and 25: each change of the verdict is told, with the reasons for it.
#[test]
fn changes_of_the_verdict_are_told() {
    let text = checkpoint("1m", "1m", "{ id = 'a', manual = 'wizard' }");
    let case = case()
        .header("healthy.after = '20s'\nhealthy.requests = 10")
        .written(&text)
        .written(&manual("wizard"))
        .rule("rollback", "t", "count(job.trouble) > 0", "")
        .log(
            "a.log",
            [
                every_second("13:30:00", 150, |clock| access(clock, "/a", 200)),
                vec![trouble("13:32:30"), noise("13:32:40")],
            ]
            .concat(),
        );
    let outcome = answered(case, &[answer("wizard", "fail", "13:31:10"), answer("wizard", "pass", "13:31:20")]).run();
    let events = outcome.objects.iter().filter(|object| object["type"] == "verdict");
    let told: Vec<String> = events
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap().to_string();
            format!("{} {} → {} {}", &text("at")[11..19], text("before"), text("verdict"), event["reasons"])
        })
        .collect();
    let expected = [
        "13:30:20 unknown → healthy []",
        "13:31:11 healthy → investigate [\"checkpoint 1m failed\"]",
        "13:31:21 investigate → healthy []",
        "13:32:31 healthy → rollback [\"rollback trigger t fired\"]",
    ];
    assert_eq!(told, expected);
}
