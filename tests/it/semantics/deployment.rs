//! Rules 6 and 7: when it was deployed, and what was before.

use serde_json::json;

use super::case::{Case, app, clock, every_second, job, noise, stamp, trouble};

fn of_deployment(id: &str, time: &str) -> String {
    json!({"timestamp": stamp(time), "method": "GET", "path": "/a", "httpStatus": 200, "totalDuration": 0, "deploymentId": id})
        .to_string()
}

fn started(time: &str) -> String {
    app(time, "error", "INFO:     Started server process [4711]")
}

/// When it was deployed, and how that is known.
fn deployed(case: &Case) -> (String, String) {
    let outcome = case.run();
    let summary = outcome.summary();
    assert_eq!(outcome.objects[0]["type"], "start");
    assert_eq!(
        outcome.objects.iter().rfind(|object| object["type"] == "start").map(|start| &start["deployed_at"]),
        Some(&summary["deployed_at"])
    );
    (
        clock(&summary["deployed_at"]).to_string(),
        summary["deployed_at_from"].as_str().expect("where it is from").to_string(),
    )
}

/// Rule 6.
#[test]
fn a_given_deployment_time_beats_the_plan_s() {
    let case = || Case::new().header("at = '2025-08-25T13:30:10Z'").log("a.jsonl", every_second("13:30:00", 60, noise));
    assert_eq!(deployed(&case()), ("13:30:10".into(), "plan".into()));
    let given = case().argument("--deployed-at").argument("2025-08-25T13:30:20Z");
    assert_eq!(deployed(&given), ("13:30:20".into(), "--deployed-at".into()));
    let auto = case().argument("--deployed-at").argument("auto");
    assert_eq!(deployed(&auto), ("13:30:00".into(), "first record".into()));
}

/// Rule 6.
#[test]
fn auto_is_the_first_record_when_nothing_tells_more() {
    let case = Case::new().log("a.jsonl", every_second("13:30:00", 5, noise));
    assert_eq!(deployed(&case), ("13:30:00".into(), "first record".into()));
}

/// Rule 6.
#[test]
fn auto_is_the_last_start_of_the_process_that_is_no_restart() {
    let lines = [noise("13:30:00"), started("13:30:05"), noise("13:30:30"), started("13:51:00.25"), noise("13:51:30")];
    assert_eq!(deployed(&Case::new().log("a.jsonl", lines)), ("13:51:00.250".into(), "process.started".into()));
}

/// Rule 6: a process that starts again under the same deployment is a restart.
#[test]
fn auto_is_the_newest_deployment_id_before_any_start_of_a_process() {
    let requests =
        [of_deployment("one", "13:30:00"), of_deployment("two", "13:30:20"), of_deployment("two", "13:31:30")];
    let case = Case::new()
        .log("http.jsonl", requests)
        .log("app.jsonl", [noise("13:30:00"), started("13:31:00"), noise("13:31:30")]);
    assert_eq!(deployed(&case), ("13:30:20".into(), "deployment id".into()));
}

/// Rule 6: an old deployment that drains its last requests is not newer for it.
#[test]
fn a_deployment_that_was_seen_before_is_not_the_newest() {
    let requests = [
        of_deployment("one", "13:30:00"),
        of_deployment("two", "13:30:20"),
        of_deployment("one", "13:30:25"),
        of_deployment("two", "13:30:40"),
    ];
    assert_eq!(deployed(&Case::new().log("http.jsonl", requests)), ("13:30:20".into(), "deployment id".into()));
}

/// Rule 6.
#[test]
fn what_happened_before_the_deployment_is_no_trigger() {
    let lines = [noise("13:30:00"), trouble("13:30:09"), noise("13:30:10"), noise("13:30:30")];
    let case = |at: &str| {
        let case = Case::new().rule("rollback", "trouble", "count(job.trouble[1m]) > 0", "").log("a.jsonl", &lines);
        case.argument("--deployed-at").argument(&stamp(at)).run()
    };
    let before = case("13:30:10");
    assert_eq!((before.changes("trouble"), before.trigger("trouble")["fired"].as_u64()), (vec![], Some(0)));
    assert_eq!(case("13:30:09").changes("trouble"), ["firing 13:30:10"]);
}

/// Rule 6: the deployment found last is the one that is judged.
#[test]
fn triggers_of_an_earlier_deployment_do_not_count() {
    let lines = [started("13:30:00"), trouble("13:30:05"), started("13:50:20"), noise("13:50:40")];
    let outcome = Case::new().rule("rollback", "trouble", "count(job.trouble[1m]) > 0", "").log("a.jsonl", lines).run();
    assert_eq!(outcome.trigger("trouble")["fired"], 0);
    assert_ne!(outcome.verdict(), "rollback");
}

/// Rule 6.
#[test]
fn rules_are_armed_until_the_plan_s_duration_is_over() {
    let lines = |event: &str| [noise("13:30:00"), trouble(event), noise("13:40:00")];
    let changes = |event| {
        let case = Case::new().header("duration = '5m'").trigger("trouble", "count(job.trouble[10s]) > 0");
        case.log("a.jsonl", lines(event)).run().changes("trouble")
    };
    assert_eq!(changes("13:34:50")[0], "firing 13:34:51");
    assert_eq!(changes("13:35:01"), [""; 0]);
}

const SLOWER: &str = "p50(job.done{}.took[10m]) > 1.5 * baseline(p50(job.done{}.took[10m]))";

/// `count` jobs a second apart before 13:30, and 60 after it.
fn before_and_after(count: u32, before: &str, later: &str) -> Vec<String> {
    let start = 13 * 3_600 + 1_800 - count;
    let first = format!("{:02}:{:02}:{:02}", start / 3_600, start / 60 % 60, start % 60);
    [every_second(&first, count, |clock| job(clock, before)), every_second("13:30:00", 60, |clock| job(clock, later))]
        .concat()
}

fn deployed_at_half_past(when: &str, lines: Vec<String>) -> Case {
    let case = Case::new().rule("investigate", "slower", when, "min_samples = 5").log("a.jsonl", lines);
    case.argument("--deployed-at").argument("2025-08-25T13:30:00Z")
}

/// Rule 7: 30 jobs of 100 ms before, so the threshold is 150 ms and stays there.
#[test]
fn a_baseline_is_of_the_time_before_the_deployment_and_frozen() {
    let outcome = deployed_at_half_past(SLOWER, before_and_after(30, "in 100 ms", "in 200 ms")).run();
    assert_eq!(outcome.changes("slower"), ["firing 13:30:05"], "at the fifth sample");
    let threshold = outcome.trigger("slower")["threshold"].as_f64().expect("a threshold");
    assert!((threshold - 0.15).abs() < 0.002, "{threshold}");
    let outcome = deployed_at_half_past(SLOWER, before_and_after(30, "in 100 ms", "in 140 ms")).run();
    assert_eq!(outcome.changes("slower"), [""; 0]);
    let threshold = outcome.trigger("slower")["threshold"].as_f64().expect("a threshold");
    assert!((threshold - 0.15).abs() < 0.002, "frozen: {threshold}");
}

/// Rule 7: its own start is none that comes before it.
#[test]
fn a_start_in_the_given_second_leaves_the_time_before_as_it_is() {
    let lines = [before_and_after(30, "in 100 ms", "in 200 ms"), vec![started("13:30:00")]].concat();
    assert_eq!(deployed_at_half_past(SLOWER, lines).run().changes("slower"), ["firing 13:30:05"]);
}

/// Rule 7.
#[test]
fn a_baseline_of_too_few_samples_is_unknown() {
    let few = deployed_at_half_past(SLOWER, before_and_after(19, "in 100 ms", "in 200 ms")).run();
    assert_eq!((few.changes("slower"), &few.trigger("slower")["state"]), (vec![], &json!("unknown")));
    let fewer_wanted = deployed_at_half_past(SLOWER, before_and_after(19, "in 100 ms", "in 200 ms"));
    let outcome = fewer_wanted.header("baseline.min_samples = 19").run();
    assert_eq!(outcome.changes("slower"), ["firing 13:30:05"]);
}

/// Rule 7.
#[test]
fn a_baseline_reaches_back_its_window_and_no_further() {
    let long_ago = every_second("12:29:00", 50, |clock| job(clock, "in 1000 ms"));
    let lines = [long_ago, before_and_after(30, "in 100 ms", "in 200 ms")].concat();
    let outcome = deployed_at_half_past(SLOWER, lines.clone()).run();
    assert_eq!(outcome.changes("slower"), ["firing 13:30:05"]);
    let outcome = deployed_at_half_past(SLOWER, lines).header("baseline.window = '2h'").run();
    assert_eq!(outcome.changes("slower"), [""; 0], "now the slow ones of long ago are most of it");
}

/// Rule 7: 120 jobs in the 20 minutes before are 0.1 a second; 1 a second is ten times that.
#[test]
fn the_baseline_of_a_rate_divides_by_what_was_observed_of_its_window() {
    let before = (0..120).map(|at| job(&super::case::after("13:10:00", at * 10), ""));
    let lines: Vec<String> = before.chain(every_second("13:30:00", 60, |clock| job(clock, ""))).collect();
    let outcome = deployed_at_half_past("rate(job.done[1m]) > 2 * baseline(rate(job.done[1m]))", lines).run();
    let threshold = outcome.trigger("slower")["threshold"].as_f64().expect("a threshold");
    assert!((threshold - 0.2).abs() < 1e-9, "{threshold}");
    // A rate is a count over time, and known from the first event on: `min_samples` is not about it.
    assert_eq!(outcome.changes("slower"), ["firing 13:30:01"]);
}

/// Rules 7 and 10.
#[test]
fn a_baseline_over_dropped_records_is_unknown() {
    let dropped =
        app("13:00:00", "warn", "Railway rate limit of 500 logs/sec reached for replica. Messages dropped: 50");
    let lines = [vec![noise("12:45:00"), dropped], before_and_after(30, "in 100 ms", "in 200 ms")].concat();
    let outcome = deployed_at_half_past(SLOWER, lines).run();
    assert_eq!(outcome.changes("slower"), [""; 0]);
}

/// Rule 7: a count of nothing is known where somebody would have seen it.
#[test]
fn the_baseline_of_a_count_may_be_nothing() {
    let jobs = || every_second("13:30:00", 30, |clock| job(clock, ""));
    let lines = [every_second("13:20:00", 600, noise), jobs()].concat();
    let when = "count(job.done) >= 5 and rate(job.done) > 2 * baseline(rate(job.done), 5/s)";
    assert_eq!(deployed_at_half_past(when, lines).run().changes("slower"), ["firing 13:30:05"]);
    // Four minutes are no baseline, and what stands in for it is more.
    let lines = [every_second("13:26:00", 240, noise), jobs()].concat();
    assert_eq!(deployed_at_half_past(when, lines).run().changes("slower"), [""; 0]);
}
