//! The plots of the picture as shapes: x in seconds from the left end of the axis, y from 0 at the top to 100.

use std::fmt::Write;

use super::super::format::{count, counted, duration, percent, value};
use super::axis::Axis;
use super::usage;
use crate::summary::history::{History, PaneLine};

/// A plot ready to be drawn.
pub struct Plot {
    pub title: &'static str,
    /// What it shows, for those who do not see it.
    pub says: String,
    /// Classes of what is drawn, with what they mean.
    pub key: Vec<(&'static str, String)>,
    /// Lines across, with their labels.
    pub lines: Vec<(f64, String)>,
    /// Classes and paths, in the order in which they are drawn.
    pub shapes: Vec<(&'static str, String)>,
}

/// Those that have something to show.
pub fn plots(history: &History, axis: Axis) -> Vec<Plot> {
    let of_service = [requests(history, axis), failed(history, axis), durations(history, axis), errors(history, axis)];
    let of_machine = [usage::memory(history, axis), usage::cpu(history, axis)];
    of_service.into_iter().chain(of_machine).flatten().collect()
}

/// Requests a second by family of their status, one on top of the other, failures at the bottom.
fn requests(history: &History, axis: Axis) -> Option<Plot> {
    let seconds = history.width as f64;
    let rate = |requests: u64| requests as f64 / seconds;
    let most = history.panes.iter().map(|pane| pane.requests).max().filter(|most| *most > 0)?;
    let top = round_up(rate(most));
    let families = [("other", "other"), ("ok", "2xx"), ("redirect", "3xx"), ("client", "4xx"), ("server", "5xx")];
    // Of each family all that lie below it, too.
    let below = |pane: &PaneLine, class: &str| -> u64 {
        let [none, informational, ok, redirect, client, server] = pane.by_family;
        match class {
            "server" => server,
            "client" => server + client,
            "redirect" => server + client + redirect,
            "ok" => server + client + redirect + ok,
            _ => server + client + redirect + ok + none + informational,
        }
    };
    let is_seen = |class: &str| {
        let of = |pane: &PaneLine| match class {
            "other" => pane.by_family[0] + pane.by_family[1],
            "ok" => pane.by_family[2],
            "redirect" => pane.by_family[3],
            "client" => pane.by_family[4],
            _ => pane.by_family[5],
        };
        history.panes.iter().any(|pane| of(pane) > 0)
    };
    let seen = families.into_iter().filter(|(class, _)| is_seen(class));
    let key: Vec<(&str, String)> = seen.map(|(class, name)| (class, name.into())).collect();
    let shape = |class| area(history, axis, |pane| Some(rate(below(pane, class)) / top).filter(|share| *share > 0.0));
    let all: u64 = history.panes.iter().map(|pane| pane.requests).sum();
    let label =
        |rate: f64| if top < 1.0 { format!("{}/min", decimal(rate * 60.0)) } else { format!("{}/s", decimal(rate)) };
    Some(Plot {
        title: "Requests",
        says: format!("{}, at most {}", counted(all, "request"), label(rate(most))),
        shapes: key.iter().map(|(class, _)| (*class, shape(*class))).collect(),
        lines: halves(top, label),
        key,
    })
}

/// The share of requests that failed.
fn failed(history: &History, axis: Axis) -> Option<Plot> {
    /// Less is drawn no larger than it is.
    const LEAST: f64 = 0.05;
    let shares = || history.panes.iter().filter_map(PaneLine::failed);
    let most = shares().reduce(f64::max)?;
    let top = round_up(most.max(LEAST)).min(1.0);
    let failed: u64 = history.panes.iter().map(|pane| pane.by_family[5]).sum();
    Some(Plot {
        title: "Share of 5xx",
        says: format!("{} of requests with a 5xx status, at most {} of a step", count(failed), percent(most)),
        key: Vec::new(),
        lines: halves(top, percent),
        shapes: vec![("server", area(history, axis, |pane| pane.failed().map(|share| share / top)))],
    })
}

/// Percentiles of the durations, by powers of ten.
fn durations(history: &History, axis: Axis) -> Option<Plot> {
    /// Milliseconds below which nothing is told apart.
    const LEAST: f64 = 0.01;
    let least = history.panes.iter().filter_map(|pane| pane.p50_ms).reduce(f64::min)?.max(LEAST);
    let most = history.panes.iter().filter_map(|pane| pane.p95_ms).reduce(f64::max)?.max(LEAST);
    let bottom = least.log10().floor();
    let top = most.log10().ceil().max(bottom + 1.0);
    let share = |milliseconds: f64| (milliseconds.max(LEAST).log10() - bottom) / (top - bottom);
    let powers = (0..=(top - bottom) as i32).rev().map(|power| bottom + f64::from(power));
    let label = |power: f64| (100.0 * (top - power) / (top - bottom), duration(10f64.powf(power) / 1e3));
    let highest = history.panes.iter().filter_map(|pane| pane.p95_ms).reduce(f64::max)?;
    Some(Plot {
        title: "Duration",
        says: format!("Durations of requests; the highest p95 of a step is {}", duration(highest / 1e3)),
        key: vec![("p95", "p95".into()), ("p50", "p50".into())],
        lines: powers.map(label).collect(),
        shapes: vec![
            ("p95", line(history, axis, |pane| pane.p95_ms.map(share))),
            ("p50", line(history, axis, |pane| pane.p50_ms.map(share))),
        ],
    })
}

/// Errors of the service itself.
fn errors(history: &History, axis: Axis) -> Option<Plot> {
    let most = history.panes.iter().map(|pane| pane.errors).max().filter(|most| *most > 0)?;
    let top = round_up(most as f64);
    let all: u64 = history.panes.iter().map(|pane| pane.errors).sum();
    Some(Plot {
        title: "Errors in the log",
        says: format!("{}, at most {} in a step", counted(all, "error"), count(most)),
        key: Vec::new(),
        lines: halves(top, decimal).into_iter().filter(|(y, _)| *y == 0.0 || top % 2.0 == 0.0).collect(),
        shapes: vec![(
            "error",
            area(history, axis, |pane| Some(pane.errors as f64 / top).filter(|share| *share > 0.0)),
        )],
    })
}

/// As axes are labelled: `0.05`, `2.5`, `1200`.
pub(super) fn decimal(number: f64) -> String {
    value(number, "count")
}

/// Lines at the top and half way up.
pub(super) fn halves(top: f64, label: impl Fn(f64) -> String) -> Vec<(f64, String)> {
    vec![(0.0, label(top)), (50.0, label(top / 2.0))]
}

/// The next round number, half of which is one, too.
pub(super) fn round_up(number: f64) -> f64 {
    let power = 10f64.powf(number.log10().floor());
    let round = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0].map(|digit| digit * power);
    // A number that is one of them may be a hair above it.
    round.into_iter().find(|round| *round >= number * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// Steps over the panes whose share of the height is known, filled down to the bottom.
fn area(history: &History, axis: Axis, share: impl Fn(&PaneLine) -> Option<f64>) -> String {
    steps(stretches(history, axis, share), |path, x| write!(path, "M{x},100V"), |path| write!(path, "V100Z"))
}

/// The same as a line.
fn line(history: &History, axis: Axis, share: impl Fn(&PaneLine) -> Option<f64>) -> String {
    joined(stretches(history, axis, share))
}

/// Stretches as one line, interrupted where they are.
pub(super) fn joined(stretches: impl IntoIterator<Item = Stretch>) -> String {
    steps(stretches, |path, x| write!(path, "M{x},"), |_| Ok(()))
}

/// A share of the height from one place to another.
pub(super) struct Stretch {
    pub from: i64,
    pub to: i64,
    pub share: f64,
}

fn stretches(history: &History, axis: Axis, share: impl Fn(&PaneLine) -> Option<f64>) -> impl Iterator<Item = Stretch> {
    history.panes.iter().filter_map(move |pane| {
        let (from, to) = (axis.x(pane.at), axis.x(pane.at + history.width));
        Some(Stretch { from, to, share: share(pane)? })
    })
}

fn steps(
    stretches: impl IntoIterator<Item = Stretch>,
    begin: impl Fn(&mut String, i64) -> std::fmt::Result,
    end: impl Fn(&mut String) -> std::fmt::Result,
) -> String {
    let mut path = String::new();
    let mut reached = None;
    // Writing to a string cannot fail.
    for Stretch { from, to, share } in stretches {
        if reached != Some(from) {
            let _ = if reached.is_some() { end(&mut path) } else { Ok(()) };
            let _ = begin(&mut path, from);
        } else {
            path.push('V');
        }
        let y = 100.0 * (1.0 - share.clamp(0.0, 1.0));
        let y = (y * 10.0).round() / 10.0;
        let _ = write!(path, "{y}H{to}");
        reached = Some(to);
    }
    if reached.is_some() {
        let _ = end(&mut path);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let pane = |at, by_family: [u64; 6], p50_ms, p95_ms| PaneLine {
            at,
            requests: by_family.iter().sum(),
            by_family,
            p50_ms,
            p95_ms,
            ..PaneLine::default()
        };
        let panes = vec![
            pane(100, [0, 0, 6, 0, 0, 2], Some(20.0), Some(300.0)),
            pane(102, [0, 0, 20, 0, 0, 0], Some(10.0), Some(1_000.0)),
            pane(106, [0, 0, 0, 0, 0, 4], None, None),
        ];
        History { width: 2, from: 100, to: 108, panes }
    }

    #[test]
    fn requests_stand_on_one_another_and_gaps_are_gaps() {
        let history = history();
        let plot = requests(&history, Axis::of(&history)).unwrap();
        assert_eq!(plot.lines, [(0.0, "10/s".to_string()), (50.0, "5/s".to_string())]);
        let shapes: Vec<(&str, &str)> = plot.shapes.iter().map(|(class, path)| (*class, path.as_str())).collect();
        assert_eq!(
            shapes,
            [("ok", "M0,100V60H2V0H4V100ZM6,100V80H8V100Z"), ("server", "M0,100V90H2V100ZM6,100V80H8V100Z")]
        );
    }

    #[test]
    fn durations_are_lines_between_powers_of_ten() {
        let history = history();
        let plot = durations(&history, Axis::of(&history)).unwrap();
        let lines: Vec<(f64, &str)> = plot.lines.iter().map(|(y, label)| (*y, label.as_str())).collect();
        assert_eq!(lines, [(0.0, "1 s"), (50.0, "100 ms"), (100.0, "10 ms")]);
        assert_eq!(plot.shapes[0], ("p95", "M0,26.1H2V0H4".to_string()));
        assert_eq!(failed(&history, Axis::of(&history)).unwrap().shapes[0].1, "M0,100V75H2V100H4V100ZM6,100V0H8V100Z");
        assert!(errors(&history, Axis::of(&history)).is_none());
    }

    #[test]
    fn scales_end_at_round_numbers() {
        for (number, round) in
            [(0.07, 0.08), (0.09, 0.1), (1.0, 1.0), (1.1, 2.0), (4.9, 5.0), (8.1, 10.0), (300.0, 300.0)]
        {
            assert!((round_up(number) / round - 1.0).abs() < 1e-9, "{number}: {}", round_up(number));
        }
    }
}
