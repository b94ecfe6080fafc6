//! Ticks: when rules look at the windows (SEMANTICS 4).

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The end of a whole second, which is the beginning of the next: rules look at all that was before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tick(i64);

impl Tick {
    /// Before all others: of what may be due at any.
    pub const FIRST: Tick = Tick(i64::MIN);
    /// After all others: of what is never due.
    pub const NEVER: Tick = Tick(i64::MAX);

    /// At the end of a second.
    pub fn after(second: i64) -> Self {
        Tick(second.saturating_add(1))
    }

    /// At the beginning of a second.
    pub fn at(second: i64) -> Self {
        Tick(second)
    }

    /// The second that begins with it.
    pub fn second(self) -> i64 {
        self.0
    }

    /// The second that ends with it, the last one that rules see.
    pub fn ended(self) -> i64 {
        self.0 - 1
    }

    /// When it is.
    pub fn time(self) -> Time {
        Time::from_second(self.0)
    }

    /// So many seconds later, or earlier.
    pub fn plus(self, seconds: i64) -> Self {
        Tick(self.0.saturating_add(seconds))
    }

    /// Seconds since an earlier one.
    pub fn since(self, earlier: Tick) -> i64 {
        self.0 - earlier.0
    }
}
