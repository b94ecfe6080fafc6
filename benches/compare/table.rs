//! The table: rows below headings, printed as they come.

use std::fmt;

pub struct Table {
    met: usize,
    missed: usize,
}

/// What is asked of a result.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// A result's unit, written after it and after its target.
#[derive(Clone, Copy)]
pub enum Unit {
    Times,
    Percent,
    Mebibytes,
    Milliseconds,
}

impl Table {
    pub fn new() -> Table {
        println!("\n{:<34}{:>16}{:>16}{:>12}   target", "", "logwatch", "the other", "result");
        Table { met: 0, missed: 0 }
    }

    /// What the rows below it compare.
    pub fn heading(&self, text: &str) {
        println!("\n{text}");
    }

    /// A row that cannot be measured here.
    pub fn absent(&self, what: &str, why: &str) {
        println!("  {what:<32}{why:>16}");
    }

    /// Two figures and how many times the one is the other.
    pub fn ratio(&mut self, what: &str, ours: String, other: String, ratio: f64, target: Target) {
        self.row(what, &ours, &other, ratio, Unit::Times, target);
    }

    /// A figure with a bound of its own.
    pub fn bound(&mut self, what: &str, figure: f64, unit: Unit, target: Target) {
        self.row(what, "", "", figure, unit, target);
    }

    fn row(&mut self, what: &str, ours: &str, other: &str, result: f64, unit: Unit, target: Target) {
        let met = target.is_met(result);
        if met {
            self.met += 1
        } else {
            self.missed += 1
        }
        let (side, wanted) = match target {
            Target::AtLeast(wanted) => ("at least", wanted),
            Target::AtMost(wanted) => ("at most", wanted),
        };
        println!(
            "  {what:<32}{ours:>16}{other:>16}{:>12}   {:<18}{}",
            format!("{}{unit}", digits(result)),
            format!("{side} {wanted}{unit}"),
            if met { "met" } else { "MISSED" },
        );
    }

    pub fn end(&self) {
        println!("\n{} of {} targets met", self.met, self.met + self.missed);
    }
}

impl Target {
    fn is_met(self, result: f64) -> bool {
        match self {
            Target::AtLeast(wanted) => result >= wanted,
            Target::AtMost(wanted) => result <= wanted,
        }
    }
}

/// As many decimals as tell something.
fn digits(value: f64) -> String {
    let decimals = if value >= 20.0 { 0 } else { 1 + usize::from(value < 5.0) };
    format!("{value:.decimals$}")
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Times => " x",
            Unit::Percent => " %",
            Unit::Mebibytes => " MiB",
            Unit::Milliseconds => " ms",
        })
    }
}
