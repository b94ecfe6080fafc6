//! Metrics as OpenMetrics text.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit as Written};

use crate::metrics::{AllSeries, Unit, families};
use crate::snapshot::Snapshot;
use crate::summary::measures::BOUNDS;

/// The media type of the text.
pub const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub fn text(snapshot: Arc<Snapshot>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("logwatch");
    registry.register_collector(Box::new(Of(snapshot)));
    let mut written = String::new();
    text::encode(&mut written, &registry)?;
    Ok(written)
}

#[derive(Debug)]
struct Of(Arc<Snapshot>);

impl Collector for Of {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in families(&self.0) {
            let unit = family.unit.map(|unit| match unit {
                Unit::Seconds => Written::Seconds,
                Unit::Bytes => Written::Bytes,
            });
            let kind = match &family.series {
                AllSeries::Counters(_) => MetricType::Counter,
                AllSeries::Gauges(_) => MetricType::Gauge,
                AllSeries::Histograms(_) => MetricType::Histogram,
            };
            let mut encoder = encoder.encode_descriptor(family.name, family.help, unit.as_ref(), kind)?;
            match &family.series {
                AllSeries::Counters(all) => {
                    for series in all {
                        ConstCounter::new(series.value).encode(encoder.encode_family(&series.labels)?)?;
                    }
                }
                AllSeries::Gauges(all) => {
                    for series in all {
                        ConstGauge::new(series.value).encode(encoder.encode_family(&series.labels)?)?;
                    }
                }
                AllSeries::Histograms(all) => {
                    for series in all {
                        let durations = &series.value;
                        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
                        let buckets: Vec<(f64, u64)> = bounds.zip(durations.counts).collect();
                        let mut encoder = encoder.encode_family(&series.labels)?;
                        encoder.encode_histogram::<NoLabelSet>(durations.sum, durations.count, &buckets, None)?;
                    }
                }
            }
        }
        Ok(())
    }
}
