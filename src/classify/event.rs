//! What classification yields: events of a class, with labels and values.

use super::by_class::{ByClass, ClassId};
use super::label_set::LabelSet;
use super::library::Library;

/// The most numeric values an event of one class can carry.
pub const MOST_VALUES: usize = 4;

/// Stands for a value the event does not carry.
pub const NO_VALUE: i64 = i64::MIN;

/// One thing that happened, as the classifier that found it keeps it: see [`Classifier::event`](super::Classifier::event).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which of the classifier's label sets.
    pub labels: u32,
    /// Index in [`Library::patterns`](super::Library) of the pattern that gave it.
    pub pattern: u32,
    pub via: Via,
    /// As in [`Event`].
    pub values: [i64; MOST_VALUES],
}

/// One thing that happened, of one class, with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Event {
    pub class: ClassId,
    /// By the index of the label in the class; `None` where the event does not carry it, or nobody reads it.
    pub labels: Box<[Option<Box<str>>]>,
    /// By the index of the value in the class: nanoseconds, bytes or millionths; [`NO_VALUE`] where absent.
    pub values: [i64; MOST_VALUES],
    pub via: Via,
    /// Index in [`Library::patterns`](super::Library) of the pattern that gave it.
    pub pattern: u32,
}

/// Which of the two ways a request was seen (SEMANTICS 18); events that are no requests have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Via {
    /// Of what is no request.
    None,
    /// By a line of the service's own log.
    Access,
    /// By the proxy in front of the service.
    Edge,
}

impl Event {
    /// An event as a classifier or a fragment keeps it, with its label set.
    pub fn new(labels: LabelSet<'_>, values: [i64; MOST_VALUES], via: Via, pattern: u32) -> Self {
        let class = labels.class;
        let labels = labels.values().map(|value| value.map(Box::from)).collect();
        Event { class, labels, values, via, pattern }
    }
}

/// Which labels and values of which classes some expression or report reads; all others are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    labels: ByClass<Vec<bool>>,
    values: ByClass<[bool; MOST_VALUES]>,
}

impl Interest {
    /// Nobody reads anything yet.
    pub fn none(library: &Library) -> Self {
        Interest::new(library, false)
    }

    pub fn all(library: &Library) -> Self {
        Interest::new(library, true)
    }

    fn new(library: &Library, read: bool) -> Self {
        let labels = library.classes.map(|_, class| vec![read; class.labels.len()]);
        Interest { labels, values: library.classes.map(|_, _| [read; MOST_VALUES]) }
    }

    pub fn add(&mut self, class: ClassId, label: usize) {
        self.labels[class][label] = true;
    }

    pub fn add_value(&mut self, class: ClassId, value: usize) {
        self.values[class][value] = true;
    }

    pub fn wants(&self, class: ClassId, label: usize) -> bool {
        self.labels[class][label]
    }

    pub fn wants_value(&self, class: ClassId, value: usize) -> bool {
        self.values[class][value]
    }
}
