//! Plays a script: requests are answered, things are said, and two logs come of it.

use crate::arrivals::{Arrival, Client, SCANNED, What};
use crate::clock::{MILLISECOND, SECOND, Span, Stamp, Time};
use crate::draw::Draw;
use crate::edge;
use crate::random::Random;
use crate::script::{Deed, Problem, Saying, Script, Start};
use crate::service::uuid;
use crate::stack::Record;

/// One request, as the edge and the service saw it.
pub struct Request {
    pub number: u64,
    /// 22 hexadecimal digits.
    pub id: String,
    pub start: Time,
    pub total_ms: f64,
    /// Without what it waited for the service to be there.
    pub upstream_ms: f64,
    pub method: &'static str,
    pub path: String,
    /// With its query.
    pub target: String,
    pub status: u16,
    pub address: (u8, u8),
    pub port: u16,
    pub agent: &'static str,
    /// Index among the deployments of the log.
    pub deployment: usize,
    /// Why it failed, if the service knows.
    pub problem: Option<Problem>,
    pub in_app: bool,
}

impl Request {
    pub fn end(&self) -> Time {
        self.start + (self.total_ms * MILLISECOND as f64) as i64
    }

    /// The platform's proxy, as the service sees it.
    pub fn peer(&self) -> String {
        format!("100.64.0.{}:{}", 2 + self.address.0 % 12, self.port)
    }
}

pub struct Logs {
    /// `railway logs --json`.
    pub app: Vec<u8>,
    /// `railway logs --http --json`.
    pub http: Vec<u8>,
    pub answers: Vec<Answer>,
}

/// A request as a plain threshold sees it.
#[derive(Clone, Copy)]
pub struct Answer {
    pub at: Time,
    pub failed: bool,
    pub in_app: bool,
}

pub fn play(script: &Script, random: &mut Random) -> Logs {
    let requests = requests(script, random);
    let app = app_log(script, &requests, random);
    let deployments: Vec<[String; 2]> = (0..3).map(|_| [uuid(random), uuid(random)]).collect();
    let mut stamp = Stamp::default();
    let mut http = Vec::new();
    for request in &requests {
        edge::write(request, &deployments[request.deployment], &mut stamp, random, &mut http);
    }
    let mut text = Vec::new();
    for record in &app {
        record.write(&mut stamp, random, &mut text);
    }
    let answers = requests.iter().map(|request| Answer {
        at: request.end(),
        failed: request.status >= 500,
        in_app: request.in_app,
    });
    Logs { app: text, http, answers: answers.collect() }
}

/// All requests that the log's deployments answered within it, by their end.
fn requests(script: &Script, random: &mut Random) -> Vec<Request> {
    let times = &script.times;
    let from = if times.baseline { times.begin } else { times.switch };
    let arrivals = script.flow.arrivals(&script.service, Span { from, to: times.end }, random);
    let mut requests: Vec<Request> = arrivals
        .iter()
        .zip(1..)
        .map(|(arrival, number)| answer(script, arrival, number, random))
        .filter(|request| request.end() < times.end)
        .collect();
    requests.sort_by_key(Request::end);
    requests
}

fn answer(script: &Script, arrival: &Arrival, number: u64, random: &mut Random) -> Request {
    let start = arrival.at;
    let deployment = match start {
        _ if start >= script.times.switch => 2,
        _ if script.times.old_start.is_none_or(|old| start >= old + 8 * SECOND) => 1,
        _ => 0,
    };
    let Client { address, agent } = arrival.client;
    let mut request = Request {
        number,
        id: random.hex(16) + &random.hex(6),
        start,
        total_ms: 0.0,
        upstream_ms: 0.0,
        method: "GET",
        path: String::new(),
        target: String::new(),
        status: 404,
        address,
        port: random.between(20_000, 60_000) as u16,
        agent,
        deployment,
        problem: None,
        in_app: true,
    };
    let route = match arrival.what {
        What::Route(index) => {
            let route = &script.service.routes[index];
            request.method = route.method;
            request.path = route.path(random);
            request.status = if random.chance(route.refused) { route.refusal } else { route.success };
            request.upstream_ms = route.takes_ms(random);
            Some(index)
        }
        What::Nowhere(index) => {
            request.path = SCANNED[index].replace("{}", &random.hex(6));
            request.upstream_ms = random.log_normal(2.5, 0.5);
            None
        }
    };
    let query = if random.one_in(8) { format!("?page={}", random.between(1, 40)) } else { String::new() };
    request.target = format!("{}{query}", request.path);
    request.total_ms = request.upstream_ms + random.uniform(0.2, 3.0);
    if deployment == 2 && script.down.iter().any(|span| span.contains(start)) {
        gateway(&mut request, 502, random);
        return request;
    }
    if let Some(route) = route {
        for effect in &script.effects {
            let is_meant = effect.span.contains(start) && effect.route.is_none_or(|meant| meant == route);
            if is_meant && random.chance(effect.share) {
                apply(effect.deed, &mut request, random);
            }
        }
    }
    request
}

fn apply(deed: Deed, request: &mut Request, random: &mut Random) {
    match deed {
        Deed::Answer(statuses) => {
            request.status = random.pick(statuses);
            takes(request, random.log_normal(3.0, 0.5));
            request.problem = None;
        }
        Deed::Fail(problem) => {
            request.status = 500;
            request.problem = Some(problem);
        }
        Deed::Hang(seconds, problem) => {
            takes(request, seconds * 1_000.0 + random.uniform(1.0, 40.0));
            request.status = 500;
            request.problem = Some(problem);
        }
        Deed::Gateway(statuses) => gateway(request, random.pick(statuses), random),
        Deed::Slow(times) => {
            // Somebody gives up in the end, and it still is an answer.
            let took = (request.upstream_ms * times).min(100_000.0);
            takes(request, took);
        }
        Deed::Cold(seconds) => request.total_ms = request.upstream_ms + seconds * 1_000.0 * random.uniform(0.5, 1.0),
        Deed::Socket => {
            request.status = if random.chance(0.15) { 0 } else { 101 };
            takes(request, random.log_uniform(2.0, 1_800.0) * 1_000.0);
            request.problem = None;
            request.in_app = false;
        }
    }
}

fn takes(request: &mut Request, upstream_ms: f64) {
    request.total_ms += upstream_ms - request.upstream_ms;
    request.upstream_ms = upstream_ms;
}

/// The edge answers by itself.
fn gateway(request: &mut Request, status: u16, random: &mut Random) {
    request.status = status;
    let took = if status == 504 { random.uniform(15_000.0, 30_000.0) } else { random.log_uniform(1.0, 300.0) };
    takes(request, took);
    request.problem = None;
    request.in_app = false;
}

/// The service's lines and the platform's, by time.
fn app_log(script: &Script, requests: &[Request], random: &mut Random) -> Vec<Record> {
    let times = &script.times;
    let mut records = Vec::new();
    for request in requests.iter().filter(|request| request.in_app) {
        script.stack.request(request, random, &mut records);
    }
    if let Some(old) = times.old_start {
        script.stack.say(old, &Saying::Start(Start::Ready(old + 4 * SECOND)), random, &mut records);
    }
    for (at, start) in &script.starts {
        script.stack.say(*at, &Saying::Start(*start), random, &mut records);
    }
    if let Some(stopped) = times.stopped {
        script.stack.say(stopped, &Saying::Stop, random, &mut records);
    }
    // A process that is down says nothing, and before its own log begins another deployment's is spoken of.
    let is_silent = |at: Time| at >= times.switch && script.down.iter().any(|span| span.contains(at));
    let is_elsewhere = |at: Time| !times.baseline && at < times.switch;
    for (at, saying) in &script.said {
        let is_said = match saying {
            Saying::Chatter | Saying::Job | Saying::Complaint(_) | Saying::Disconnected => {
                !is_silent(*at) && !is_elsewhere(*at)
            }
            Saying::Logged(_) => !is_silent(*at),
            _ => true,
        };
        if is_said {
            script.stack.say(*at, saying, random, &mut records);
        }
    }
    // The platform may stamp the start with its whole second.
    records.retain(|record| record.at >= times.begin.floor_second() && record.at < times.end);
    records.sort_by_key(|record| record.at);
    records
}
