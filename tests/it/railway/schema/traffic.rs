//! What the platform sees itself: flows and look-ups.

use async_graphql::futures_util::Stream;
use async_graphql::{Context, Object, SimpleObject, Subscription};
use logwatch::time::Time;

use super::super::world::{Seen, World, locked};
use super::{Window, polls, read, world};

#[derive(SimpleObject, Clone)]
struct NetworkFlowLog {
    flow_id: String,
    flow_state: String,
    capture_start: String,
    capture_end: String,
    direction: String,
    peer_kind: String,
    peer_service_id: Option<String>,
    #[graphql(name = "l4Protocol")]
    l4_protocol: String,
    src_addr: String,
    src_port: i32,
    dst_addr: String,
    dst_port: i32,
    byte_count: i32,
    packet_count: i32,
    #[graphql(name = "l4LatencyMs")]
    l4_latency_ms: f64,
    drop_cause: Option<String>,
    service_id: String,
    deployment_id: String,
    deployment_instance_id: String,
}

#[derive(SimpleObject, Clone)]
struct DnsQueryLog {
    queried_at: String,
    qname: String,
    qtype: String,
    query_zone: String,
    rcode: String,
    answers: Vec<String>,
    cname_chain: Vec<String>,
    service_id: String,
    deployment_id: String,
    deployment_instance_id: String,
}

impl From<&Seen> for NetworkFlowLog {
    fn from(seen: &Seen) -> Self {
        NetworkFlowLog {
            flow_id: seen.time.to_string(),
            flow_state: "complete".into(),
            capture_start: seen.time.saturating_add(-1_000_000).to_string(),
            capture_end: seen.time.to_string(),
            direction: "egress".into(),
            peer_kind: "service".into(),
            peer_service_id: None,
            l4_protocol: "tcp".into(),
            src_addr: "fd12::1".into(),
            src_port: 40_000,
            dst_addr: seen.of.clone(),
            dst_port: 5_432,
            byte_count: 100,
            packet_count: 2,
            l4_latency_ms: 0.5,
            drop_cause: seen.fault.clone(),
            service_id: seen.service.clone(),
            deployment_id: "d-2".into(),
            deployment_instance_id: "replica-1".into(),
        }
    }
}

impl From<&Seen> for DnsQueryLog {
    fn from(seen: &Seen) -> Self {
        DnsQueryLog {
            queried_at: seen.time.to_string(),
            qname: seen.of.clone(),
            qtype: "AAAA".into(),
            query_zone: "internal".into(),
            rcode: seen.fault.clone().unwrap_or("NOERROR".into()),
            answers: Vec::new(),
            cname_chain: Vec::new(),
            service_id: seen.service.clone(),
            deployment_id: "d-2".into(),
            deployment_instance_id: "replica-1".into(),
        }
    }
}

/// What a service is seen to do, or all are.
fn visible<'a>(
    world: &World,
    all: &'a [Seen],
    service: &'a Option<String>,
) -> impl Iterator<Item = (usize, &'a Seen)> + use<'a> {
    let now = world.now();
    let is_of = move |seen: &Seen| service.as_ref().is_none_or(|service| *service == seen.service);
    all.iter().enumerate().filter(move |(_, seen)| seen.time <= now && is_of(seen))
}

#[derive(Default)]
pub struct Traffic;

#[Object]
impl Traffic {
    #[allow(clippy::too_many_arguments)]
    async fn network_flow_logs(
        &self,
        context: &Context<'_>,
        environment_id: String,
        service_id: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
        anchor_date: Option<String>,
        after_date: Option<String>,
        after_limit: Option<i32>,
    ) -> async_graphql::Result<Vec<NetworkFlowLog>> {
        let _ = environment_id;
        let window = Window::new([before_date, anchor_date, after_date], before_limit, after_limit);
        let world = locked(world(context)?);
        Ok(window.of(&world, visible(&world, &world.flows, &service_id).map(|(_, seen)| (seen.time, seen))))
    }

    #[allow(clippy::too_many_arguments)]
    async fn dns_query_logs(
        &self,
        context: &Context<'_>,
        environment_id: String,
        service_id: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
        anchor_date: Option<String>,
        after_date: Option<String>,
        after_limit: Option<i32>,
    ) -> async_graphql::Result<Vec<DnsQueryLog>> {
        let _ = environment_id;
        let window = Window::new([before_date, anchor_date, after_date], before_limit, after_limit);
        let world = locked(world(context)?);
        Ok(window.of(&world, visible(&world, &world.lookups, &service_id).map(|(_, seen)| (seen.time, seen))))
    }
}

#[derive(Default)]
pub struct TrafficLogs;

#[Subscription]
impl TrafficLogs {
    async fn network_flow_logs<'a>(
        &self,
        context: &'a Context<'_>,
        environment_id: String,
        service_id: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
    ) -> async_graphql::Result<impl Stream<Item = Vec<NetworkFlowLog>> + 'a> {
        let _ = environment_id;
        let (world, from) = (world(context)?.clone(), read(before_date));
        Ok(polls(world.clone(), "network", before_limit, move |sent| {
            let world = locked(&world);
            let is_new = |at: &usize, time: Time| !sent.contains(at) && from.is_none_or(|from| time > from);
            let news = visible(&world, &world.flows, &service_id).filter(|(at, seen)| is_new(at, seen.time));
            news.map(|(at, seen)| (at, seen.time, NetworkFlowLog::from(seen))).collect()
        }))
    }

    async fn dns_query_logs<'a>(
        &self,
        context: &'a Context<'_>,
        environment_id: String,
        service_id: Option<String>,
        before_date: Option<String>,
        before_limit: Option<i32>,
    ) -> async_graphql::Result<impl Stream<Item = Vec<DnsQueryLog>> + 'a> {
        let _ = environment_id;
        let (world, from) = (world(context)?.clone(), read(before_date));
        Ok(polls(world.clone(), "dns", before_limit, move |sent| {
            let world = locked(&world);
            let is_new = |at: &usize, time: Time| !sent.contains(at) && from.is_none_or(|from| time > from);
            let news = visible(&world, &world.lookups, &service_id).filter(|(at, seen)| is_new(at, seen.time));
            news.map(|(at, seen)| (at, seen.time, DnsQueryLog::from(seen))).collect()
        }))
    }
}
