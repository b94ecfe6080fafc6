//! What the platform itself counts of a service's requests: a second witness beside the HTTP log. The numbers of a minute are events,
//! and where log and platform differ over ten minutes, that is one, too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Sender;
use serde::Deserialize;
use serde_json::json;

use super::budget::Purpose;
use super::client::Client;
use super::documents::HTTP_METRICS;
use super::target::Target;
use super::{Error, Watching};
use crate::external::External;
use crate::time::Time;

/// Seconds between two numbers.
const STEP: i64 = 60;
/// Seconds over which the two are compared.
const SPAN: i64 = 600;
/// Seconds after which both have all of a time: what is stored late is there, and was read.
const SETTLED: i64 = 300;
/// Part of the requests by which the two may differ, beside those of one step: where a step begins is not known.
const TOLERANCE: f64 = 0.02;
/// Requests of which nothing can be said.
const FEW: f64 = 10.0;
/// Milliseconds of a second.
const MILLISECONDS: f64 = 1_000.0;

/// Requests of a step: all, and those that the server failed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    all: f64,
    failed: f64,
}

/// Some of the requests: what they are called, and how many.
type Side = (&'static str, fn(&Counts) -> f64);

impl Counts {
    fn add(&mut self, status: u16, count: f64) {
        // Upgrades, and clients that went away, are counted by nobody.
        if (200..600).contains(&status) {
            self.all += count;
            self.failed += if status >= 500 { count } else { 0.0 };
        }
    }
}

/// The requests of the HTTP log by service and step, as they are given out.
#[derive(Clone, Debug, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<(usize, i64), Counts>>>);

impl Requests {
    pub fn count(&self, service: usize, time: Time, status: u16) {
        let step = time.second().div_euclid(STEP);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry((service, step)).or_default().add(status, 1.0);
    }

    fn at(&self, service: usize, step: i64) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(service, step)).copied().unwrap_or_default()
    }

    fn forget_before(&self, service: usize, step: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, at), _| *of != service || *at >= step);
    }
}

/// The platform's numbers of the services that are watched, and how far they were read and compared.
pub struct Witness {
    client: Arc<Client>,
    target: Target,
    requests: Requests,
    /// By service and step.
    counted: BTreeMap<(usize, i64), Counts>,
    /// Up to when numbers were emitted, and the log was compared, in seconds since 1970 and by service.
    emitted: Vec<i64>,
    compared: Vec<i64>,
    events: Sender<External>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    http_metrics_grouped_by_status: Vec<OfStatus>,
    http_duration_metrics: Durations,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfStatus {
    status_code: u16,
    samples: Vec<Count>,
}

#[derive(Deserialize)]
struct Count {
    ts: i64,
    value: f64,
}

#[derive(Deserialize)]
struct Durations {
    samples: Vec<Duration>,
}

#[derive(Deserialize)]
struct Duration {
    ts: i64,
    p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
}

impl Witness {
    /// `None` where the log that is read has not all requests of the services.
    pub fn new(
        client: Arc<Client>,
        watching: &Watching,
        requests: Requests,
        events: Sender<External>,
    ) -> Option<Witness> {
        let Watching { target, kinds, filter, deployment, since, known, .. } = watching;
        if !kinds.http || filter.is_some() || deployment.is_some() {
            return None;
        }
        // What an earlier run has read is not there to be compared.
        let begins = if known.is_empty() { since.second() } else { client.server_now().second() };
        let services = target.services.len();
        let first = (begins.div_euclid(SPAN) + 1) * SPAN;
        Some(Witness {
            client,
            target: target.clone(),
            requests,
            counted: BTreeMap::new(),
            emitted: vec![begins; services],
            compared: vec![first; services],
            events,
        })
    }

    /// Reads what is new of a service.
    pub async fn read(&mut self, service: usize) -> Result<(), Error> {
        let now = self.client.server_now().second();
        let variables = json!({
            "environmentId": self.target.environment.id,
            "serviceId": self.target.services[service].id,
            "startDate": Time::from_second((self.emitted[service] - STEP).min(self.compared[service] - STEP)).to_string(),
            "endDate": Time::from_second(now).to_string(),
            "stepSeconds": STEP,
        });
        let answer: Answer = self.client.ask(HTTP_METRICS, variables, Purpose::Routine).await?;
        self.take(service, &answer, now);
        Ok(())
    }

    /// Gives out the numbers of steps that are over.
    fn take(&mut self, service: usize, answer: &Answer, now: i64) {
        let name = self.target.services[service].name.as_str();
        let (emitted, over) = (self.emitted[service], now - 2 * STEP);
        let is_new = |ts: i64| ts > emitted && ts <= over;
        let mut steps: BTreeMap<i64, Counts> = BTreeMap::new();
        let mut events = Vec::new();
        for OfStatus { status_code, samples } in &answer.http_metrics_grouped_by_status {
            for Count { ts, value } in samples.iter().filter(|sample| sample.value.is_finite() && sample.value > 0.0) {
                steps.entry(ts.div_euclid(STEP)).or_default().add(*status_code, *value);
                if is_new(*ts) {
                    let message = format!("railway.requests of {name}: {value} of status {status_code} in a minute");
                    let event = External::new(Time::from_second(*ts), "railway.requests", message);
                    events.push(event.label("status", &status_code.to_string()).value("count", *value));
                }
            }
        }
        for Duration { ts, p50, p90, p95, p99 } in &answer.http_duration_metrics.samples {
            if is_new(*ts) && *p50 > 0.0 {
                let message = format!("railway.duration of {name}: p50 {p50:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms");
                let event = External::new(Time::from_second(*ts), "railway.duration", message);
                let values = [("p50", p50), ("p90", p90), ("p95", p95), ("p99", p99)];
                events.push(values.into_iter().fold(event, |event, (of, value)| event.value(of, value / MILLISECONDS)));
            }
        }
        self.emitted[service] = emitted.max(over);
        self.counted.extend(steps.into_iter().map(|(step, counts)| ((service, step), counts)));
        events.sort_by_key(|event| event.at);
        for event in events {
            // Nobody listens any more.
            let _ = self.events.send(event.label("service", name));
        }
    }

    /// Compares the spans that are settled; the log has to have been read up to now.
    pub fn compare(&mut self, service: usize) {
        let now = self.client.server_now().second();
        while self.compared[service] + SPAN + SETTLED <= now {
            let begins = self.compared[service];
            self.compared[service] += SPAN;
            if let Some(event) = self.difference(service, begins) {
                let _ = self.events.send(event);
            }
            let kept = (begins + SPAN - STEP).div_euclid(STEP);
            self.requests.forget_before(service, kept);
            self.counted.retain(|(of, step), _| *of != service || *step >= kept);
        }
    }

    /// Where log and platform differ over a span by more than the steps at its ends explain.
    fn difference(&self, service: usize, begins: i64) -> Option<External> {
        let steps = begins.div_euclid(STEP)..(begins + SPAN).div_euclid(STEP);
        let counted = |step: i64| self.counted.get(&(service, step)).copied().unwrap_or_default();
        let logged = |step: i64| self.requests.at(service, step);
        // Where a step begins is not known: it is one early or one late.
        let around = steps.start - 1..steps.end + 1;
        let sides: [Side; 2] = [("all", |counts| counts.all), ("5xx", |counts| counts.failed)];
        for (what, of) in sides {
            let sum = |counts: &dyn Fn(i64) -> Counts| steps.clone().map(|step| of(&counts(step))).sum::<f64>();
            let (log, platform) = (sum(&logged), sum(&counted));
            let largest = around.clone().map(|step| of(&logged(step)).max(of(&counted(step)))).fold(0.0, f64::max);
            if (log - platform).abs() > largest + FEW + TOLERANCE * log.max(platform) {
                let name = &self.target.services[service].name;
                let at = Time::from_second(begins + SPAN);
                let message = format!(
                    "the HTTP log of {name} has {log} requests ({what}) in the ten minutes before, the platform counted {platform}"
                );
                let event = External::new(at, "railway.requests_differ", message);
                let event = event.label("service", name).label("requests", what);
                return Some(event.value("logged", log).value("counted", platform));
            }
        }
        None
    }
}
