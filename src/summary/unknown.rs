//! What is not known at the end, why, and what would tell it.

use super::Unknown;
use crate::engine::Engine;
use crate::rules::Rules;
use crate::rules::checkpoint::Checkpoint;
use crate::rules::node::{Node, Read};
use crate::timeline::cell;
use crate::timeline::series::LabelTest;

/// What the input could not tell, with what would.
pub fn unknown(engine: &Engine) -> Vec<Unknown> {
    let mut list = Vec::new();
    let mut add = |what: &str, because: String, remedy: &str| {
        list.push(Unknown { what: what.into(), because, remedy: remedy.into() });
    };
    if engine.gather.counts.records > 0 && engine.judge.records.is_none() {
        add(
            "everything that needs a time",
            "no record of the input has one".into(),
            "feed `railway logs --json`, which prints times",
        );
    }
    if engine.gather.counts.lost > 0 {
        let times =
            if engine.gather.counts.lost == 1 { "once".into() } else { format!("{} times", engine.gather.counts.lost) };
        add(
            "lost lines",
            format!(
                "lines may be missing, {times}: a followed file was cut, a log could not be read, or nobody read a pipe"
            ),
            "let the rotation of a file rename it; replay all that was written",
        );
    }
    let has_edge = engine.judge.observed.edge.is_some();
    if !has_edge && !engine.judge.observed.access_durations {
        let because = match engine.judge.report.requests() {
            0 => "there are no requests in this log",
            _ => "access lines carry no duration",
        };
        add("latency", because.into(), "add `railway logs --http --json` as another file");
    }
    if has_edge && engine.judge.observed.app.is_none() {
        add(
            "errors inside the service",
            "the HTTP log has only requests".into(),
            "add `railway logs --json` as another file",
        );
    }
    let carried = |node: &Node| {
        let mut reads = node.reads().into_iter();
        reads.all(|read| engine.judge.observed.covered(read.carriers, read.reads_duration).is_some())
    };
    let triggers = engine.judge.rules.triggers.iter().map(|trigger| (&trigger.id, &trigger.watch.expr.node));
    let kpis = engine.judge.rules.kpis.iter().filter_map(|kpi| Some((&kpi.id, kpi.expected()?.node())));
    let lacking = triggers.chain(kpis).filter(|(_, node)| engine.judge.rules.lacks_baseline(node) && carried(node));
    let baseline: Vec<&str> = lacking.map(|(id, _)| id.as_str()).collect();
    if !baseline.is_empty() {
        let ids = baseline.join(", ");
        let (because, remedy) = match engine.judge.past {
            None => (
                format!("{ids} compares with the hour before the deployment, which the input does not hold"),
                "feed a longer log, such as `railway logs --json --since 2h`, or give a --baseline",
            ),
            Some(_) => (
                format!("{ids} compares with what the baseline that was given has too little of"),
                "make one of a longer log, with `logwatch baseline`",
            ),
        };
        add("change against before", because, remedy);
    }
    if engine.judge.timeline.crowded {
        let because =
            format!("more than {} events stand in one second, and their order is not kept", cell::MOST_ORDERED);
        add("streaks", because, "narrow the expression's selector");
    }
    if let Some(routes) = routes_without_requests(engine) {
        add(
            "routes",
            format!("the plan asks for {routes}, and no request came there"),
            "see TRAFFIC for those that are called",
        );
    }
    if engine.judge.observed.metrics.is_none() {
        add("memory, CPU", "not in a log".into(), "`logwatch watch` asks Railway for them; else look at its dashboard");
    }
    if reads(&engine.judge.rules, |read| read.carriers.people) && !engine.judge.observed.people {
        add("user reports", "no complaints were recorded".into(), "`logwatch signal` does, --answers reads them");
    }
    if reads(&engine.judge.rules, |read| read.carriers.probes) && engine.judge.observed.probes.is_none() {
        let remedy = "run it live, as with `logwatch watch`, or replay a recording of that";
        add("probes", "nothing was probed: they run while a log is written".into(), remedy);
    }
    for question in engine.judge.rules.asked_nowhere() {
        add(&question.what, "not in a log".into(), &question.ask);
    }
    list
}

/// Whether an expression reads such a number.
fn reads(rules: &Rules, is_such: impl Fn(&Read) -> bool) -> bool {
    let triggers = rules.triggers.iter().map(|trigger| &trigger.watch.expr.node);
    let kpis = rules.kpis.iter().filter_map(|kpi| Some(kpi.expected()?.node()));
    let checks = rules.checkpoints.iter().flat_map(Checkpoint::expected).map(|expected| expected.node());
    triggers.chain(kpis).chain(checks).flat_map(Node::reads).any(is_such)
}

/// The routes that the plan names and no request of the input was for; `None` where that cannot be told.
fn routes_without_requests(engine: &Engine) -> Option<String> {
    /// Routes that are named; the others are counted.
    const NAMED: usize = 3;
    let report = &engine.judge.report;
    let is_called = |test: &LabelTest| report.routes.iter().any(|(route, _)| test.holds(&route.route));
    if report.requests() == 0 || report.routes.other.is_some() {
        return None;
    }
    let missing: Vec<&str> = engine
        .judge
        .rules
        .routes
        .iter()
        .filter(|(_, test)| !is_called(test))
        .map(|(written, _)| written.as_str())
        .collect();
    let (named, others) = missing.split_at(missing.len().min(NAMED));
    let named = named.join(", ");
    match (missing.len(), others.len()) {
        (0, _) => None,
        (_, 0) => Some(named),
        (_, others) => Some(format!("{named} and {others} more")),
    }
}
