//! Probes: what a plan asks of a service, its database or a program while a run is live. Each has a thread of its own, so that
//! one that hangs delays neither the run nor another; what it finds comes to the run as [external events](crate::external).
//!
//! - `http` asks a server, `postgres` a database, `command` runs a program.

mod command;
mod http;
mod postgres;

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tokio::runtime::{Builder, Runtime};

use crate::external::External;
use crate::rules::plan::{Ask, Probe};
use crate::time::Time;
pub use postgres::{NUMBERS, verifies};

/// The probes of a run; they end when this is dropped.
pub struct Probes {
    _stop: Sender<()>,
}

/// Why a probe failed, in a word for plans, and in full.
#[derive(Debug, PartialEq)]
struct Problem {
    because: &'static str,
    says: String,
}

/// What one look of a probe came to.
#[derive(Debug, Default, PartialEq)]
struct Found {
    problem: Option<Problem>,
    /// What it read, by name.
    numbers: Vec<(String, f64)>,
}

impl Problem {
    fn new(because: &'static str, says: impl Into<String>) -> Problem {
        Problem { because, says: says.into() }
    }
}

impl Found {
    fn failed(because: &'static str, says: impl Into<String>) -> Found {
        Found { problem: Some(Problem::new(because, says)), numbers: Vec::new() }
    }
}

impl Probes {
    /// Starts a thread for each probe, which hands its results to `events`, with the time that `now` tells.
    ///
    /// # Errors
    ///
    /// Says what cannot be set up, and of which probe.
    pub fn start(probes: Vec<Probe>, events: &Sender<External>, now: fn() -> Time) -> Result<Probes, String> {
        // Nothing is ever sent: who listens is woken when the other side is gone.
        let (stop, stopped) = bounded(0);
        for probe in probes {
            let failed = |error: String| format!("probe {}: {error}", probe.id);
            let runtime =
                Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
            let asker = Asker::new(&probe).map_err(failed)?;
            let looking = Looking { events: events.clone(), stopped: stopped.clone(), now, runtime, asker, probe };
            let id = looking.probe.id.clone();
            let spawned = thread::Builder::new().name("probe".into()).spawn(move || looking.run());
            spawned.map_err(|error| format!("probe {id}: {error}"))?;
        }
        Ok(Probes { _stop: stop })
    }
}

/// What a probe asks with.
enum Asker {
    Http(reqwest::Client),
    Command,
    Postgres(Box<postgres::Database>),
}

impl Asker {
    fn new(probe: &Probe) -> Result<Asker, String> {
        Ok(match &probe.ask {
            Ask::Http(http) => Asker::Http(http::client(http)?),
            Ask::Command { .. } => Asker::Command,
            Ask::Postgres(url) => Asker::Postgres(Box::new(postgres::Database::new(url)?)),
        })
    }
}

/// The thread of a probe.
struct Looking {
    probe: Probe,
    events: Sender<External>,
    stopped: Receiver<()>,
    now: fn() -> Time,
    runtime: Runtime,
    asker: Asker,
}

impl Looking {
    fn run(self) {
        loop {
            let start = Instant::now();
            let found = self.look(start);
            let took = start.elapsed();
            for event in events_of(&self.probe.id, found, took, (self.now)()) {
                // A run that takes nothing in, because no line has come yet, has to do without the oldest.
                let _ = self.events.try_send(event);
            }
            let rest = self.probe.every.saturating_sub(took);
            if self.stopped.recv_timeout(rest) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn look(&self, start: Instant) -> Found {
        let Probe { timeout, ask, .. } = &self.probe;
        let in_time = |found: Result<Found, tokio::time::error::Elapsed>| {
            found.unwrap_or_else(|_| Found::failed("timeout", format!("no answer within {}", seconds(*timeout))))
        };
        match (ask, &self.asker) {
            (Ask::Http(http), Asker::Http(client)) => {
                in_time(self.runtime.block_on(async { tokio::time::timeout(*timeout, http::look(client, http)).await }))
            }
            (Ask::Postgres(_), Asker::Postgres(database)) => {
                in_time(self.runtime.block_on(async { tokio::time::timeout(*timeout, database.look()).await }))
            }
            (Ask::Command { words, numbers }, _) => {
                let is_stopped =
                    || matches!(self.stopped.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected));
                command::look(words, numbers, || start.elapsed() < *timeout && !is_stopped())
            }
            _ => Found::default(),
        }
    }
}

/// The events of one look.
fn events_of(id: &str, found: Found, took: Duration, at: Time) -> Vec<External> {
    let took_so_long = seconds(took);
    let mut events: Vec<External> = Vec::new();
    for (name, number) in found.numbers {
        let event = External::new(at, "probe.number", format!("{id}: {name} {number}"));
        events.push(event.label("probe", id).label("name", &name).value("number", number));
    }
    let event = match found.problem {
        None => External::new(at, "probe.ok", format!("{id}: as expected in {took_so_long}")),
        Some(Problem { because, says }) => {
            External::new(at, "probe.failed", format!("{id}: {says}")).label("because", because)
        }
    };
    events.push(event.label("probe", id).value("duration", took.as_secs_f64()));
    events
}

fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 1e3).round() / 1e3)
}
