//! The plots of memory and processors: what is used, which is measured once a minute or so, and what may be.

use super::super::format::value;
use super::axis::Axis;
use super::plots::{Plot, Stretch, decimal, halves, joined, round_up};
use crate::summary::history::{History, PaneLine};

/// Seconds that a measurement holds without another one: the platform measures once a minute, and may be late.
const HOLDS: i64 = 180;

pub fn memory(history: &History, axis: Axis) -> Option<Plot> {
    let of = |pane: &PaneLine| (pane.memory, pane.memory_limit);
    plot(history, axis, "Memory", "memory", of, round_up_bytes, |bytes| value(bytes, "bytes"))
}

pub fn cpu(history: &History, axis: Axis) -> Option<Plot> {
    let of = |pane: &PaneLine| (pane.cpu, pane.cpu_limit);
    plot(history, axis, "CPU cores", "cpu", of, round_up, decimal)
}

/// The scale ends above what is used; a limit that is far beyond is told, not drawn.
fn plot(
    history: &History,
    axis: Axis,
    title: &'static str,
    class: &'static str,
    of: impl Fn(&PaneLine) -> (Option<f64>, Option<f64>),
    round_up: impl Fn(f64) -> f64,
    label: impl Fn(f64) -> String,
) -> Option<Plot> {
    /// A limit up to so many times what is used lies within the scale.
    const NEAR: f64 = 2.0;
    let used = |pane: &PaneLine| of(pane).0;
    let limit = |pane: &PaneLine| of(pane).1;
    let most = history.panes.iter().filter_map(used).reduce(f64::max).filter(|most| *most > 0.0)?;
    let newest = history.panes.iter().filter_map(limit).next_back();
    let highest = history.panes.iter().filter_map(limit).reduce(f64::max);
    let near = highest.filter(|limit| *limit <= NEAR * most);
    let top = round_up(near.map_or(most, |limit| limit.max(most)));
    let share = |number: f64| Some(number / top).filter(|share| *share <= 1.0);
    let mut shapes = vec![(class, joined(held(history, axis, |pane| used(pane).and_then(share))))];
    if near.is_some() {
        shapes.insert(0, ("limit", joined(held(history, axis, |pane| limit(pane).and_then(share)))));
    }
    let of_limit = newest.map(|limit| format!(" of {}", label(limit))).unwrap_or_default();
    Some(Plot {
        title,
        says: format!("{title}: at most {}{of_limit} used", label(most)),
        key: newest.map(|limit| ("limit", format!("limit {}", label(limit)))).into_iter().collect(),
        lines: halves(top, &label),
        shapes,
    })
}

/// What was measured, until it is measured again.
fn held(history: &History, axis: Axis, share: impl Fn(&PaneLine) -> Option<f64>) -> Vec<Stretch> {
    let known: Vec<(i64, f64)> = history.panes.iter().filter_map(|pane| Some((pane.at, share(pane)?))).collect();
    let ends = known.iter().skip(1).map(|(at, _)| *at).chain([axis.to]);
    let stretch = |((at, share), next): (&(i64, f64), i64)| {
        let to = if next - at <= HOLDS { next } else { at + history.width };
        Stretch { from: axis.x(*at), to: axis.x(to), share: *share }
    };
    known.iter().zip(ends).map(stretch).collect()
}

/// The next round number of KiB, MiB and so on.
fn round_up_bytes(bytes: f64) -> f64 {
    let unit = 1024f64.powf((bytes.max(1.0).log2() / 10.0).floor());
    // Between 1000 and 1024 of one the next one is round.
    round_up(bytes / unit).min(1024.0) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1_048_576.0;

    fn history(used: &[(i64, f64)], limit: f64) -> History {
        let pane = |(at, used): &(i64, f64)| PaneLine {
            at: *at,
            memory: Some(*used),
            memory_limit: Some(limit),
            cpu: Some(used / 100.0 / MIB),
            ..PaneLine::default()
        };
        let panes = used.iter().map(pane).collect();
        History { width: 2, from: 0, to: 1_000, panes }
    }

    #[test]
    fn a_measurement_holds_until_the_next_or_until_there_is_none() {
        let history = history(&[(0, 100.0 * MIB), (60, 150.0 * MIB), (600, 200.0 * MIB)], 8_192.0 * MIB);
        let plot = memory(&history, Axis::of(&history)).unwrap();
        assert_eq!(plot.shapes, [("memory", "M0,50H60V25H62M600,0H602".to_string())]);
        assert_eq!(plot.lines, [(0.0, "200 MiB".to_string()), (50.0, "100 MiB".to_string())]);
        assert_eq!(plot.key, [("limit", "limit 8 GiB".to_string())]);
        assert_eq!(plot.says, "Memory: at most 200 MiB of 8 GiB used");
    }

    #[test]
    fn a_limit_that_is_near_is_drawn() {
        let history = history(&[(0, 400.0 * MIB), (60, 450.0 * MIB)], 512.0 * MIB);
        let plot = memory(&history, Axis::of(&history)).unwrap();
        assert_eq!(plot.shapes[0], ("limit", "M0,14.7H60V14.7H62".to_string()));
        assert_eq!(plot.lines[0].1, "600 MiB");
        let plot = cpu(&history, Axis::of(&history)).unwrap();
        assert_eq!((plot.says.as_str(), plot.lines[0].1.as_str()), ("CPU cores: at most 4.5 used", "5"));
    }

    #[test]
    fn nothing_known_is_not_drawn() {
        let history = History { width: 2, from: 0, to: 10, panes: vec![PaneLine::default()] };
        assert!(memory(&history, Axis::of(&history)).is_none() && cpu(&history, Axis::of(&history)).is_none());
        assert_eq!([1000.0, 1023.0 * MIB, 0.0].map(round_up_bytes), [1000.0, 1024.0 * MIB, 0.0]);
    }
}
