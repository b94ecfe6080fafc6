//! A script: when a deployment began, what its service is like, and what happens to it. A healthy one is drawn here; the
//! kinds of faults and of twins change it, and [`crate::play`] makes logs of it.

use crate::arrivals::{Calls, Flow};
use crate::clock::{MINUTE, SECOND, Span, Time};
use crate::draw::{Draw, poisson, seconds};
use crate::random::Random;
use crate::service::Service;
use crate::stack::Stack;

pub struct Script {
    pub stack: Stack,
    pub times: Times,
    pub service: Service,
    pub flow: Flow,
    pub effects: Vec<Effect>,
    /// Starts of the new deployment's containers, and what comes of each.
    pub starts: Vec<(Time, Start)>,
    /// The new deployment answers nothing in these.
    pub down: Vec<Span>,
    pub said: Vec<(Time, Saying)>,
    /// From when on something is wrong; `None` in a healthy twin.
    pub fault: Option<Time>,
    /// Whether judging it is right to be investigated, though it is healthy.
    pub tolerated: bool,
}

#[derive(Clone, Copy)]
pub struct Times {
    /// The log's first second.
    pub begin: Time,
    /// "Starting Container" of the previous deployment, if that is in the log.
    pub old_start: Option<Time>,
    /// "Starting Container" of the new deployment.
    pub deployed: Time,
    /// From here on requests reach the new deployment.
    pub switch: Time,
    /// "Stopping Container" of the old one, if there is one and it is in the log.
    pub stopped: Option<Time>,
    pub end: Time,
    /// Whether the hour before the deployment is in the log.
    pub baseline: bool,
}

/// Something that happens to requests.
pub struct Effect {
    pub span: Span,
    pub route: Option<usize>,
    /// Of the requests in its span, and of its route if it has one.
    pub share: f64,
    pub deed: Deed,
}

#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// The service answers one of these, at once.
    Answer(&'static [u16]),
    /// The service fails, with 500.
    Fail(Problem),
    /// It waits so many seconds, and fails then.
    Hang(f64, Problem),
    /// The service never sees the request, or its answer is not waited for.
    Gateway(&'static [u16]),
    /// It takes so many times as long.
    Slow(f64),
    /// It waits so many seconds before the service sees it.
    Cold(f64),
    /// It becomes a WebSocket, or its client goes away.
    Socket,
}

/// What an exception is about; the number chooses among the stack's words for it.
#[derive(Clone, Copy, Debug)]
pub enum Problem {
    Bug(usize),
    Pool(usize),
    Refused(usize),
}

/// What comes of the start of a container.
#[derive(Clone, Copy)]
pub enum Start {
    Ready(Time),
    /// The process runs, and says that it begins or nothing of the kind; it never serves.
    NeverReady {
        begins: bool,
    },
    /// The process says nothing at all.
    Silent,
}

/// What the log says besides requests.
#[derive(Clone)]
pub enum Saying {
    Start(Start),
    Stop,
    Chatter,
    Job,
    /// An error line without an exception.
    Complaint(usize),
    /// An exception that was caught and logged.
    Logged(Problem),
    /// One that was not: the process ends.
    Crash(Problem),
    Killed,
    OutOfMemory,
    /// A worker ends after its share of requests and is replaced.
    RecycledWorker,
    Waiting,
    MigrationFailed,
    /// The platform gives up on the deployment.
    HealthCheckFailed,
    /// Something in the environment is missing, as at each start.
    Degraded,
    /// A client's socket is gone, as every day.
    Disconnected,
}

impl Script {
    /// A healthy service and its deployment.
    pub fn healthy(stack: Stack, per_minute: f64, baseline: bool, random: &mut Random) -> Script {
        let deployed = Time::of_day(random.between(3, 19), random.between(0, 59), random.between(0, 59))
            + random.between(0, SECOND - 1);
        let ready = deployed + seconds(random.log_uniform(1.5, 45.0));
        let switch = ready + random.seconds(0.2, 5.0);
        let end = switch + seconds(random.log_uniform(20.0, 120.0) * 60.0);
        let begin = if baseline { deployed - random.seconds(2_700.0, 7_200.0) } else { deployed };
        let times = Times {
            begin,
            old_start: None,
            deployed,
            switch,
            stopped: baseline.then(|| switch + random.seconds(0.5, 30.0)),
            end,
            baseline,
        };
        let replicas = if random.chance(0.1) { random.between(2, 3) } else { 1 };
        let starts =
            (0..replicas).map(|replica| (deployed + replica * random.seconds(0.1, 1.5), Start::Ready(ready))).collect();
        let mut script = Script {
            stack,
            times,
            service: Service::draw(random),
            flow: Flow::draw(per_minute, random),
            effects: Vec::new(),
            starts,
            down: Vec::new(),
            said: Vec::new(),
            fault: None,
            tolerated: false,
        };
        match random.below(10) {
            0..2 if baseline => script.times.old_start = Some(begin),
            2..4 if baseline => {
                let room = deployed.0 - begin.0 - 20 * MINUTE;
                script.deploy_before(begin + random.between(MINUTE, room), random);
            }
            _ => {}
        }
        script.everyday(random);
        script
    }

    /// The previous deployment takes over within the log from one before it.
    pub fn deploy_before(&mut self, start: Time, random: &mut Random) {
        self.times.old_start = Some(start);
        self.said.push((start + random.seconds(10.0, 30.0), Saying::Stop));
    }

    /// What happens before a deployment as after it.
    fn everyday(&mut self, random: &mut Random) {
        let whole = self.whole();
        let bugs = self.service.bugs.clone();
        for bug in &bugs {
            self.effects.push(Effect {
                span: whole,
                route: None,
                share: self.service.failing / bugs.len() as f64,
                deed: Deed::Fail(Problem::Bug(*bug)),
            });
        }
        if self.flow.per_minute >= 10.0 && random.chance(0.4) {
            let health = self.service.routes.iter().position(|route| route.template.contains("health"));
            self.flow.calls.push(Calls { route: health.unwrap_or(0), every: 60.0, exact: true });
        }
        for (complaint, mean) in self.service.complaints.clone() {
            self.say_by_chance(whole, mean, Saying::Complaint(complaint), random);
        }
        if self.service.chatter > 0.0 {
            let mean = 60.0 / (self.flow.per_minute * self.service.chatter);
            self.say_by_chance(whole, mean, Saying::Chatter, random);
        }
        if random.chance(0.3) {
            self.say_by_chance(whole, random.log_uniform(300.0, 3_000.0), Saying::Disconnected, random);
        }
        if let Some(every) = self.service.job {
            self.say_regularly(every, random);
        }
    }

    pub fn say_regularly(&mut self, every: f64, random: &mut Random) {
        let mut at = self.times.begin + random.seconds(0.0, every);
        while at < self.times.end {
            self.said.push((at, Saying::Job));
            at = at + seconds(every) + random.between(0, SECOND / 10);
        }
    }

    pub fn say_by_chance(&mut self, span: Span, mean: f64, saying: Saying, random: &mut Random) {
        let times = poisson(random, span.from, span.to, mean);
        self.said.extend(times.into_iter().map(|at| (at, saying.clone())));
    }

    pub fn whole(&self) -> Span {
        Span { from: self.times.begin, to: self.times.end }
    }

    /// From the moment at which requests reach the new deployment.
    pub fn after(&self) -> Span {
        Span { from: self.times.switch, to: self.times.end }
    }

    /// Begins a fault that lasts to the end of the log: with the deployment, or some minutes after it, with a quarter of an
    /// hour left.
    pub fn begin_fault(&mut self, random: &mut Random) -> Span {
        let Span { mut from, to } = self.after();
        let room = (to.0 - from.0 - 15 * MINUTE).min(40 * MINUTE);
        if room > 2 * MINUTE && random.chance(0.4) {
            from = from + random.between(2 * MINUTE, room);
        }
        self.fault = Some(from);
        Span { from, to }
    }

    /// A fault that is there when the container starts.
    pub fn begin_with_start(&mut self) -> Time {
        self.fault = Some(self.times.deployed);
        self.times.deployed
    }

    pub fn effect(&mut self, span: Span, route: Option<usize>, share: f64, deed: Deed) {
        self.effects.push(Effect { span, route, share, deed });
    }

    /// The new deployment never takes over: the platform leaves requests to the old one, or nobody answers them.
    pub fn never_takes_over(&mut self, old_goes_on: bool) {
        if old_goes_on {
            self.times.switch = self.times.end;
            self.times.stopped = None;
        } else {
            self.down.push(self.after());
        }
    }

    /// The process ends at `at`, and a new one answers after some seconds.
    pub fn restart(&mut self, at: Time, random: &mut Random) -> Time {
        let start = at + random.seconds(0.5, 8.0);
        let ready = start + random.seconds(1.0, 12.0);
        self.starts.push((start, Start::Ready(ready)));
        self.down.push(Span { from: at, to: ready });
        ready
    }
}
