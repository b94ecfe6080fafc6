//! `logwatch check`, `logwatch ack` and `logwatch signal`: what people say, appended to the file that a run reads with `--answers`, or
//! put into the state of one that goes on.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::clock::now;
use super::options::{AckOptions, CheckOptions, SaidOptions, SignalOptions};
use super::run::UsageError;
use super::{keep, recall};
use crate::expr::suggest::nearest;
use crate::people::{SIGNAL, Said, Verdict};
use crate::rules::plan::Plan;
use crate::session;
use crate::state::{Setup, State};
use crate::text::escape;
use crate::time::parse_time;

/// Records the answer to a manual check.
pub fn check(asked: &CheckOptions, out: &mut impl Write) -> Result<()> {
    let book = Book::open(&asked.said)?;
    let plan = book.plan()?;
    let manual = plan.manual().map_err(session::Error::from).map_err(UsageError::from)?;
    let ids: Vec<&str> = manual.iter().map(|item| item.id.get_ref().as_str()).collect();
    known(&format!("plan {} asks no manual item", plan.name), &asked.item, &ids)?;
    let status = if asked.pass { Verdict::Pass } else { Verdict::Fail };
    let (at, by) = who_and_when(&asked.said)?;
    book.record(&Said::Check { at, item: asked.item.clone(), status, by, note: asked.note.clone() }, out)
}

/// Records that somebody has seen that a trigger fires.
pub fn ack(asked: &AckOptions, out: &mut impl Write) -> Result<()> {
    let book = Book::open(&asked.said)?;
    let plan = book.plan()?;
    let triggers = plan.triggers().map_err(session::Error::from).map_err(UsageError::from)?;
    let ids: Vec<&str> = triggers.iter().map(|trigger| trigger.id).collect();
    known(&format!("plan {} has no trigger", plan.name), &asked.id, &ids)?;
    let (at, by) = who_and_when(&asked.said)?;
    book.record(&Said::Ack { at, id: asked.id.clone(), by, note: asked.note.clone() }, out)
}

/// Records a report from outside.
pub fn signal(asked: &SignalOptions, out: &mut impl Write) -> Result<()> {
    let book = Book::open(&asked.said)?;
    let plan = book.plan()?;
    let packs = book.packs().unwrap_or(&asked.patterns);
    let library = plan.library(packs).map_err(session::Error::from).map_err(UsageError::from)?;
    let names: Vec<&str> = library.classes.iter().filter_map(|class| class.name.strip_prefix(SIGNAL)).collect();
    known("no pattern is of the signal", &asked.name, &names)?;
    let (at, by) = who_and_when(&asked.said)?;
    book.record(&Said::Signal { at, name: asked.name.clone(), by, text: asked.text.clone() }, out)
}

/// Where it is recorded.
enum Book<'a> {
    File { path: &'a Path, plan: &'a str },
    State(Box<(State, Setup)>),
}

impl<'a> Book<'a> {
    fn open(said: &'a SaidOptions) -> Result<Book<'a>> {
        match (&said.state, &said.answers) {
            (Some(path), _) => recall::open(path).map(|open| Book::State(Box::new(open))),
            (None, Some(path)) => Ok(Book::File { path, plan: &said.plan }),
            (None, None) => Err(UsageError("name the file with --answers or --state".into()).into()),
        }
    }

    fn plan(&self) -> Result<Plan, UsageError> {
        let name = match self {
            Book::File { plan, .. } => plan,
            Book::State(open) => open.1.plan.as_str(),
        };
        Plan::load(name).map_err(session::Error::from).map_err(UsageError::from)
    }

    /// The folders of packs that the run of a state has.
    fn packs(&self) -> Option<&Vec<PathBuf>> {
        match self {
            Book::File { .. } => None,
            Book::State(open) => Some(&open.1.packs),
        }
    }

    fn record(self, said: &Said, out: &mut impl Write) -> Result<()> {
        let name = match self {
            Book::File { path, .. } => {
                append(path, said)?;
                escape(&path.display().to_string())
            }
            Book::State(open) => {
                let (mut state, _) = *open;
                state.say(&serde_json::to_string(said)?).map_err(keep::usage)?;
                state.name().into()
            }
        };
        writeln!(out, "recorded in {name}")?;
        Ok(())
    }
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

pub(super) fn append(path: &Path, said: &Said) -> Result<()> {
    said.append(path).with_context(|| format!("cannot write {}", escape(&path.display().to_string())))
}
