//! What the platform measures, beside what the service writes.

use std::time::{Duration, Instant};

use logwatch::External;
use logwatch::source::railway::Followed;
use logwatch::time::SECOND;

use super::follow::{fast, follow};
use super::schema::metrics::Measurement::{CpuLimit, CpuUsage, MemoryLimitGb, MemoryUsageGb, NetworkRxGb};
use super::server::Server;
use super::watch::watch;
use super::world::{World, locked};
use crate::support::program::{command, run};

/// A line every five seconds for 50 minutes, of a new deployment in the last ten.
fn working(world: &mut World) {
    let start = world.now().saturating_add(-3_000 * SECOND);
    for at in 0..600 {
        let mut line = world.line(start.saturating_add(at * 5 * SECOND), "working");
        line.deployment = if at < 480 { "d-2" } else { "d-3" }.into();
        world.apps.push(line);
    }
    world.deployed("d-3", 610, "SUCCESS");
}

/// A number a minute: so many GB of memory before the new deployment, and of it.
fn memory(world: &mut World, before: f64, since: f64) {
    for ago in (0..50).map(|minute| minute * 60) {
        let (used, deployment) = if ago >= 600 { (before, "d-2") } else { (since, "d-3") };
        world.measured(ago, MemoryUsageGb, used, deployment);
        world.measured(ago, MemoryLimitGb, 8.0, deployment);
    }
}

/// The plan that asks for it is answered, by the replay of a recording as well.
#[test]
fn memory_is_compared_with_that_before_the_deployment() {
    for (since, fires) in [(0.25, true), (0.205, false)] {
        let mut world = World::new();
        working(&mut world);
        memory(&mut world, 0.2, since);
        let until = world.now().saturating_add(-15 * SECOND).to_string();
        let server = Server::start(world);
        let folder = tempfile::tempdir().unwrap();
        let [record, page] = ["run", "report.html"].map(|name| folder.path().join(name).display().to_string());
        let range = ["--plan", "dl-034", "--format", "json", "--until", &until];
        let ran = run(&mut watch(
            &server,
            &[&["api", "--since", "50m", "--record", &record, "--output", &page], &range[..]].concat(),
        ));
        let summary = ran.summary();
        let trigger = summary["triggers"].as_array().unwrap().iter().find(|of| of["id"] == "memory-rise").unwrap();
        assert_eq!(trigger["fired"] == 1, fires, "{trigger}");
        let count = summary["classes"]["railway.memory"]["count"].as_u64().unwrap();
        assert!((49..=50).contains(&count), "{count}");
        assert!(!summary["unknown"].to_string().contains("memory, CPU"), "{}", summary["unknown"]);
        let page = std::fs::read_to_string(page).unwrap();
        let most = if fires { "238.4 MiB" } else { "195.5 MiB" };
        assert!(page.contains(&format!("Memory: at most {most} of 7.5 GiB used")), "{}", page.len());

        let again = run(&mut command(&[&["replay", &record], &range[..]].concat())).summary();
        assert_eq!((&again["triggers"], &again["classes"]), (&summary["triggers"], &summary["classes"]));
    }
}

/// What was measured within a time, or so many events.
fn measured(followed: &mut Followed, expected: usize) -> Vec<External> {
    let start = Instant::now();
    let mut events = Vec::new();
    while events.len() < expected && start.elapsed() < Duration::from_secs(10) {
        while followed.chunks.try_recv().is_ok() {}
        events.extend(followed.measured.try_iter());
        std::thread::sleep(Duration::from_millis(5));
    }
    // Once more: nothing comes twice.
    std::thread::sleep(Duration::from_millis(300));
    events.extend(followed.measured.try_iter());
    events
}

#[test]
fn each_number_comes_once_with_what_belongs_to_it() {
    let mut world = World::new();
    let now = world.now();
    world.write(now, "a line");
    for ago in [180, 120] {
        world.measured(ago, MemoryUsageGb, 0.5, "d-2");
        world.measured(ago, MemoryLimitGb, 8.0, "d-2");
        world.measured(ago, MemoryUsageGb, 0.0, "d-1");
        world.measured(ago, MemoryLimitGb, 8.0, "d-1");
        world.measured(ago, CpuUsage, 0.25, "d-2");
    }
    // It began before what is read.
    world.measured(7_000, MemoryUsageGb, 0.5, "d-2");
    let server = Server::start(world);
    let since = now.saturating_add(-3_600 * SECOND);
    let mut followed = follow(&server, since, fast());
    let events = measured(&mut followed, 4);
    let classes: Vec<&str> = events.iter().map(|event| event.class.as_str()).collect();
    assert_eq!(classes, ["railway.memory", "railway.cpu", "railway.memory", "railway.cpu"], "{events:?}");
    assert_eq!((events[0].values["used"], events[0].values["limit"]), (5e8, 8e9));
    assert_eq!((events[0].labels["service"].as_str(), events[0].labels["deployment"].as_str()), ("api", "d-2"));
    assert_eq!(events[0].message, "railway.memory of api: used 0.50 GB, limit 8.00 GB");
    assert_eq!((events[1].values["used"], events[1].values.contains_key("limit")), (0.25, false));
    {
        let mut world = locked(&server.world);
        world.measured(60, CpuUsage, 0.5, "d-2");
        world.measured(60, CpuLimit, 2.0, "d-2");
        world.measured(60, NetworkRxGb, 0.001, "d-2");
    }
    let later = measured(&mut followed, 2);
    let classes: Vec<&str> = later.iter().map(|event| event.class.as_str()).collect();
    assert_eq!(classes, ["railway.cpu", "railway.network"], "{later:?}");
    assert_eq!((later[0].values["limit"], later[1].values["received"]), (2.0, 1e6));
}

/// The log is followed all the same.
#[test]
fn metrics_that_are_not_given_are_told_once() {
    let mut world = World::new();
    world.refuses_metrics = true;
    let now = world.now();
    world.write(now, "a line");
    let server = Server::start(world);
    let mut followed = follow(&server, now.saturating_add(-60 * SECOND), fast());
    assert!(measured(&mut followed, 1).is_empty());
    let asked = locked(&server.world).calls.iter().filter(|name| *name == "Metrics").count();
    assert!(asked > 2, "{asked}");
    let told = followed.link.take_messages();
    let told: Vec<&String> = told.iter().filter(|message| message.contains("metrics cannot be read")).collect();
    assert!(matches!(&told[..], [one] if one.contains("not for this plan")), "{told:?}");
}

/// Killed and started again, it has each number once.
#[cfg(unix)]
#[test]
fn what_was_measured_before_an_end_is_not_counted_again() {
    let mut world = World::new();
    working(&mut world);
    memory(&mut world, 0.2, 0.25);
    let until = world.now().saturating_add(-30 * SECOND).to_string();
    let server = Server::start(world);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").display().to_string();
    let range = ["api", "--since", "50m", "--plan", "dl-034", "--format", "json", "--until", &until];
    let undisturbed = run(&mut watch(&server, &range)).summary();
    let arguments = [&range[..], &["--state", &state]].concat();
    for point in ["after:2", "within:20", "before:90"] {
        let killed = run(watch(&server, &arguments).env("LOGWATCH_DIE_AT", point));
        assert_eq!(killed.status, None, "{point}: {}", killed.err);
    }
    let ran = run(&mut watch(&server, &arguments));
    assert!(undisturbed["classes"]["railway.memory"]["count"].as_u64() >= Some(49), "{undisturbed}");
    assert_eq!(ran.summary()["classes"], undisturbed["classes"], "{}", ran.err);
    assert_eq!(ran.summary()["triggers"], undisturbed["triggers"]);
}
