//! `logwatch watch --state`: killed anywhere and started again, it ends as if it had not been.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use logwatch::time::SECOND;
use serde_json::Value;

use super::program::{Ran, command, eventually, objects, run};
use super::server::Server;
use super::watch::{failing, terminated, watch};
use super::world::{World, locked};

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
    // Each way a process can end at a write, early and late in a run, one after the other on one state.
    for points in [
        ["before:1", "within:1", "after:1", "within:5", "shown:1", "after:40"],
        ["after:2", "shown:2", "before:60", "within:7", "shown:1", "before:1"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let arguments = asked(&range, Some(&state));
        let mut shown = String::new();
        let mut killed = 0;
        for point in points {
            let Ran { status, out, .. } = run(started(&server, &arguments).env("LOGWATCH_DIE_AT", point));
            shown.push_str(&out);
            killed += usize::from(status.is_none());
        }
        assert!(killed > 3, "{killed} times killed");
        let ran = run(&mut started(&server, &arguments));
        shown.push_str(&ran.out);
        assert_eq!((ran.status, &ran.summary()), (undisturbed.status, &expected), "{points:?}: {}", ran.err);
        let (shown, wanted) = (events(&shown), events(&undisturbed.out));
        assert!(shown.keys().eq(wanted.keys()), "{points:?}\n{shown:#?}\n{wanted:#?}");
    }
}

/// Writes some lines and requests of now, of which some are stored late and some say the same.
fn write(world: &mut World, round: i64) -> i64 {
    let now = world.now();
    for at in 0..40 {
        let time = now.saturating_add((at / 4) * 1_000_000);
        match at % 4 {
            0 => world.request(time, &format!("/{round}/{at}"), 200),
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
        written += write(&mut locked(&server.world), round as i64 * 10 + 9);
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
        // When it was told to end.
        summary["to"].take();
    }
    assert_eq!(had, wanted);
    assert_eq!(lines(), (Some(written), false));
    let again = run(&mut command(&["replay", "--format", "json", "--state", state.to_str().unwrap()])).summary();
    assert_eq!((&again["input"], &again["http"]), (&had["input"], &had["http"]));
}

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
