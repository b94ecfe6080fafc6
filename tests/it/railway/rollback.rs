//! `logwatch rollback`, as it is called.

use std::fs;
use std::process::Stdio;

use logwatch::time::SECOND;
use serde_json::{Value, json};

use super::server::Server;
use super::watch::{failing, terminated, watch};
use super::world::{World, locked};
use crate::support::program::{Ran, command, eventually, objects, run};

fn rollback(server: &Server, arguments: &[&str]) -> Ran {
    let mut command = command(&[&["rollback", "api"], arguments].concat());
    for name in ["RAILWAY_API_TOKEN", "RAILWAY_PROJECT_ID", "RAILWAY_ENVIRONMENT_ID", "RAILWAY_SERVICE_ID"] {
        command.env_remove(name);
    }
    command.env("LOGWATCH_RAILWAY_URL", server.url());
    command.env("RAILWAY_TOKEN", locked(&server.world).token.clone());
    run(&mut command)
}

/// Four deployments: of the earlier ones the newest has no image any more.
fn server() -> Server {
    let mut world = World::new();
    world.deployments.clear();
    world.deployed("d-1", 7_200, "REMOVED");
    world.deployed("d-2", 3_600, "REMOVED");
    world.deployed("d-3", 1_800, "REMOVED");
    world.deployments[2].can_rollback = false;
    world.deployed("d-4", 600, "SUCCESS");
    Server::start(world)
}

#[test]
fn it_shows_what_it_would_do_and_does_nothing() {
    let server = server();
    let ran = rollback(&server, &[]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let line =
        |start: &str| ran.out.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_default().to_string();
    assert!(line("runs").contains("d-4") && line("goes to").contains("d-2"), "{}", ran.out);
    assert!(ran.out.contains("abc1234 a change") && ran.out.contains("--execute"), "{}", ran.out);
    assert!(locked(&server.world).rolled_back.is_empty());
}

#[test]
fn told_to_it_goes_back_once() {
    for (arguments, expected) in [(&["--execute"][..], "d-2"), (&["--execute", "--to", "d-1"], "d-1")] {
        let server = server();
        let ran = rollback(&server, arguments);
        assert_eq!((ran.status, &locked(&server.world).rolled_back[..]), (Some(0), &[expected.to_string()][..]));
        assert!(ran.out.contains(&format!("rolls back to {expected}")), "{}", ran.out);
    }
}

#[test]
fn where_it_cannot_go_it_says_where_it_can() {
    let server = server();
    let told = |id: &str| {
        let ran = rollback(&server, &["--execute", "--to", id]);
        assert_eq!(ran.status, Some(2), "{ran:?}");
        ran.err
    };
    assert!(told("d-3").contains("it can to d-"));
    assert!(told("d-9").contains("no deployment d-9"));
    assert!(told("d-4").contains("is the deployment that runs"));
    assert!(locked(&server.world).rolled_back.is_empty());
    let alone = Server::start({
        let mut world = World::new();
        world.deployments.remove(0);
        world
    });
    let ran = rollback(&alone, &["--execute"]);
    assert!(ran.status == Some(2) && ran.err.contains("no earlier deployment"), "{ran:?}");
}

const PLAN: &str = r#"
[plan]
id = "shop"
title = "A shop"

[[trigger]]
id = "fails"
severity = "rollback"
when = "count(http.request{status=5xx}[1m]) >= 10"

[[action]]
id = "go-back"
on = ["rollback"]
do = "railway-rollback"
execute = true
"#;

/// A watch of a service that fails since its deployment ten minutes ago, which may go back by itself; what had been done before.
fn acting(world: World, before: &[Value], is_over: impl Fn(&Server, &str) -> bool) -> (Server, Vec<Value>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("plan.toml"), PLAN).unwrap();
    fs::write(path("said.jsonl"), before.iter().map(|deed| format!("{deed}\n")).collect::<String>()).unwrap();
    let server = Server::start(world);
    let arguments =
        ["api", "--plan", &path("plan.toml"), "--allow-actions", "--answers", &path("said.jsonl"), "--format", "json"];
    let out = fs::File::create(path("out.jsonl")).unwrap();
    let child = watch(&server, &arguments).stdout(out).stderr(Stdio::piped()).spawn().unwrap();
    let told = || fs::read_to_string(path("out.jsonl")).unwrap();
    eventually("it is over", || is_over(&server, &told()));
    let ran = terminated(child);
    assert_eq!(ran.err, "");
    let actions = objects(&told()).into_iter().filter(|event| event["type"] == "action").collect();
    (server, actions, objects(&fs::read_to_string(path("said.jsonl")).unwrap()))
}

fn deed(from: &str, to: &str, at: String) -> Value {
    json!({"type": "action", "at": at, "id": "go-back", "trigger": "fails", "deployed_at": at, "state": "started", "from": from, "to": to})
}

fn has_ended(_: &Server, out: &str) -> bool {
    ["done", "failed", "held"].iter().any(|state| out.contains(&format!("\"state\":\"{state}\"")))
}

#[test]
fn a_watch_that_may_goes_back_once() {
    let mut world = World::new();
    failing(&mut world);
    let (server, actions, said) = acting(world, &[], has_ended);
    assert_eq!(locked(&server.world).rolled_back, ["d-2"]);
    let states: Vec<_> = actions.iter().map(|event| event["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["started", "done"]);
    assert_eq!(actions[0]["does"], "goes back to an earlier deployment, from d-3 to d-2");
    let recorded: Vec<_> =
        said.iter().map(|deed| (&deed["state"], &deed["from"], &deed["to"], &deed["commit"])).collect();
    assert_eq!(recorded[0], (&json!("started"), &json!("d-3"), &json!("d-2"), &json!("abc1234")));
    assert_eq!(recorded[1].0, "done");
    // Killed and started anew it knows what was begun.
    let mut world = World::new();
    failing(&mut world);
    let (server, actions, _) = acting(world, &said[..1], |_, out| out.contains("\"type\":\"verdict\""));
    assert!(locked(&server.world).rolled_back.is_empty() && actions.is_empty(), "{actions:?}");
}

/// Neither to a version that had the same fault, nor from one that was gone back to, nor from one that is not judged.
#[test]
fn it_does_not_go_back_to_what_is_known_to_be_no_better() {
    let ago = |seconds: i64| World::new().now().saturating_add(-seconds * SECOND).to_string();
    let mut world = World::new();
    failing(&mut world);
    let (server, _, said) = acting(world, &[deed("d-2", "d-1", ago(86_400))], has_ended);
    assert_eq!((&locked(&server.world).rolled_back[..], &said[1]["to"]), (&["d-1".to_string()][..], &json!("d-1")));
    let mut world = World::new();
    failing(&mut world);
    let (server, actions, _) = acting(world, &[deed("d-2", "d-1", ago(900))], has_ended);
    assert_eq!(
        (&actions[0]["state"], &actions[0]["because"]),
        (&json!("held"), &json!("this deployment is what a rollback has brought"))
    );
    assert!(locked(&server.world).rolled_back.is_empty());
    let mut world = World::new();
    failing(&mut world);
    world.deployed("d-4", 5, "SUCCESS");
    let (server, actions, said) = acting(world, &[], has_ended);
    assert_eq!(
        (&actions[0]["state"], &actions[0]["because"]),
        (&json!("failed"), &json!("another deployment runs by now, d-4"))
    );
    assert_eq!((said.len(), &said[0]["state"]), (1, &json!("failed")));
    assert!(locked(&server.world).rolled_back.is_empty());
}
