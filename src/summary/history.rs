//! The course of a run, as pictures show it.

use serde::Serialize;

use crate::engine::Engine;
use crate::history::{Pane, Panes};

/// What was seen from an hour before the deployment, or of the whole input where that is less; times are seconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct History {
    /// Seconds of a pane.
    pub width: i64,
    pub from: i64,
    pub to: i64,
    /// In the order of time, without those in which nothing happened.
    pub panes: Vec<PaneLine>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PaneLine {
    pub at: i64,
    pub requests: u64,
    /// By the first digit of the status; of no known status at 0.
    pub by_family: [u64; 6],
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    /// Errors of the service itself.
    pub errors: u64,
    pub restarts: u64,
    /// Messages that the platform says it dropped.
    pub dropped: u64,
    /// Bytes that a deployment uses, at most, and may use.
    pub memory: Option<f64>,
    pub memory_limit: Option<f64>,
    /// Processors that a deployment uses, at most, and may use.
    pub cpu: Option<f64>,
    pub cpu_limit: Option<f64>,
}

impl History {
    pub fn new(engine: &Engine) -> Self {
        let panes = readable(engine.judge.history.panes());
        let width = panes.width();
        let lines: Vec<PaneLine> = panes
            .iter()
            .map(|pane| {
                let milliseconds = |nanoseconds: Option<f64>| nanoseconds.map(|value| (value / 1e3).round() / 1e3);
                let [p50_ms, p95_ms] = pane.quantiles([0.5, 0.95]).map(milliseconds);
                PaneLine {
                    at: pane.at,
                    requests: pane.all(),
                    by_family: pane.requests,
                    p50_ms,
                    p95_ms,
                    errors: pane.errors,
                    restarts: pane.restarts,
                    dropped: pane.dropped,
                    memory: pane.memory.used.map(|bytes| bytes as f64),
                    memory_limit: pane.memory.limit.map(|bytes| bytes as f64),
                    cpu: pane.cpu.used.map(|millionths| millionths as f64 / 1e6),
                    cpu_limit: pane.cpu.limit.map(|millionths| millionths as f64 / 1e6),
                }
            })
            .collect();
        let Some((first, last)) = lines.first().zip(lines.last()) else { return History::default() };
        // A service may have been silent for long at the end.
        let to = engine.judge.evaluated_until().map_or(last.at + width, |end| end.second().max(last.at + width));
        History { width, from: first.at, to, panes: lines }
    }
}

/// Panes wide enough for a picture: of a service with few requests, narrow ones would each hold one request or none.
fn readable(panes: &Panes) -> Panes {
    /// Panes that are never joined.
    const FEW: i64 = 96;
    /// Requests of a pane, on average, that tell a share of failures.
    const ENOUGH: u64 = 8;
    let mut panes = panes.clone();
    let requests: u64 = panes.iter().map(Pane::all).sum();
    while panes.places() > FEW && requests < ENOUGH * panes.places() as u64 {
        panes.widen(panes.places() - 1);
    }
    panes
}

impl PaneLine {
    /// The share of requests that failed (5xx).
    pub fn failed(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.by_family[5] as f64 / self.requests as f64)
    }
}
