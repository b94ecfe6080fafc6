//! Follows logs: reads what was written before, then what is written, with no hole and nothing twice between the two, whatever
//! happens to the connection.
//!
//! A subscription begins some time before the newest record that is known, and the same time is read by queries, which end
//! where it began. What comes by both ways is known by `Seen`.

mod deployments;
mod listen;
mod read_back;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use super::client::Client;
use super::link::{Link, Phase};
use super::log::{Kind, Log};
use super::output::{Gone, Output, Placed};
use super::pace::{Delays, Pace};
use super::record::Record;
use super::socket::Socket;
use super::target::Target;
use super::{Error, Kinds};
use crate::external::External;
use crate::source::Known;
use crate::time::Time;
use listen::{Ears, End};

/// What is followed.
#[derive(Clone, Debug)]
pub struct Watching {
    /// What is followed.
    pub target: Target,
    /// Which of its logs.
    pub kinds: Kinds,
    /// In the words of Railway's filters.
    pub filter: Option<String>,
    /// Only the records of this deployment.
    pub deployment: Option<String>,
    /// From when on.
    pub since: Time,
    /// To when; for ever when left out.
    pub until: Option<Time>,
    /// What an earlier run has given out, by the names of the logs.
    pub known: BTreeMap<Arc<str>, Known>,
}

pub struct Follower {
    client: Arc<Client>,
    watching: Watching,
    pace: Pace,
    link: Arc<Link>,
    output: Output,
    logs: Vec<Log>,
    /// The status of each deployment that is known.
    deployments: BTreeMap<String, String>,
    deployments_seen: Instant,
    /// One of them is on its way.
    is_deploying: bool,
    events: crossbeam_channel::Sender<External>,
    /// Up to where logs of deployments were read that are not followed any more, by their names.
    left: BTreeMap<Arc<str>, Time>,
    /// Times that records may have been lost.
    lost: Arc<AtomicU64>,
    subscriptions: u64,
    /// It was said that the token or the address is wrong, since the last connection.
    has_asked_for_help: bool,
}

impl Follower {
    pub fn new(
        client: Arc<Client>,
        watching: Watching,
        pace: Pace,
        link: Arc<Link>,
        lost: Arc<AtomicU64>,
        output: Output,
        events: crossbeam_channel::Sender<External>,
    ) -> Self {
        Follower {
            client,
            watching,
            pace,
            link,
            output,
            logs: Vec::new(),
            deployments: BTreeMap::new(),
            deployments_seen: Instant::now(),
            is_deploying: false,
            events,
            left: BTreeMap::new(),
            lost,
            subscriptions: 0,
            has_asked_for_help: false,
        }
    }

    /// Follows until nobody reads any more, or the end that was asked for.
    pub async fn run(mut self) {
        // Nobody is there to be told.
        let _: Result<(), Gone> = self.follow().await;
    }

    async fn follow(&mut self) -> Result<(), Gone> {
        self.find_logs().await?;
        let all: Vec<(usize, Time)> = (0..self.logs.len()).map(|log| (log, self.logs[log].position)).collect();
        self.read_back(&all, Vec::new()).await?;
        self.logs.retain(|log| log.is_live);
        let mut delays = Delays::new(self.pace);
        let mut broken: Option<(Instant, Error)> = None;
        while !self.is_over() {
            let error = match Socket::dial(&self.client, self.pace.handshake).await {
                Ok(socket) => match self.hear(socket, &mut delays, broken.take()).await? {
                    End::Over => return Ok(()),
                    End::Broken(error) => error,
                },
                Err(error) => error,
            };
            self.tell_broken(&error, broken.is_none());
            let delay = delays.next(&error);
            broken.get_or_insert((Instant::now(), error));
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = self.output.chunks.closed() => return Err(Gone),
            }
        }
        Ok(())
    }

    /// Subscribes to all logs, fills the hole before that, and listens until something ends it.
    async fn hear(
        &mut self,
        socket: Socket,
        delays: &mut Delays,
        broken: Option<(Instant, Error)>,
    ) -> Result<End, Gone> {
        self.link.alive(Instant::now());
        let mut ears = Ears::new(socket, self.pace);
        let mut seams = Vec::new();
        for log in 0..self.logs.len() {
            seams.push((log, self.subscribe(&ears, log).await));
        }
        self.read_back(&seams, Vec::new()).await?;
        if let Some((since, error)) = broken {
            self.link.update(|state| state.reconnects += 1);
            if since.elapsed() >= self.pace.handshake {
                let seconds = since.elapsed().as_secs();
                self.link.say(format!(
                    "connected again after {seconds} s ({error}); what was written meanwhile has been read"
                ));
            }
        }
        let settled = self.settled_before();
        self.logs.iter_mut().for_each(|log| log.has_settled(settled));
        self.has_asked_for_help = false;
        self.stand();
        delays.begin();
        self.listen(&mut ears, delays).await
    }

    /// Asks for what a log will have from now on, and some of what it had; from where on that is.
    async fn subscribe(&mut self, ears: &Ears, log: usize) -> Time {
        self.subscriptions += 1;
        let overlap = self.overlap();
        let of = &mut self.logs[log];
        let from = of.position.saturating_add(-overlap).max(of.from);
        (of.begins_again, of.heard) = (None, Instant::now());
        // The bound itself is left out.
        let (document, variables) = of.subscription(from.saturating_add(-1), self.pace.page);
        of.reading = Default::default();
        if of.is_asked_for() {
            of.subscription = None;
            return from;
        }
        of.subscription = Some(self.subscriptions);
        ears.subscribe(self.subscriptions, document, variables).await;
        from
    }

    /// The records of a log that were not read before and are to be watched, each with its service.
    fn news(&mut self, log: usize, records: Vec<Record>, page: bool) -> Vec<Placed> {
        let of = &mut self.logs[log];
        let mut of_page = Default::default();
        let mut news = Vec::new();
        for mut record in records {
            let service = self.watching.service(&of.kind, &record).filter(|_| record.time >= of.from);
            let Some(service) = service else { continue };
            // What is before that was read: a log of a build is given from its first line on each time, and of others comes again
            // what was held up somewhere, or is read again from the first record of what a subscription brought at once.
            if record.time < of.forgotten() {
                of.seen.repeated += 1;
                continue;
            }
            let reading = if page { &mut of_page } else { &mut of.reading };
            if of.seen.is_new(reading, &record) {
                of.position = of.position.max(record.time);
                record.log = Arc::clone(&of.name);
                news.push((service, record));
            }
        }
        let forgotten = of.position.saturating_add(-(self.pace.remembered().as_nanos() as i64));
        of.forget_before(forgotten);
        news
    }

    /// A log as an earlier run has left it, if one has read it.
    fn going_on(&self, log: Log) -> Log {
        match self.watching.known.get(&log.name) {
            Some(known) => log.going_on(known, self.pace),
            None => log,
        }
    }

    /// Nanoseconds that are read again at a seam.
    fn overlap(&self) -> i64 {
        self.pace.overlap.as_nanos() as i64
    }

    /// What is before this has settled by now.
    fn settled_before(&self) -> Time {
        self.client.server_now().saturating_add(-(self.pace.settled.as_nanos() as i64))
    }

    fn is_over(&self) -> bool {
        /// Nanoseconds that a record may be on its way.
        const ON_ITS_WAY: i64 = 10 * crate::time::SECOND;
        self.watching.until.is_some_and(|until| self.client.server_now() >= until.saturating_add(ON_ITS_WAY))
    }

    fn tell_broken(&mut self, error: &Error, is_first: bool) {
        if let Error::TooMany(wait) = error {
            self.client.block(wait.unwrap_or(self.pace.longest));
        }
        if is_first {
            self.link.enter(Phase::Broken { since: self.client.server_now(), because: error.to_string() });
        }
        // Time alone does not mend this: it is said at once, and once.
        let needs_help = matches!(error, Error::Refused { .. } | Error::Asked(_));
        if needs_help && !std::mem::replace(&mut self.has_asked_for_help, true) {
            self.link.say(format!("{error}; trying again once a minute"));
        }
    }
}

impl Watching {
    /// Which of the services a record is of; `None` if it is not to be watched.
    fn service(&self, kind: &Kind, record: &Record) -> Option<usize> {
        let is_asked_for = match (&self.deployment, &record.deployment) {
            (Some(asked), Some(deployment)) => asked == deployment,
            _ => true,
        };
        let is_before = self.until.is_none_or(|until| record.time < until);
        if !is_asked_for || !is_before || record.time < self.since {
            return None;
        }
        match (kind, &record.service, &self.target.services[..]) {
            (Kind::Http { service, .. } | Kind::Build { service, .. }, ..) => Some(*service),
            (_, None, [_]) => Some(0),
            (_, service, services) => services.iter().position(|known| Some(&known.id) == service.as_ref()),
        }
    }

    /// What the API is to give of the apps' log: the services', as far as the filter admits.
    fn app_filter(&self) -> String {
        let services: Vec<String> =
            self.target.services.iter().map(|service| format!("@service:{}", service.id)).collect();
        let services = services.join(" OR ");
        match (&self.filter, self.target.services.len()) {
            (None, _) => services,
            (Some(filter), 1) => format!("{services} AND ({filter})"),
            (Some(filter), _) => format!("({services}) AND ({filter})"),
        }
    }
}
