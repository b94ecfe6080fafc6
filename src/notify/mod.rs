//! Notifications: what happens in a run, sent to the receivers that its plan names.
//!
//! - `message` makes one message of one change, for programs and for people.
//! - `send` tries to deliver it, `mail` by mail; `ending` says until when.
//!
//! Each receiver has a thread and a short queue of its own: one that hangs delays neither the run nor another receiver. What a
//! queue has no room for is left out, and told with what could not be delivered.

mod ending;
mod mail;
mod message;
mod send;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver as Queue, Sender as Queuing, bounded, unbounded};

use ending::Ending;
use message::Message;
pub use message::Subject;
use send::Sender;
#[cfg(feature = "otlp")]
pub(crate) use send::client;

use crate::deployment::Deployment;
use crate::rules::plan::{On, Receiver, Way};
use crate::rules::verdict::Verdict;
use crate::state::Notification;
use crate::summary::{ActionEvent, CheckpointEvent, TriggerEvent, VerdictEvent};
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
    settled: Queue<i64>,
    warn: Warn,
    /// The time of day.
    now: fn() -> Time,
}

/// What waits for a receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    pub receiver: String,
    /// Messages that are neither delivered nor given up.
    pub waiting: u64,
    /// Messages that were not sent, as too many waited already.
    pub left_out: u64,
}

/// A message for one receiver.
pub struct Prepared {
    outlet: usize,
    receiver: String,
    message: Message,
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
    /// The gravest verdict that it was notified of since the last that was milder.
    notified: Option<Verdict>,
    /// What waits for the end of its quiet hours.
    held: Vec<Message>,
}

impl Notifier {
    /// Starts a thread for each receiver.
    ///
    /// # Errors
    ///
    /// Says what cannot be set up.
    pub fn start(
        receivers: Vec<Receiver>,
        subject: Subject,
        now: fn() -> Time,
        warn: Warn,
    ) -> Result<Notifier, String> {
        let ending = Arc::new(Ending::default());
        let (settling, settled) = unbounded();
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
                settled: settling.clone(),
                warn: Arc::clone(&warn),
            };
            let builder = thread::Builder::new().name("notify".into());
            let thread = builder.spawn(move || work.run(&waiting)).map_err(|error| failed(error.to_string()))?;
            outlets.push(Outlet {
                receiver,
                queue,
                thread,
                open,
                left_out: 0,
                asked: None,
                notified: None,
                held: Vec::new(),
            });
        }
        Ok(Notifier { subject, outlets, ending, settled, warn, now })
    }

    /// A deployment came into force; what follows is of it.
    pub fn deployed(&mut self, deployment: &Deployment) {
        self.subject.deployed(deployment);
        self.outlets.iter_mut().for_each(|outlet| outlet.notified = None);
    }

    /// Sends what waited for the end of quiet hours.
    pub fn turn(&mut self, now: Time) {
        for outlet in &mut self.outlets {
            if !outlet.held.is_empty() && !outlet.is_quiet(now) {
                std::mem::take(&mut outlet.held).into_iter().for_each(|message| outlet.queue(message));
            }
        }
    }

    /// What waits for each receiver.
    pub fn outboxes(&self) -> impl Iterator<Item = Outbox> {
        self.outlets.iter().map(|outlet| Outbox {
            receiver: outlet.receiver.name.clone(),
            waiting: outlet.open.load(Ordering::Acquire) + outlet.held.len() as u64,
            left_out: outlet.left_out,
        })
    }

    /// What is to be [queued](Notifier::queue) of an event.
    pub fn trigger(&mut self, event: &TriggerEvent) -> Vec<Prepared> {
        self.prepare(self.subject.trigger(event))
    }

    /// The same of a change of the verdict.
    pub fn verdict(&mut self, event: &VerdictEvent) -> Vec<Prepared> {
        self.prepare(self.subject.verdict(event))
    }

    /// The same of a checkpoint, or a criterion of success.
    pub fn reached(&mut self, event: &CheckpointEvent) -> Vec<Prepared> {
        self.prepare(self.subject.reached(event))
    }

    /// The same of what an action does.
    pub fn action(&mut self, event: &ActionEvent) -> Vec<Prepared> {
        self.prepare(self.subject.action(event))
    }

    fn prepare(&mut self, message: Option<Message>) -> Vec<Prepared> {
        let Some(message) = message else { return Vec::new() };
        let wanted = self.outlets.iter_mut().enumerate().filter_map(|(outlet, of)| {
            of.wants(&message).then(|| Prepared {
                outlet,
                receiver: of.receiver.name.clone(),
                message: message.clone(),
            })
        });
        wanted.collect()
    }

    /// Has a message sent.
    pub fn queue(&mut self, Prepared { outlet, message, .. }: Prepared) {
        self.outlets[outlet].send(message, (self.now)());
    }

    /// The same of one that an earlier run left, as a state has it.
    pub fn again(&mut self, waiting: &Notification) {
        let outlet = self.outlets.iter_mut().find(|outlet| outlet.receiver.name == waiting.receiver);
        let message = serde_json::from_str::<Message>(&waiting.json).ok();
        if let Some((outlet, message)) = outlet.zip(message) {
            outlet.send(Message { seq: Some(waiting.seq), ..message }, (self.now)());
        }
    }

    /// The numbers of messages that were delivered or given up since the last call.
    pub fn take_settled(&self) -> Vec<i64> {
        self.settled.try_iter().collect()
    }

    /// Waits until all is sent, at most some seconds and not when `is_at_once` says so, and tells what is left. Gives the numbers of
    /// messages that were delivered or given up.
    pub fn finish(self, is_at_once: impl Fn() -> bool) -> Vec<i64> {
        let deadline = Instant::now() + END;
        self.ending.set(deadline);
        let mut ended = Vec::new();
        for Outlet { receiver, queue, thread, open, left_out, held, .. } in self.outlets {
            drop(queue);
            if !held.is_empty() {
                let held = held.len();
                (self.warn)(&format!(
                    "{}: {held} of its messages waited for the end of its quiet hours",
                    receiver.name
                ));
            }
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
        self.settled.try_iter().collect()
    }
}

impl Prepared {
    /// As a state keeps it, under a number.
    pub fn numbered(&mut self, seq: i64) -> Notification {
        self.message.seq = Some(seq);
        // Texts can always be written.
        let json = serde_json::to_string(&self.message).unwrap_or_default();
        Notification { seq, receiver: self.receiver.clone(), json }
    }
}

impl Outlet {
    fn is_quiet(&self, now: Time) -> bool {
        self.receiver.quiet.as_ref().is_some_and(|quiet| quiet.holds(now))
    }

    /// Whether the receiver is to be sent a message.
    fn wants(&mut self, message: &Message) -> bool {
        if message.on.is_some_and(|on| !self.receiver.on.contains(&on)) {
            return false;
        }
        if self.receiver.only_verdict_changes && matches!(message.on, Some(On::Rollback | On::Investigate)) {
            // One that makes nothing graver, or resolves, leaves the verdict what it is.
            if message.asks.is_none() || message.asks <= self.notified {
                return false;
            }
        }
        // The trigger that made the verdict has told people the same, and more.
        let is_for_people = !matches!(self.receiver.way, Way::Webhook { .. } | Way::Command(_));
        let asks = message.at.zip(message.asks);
        if message.on == Some(On::Verdict) {
            self.notified = message.asks;
            if is_for_people && asks.is_some() && asks == self.asked {
                return false;
            }
        } else if asks.is_some() {
            self.asked = asks;
            self.notified = self.notified.max(message.asks);
        }
        true
    }

    /// Has it sent, at the end of its quiet hours.
    fn send(&mut self, message: Message, now: Time) {
        if self.is_quiet(now) && message.asks != Some(Verdict::Rollback) {
            if self.held.len() < QUEUE {
                self.held.push(message);
            } else {
                self.left_out += 1;
            }
            return;
        }
        self.queue(message);
    }

    fn queue(&mut self, message: Message) {
        self.open.fetch_add(1, Ordering::AcqRel);
        if self.queue.try_send(message).is_err() {
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
    settled: Queuing<i64>,
    warn: Warn,
}

impl Work {
    fn run(mut self, waiting: &Queue<Message>) {
        for message in waiting {
            if self.ending.at_most(END).is_zero() {
                return;
            }
            let delivered = self.sender.deliver(&message, &self.ending);
            if let Err(why) = &delivered {
                (self.warn)(&format!("{}: not delivered: {why}", self.name));
            }
            // What only the end of the run has kept from being delivered can be by the next one.
            if let Some(seq) = message.seq.filter(|_| delivered.is_ok() || self.ending.at_most(END) == END) {
                // Nobody asks any more.
                let _ = self.settled.send(seq);
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
    let mut sender = Sender::new(receiver.way.clone())?;
    sender.deliver(&message, &ending)?;
    if let Way::PagerDuty { .. } = receiver.way {
        // What a test has opened it closes.
        sender.deliver(&Message { on: Some(On::Verdict), is_end: Some(true), ..message }, &ending)?;
    }
    Ok(())
}
