//! What the platform measures of a service: memory, CPU, disk and network of each of its deployments, as events that no line tells.
//!
//! A deployment's numbers are sums over its replicas. They come some time after what they tell of; what came before the log is read
//! stands in its own second, and what comes while it is followed in the first that is not judged yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use serde::Deserialize;
use serde_json::json;

use super::budget::Purpose;
use super::client::Client;
use super::documents::METRICS;
use super::link::Link;
use super::target::Target;
use super::witness::{Requests, Witness};
use super::{Error, Watching};
use crate::external::External;
use crate::time::Time;

/// Seconds between two numbers.
const EVERY: u32 = 60;
/// Bytes of what the platform calls a GB.
const GB: f64 = 1e9;

/// A class of events, with the measurements that make its values and what one of their units is in the class's.
struct Measured {
    class: &'static str,
    values: &'static [(&'static str, &'static str)],
    unit: f64,
}

/// The first value of a class has to be there.
const MEASURED: [Measured; 4] = [
    Measured {
        class: "railway.memory",
        values: &[("used", "MEMORY_USAGE_GB"), ("limit", "MEMORY_LIMIT_GB")],
        unit: GB,
    },
    Measured { class: "railway.cpu", values: &[("used", "CPU_USAGE"), ("limit", "CPU_LIMIT")], unit: 1.0 },
    Measured { class: "railway.disk", values: &[("used", "DISK_USAGE_GB")], unit: GB },
    Measured {
        class: "railway.network",
        values: &[("received", "NETWORK_RX_GB"), ("sent", "NETWORK_TX_GB")],
        unit: GB,
    },
];

/// The metrics of the services that are watched, and how far they were read.
pub struct Metrics {
    client: Arc<Client>,
    target: Target,
    /// The only deployment that is watched, where one is named.
    deployment: Option<String>,
    /// Whose the numbers are, which class, and when the last one was, in seconds since 1970.
    known: BTreeMap<(usize, String, &'static str), i64>,
    /// In seconds since 1970.
    since: i64,
    until: Option<Time>,
    events: Sender<External>,
    link: Arc<Link>,
    witness: Option<Witness>,
    /// It was said that they cannot be read.
    is_reported: bool,
}

#[derive(Deserialize)]
struct Answer {
    metrics: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    measurement: String,
    #[serde(default)]
    tags: Tags,
    values: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Tags {
    deployment_id: Option<String>,
}

#[derive(Deserialize)]
struct Value {
    ts: i64,
    value: f64,
}

impl Metrics {
    pub fn new(
        client: Arc<Client>,
        watching: &Watching,
        link: Arc<Link>,
        requests: Requests,
        events: Sender<External>,
    ) -> Metrics {
        let Watching { target, deployment, since, until, .. } = watching;
        let witness = Witness::new(Arc::clone(&client), watching, requests, events.clone());
        Metrics {
            client,
            target: target.clone(),
            deployment: deployment.clone(),
            known: BTreeMap::new(),
            since: since.second(),
            until: *until,
            events,
            link,
            witness,
            is_reported: false,
        }
    }

    /// Reads what is new now and then, for as long as it is let.
    pub async fn read_on(mut self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.read().await;
        }
    }

    /// Reads what is new of all services. What cannot be read is asked for the next time, and said once.
    pub async fn read(&mut self) {
        for service in 0..self.target.services.len() {
            match self.ask(service).await {
                Ok(answer) => self.give(service, &answer),
                Err(error) => self.tell(&error),
            }
            let Some(witness) = &mut self.witness else { continue };
            match witness.read(service).await {
                // While the log is read back it has less.
                Ok(()) if self.link.proved().is_some() => witness.compare(service),
                Ok(()) => {}
                Err(error) => self.tell(&error),
            }
        }
    }

    fn tell(&mut self, error: &Error) {
        if !matches!(error, Error::TooMany(_)) && !std::mem::replace(&mut self.is_reported, true) {
            self.link.say(format!("the services' metrics cannot be read ({error})"));
        }
    }

    async fn ask(&self, service: usize) -> Result<Answer, Error> {
        // What belongs together need not be there at once.
        const OVERLAP: i64 = 2 * EVERY as i64;
        let known = self.known.iter().filter(|((of, ..), _)| *of == service).map(|(_, at)| *at).max();
        let from = known.map_or(self.since, |known| (known - OVERLAP).max(self.since));
        let measurements: Vec<&str> =
            MEASURED.iter().flat_map(|measured| measured.values).map(|(_, measurement)| *measurement).collect();
        let variables = json!({
            "environmentId": self.target.environment.id,
            "serviceId": self.target.services[service].id,
            "startDate": Time::from_second(from).to_string(),
            "measurements": measurements,
            "groupBy": ["DEPLOYMENT_ID"],
            "sampleRateSeconds": EVERY,
        });
        self.client.ask(METRICS, variables, Purpose::Routine).await
    }

    /// Gives out what is new, by time.
    fn give(&mut self, service: usize, answer: &Answer) {
        let mut numbers: BTreeMap<(i64, String), BTreeMap<&str, f64>> = BTreeMap::new();
        for series in &answer.metrics {
            let deployment = series.tags.deployment_id.clone().unwrap_or_default();
            if self.deployment.as_ref().is_some_and(|only| *only != deployment) {
                continue;
            }
            for value in series.values.iter().filter(|value| value.value.is_finite()) {
                numbers.entry((value.ts, deployment.clone())).or_default().insert(&series.measurement, value.value);
            }
        }
        for ((ts, deployment), numbers) in numbers {
            let at = Time::from_second(ts);
            if ts < self.since || self.until.is_some_and(|until| at >= until) {
                continue;
            }
            for measured in &MEASURED {
                let known = self.known.entry((service, deployment.clone(), measured.class)).or_insert(i64::MIN);
                if ts <= *known {
                    continue;
                }
                if let Some(event) = measured.event(at, &self.target.services[service].name, &deployment, &numbers) {
                    *known = ts;
                    // Nobody listens any more.
                    let _ = self.events.send(event);
                }
            }
        }
    }
}

impl Measured {
    /// What was measured at a time; `None` where it was not, or nothing ran.
    fn event(&self, at: Time, service: &str, deployment: &str, numbers: &BTreeMap<&str, f64>) -> Option<External> {
        let values = self.values.iter().filter_map(|(name, measurement)| Some((*name, numbers.get(measurement)?)));
        let values: Vec<(&str, f64)> = values.map(|(name, value)| (name, value * self.unit)).collect();
        let (first, _) = self.values[0];
        values.iter().find(|(name, _)| *name == first)?;
        if values.iter().all(|(name, value)| *name == "limit" || *value == 0.0) {
            return None;
        }
        let shown: Vec<String> = values
            .iter()
            .map(|(name, value)| {
                let suffix = if self.unit == GB { " GB" } else { "" };
                format!("{name} {:.2}{suffix}", value / self.unit)
            })
            .collect();
        let message = format!("{} of {service}: {}", self.class, shown.join(", "));
        let event = External::new(at, self.class, message).label("service", service);
        let event = if deployment.is_empty() { event } else { event.label("deployment", deployment) };
        Some(values.into_iter().fold(event, |event, (name, value)| event.value(name, value)))
    }
}
