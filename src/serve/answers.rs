//! What people tell on the page: it goes into the file that the run reads.

use std::sync::Arc;

use crate::output::html::Item;
use crate::people::Said;
use crate::time::Time;

/// Records what was said; an error is told to who said it.
pub type Record = Arc<dyn Fn(&Said) -> Result<(), String> + Send + Sync>;

/// What can be answered and reported.
#[derive(Clone)]
pub struct Answers {
    /// The plan's manual checks.
    pub items: Vec<Item>,
    /// What can be reported, by name.
    pub signals: Vec<String>,
    pub record: Record,
    /// The time of day.
    pub now: fn() -> Time,
}
