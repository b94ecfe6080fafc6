//! What a run with a state is asked for: the same each time it is started.

use std::path::PathBuf;

use anyhow::Result;

use super::clock::now;
use super::keep;
use super::options::Read;
use super::run::UsageError;
use crate::rules::plan::{Moment, Plan};
use crate::state::{self, Setup, State};
use crate::time::Time;

/// The setup of a run, as its state has it, or new. What is not known of a new one yet is left open.
pub fn setup(read: &Read, source: Vec<(String, String)>, state: &State, began: Time) -> Result<Setup> {
    let asked = asked(read, source);
    if let Some(known) = state.setup().map_err(keep::usage)? {
        state.is_of(&asked, &known).map_err(keep::usage)?;
        let setup = Setup { asked, plan_hash: hash(&read.plan)?, ..known };
        return Ok(setup);
    }
    let [since, until] = [read.since, read.until].map(|end| end.map(|end| end.bound(began, read.tz)));
    let deployed_at = match read.deployed_at.map(|deployed| deployed.moment(began, read.tz)) {
        Some(Moment::At(at)) => Some(at),
        _ => None,
    };
    Ok(Setup {
        version: state::VERSION.into(),
        asked,
        plan: place(&read.plan),
        plan_hash: hash(&read.plan)?,
        packs: read.patterns.iter().map(|path| absolute(path.clone())).collect(),
        sources: Vec::new(),
        began,
        reference: None,
        deployment: None,
        deployed_at,
        since,
        until,
        apart: false,
    })
}

/// A hash of a plan.
pub fn hash(plan: &str) -> Result<String, UsageError> {
    Plan::load(plan).map(|plan| Setup::hash(&plan)).map_err(|error| UsageError(error.to_string()))
}

/// When the run began: now, for one that has not.
pub fn began(state: Option<&State>) -> Result<Time> {
    let setup = state.map(State::setup).transpose().map_err(keep::usage)?.flatten();
    Ok(setup.map_or_else(now, |setup| setup.began))
}

fn asked(read: &Read, source: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut asked = source;
    let patterns: Vec<String> = read.patterns.iter().map(|path| path.display().to_string()).collect();
    // The names of options; of times the form in which they were read tells them apart.
    asked.extend([
        ("--patterns".into(), patterns.join(" ")),
        ("--baseline".into(), read.baseline.as_ref().map(|path| path.display().to_string()).unwrap_or_default()),
        ("--deployed-at".into(), format!("{:?}", read.deployed_at)),
        ("--since".into(), format!("{:?}", read.since)),
        ("--until".into(), format!("{:?}", read.until)),
    ]);
    asked
}

/// A plan by its name, or where its file is, wherever it is asked for.
fn place(plan: &str) -> String {
    match Plan::is_built_in(plan) {
        true => plan.into(),
        false => absolute(plan.into()).display().to_string(),
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
