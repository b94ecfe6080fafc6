//! `logwatch watch --state`: killed anywhere and started again, it ends as if it had not been.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use logwatch::time::SECOND;

use super::program::{Ran, objects, run};
use super::server::Server;
use super::watch::{failing, watch};
use super::world::World;

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
    world.page = 200;
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
    for points in [
        ["before:1", "within:1", "after:1", "before:3", "within:5", "after:8", "shown:1", "within:2"],
        ["after:2", "after:40", "shown:2", "before:60", "within:7", "shown:1", "after:90", "before:1"],
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
        assert!(killed > 4, "{killed} times killed");
        let ran = run(&mut started(&server, &arguments));
        shown.push_str(&ran.out);
        assert_eq!((ran.status, &ran.summary()), (undisturbed.status, &expected), "{points:?}: {}", ran.err);
        let (shown, wanted) = (events(&shown), events(&undisturbed.out));
        assert!(shown.keys().eq(wanted.keys()), "{points:?}\n{shown:#?}\n{wanted:#?}");
    }
}
