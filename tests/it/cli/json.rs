//! The JSON contract: members by name, objects in order, nothing else on standard output.

use serde_json::Value;

use crate::support::program::{Ran, fixture, fixture_text, logwatch};

fn replay(name: &str) -> Ran {
    logwatch(&["replay", &fixture(name), "--plan", "dl-034", "--format", "json"])
}

/// Members that an object has to have, whatever their value.
fn assert_has(object: &Value, members: &str) {
    for member in members.split(' ') {
        assert!(object.get(member).is_some(), "no `{member}` in {object}");
    }
}

fn each<'a>(list: &'a Value, members: &str) -> &'a [Value] {
    let list = list.as_array().expect("a list");
    list.iter().for_each(|object| assert_has(object, members));
    list
}

#[test]
fn a_start_comes_first_and_a_summary_last() {
    for name in ["dl-034/before-fix.jsonl", "dl-034/after-fix.jsonl", "bad-input/crlf.jsonl", "captured/service.jsonl"]
    {
        let objects = replay(name).objects();
        let kinds: Vec<&str> = objects.iter().map(|object| object["type"].as_str().unwrap()).collect();
        let (first, last) = (kinds[0], kinds[kinds.len() - 1]);
        assert_eq!((first, last), ("start", "summary"), "{name}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "summary").count(), 1, "{name}");
        let known = ["start", "trigger", "checkpoint", "success", "verdict", "summary"];
        assert!(kinds.iter().all(|kind| known.contains(kind)), "{name}: {kinds:?}");
    }
}

/// A program that reads the output need not know that there was nothing to judge.
#[test]
fn a_start_comes_first_even_when_there_is_no_time_to_start_from() {
    for name in ["bad-input/empty.jsonl", "bad-input/no-times.txt"] {
        let objects = replay(name).objects();
        assert_eq!((objects[0]["type"].as_str(), objects.len()), (Some("start"), 2), "{name}");
        assert!(objects[0]["deployed_at"].is_null());
    }
}

#[test]
fn a_start_says_what_is_judged() {
    let start = &replay("dl-034/before-fix.jsonl").objects()[0];
    assert_has(start, "type v logwatch plan deployed_at deployed_at_from");
    assert_eq!((&start["v"], &start["plan"]), (&1.into(), &"dl-034".into()));
    assert_eq!(start["logwatch"], env!("CARGO_PKG_VERSION"));
    assert_eq!(start["deployed_at"], "2025-08-25T13:29:58.954451837Z");
    assert_eq!(start["deployed_at_from"], "process.started");
}

#[test]
fn a_trigger_says_why_with_evidence() {
    let objects = replay("dl-034/before-fix.jsonl").objects();
    let triggers: Vec<&Value> = objects.iter().filter(|object| object["type"] == "trigger").collect();
    for trigger in &triggers {
        assert_has(trigger, "id group severity state at cause value bound threshold samples unit expr evidence");
        assert!(trigger["group"].is_object(), "{trigger}");
        assert!(["ok", "pending", "firing", "resolved"].contains(&trigger["state"].as_str().unwrap()), "{trigger}");
        assert_eq!(trigger["cause"], "data", "a file has no clock");
        for line in each(&trigger["evidence"], "at file line_no line") {
            assert_eq!(line["file"], "before-fix.jsonl");
        }
    }
    let firing = triggers.iter().find(|trigger| trigger["state"] == "firing" && trigger["id"] == "exchange-500-rate");
    let firing = firing.expect("the rollback");
    assert_eq!((&firing["severity"], &firing["unit"]), (&"rollback".into(), &"ratio".into()));
    assert_eq!(firing["threshold"], 0.05);
    let (value, bound) = (firing["value"].as_f64().unwrap(), firing["bound"].as_f64().unwrap());
    assert!(0.05 < bound && bound < value && value <= 1.0, "{firing}");
    assert!(firing["evidence"][0]["line"].as_str().unwrap().contains("POST /api/user/exchanges"), "{firing}");
}

/// A line number of the output is that of the file.
#[test]
fn evidence_is_where_it_says() {
    let text = fixture_text("dl-034/before-fix.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    let mut seen = 0;
    for object in replay("dl-034/before-fix.jsonl").objects() {
        for evidence in object["evidence"].as_array().into_iter().flatten() {
            let stored = lines[evidence["line_no"].as_u64().unwrap() as usize - 1];
            let stored: Value = serde_json::from_str(stored).unwrap();
            let shown = evidence["line"].as_str().unwrap();
            let start: String = shown.chars().take(60).collect();
            assert!(stored["message"].as_str().unwrap().starts_with(&start), "{evidence}");
            assert_eq!(stored["timestamp"], evidence["at"]);
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn triggers_are_in_the_order_of_time() {
    for name in ["dl-034/before-fix.jsonl", "captured/service.jsonl"] {
        let objects = replay(name).objects();
        let is_over = |object: &&Value| object["status"] != "pending";
        let times: Vec<&str> = objects.iter().filter(is_over).filter_map(|object| object["at"].as_str()).collect();
        assert!(times.len() > 3 && times.is_sorted(), "{name}: {times:?}");
    }
}

#[test]
fn a_summary_has_every_member_of_the_contract() {
    let summary = replay("captured/service.jsonl").summary();
    assert_has(&summary, "verdict complete reasons plan from to deployed_at");
    assert_has(&summary, "input classes http exceptions errors silences triggers kpis unknown");
    assert_has(&summary["input"], "bytes lines records classified unclassified merged malformed too_long skipped");
    assert_has(&summary["input"], "late duplicate platform_dropped");
    for total in summary["classes"].as_object().unwrap().values() {
        assert_has(total, "count first last");
    }
    assert_has(&summary["http"], "requests via by_status by_route");
    assert_has(&summary["http"]["via"], "edge_seconds access_seconds");
    let routes = each(&summary["http"]["by_route"], "method route count 2xx 4xx 5xx p50_ms p95_ms p99_ms");
    // Access lines carry no duration: absent is not 0.
    assert!(routes.iter().all(|route| route["p95_ms"].is_null()));
    each(&summary["exceptions"], "type message where count first last");
    each(&summary["errors"], "logger shape example count first last file line_no route");
    each(&summary["triggers"], "id severity state fired value bound samples first last");
    for kpi in each(&summary["kpis"], "id value samples target status") {
        assert_has(&kpi["target"], "op value");
        assert!(["met", "missed", "unknown", "manual"].contains(&kpi["status"].as_str().unwrap()), "{kpi}");
    }
    each(&summary["unknown"], "what because remedy");
    let silences = replay("dl-034/before-fix.jsonl").summary();
    assert_eq!(each(&silences["silences"], "from to ended_by").len(), 4);
}

/// The silences are those that the truth file has.
#[test]
fn silences_stand_between_the_lines_around_them() {
    let truth: Value =
        serde_json::from_slice(&crate::support::program::read(&fixture("dl-034/before-fix.truth.json"))).unwrap();
    let summary = replay("dl-034/before-fix.jsonl").summary();
    let pairs = |list: &Value| -> Vec<(Value, Value)> {
        list.as_array().unwrap().iter().map(|silence| (silence["from"].clone(), silence["to"].clone())).collect()
    };
    assert_eq!(pairs(&summary["silences"]), pairs(&truth["silences"]));
    for silence in summary["silences"].as_array().unwrap() {
        assert!(silence["ended_by"].as_str().unwrap().contains("QueuePool limit of size 5 overflow 10"), "{silence}");
    }
}
