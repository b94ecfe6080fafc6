//! Runs the samples of a plan: each is a whole run over a small log.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Error, Session};
use crate::classify::Library;
use crate::gather::Range;
use crate::judge::Notice;
use crate::mask::Masking;
use crate::rules::plan::{Moment, Plan};
use crate::rules::sample::{START, Sample};
use crate::rules::trigger::State;
use crate::source::frame::Chunk;
use crate::summary::Summary;
use crate::time::SECOND;
use crate::time::short_span;

/// A sample that did not come out as it says.
pub struct Failed {
    /// Where it stands in the plan, from 1.
    pub line: usize,
    pub about: String,
    pub why: String,
}

/// What does not come out as the plan's own samples say.
pub fn failures(plan: &Plan, library: &Arc<Library>) -> Result<Vec<Failed>, Error> {
    let mut failures = Vec::new();
    for sample in &plan.document.samples {
        for (at, why) in run(plan, library, sample)? {
            failures.push(Failed { line: plan.line(at), about: sample.about.get_ref().clone(), why });
        }
    }
    Ok(failures)
}

/// The byte of the plan's text, and what is wrong there.
fn run(plan: &Plan, library: &Arc<Library>, sample: &Sample) -> Result<Vec<(usize, String)>, Error> {
    let logs = match sample.logs() {
        Ok(logs) => logs,
        Err(wrong) => return Ok(vec![wrong]),
    };
    let at =
        sample.deployed.map_or(Moment::Auto, |after| Moment::At(START.saturating_add(after.0.saturating_mul(SECOND))));
    let mut session = Session::new(plan.clone(), Arc::clone(library), Some(at), Range::default())?;
    let given: Vec<_> = ["app", "http"].into_iter().zip(logs).filter(|(_, log)| !log.is_empty()).collect();
    let sources: Vec<_> = given.iter().map(|(label, _)| session.add_source(label)).collect();
    let mut mapper = session.mapper();
    for (source, (_, log)) in sources.into_iter().zip(given) {
        let bytes = log.len() as u64;
        let chunk = Chunk { text: log.into_bytes().into(), bytes, ..Chunk::default() };
        session.engine.feed(source, mapper.map(chunk));
        session.engine.close(source);
    }
    session.engine.finish();
    let mut fired = BTreeMap::new();
    for notice in session.engine.take_notices() {
        if let Notice::Change(change, _) = notice
            && change.state == State::Firing
        {
            let id = session.engine.judge.rules.triggers[change.trigger].id.clone();
            fired.entry(id).or_insert(change.at.second() - START.second());
        }
    }
    let summary = Summary::new(&session.engine, "sample", None, Masking::default());
    Ok(wrong(sample, &fired, &summary))
}

fn wrong(sample: &Sample, fired: &BTreeMap<String, i64>, summary: &Summary) -> Vec<(usize, String)> {
    let at = sample.about.span().start;
    let mut wrong = Vec::new();
    for (id, wanted) in &sample.fires {
        match fired.get(id) {
            Some(second) if *second == wanted.0 => {}
            Some(second) => wrong.push((at, format!("{id} fires at {}, not at {wanted}", short_span(*second)))),
            None => wrong.push((at, format!("{id} does not fire; it should at {wanted}"))),
        }
    }
    for (id, second) in fired.iter().filter(|(id, _)| !sample.fires.contains_key(*id)) {
        wrong.push((at, format!("{id} fires at {}; it should not", short_span(*second))));
    }
    if let Some(verdict) = sample.verdict.filter(|verdict| *verdict != summary.verdict) {
        let reasons = summary.reasons.join("; ");
        wrong.push((at, format!("the verdict is {}, not {verdict}: {reasons}", summary.verdict)));
    }
    wrong
}
