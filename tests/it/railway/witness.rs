//! The platform's own counts of requests, beside the HTTP log.

use logwatch::External;
use logwatch::time::SECOND;

use super::follow::{Heard, PATIENCE, fast, follow, hour_ago};
use super::server::Server;
use super::world::{World, locked};
use crate::support::program::eventually;

/// Half an hour of requests, one a second and every tenth of it a failure, each of which the platform counts so often; the events that
/// are told once all of it was compared.
fn told(counts_requests: f64) -> Vec<External> {
    let mut world = World::new();
    world.counts_requests = counts_requests;
    let now = world.now();
    for second in 0..1_800 {
        world.request(now.saturating_add((second - 2_400) * SECOND), "/a", if second % 10 == 0 { 500 } else { 200 });
    }
    let server = Server::start(world);
    let mut followed = follow(&server, hour_ago(&server), fast());
    let mut heard = Heard::default();
    heard.until(&mut followed, 1_800, PATIENCE);
    let mut told = Vec::new();
    let calls = || locked(&server.world).calls.iter().filter(|name| *name == "HttpMetrics").count();
    let before = calls();
    eventually("it has compared", || {
        told.extend(followed.measured.try_iter());
        calls() >= before + 3
    });
    told.extend(followed.measured.try_iter());
    told
}

#[test]
fn where_the_log_and_the_platform_differ_is_told() {
    let agreed = told(1.0);
    let counts = agreed.iter().filter(|event| event.class == "railway.requests" && event.labels["status"] == "500");
    let count: f64 = counts.map(|event| event.values["count"]).sum();
    assert_eq!(count, 180.0);
    assert!(agreed.iter().all(|event| event.class != "railway.requests_differ"), "{agreed:?}");
    let durations: Vec<_> = agreed.iter().filter(|event| event.class == "railway.duration").collect();
    assert!(durations.iter().any(|event| event.values["p95"] == 0.03), "{durations:?}");

    let differ: Vec<External> =
        told(2.0).into_iter().filter(|event| event.class == "railway.requests_differ").collect();
    assert!(!differ.is_empty());
    for event in differ {
        assert_eq!((&event.labels["service"][..], &event.labels["requests"][..]), ("api", "all"));
        assert_eq!(event.values["counted"], 2.0 * event.values["logged"], "{event:?}");
    }
}
