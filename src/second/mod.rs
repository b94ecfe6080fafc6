//! Second: all that a run keeps of one second of its log, as plain data.
//!
//! What comes before it ([`gather`](crate::gather)) makes seconds of lines; what comes after it ([`judge`](crate::judge)) reads seconds,
//! and nothing else. A second holds label sets by what they say, not by where anybody keeps them: so it can be written, read again,
//! and added to another of the same second.

mod counts;
pub mod evidence;
mod merge;
mod tally;
mod written;

pub use counts::Counts;
pub use tally::{Keep, Point, Singled, Tally};
pub use written::Error;

use crate::classify::{LabelSets, Sign, Via};
use crate::time::{SECOND, Time};
use evidence::Evidence;

/// Label sets kept apart in one second; of more, those with the smallest hashes, the others without their labels.
pub const MOST_TALLIES: usize = 8_192;

/// A pause before an entry that is worth a look takes so many nanoseconds at least.
pub const PAUSE: i64 = 10 * SECOND;

/// The times of the first and the last of some records.
pub type Span = (Time, Time);

/// A span that covers another one, too.
pub fn covering(known: Option<Span>, (first, last): Span) -> Option<Span> {
    Some(known.map_or((first, last), |(from, to)| (from.min(first), to.max(last))))
}

/// One second of a log.
#[derive(Debug)]
pub struct Second {
    /// Seconds since the epoch.
    pub at: i64,
    /// How its requests were seen best: by the HTTP log where one covers it (SEMANTICS 18).
    pub seen: Via,
    /// The label sets of the tallies, in their order; and that of the gravest event after a pause, if none of them has it.
    pub sets: LabelSets,
    /// What happened, in no telling order.
    pub tallies: Vec<Tally>,
    /// The times of the first and the last record of any source.
    pub records: Option<Span>,
    /// Those of a service's own output.
    pub entries: Option<Span>,
    /// The first entry, by time, then text, if it came after a pause; with the label set of its gravest event.
    pub after_pause: Option<(Evidence, Option<u32>)>,
    /// Lines that say what became of a process.
    pub signs: Vec<(Sign, Evidence)>,
    /// The deployments that served requests, each as the hash of its id with its first record, by time, then text.
    pub served: Vec<(u32, Evidence)>,
    /// Messages that the platform says it dropped, or one for each time that a followed file was cut.
    pub dropped: u64,
    /// Events that lost their labels, because the second has too many different ones.
    pub crowded: u64,
    /// What the lines came to that were read since the second before this one was complete.
    pub counts: Counts,
}

impl Default for Second {
    fn default() -> Self {
        Second::new(0)
    }
}

impl Second {
    /// One in which nothing happened.
    pub fn new(at: i64) -> Self {
        Second {
            at,
            seen: Via::Access,
            sets: LabelSets::default(),
            tallies: Vec::new(),
            records: None,
            entries: None,
            after_pause: None,
            signs: Vec::new(),
            served: Vec::new(),
            dropped: 0,
            crowded: 0,
            counts: Counts::default(),
        }
    }

    /// Whether it has a record of the HTTP log.
    pub fn has_edge(&self) -> bool {
        self.tallies.iter().any(|tally| tally.via == Via::Edge)
    }

    /// Takes note of a record that the deployment of this id served.
    pub fn serve(served: &mut Vec<(u32, Evidence)>, id: u32, line: Evidence) {
        match served.iter_mut().find(|(known, _)| *known == id) {
            Some((_, first)) if line.is_before(first) => *first = line,
            Some(_) => {}
            None => served.push((id, line)),
        }
    }
}
