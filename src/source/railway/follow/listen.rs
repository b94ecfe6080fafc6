//! Listens to the subscriptions, and looks after them.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::MissedTickBehavior;

use super::super::budget::Purpose;
use super::super::documents::Document;
use super::super::link::{Link, Phase};
use super::super::log::{Kind, Log, Window};
use super::super::output::Gone;
use super::super::pace::{Delays, Pace};
use super::super::socket::{Said, Socket};
use super::{Error, Follower};
use crate::time::Time;

/// Why listening ended.
pub(super) enum End {
    Broken(Error),
    /// The end that was asked for is reached.
    Over,
}

/// What is to be told to the server.
enum Told {
    Subscribe(u64, Document, Value),
    Complete(u64),
}

/// A socket on a task of its own, which answers and pings while something else is waited for. Dropped, it is closed.
pub(super) struct Ears {
    told: Sender<Told>,
    said: Receiver<Result<Said, Error>>,
    task: tokio::task::JoinHandle<()>,
}

/// Messages that wait until there is time for them; then the server waits.
const WAITING: usize = 1_024;

impl Ears {
    pub fn new(socket: Socket, pace: Pace, link: Arc<Link>) -> Self {
        let (told, commands) = channel(WAITING);
        let (sender, said) = channel(WAITING);
        let task = tokio::spawn(async move {
            if let Err(error) = attend(socket, pace, &link, commands, &sender).await {
                // Nobody listens any more.
                let _ = sender.send(Err(error)).await;
            }
        });
        Ears { told, said, task }
    }

    pub async fn subscribe(&self, id: u64, document: Document, variables: Value) {
        // A socket that is gone is told of by what is heard.
        let _ = self.told.send(Told::Subscribe(id, document, variables)).await;
    }

    async fn complete(&self, id: u64) {
        let _ = self.told.send(Told::Complete(id)).await;
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
    link: &Link,
    mut told: Receiver<Told>,
    said: &Sender<Result<Said, Error>>,
) -> Result<(), Error> {
    let mut pings = tokio::time::interval(pace.ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            message = socket.hear() => {
                let message = message?;
                heard = Instant::now();
                link.alive();
                if !matches!(message, Said::Alive) && said.send(Ok(message)).await.is_err() {
                    return Ok(());
                }
            }
            command = told.recv() => match command {
                Some(Told::Subscribe(id, document, variables)) => socket.subscribe(id, document, &variables).await?,
                Some(Told::Complete(id)) => socket.complete(id).await?,
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

impl Follower {
    pub(super) async fn listen(&mut self, ears: &mut Ears, delays: &mut Delays) -> Result<End, Gone> {
        let mut looks = tokio::time::interval(self.pace.look);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.reset();
        let mut ends = tokio::time::interval(self.pace.again);
        loop {
            let said = tokio::select! {
                said = ears.said.recv() => said,
                _ = looks.tick() => {
                    self.look(ears).await?;
                    continue;
                }
                _ = ends.tick(), if self.watching.until.is_some() => {
                    if self.is_over() {
                        return Ok(End::Over);
                    }
                    continue;
                }
                () = self.output.chunks.closed() => return Err(Gone),
            };
            match said {
                None => return Ok(End::Broken(Error::Failing("the connection ended".into()))),
                Some(Err(error)) => return Ok(End::Broken(error)),
                Some(Ok(Said::Next(id, data))) => {
                    if let Some(log) = self.subscribed(id) {
                        self.take_next(ears, log, &data, delays).await?;
                    }
                }
                Some(Ok(Said::Failed(id, error))) => {
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
                Some(Ok(Said::Complete(id))) => {
                    if let Some(log) = self.subscribed(id) {
                        self.begin_again(ears, log).await?;
                    }
                }
                Some(Ok(Said::Alive)) => {}
            }
        }
    }

    /// The log of a subscription.
    fn subscribed(&self, id: u64) -> Option<usize> {
        self.logs.iter().position(|log| log.subscription == Some(id))
    }

    /// Takes what a subscription brought. Where that may be cut short, the rest is read before any of it is given out.
    async fn take_next(&mut self, ears: &Ears, log: usize, data: &RawValue, delays: &mut Delays) -> Result<(), Gone> {
        let Some(rows) = self.logs[log].rows(data) else { return Ok(()) };
        if rows.count > 0 {
            delays.reset();
            self.logs[log].failures = 0;
        }
        let is_full = rows.is_full(self.pace.page);
        let first = rows.records.iter().map(|record| record.time).min();
        let before = self.logs[log].position;
        let unknown = self.unknown_deployments(log, &rows.records);
        let news = self.news(log, rows.records, false);
        // What is sent again at the start of a subscription is full, too, and brings nothing.
        if is_full && !news.is_empty() {
            let from = first.map_or(before, |first| first.min(before));
            self.read_back(&[(log, from)], news).await?;
            self.link.enter(Phase::Following);
        } else {
            self.output.give(news).await?;
        }
        for (service, deployment, from) in unknown {
            self.add_http(ears, service, deployment, from).await?;
        }
        self.update_link();
        Ok(())
    }

    /// A subscription that the server completed is begun again on the same socket, after a while.
    async fn begin_again(&mut self, ears: &Ears, log: usize) -> Result<(), Gone> {
        self.link.enter(Phase::ReadingBack(Some(self.logs[log].position)));
        tokio::select! {
            () = tokio::time::sleep(self.pace.again) => {}
            () = self.output.chunks.closed() => return Err(Gone),
        }
        let from = self.subscribe(ears, log).await;
        self.read_back(&[(log, from)], Vec::new()).await?;
        self.link.enter(Phase::Following);
        Ok(())
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
                self.link.enter(Phase::Following);
            }
        }
        self.look_at_deployments(ears).await?;
        self.read_metrics().await;
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
        for Log { kind, subscription, position, .. } in gone {
            if let Some(id) = subscription {
                ears.complete(id).await;
            }
            if let Kind::Http { deployment, .. } = kind {
                self.left.insert(deployment, position);
            }
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
            let is_full = rows.is_full(self.pace.page);
            rows.records.retain(|record| record.time >= from && record.time <= until);
            let last = rows.records.iter().map(|record| record.time).max();
            let found = self.news(log, rows.records, true);
            self.link.update(|state| state.found_late += found.len() as u64);
            self.output.give(found).await?;
            from = match last.filter(|_| is_full) {
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
}
