//! Following, with time that goes fast: whatever happens to the connection, every record comes, and comes once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use logwatch::source::railway::{Endpoint, Followed, Kinds, Pace, Phase, Railway, Token, Wanted, Watching};
use logwatch::time::{SECOND, Time};

use super::server::Server;
use super::world::{Break, World, locked};
use crate::support::program::eventually;

/// An hour of following in some seconds.
pub fn fast() -> Pace {
    let milliseconds = Duration::from_millis;
    Pace {
        between: milliseconds(1),
        handshake: milliseconds(300),
        ping: milliseconds(50),
        silence: milliseconds(250),
        again: milliseconds(10),
        longest: milliseconds(100),
        held: milliseconds(500),
        refused: milliseconds(100),
        look: milliseconds(100),
        settled: milliseconds(400),
        fresh: milliseconds(100),
        overlap: Duration::from_secs(30),
        drain: milliseconds(200),
        page: 5_000,
    }
}

/// Follows `api` on a stand-in from a time on.
pub fn follow(server: &Server, since: Time, pace: Pace) -> Followed {
    let endpoint = Endpoint::new(Some(&server.url())).unwrap();
    let token = locked(&server.world).token.clone();
    let (token, _) = Token::find(None, |name| (name == "RAILWAY_TOKEN").then(|| token.clone())).unwrap();
    let railway = Railway::new(endpoint, token, None, pace).unwrap();
    let target = railway.find(&Wanted { services: vec!["api".into()], ..Wanted::default() }).unwrap();
    let kinds = Kinds { app: true, http: true, build: true, network: false, dns: false };
    let known = Default::default();
    railway.follow(Watching { target, kinds, filter: None, deployment: None, since, until: None, known }).unwrap()
}

/// How often each message or path came.
#[derive(Default)]
pub struct Heard(pub BTreeMap<String, usize>);

impl Heard {
    /// Takes what is there by now.
    pub fn take(&mut self, followed: &mut Followed) {
        while let Ok(chunk) = followed.chunks.try_recv() {
            let text = String::from_utf8(chunk.unwrap().text.to_vec()).unwrap();
            for line in text.lines() {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                let says = record["message"].as_str().or(record["path"].as_str()).unwrap().to_string();
                *self.0.entry(says).or_default() += 1;
            }
        }
    }

    /// Takes what comes until it is all that is expected, or for so long.
    pub fn until(&mut self, followed: &mut Followed, expected: usize, within: Duration) {
        let start = Instant::now();
        while self.0.values().sum::<usize>() < expected && start.elapsed() < within {
            self.take(followed);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// So many lines with times from a second ago on, a millisecond apart.
pub fn lines(world: &mut World, range: std::ops::Range<i64>) {
    let start = world.now().saturating_add(-SECOND);
    for at in range {
        world.write(start.saturating_add(at * 1_000_000), &format!("line {at}"));
    }
}

pub fn each_once(heard: &Heard, expected: usize) {
    let twice: Vec<_> = heard.0.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(heard.0.len(), expected);
}

pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn hour_ago(server: &Server) -> Time {
    locked(&server.world).now().saturating_add(-3_600 * SECOND)
}

#[test]
fn what_was_written_and_what_is_written_meet_without_a_hole() {
    let mut world = World::new();
    let now = world.now();
    for at in 0..600 {
        world.write(now.saturating_add((at - 600) * SECOND), &format!("before {at}"));
        world.request(now.saturating_add((at - 600) * SECOND), &format!("/before/{at}"), 200);
    }
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    heard.until(&mut followed, 1_200, PATIENCE);
    for at in 0..50 {
        {
            let mut world = locked(&server.world);
            let now = world.now();
            world.write(now, &format!("after {at}"));
            world.request(now, &format!("/after/{at}"), 200);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    heard.until(&mut followed, 1_300, PATIENCE);
    each_once(&heard, 1_300);
    assert_eq!(followed.link.look().phase, Phase::Following);
}

#[test]
fn records_of_one_time_are_all_read_and_identical_ones_counted() {
    let mut world = World::new();
    let at = world.now().saturating_add(-60 * SECOND);
    for line in 0..20 {
        world.write(at, &format!("same time {line}"));
    }
    for _ in 0..3 {
        world.write(at, "said three times");
    }
    let mut other = world.line(at, "said three times");
    other.replica = "replica-2".into();
    world.apps.push(other);
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    heard.until(&mut followed, 24, PATIENCE);
    std::thread::sleep(Duration::from_millis(300));
    heard.take(&mut followed);
    assert_eq!((heard.0.len(), heard.0["said three times"]), (21, 4));
}

/// A page holds fewer records than are of one time: those beyond it are read from the other end.
#[test]
fn a_page_full_of_one_time_does_not_stop_the_reading() {
    for (count, loses_backward) in [(15, false), (15, true), (40, false)] {
        let mut world = World::new();
        (world.page, world.loses_backward) = (10, loses_backward);
        let at = world.now().saturating_add(-60 * SECOND);
        for line in 0..count {
            world.write(at, &format!("same time {line}"));
        }
        world.write(at.saturating_add(SECOND), "the next one");
        let server = Server::start(world);
        let mut followed = follow(&server, hour_ago(&server), Pace { page: 10, ..fast() });
        let mut heard = Heard::default();
        let start = Instant::now();
        while !heard.0.contains_key("the next one") && start.elapsed() < PATIENCE {
            heard.take(&mut followed);
            std::thread::sleep(Duration::from_millis(5));
        }
        let lost = followed.lost.load(std::sync::atomic::Ordering::Relaxed);
        if count == 15 && !loses_backward {
            each_once(&heard, 16);
            assert_eq!(lost, 0);
        } else if count == 40 {
            // Neither end reaches the middle: it is said that something is missing.
            assert!(lost > 0 && heard.0.len() < 41, "{lost} {}", heard.0.len());
        }
        assert!(heard.0.contains_key("the next one"));
    }
}

/// What a look of the server's leaves out because of its limit is read by a query.
#[test]
fn a_truncated_burst_is_filled() {
    let mut world = World::new();
    world.poll = 100;
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), Pace { settled: Duration::from_secs(600), ..fast() });
    let mut heard = Heard::default();
    lines(&mut locked(&server.world), 0..1);
    heard.until(&mut followed, 1, PATIENCE);
    lines(&mut locked(&server.world), 1_000..1_950);
    heard.until(&mut followed, 951, PATIENCE);
    each_once(&heard, 951);
}

/// The server's own limits are lower than what is asked for, and nobody says how low.
#[test]
fn limits_that_are_not_known_are_found_out() {
    let mut world = World::new();
    (world.page, world.poll) = (37, 23);
    lines(&mut world, 0..500);
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), Pace { settled: Duration::from_secs(600), ..fast() });
    let mut heard = Heard::default();
    heard.until(&mut followed, 500, PATIENCE);
    eventually("it follows", || followed.link.look().phase == Phase::Following);
    for burst in 1..6 {
        lines(&mut locked(&server.world), burst * 1_000..burst * 1_000 + 60);
        heard.until(&mut followed, 500 + burst as usize * 60, PATIENCE);
    }
    each_once(&heard, 800);
}

/// What is on its way is no deployment of which requests are read; one that is being put in place is, before it is active.
#[test]
fn a_deployment_is_followed_while_it_is_put_in_place() {
    let server = Server::start(World::new());
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    lines(&mut locked(&server.world), 0..1);
    heard.until(&mut followed, 1, PATIENCE);
    let stands = |status: &'static str| {
        let mut world = locked(&server.world);
        match world.deployments.iter_mut().find(|known| known.id == "d-3") {
            Some(known) => known.status = status,
            None => world.deployed("d-3", 0, status),
        }
    };
    let mut told = Vec::new();
    for status in ["BUILDING", "DEPLOYING", "CRASHED"] {
        stands(status);
        {
            let mut world = locked(&server.world);
            let now = world.now();
            world.builds.push(("d-3".into(), now, format!("built at {status}")));
        }
        if status == "DEPLOYING" {
            let mut world = locked(&server.world);
            let now = world.now();
            world.request(now, "/new", 200);
            world.https.last_mut().unwrap().deployment = "d-3".into();
        }
        eventually("its status is told", || {
            told.extend(followed.measured.try_iter().filter_map(|mut event| event.labels.remove("status")));
            told.last().is_some_and(|last| last == status)
        });
    }
    // What is written when it is built already is not waited for.
    heard.until(&mut followed, 4, PATIENCE);
    assert!(heard.0.contains_key("built at BUILDING") && heard.0.contains_key("/new"), "{:?}", heard.0);
    assert!(heard.0.values().all(|times| *times == 1), "{:?}", heard.0);
    assert_eq!(told, ["BUILDING", "DEPLOYING", "CRASHED"]);
}

/// What is stored late, with a time long past, is found when its time has settled.
#[test]
fn what_is_stored_late_is_found_by_the_second_look() {
    let mut world = World::new();
    let now = world.now();
    world.write(now, "on time");
    world.hides_late = true;
    let mut late = world.line(now.saturating_add(-SECOND), "late");
    late.visible = now.saturating_add(SECOND);
    world.apps.push(late);
    let server = Server::start(world);
    // The second look comes when it is there, by a server's clock that shows whole seconds.
    let mut followed = follow(&server, hour_ago(&server), Pace { settled: Duration::from_secs(3), ..fast() });
    let mut heard = Heard::default();
    heard.until(&mut followed, 1, PATIENCE);
    assert!(!heard.0.contains_key("late"));
    heard.until(&mut followed, 2, PATIENCE);
    each_once(&heard, 2);
    assert_eq!(followed.link.look().found_late, 1);
}

/// No clock but the server's own is asked.
#[test]
fn a_clock_that_differs_changes_nothing() {
    for minutes in [-5, 5] {
        let mut world = World::new();
        world.ahead = minutes * 60 * SECOND;
        world.deployments.clear();
        world.deployed("d-2", 3_600, "SUCCESS");
        lines(&mut world, 0..10);
        world.breaks.push_back(Break::Cut(2));
        let server = Server::start(world);
        let mut followed = follow(&server, hour_ago(&server), fast());
        let mut heard = Heard::default();
        heard.until(&mut followed, 10, PATIENCE);
        for at in 10..30 {
            lines(&mut locked(&server.world), at..at + 1);
            std::thread::sleep(Duration::from_millis(10));
        }
        heard.until(&mut followed, 30, PATIENCE);
        each_once(&heard, 30);
    }
}

/// The new deployment's requests and the old one's, until that is gone.
#[test]
fn a_new_deployment_is_followed_beside_the_old_one() {
    let server = Server::start(World::new());
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    lines(&mut locked(&server.world), 0..1);
    heard.until(&mut followed, 1, PATIENCE);
    {
        let mut world = locked(&server.world);
        world.deployed("d-3", 0, "SUCCESS");
        let now = world.now();
        let mut first = world.line(now, "Starting Container");
        first.deployment = "d-3".into();
        world.apps.push(first);
        world.request(now, "/old", 200);
        world.request(now.saturating_add(1), "/new", 200);
        world.https.last_mut().unwrap().deployment = "d-3".into();
    }
    heard.until(&mut followed, 4, PATIENCE);
    each_once(&heard, 4);
    let start = Instant::now();
    let mut said = Vec::new();
    while !said.iter().any(|text: &String| text.contains("d-3 is SUCCESS")) && start.elapsed() < PATIENCE {
        said.extend(followed.link.take_messages());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(said.iter().any(|text| text.contains("api: deployment d-3 is SUCCESS")), "{said:?}");
    let told: Vec<_> = followed.measured.try_iter().map(|event| (event.class, event.labels)).collect();
    let status = |id: &str, status: &str| {
        let labels = [("deployment", id), ("service", "api"), ("status", status)];
        ("railway.deployment".to_string(), labels.map(|(name, value)| (name.to_string(), value.to_string())).into())
    };
    assert_eq!(told, [status("d-3", "SUCCESS")]);
    locked(&server.world).deployments.iter_mut().find(|known| known.id == "d-2").unwrap().is_active = false;
    std::thread::sleep(Duration::from_millis(600));
    {
        let mut world = locked(&server.world);
        let now = world.now();
        world.request(now, "/too late", 200);
        world.request(now, "/newer", 200);
        world.https.last_mut().unwrap().deployment = "d-3".into();
    }
    heard.until(&mut followed, 5, PATIENCE);
    assert!(heard.0.contains_key("/newer") && !heard.0.contains_key("/too late"), "{:?}", heard.0);
}
