//! What all groups of a comparison say together.

use super::{Evaluator, Judgement};
use crate::expr::{CompareOp, Unit};
use crate::rules::judgement::Truth;
use crate::rules::node::{Node, Read};
use crate::rules::overall::Pool;
use crate::rules::proof::measured;

impl Evaluator<'_> {
    /// What the groups that were there before say together.
    pub(super) fn overall(&self, op: CompareOp, left: &Node, id: usize) -> Judgement {
        let nothing = Judgement::of(None, None, Unit::Ratio);
        let (Some(confidence), Some(measured)) = (self.confidence, measured(op, left)) else { return nothing };
        let strata = self.memory.strata.get(&id).map_or(&[][..], Vec::as_slice);
        let is_known = |read: &Read| self.stretches[read.index].is_some_and(|stretch| !stretch.quality.lossy);
        if !left.reads_only(&is_known) {
            return nothing;
        }
        let pool = Pool { timeline: self.timeline, strata, measured };
        let Some(now) = pool.window() else { return nothing };
        let judgement = Judgement {
            truth: Truth::of(now.is_above()),
            value: now.share(),
            threshold: now.expected_share(),
            share: Some((now.hits, now.samples)),
            samples: now.samples,
            ..nothing
        };
        if judgement.truth != Truth::True {
            return judgement;
        }
        let proof = pool.proof(confidence, self.observed.deployed, self.observed.dropped);
        let nearer = |bound: f64| now.share().map_or(bound, |share| bound.min(share));
        Judgement {
            truth: Truth::of(proof.is_some_and(|proof| proof.holds)),
            bound: proof.map(|proof| nearer(proof.bound)),
            ..judgement
        }
    }
}
