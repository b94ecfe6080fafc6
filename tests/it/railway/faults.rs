//! Whatever goes wrong with the connection, its subscriptions and its answers, every record comes, and comes once.

use std::time::{Duration, Instant};

use logwatch::source::railway::Pace;

use super::follow::{Heard, PATIENCE, each_once, fast, follow, hour_ago, lines};
use super::server::Server;
use super::world::{Break, Fault, World, locked};

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
fn a_page_that_fails_is_asked_for_again() {
    let faults = [
        Fault::Page(500, Vec::new(), "<html>".into()),
        Fault::Page(429, vec![("retry-after", "1".into())], String::new()),
        Fault::Page(429, Vec::new(), "too many requests, retry in 1 seconds".into()),
        Fault::Page(403, Vec::new(), "<html>error 1015: you are being rate limited, wait 1 second</html>".into()),
        Fault::Page(403, Vec::new(), "<html>forbidden</html>".into()),
        Fault::Page(200, Vec::new(), r#"{"errors":[{"message":"Problem processing request"}],"data":null}"#.into()),
        Fault::Page(200, Vec::new(), r#"{"errors":[{"message":"Something unheard of"}],"data":null}"#.into()),
        Fault::Page(200, Vec::new(), r#"{"errors":[{"message":"Problem"}],"data":{"environmentLogs":null}}"#.into()),
        Fault::Page(200, Vec::new(), r#"{"errors":[{"message":"Problem"}],"data":{"environmentLogs":[]}}"#.into()),
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

/// So many lines, each with a request, one after the other.
fn write_slowly(server: &Server, count: usize) {
    for at in 0..count {
        let mut world = locked(&server.world);
        let now = world.now();
        world.write(now, &format!("line {at}"));
        world.request(now, &format!("/{at}"), 200);
        drop(world);
        std::thread::sleep(Duration::from_millis(50));
    }
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
    write_slowly(&server, 10);
    heard.until(&mut followed, 20, PATIENCE);
    each_once(&heard, 20);
    assert!(locked(&server.world).sockets <= sockets + 1);
}

/// The server answers pings, and has forgotten what was subscribed to.
#[test]
fn a_subscription_that_brings_nothing_any_more_is_begun_again() {
    let mut world = World::new();
    world.deaf_after = Some(3);
    let server = Server::start(world);
    // The second look does not find it.
    let pace = Pace { settled: Duration::from_secs(600), look: Duration::from_millis(300), ..fast() };
    let mut followed = follow(&server, hour_ago(&server), pace);
    let mut heard = Heard::default();
    let mut said = Vec::new();
    write_slowly(&server, 40);
    heard.until(&mut followed, 80, PATIENCE);
    each_once(&heard, 80);
    said.extend(followed.link.take_messages());
    assert!(said.iter().any(|text| text.ends_with("brought nothing any more; it is begun again")), "{said:?}");
    assert_eq!(followed.lost.load(std::sync::atomic::Ordering::Relaxed), 0);
}
