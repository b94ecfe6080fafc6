//! What the input covers: what a rule can know at all (SEMANTICS 8 to 10).

use crate::classify::Carriers;

/// What was observed, as the rules need it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The second of the deployment; windows begin no earlier.
    pub deployed: i64,
    /// What a service's own output covers, and what the HTTP log does.
    pub app: Option<Covered>,
    pub edge: Option<Covered>,
    /// Whether access lines with a duration were seen.
    pub access_durations: bool,
    /// The last second in which the platform dropped messages.
    pub dropped: Option<i64>,
}

/// The seconds that sources of one kind cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    pub from: i64,
    /// The last second, once all of them have ended.
    pub until: Option<i64>,
}

impl Observed {
    /// What the sources that could carry a class cover.
    pub fn covered(&self, carriers: Carriers, reads_duration: bool) -> Option<Covered> {
        let app = self.app.filter(|_| carriers.app && (!reads_duration || self.access_durations));
        let edge = self.edge.filter(|_| carriers.edge);
        match (app, edge) {
            (Some(a), Some(b)) => {
                let until = a.until.zip(b.until).map(|(a, b)| a.max(b));
                Some(Covered { from: a.from.min(b.from), until })
            }
            (a, b) => a.or(b),
        }
    }
}
