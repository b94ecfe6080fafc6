//! Following, with time that goes fast: whatever happens to the connection, every record comes, and comes once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use logwatch::source::railway::{Endpoint, Followed, Kinds, Pace, Phase, Railway, Token, Wanted, Watching};
use logwatch::time::{SECOND, Time};

use super::server::Server;
use super::world::{Break, Fault, World, locked};

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
    let kinds = Kinds { app: true, http: true, network: true, dns: true };
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
fn lines(world: &mut World, range: std::ops::Range<i64>) {
    let start = world.now().saturating_add(-SECOND);
    for at in range {
        world.write(start.saturating_add(at * 1_000_000), &format!("line {at}"));
    }
}

fn each_once(heard: &Heard, expected: usize) {
    let twice: Vec<_> = heard.0.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(heard.0.len(), expected);
}

const PATIENCE: Duration = Duration::from_secs(20);

fn hour_ago(server: &Server) -> Time {
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
fn however_the_socket_ends_nothing_is_lost_and_nothing_comes_twice() {
    let breaks = [
        Break::Cut(3),
        Break::Close(2, 1001),
        Break::Close(1, 4408),
        Break::Close(1, 4401),
        Break::Close(0, 4429),
        Break::Hang(2),
        Break::HangAtHandshake,
        Break::Refuse(429, vec![("retry-after", "1".into())]),
        Break::Refuse(500, Vec::new()),
        Break::Refuse(302, vec![("location", "http://192.0.2.1/".into())]),
        Break::Complete(2),
        Break::Fail(1),
        Break::Empty,
        Break::Cut(0),
    ];
    for fault in breaks {
        let mut world = World::new();
        world.breaks.push_back(fault.clone());
        let server = Server::start(world);
        let mut followed = follow(&server, hour_ago(&server), fast());
        let mut heard = Heard::default();
        for at in 0..40 {
            lines(&mut locked(&server.world), at * 5..at * 5 + 5);
            std::thread::sleep(Duration::from_millis(5));
            heard.take(&mut followed);
        }
        heard.until(&mut followed, 200, PATIENCE);
        let twice: Vec<_> = heard.0.iter().filter(|(_, times)| **times != 1).collect();
        assert!(twice.is_empty() && heard.0.len() == 200, "{fault:?}: {} {twice:?}", heard.0.len());
    }
}

#[test]
fn completed_again_and_again_it_is_begun_again_on_the_same_socket() {
    let mut world = World::new();
    world.breaks.push_back(Break::Complete(1));
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    for at in 0..20 {
        lines(&mut locked(&server.world), at..at + 1);
        heard.until(&mut followed, at as usize + 1, PATIENCE);
    }
    each_once(&heard, 20);
    assert_eq!(locked(&server.world).sockets, 1);
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

#[test]
fn a_page_that_fails_is_asked_for_again() {
    let faults = [
        Fault::Page(500, Vec::new(), "<html>".into()),
        Fault::Page(429, vec![("retry-after", "1".into())], String::new()),
        Fault::Page(429, Vec::new(), "too many requests, retry in 1 seconds".into()),
        Fault::Page(403, Vec::new(), "<html>error 1015: you are being rate limited, wait 1 second</html>".into()),
        Fault::Page(403, Vec::new(), "<html>forbidden</html>".into()),
        Fault::Page(200, Vec::new(), r#"{"errors":[{"message":"Problem processing request"}],"data":null}"#.into()),
        Fault::Page(200, Vec::new(), r#"{"errors":[{"message":"Something unheard of"}],"data":null}"#.into()),
        Fault::Page(200, Vec::new(), "{\"data\":{\"environ".into()),
        Fault::Half,
        Fault::Hang(Duration::from_millis(200)),
    ];
    let mut world = World::new();
    lines(&mut world, 0..30);
    world.faults.extend(faults);
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    heard.until(&mut followed, 30, PATIENCE);
    each_once(&heard, 30);
    assert!(locked(&server.world).faults.is_empty());
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

/// What a token may do is told at once, and tried again slowly.
#[test]
fn a_token_that_expires_is_told_and_works_when_it_is_back() {
    let server = Server::start(World::new());
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    lines(&mut locked(&server.world), 0..1);
    heard.until(&mut followed, 1, PATIENCE);
    let token = std::mem::replace(&mut locked(&server.world).token, "another".into());
    // The socket that stands does not ask again; the next one does.
    locked(&server.world).generation += 1;
    let start = Instant::now();
    let mut said = Vec::new();
    while said.is_empty() && start.elapsed() < PATIENCE {
        said.extend(followed.link.take_messages());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(said.iter().any(|text| text.contains("token")), "{said:?}");
    assert!(!said.iter().any(|text| text.contains(&token)), "{said:?}");
    locked(&server.world).token = token;
    lines(&mut locked(&server.world), 1..5);
    heard.until(&mut followed, 5, PATIENCE);
    each_once(&heard, 5);
}

/// One log that cannot be followed does not cut off the others for good, and is read all the same.
#[test]
fn a_log_that_cannot_be_followed_is_asked_for_now_and_then() {
    let mut world = World::new();
    world.refuses_http = true;
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    let mut said = Vec::new();
    let start = Instant::now();
    while !said.iter().any(|text: &String| text.contains("cannot be followed")) && start.elapsed() < PATIENCE {
        said.extend(followed.link.take_messages());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(said.iter().any(|text| text.contains("the HTTP log of deployment d-2 cannot be followed")), "{said:?}");
    let sockets = locked(&server.world).sockets;
    for at in 0..10 {
        let mut world = locked(&server.world);
        let now = world.now();
        world.write(now, &format!("line {at}"));
        world.request(now, &format!("/{at}"), 200);
        drop(world);
        std::thread::sleep(Duration::from_millis(50));
    }
    heard.until(&mut followed, 20, PATIENCE);
    each_once(&heard, 20);
    assert!(locked(&server.world).sockets <= sockets + 1);
}
