//! Random logs: events first, then the lines that tell of them.

use logwatch::time::Time;
use proptest::prelude::*;

/// The second before the first event's.
pub const BEGIN: i64 = 1_756_128_000;

pub const ROUTES: [&str; 3] = ["/a", "/b", "/c"];
pub const WORKERS: [&str; 3] = ["x", "y", "z"];

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Indices into [`ROUTES`], the status.
    Request { route: usize, status: u16 },
    /// Index into [`WORKERS`], milliseconds.
    Job { worker: usize, took: u64 },
    /// A line that no rule reads.
    Noise,
}

#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Milliseconds after [`BEGIN`].
    at: i64,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub struct Log {
    /// Ascending, each later than the one before.
    pub events: Vec<Event>,
}

impl Event {
    pub fn request(at: i64, route: usize, status: u16) -> Self {
        Event { at, kind: Kind::Request { route, status } }
    }

    /// The whole second that it falls into.
    pub fn second(&self) -> i64 {
        BEGIN + self.at.div_euclid(1_000)
    }

    fn line(&self) -> String {
        let time = Time(BEGIN * 1_000_000_000 + self.at * 1_000_000);
        let message = match self.kind {
            Kind::Request { route, status } => {
                format!("INFO:     100.64.0.2:40112 - \\\"GET {} HTTP/1.1\\\" {status}", ROUTES[route])
            }
            Kind::Job { worker, took } => format!("job done by {} in {took} ms", WORKERS[worker]),
            Kind::Noise => "nothing to do".into(),
        };
        format!("{{\"timestamp\":\"{time}\",\"level\":\"info\",\"message\":\"{message}\"}}\n")
    }
}

impl Log {
    pub fn text(&self) -> String {
        self.events.iter().map(Event::line).collect()
    }
}

/// Logs of up to a hundred events, in bursts and with pauses.
pub fn logs() -> impl Strategy<Value = Log> {
    let gap = prop_oneof![6 => 1i64..900, 4 => 900i64..4_000, 2 => 4_000i64..25_000, 1 => 25_000i64..200_000];
    let status = prop_oneof![4 => Just(200u16), 3 => Just(500u16), 1 => Just(404u16)];
    let took = prop_oneof![Just(10u64), Just(20), Just(40)];
    let kind = prop_oneof![
        5 => (0usize..3, status).prop_map(|(route, status)| Kind::Request { route, status }),
        3 => (0usize..3, took).prop_map(|(worker, took)| Kind::Job { worker, took }),
        1 => Just(Kind::Noise),
    ];
    prop::collection::vec((gap, kind), 1..100).prop_map(|steps| {
        let mut at = 0;
        let events = steps.into_iter().map(|(gap, kind)| {
            at += gap;
            Event { at, kind }
        });
        Log { events: events.collect() }
    })
}
