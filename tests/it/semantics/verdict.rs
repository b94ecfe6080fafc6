//! Rule 20: the verdict and what it rests on.

use serde_json::json;

use super::case::{Case, Outcome, access, after, edge, every_second, job, noise, trouble};
use crate::support::packed::gzip;

fn requests(count: u32) -> Vec<String> {
    every_second("13:30:00", count, |clock| access(clock, "/a", 200))
}

fn judged(case: Case) -> (String, i32) {
    let outcome = case.run();
    (outcome.verdict().to_string(), outcome.status)
}

const TROUBLE: &str = "count(job.trouble[5s]) > 0";

/// Rule 20: what fired once has fired, though it resolved.
#[test]
fn a_rollback_trigger_that_fired_is_rollback() {
    let lines =
        [requests(5), vec![trouble("13:30:05")], every_second("13:30:06", 30, |clock| access(clock, "/a", 200))]
            .concat();
    let case = Case::new().trigger("look", TROUBLE).rule("rollback", "back", TROUBLE, "").log("a.jsonl", lines);
    let outcome = case.run();
    assert_eq!(outcome.trigger("back")["state"], "resolved");
    assert_eq!((outcome.verdict(), outcome.status), ("rollback", 4));
    assert!(outcome.summary()["reasons"].to_string().contains("back"));
}

/// Rule 20.
#[test]
fn an_investigation_trigger_that_fired_is_investigate() {
    let lines = [requests(25), vec![trouble("13:30:25")]].concat();
    let case = |severity: &str| Case::new().rule(severity, "rule", TROUBLE, "").log("a.jsonl", &lines);
    assert_eq!(judged(case("investigate")), ("investigate".into(), 3));
    assert_eq!(judged(case("info")), ("healthy".into(), 0));
}

/// Rule 20.
#[test]
fn a_kpi_missed_with_enough_samples_is_investigate() {
    let lines = every_second("13:30:00", 30, |clock| access(clock, "/a", if clock < "13:30:03" { 503 } else { 200 }));
    let kpi = "count(http.request{status=2xx}[deploy]) / count(http.request[deploy])";
    let case = |target: &str, samples| Case::new().kpi_of(kpi, target, samples).log("a.jsonl", &lines);
    assert_eq!(judged(case("> 95%", 30)), ("investigate".into(), 3));
    assert_eq!(judged(case("> 80%", 30)), ("healthy".into(), 0));
    assert_eq!(case("> 95%", 31).run().kpi(kpi)["status"], "unknown");
    assert_eq!(judged(case("> 95%", 31)), ("healthy".into(), 0));
}

/// Rule 20.
#[test]
fn healthy_takes_twenty_requests() {
    assert_eq!(judged(Case::new().trigger("rule", TROUBLE).log("a.jsonl", requests(20))), ("healthy".into(), 0));
    assert_eq!(judged(Case::new().trigger("rule", TROUBLE).log("a.jsonl", requests(19))), ("unknown".into(), 5));
}

/// Rule 20: a plan that does not look at failures, or not yet, does not make them healthy.
#[test]
fn requests_that_mostly_fail_are_never_healthy() {
    // So many of 120 requests in three seconds, the others answered.
    let log = |failures: usize| -> Vec<String> {
        let clock = |number: usize| format!("13:30:0{}.{:03}", number / 40, number % 40 * 25);
        (0..120).map(|number| access(&clock(number), "/a", if number < failures { 500 } else { 200 })).collect()
    };
    let built_in = |plan: &str| Case::new().argument("--plan").argument(plan);
    let waits = |severity: &str, when: &str| Case::new().rule(severity, "late", when, "for = '10m'");
    let failing = "count(http.error) > 5";
    for (name, case) in [
        ("default", built_in("default")),
        ("dl-034", built_in("dl-034")),
        ("no trigger", Case::new()),
        ("waits", waits("rollback", failing)),
        ("waits to look", waits("investigate", failing)),
        ("tells", Case::new().rule("info", "told", failing, "")),
        ("asks for a thousand", waits("rollback", "count(http.error) >= 1000")),
        ("asks for ten minutes", waits("rollback", "zero(http.request{status=2xx} of http.request)[10m]")),
    ] {
        let outcome = case.log("a.jsonl", log(120)).run();
        assert!(matches!(outcome.verdict(), "investigate" | "rollback"), "{name}: {}", outcome.summary()["reasons"]);
        assert!(matches!(outcome.status, 3 | 4), "{name}");
    }
    assert_eq!(judged(Case::new().log("a.jsonl", log(60))), ("investigate".into(), 3));
    assert_eq!(judged(Case::new().log("a.jsonl", log(59))), ("healthy".into(), 0));
    let reasons = Case::new().log("a.jsonl", log(90)).run().summary()["reasons"].to_string();
    assert!(reasons.contains("90 of 120 requests since the deployment failed"), "{reasons}");
    let before = Case::new().argument("--deployed-at").argument("2025-08-25T13:30:03Z");
    assert_eq!(
        judged(
            before.log("a.jsonl", [log(120), every_second("13:30:03", 30, |clock| access(clock, "/a", 200))].concat())
        ),
        ("healthy".into(), 0)
    );
}

/// Rule 20: requests before the deployment say nothing about it.
#[test]
fn requests_before_the_deployment_do_not_make_it_healthy() {
    let case = Case::new().argument("--deployed-at").argument("2025-08-25T13:30:30Z").log("a.jsonl", requests(40));
    assert_eq!(judged(case), ("unknown".into(), 5));
}

/// Rule 20.
#[test]
fn it_is_complete_when_the_plan_s_duration_is_over() {
    let complete = |duration: &str| {
        let case = Case::new().header(&format!("duration = '{duration}'")).argument("--deployed-at");
        let outcome = case.argument("2025-08-25T13:30:00Z").log("a.jsonl", requests(30)).run();
        assert_eq!(outcome.verdict(), "healthy");
        outcome.summary()["complete"].clone()
    };
    assert_eq!(complete("30s"), true);
    assert_eq!(complete("31s"), false);
}

/// Rule 20: "under 1 %", so 2 of 200 are too many and 1 of 200 is not.
#[test]
fn healthy_takes_late_and_malformed_lines_under_one_in_a_hundred() {
    let case = |broken: &[&str]| {
        let mut lines = requests(200 - u32::try_from(broken.len()).expect("a few"));
        lines.extend(broken.iter().map(|line| (*line).to_string()));
        Case::new().log("a.jsonl", lines)
    };
    let late = noise("13:30:01");
    assert_eq!(judged(case(&["{\"timestamp\":"])), ("healthy".into(), 0));
    assert_eq!(judged(case(&["{\"timestamp\":", &late, &late])), ("unknown".into(), 5));
    assert_eq!(judged(case(&["{\"timestamp\":", &late])), ("unknown".into(), 5));
}

/// A trigger on the mean over 1 s, known in the seconds that have a job: so many of 100.
fn known_for(seconds: u32) -> Outcome {
    let busy = every_second("13:30:00", seconds, |clock| job(clock, "in 50 ms") + "\n" + &access(clock, "/a", 200));
    let idle = every_second(&after("13:30:00", seconds), 100 - seconds, |clock| access(clock, "/a", 200));
    Case::new().trigger("rule", "mean(job.done{}.took[1s]) > 100ms").log("a.jsonl", [busy, idle].concat()).run()
}

/// Rule 20.
#[test]
fn healthy_takes_every_trigger_known_for_most_of_the_run() {
    let outcome = known_for(80);
    assert_eq!((outcome.verdict(), outcome.status), ("healthy", 0));
    let outcome = known_for(79);
    assert_eq!((outcome.verdict(), outcome.status), ("unknown", 5));
    assert!(outcome.summary()["reasons"].to_string().contains("rule"), "{}", outcome.summary()["reasons"]);
}

/// Rule 20: access lines carry no durations, so nobody waits for them.
#[test]
fn a_trigger_whose_source_is_not_in_the_input_does_not_matter() {
    let case = Case::new().trigger("slow", "p95(http.request{}.duration) > 2s").log("a.jsonl", requests(30));
    assert_eq!(judged(case), ("healthy".into(), 0));
}

/// Rule 20.
#[test]
fn latency_that_could_not_be_known_is_listed_with_what_would_tell() {
    let outcome = Case::new().log("a.jsonl", requests(30)).run();
    let latency =
        outcome.summary()["unknown"].as_array().and_then(|list| list.iter().find(|item| item["what"] == "latency"));
    let remedy = latency.and_then(|item| item["remedy"].as_str()).expect("latency is listed");
    assert!(remedy.contains("railway logs --http --json"), "{remedy}");
    let with_edge =
        Case::new().log("http.jsonl", every_second("13:30:00", 30, |clock| edge(clock, "/a", 200, 5))).run();
    assert!(!with_edge.unknown().contains("\"latency\""), "{}", with_edge.unknown());
}

/// Rule 20.
#[test]
fn memory_that_could_not_be_known_is_listed_with_what_asks_for_it() {
    let outcome = Case::new().log("a.jsonl", requests(30)).run();
    let list = outcome.summary()["unknown"].as_array().expect("a list").clone();
    let memory = list
        .iter()
        .find(|item| item["what"].as_str().is_some_and(|what| what.contains("memory")))
        .expect("memory is listed");
    assert!(memory["remedy"].as_str().expect("a remedy").contains("`logwatch watch`"), "{memory}");
}

/// Rule 20.
#[test]
fn complaints_that_could_not_be_known_are_listed_for_a_person() {
    let outcome = Case::new().argument("--plan").argument("dl-034").log("a.jsonl", requests(30)).run();
    assert!(outcome.unknown().contains("complaint"), "{}", outcome.unknown());
}

/// Rule 20.
#[test]
fn a_log_of_a_moment_is_never_healthy() {
    let lines = ["13:30:00.010", "13:30:00.020", "13:30:00.050"].map(noise);
    for plan in ["default", "dl-034"] {
        let case = Case::new().argument("--plan").argument(plan).log("a.jsonl", &lines);
        assert_eq!(judged(case), ("unknown".into(), 5));
    }
    assert_eq!(judged(Case::new().bytes("empty.jsonl", b"")), ("unknown".into(), 5));
}

/// Rule 20.
#[test]
fn interrupted_input_never_exits_with_zero() {
    let whole = Case::new().log("a.jsonl", requests(300));
    assert_eq!(whole.run().status, 0);
    let mut bytes = gzip(&std::fs::read(whole.file("a.jsonl")).unwrap());
    bytes.truncate(bytes.len() - 9);
    let mut half = requests(300).join("\n").into_bytes();
    half.truncate(half.len() - 20);
    for (name, bytes) in [("a.jsonl.gz", bytes), ("half.jsonl", half)] {
        for fail_on in ["unknown", "never"] {
            let outcome = Case::new().argument("--fail-on").argument(fail_on).bytes(name, &bytes).run();
            assert_eq!(outcome.status, 1, "{name} {fail_on}");
            assert!(outcome.summary()["interrupted"].is_string());
            assert_eq!(outcome.summary()["complete"], json!(false));
        }
    }
}

/// Rule 20: without a deployment nobody knows since when.
#[test]
fn without_a_deployment_it_is_healthy_so_far_at_best() {
    let outcome = Case::new().header("duration = '10s'").log("a.jsonl", requests(30)).run();
    assert_eq!((outcome.verdict(), &outcome.summary()["complete"]), ("healthy", &json!(false)));
}

/// Rule 20.
#[test]
fn healthy_takes_ten_minutes() {
    let reasons = |seconds: u32| {
        let case = Case::new().header("healthy.requests = 20").log("a.jsonl", requests(seconds));
        let outcome = case.run();
        (outcome.verdict().to_string(), outcome.summary()["reasons"].clone())
    };
    let text = "599 requests, all fine in the 9m59s since the deployment; 20 are needed, over 10m at least";
    assert_eq!(reasons(599), ("unknown".into(), json!([text])));
    assert_eq!(reasons(600), ("healthy".into(), json!([])));
}

/// Rule 20: a worker has no requests.
#[test]
fn a_plan_can_name_other_signs_of_health_than_requests() {
    let jobs = |count| every_second("13:30:00", count, |clock| job(clock, "in 50 ms"));
    let case = |count| {
        Case::new().header("healthy.events = 'job.done'").header("healthy.after = '0s'").log("a.jsonl", jobs(count))
    };
    assert_eq!(judged(case(20)), ("healthy".into(), 0));
    let few = case(19).run();
    assert_eq!(few.summary()["reasons"], json!(["19 job.done in the 19s since the deployment; 20 are needed"]));
    let unknown = Case::new().header("healthy.events = 'job.dome'").log("a.jsonl", jobs(20)).run();
    assert_eq!((unknown.status, unknown.objects.len()), (2, 0));
    assert!(unknown.errors.contains("no pattern is of the class `job.dome`"), "{}", unknown.errors);
}

/// Rules 6 and 20: rules are armed for the plan's duration, but what still fires at the end counts.
#[test]
fn a_failure_that_lasts_to_the_end_counts_after_the_duration_too() {
    let judged_with = |later: &[&str]| {
        let lines =
            [requests(30), later.iter().map(|clock| trouble(clock)).collect(), vec![noise("13:40:00")]].concat();
        let case = Case::new().header("duration = '1m'").rule("rollback", "back", "count(job.trouble[1m]) > 0", "");
        let outcome = case.log("a.jsonl", lines).run();
        (outcome.verdict().to_string(), outcome.changes("back"))
    };
    assert_eq!(judged_with(&["13:35:00"]), ("healthy".into(), vec![]), "it came and went");
    assert_eq!(judged_with(&["13:39:30"]), ("rollback".into(), vec!["firing 13:39:31".into()]));
}

/// Rule 20: a service that logs only its start is silent, not unknown.
#[test]
fn what_a_silent_service_did_not_log_is_known() {
    let http = every_second("13:30:02", 600, |clock| edge(clock, "/a", 200, 4));
    let start = vec![super::case::app("13:30:00", "info", "Starting Container"), noise("13:30:01")];
    let case = Case::new().trigger("rule", "count(job.trouble) > 0").header("healthy.requests = 20");
    let outcome = case.log("http.jsonl", http).log("a.jsonl", start).run();
    assert_eq!((outcome.verdict(), &outcome.trigger("rule")["state"]), ("healthy", &json!("ok")));
}
