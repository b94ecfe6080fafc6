//! Many lines, and what they cost. The long forms say what it costs only of a release build:
//! `cargo test --release --test it railway::load -- --ignored --nocapture`.

use std::process::Child;
use std::time::{Duration, Instant};

use logwatch::time::SECOND;

use super::server::Server;
use super::watch::{terminated, watch};
use super::world::{App, World, locked};
use crate::support::program::{ended, eventually};

/// Seconds of processor time that a process has had, and the MB of memory that it has.
fn cost(child: &Child) -> (f64, f64) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
    let stat = read("stat");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split(' ').skip(12).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    let status = read("status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    // Linux counts a hundred a second, and tells so.
    (ticks / 100.0, resident.and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0)
}

/// So many services write so many lines a second each, for so long: none is lost, late, or counted twice. Gives what it cost.
fn follows(services: usize, rate: i64, seconds: i64) -> (f64, f64) {
    let mut world = World::new();
    world.services =
        (0..services).map(|at| (format!("33333333-0000-4000-8000-{at:012}"), format!("s{at:02}"))).collect();
    world.pause = Duration::from_millis(200);
    let services = world.services.clone();
    let server = Server::start(world);
    let child = watch(&server, &["--format", "json", "--since", "1m"]).spawn().unwrap();
    eventually("it follows", || locked(&server.world).sockets > 0);
    let (start, mut written) = (Instant::now(), 0);
    let before = cost(&child);
    while written < rate * seconds {
        std::thread::sleep(Duration::from_millis(50));
        let due = (start.elapsed().as_millis() as i64 * rate / 1_000).min(rate * seconds);
        let mut world = locked(&server.world);
        let now = world.now();
        for at in written..due {
            for (id, name) in &services {
                let says = match at % 4 {
                    0 => format!("INFO:app.orders:order {at} of {name} is placed"),
                    1 => format!("GET /api/items/{at} 200 12ms"),
                    2 => format!("{{\"event\":\"tick\",\"n\":{at}}}"),
                    _ => format!("plain words, {at}"),
                };
                let line = world.line(now.saturating_add(at - written), &says);
                world.apps.push(App { service: id.clone(), deployment: format!("d-{name}"), ..line });
            }
        }
        written = due;
    }
    // As long as it takes to be sent.
    std::thread::sleep(Duration::from_secs(2));
    let after = cost(&child);
    let ran = terminated(child);
    let input = &ran.summary()["input"];
    let told = ["lines", "late", "lost"].map(|name| input[name].as_i64().unwrap_or(0));
    assert_eq!(told, [rate * seconds * services.len() as i64, 0, 0], "{}", ran.err);
    (after.0 - before.0, after.1)
}

#[test]
fn twenty_services_are_followed_without_a_loss() {
    follows(20, 25, 2);
}

#[test]
#[ignore = "takes a minute"]
fn twenty_services_of_500_lines_a_second_take_less_than_half_a_core() {
    let (processor, memory) = follows(20, 500, 60);
    println!("{processor:.1} s of processor time in a minute, {memory:.0} MB");
    if !cfg!(debug_assertions) {
        assert!(processor < 30.0, "{processor} s");
    }
}

/// An hour of lines at a steady rate, read as fast as it goes: all are counted. Gives the memory a quarter of the way, and the most
/// after that, in MB.
fn reads_an_hour(rate: i64) -> (f64, f64) {
    let mut world = World::new();
    world.steady = Some(rate);
    let [since, until] = [3_660, 60].map(|ago| world.now().saturating_add(-ago * SECOND).to_string());
    let server = Server::start(world);
    let arguments = ["api", "--logs", "app", "--format", "json", "--since", &since, "--until", &until];
    let mut child = watch(&server, &arguments).spawn().unwrap();
    let pages = rate * 3_600 / 5_000;
    let (mut first, mut most) = (0.0, 0.0_f64);
    while child.try_wait().unwrap().is_none() {
        let read = locked(&server.world).calls.iter().filter(|name| *name == "EnvironmentLogs").count() as i64;
        let (_, memory) = cost(&child);
        match read < pages / 4 {
            true => first = memory,
            false => most = most.max(memory),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!(ran.summary()["input"]["lines"].as_i64(), Some(rate * 3_600), "{}", ran.err);
    (first, most)
}

#[test]
fn an_hour_is_read_page_by_page() {
    reads_an_hour(5);
}

#[test]
#[ignore = "takes a minute"]
fn an_hour_of_500_lines_a_second_takes_no_more_memory_than_a_quarter_of_it() {
    let (first, most) = reads_an_hour(500);
    println!("{first:.0} MB after a quarter, {most:.0} MB at most after that");
    assert!(most < first * 1.2 + 8.0, "{first} MB, {most} MB");
}
