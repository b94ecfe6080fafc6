//! What a comparison comes to, and `and`, `or` and `not` of what is known, is not, and may still change (SEMANTICS 8 and 9).
//!
//! Pending is true for what was seen, and may become false; a false that is unsettled is false for what was seen, and may become
//! true. So each is the opposite of the other, and the laws of De Morgan hold.

use crate::expr::Unit;

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Truth {
    True,
    False,
    /// True so far, of a window that was not observed from its beginning.
    Pending,
    Unknown,
}

/// A truth, and the comparison that decided it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Judgement {
    pub truth: Truth,
    pub value: Option<f64>,
    /// The bound of the true value that a confidence gives, where the value itself passes.
    pub bound: Option<f64>,
    pub threshold: Option<f64>,
    pub share: Option<(u64, u64)>,
    pub samples: u64,
    pub unit: Unit,
    /// The baseline that it was compared with, or else what the value was before the deployment.
    pub baseline: Option<Before>,
    /// False so far: more data of a window that was not observed from its beginning could make it true.
    pub unsettled: bool,
}

/// What a value was before the deployment.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Before {
    pub value: f64,
    /// What it rests on.
    pub samples: u64,
    /// Whether the value passed a hard number then as well, and was much the same: a rollback would not mend it.
    pub as_before: bool,
}

impl Judgement {
    pub fn of(value: Option<f64>, threshold: Option<f64>, unit: Unit) -> Self {
        Judgement {
            truth: Truth::Unknown,
            value,
            bound: None,
            threshold,
            share: None,
            samples: 0,
            unit,
            baseline: None,
            unsettled: false,
        }
    }

    /// Whether the value was much the same before the deployment.
    pub fn was_so_before(&self) -> bool {
        self.baseline.is_some_and(|before| before.as_before)
    }

    /// The samples as they are reported: none where constants are compared.
    pub fn reported_samples(&self) -> u64 {
        if self.samples == u64::MAX { 0 } else { self.samples }
    }
}

/// `left and right`: false if one side is, and settled if one of those that are false is.
pub fn both(left: Judgement, right: Judgement) -> Judgement {
    match (left.truth, right.truth) {
        // The guard comes first, and what it guards speaks for both.
        (Truth::False, Truth::False) => Judgement { unsettled: left.unsettled && right.unsettled, ..right },
        (Truth::False, _) => left,
        (_, Truth::False) => right,
        (Truth::Unknown, _) | (_, Truth::Unknown) => Judgement { truth: Truth::Unknown, ..right },
        (Truth::Pending, _) | (_, Truth::Pending) => Judgement { truth: Truth::Pending, ..right },
        (Truth::True, Truth::True) => right,
    }
}

/// `left or right`: false if both sides are, and settled if both are.
pub fn either(left: Judgement, right: Judgement) -> Judgement {
    match (left.truth, right.truth) {
        (Truth::True, _) => left,
        (_, Truth::True) => right,
        (Truth::Pending, _) => left,
        (_, Truth::Pending) => right,
        (Truth::False, Truth::False) => Judgement { unsettled: left.unsettled || right.unsettled, ..right },
        (Truth::Unknown, _) => left,
        (_, Truth::Unknown) => right,
    }
}

/// `not of`.
pub fn opposite(of: Judgement) -> Judgement {
    let (truth, unsettled) = match of.truth {
        Truth::True => (Truth::False, false),
        Truth::Pending => (Truth::False, true),
        Truth::False if of.unsettled => (Truth::Pending, false),
        Truth::False => (Truth::True, false),
        Truth::Unknown => (Truth::Unknown, false),
    };
    Judgement { truth, unsettled, ..of }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> impl Iterator<Item = Judgement> + Clone {
        let judgement = |truth, unsettled| Judgement { truth, unsettled, ..Judgement::of(None, None, Unit::Plain) };
        [Truth::True, Truth::False, Truth::Pending, Truth::Unknown]
            .into_iter()
            .map(move |truth| judgement(truth, false))
            .chain([judgement(Truth::False, true)])
    }

    fn said(judgement: Judgement) -> (Truth, bool) {
        (judgement.truth, judgement.unsettled)
    }

    #[test]
    fn the_order_of_sides_changes_nothing_and_the_laws_of_de_morgan_hold() {
        for left in every() {
            assert_eq!(said(opposite(opposite(left))), said(left));
            for right in every() {
                assert_eq!(said(both(left, right)), said(both(right, left)), "{left:?} {right:?}");
                assert_eq!(said(either(left, right)), said(either(right, left)), "{left:?} {right:?}");
                let sides = either(opposite(left), opposite(right));
                assert_eq!(said(opposite(both(left, right))), said(sides), "{left:?} {right:?}");
            }
        }
    }
}
