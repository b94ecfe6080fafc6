//! External events: what the program measures itself, beside the lines of the log, such as the results of probes and the metrics of a
//! platform. They are of classes of the library whose patterns read no line, count in their second like all others, and stand in a
//! recording, so that its replay has them, too.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::time::Time;

/// The source that evidence of external events is of; seconds that are written keep 32 bits of it.
pub const EXTERNAL: usize = u32::MAX as usize;

/// Events that wait to be taken in; who measures more than a run takes is measured no more until it does.
const WAITING: usize = 1_024;

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// When it was measured, by this machine's clock.
    pub at: Time,
    /// The class of the event.
    pub class: String,
    /// Those that the class does not have are left out.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// In the base unit: seconds, bytes, or plain numbers.
    #[serde(default)]
    pub values: BTreeMap<String, f64>,
    /// What is shown as evidence.
    pub message: String,
}

impl External {
    /// An event without labels and values; `message` is what a person reads of it.
    pub fn new(at: Time, class: &str, message: String) -> External {
        External { at, class: class.into(), labels: BTreeMap::new(), values: BTreeMap::new(), message }
    }

    /// What it is one of, in the order of time: its class and its labels.
    pub fn series(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("measured {} {}", self.class, labels.join(" "))
    }

    /// The same with a label.
    pub fn label(mut self, name: &str, value: &str) -> External {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// The same with a value, in the unit of its class.
    pub fn value(mut self, name: &str, value: f64) -> External {
        self.values.insert(name.into(), value);
        self
    }
}

/// Both ends of the way from who measures to the run.
pub fn channel() -> (Sender<External>, Receiver<External>) {
    bounded(WAITING)
}
