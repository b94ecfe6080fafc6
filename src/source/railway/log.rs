//! One log of the API: how it is asked for, and how far it was read.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::budget::Purpose;
use super::client::Client;
use super::documents::{
    BUILD_LOGS, DNS_QUERY_LOGS, Document, ENVIRONMENT_LOGS, FOLLOW_BUILD_LOGS, FOLLOW_DNS_QUERY_LOGS,
    FOLLOW_ENVIRONMENT_LOGS, FOLLOW_HTTP_LOGS, FOLLOW_NETWORK_FLOW_LOGS, HTTP_LOGS, NETWORK_FLOW_LOGS,
};
use super::error::Error;
use super::pace::Pace;
use super::record::{self, Record};
use super::seen::{Reading, Seen};
use crate::source::Known;
use crate::time::Time;

/// Which log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What the services of an environment write.
    App { environment: String },
    /// The requests that a deployment of a service got.
    Http { service: usize, deployment: String },
    /// What building a deployment of a service writes.
    Build { service: usize, deployment: String },
    /// What went over the network, of a service of an environment or of all.
    Network { environment: String, service: Option<String> },
    /// The names that were looked up, in the same way.
    Dns { environment: String, service: Option<String> },
}

impl Kind {
    /// What the log is called among those of a target.
    pub fn name(&self) -> String {
        let of = |log: &str, service: &Option<String>| match service {
            Some(service) => format!("{log} {service}"),
            None => log.into(),
        };
        match self {
            Kind::App { .. } => "app".into(),
            Kind::Http { deployment, .. } => deployment.clone(),
            Kind::Build { deployment, .. } => format!("build {deployment}"),
            Kind::Network { service, .. } => of("network", service),
            Kind::Dns { service, .. } => of("dns", service),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::App { .. } => f.write_str("the log of the environment"),
            Kind::Http { deployment, .. } => write!(f, "the HTTP log of deployment {deployment}"),
            Kind::Build { deployment, .. } => write!(f, "the build log of deployment {deployment}"),
            Kind::Network { .. } => f.write_str("the log of the network"),
            Kind::Dns { .. } => f.write_str("the log of look-ups"),
        }
    }
}

/// A log that is read, and perhaps followed.
pub struct Log {
    pub kind: Kind,
    pub name: Arc<str>,
    /// Whether its lines name the deployment they are of: of several services one's first record is not to be taken for a new
    /// deployment of another.
    names_deployments: bool,
    pub filter: Option<String>,
    /// Nothing before this is read.
    pub from: Time,
    pub seen: Seen,
    /// The time of the newest record; what is to be read when there is none yet.
    pub position: Time,
    /// What is before this was read a second time, or is not to be.
    pub settled: Time,
    /// What was seen before this is forgotten, and would be taken for new.
    forgotten: Time,
    /// The subscription, and what it brought.
    pub subscription: Option<u64>,
    pub reading: Reading,
    /// When the subscription is to be begun again, of a log that the server completed.
    pub begins_again: Option<Instant>,
    /// When the subscription last brought rows or was begun, and when it was last asked whether it should have.
    pub heard: Instant,
    pub checked: Instant,
    /// Of its pages, and of what its subscription brings at once.
    pub pages: Largest,
    pub nexts: Largest,
    /// How often a subscription failed in a row.
    pub failures: u32,
    /// Whether more is expected than what there is.
    pub is_live: bool,
    /// When it is not to be followed any more.
    pub ends: Option<Instant>,
}

/// Part of a log.
#[derive(Clone, Copy, Debug)]
pub enum Window {
    /// From a time on, up to another one where there is one.
    From(Time, Option<Time>),
    /// Of one time alone, from its last record backward.
    Backward(Time),
}

/// The rows that an answer has.
pub struct Rows {
    pub records: Vec<Record>,
    /// With those that could not be read.
    pub count: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppRows {
    environment_logs: Vec<record::Log>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildRows {
    build_logs: Vec<record::Log>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpRows {
    http_logs: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlowRows {
    network_flow_logs: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LookupRows {
    dns_query_logs: Vec<Map<String, Value>>,
}

impl Log {
    /// One that was not read yet, and is to be from this time on.
    pub fn new(kind: Kind, names_deployments: bool, filter: Option<String>, from: Time, is_live: bool) -> Self {
        Log {
            name: kind.name().into(),
            kind,
            names_deployments,
            filter,
            from,
            seen: Seen::default(),
            position: from,
            settled: from,
            forgotten: Time(i64::MIN),
            subscription: None,
            reading: Reading::default(),
            begins_again: None,
            heard: Instant::now(),
            checked: Instant::now(),
            pages: Largest::default(),
            nexts: Largest::default(),
            failures: 0,
            is_live,
            ends: None,
        }
    }

    /// One that an earlier run has read: from some time before its last record on.
    pub fn going_on(self, known: &Known, pace: Pace) -> Self {
        let again = known.last().map(|last| Time::from_second(last - pace.again_from().as_secs() as i64));
        let from = again.map_or(self.from, |again| again.max(self.from));
        Log { from, position: from, settled: from, seen: Seen::knowing(known), ..self }
    }

    /// Whether it cannot be subscribed to, and is asked for now and then instead.
    pub fn is_asked_for(&self) -> bool {
        /// Of a log that cannot be followed not every other one is to be cut off again and again.
        const PATIENCE: u32 = 3;
        self.failures >= PATIENCE
    }

    /// What is before this is not known any more.
    pub fn forgotten(&self) -> Time {
        self.forgotten
    }

    pub fn is_build(&self) -> bool {
        matches!(self.kind, Kind::Build { .. })
    }

    /// Forgets what was seen before a time.
    pub fn forget_before(&mut self, time: Time) {
        self.forgotten = self.forgotten.max(time);
        self.seen.forget_before(time);
        self.reading.forget_before(time);
    }

    /// What is before a time had settled when it was read.
    pub fn has_settled(&mut self, before: Time) {
        self.settled = self.settled.max(before.min(self.position)).max(self.forgotten);
    }

    /// What a subscription is to be told: the records after a time, so many at once at most.
    pub fn subscription(&self, after: Time, limit: usize) -> (Document, Value) {
        let variables = |name: &str, id: &str| json!({name: id, "filter": self.filter, "beforeDate": after.to_string(), "beforeLimit": limit});
        let of_environment = |environment: &str, service: &Option<String>| json!({"environmentId": environment, "serviceId": service, "beforeDate": after.to_string(), "beforeLimit": limit});
        match &self.kind {
            Kind::App { environment, .. } => (FOLLOW_ENVIRONMENT_LOGS, variables("environmentId", environment)),
            Kind::Http { deployment, .. } => (FOLLOW_HTTP_LOGS, variables("deploymentId", deployment)),
            // All of it comes first.
            Kind::Build { deployment, .. } => {
                (FOLLOW_BUILD_LOGS, json!({"deploymentId": deployment, "filter": self.filter, "limit": limit}))
            }
            Kind::Network { environment, service } => (FOLLOW_NETWORK_FLOW_LOGS, of_environment(environment, service)),
            Kind::Dns { environment, service } => (FOLLOW_DNS_QUERY_LOGS, of_environment(environment, service)),
        }
    }

    /// Reads one page.
    pub async fn page(&self, client: &Client, window: Window, limit: usize, purpose: Purpose) -> Result<Rows, Error> {
        let mut variables = match window {
            Window::From(from, until) if self.is_build() => json!({
                "startDate": from.saturating_add(-1).to_string(),
                "endDate": until.map(|until| until.to_string()),
                "limit": limit,
            }),
            Window::Backward(time) if self.is_build() => json!({
                "startDate": time.saturating_add(-1).to_string(),
                "endDate": time.saturating_add(1).to_string(),
                "limit": limit,
            }),
            // Whether the time itself belongs to what is after it is not said: one is asked for that is before it.
            Window::From(from, until) => json!({
                "anchorDate": from.saturating_add(-1).to_string(),
                "afterDate": until.map(|until| until.to_string()),
                "afterLimit": limit,
            }),
            Window::Backward(time) => json!({
                "anchorDate": time.saturating_add(1).to_string(),
                "beforeDate": time.saturating_add(-1).to_string(),
                "beforeLimit": limit,
            }),
        };
        if let Some(members) = variables.as_object_mut() {
            members.retain(|_, value| !value.is_null());
            if let Some(filter) = &self.filter {
                members.insert("filter".into(), filter.as_str().into());
            }
        }
        let document = match &self.kind {
            Kind::App { environment } => {
                variables["environmentId"] = environment.as_str().into();
                ENVIRONMENT_LOGS
            }
            Kind::Http { deployment, .. } => {
                variables["deploymentId"] = deployment.as_str().into();
                HTTP_LOGS
            }
            Kind::Build { deployment, .. } => {
                variables["deploymentId"] = deployment.as_str().into();
                BUILD_LOGS
            }
            Kind::Network { environment, service } => {
                variables["environmentId"] = environment.as_str().into();
                variables["serviceId"] = service.as_deref().into();
                NETWORK_FLOW_LOGS
            }
            Kind::Dns { environment, service } => {
                variables["environmentId"] = environment.as_str().into();
                variables["serviceId"] = service.as_deref().into();
                DNS_QUERY_LOGS
            }
        };
        let data: Box<RawValue> = client.ask_whole(document, variables, purpose).await?;
        self.rows(&data).ok_or_else(|| Error::Failing(format!("Railway's answer has no rows of {}", self.kind)))
    }

    /// Reads what an answer or a subscription brought; `None` if that is no rows.
    pub fn rows(&self, data: &RawValue) -> Option<Rows> {
        let (names, data) = (self.names_deployments, data.get());
        match self.kind {
            Kind::App { .. } => {
                let rows = serde_json::from_str::<AppRows>(data).ok()?.environment_logs;
                Some(Rows::read(rows, |log| Record::app(log, names)))
            }
            // A build is none of its deployment's own processes, which begin later.
            Kind::Build { .. } => {
                let rows = serde_json::from_str::<BuildRows>(data).ok()?.build_logs;
                Some(Rows::read(rows, |log| Record::app(log, false)))
            }
            Kind::Http { .. } => {
                let rows = serde_json::from_str::<HttpRows>(data).ok()?.http_logs;
                Some(Rows::read(rows, |log| Record::http(log, names)))
            }
            // A flow is told when it was seen to its end.
            Kind::Network { .. } => {
                let rows = serde_json::from_str::<FlowRows>(data).ok()?.network_flow_logs;
                Some(Rows::read(rows, |row| Record::seen(row, "captureEnd", names)))
            }
            Kind::Dns { .. } => {
                let rows = serde_json::from_str::<LookupRows>(data).ok()?.dns_query_logs;
                Some(Rows::read(rows, |row| Record::seen(row, "queriedAt", names)))
            }
        }
    }
}

/// Answers with fewer rows are never cut short: no server gives so few at once.
const FEW: usize = 10;

/// How large an answer may be and yet be whole. The server's own limit may be lower than what is asked for; it is as high as the
/// largest answer at least, or one less, as some have one row more than the limit.
#[derive(Debug, Default)]
pub struct Largest {
    rows: usize,
    /// An answer of so many rows was followed by none.
    whole: usize,
}

impl Largest {
    /// Whether there may be more than an answer of so many rows has, where so many were asked for.
    pub fn may_be_cut(&mut self, rows: usize, limit: usize) -> bool {
        let may_be = rows >= limit || rows >= FEW && rows + 1 >= self.rows && rows > self.whole;
        self.rows = self.rows.max(rows);
        may_be
    }

    /// There was no more than an answer of so many rows had.
    pub fn was_whole(&mut self, rows: usize) {
        self.whole = self.whole.max(rows);
    }
}

impl Rows {
    fn read<T>(rows: Vec<T>, record: impl Fn(T) -> Option<Record>) -> Rows {
        Rows { count: rows.len(), records: rows.into_iter().filter_map(record).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_be_cut_short_that_is_as_large_as_the_largest() {
        let mut largest = Largest::default();
        let mut may_be = |rows| largest.may_be_cut(rows, 5_000);
        assert_eq!(
            [9, 20, 12, 20, 19, 18, 300, 299, 20, 5_000].map(&mut may_be),
            [false, true, false, true, true, false, true, true, false, true]
        );
        largest.was_whole(5_000);
        assert!(largest.may_be_cut(5_000, 5_000) && !largest.may_be_cut(4_999, 5_000));
    }
}
