//! Requests as the summary tells of them: by route, in all, since the deployment and before it, and what has changed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::Engine;
use crate::mask::Masking;
use crate::report::{Requests, Route};
use crate::rules::frozen::{self, Frozen};
use crate::rules::traffic::{self as baseline, ALPHA};
use crate::rules::wilson;
use crate::timeline::OTHER;
use crate::timeline::distribution::Distribution;
use crate::timeline::group_key::GroupKey;

/// A figure has changed when it is at least so many times what it was, or that was so many times what it is.
const LEAST_CHANGE: f64 = 1.25;

#[derive(Clone, Debug, Serialize)]
pub struct Http {
    /// Of the whole input, as `by_status` is.
    pub requests: u64,
    pub via: ViaSeconds,
    pub by_status: BTreeMap<u16, u64>,
    /// Since the deployment.
    pub since: Stretch,
    /// In the baseline; `None` where too little of the time before the deployment was seen.
    pub before: Option<Stretch>,
    /// Most failures first, then most requests.
    pub by_route: Vec<RouteLine>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct ViaSeconds {
    pub edge_seconds: u64,
    pub access_seconds: u64,
}

/// A stretch of time, and the requests in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stretch {
    pub seconds: i64,
    pub requests: u64,
    #[serde(rename = "5xx")]
    pub server_errors: u64,
}

/// The requests of one route. What is not of `since` and `before` is of the whole input.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RouteLine {
    pub method: String,
    pub route: String,
    pub count: u64,
    #[serde(rename = "2xx")]
    pub success: u64,
    #[serde(rename = "3xx")]
    pub redirect: u64,
    #[serde(rename = "4xx")]
    pub client_error: u64,
    #[serde(rename = "5xx")]
    pub server_error: u64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// Since the deployment.
    pub since: Side,
    /// In the baseline; `None` where there is none, or the route was not seen in it.
    pub before: Option<Side>,
    pub change: Changes,
}

/// The requests of a route on one side of a deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    pub count: u64,
    #[serde(rename = "2xx", skip_serializing_if = "Option::is_none")]
    pub success: Option<u64>,
    #[serde(rename = "4xx")]
    pub client_error: u64,
    #[serde(rename = "5xx")]
    pub server_error: u64,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
}

/// What has changed with the deployment by more than chance explains: of requests a minute, shares of 4xx and 5xx, and percentiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    pub count: Option<Change>,
    #[serde(rename = "4xx")]
    pub client_error: Option<Change>,
    #[serde(rename = "5xx")]
    pub server_error: Option<Change>,
    pub p50: Option<Change>,
    pub p95: Option<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    More,
    Less,
}

/// `seconds` is how long ago the deployment was at the end.
pub fn http(engine: &Engine, seconds: i64, masking: Masking) -> Http {
    let report = &engine.judge.report;
    let before = engine.judge.rules.traffic.before.as_ref();
    let others = Route { method: "".into(), route: OTHER.into() };
    let beyond = report.routes.other.as_ref().map(|total| (&others, total));
    let mut by_route: Vec<RouteLine> = Vec::new();
    for (route, total) in report.routes.iter().chain(beyond) {
        let all = total.all();
        let key = GroupKey::new(vec![route.method.clone(), route.route.clone()]);
        // The baseline keeps more routes than the report: of those beyond them it says something else.
        let then = before.filter(|_| *route != others).map(|before| (before, before.routes.get(&key)));
        by_route.push(RouteLine {
            method: masking.text(&route.method),
            route: masking.text(&route.route),
            count: all.count,
            success: all.families[2],
            redirect: all.families[3],
            client_error: all.families[4],
            server_error: all.families[5],
            p50_ms: percentile(&all.durations, 0.5),
            p95_ms: percentile(&all.durations, 0.95),
            p99_ms: percentile(&all.durations, 0.99),
            since: since(&total.since()),
            before: then.and_then(|(_, then)| then).map(side),
            change: then.map_or(Changes::default(), |(before, then)| {
                changes(&total.since(), seconds, then.unwrap_or(&baseline::Route::default()), before.seconds)
            }),
        });
    }
    by_route.sort_by_key(|line| {
        (std::cmp::Reverse((line.server_error, line.count)), line.route.clone(), line.method.clone())
    });
    Http {
        requests: report.requests(),
        via: ViaSeconds { edge_seconds: report.edge_seconds, access_seconds: report.access_seconds },
        by_status: report.by_status.clone(),
        since: Stretch {
            seconds,
            requests: report.requests_since_deployment(),
            server_errors: report.failed_since_deployment(),
        },
        before: before.map(|before| Stretch {
            seconds: before.seconds,
            requests: before.routes.values().map(|route| route.requests).sum(),
            server_errors: before.routes.values().map(|route| route.server_errors).sum(),
        }),
        by_route,
    }
}

fn since(requests: &Requests) -> Side {
    Side {
        count: requests.count,
        success: Some(requests.families[2]),
        client_error: requests.families[4],
        server_error: requests.families[5],
        p50_ms: percentile(&requests.durations, 0.5),
        p95_ms: percentile(&requests.durations, 0.95),
    }
}

fn side(route: &baseline::Route) -> Side {
    let milliseconds = |frozen: &Frozen| frozen.reading.value.map(|seconds| rounded(seconds * 1e3));
    Side {
        count: route.requests,
        success: None,
        client_error: route.client_errors,
        server_error: route.server_errors,
        p50_ms: milliseconds(&route.p50),
        p95_ms: milliseconds(&route.p95),
    }
}

/// In milliseconds; the distribution is of nanoseconds.
fn percentile(durations: &Distribution, q: f64) -> Option<f64> {
    durations.quantile(q).map(|nanoseconds| rounded(nanoseconds / 1e6))
}

fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1e3).round() / 1e3
}

/// What differs between so many seconds since the deployment and so many before it.
fn changes(since: &Requests, seconds: i64, before: &baseline::Route, seconds_before: i64) -> Changes {
    let share = |hits: u64, hits_before: u64| {
        let now = Estimate::of_share(hits, since.count)?;
        change(now, Estimate::of_share(hits_before, before.requests)?)
    };
    let quantile = |q: f64, before: &Frozen| {
        let (least, most) = frozen::of_quantile(&since.durations, q, ALPHA);
        let seconds = |nanoseconds: f64| nanoseconds / 1e9;
        let value = seconds(since.durations.quantile(q)?);
        let now = Estimate { value, least: least.map(seconds), most: most.map(seconds) };
        change(now, Estimate { value: before.reading.value?, least: before.least, most: before.most })
    };
    Changes {
        count: change_of_rate((since.count, seconds), (before.requests, seconds_before)),
        client_error: share(since.families[4], before.client_errors),
        server_error: share(since.failed(), before.server_errors),
        p50: quantile(0.5, &before.p50),
        p95: quantile(0.95, &before.p95),
    }
}

/// A value, and between what bounds the true one lies.
#[derive(Clone, Copy)]
struct Estimate {
    value: f64,
    least: Option<f64>,
    most: Option<f64>,
}

impl Estimate {
    fn of_share(hits: u64, samples: u64) -> Option<Estimate> {
        let (least, most) = frozen::of_share((hits, samples), ALPHA);
        (samples > 0).then(|| Estimate { value: hits as f64 / samples as f64, least, most })
    }
}

/// Something has changed where the bounds on both sides of the deployment have nothing in common.
fn change(now: Estimate, before: Estimate) -> Option<Change> {
    let exceeds = |larger: Estimate, smaller: Estimate| {
        let apart = larger.least.zip(smaller.most).is_some_and(|(least, most)| least > most);
        apart && larger.value >= LEAST_CHANGE * smaller.value
    };
    if exceeds(now, before) {
        return Some(Change::More);
    }
    exceeds(before, now).then_some(Change::Less)
}

/// Of numbers of events and the seconds they came in. If they come as often as before, each of them falls into one of the two
/// stretches with a probability that is its part of the time.
fn change_of_rate((now, seconds): (u64, i64), (before, seconds_before): (u64, i64)) -> Option<Change> {
    if seconds <= 0 || seconds_before <= 0 {
        return None;
    }
    let expected = seconds as f64 / (seconds + seconds_before) as f64;
    let (least, most) = wilson::bounds(now, now + before, wilson::z_of(1.0 - ALPHA));
    let (rate, rate_before) = (now as f64 / seconds as f64, before as f64 / seconds_before as f64);
    if least > expected && rate >= LEAST_CHANGE * rate_before {
        return Some(Change::More);
    }
    (most < expected && rate_before >= LEAST_CHANGE * rate).then_some(Change::Less)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(count: u64, failed: u64, milliseconds: i64) -> Requests {
        let mut requests = Requests { count, families: [0, 0, count - failed, 0, 0, failed], ..Requests::default() };
        (0..count).for_each(|_| requests.durations.record(milliseconds * 1_000_000));
        requests
    }

    fn before(count: u64, failed: u64, milliseconds: i64) -> baseline::Route {
        let durations = requests(count, failed, milliseconds).durations;
        let frozen = |q| {
            let seconds = |nanoseconds: f64| nanoseconds / 1e9;
            let (least, most) = frozen::of_quantile(&durations, q, ALPHA);
            let mut frozen = Frozen { least: least.map(seconds), most: most.map(seconds), ..Frozen::default() };
            frozen.reading.value = durations.quantile(q).map(seconds);
            frozen
        };
        baseline::Route {
            requests: count,
            client_errors: 0,
            server_errors: failed,
            p50: frozen(0.5),
            p95: frozen(0.95),
        }
    }

    #[test]
    fn what_chance_explains_is_no_change() {
        let none = Changes::default();
        assert_eq!(changes(&requests(100, 2, 20), 600, &before(600, 6, 20), 3_600), none);
        // One failure of ten is no sign of anything, and neither is one request that was slower.
        assert_eq!(changes(&requests(10, 1, 20), 60, &before(600, 6, 20), 3_600), none);
        assert_eq!(changes(&requests(1, 0, 90), 6, &before(600, 6, 20), 3_600), none);
        // A difference that is certain, and too small to matter.
        assert_eq!(changes(&requests(100_000, 0, 22), 3_600, &before(90_000, 0, 20), 3_600), none);
        assert_eq!(changes(&requests(0, 0, 20), 0, &before(600, 6, 20), 3_600), none);
    }

    #[test]
    fn what_chance_does_not_explain_is_a_change() {
        let worse = changes(&requests(400, 40, 200), 600, &before(600, 6, 20), 3_600);
        let more = Some(Change::More);
        assert_eq!(worse, Changes { count: more, client_error: None, server_error: more, p50: more, p95: more });
        let better = changes(&requests(600, 6, 20), 3_600, &before(400, 40, 200), 600);
        let less = Some(Change::Less);
        assert_eq!(better, Changes { count: less, client_error: None, server_error: less, p50: less, p95: less });
        // A route that is called no more, and one that never was.
        assert_eq!(
            changes(&requests(0, 0, 0), 600, &before(600, 0, 20), 3_600),
            Changes { count: less, ..Changes::default() }
        );
        let new = changes(&requests(60, 0, 20), 600, &baseline::Route::default(), 3_600);
        assert_eq!(new, Changes { count: more, ..Changes::default() });
    }
}
