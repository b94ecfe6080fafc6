//! Notifications: what happens in a run, sent to the receivers that its plan names.
//!
//! - `message` makes one message of one change, for programs and for people.
//! - `send` tries to deliver it; `ending` says until when.
//!
//! Each receiver has a thread and a short queue of its own: one that hangs delays neither the run nor another receiver. What a
//! queue has no room for is left out, and told with what could not be delivered.

mod ending;
mod message;
mod send;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver as Queue, Sender as Queuing, bounded};

use ending::Ending;
use message::Message;
pub use message::Subject;
use send::Sender;

use crate::deployment::Deployment;
use crate::rules::plan::{On, Receiver, Way};
use crate::rules::verdict::Verdict;
use crate::summary::{CheckpointEvent, TriggerEvent, VerdictEvent};
use crate::time::Time;

/// Messages that wait for one receiver at most.
const QUEUE: usize = 100;
/// After the end of a run, what is left is tried this long.
const END: Duration = Duration::from_secs(10);

/// Says what goes wrong.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// The notifications of a run.
pub struct Notifier {
    subject: Subject,
    outlets: Vec<Outlet>,
    ending: Arc<Ending>,
    warn: Warn,
}

/// A receiver with what waits for it.
struct Outlet {
    receiver: Receiver,
    queue: Queuing<Message>,
    thread: JoinHandle<()>,
    /// Messages that are neither delivered nor given up.
    open: Arc<AtomicU64>,
    /// Messages the queue had no room for.
    left_out: u64,
    /// What it was last asked to do by a trigger, and when.
    asked: Option<(Time, Verdict)>,
}

impl Notifier {
    /// Starts a thread for each receiver.
    ///
    /// # Errors
    ///
    /// Says what cannot be set up.
    pub fn start(receivers: Vec<Receiver>, subject: Subject, warn: Warn) -> Result<Notifier, String> {
        let ending = Arc::new(Ending::default());
        let mut outlets = Vec::new();
        for receiver in receivers {
            let failed = |error: String| format!("{}: {error}", receiver.name);
            let sender = Sender::new(receiver.way.clone()).map_err(failed)?;
            let (queue, waiting) = bounded(QUEUE);
            let open = Arc::new(AtomicU64::new(0));
            let work = Work {
                name: receiver.name.clone(),
                sender,
                open: Arc::clone(&open),
                ending: Arc::clone(&ending),
                warn: Arc::clone(&warn),
            };
            let builder = thread::Builder::new().name("notify".into());
            let thread = builder.spawn(move || work.run(&waiting)).map_err(|error| failed(error.to_string()))?;
            outlets.push(Outlet { receiver, queue, thread, open, left_out: 0, asked: None });
        }
        Ok(Notifier { subject, outlets, ending, warn })
    }

    /// A deployment came into force; what follows is of it.
    pub fn deployed(&mut self, deployment: &Deployment) {
        self.subject.deployed(deployment);
    }

    pub fn trigger(&mut self, event: &TriggerEvent) {
        self.send(self.subject.trigger(event));
    }

    pub fn verdict(&mut self, event: &VerdictEvent) {
        self.send(self.subject.verdict(event));
    }

    pub fn reached(&mut self, event: &CheckpointEvent) {
        self.send(self.subject.reached(event));
    }

    fn send(&mut self, message: Option<Message>) {
        let Some(message) = message else { return };
        for outlet in &mut self.outlets {
            outlet.send(&message);
        }
    }

    /// Waits until all is sent, at most some seconds and not when `is_at_once` says so, and tells what is left.
    pub fn finish(self, is_at_once: impl Fn() -> bool) {
        let deadline = Instant::now() + END;
        self.ending.set(deadline);
        let mut ended = Vec::new();
        for Outlet { receiver, queue, thread, open, left_out, .. } in self.outlets {
            drop(queue);
            ended.push((receiver.name, thread, open, left_out));
        }
        // Attempts end by the deadline, and need a moment to say so.
        let last = deadline + Duration::from_millis(500);
        while ended.iter().any(|(_, thread, ..)| !thread.is_finished()) && Instant::now() < last && !is_at_once() {
            thread::sleep(Duration::from_millis(5));
        }
        for (name, _, open, left_out) in ended {
            match open.load(Ordering::Acquire) {
                0 => {}
                open => (self.warn)(&format!("{name}: {open} of its messages not delivered by the end of the run")),
            }
            if left_out > 0 {
                (self.warn)(&format!("{name}: {left_out} messages left out, as {QUEUE} were waiting already"));
            }
        }
    }
}

impl Outlet {
    fn send(&mut self, message: &Message) {
        if message.on.is_some_and(|on| !self.receiver.on.contains(&on)) {
            return;
        }
        // The trigger that made the verdict has told people the same, and more.
        let is_for_people = matches!(self.receiver.way, Way::Slack(_) | Way::Discord(_));
        let asks = message.at.zip(message.asks);
        if message.on == Some(On::Verdict) && is_for_people && asks.is_some() && asks == self.asked {
            return;
        }
        if message.on != Some(On::Verdict) && asks.is_some() {
            self.asked = asks;
        }
        self.open.fetch_add(1, Ordering::AcqRel);
        if self.queue.try_send(message.clone()).is_err() {
            self.open.fetch_sub(1, Ordering::AcqRel);
            self.left_out += 1;
        }
    }
}

/// What the thread of a receiver does.
struct Work {
    name: String,
    sender: Sender,
    open: Arc<AtomicU64>,
    ending: Arc<Ending>,
    warn: Warn,
}

impl Work {
    fn run(mut self, waiting: &Queue<Message>) {
        for message in waiting {
            if self.ending.at_most(END).is_zero() {
                return;
            }
            if let Err(why) = self.sender.deliver(&message, &self.ending) {
                (self.warn)(&format!("{}: not delivered: {why}", self.name));
            }
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Sends a sample to a receiver, and says what became of it.
///
/// # Errors
///
/// Says why it was not delivered.
pub fn test(receiver: &Receiver, subject: &Subject) -> Result<(), String> {
    let message = subject.sample().ok_or("no sample can be made")?;
    let ending = Ending::default();
    ending.set(Instant::now() + END);
    Sender::new(receiver.way.clone())?.deliver(&message, &ending)
}
