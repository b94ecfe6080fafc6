//! What the platform measures.

use async_graphql::{Context, Enum, Object, SimpleObject};
use logwatch::time;

use super::super::world::locked;
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

#[Object]
impl Metered {
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
