//! How near a trigger came to being true, for who asks what a plan would have done.

use super::judgement::{Judgement, Truth};
use crate::timeline::Tick;
use crate::timeline::group_key::GroupKey;

/// The tick at which a value came nearest to its threshold.
#[derive(Clone, Debug)]
pub struct Nearest {
    pub at: Tick,
    pub group: GroupKey,
    pub judgement: Judgement,
    /// Of the larger of the two.
    distance: f64,
}

/// The nearer of what was and what is now.
pub fn nearer(before: Option<Nearest>, at: Tick, group: &GroupKey, judgement: &Judgement) -> Option<Nearest> {
    let (Some(value), Some(threshold)) = (judgement.value, judgement.threshold) else { return before };
    let scale = value.abs().max(threshold.abs());
    // Nothing at all is near to nothing.
    if judgement.truth != Truth::False || scale == 0.0 || value == 0.0 {
        return before;
    }
    let distance = (value - threshold).abs() / scale;
    if before.as_ref().is_some_and(|before| before.distance <= distance) {
        return before;
    }
    Some(Nearest { at, group: group.clone(), judgement: *judgement, distance })
}
