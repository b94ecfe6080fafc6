//! Draws of real numbers. `ln` and `cos` may round differently on another platform, so a seed gives the same bytes on one
//! platform only, which is all a simulation needs.

use crate::clock::{SECOND, Time};
use crate::random::Random;

pub trait Draw {
    /// Uniform in `0.0..1.0`.
    fn unit(&mut self) -> f64;

    fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Each factor between the two is as likely as any other: for quantities that vary over orders of magnitude.
    fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Nanoseconds of a uniformly drawn number of seconds.
    fn seconds(&mut self, low: f64, high: f64) -> i64 {
        seconds(self.uniform(low, high))
    }
}

impl Draw for Random {
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Nanoseconds.
pub fn seconds(seconds: f64) -> i64 {
    (seconds * SECOND as f64) as i64
}

/// The times of events that come by chance at a mean distance of so many seconds.
pub fn poisson(random: &mut Random, from: Time, to: Time, mean: f64) -> Vec<Time> {
    let mut times = Vec::new();
    let mut at = from + seconds(random.exponential(mean));
    while at < to {
        times.push(at);
        at = at + seconds(random.exponential(mean)).max(1);
    }
    times
}
