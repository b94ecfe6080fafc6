//! The part of Railway's schema that is used, over what the stand-in knows.
//!
//! A query gives one record more than its limit at times, `beforeDate` is a bound that is not included, a subscription first sends the
//! last records again, and looks for new ones now and then with a limit of its own.

mod build;
pub mod metrics;
mod places;
mod traffic;

use async_graphql::futures_util::Stream;
use async_graphql::{Context, MergedObject, MergedSubscription, Object, Schema, SimpleObject, Subscription};
use logwatch::time::{self, SECOND, Time};

use super::world::{App, ENVIRONMENT, Http, Shared, World, locked};

pub type StandIn = Schema<Query, Mutation, Logs>;

pub fn schema(world: Shared) -> StandIn {
    Schema::build(Query::default(), Mutation, Logs::default()).data(world).finish()
}

#[derive(SimpleObject, Clone)]
struct Log {
    timestamp: String,
    message: String,
    severity: Option<String>,
    attributes: Vec<LogAttribute>,
    tags: Option<LogTags>,
}

#[derive(SimpleObject, Clone)]
struct LogAttribute {
    key: String,
    value: String,
}

#[derive(SimpleObject, Clone)]
struct LogTags {
    service_id: Option<String>,
    deployment_id: Option<String>,
    deployment_instance_id: Option<String>,
}

#[derive(SimpleObject, Clone)]
struct HttpLog {
    timestamp: String,
    request_id: String,
    method: String,
    path: String,
    host: String,
    http_status: i32,
    total_duration: i32,
    client_ua: String,
    src_ip: String,
    edge_region: String,
    tx_bytes: i32,
    rx_bytes: i32,
    upstream_rq_duration: i32,
    upstream_address: String,
    upstream_proto: String,
    downstream_proto: String,
    upstream_errors: String,
    response_details: String,
    deployment_id: String,
    deployment_instance_id: String,
}

impl From<&App> for Log {
    fn from(app: &App) -> Self {
        let attributes =
            app.attributes.iter().map(|(key, value)| LogAttribute { key: (*key).into(), value: value.clone() });
        Log {
            timestamp: app.time.to_string(),
            message: app.message.clone(),
            severity: Some(app.severity.into()),
            attributes: attributes.collect(),
            tags: Some(LogTags {
                service_id: Some(app.service.clone()),
                deployment_id: Some(app.deployment.clone()),
                deployment_instance_id: Some(app.replica.clone()),
            }),
        }
    }
}

impl From<&Http> for HttpLog {
    fn from(http: &Http) -> Self {
        HttpLog {
            timestamp: http.time.to_string(),
            request_id: http.id.clone(),
            method: "GET".into(),
            path: http.path.clone(),
            host: "api.example".into(),
            http_status: http.status,
            total_duration: http.milliseconds,
            client_ua: "test".into(),
            src_ip: "203.0.113.7".into(),
            edge_region: "europe-west4".into(),
            tx_bytes: 10,
            rx_bytes: 10,
            upstream_rq_duration: http.milliseconds,
            upstream_address: "http://[fd12::1]:8080".into(),
            upstream_proto: "HTTP/1.1".into(),
            downstream_proto: "HTTP/2.0".into(),
            upstream_errors: "[]".into(),
            response_details: String::new(),
            deployment_id: http.deployment.clone(),
            deployment_instance_id: "replica-1".into(),
        }
    }
}

/// What a window asks for.
struct Window {
    before_date: Option<Time>,
    before_limit: Option<i32>,
    anchor_date: Option<Time>,
    after_date: Option<Time>,
    after_limit: Option<i32>,
}

fn read(text: Option<String>) -> Option<Time> {
    text.map(|text| time::parse(text.as_bytes()).unwrap_or_else(|| panic!("no time: {text}")))
}

impl Window {
    fn new(
        [before_date, anchor_date, after_date]: [Option<String>; 3],
        before_limit: Option<i32>,
        after_limit: Option<i32>,
    ) -> Self {
        let [before_date, anchor_date, after_date] = [before_date, anchor_date, after_date].map(read);
        Window { before_date, before_limit, anchor_date, after_date, after_limit }
    }

    /// The records of a window, in the order of their times.
    fn of<'a, T: 'a, R: From<&'a T>>(&self, world: &World, all: impl Iterator<Item = (Time, &'a T)>) -> Vec<R> {
        let mut all: Vec<(Time, &T)> = all.collect();
        all.sort_by_key(|(time, _)| *time);
        let anchor = self.anchor_date.unwrap_or_else(|| world.now());
        let mut found = Vec::new();
        if let Some(limit) = self.before_limit {
            let before: Vec<_> = all
                .iter()
                .filter(|(time, _)| *time <= anchor && self.before_date.is_none_or(|before| *time > before))
                .collect();
            let limit = (limit as usize).min(world.page) + 1;
            let kept = before[before.len().saturating_sub(limit)..].iter().enumerate();
            found.extend(
                kept.filter(|(at, _)| !world.loses_backward || at % 2 == 0).map(|(_, (_, record))| R::from(record)),
            );
        }
        if let Some(limit) = self.after_limit {
            let after =
                all.iter().filter(|(time, _)| *time > anchor && self.after_date.is_none_or(|until| *time <= until));
            found.extend(after.take((limit as usize).min(world.page) + 1).map(|(_, record)| R::from(record)));
        }
        found
    }
}

impl Window {
    /// Lines at a steady rate that nobody keeps, each told by its time.
    fn steady(&self, world: &World, rate: i64) -> Vec<Log> {
        let every = SECOND / rate;
        let first = self.anchor_date.map_or(0, |anchor| anchor.0.div_euclid(every) + 1);
        let last = self.after_date.map_or(world.now(), |until| until.min(world.now())).0.div_euclid(every);
        let line = |at: i64| Log::from(&world.line(Time(at * every), &format!("INFO:app:order {at} is placed")));
        (first..=last).take(self.after_limit.unwrap_or(0) as usize).map(line).collect()
    }
}

/// Whether a filter admits a service; of Railway's language only the services' names are known here.
fn admits(filter: &Option<String>, service: &str) -> bool {
    filter.as_ref().is_none_or(|filter| !filter.contains("@service:") || filter.contains(service))
}

fn apps<'a>(world: &'a World, filter: &'a Option<String>) -> impl Iterator<Item = (Time, &'a App)> + 'a {
    let now = world.now();
    let visible = world.apps.iter().filter(move |app| app.visible <= now && admits(filter, &app.service));
    visible.map(|app| (app.time, app))
}

fn https<'a>(world: &'a World, deployment: &'a str) -> impl Iterator<Item = (Time, &'a Http)> + 'a {
    let now = world.now();
    let visible = world.https.iter().filter(move |http| http.visible <= now && http.deployment == deployment);
    visible.map(|http| (http.time, http))
}

#[derive(MergedObject, Default)]
pub struct Query(places::Places, metrics::Metered, traffic::Traffic, build::Builds, Records);

#[derive(Default)]
pub struct Records;

fn world<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Shared> {
    context.data::<Shared>()
}

#[Object]
impl Records {
    #[allow(clippy::too_many_arguments)]
    async fn environment_logs(
        &self,
        context: &Context<'_>,
        environment_id: String,
        filter: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
        anchor_date: Option<String>,
        after_date: Option<String>,
        after_limit: Option<i32>,
    ) -> async_graphql::Result<Vec<Log>> {
        if environment_id != ENVIRONMENT {
            return Ok(Vec::new());
        }
        let window = Window::new([before_date, anchor_date, after_date], before_limit, after_limit);
        let world = locked(world(context)?);
        if let Some(rate) = world.steady {
            return Ok(window.steady(&world, rate));
        }
        Ok(window.of(&world, apps(&world, &filter)))
    }

    #[allow(clippy::too_many_arguments)]
    async fn http_logs(
        &self,
        context: &Context<'_>,
        deployment_id: String,
        filter: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
        anchor_date: Option<String>,
        after_date: Option<String>,
        after_limit: Option<i32>,
        limit: Option<i32>,
    ) -> async_graphql::Result<Vec<HttpLog>> {
        let _ = (filter, limit);
        let window = Window::new([before_date, anchor_date, after_date], before_limit, after_limit);
        let world = locked(world(context)?);
        Ok(window.of(&world, https(&world, &deployment_id)))
    }
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn deployment_rollback(&self, context: &Context<'_>, id: String) -> async_graphql::Result<bool> {
        locked(world(context)?).rolled_back.push(id);
        Ok(true)
    }
}

#[derive(MergedSubscription, Default)]
pub struct Logs(RecordLogs, traffic::TrafficLogs, build::BuildLogs);

#[derive(Default)]
pub struct RecordLogs;

#[Subscription]
impl RecordLogs {
    async fn environment_logs<'a>(
        &self,
        context: &'a Context<'_>,
        environment_id: String,
        filter: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
    ) -> async_graphql::Result<impl Stream<Item = Vec<Log>> + 'a> {
        let _ = environment_id;
        let world = world(context)?.clone();
        let from = read(before_date);
        Ok(polls(world.clone(), "app", before_limit, move |sent| {
            let world = locked(&world);
            let now = world.now();
            let visible = world.apps.iter().enumerate().filter(|(at, app)| {
                !sent.contains(at)
                    && app.visible <= now
                    && admits(&filter, &app.service)
                    && from.is_none_or(|from| app.time > from)
            });
            visible.map(|(at, app)| (at, app.time, Log::from(app))).collect()
        }))
    }

    async fn http_logs<'a>(
        &self,
        context: &'a Context<'_>,
        deployment_id: String,
        filter: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
    ) -> async_graphql::Result<impl Stream<Item = Vec<HttpLog>> + 'a> {
        let _ = filter;
        let world = world(context)?.clone();
        if locked(&world).refuses_http {
            return Err("this log is not given".into());
        }
        let from = read(before_date);
        Ok(polls(world.clone(), "http", before_limit, move |sent| {
            let world = locked(&world);
            let now = world.now();
            let visible = world.https.iter().enumerate().filter(|(at, http)| {
                !sent.contains(at)
                    && http.visible <= now
                    && http.deployment == deployment_id
                    && from.is_none_or(|from| http.time > from)
            });
            visible.map(|(at, http)| (at, http.time, HttpLog::from(http))).collect()
        }))
    }
}

/// Looks now and then for what was not sent of a log. What one look has beyond the limit is never sent: the newest, as the look
/// is from the oldest on.
fn polls<T: Clone>(
    world: Shared,
    log: &'static str,
    limit: Option<i32>,
    mut look: impl FnMut(&std::collections::HashSet<usize>) -> Vec<(usize, Time, T)>,
) -> impl Stream<Item = Vec<T>> {
    let sent = std::collections::HashSet::new();
    let state = (world, sent, Time(i64::MIN), 0);
    async_graphql::futures_util::stream::unfold(
        (state, move |sent: &_| look(sent)),
        move |((world, mut sent, mut newest, messages), mut look)| async move {
            loop {
                if locked(&world).deaf_after.is_some_and(|after| messages >= after) {
                    std::future::pending::<()>().await;
                }
                let mut found = look(&sent);
                if locked(&world).hides_late {
                    found.retain(|(_, time, _)| *time > newest);
                    newest = found.iter().map(|(_, time, _)| *time).fold(newest, Time::max);
                }
                sent.extend(found.iter().map(|(at, ..)| *at));
                found.sort_by_key(|(_, time, _)| *time);
                let (poll, pause) = {
                    let world = locked(&world);
                    (world.poll, world.pause)
                };
                found.truncate(poll.min(limit.unwrap_or(500) as usize));
                if let Some((_, last, _)) = found.last() {
                    locked(&world).give(log, *last);
                    let rows = found.into_iter().map(|(.., record)| record).collect();
                    return Some((rows, ((world, sent, newest, messages + 1), look)));
                }
                tokio::time::sleep(pause).await;
            }
        },
    )
}
