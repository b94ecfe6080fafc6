//! Several services at once.

use std::fs;

use logwatch::time::SECOND;

use super::server::Server;
use super::watch::watch;
use super::world::{WORKER, World};
use crate::support::program::run;

#[test]
fn several_services_are_one_timeline_under_their_names() {
    let mut world = World::new();
    let start = world.now().saturating_add(-300 * SECOND);
    for second in 0..300 {
        let time = start.saturating_add(second * SECOND);
        world.write(time, "GET /a 200 12ms");
        if second % 100 == 0 {
            let mut line = world.line(time, "ERROR:work:out of paper");
            (line.service, line.deployment, line.replica) = (WORKER.into(), "w-1".into(), "replica-9".into());
            world.apps.push(line);
        }
    }
    let server = Server::start(world);
    let ran = run(&mut watch(&server, &["--format", "json", "--since", "10m", "--until", "15s"]));
    let summary = ran.summary();
    assert_eq!((&summary["input"]["late"], &summary["errors"][0]["file"]), (&0.into(), &"worker".into()), "{summary}");
    let only = run(&mut watch(&server, &["worker", "--format", "json", "--since", "10m", "--until", "15s"])).summary();
    assert_eq!(only["input"]["lines"], 3, "{only}");
}

/// Of a service that fails among one that has far more requests, the others hide nothing.
#[test]
fn each_of_several_services_has_a_verdict_of_its_own() {
    let mut world = World::new();
    let start = world.now().saturating_add(-1_500 * SECOND);
    for second in 0..1_500 {
        let time = start.saturating_add(second * SECOND);
        for at in 0..3 {
            world.write(time.saturating_add(at), "GET /a 200 12ms");
        }
        if second % 10 == 0 {
            let status = if second > 700 { 500 } else { 200 };
            let mut line = world.line(time, &format!("GET /work {status} 12ms"));
            (line.service, line.deployment, line.replica) = (WORKER.into(), "w-1".into(), "replica-9".into());
            world.apps.push(line);
        }
    }
    let at = start.saturating_add(600 * SECOND).to_string();
    let server = Server::start(world);
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("errors.toml").display().to_string();
    let text = r#"
[plan]
id = "errors"
title = "Errors"

[[trigger]]
id = "errors"
severity = "rollback"
min_samples = 20
when = "count(http.error) / count(http.request) > 10%"
"#;
    fs::write(&plan, text).unwrap();
    let arguments = ["--since", "30m", "--until", "15s", "--deployed-at", &at, "--plan", &plan];
    let summary = run(&mut watch(&server, &[&arguments[..], &["--format", "json"]].concat())).summary();
    let services = summary["services"].as_array().unwrap();
    let told: Vec<_> = services.iter().map(|of| (of["service"].as_str(), of["verdict"].as_str())).collect();
    assert_eq!(told, [(Some("api"), Some("healthy")), (Some("worker"), Some("rollback"))], "{summary}");
    assert_eq!(summary["verdict"], "rollback");

    let alone = |name: &str| {
        run(&mut watch(&server, &[&[name], &arguments[..], &["--format", "json"]].concat())).summary()["verdict"]
            .clone()
    };
    assert_eq!([alone("api"), alone("worker")], ["healthy", "rollback"]);
    let text = run(&mut watch(&server, &arguments));
    assert_eq!(text.status, Some(4));
    assert!(text.out.contains("         worker  rollback  rollback trigger errors fired\n"), "{}", text.out);
    assert!(text.out.contains("         api     healthy"), "{}", text.out);
}

#[test]
fn a_recording_keeps_one_service() {
    let server = Server::start(World::new());
    let ran = run(&mut watch(&server, &["--record", "run"]));
    assert!(ran.status == Some(2) && ran.err.contains("--record keeps one service"), "{ran:?}");
}
