//! `logwatch check` and `logwatch signal`: what people say, appended to the file that a run reads with `--answers`.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use super::clock::now;
use super::options::{CheckOptions, SaidOptions, SignalOptions};
use super::run::UsageError;
use crate::expr::suggest::nearest;
use crate::output::escape;
use crate::people::{SIGNAL, Said, Verdict};
use crate::rules::plan::{Plan, parse_time};
use crate::session;

/// Records the answer to a manual check.
pub fn check(asked: &CheckOptions, out: &mut impl Write) -> Result<()> {
    let said = &asked.said;
    let plan = Plan::load(&said.plan).map_err(session::Error::from).map_err(UsageError::from)?;
    let manual = plan.manual().map_err(session::Error::from).map_err(UsageError::from)?;
    let ids: Vec<&str> = manual.iter().map(|item| item.id.get_ref().as_str()).collect();
    known(&format!("plan {} asks no manual item", plan.name), &asked.item, &ids)?;
    let status = if asked.pass { Verdict::Pass } else { Verdict::Fail };
    let (at, by) = who_and_when(said)?;
    append(&said.answers, &Said::Check { at, item: asked.item.clone(), status, by, note: asked.note.clone() })?;
    writeln!(out, "recorded in {}", escape(&said.answers.display().to_string()))?;
    Ok(())
}

/// Records a report from outside.
pub fn signal(asked: &SignalOptions, out: &mut impl Write) -> Result<()> {
    let said = &asked.said;
    let plan = Plan::load(&said.plan).map_err(session::Error::from).map_err(UsageError::from)?;
    let library = plan.library(&asked.patterns).map_err(session::Error::from).map_err(UsageError::from)?;
    let names: Vec<&str> = library.classes.iter().filter_map(|class| class.name.strip_prefix(SIGNAL)).collect();
    known("no pattern is of the signal", &asked.name, &names)?;
    let (at, by) = who_and_when(said)?;
    append(&said.answers, &Said::Signal { at, name: asked.name.clone(), by, text: asked.text.clone() })?;
    writeln!(out, "recorded in {}", escape(&said.answers.display().to_string()))?;
    Ok(())
}

/// The time and the name that are recorded: now and the user's unless they are given.
fn who_and_when(said: &SaidOptions) -> Result<(String, Option<String>), UsageError> {
    let at = match &said.at {
        Some(text) => parse_time(text).map_err(UsageError)?,
        None => now(),
    };
    let user = || std::env::var("USER").or_else(|_| std::env::var("USERNAME")).ok();
    Ok((at.to_string(), said.by.clone().or_else(user)))
}

fn known(what: &str, name: &str, known: &[&str]) -> Result<(), UsageError> {
    if known.contains(&name) {
        return Ok(());
    }
    let name = escape(name);
    Err(UsageError(match nearest(&name, known.iter().copied()) {
        Some(near) => format!("{what} `{name}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("{what} `{name}`: there is none"),
        None => format!("{what} `{name}`; there is {}", known.join(", ")),
    }))
}

fn append(path: &Path, said: &Said) -> Result<()> {
    said.append(path).with_context(|| format!("cannot write {}", escape(&path.display().to_string())))
}
