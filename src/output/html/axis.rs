//! The time axis that all plots of the picture share.

use maud::{Markup, html};

use crate::summary::history::History;
use crate::time::Time;
use crate::zone::Zone;

/// Ticks of an axis at most: on a telephone there is no room for more.
const TICKS: i64 = 5;
/// Seconds between two ticks.
const STEPS: [i64; 18] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];

/// Times as places from left to right.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Seconds since the epoch.
    pub from: i64,
    pub to: i64,
}

impl Axis {
    pub fn of(history: &History) -> Self {
        Axis { from: history.from, to: history.to.max(history.from + 1) }
    }

    /// Seconds.
    pub fn length(self) -> i64 {
        self.to - self.from
    }

    /// Seconds from its left end, which is what plots are drawn in; no place beyond its ends.
    pub fn x(self, second: i64) -> i64 {
        second.clamp(self.from, self.to) - self.from
    }

    pub fn contains(self, second: i64) -> bool {
        (self.from..=self.to).contains(&second)
    }

    /// As a share of the width.
    pub fn percent(self, second: i64) -> String {
        format!("{:.2}%", 100.0 * self.x(second) as f64 / self.length() as f64)
    }

    /// Where text begins, ends or is centred that is to stand at a second and not to be cut off.
    pub fn anchor(self, second: i64) -> &'static str {
        match self.x(second) as f64 / self.length() as f64 {
            ..0.12 => "start",
            0.88.. => "end",
            _ => "middle",
        }
    }

    fn ticks(self) -> impl Iterator<Item = i64> {
        let enough = |step: &i64| self.length() / step < TICKS;
        let days = || (self.length() / TICKS / 86_400 + 1) * 86_400;
        let step = STEPS.into_iter().find(enough).unwrap_or_else(days);
        let first = self.from.div_euclid(step) * step;
        (0..=TICKS + 1).map(move |n| first + n * step).filter(move |tick| self.contains(*tick))
    }

    /// The clock times below the plots, and the deployment.
    pub fn draw(self, deployed: Option<i64>, zone: Zone) -> Markup {
        let label = |second: i64| {
            let time = Time::from_second(second);
            if self.length() > 2 * 86_400 {
                zone.shown(time).format("%m-%d %H:%M").to_string()
            } else {
                zone.clock(time)
            }
        };
        html! {
            svg.axis width="100%" height="34" aria-hidden="true" {
                @for tick in self.ticks() {
                    text.tick x=(self.percent(tick)) y="12" text-anchor=(self.anchor(tick)) { (label(tick)) }
                }
                @if let Some(deployed) = deployed.filter(|deployed| self.contains(*deployed)) {
                    text.deployed x=(self.percent(deployed)) y="29" text-anchor=(self.anchor(deployed)) {
                        "deployed " (label(deployed))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = |from, to| Axis { from, to }.ticks().collect::<Vec<_>>();
        assert_eq!(ticks(0, 1), [0, 1]);
        assert_eq!(ticks(3, 100), [30, 60, 90]);
        assert_eq!(ticks(-7_000, 7_000), [-3_600, 0, 3_600]);
        for length in (1..200_000).step_by(97).chain([86_400 * 400, 1 << 40]) {
            assert!(
                (1..=TICKS + 1).contains(&(ticks(10, 10 + length).len() as i64)),
                "{length}: {:?}",
                ticks(10, 10 + length)
            );
        }
    }

    #[test]
    fn places_are_within_the_axis() {
        let axis = Axis { from: 100, to: 300 };
        assert_eq!((axis.x(50), axis.x(150), axis.x(900)), (0, 50, 200));
        assert_eq!(axis.percent(150), "25.00%");
        assert_eq!([110, 200, 290].map(|second| axis.anchor(second)), ["start", "middle", "end"]);
    }
}
