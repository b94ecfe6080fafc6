use proptest::prelude::*;

use super::*;

/// A comparison of this truth; `None` for unknown.
fn leaf(truth: Option<bool>) -> Node {
    let left = match truth {
        Some(truth) => Node::Number(f64::from(u8::from(truth))),
        // A baseline nobody has frozen.
        None => Node::Baseline { of: Box::new(Node::Number(1.0)), otherwise: None, id: 0 },
    };
    let (left, right) = (Box::new(left), Box::new(Node::Number(0.0)));
    Node::Compare { op: CompareOp::Greater, left, right, unit: Unit::Plain, past: None }
}

fn tree() -> impl Strategy<Value = Node> {
    let node = any::<Option<bool>>().prop_map(leaf);
    node.prop_recursive(4, 16, 2, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(|(left, right)| (Box::new(left), Box::new(right)));
        prop_oneof![
            pair.clone().prop_map(|(left, right)| Node::And(left, right)),
            pair.prop_map(|(left, right)| Node::Or(left, right)),
            inner.prop_map(|of| Node::Not(Box::new(of))),
        ]
    })
}

proptest! {
    #[test]
    fn the_truth_alone_is_that_of_the_judgement(node in tree()) {
        let (timeline, group) = (Timeline::default(), GroupKey::default());
        let (memory, observed) = (Memory::default(), Observed::default());
        let evaluator = Evaluator {
            timeline: &timeline,
            stretches: &[],
            places: &[],
            memory: &memory,
            observed: &observed,
            tick: Tick::at(1),
            confidence: None,
            min_samples: 0,
            group: &group,
        };
        prop_assert_eq!(evaluator.truth_alone(&node), evaluator.truth(&node).truth);
    }
}
