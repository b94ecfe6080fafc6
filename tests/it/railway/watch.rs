//! `logwatch watch`, as it is called.

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use logwatch::time::SECOND;

use super::server::Server;
use super::world::{API, Break, Fault, Seen, WORKER, World, locked};
use crate::support::program::{Ran, command, ended, eventually, run};

/// The command with a project token, against a stand-in.
pub fn watch(server: &Server, arguments: &[&str]) -> Command {
    let mut command = bare(server, arguments);
    command.env("RAILWAY_TOKEN", locked(&server.world).token.clone());
    command
}

pub fn bare(server: &Server, arguments: &[&str]) -> Command {
    let mut command = command(&[&["watch"], arguments].concat());
    for name in
        ["RAILWAY_TOKEN", "RAILWAY_API_TOKEN", "RAILWAY_PROJECT_ID", "RAILWAY_ENVIRONMENT_ID", "RAILWAY_SERVICE_ID"]
    {
        command.env_remove(name);
    }
    command.env("LOGWATCH_RAILWAY_URL", server.url());
    command
}

/// Twenty minutes of a service that fails since its deployment ten minutes ago.
pub fn failing(world: &mut World) -> (Vec<String>, Vec<String>) {
    let start = world.now().saturating_add(-1_200 * SECOND);
    for second in 0..1_200 {
        let time = start.saturating_add(second * SECOND + 1_000);
        let is_new = second >= 600;
        if second == 600 {
            let mut line = world.line(time, "Starting Container");
            line.deployment = "d-3".into();
            world.apps.push(line);
        }
        let fails = is_new && second % 2 == 0;
        world.request(time, "/api/bots", if fails { 500 } else { 200 });
        if fails {
            let mut line = world.line(time, "ERROR:app.bots:name 'session' is not defined");
            (line.severity, line.deployment) = ("error", "d-3".into());
            line.attributes = vec![("level", "\"error\"".into()), ("n", "42".into())];
            world.apps.push(line);
        }
        if is_new {
            world.https.last_mut().unwrap().deployment = "d-3".into();
        }
    }
    world.deployed("d-3", 640, "SUCCESS");
    let app = |app: &super::world::App| {
        let level = &app.attributes[0].1;
        format!(
            "{{\"level\":{level},\"timestamp\":\"{}\",\"message\":{}}}\n",
            app.time,
            serde_json::Value::from(app.message.as_str())
        )
    };
    let http = |http: &super::world::Http| {
        format!(
            "{{\"timestamp\":\"{}\",\"method\":\"GET\",\"path\":\"{}\",\"httpStatus\":{},\"totalDuration\":12,\"requestId\":\"{}\",\"srcIp\":\"203.0.113.7\",\"deploymentId\":\"{}\",\"deploymentInstanceId\":\"replica-1\"}}\n",
            http.time, http.path, http.status, http.id, http.deployment
        )
    };
    (world.apps.iter().map(app).collect(), world.https.iter().map(http).collect())
}

/// What is read through the API, what is replayed from its recording, and what `railway logs` prints tell the same.
#[test]
fn reading_back_tells_what_a_replay_tells() {
    let mut world = World::new();
    let (app, http) = failing(&mut world);
    world.page = 500;
    world.faults.extend([Fault::Page(500, Vec::new(), String::new()), Fault::Half]);
    let until = world.now().saturating_add(-20 * SECOND).to_string();
    let server = Server::start(world);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let range = ["--format", "json", "--until", &until];
    let ran = run(&mut watch(&server, &[&["api", "--since", "25m", "--record", &path("run")], &range[..]].concat()));
    let mut summary = ran.summary();
    assert_eq!((ran.status, &summary["verdict"]), (Some(4), &"rollback".into()), "{}", ran.err);

    let again = run(&mut command(&[&["replay", &path("run")], &range[..]].concat()));
    assert_eq!(again.out.replace("\"file\":\"run\"", "\"file\":\"api\""), ran.out, "{}", again.err);

    fs::write(path("app.jsonl"), app.concat()).unwrap();
    fs::write(path("http.jsonl"), http.concat()).unwrap();
    let files =
        run(&mut command(&[&["replay", &path("app.jsonl"), &path("http.jsonl")], &range[..]].concat())).summary();
    // What Railway counts itself is in no log.
    summary["classes"].as_object_mut().unwrap().retain(|class, _| !class.starts_with("railway."));
    for member in ["verdict", "http", "classes", "exceptions"] {
        assert_eq!(files[member], summary[member], "{member}");
    }
}

/// A watch that has read `lines` lines into its recording.
fn watching(server: &Server, arguments: &[&str], lines: usize) -> (Child, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("run");
    let arguments = [arguments, &["--record", record.to_str().unwrap(), "--format", "json"]].concat();
    let child = watch(server, &arguments).spawn().unwrap();
    reads(&folder, lines);
    (child, folder)
}

fn reads(folder: &tempfile::TempDir, lines: usize) {
    let record = folder.path().join("run");
    let count = || {
        fs::read_to_string(&record)
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.starts_with("{\"logwatch\""))
            .count()
    };
    eventually("the lines are read", || count() >= lines);
}

pub fn terminated(child: Child) -> Ran {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    ended(child, Duration::from_secs(5))
}

#[test]
fn a_signal_ends_it_with_what_was_followed() {
    let mut world = World::new();
    let now = world.now();
    for at in 0..100 {
        world.write(now.saturating_add((at - 100) * SECOND), &format!("GET /a/{at} 200 12ms"));
    }
    let server = Server::start(world);
    let (child, folder) = watching(&server, &["api"], 100);
    {
        let mut world = locked(&server.world);
        let now = world.now();
        world.write(now, "written while it follows");
        world.request(now, "/a", 200);
    }
    reads(&folder, 102);
    let ran = terminated(child);
    let summary = ran.summary();
    assert_eq!(
        (ran.status, &summary["input"]["lines"], &summary["input"]["late"]),
        (Some(1), &102.into(), &0.into()),
        "{ran:?}"
    );
}

/// What was seen before, and what is seen while it is followed.
#[test]
fn flows_and_lookups_are_read_where_they_are_asked_for() {
    let mut world = World::new();
    let now = world.now();
    let seen = |ago: i64, of: &str, fault: Option<&str>, service: &str| Seen {
        time: now.saturating_add(-ago * SECOND),
        of: of.into(),
        fault: fault.map(String::from),
        service: service.into(),
    };
    world.write(now.saturating_add(-60 * SECOND), "a line");
    world.flows.extend([seen(50, "fd12::9", None, API), seen(40, "fd12::9", Some("NO_ROUTE"), API)]);
    world.flows.push(seen(40, "fd12::8", Some("NO_ROUTE"), WORKER));
    world
        .lookups
        .extend([seen(30, "postgres.railway.internal", Some("SERVFAIL"), API), seen(20, "a.example", None, API)]);
    let server = Server::start(world);
    let (child, folder) = watching(&server, &["api", "--logs", "app,network,dns", "--since", "5m"], 5);
    eventually("it follows", || locked(&server.world).sockets > 0);
    {
        let mut world = locked(&server.world);
        let time = world.now();
        world.lookups.push(Seen { time, ..seen(0, "redis.railway.internal", Some("SERVFAIL"), API) });
    }
    reads(&folder, 6);
    let summary = terminated(child).summary();
    let count = |class: &str| summary["classes"][class]["count"].as_u64();
    assert_eq!((count("railway.flow_dropped"), count("railway.lookup_failed")), (Some(1), Some(2)), "{summary}");
    assert_eq!(summary["input"]["lines"], 6);
    assert_eq!(locked(&server.world).calls.iter().filter(|name| *name == "HttpLogs").count(), 0);
}

/// Nothing in the lines themselves tells of it: no start, no request.
#[test]
fn a_new_deployment_is_told_by_its_id() {
    let mut world = World::new();
    let start = world.now().saturating_add(-300 * SECOND);
    for second in 0..300 {
        let mut line = world.line(start.saturating_add(second * SECOND), "working");
        line.deployment = if second < 200 { "d-2" } else { "d-3" }.into();
        world.apps.push(line);
    }
    let server = Server::start(world);
    let ran = run(&mut watch(&server, &["api", "--format", "json", "--since", "10m", "--until", "15s"]));
    let told = ran.objects();
    let deployed = told.iter().filter_map(|object| object["deployed_at"].as_str()).next_back();
    let at = start.saturating_add(200 * SECOND).to_string();
    assert_eq!(deployed, Some(at.as_str()), "{}", ran.out);
}

/// A plan that fires when nothing is written for some seconds.
fn silence(folder: &tempfile::TempDir) -> String {
    let plan = folder.path().join("silence.toml");
    let text = r#"
[plan]
id = "silence"
title = "Silence"
lateness = "1s"

[[trigger]]
id = "silent"
severity = "rollback"
when = "absent(process.started[3s])"
"#;
    fs::write(&plan, text).unwrap();
    plan.display().to_string()
}

/// That nothing comes tells of the service while there is a connection, and of nothing while there is none.
#[test]
fn while_there_is_no_connection_time_waits() {
    let folder = tempfile::tempdir().unwrap();
    let plan = silence(&folder);
    let fires = |is_cut: bool| {
        let mut world = World::new();
        let now = world.now();
        world.write(now, "INFO:     Started server process [1]");
        let server = Server::start(world);
        let (child, _folder) = watching(&server, &["api", "--plan", &plan, "--since", "1m"], 1);
        eventually("it follows", || locked(&server.world).sockets > 0);
        if is_cut {
            let mut world = locked(&server.world);
            world.breaks.extend(vec![Break::Refuse(503, Vec::new()); 100]);
            world.generation += 1;
        }
        std::thread::sleep(Duration::from_secs(9));
        let events = terminated(child).objects();
        let fired = |event: &serde_json::Value| {
            event["id"] == "silent" && event["state"] == "firing" && event["cause"] == "clock"
        };
        events.iter().any(fired)
    };
    std::thread::scope(|scope| {
        let (connected, cut) = (scope.spawn(|| fires(false)), scope.spawn(|| fires(true)));
        assert!(connected.join().unwrap(), "a silent service");
        assert!(!cut.join().unwrap(), "a silent connection");
    });
}

/// The deployment that is watched is compared with the one before, of which no line is in its own log.
#[test]
fn a_deployment_is_compared_with_the_one_before() {
    let mut world = World::new();
    failing(&mut world);
    let server = Server::start(world);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let when = "count(http.request{status=5xx}) / count(http.request) > 2 * baseline(count(http.request{status=5xx}) / count(http.request)) + 1pp";
    let trigger = format!("[[trigger]]\nid = \"worse\"\nseverity = \"rollback\"\nwhen = \"{when}\"\n");
    fs::write(path("plan.toml"), format!("[plan]\nid = \"shop\"\ntitle = \"A shop\"\n{trigger}")).unwrap();
    let plan = path("plan.toml");
    let judged = |more: &[&str]| {
        // Of the run before.
        let _ = fs::remove_file(path("run"));
        let out = fs::File::create(path("out.jsonl")).unwrap();
        let arguments =
            ["api", "--deployment", "latest", "--plan", &plan, "--format", "json", "--record", &path("run")];
        let child = watch(&server, &[&arguments[..], more].concat()).stdout(out).spawn().unwrap();
        let read = || fs::read_to_string(path("run")).unwrap_or_default().matches("totalDuration").count();
        eventually("all was read", || read() >= 600);
        terminated(child);
        crate::support::program::objects(&fs::read_to_string(path("out.jsonl")).unwrap())
    };
    let alone = judged(&[]);
    assert!(alone.iter().all(|event| event["id"] != "worse"), "{alone:?}");
    let compared = judged(&["--baseline", "previous"]);
    let fired = compared.iter().find(|event| event["id"] == "worse").unwrap();
    assert_eq!((&fired["state"], &fired["baseline"]["value"]), (&"firing".into(), &0.0.into()));
    assert!(fired["baseline"]["samples"].as_u64().unwrap() > 500, "{fired}");
    let baseline = &compared.last().unwrap()["baseline"];
    assert_eq!((&baseline["file"], &baseline["sources"]), (&"deployment d-2".into(), &serde_json::json!(["api"])));
}
