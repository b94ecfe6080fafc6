//! What the platform measures.

use async_graphql::{Context, Enum, Object, SimpleObject};
use logwatch::time;

use super::super::world::{API, locked};
use super::world;

#[derive(Default)]
pub struct Metered;

/// Measurements by their names in the API.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(name = "MetricMeasurement")]
pub enum Measurement {
    #[graphql(name = "CPU_LIMIT")]
    CpuLimit,
    #[graphql(name = "CPU_USAGE")]
    CpuUsage,
    #[graphql(name = "DISK_USAGE_GB")]
    DiskUsageGb,
    #[graphql(name = "MEMORY_LIMIT_GB")]
    MemoryLimitGb,
    #[graphql(name = "MEMORY_USAGE_GB")]
    MemoryUsageGb,
    #[graphql(name = "NETWORK_RX_GB")]
    NetworkRxGb,
    #[graphql(name = "NETWORK_TX_GB")]
    NetworkTxGb,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "MetricTag")]
enum Tag {
    #[graphql(name = "DEPLOYMENT_ID")]
    DeploymentId,
    #[graphql(name = "SERVICE_ID")]
    ServiceId,
}

#[derive(serde::Serialize, serde::Deserialize)]
pub struct DateTime(pub String);

async_graphql::scalar!(DateTime);

#[derive(SimpleObject)]
struct MetricsResult {
    measurement: Measurement,
    tags: MetricTags,
    values: Vec<Metric>,
}

#[derive(SimpleObject)]
struct MetricTags {
    deployment_id: Option<String>,
}

#[derive(SimpleObject)]
struct Metric {
    ts: i32,
    value: f64,
}

#[derive(SimpleObject)]
struct HttpMetricsByStatusResult {
    status_code: i32,
    samples: Vec<Metric>,
}

#[derive(SimpleObject)]
struct HttpDurationMetricsResult {
    samples: Vec<HttpDurationMetricsSample>,
}

#[derive(SimpleObject)]
struct HttpDurationMetricsSample {
    ts: i32,
    p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
}

#[Object]
impl Metered {
    /// The requests of `api` that the log has, by status and minute; each of them so often as the stand-in is told to count it.
    async fn http_metrics_grouped_by_status(
        &self,
        context: &Context<'_>,
        environment_id: String,
        service_id: String,
        start_date: DateTime,
        end_date: DateTime,
        step_seconds: Option<i32>,
    ) -> async_graphql::Result<Vec<HttpMetricsByStatusResult>> {
        let _ = (environment_id, step_seconds);
        let world = locked(world(context)?);
        let second = |date: &DateTime| time::parse(date.0.as_bytes()).map(|time| time.second()).ok_or("no time");
        let asked = second(&start_date)?..second(&end_date)?;
        let mut counts = std::collections::BTreeMap::<(i32, i64), f64>::new();
        for http in world.https.iter().filter(|http| service_id == API && asked.contains(&http.time.second())) {
            *counts.entry((http.status, http.time.second() / 60 * 60)).or_default() += world.counts_requests;
        }
        let samples = counts.into_iter().map(|((status_code, ts), value)| HttpMetricsByStatusResult {
            status_code,
            samples: vec![Metric { ts: ts as i32, value }],
        });
        Ok(samples.collect())
    }

    async fn http_duration_metrics(
        &self,
        context: &Context<'_>,
        environment_id: String,
        service_id: String,
        start_date: DateTime,
        end_date: DateTime,
        step_seconds: Option<i32>,
    ) -> async_graphql::Result<HttpDurationMetricsResult> {
        let _ = (environment_id, service_id, end_date, step_seconds);
        if locked(world(context)?).https.is_empty() {
            return Ok(HttpDurationMetricsResult { samples: Vec::new() });
        }
        let ts = time::parse(start_date.0.as_bytes()).map(|time| time.second() / 60 * 60 + 120).ok_or("no time")?;
        let samples = vec![HttpDurationMetricsSample { ts: ts as i32, p50: 12.0, p90: 20.0, p95: 30.0, p99: 40.0 }];
        Ok(HttpDurationMetricsResult { samples })
    }

    #[allow(clippy::too_many_arguments)]
    async fn metrics(
        &self,
        context: &Context<'_>,
        environment_id: Option<String>,
        service_id: Option<String>,
        start_date: DateTime,
        measurements: Vec<Measurement>,
        group_by: Option<Vec<Tag>>,
        sample_rate_seconds: Option<i32>,
    ) -> async_graphql::Result<Vec<MetricsResult>> {
        let _ = (environment_id, sample_rate_seconds);
        let world = locked(world(context)?);
        if world.refuses_metrics {
            return Err("not for this plan".into());
        }
        let start = time::parse(start_date.0.as_bytes()).ok_or("no time")?.second();
        let is_asked_for = |metric: &&super::super::world::Metric| {
            Some(&metric.service) == service_id.as_ref()
                && metric.at >= start
                && metric.at <= world.now().second()
                && measurements.contains(&metric.measurement)
        };
        let mut series: Vec<MetricsResult> = Vec::new();
        for metric in world.metrics.iter().filter(is_asked_for) {
            let deployment = group_by.as_ref().map(|_| metric.deployment.clone());
            let value = Metric { ts: metric.at as i32, value: metric.value };
            let known = series
                .iter_mut()
                .find(|of| of.measurement == metric.measurement && of.tags.deployment_id == deployment);
            match known {
                Some(known) => known.values.push(value),
                None => series.push(MetricsResult {
                    measurement: metric.measurement,
                    tags: MetricTags { deployment_id: deployment },
                    values: vec![value],
                }),
            }
        }
        Ok(series)
    }
}
