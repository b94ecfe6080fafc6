//! What is remembered from tick to tick, and since the deployment began.

use rustc_hash::FxHashMap;

use super::frozen::Frozen;
use super::node::Node;
use super::overall::Stratum;
use super::trend::Trend;
use crate::timeline::group_key::GroupKey;

/// What trends and baselines remember, by their id and group, and what is made of the latter. Evaluating reads it; it is written once a tick, and when a
/// deployment begins.
#[derive(Debug, Default)]
pub struct Memory {
    pub baselines: FxHashMap<(usize, GroupKey), Frozen>,
    /// What each `overall` compares with, by its id.
    pub strata: FxHashMap<usize, Vec<Stratum>>,
    pub(super) trends: FxHashMap<(usize, GroupKey), Trend>,
}

impl Memory {
    /// A new deployment: what was seen under the one before is no trend of this one.
    pub fn begin(&mut self) {
        self.trends.clear();
    }

    /// Whether an expression needs a baseline that no group has.
    pub(super) fn lacks_baseline(&self, node: &Node) -> bool {
        let mut needed = node.baselines().into_iter().filter(|baseline| baseline.otherwise.is_none());
        needed.any(|baseline| !self.baselines.keys().any(|(id, _)| *id == baseline.id))
    }
}
