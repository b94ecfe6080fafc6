//! The table of requests by route, as text and Markdown show it: since the deployment, with the baseline beside it where there is one.

use super::format::{count, counted, duration, one_line, percent, span};
use crate::summary::traffic::{Change, Changes, Http, RouteLine, Side};

/// A table ready to be drawn.
pub struct Table {
    /// What there was in all.
    pub title: String,
    /// The periods that are compared; empty where there is no baseline.
    pub periods: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub head: &'static str,
    pub of: Figure,
}

/// What a column shows of each route; where there is no room for all columns, the first of these are left out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    Success,
    P50,
    ClientErrors,
    P95,
    Requests,
    ServerErrors,
}

pub struct Row {
    pub name: String,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub text: String,
    pub change: Option<Change>,
    /// Whether it tells of failures.
    pub is_bad: bool,
}

/// The table with so many routes at most; `None` where there are no requests, or none of them has a time.
pub fn table(http: &Http, most: usize) -> Option<Table> {
    if http.requests == 0 || (http.since.requests == 0 && http.before.is_none()) {
        return None;
    }
    let failed = http.since.server_errors;
    let share = match failed {
        0 => String::new(),
        _ => format!(" ({})", percent(failed as f64 / http.since.requests as f64)),
    };
    // Without a baseline a table tells of hardly anything but what came after the deployment.
    let since = if http.before.is_some() { " since the deployment" } else { "" };
    let title = format!("{}{since}, {} 5xx{share}", counted(http.since.requests, "request"), count(failed));
    let mut routes: Vec<&RouteLine> = http.by_route.iter().filter(|route| is_listed(route, http)).collect();
    routes.sort_by_key(|route| std::cmp::Reverse((route.since.server_error, expected(route, http))));
    let has_times =
        routes.iter().any(|route| route.since.p95_ms.or(route.before.and_then(|side| side.p95_ms)).is_some());
    let columns = columns(http.before.is_some(), has_times);
    // One route more takes no more room than the line that says it is left out.
    let listed = if routes.len() == most.saturating_add(1) { routes.len() } else { routes.len().min(most) };
    let (shown, rest) = routes.split_at(listed);
    let mut rows: Vec<Row> = shown
        .iter()
        .map(|route| Row {
            name: one_line(&format!("{} {}", route.method, route.route)),
            cells: cells(&columns, http, &route.since, route.before.as_ref(), &route.change),
        })
        .collect();
    if !rest.is_empty() {
        let since = sum(rest.iter().map(|route| route.since));
        let before = sum(rest.iter().filter_map(|route| route.before));
        let mut cells = cells(&columns, http, &since, Some(&before), &Changes::default());
        for (column, cell) in columns.iter().zip(&mut cells) {
            // There is no percentile of several routes.
            if matches!(column.of, Figure::P50 | Figure::P95) {
                cell.text.clear();
            }
        }
        rows.push(Row { name: format!("… {}", counted(rest.len() as u64, "more route")), cells });
    }
    let periods = http.before.map_or(String::new(), |before| {
        format!("before {} → after {}", span(before.seconds), span(http.since.seconds))
    });
    Some(Table { title, periods, columns, rows })
}

/// Whether there is something to tell of a route: it may have been called before the deployment alone.
fn is_listed(route: &RouteLine, http: &Http) -> bool {
    route.since.count > 0 || (http.before.is_some() && route.before.is_some_and(|before| before.count > 0))
}

/// Requests since the deployment, or as many as there would be if they had come as often as before, should that be more: a route
/// that is called no more is as interesting as it was.
fn expected(route: &RouteLine, http: &Http) -> u64 {
    let scaled = http
        .before
        .zip(route.before)
        .map_or(0.0, |(before, side)| side.count as f64 * http.since.seconds as f64 / before.seconds.max(1) as f64);
    route.since.count.max(scaled as u64)
}

fn columns(has_before: bool, has_times: bool) -> Vec<Column> {
    let column = |head, of| Column { head, of };
    let [success, client_errors, server_errors] =
        [column("2xx", Figure::Success), column("4xx", Figure::ClientErrors), column("5xx", Figure::ServerErrors)];
    let (p50, p95) = (column("p50", Figure::P50), column("p95", Figure::P95));
    match has_before {
        false => vec![column("n", Figure::Requests), success, client_errors, server_errors, p95],
        true if has_times => vec![column("n a minute", Figure::Requests), client_errors, server_errors, p50, p95],
        true => vec![column("n a minute", Figure::Requests), client_errors, server_errors],
    }
}

fn cells(columns: &[Column], http: &Http, since: &Side, before: Option<&Side>, change: &Changes) -> Vec<Cell> {
    let cell = |column: &Column| match http.before {
        None => alone(column.of, since),
        Some(stretch) => {
            let text = |side: &Side, seconds| compared(column.of, side, seconds);
            let then = before.map_or_else(
                || compared(column.of, &Side::default(), stretch.seconds),
                |side| text(side, stretch.seconds),
            );
            let change = match column.of {
                Figure::Requests => change.count,
                Figure::ClientErrors => change.client_error,
                Figure::ServerErrors => change.server_error,
                Figure::P50 => change.p50,
                Figure::P95 => change.p95,
                Figure::Success => None,
            };
            let is_bad = column.of == Figure::ServerErrors && change == Some(Change::More);
            Cell { text: pair(then, text(since, http.since.seconds)), change, is_bad }
        }
    };
    columns.iter().map(cell).collect()
}

/// A figure of a table without a baseline.
fn alone(of: Figure, since: &Side) -> Cell {
    let text = match of {
        Figure::Requests => count(since.count),
        Figure::Success => count(since.success.unwrap_or(0)),
        Figure::ClientErrors => count(since.client_error),
        Figure::ServerErrors => count(since.server_error),
        Figure::P50 => time(since.p50_ms).unwrap_or_else(none),
        Figure::P95 => time(since.p95_ms).unwrap_or_else(none),
    };
    Cell { text, change: None, is_bad: of == Figure::ServerErrors && since.server_error > 0 }
}

/// A figure that can be compared with that of another stretch of time; `None` where there is none.
fn compared(of: Figure, side: &Side, seconds: i64) -> Option<String> {
    let share = |hits: u64| (side.count > 0).then(|| percent(hits as f64 / side.count as f64));
    match of {
        Figure::Requests => (seconds > 0).then(|| rate(60.0 * side.count as f64 / seconds as f64)),
        Figure::Success => share(side.success?),
        Figure::ClientErrors => share(side.client_error),
        Figure::ServerErrors => share(side.server_error),
        Figure::P50 => time(side.p50_ms),
        Figure::P95 => time(side.p95_ms),
    }
}

/// With two digits that tell: `0.05`, `1.3`, `12`, `340`.
fn rate(a_minute: f64) -> String {
    match a_minute {
        0.0 => "0".into(),
        ..0.095 => format!("{a_minute:.2}"),
        ..9.95 => format!("{a_minute:.1}").trim_end_matches(".0").into(),
        _ => count(a_minute.round() as u64),
    }
}

fn time(milliseconds: Option<f64>) -> Option<String> {
    milliseconds.map(|milliseconds| duration(milliseconds / 1e3))
}

fn none() -> String {
    "–".into()
}

/// `12 → 14 ms`, `120 ms → 1.2 s`, `– → 2 %`.
fn pair(before: Option<String>, after: Option<String>) -> String {
    let (before, after) = match (before, after) {
        (None, None) => return none(),
        (before, after) => (before.unwrap_or_else(none), after.unwrap_or_else(none)),
    };
    let unit = |text: &str| text.split_once(' ').map(|(_, unit)| unit.to_string());
    match (unit(&before), unit(&after)) {
        (Some(one), Some(other)) if one == other => {
            format!("{} → {after}", before.split(' ').next().unwrap_or_default())
        }
        _ => format!("{before} → {after}"),
    }
}

fn sum(sides: impl Iterator<Item = Side>) -> Side {
    sides.fold(Side::default(), |sum, side| Side {
        count: sum.count + side.count,
        success: sum.success.into_iter().chain(side.success).reduce(|a, b| a + b),
        client_error: sum.client_error + side.client_error,
        server_error: sum.server_error + side.server_error,
        ..sum
    })
}
