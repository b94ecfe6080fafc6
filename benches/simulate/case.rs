//! A case: one deployment, drawn from the run's seed and the case's number.

use std::fmt;
use std::str::FromStr;

use crate::draw::Draw;
use crate::faults::{FAULTS, Kind};
use crate::play::{Logs, play};
use crate::random::Random;
use crate::script::Script;
use crate::stack::STACKS;
use crate::twins::TWINS;

/// Which of two series, and where in it: `F17` is a fault, `H17` a healthy twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    pub faulty: bool,
    pub index: usize,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.faulty { 'F' } else { 'H' }, self.index)
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Number, String> {
        let parse = |digits: &str| digits.parse().map_err(|_| format!("{text:?} is no case, such as F17 or H3"));
        match text.split_at_checked(1) {
            Some(("F" | "f", digits)) => Ok(Number { faulty: true, index: parse(digits)? }),
            Some(("H" | "h", digits)) => Ok(Number { faulty: false, index: parse(digits)? }),
            _ => Err(format!("{text:?} is no case, such as F17 or H3")),
        }
    }
}

impl Number {
    /// The kinds take turns.
    pub fn kind(self) -> &'static Kind {
        let kinds: &[Kind] = if self.faulty { &FAULTS } else { &TWINS };
        &kinds[self.index % kinds.len()]
    }
}

pub struct Case {
    pub number: Number,
    pub script: Script,
    pub logs: Logs,
}

/// Requests a minute.
const RATES: (f64, f64) = (1.0, 60.0);

impl Case {
    pub fn draw(seed: u64, number: Number) -> Case {
        let seed = Random::stream(seed, &number.to_string()).bits();
        let mut random = Random::stream(seed, "script");
        let kind = number.kind();
        let stack = random.pick(&STACKS);
        let per_minute = random.log_uniform(RATES.0, RATES.1);
        let baseline = kind.needs_baseline || random.chance(0.65);
        let mut script = Script::healthy(stack, per_minute, baseline, &mut random);
        (kind.write)(&mut script, &mut random);
        let logs = play(&script, &mut Random::stream(seed, "play"));
        Case { number, script, logs }
    }
}
