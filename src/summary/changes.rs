//! What triggers did under the deployment that is judged, as far as there is room for it.

use super::TriggerEvent;

/// Changes that are kept: more than a picture has room for.
const MOST: usize = 1_000;

#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The first ones, in the order of time.
    pub first: Vec<TriggerEvent>,
    /// How many there were beyond those.
    pub beyond: u64,
}

impl Changes {
    pub fn add(&mut self, event: &TriggerEvent) {
        match self.first.len() {
            ..MOST => self.first.push(event.clone()),
            _ => self.beyond += 1,
        }
    }
}
