//! `logwatch watch --state`: killed anywhere and started again, it ends as if it had not been.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use logwatch::time::SECOND;
use serde_json::Value;

use super::server::Server;
use super::watch::{failing, terminated, watch};
use super::world::{WORKER, World, locked, machine_now};
use crate::support::program::{Ran, command, eventually, objects, run};

/// What a run showed but its first and last object, each with how often.
fn events(out: &str) -> BTreeMap<String, usize> {
    let mut events = BTreeMap::new();
    for object in objects(out) {
        if !["start", "summary"].contains(&object["type"].as_str().unwrap_or_default()) {
            *events.entry(object.to_string()).or_default() += 1;
        }
    }
    events
}

/// Twenty minutes of a failing service, asked for in small pages, and the range to read.
fn server() -> (Server, Vec<String>) {
    let mut world = World::new();
    failing(&mut world);
    world.page = 700;
    let until = world.now().saturating_add(-20 * SECOND).to_string();
    let asked = ["api", "--format", "json", "--since", "25m", "--until", &until].map(String::from);
    (Server::start(world), asked.to_vec())
}

fn asked(asked: &[String], state: Option<&Path>) -> Vec<String> {
    let state = state.map(|path| ["--state".to_string(), path.display().to_string()]);
    asked.iter().cloned().chain(state.into_iter().flatten()).collect()
}

fn started(server: &Server, arguments: &[String]) -> Command {
    watch(server, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn killed_anywhere_and_started_again_it_ends_as_if_it_had_not_been() {
    let (server, range) = server();
    let undisturbed = run(&mut started(&server, &asked(&range, None)));
    let expected = undisturbed.summary();
    assert_eq!(expected["verdict"], "rollback", "{}", undisturbed.err);
    let folder = tempfile::tempdir().unwrap();
    let arguments = asked(&range, Some(&folder.path().join("state")));
    let mut shown = String::new();
    let mut killed = 0;
    // One after the other, early and late in what is left to do.
    for point in ["before:1", "within:2", "after:5", "shown:1", "after:40", "within:9", "shown:1", "before:30"] {
        let Ran { status, out, .. } = run(started(&server, &arguments).env("LOGWATCH_DIE_AT", point));
        shown.push_str(&out);
        killed += usize::from(status.is_none());
    }
    assert!(killed > 4, "{killed} times killed");
    let ran = run(&mut started(&server, &arguments));
    shown.push_str(&ran.out);
    assert_eq!((ran.status, &ran.summary()), (undisturbed.status, &expected), "{}", ran.err);
    assert_same_events(&shown, &undisturbed.out);
}

/// None is missing. One that was shown and not taken note of is shown again, and no other.
fn assert_same_events(shown: &str, wanted: &str) {
    let (shown, wanted) = (events(shown), events(wanted));
    assert!(shown.keys().eq(wanted.keys()), "{shown:#?}\n{wanted:#?}");
}

/// Before, within and after each kind of write, at each of the first times and some later ones.
#[test]
fn wherever_it_ends_at_a_write_nothing_is_lost_or_counted_twice() {
    let mut world = World::new();
    let now = world.now();
    for second in 0..12 {
        let time = now.saturating_add((second - 60) * SECOND);
        let status = if second < 4 { 200 } else { 500 };
        (0..10).for_each(|at| world.request(time.saturating_add(at), "/api/bots", status));
        world.write(time, "ERROR:app.bots:name 'session' is not defined");
        let line = world.line(time, "GET /work 200 12ms");
        world.apps.push(super::world::App { service: WORKER.into(), deployment: "w-1".into(), ..line });
    }
    let until = now.saturating_add(-20 * SECOND).to_string();
    let server = Server::start(world);
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, FAILS).unwrap();
    // Of all services.
    let range = ["--format", "json", "--since", "2m", "--until", &until, "--plan", plan.to_str().unwrap()];
    let range = range.map(String::from);
    let undisturbed = run(&mut started(&server, &asked(&range, None)));
    let expected = undisturbed.summary();
    let verdicts: Vec<_> = expected["services"].as_array().unwrap().iter().map(|service| &service["verdict"]).collect();
    assert_eq!(verdicts, ["rollback", "unknown"]);
    assert_eq!((undisturbed.status, &expected["input"]["lines"]), (Some(4), &144.into()), "{}", undisturbed.err);
    let points = ["laying-out", "laid-out", "setup", "begun", "before", "saving", "saved", "within", "after", "shown"];
    let points = points.iter().flat_map(|name| [1, 2, 3, 5, 8, 12].map(|times| format!("{name}:{times}")));
    let points = std::sync::Mutex::new(points.collect::<Vec<_>>());
    let killed = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        // They wait for the server's pace more than they work.
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some(point) = points.lock().unwrap().pop() else { return };
                    let arguments = asked(&range, Some(&folder.path().join(&point)));
                    let first = run(started(&server, &arguments).env("LOGWATCH_DIE_AT", &point));
                    if first.status.is_some() {
                        // It is not passed so often.
                        assert_eq!(first.summary(), expected, "{point}");
                        continue;
                    }
                    killed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let second = run(&mut started(&server, &arguments));
                    assert_eq!(second.summary(), expected, "{point}: {}", second.err);
                    let both = first.out + &second.out;
                    assert_same_events(&both, &undisturbed.out);
                    let state = folder.path().join(&point);
                    let again = run(&mut command(&["replay", "--format", "json", "--state", state.to_str().unwrap()]));
                    assert_eq!(again.summary(), expected, "{point}: {}", again.err);
                    assert_eq!(events(&again.out), events(&undisturbed.out), "{point}");
                    let is_shown_once = events(&both).values().all(|times| *times == 1);
                    assert!(
                        is_shown_once || point.starts_with("shown") || point.starts_with("within"),
                        "{point}: {both}"
                    );
                }
            });
        }
    });
    let killed = killed.into_inner();
    assert!(killed >= 20, "{killed} times killed");
}

const FAILS: &str = r#"
[plan]
id = "fails"
title = "Requests fail"

[[trigger]]
id = "fails"
severity = "rollback"
when = "count(http.request{status=5xx}[10s]) >= 20"

[[trigger]]
id = "errors"
severity = "investigate"
when = "count(app.error[10s]) >= 5"
"#;

/// Writes some lines and requests of now, of which some are stored late and some say the same.
fn write(world: &mut World, round: i64) -> i64 {
    let now = world.now();
    for at in 0..40 {
        let time = now.saturating_add((at / 4) * 1_000_000);
        match at % 4 {
            0 => {
                world.request(time, &format!("/{round}/{at}"), 200);
                let newest = world.deployments.last().unwrap().id.clone();
                world.https.last_mut().unwrap().deployment = newest;
            }
            1 => world.write(now, "said again"),
            2 => {
                let line = world.line(time, &format!("GET /late/{round}/{at} 200 12ms"));
                world.apps.push(super::world::App { visible: time.saturating_add(SECOND), ..line });
            }
            _ => world.write(time, &format!("GET /{round}/{at} 200 12ms")),
        }
    }
    40
}

#[test]
fn killed_while_it_follows_it_has_what_one_has_that_was_not() {
    let server = Server::start(World::new());
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let arguments = ["api", "--format", "json", "--since", "2m"].map(String::from);
    let undisturbed = started(&server, &asked(&arguments, None)).spawn().unwrap();
    let mut written = 0;
    let mut last = None;
    for (round, pause) in [900, 1_300, 500, 1_100, 700].into_iter().enumerate() {
        let mut child = started(&server, &asked(&arguments, Some(&state))).spawn().unwrap();
        for part in 0..3 {
            written += write(&mut locked(&server.world), round as i64 * 10 + part);
            std::thread::sleep(Duration::from_millis(pause / 3));
        }
        if round == 4 {
            last = Some(child);
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut world = locked(&server.world);
        if round == 2 {
            // While it does not run there is a new deployment.
            world.deployed("d-3", 0, "SUCCESS");
            let now = world.now();
            let line = world.line(now, "Starting Container");
            world.apps.push(super::world::App { deployment: "d-3".into(), ..line });
            written += 1;
            drop(world);
            // The other one has to have seen it, too.
            std::thread::sleep(Duration::from_millis(400));
            world = locked(&server.world);
        }
        written += write(&mut world, round as i64 * 10 + 9);
    }
    let lines = || {
        let ran = run(&mut command(&["status", "--format", "json", "--state", state.to_str().unwrap()]));
        let status: Value = serde_json::from_str(&ran.out).unwrap_or_default();
        (status["lines"].as_i64(), status["process"].is_u64())
    };
    eventually("all lines are in the state of the run", || lines() == (Some(written), true));
    let [mut wanted, mut had] = [undisturbed, last.unwrap()].map(|child| terminated(child).summary());
    for summary in [&mut wanted, &mut had] {
        assert_eq!(summary["input"]["lines"], written);
        assert_eq!(summary["deployed_at_from"], "process.container_started");
        // When it was told to end.
        summary["to"].take();
    }
    assert_eq!(had, wanted);
    assert_eq!(lines(), (Some(written), false));
    let again = run(&mut command(&["replay", "--format", "json", "--state", state.to_str().unwrap()])).summary();
    assert_eq!((&again["input"], &again["http"]), (&had["input"], &had["http"]));
}

/// With `--baseline previous` the log of the deployment before is read once: later it may be gone, or be another.
#[test]
fn what_it_is_compared_with_stands_in_the_state() {
    let (server, mut range) = server();
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, WORSE).unwrap();
    range.extend(["--plan", plan.to_str().unwrap(), "--baseline", "previous"].map(String::from));
    let undisturbed = run(&mut started(&server, &asked(&range, None)));
    let expected = undisturbed.summary();
    assert_eq!((&expected["verdict"], &expected["baseline"]["file"]), (&"rollback".into(), &"deployment d-2".into()));
    let arguments = asked(&range, Some(&folder.path().join("state")));
    // Before what it is compared with stands there, and after.
    for point in ["begun:1", "within:3", "after:4"] {
        let killed = run(started(&server, &arguments).env("LOGWATCH_DIE_AT", point));
        assert_eq!(killed.status, None, "{point}: {}", killed.err);
    }
    // Read again, the time before would be another, and nothing worse than that.
    let mut world = locked(&server.world);
    let before = world.now().saturating_add(-40 * 60 * SECOND);
    (0..600).for_each(|second| world.request(before.saturating_add(second * SECOND), "/api/bots", 500));
    drop(world);
    let afresh = run(&mut started(&server, &asked(&range, None)));
    assert_ne!(afresh.summary()["baseline"], expected["baseline"]);
    let ran = run(&mut started(&server, &arguments));
    assert_eq!(ran.summary(), expected, "{}", ran.err);
    let again = run(&mut command(&["replay", "--format", "json", "--state", arguments.last().unwrap()]));
    assert_eq!(again.summary(), expected, "{}", again.err);
}

const WORSE: &str = r#"
[plan]
id = "worse"
title = "Worse than before"

[[trigger]]
id = "worse"
severity = "rollback"
when = "count(http.request{status=5xx}) / count(http.request) > 2 * baseline(count(http.request{status=5xx}) / count(http.request)) + 1pp"
"#;

#[test]
fn a_state_is_of_one_plan_and_one_choice_of_services() {
    let (server, range) = server();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let arguments = asked(&range, Some(&state));
    assert_eq!(run(&mut started(&server, &arguments)).status, Some(4));
    let with = |more: &[&str]| {
        let more = more.iter().map(|text| text.to_string());
        run(&mut started(&server, &arguments.iter().cloned().chain(more).collect::<Vec<_>>()))
    };
    for (more, told) in [
        (&["worker"][..], "another choice of services (api: "),
        (&["--plan", "dl-034"], "another plan (default, as it was then)"),
        (&["--logs", "app"], "another --logs"),
        (&["--filter", "@level:error"], "another --filter"),
    ] {
        let ran = with(more);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
        assert!(ran.err.contains(told), "{}", ran.err);
    }
}

/// A storm of records and ten kills: record for record what one run has that reads all of it afterwards.
#[test]
#[ignore = "takes a minute"]
fn two_hundred_thousand_records_and_ten_kills() {
    const RECORDS: i64 = 200_000;
    let server = Server::start(World::new());
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let arguments = ["api", "--format", "json", "--since", "5m"].map(String::from);
    let start = || started(&server, &asked(&arguments, Some(&state))).spawn().unwrap();
    let (mut child, mut kills, mut written) = (start(), 0, 0);
    let mut random = 11u64;
    while written < RECORDS || kills < 10 {
        if written < RECORDS {
            let mut world = locked(&server.world);
            let now = world.now();
            for at in 0..400 {
                let time = now.saturating_add((at / 4) * 1_000 - (at % 3) * 2_000_000);
                match at % 5 {
                    0 => world.request(time, &format!("/{}", written % 7), 200),
                    1 => world.write(now, "said again"),
                    _ => world.write(time, &format!("GET /{} 200 12ms", written % 100)),
                }
                written += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(80));
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (random >> 33).is_multiple_of(35) {
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            std::thread::sleep(Duration::from_millis((random >> 40) % 900));
            child = start();
        }
    }
    let lines = || {
        let ran = run(&mut command(&["status", "--format", "json", "--state", state.to_str().unwrap()]));
        serde_json::from_str::<Value>(&ran.out).unwrap_or_default()["lines"].as_i64().unwrap_or_default()
    };
    let begin = std::time::Instant::now();
    while lines() < written && begin.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(200));
    }
    let had = terminated(child).summary();
    let bytes = std::fs::metadata(&state).unwrap().len();
    println!("{kills} kills, {written} records, {bytes} bytes");
    let since = (machine_now().since(began(&state)) / SECOND + 301).to_string() + "s";
    let arguments = ["api", "--format", "json", "--since", &since, "--until", "1s"].map(String::from);
    let afterwards = run(&mut started(&server, &arguments)).summary();
    for member in ["input", "classes", "verdict"] {
        assert_eq!(had[member], afterwards[member], "{member}");
    }
    assert_eq!(had["http"]["by_route"], afterwards["http"]["by_route"]);
    assert_eq!(had["input"]["lines"], written);
}

fn began(state: &Path) -> logwatch::time::Time {
    let ran = run(&mut command(&["status", "--format", "json", "--state", state.to_str().unwrap()]));
    let status: Value = serde_json::from_str(&ran.out).unwrap();
    logwatch::time::parse(status["began"].as_str().unwrap().as_bytes()).unwrap()
}
