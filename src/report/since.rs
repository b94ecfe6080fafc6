//! What was counted since the deployment, which may show only after it began.

use super::Total;
use crate::classify::{ByClass, ClassId};

/// Where counts stood at some moment.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
struct Counted {
    requests: u64,
    failed: u64,
    /// Events by class.
    classes: ByClass<u64>,
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Since {
    /// Requests in seconds that lie after some deployment, and those of them that failed (5xx).
    requests: u64,
    failed: u64,
    /// What was counted before the deployment.
    before: Counted,
    /// What was counted before the start since which all is counted apart.
    apart: Option<Counted>,
}

impl Since {
    pub fn add(&mut self, requests: u64, failed: u64) {
        (self.requests, self.failed) = (self.requests + requests, self.failed + failed);
    }

    pub fn is_apart(&self) -> bool {
        self.apart.is_some()
    }

    /// From now on all is counted apart, should a deployment have begun here, or no longer.
    pub fn set_apart(&mut self, is_apart: bool, classes: &ByClass<Total>) {
        self.apart = is_apart.then(|| self.counted(classes));
    }

    /// A new deployment, which began here if nothing is counted apart.
    pub fn begin(&mut self, classes: &ByClass<Total>) {
        self.before = self.apart.take().unwrap_or_else(|| self.counted(classes));
    }

    fn counted(&self, classes: &ByClass<Total>) -> Counted {
        let classes = classes.map(|_, total| total.count);
        Counted { requests: self.requests, failed: self.failed, classes }
    }

    pub fn requests(&self) -> u64 {
        self.requests - self.before.requests
    }

    pub fn failed(&self) -> u64 {
        self.failed - self.before.failed
    }

    /// Of so many events of a class.
    pub fn events(&self, class: ClassId, all: u64) -> u64 {
        all - self.before.classes.get(class).copied().unwrap_or(0)
    }
}
