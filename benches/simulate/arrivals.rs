//! When requests come, and on which route: visits by chance, of several requests each, at a rate that changes over the day.

use crate::clock::{SECOND, Span, Time};
use crate::draw::{Draw, seconds};
use crate::random::Random;
use crate::service::Service;

pub struct Flow {
    /// Requests a minute, on average over the hours of the log.
    pub per_minute: f64,
    /// Requests of a visit, on average.
    pub visit: f64,
    /// The swing of the day: amplitude, period in seconds, phase.
    pub day: (f64, f64, f64),
    /// Stretches in which the rate is so many times as high.
    pub factors: Vec<(Span, f64)>,
    /// Routes whose weight is so many times as high within a stretch.
    pub mix: Vec<(Span, usize, f64)>,
    /// Bots that ask for what is not there: from when on, for how many paths, at how many a second.
    pub scans: Vec<(Time, u32, f64)>,
    /// Calls of one route at regular intervals of so many seconds, as by a monitor, give or take a third if not exact.
    pub calls: Vec<Calls>,
    /// Stretches in which nobody comes at all.
    pub nobody: Vec<Span>,
}

pub struct Calls {
    pub route: usize,
    pub every: f64,
    pub exact: bool,
}

pub struct Arrival {
    pub at: Time,
    pub what: What,
    pub client: Client,
}

#[derive(Clone, Copy)]
pub enum What {
    Route(usize),
    /// One of [`SCANNED`].
    Nowhere(usize),
}

#[derive(Clone, Copy)]
pub struct Client {
    /// Last two parts of its address.
    pub address: (u8, u8),
    pub agent: &'static str,
}

/// What bots look for.
pub const SCANNED: [&str; 16] = [
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/admin.php",
    "/xmlrpc.php",
    "/phpmyadmin/index.php",
    "/backup.zip",
    "/config.json",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/actuator/health",
    "/server-status",
    "/wp-content/plugins/{}/readme.txt",
    "/cgi-bin/luci/;stok={}",
    "/.aws/credentials",
    "/old/{}.sql",
    "/{}.php",
];

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
    "okhttp/4.12.0",
    "python-requests/2.32.3",
];

impl Flow {
    pub fn draw(per_minute: f64, random: &mut Random) -> Flow {
        Flow {
            per_minute,
            visit: random.uniform(1.0, 3.0),
            day: (random.uniform(0.0, 0.3), random.uniform(7_200.0, 28_800.0), random.unit()),
            factors: Vec::new(),
            mix: Vec::new(),
            scans: Vec::new(),
            calls: Vec::new(),
            nobody: Vec::new(),
        }
    }

    /// Everybody who comes within `span`, by time.
    pub fn arrivals(&self, service: &Service, span: Span, random: &mut Random) -> Vec<Arrival> {
        let mut all = Vec::new();
        self.visits(service, span, random, &mut all);
        for &(from, paths, per_second) in &self.scans {
            let client = Client { address: (200, random.below(250) as u8), agent: "Go-http-client/1.1" };
            let mut at = from;
            for _ in 0..paths {
                all.push(Arrival { at, what: What::Nowhere(random.below(SCANNED.len() as u64) as usize), client });
                at = at + seconds(random.exponential(1.0 / per_second));
            }
        }
        for calls in &self.calls {
            let client = Client { address: (9, 9), agent: "UptimeRobot/2.0" };
            let mut at = span.from + seconds(random.uniform(0.0, calls.every));
            while at < span.to {
                all.push(Arrival { at, what: What::Route(calls.route), client });
                let spread = if calls.exact { 0.001 } else { 0.33 };
                at = at + seconds(calls.every * random.uniform(1.0 - spread, 1.0 + spread));
            }
        }
        all.retain(|arrival| span.contains(arrival.at) && !self.nobody.iter().any(|span| span.contains(arrival.at)));
        all.sort_by_key(|arrival| arrival.at);
        all
    }

    /// Waits out one exponential wait after the other, second by second, as the rate changes.
    fn visits(&self, service: &Service, span: Span, random: &mut Random, all: &mut Vec<Arrival>) {
        let mut wait = random.exponential(1.0);
        let mut second = span.from;
        while second < span.to {
            let expected = self.visits_in_second(second);
            while wait < expected {
                let at = second + (wait / expected * SECOND as f64) as i64;
                self.visit(service, at, random, all);
                wait += random.exponential(1.0);
            }
            wait -= expected;
            second = second + SECOND;
        }
    }

    fn visits_in_second(&self, second: Time) -> f64 {
        let (amplitude, period, phase) = self.day;
        let day = 1.0 + amplitude * wave(second, period, phase);
        let factors: f64 =
            self.factors.iter().filter(|(span, _)| span.contains(second)).map(|(_, factor)| factor).product();
        self.per_minute / 60.0 / self.visit * day * factors
    }

    fn visit(&self, service: &Service, mut at: Time, random: &mut Random, all: &mut Vec<Arrival>) {
        let address = (random.below(199) as u8, random.below(250) as u8);
        let client = Client { address, agent: random.pick(&AGENTS) };
        loop {
            all.push(Arrival { at, what: What::Route(self.route(service, at, random)), client });
            if !random.chance(1.0 - 1.0 / self.visit) {
                return;
            }
            at = at + seconds(random.exponential(1.5));
        }
    }

    fn route(&self, service: &Service, at: Time, random: &mut Random) -> usize {
        let weight = |route: usize| {
            let (amplitude, period, phase) = service.routes[route].swing;
            let changes = self.mix.iter().filter(|(span, of, _)| *of == route && span.contains(at));
            let factors: f64 = changes.map(|(_, _, factor)| factor).product();
            service.routes[route].weight * (amplitude * wave(at, period, phase)).exp() * factors
        };
        let weights: Vec<f64> = (0..service.routes.len()).map(weight).collect();
        let mut point = random.unit() * weights.iter().sum::<f64>();
        for (route, weight) in weights.iter().enumerate() {
            if point < *weight {
                return route;
            }
            point -= weight;
        }
        0
    }
}

fn wave(at: Time, period: f64, phase: f64) -> f64 {
    (std::f64::consts::TAU * ((at.0 / SECOND) as f64 / period + phase)).sin()
}
