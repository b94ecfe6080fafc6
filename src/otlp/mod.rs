//! OTLP: metrics and events of a run, sent to a receiver of OpenTelemetry's protocol as it stands. A thread of its own follows the
//! [snapshots](crate::snapshot); the run waits for nobody, and what cannot be sent is told and tried again.
//!
//! - `config` is what the environment asks for.
//! - `message` makes messages of a snapshot.
//!
//! The messages are made here, not by OpenTelemetry's SDK: that takes measurements one by one, and a run has totals and histograms
//! already.

mod config;
mod message;

use std::io::{self, Write};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, StatusCode};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

pub use config::{Config, Target};
use message::Source;

use crate::notify::{Warn, client};
use crate::snapshot::{Snapshot, Snapshots};
use crate::source::railway::{AGENT, plainly, retry_after};

/// How often it is looked whether there are new events.
const LOOK: Duration = Duration::from_secs(1);
/// After an attempt that failed; after each further one twice as long, up to the most.
const DELAY: Duration = Duration::from_secs(1);
const MOST_DELAY: Duration = Duration::from_secs(30);
/// After the end of a run, what is left is tried this long.
const END: Duration = Duration::from_secs(5);

/// Sends until it is finished.
pub struct Exporter {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Exporter {
    /// Begins to send, on a thread of its own.
    ///
    /// # Errors
    ///
    /// Says what cannot be set up.
    pub fn start(config: Config, snapshots: Snapshots, warn: Warn) -> Result<Exporter, String> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let source = Source::new(&config.resource, now());
        let sink = |name, target: Option<Target>| {
            let sink = |target: Target| -> Result<Sink, String> {
                let client = client(&target.url)?;
                let warn = Arc::clone(&warn);
                Ok(Sink { name, target, client, warn, due: Instant::now(), delay: DELAY, is_reported: false })
            };
            target.map(sink).transpose()
        };
        let _inside = runtime.enter();
        let (metrics, logs) = (sink("metrics", config.metrics)?, sink("events", config.logs)?);
        let (stop, stopped) = oneshot::channel();
        let work = Work { source, snapshots, metrics, logs, every: config.every, sent: 0, lost: 0, warn };
        drop(_inside);
        let thread = thread::Builder::new().name("otlp".into());
        let thread = thread.spawn(move || runtime.block_on(work.run(stopped))).map_err(|error| error.to_string())?;
        Ok(Exporter { stop, thread })
    }

    /// Sends how the run ended, and waits for that some seconds at most, and not when `is_at_once` says so.
    pub fn finish(self, is_at_once: impl Fn() -> bool) {
        /// How often it is looked whether it has ended.
        const PATIENCE: Duration = Duration::from_millis(5);
        // It has ended by itself when this fails.
        let _ = self.stop.send(());
        // Attempts end by then, and need a moment to say so.
        let last = std::time::Instant::now() + END + Duration::from_millis(500);
        while !self.thread.is_finished() && std::time::Instant::now() < last && !is_at_once() {
            thread::sleep(PATIENCE);
        }
    }
}

/// What the thread does.
struct Work {
    source: Source,
    snapshots: Snapshots,
    metrics: Option<Sink>,
    logs: Option<Sink>,
    every: Duration,
    /// The number of the last event that was sent or refused.
    sent: u64,
    /// Events that were gone before they could be sent.
    lost: u64,
    warn: Warn,
}

/// Where one kind of data is sent, and how that goes.
struct Sink {
    name: &'static str,
    target: Target,
    client: Client,
    warn: Warn,
    /// Before this nothing is sent.
    due: Instant,
    /// After the next attempt that fails.
    delay: Duration,
    /// That it cannot be sent was reported.
    is_reported: bool,
}

/// What became of an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Became {
    Sent,
    /// Another attempt may succeed.
    Failed,
    /// The receiver does not want it.
    Refused,
}

impl Work {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        if let Some(metrics) = &mut self.metrics {
            metrics.due += self.every;
        }
        loop {
            tokio::select! {
                // Who drops the other end wants no more either.
                _ = &mut stopped => break,
                () = self.turn() => {}
            }
        }
        let last = Instant::now() + END;
        // What was not sent by then is told.
        let _ = timeout_at(last, self.end()).await;
        let left = self.snapshots.borrow().events.iter().filter(|event| event.number > self.sent).count() as u64;
        let missing = self.lost + if self.logs.is_some() { left } else { 0 };
        if missing > 0 {
            (self.warn)(&format!("OTLP: {missing} of the run's events were not sent"));
        }
    }

    /// Sends what is due, or waits a moment.
    async fn turn(&mut self) {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let now = Instant::now();
        if self.logs.as_ref().is_some_and(|logs| logs.due <= now) && self.has_events(&snapshot) {
            self.send_events(&snapshot).await;
        } else if let Some(metrics) = self.metrics.as_mut().filter(|metrics| metrics.due <= now) {
            let message = self.source.metrics(&snapshot, self::now());
            if metrics.send(message.encode_to_vec()).await != Became::Failed {
                metrics.due = now + self.every;
            }
        } else {
            let due = self.metrics.as_ref().map(|metrics| metrics.due);
            let look = now + LOOK;
            sleep_until(due.map_or(look, |due| due.min(look))).await;
        }
    }

    /// Sends how the run ended, as long as it takes.
    async fn end(&mut self) {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        while self.logs.is_some() && self.has_events(&snapshot) && self.send_events(&snapshot).await == Became::Failed {
            sleep(DELAY).await;
        }
        if let Some(metrics) = &mut self.metrics {
            let message = self.source.metrics(&snapshot, self::now()).encode_to_vec();
            while metrics.send(message.clone()).await == Became::Failed {
                sleep(DELAY).await;
            }
        }
    }

    fn has_events(&self, snapshot: &Snapshot) -> bool {
        snapshot.events.back().is_some_and(|last| last.number > self.sent)
    }

    async fn send_events(&mut self, snapshot: &Snapshot) -> Became {
        let Some(logs) = &mut self.logs else { return Became::Refused };
        let new: Vec<_> = snapshot.events.iter().filter(|event| event.number > self.sent).collect();
        let Some((first, last)) = new.first().zip(new.last()) else { return Became::Sent };
        let (gone, last) = (first.number - self.sent - 1, last.number);
        let message = self.source.logs(new.iter().copied(), now());
        let became = logs.send(message.encode_to_vec()).await;
        if became != Became::Failed {
            self.lost += gone + if became == Became::Refused { new.len() as u64 } else { 0 };
            self.sent = last;
        }
        became
    }
}

impl Sink {
    /// One attempt; that it fails is told once until one succeeds.
    async fn send(&mut self, body: Vec<u8>) -> Became {
        let (became, why, wait) = match self.attempt(body).await {
            Ok(()) => (Became::Sent, String::new(), None),
            Err((became, why, wait)) => (became, why, wait),
        };
        if became == Became::Failed {
            self.due = Instant::now() + wait.unwrap_or(self.delay).min(MOST_DELAY);
            self.delay = (2 * self.delay).min(MOST_DELAY);
        } else {
            self.delay = DELAY;
        }
        if became == Became::Sent {
            self.is_reported = false;
        } else if !std::mem::replace(&mut self.is_reported, true) {
            let host = self.target.url.host_str().unwrap_or_default();
            let goes_on = if became == Became::Failed { "; it is tried again" } else { "" };
            (self.warn)(&format!("OTLP: {} cannot be sent to {host}: {why}{goes_on}", self.name));
        }
        became
    }

    async fn attempt(&self, body: Vec<u8>) -> Result<(), (Became, String, Option<Duration>)> {
        let Target { url, headers, timeout, is_packed } = &self.target;
        let mut request = self.client.post(url.clone()).timeout(*timeout).headers(headers.clone());
        request = request.header(USER_AGENT, AGENT).header(CONTENT_TYPE, "application/x-protobuf");
        let body = if *is_packed {
            request = request.header(CONTENT_ENCODING, "gzip");
            packed(&body).map_err(|error| (Became::Refused, error.to_string(), None))?
        } else {
            body
        };
        // An error of the client shows the address, which may hold a secret.
        let answer = request.body(body).send().await;
        let answer = answer.map_err(|error| (Became::Failed, plainly(&error.without_url()), None))?;
        let why = format!("status {}", answer.status().as_u16());
        match answer.status() {
            status if status.is_success() => Ok(()),
            // Those after which the specification says to try again.
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err((Became::Failed, why, retry_after(answer.headers()))),
            _ => Err((Became::Refused, why, None)),
        }
    }
}

fn packed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(body)?;
    packer.finish()
}

/// Nanoseconds since the epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
