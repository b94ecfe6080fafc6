//! Rule 6: which starts are deployments, and which are restarts.

use serde_json::json;

use super::case::{Case, access, after, app, clock, every_second, noise, stamp, trouble};

fn container(time: &str) -> String {
    app(time, "info", "Starting Container")
}

fn stopping(time: &str) -> String {
    app(time, "info", "Stopping Container")
}

fn listening(time: &str) -> String {
    app(time, "info", "Server listening on port 8080")
}

fn of_deployment(id: &str, time: &str) -> String {
    json!({"timestamp": stamp(time), "method": "GET", "path": "/a", "httpStatus": 200, "totalDuration": 4, "deploymentId": id})
        .to_string()
}

fn serving(from: &str, seconds: u32) -> Vec<String> {
    every_second(from, seconds, |time| access(time, "/a", 200))
}

/// When the deployment that is judged began, and how many restarts there were in the whole input.
fn lived(case: &Case) -> (String, u64) {
    let outcome = case.run();
    (clock(&outcome.summary()["deployed_at"]).to_string(), outcome.count("process.restarted"))
}

fn lived_through(parts: &[Vec<String>]) -> (String, u64) {
    lived(&Case::new().log("a.jsonl", parts.concat()))
}

/// A first deployment that has run for 20 minutes.
fn running() -> Vec<String> {
    [vec![container("13:00:00"), listening("13:00:02")], serving("13:19:00", 60)].concat()
}

#[test]
fn a_start_while_the_old_process_goes_on_is_a_deployment() {
    let switch = [container("13:20:00"), access("13:20:01", "/a", 200), listening("13:20:02"), stopping("13:20:09")];
    assert_eq!(lived_through(&[running(), switch.to_vec(), serving("13:20:10", 60)]), ("13:20:00".into(), 0));
}

/// Logs with whole seconds: at one time, lines stand in the order in which they happened.
#[test]
fn a_start_and_its_crash_in_one_second_are_no_restart() {
    let start = "2025-11-23 13:00:00 INFO Server listening on port 8080".to_string();
    let crash = "2025-11-23 13:00:00 ERROR Process exited with code 1".to_string();
    assert_eq!(lived_through(&[vec![start.clone(), crash.clone()]]).1, 0);
    assert_eq!(lived_through(&[vec![crash, start]]).1, 1);
    // Among several sources, none is named first.
    let (started, down) = (listening("13:00:00"), app("13:00:00", "error", "Process exited with code 1"));
    let either = |first: &str, then: &str| {
        lived(&Case::new().log("a.jsonl", vec![first.to_string()]).log("b.jsonl", vec![then.to_string()]))
    };
    assert_eq!(either(&started, &down), either(&down, &started));
}

#[test]
fn a_start_after_a_crash_is_a_restart() {
    for words in ["Node.js v20.20.2", "npm error code 1", "Killed", "ERROR:    Application startup failed. Exiting."] {
        let crash = [app("13:20:00", "error", words), container("13:20:03"), listening("13:20:04")];
        assert_eq!(
            lived_through(&[running(), crash.to_vec(), serving("13:20:05", 60)]),
            ("13:00:00".into(), 1),
            "{words}"
        );
    }
}

#[test]
fn what_goes_on_after_the_crash_of_a_part_of_it_did_not_go_down() {
    let crash = [vec![app("13:19:00", "error", "Killed")], serving("13:19:01", 59)].concat();
    let parts = [running(), crash, vec![container("13:20:00"), listening("13:20:02")], serving("13:20:03", 9)];
    assert_eq!(lived_through(&parts), ("13:20:00".into(), 0));
}

#[test]
fn what_the_old_process_says_at_its_end_is_no_crash_of_the_new_one() {
    let switch = [
        container("13:20:00"),
        listening("13:20:02"),
        stopping("13:20:09"),
        app("13:20:10", "error", "npm error code 143"),
    ];
    let parts =
        [running(), switch.to_vec(), serving("13:20:11", 60), vec![container("13:40:00"), listening("13:40:01")]];
    assert_eq!(lived_through(&parts), ("13:40:00".into(), 0));
}

#[test]
fn a_string_of_starts_is_one_deployment_in_a_loop() {
    let starts =
        |seconds: u32| -> Vec<String> { (0..6).map(|at| container(&after("13:20:00", at * seconds))).collect() };
    for seconds in [15, 40, 200] {
        assert_eq!(lived_through(&[running(), starts(seconds)]), ("13:20:00".into(), 5), "{seconds} s apart");
    }
}

#[test]
fn starts_within_seconds_are_replicas() {
    let replicas = ["13:20:00", "13:20:01", "13:20:03"].map(container).to_vec();
    let ready = ["13:20:02", "13:20:03", "13:20:05"].map(listening).to_vec();
    assert_eq!(lived_through(&[running(), replicas, ready, serving("13:20:06", 60)]), ("13:20:00".into(), 0));
}

#[test]
fn workers_that_are_replaced_are_neither() {
    let worker = |time: &str| app(time, "error", "INFO:     Started server process [31]");
    let gunicorn = app("13:00:01", "error", "[2025-08-25 13:00:01 +0000] [1] [INFO] Starting gunicorn 23.0.0");
    let recycled: Vec<String> = (0..12).map(|at| worker(&after("13:01:00", at * 400))).collect();
    assert_eq!(lived_through(&[vec![gunicorn, worker("13:00:02")], recycled]), ("13:00:01".into(), 0));
}

#[test]
fn a_slow_start_is_one_start() {
    let slow = vec![
        container("13:20:00"),
        app("13:24:40", "info", "Started ShopApplication in 279.2 seconds"),
        listening("13:27:41"),
    ];
    assert_eq!(lived_through(&[running(), slow, serving("13:28:00", 60)]), ("13:20:00".into(), 0));
}

#[test]
fn the_http_log_s_ids_tell_a_restart_from_a_deployment() {
    let app = [
        running(),
        vec![app("13:20:00", "info", "INFO:     Shutting down"), container("13:20:03"), listening("13:20:05")],
        serving("13:20:06", 60),
    ];
    let before = every_second("13:19:00", 60, |time| of_deployment("one", time));
    let with = |id: &str| {
        let later = every_second("13:20:06", 60, |time| of_deployment(id, time));
        let case = Case::new().log("a.jsonl", app.concat()).log("http.jsonl", [before.clone(), later].concat());
        lived(&case)
    };
    assert_eq!(with("one"), ("13:00:00".into(), 0), "a restart that was asked for is none that has to be explained");
    assert_eq!(with("two").0, "13:20:03", "the start, not its first request");
}

#[test]
fn the_old_process_may_serve_on_after_the_new_one_is_ready() {
    let switch = vec![container("13:20:00"), listening("13:20:01")];
    let app = [running(), switch, serving("13:20:02", 10), vec![stopping("13:20:30")], serving("13:20:31", 60)];
    let http = [
        every_second("13:19:00", 70, |time| of_deployment("one", time)),
        every_second("13:20:10", 60, |time| of_deployment("two", time)),
    ];
    let case = Case::new().log("a.jsonl", app.concat()).log("http.jsonl", http.concat());
    assert_eq!(lived(&case), ("13:20:00".into(), 0));
}

#[test]
fn a_deployment_that_serves_nothing_is_judged_all_the_same() {
    let http = every_second("13:19:00", 60, |time| of_deployment("one", time));
    let switch = vec![container("13:20:00"), listening("13:20:02"), stopping("13:20:12")];
    let rest = every_second("13:21:00", 60, noise);
    let case = Case::new().log("a.jsonl", [running(), switch, rest].concat()).log("http.jsonl", http);
    assert_eq!(lived(&case).0, "13:20:00");
}

#[test]
fn one_id_alone_is_no_deployment() {
    let case = Case::new().log("http.jsonl", every_second("13:19:00", 60, |time| of_deployment("one", time)));
    let outcome = case.run();
    assert_eq!(outcome.summary()["deployed_at_from"], "first record");
}

#[test]
fn a_restart_arms_nothing_anew_and_windows_reach_across_it() {
    let lines = [
        running(),
        vec![
            trouble("13:20:00"),
            app("13:20:01", "error", "Killed"),
            container("13:20:04"),
            trouble("13:20:05"),
            noise("13:20:10"),
        ],
    ];
    let outcome = Case::new().trigger("twice", "count(job.trouble[1m]) >= 2").log("a.jsonl", lines.concat()).run();
    assert_eq!(outcome.changes("twice"), ["firing 13:20:06"]);
}

#[test]
fn a_log_that_begins_in_a_loop_holds_no_deployment() {
    let crash = |time: &str| [app(time, "error", "Node.js v20.20.2"), container(&after(time, 2))].to_vec();
    let outcome =
        Case::new().log("a.jsonl", [crash("13:20:00"), crash("13:20:20"), vec![noise("13:20:40")]].concat()).run();
    assert_eq!(
        (&outcome.summary()["deployed_at_from"], outcome.count("process.restarted")),
        (&json!("first record"), 2)
    );
}

/// Rule 7.
#[test]
fn a_baseline_is_of_the_previous_deployment_s_steady_running() {
    let job = |time: &str, took: &str| app(time, "info", &format!("INFO:jobs:job done in {took} ms"));
    // A first deployment that was slow, and a second one whose start is slow.
    let lines = [
        vec![container("13:00:00")],
        every_second("13:00:10", 100, |time| job(time, "9000")),
        vec![container("13:20:00")],
        every_second("13:20:01", 59, |time| job(time, "7000")),
        every_second("13:21:00", 60, |time| job(time, "100")),
        vec![container("13:40:00")],
        every_second("13:41:00", 30, |time| job(time, "200")),
    ];
    let case = Case::new().rule(
        "investigate",
        "slower",
        "mean(job.done{}.took[10m]) > 1.5 * baseline(mean(job.done{}.took[10m]))",
        "",
    );
    let outcome = case.log("a.jsonl", lines.concat()).run();
    let threshold = outcome.trigger("slower")["threshold"].as_f64().expect("a threshold");
    assert!((threshold - 0.15).abs() < 1e-9, "{threshold}");
}

/// Rules 6 and 7: a deployment that shows a minute late is counted from its beginning, and what came then is no baseline of it.
#[test]
fn a_deployment_that_shows_late_is_counted_from_its_beginning() {
    let http: Vec<String> = [
        every_second("13:05:00", 960, |time| of_deployment("old", time)),
        every_second("13:21:00", 60, |time| of_deployment("new", time)),
    ]
    .concat();
    let log = [container("13:00:00"), listening("13:00:02"), container("13:20:00"), listening("13:20:02")];
    let by_route = "max(http.request{}.duration[deploy])";
    let case = Case::new()
        .kpi("count(http.request[deploy])", "> 0")
        .kpi("count(process.ready[deploy])", "> 0")
        .kpi(by_route, ">= 0s")
        .kpi("baseline(rate(http.request))", "> 0/s")
        .kpi("baseline(count(http.request))", "> 0");
    let outcome = case.log("a.jsonl", log).log("http.jsonl", http).run();
    assert_eq!(clock(&outcome.summary()["deployed_at"]), "13:20:00");
    assert_eq!(outcome.value("count(http.request[deploy])"), Some(120.0));
    assert_eq!(outcome.value("count(process.ready[deploy])"), Some(1.0));
    assert_eq!(outcome.value(by_route), Some(0.004));
    let http = &outcome.summary()["http"];
    assert_eq!((&http["since"]["requests"], &http["by_route"][0]["since"]["count"]), (&json!(120), &json!(120)));
    // From 13:05:00 to 13:20:00.
    assert_eq!(outcome.value("baseline(count(http.request))"), Some(900.0));
    assert_eq!(http["before"]["requests"], 900);
    // The old deployment ran as usual since a minute after its last sign of starting, 13:01:02.
    assert_eq!(http["before"]["seconds"], 1_138);
    assert_eq!(outcome.value("baseline(rate(http.request))"), Some(900.0 / 1_138.0));
}

/// Rule 6: of a start that turns out to be a restart nothing begins, and nothing is lost.
#[test]
fn what_came_since_a_restart_stays_what_it_was() {
    let http = every_second("13:05:00", 1_800, |time| of_deployment("only", time));
    let log = [container("13:00:00"), listening("13:00:02"), container("13:20:00"), listening("13:20:02")];
    let outcome =
        Case::new().kpi("count(http.request[deploy])", "> 0").log("a.jsonl", log).log("http.jsonl", http).run();
    assert_eq!(clock(&outcome.summary()["deployed_at"]), "13:00:00");
    assert_eq!(outcome.value("count(http.request[deploy])"), Some(1_800.0));
    let http = &outcome.summary()["http"];
    assert_eq!((&http["since"]["requests"], &http["by_route"][0]["since"]["count"]), (&json!(1_800), &json!(1_800)));
}

/// Rule 7: a rate is of the seconds whose events are counted, and so what a restart takes makes it no smaller.
#[test]
fn a_rate_before_the_deployment_is_of_the_seconds_that_are_counted() {
    let crash = [app("13:11:00", "error", "Killed"), container("13:11:03"), listening("13:11:04")];
    let rate = |serving: [Vec<String>; 2]| {
        let [before, after] = serving;
        let lines = [vec![container("13:00:00"), listening("13:00:02")], before, crash.to_vec(), after].concat();
        let case = Case::new().kpi("baseline(rate(http.request))", "> 0/s").argument("--deployed-at");
        case.argument("2025-08-25T13:30:00Z").log("a.jsonl", lines).run().value("baseline(rate(http.request))")
    };
    assert_eq!(rate([serving("13:01:00", 601), serving("13:11:05", 1_200)]), Some(1.0));
    // In silence after a restart the service runs as usual from its second minute on: 13:12:04.
    assert_eq!(rate([serving("13:01:00", 601), serving("13:20:00", 660)]), Some(1_199.0 / (1_738.0 - 63.0)));
}

fn failure(time: &str) -> String {
    app(time, "error", "ERROR:shop.db:cannot open the database")
}

/// How many seconds of the newest deployment's start had failures.
fn failed_at_start(parts: &[Vec<String>]) -> u64 {
    let lines = parts.concat();
    Case::new()
        .trigger("any", "count(process.failed_at_start) > 0")
        .log("a.jsonl", lines)
        .run()
        .count("process.failed_at_start")
}

#[test]
fn what_fails_before_the_service_is_ready_failed_at_its_start() {
    let start = || vec![container("13:00:00"), failure("13:00:03"), listening("13:00:05")];
    assert_eq!(failed_at_start(&[start(), serving("13:00:06", 20)]), 1);
    let ready = || vec![container("13:00:00"), listening("13:00:05")];
    assert_eq!(
        failed_at_start(&[ready(), vec![failure("13:00:07")], serving("13:00:08", 20)]),
        1,
        "nothing was served"
    );
    assert_eq!(failed_at_start(&[ready(), serving("13:00:06", 20), vec![failure("13:00:27")]]), 0);
    let silent = vec![container("13:00:00"), access("13:00:02", "/a", 200), failure("13:00:07")];
    assert_eq!(failed_at_start(&[silent, serving("13:00:08", 20)]), 0);
}

#[test]
fn what_fails_at_every_start_is_no_news() {
    let start = |hour: &str, fails: bool| {
        let at = |rest: &str| format!("13:{hour}:{rest}");
        let failure = if fails { vec![failure(&at("03"))] } else { Vec::new() };
        [vec![container(&at("00"))], failure, vec![listening(&at("05"))], serving(&at("06"), 20)].concat()
    };
    // The old process serves on: its requests do not tell that the new one is ready.
    let beside = |fails: bool| {
        let mut lines = start("20", fails);
        lines.insert(1, access("13:20:01", "/a", 200));
        lines.push(stopping("13:20:30"));
        lines
    };
    assert_eq!(failed_at_start(&[start("00", false), beside(true)]), 1);
    assert_eq!(failed_at_start(&[start("00", true), beside(true)]), 1, "once, at the first start");
}

/// Replicas that are replaced one after another, each once its successor runs, are one deployment; what comes back though no old one has
/// made room was down.
#[test]
fn replicas_that_are_rolled_one_by_one_are_one_deployment() {
    let ready = |time: &str| vec![container(time), listening(&after(time, 2))];
    let began = |replicas: u32| (0..replicas).flat_map(|at| ready(&after("13:00:00", at))).collect::<Vec<_>>();
    let replaced = |time: &str| [ready(time), vec![stopping(&after(time, 5))], serving(&after(time, 6), 30)].concat();
    let rolled =
        |replicas: u32| (0..replicas).map(|at| replaced(&after("13:20:00", 40 * at))).collect::<Vec<_>>().concat();
    let before = serving("13:19:00", 60);
    assert_eq!(lived_through(&[began(3), before.clone(), rolled(3)]), ("13:20:00".into(), 0));
    // As many as there were.
    let again = ready("13:22:20");
    assert_eq!(lived_through(&[began(3), before.clone(), rolled(3), again.clone()]), ("13:20:00".into(), 1));
    assert_eq!(lived_through(&[began(1), before.clone(), rolled(1), again]), ("13:20:00".into(), 1));
    // No old one has made room.
    let silent = [replaced("13:20:00"), ready("13:20:40"), ready("13:21:20"), ready("13:22:00")].concat();
    assert_eq!(lived_through(&[began(3), before.clone(), silent]), ("13:20:00".into(), 2));
    // One went down.
    let crash = [replaced("13:20:00"), vec![app("13:20:39", "error", "Process exited with code 1")], ready("13:20:40")]
        .concat();
    assert_eq!(lived_through(&[began(3), before, crash]), ("13:20:00".into(), 1));
}
