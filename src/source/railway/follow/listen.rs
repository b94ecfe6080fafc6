//! Listens to the subscriptions, and looks after them.

use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::MissedTickBehavior;

use super::super::budget::Purpose;
use super::super::documents::Document;
use super::super::link::Phase;
use super::super::log::{Kind, Log, Rows, Window};
use super::super::output::Gone;
use super::super::pace::{Delays, Pace};
use super::super::record::Record;
use super::super::socket::{Said, Socket};
use super::{Error, Follower};
use crate::time::Time;

/// Why listening ended.
pub(super) enum End {
    Broken(Error),
    /// The end that was asked for is reached.
    Over,
}

/// A message for the server.
enum Command {
    Subscribe(u64, Document, Value),
    Complete(u64),
}

/// What the server said, and when: all that it had said before is taken in before this is.
type Heard = (Instant, Said);

/// A socket on a task of its own, which answers and pings while something else is waited for. Dropped, it is closed.
pub(super) struct Ears {
    commands: Sender<Command>,
    said: Receiver<Result<Heard, Error>>,
    task: tokio::task::JoinHandle<()>,
}

/// Messages that wait until there is time for them; then the server waits.
const WAITING: usize = 1_024;

impl Ears {
    pub fn new(socket: Socket, pace: Pace) -> Self {
        let (commands, received) = channel(WAITING);
        let (sender, said) = channel(WAITING);
        let task = tokio::spawn(async move {
            if let Err(error) = attend(socket, pace, received, &sender).await {
                // Nobody listens any more.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ears { commands, said, task }
    }

    pub async fn subscribe(&self, id: u64, document: Document, variables: Value) {
        // A socket that is gone is told of by what is heard.
        let _ = self.commands.send(Command::Subscribe(id, document, variables)).await;
    }

    async fn complete(&self, id: u64) {
        let _ = self.commands.send(Command::Complete(id)).await;
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn attend(
    mut socket: Socket,
    pace: Pace,
    mut commands: Receiver<Command>,
    said: &Sender<Result<Heard, Error>>,
) -> Result<(), Error> {
    let mut pings = tokio::time::interval(pace.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = socket.hear() => {
                let message = message?;
                heard = Instant::now();
                if said.send(Ok((heard, message))).await.is_err() {
                    return Ok(());
                }
            }
            command = commands.recv() => match command {
                Some(Command::Subscribe(id, document, variables)) => socket.subscribe(id, document, &variables).await?,
                Some(Command::Complete(id)) => socket.complete(id).await?,
                None => return Ok(()),
            },
            _ = pings.tick() => {
                if heard.elapsed() >= pace.silence {
                    return Err(Error::Failing(format!("the server was silent for {} s", pace.silence.as_secs_f32())));
                }
                socket.ping().await?;
            }
        }
    }
}

/// Whether it is nothing, such as `{"httpLogs": null}`.
fn is_null(data: &RawValue) -> bool {
    serde_json::from_str::<serde_json::Map<String, Value>>(data.get())
        .is_ok_and(|members| members.values().all(Value::is_null))
}

/// Waits until a moment, or for ever.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

impl Follower {
    pub(super) async fn listen(&mut self, ears: &mut Ears, delays: &mut Delays) -> Result<End, Gone> {
        let mut looks = tokio::time::interval(self.pace.look);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.reset();
        let mut ends = tokio::time::interval(self.pace.again);
        loop {
            let begins = self.logs.iter().filter_map(|log| log.begins_again).min();
            let said = tokio::select! {
                said = ears.said.recv() => said,
                () = at(begins) => {
                    self.begin_again(ears).await?;
                    continue;
                }
                _ = looks.tick() => {
                    self.look(ears).await?;
                    continue;
                }
                _ = ends.tick() => {
                    if self.is_over() {
                        return Ok(End::Over);
                    }
                    if let Some(error) = self.forgotten().await {
                        return Ok(End::Broken(error));
                    }
                    if self.is_deploying && self.deployments_seen.elapsed() >= self.pace.look / 10 {
                        self.look_at_deployments(ears).await?;
                    }
                    continue;
                }
                () = self.output.chunks.closed() => return Err(Gone),
            };
            let (at, said) = match said {
                None => return Ok(End::Broken(Error::Failing("the connection ended".into()))),
                Some(Err(error)) => return Ok(End::Broken(error)),
                Some(Ok(heard)) => heard,
            };
            match said {
                Said::Next(id, data) => {
                    if let Some(log) = self.subscribed(id) {
                        self.take_next(ears, log, &data, delays).await?;
                    }
                }
                Said::Failed(id, error) => {
                    if let Some(log) = self.subscribed(id) {
                        let of = &mut self.logs[log];
                        of.failures += 1;
                        if of.is_asked_for() {
                            self.link
                                .say(format!("{} cannot be followed ({error}); it is read once a minute", of.kind));
                        }
                        return Ok(End::Broken(error));
                    }
                }
                Said::Complete(id) => {
                    if let Some(log) = self.subscribed(id) {
                        self.logs[log].subscription = None;
                        if self.logs[log].is_build() {
                            // It is built, or else a look will find that it is not.
                            let from = self.logs[log].position;
                            self.read_back(&[(log, from)], Vec::new()).await?;
                            self.logs[log].ends = Some(Instant::now());
                            self.leave_what_is_gone(ears).await;
                            self.stand();
                            continue;
                        }
                        self.logs[log].begins_again = Some(Instant::now() + self.pace.again);
                        self.link.enter(Phase::ReadingBack(Some(self.logs[log].position)));
                    }
                }
                Said::Alive => {}
            }
            // Not before: what waited while something else was asked for is no silence of a service.
            self.link.alive(at);
        }
    }

    /// The log of a subscription.
    fn subscribed(&self, id: u64) -> Option<usize> {
        self.logs.iter().position(|log| log.subscription == Some(id))
    }

    /// Takes what a subscription brought. Where that may be cut short, the rest is read before any of it is given out.
    async fn take_next(&mut self, ears: &Ears, log: usize, data: &RawValue, delays: &mut Delays) -> Result<(), Gone> {
        let Some(rows) = self.logs[log].rows(data) else {
            if is_null(data) {
                return Ok(());
            }
            self.lose(&format!("what a subscription of {} brought cannot be read", self.logs[log].kind));
            return Ok(());
        };
        if rows.count > 0 {
            delays.reset();
            self.logs[log].failures = 0;
            self.logs[log].heard = Instant::now();
        }
        let may_be_cut = self.logs[log].nexts.may_be_cut(rows.count, self.pace.page);
        let count = rows.count;
        let first = rows.records.iter().map(|record| record.time).min();
        let before = self.logs[log].position;
        let unknown = self.unknown_deployments(log, &rows.records);
        let news = self.news(log, rows.records, false);
        // What is sent again at the start of a subscription is full, too, and brings nothing.
        if may_be_cut && !news.is_empty() {
            // What was left out may have been stored late.
            let from = first.map_or(before, |first| first.min(before)).saturating_add(-self.overlap());
            if self.read_back(&[(log, from)], news).await? == 0 {
                self.logs[log].nexts.was_whole(count);
            }
            self.stand();
        } else {
            self.output.give(news).await?;
        }
        for (service, deployment, from) in unknown {
            self.add_http(ears, service, deployment, from).await?;
        }
        self.update_link();
        Ok(())
    }

    /// Begins those subscriptions again that the server completed a while ago, on the same socket.
    async fn begin_again(&mut self, ears: &Ears) -> Result<(), Gone> {
        let now = Instant::now();
        let is_due = |log: &Log| log.begins_again.is_some_and(|begins| begins <= now);
        let due: Vec<usize> = (0..self.logs.len()).filter(|log| is_due(&self.logs[*log])).collect();
        let mut seams = Vec::new();
        for log in due {
            seams.push((log, self.subscribe(ears, log).await));
        }
        self.read_back(&seams, Vec::new()).await?;
        self.stand();
        Ok(())
    }

    /// All that is known to the server is here, unless a log is not subscribed to for now.
    pub(super) fn stand(&self) {
        if self.logs.iter().all(|log| log.begins_again.is_none()) {
            self.link.enter(Phase::Following);
        }
    }

    /// A log whose subscription brings nothing, although there is something: the server may have lost the subscription, and answer
    /// pings all the same. Asked for once in a while, as each quiet log costs a call.
    async fn forgotten(&mut self) -> Option<Error> {
        let until = self.client.server_now().saturating_add(-(self.pace.fresh.as_nanos() as i64));
        // Of a socket that is silent altogether all logs are to be read together.
        if self.link.look().proved.elapsed() >= self.pace.ping.saturating_mul(2) {
            return None;
        }
        for log in 0..self.logs.len() {
            let of = &mut self.logs[log];
            let is_quiet = of.subscription.is_some() && of.heard.elapsed() >= self.pace.fresh.saturating_mul(2);
            let window = Window::From(of.position, Some(until));
            if !is_quiet || of.position >= until || of.checked.elapsed() < self.pace.look {
                continue;
            }
            of.checked = Instant::now();
            let asked = of.page(&self.client, window, self.pace.page, Purpose::Routine).await;
            let Ok(Rows { records, .. }) = asked else { continue };
            let is_missing = |record: &Record| record.time > of.position && !of.seen.knows(record);
            let is_watched = |record: &Record| self.watching.service(&of.kind, record).is_some();
            if records.iter().any(|record| is_missing(record) && is_watched(record)) {
                let error = format!("the subscription of {} brought nothing any more", of.kind);
                self.link.say(format!("{error}; it is begun again"));
                return Some(Error::Failing(error));
            }
        }
        None
    }

    /// Reads what has settled a second time, and looks at what is deployed. Both can wait.
    async fn look(&mut self, ears: &Ears) -> Result<(), Gone> {
        let until = self.settled_before();
        for log in 0..self.logs.len() {
            self.read_settled(log, until.min(self.logs[log].position)).await?;
        }
        for log in 0..self.logs.len() {
            if self.logs[log].is_asked_for() {
                let from = self.logs[log].position;
                self.read_back(&[(log, from)], Vec::new()).await?;
                self.stand();
            }
        }
        self.look_at_deployments(ears).await?;
        self.leave_what_is_gone(ears).await;
        self.update_link();
        Ok(())
    }

    /// Follows the logs of deployments no more that have been gone for a while.
    async fn leave_what_is_gone(&mut self, ears: &Ears) {
        let now = Instant::now();
        let (gone, rest) =
            std::mem::take(&mut self.logs).into_iter().partition(|log: &Log| log.ends.is_some_and(|ends| ends <= now));
        self.logs = rest;
        for Log { name, subscription, position, .. } in gone {
            if let Some(id) = subscription {
                ears.complete(id).await;
            }
            self.left.insert(name, position);
        }
    }

    /// Reads a log a second time up to a time, and gives out what only now is there.
    async fn read_settled(&mut self, log: usize, until: Time) -> Result<(), Gone> {
        // What was seen long ago is not looked at.
        self.logs[log].has_settled(Time(i64::MIN));
        let mut from = self.logs[log].settled;
        while from < until {
            let window = Window::From(from, Some(until));
            let Ok(mut rows) = self.logs[log].page(&self.client, window, self.pace.page, Purpose::Routine).await else {
                // The next look begins here again.
                return Ok(());
            };
            let may_be_cut = self.logs[log].pages.may_be_cut(rows.count, self.pace.page);
            rows.records.retain(|record| record.time >= from && record.time <= until);
            let last = rows.records.iter().map(|record| record.time).max();
            let found = self.news(log, rows.records, true);
            self.link.update(|state| state.found_late += found.len() as u64);
            self.output.give(found).await?;
            from = match last.filter(|_| may_be_cut) {
                Some(last) if last > from => last,
                Some(_) => from.saturating_add(1),
                None => until,
            };
            self.logs[log].has_settled(from);
        }
        Ok(())
    }
}

impl Kind {
    pub(super) fn is_http_of(&self, id: &str) -> bool {
        matches!(self, Kind::Http { deployment, .. } if deployment == id)
    }

    /// The deployment that it is a log of.
    pub(super) fn deployment(&self) -> Option<&String> {
        match self {
            Kind::Http { deployment, .. } | Kind::Build { deployment, .. } => Some(deployment),
            _ => None,
        }
    }
}
