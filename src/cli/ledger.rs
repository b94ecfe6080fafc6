//! Where a run records what people answer and what actions do, beside its events: the file of `--answers`, or its own state.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Result;

use super::keep;
use super::options::Read;
use super::people::append;
use crate::people::Said;
use crate::state::State;

#[derive(Clone, Debug)]
pub enum Ledger {
    Answers(PathBuf),
    State(PathBuf),
}

impl Ledger {
    /// The one that is asked for, if any is.
    pub fn of(read: &Read) -> Option<Ledger> {
        let answers = read.answers.clone().map(Ledger::Answers);
        answers.or_else(|| read.state.clone().map(Ledger::State))
    }

    /// Adds a line, which is on the disk when this returns.
    pub fn record(&self, said: &Said) -> Result<()> {
        match self {
            Ledger::Answers(path) => {
                append(path, said)?;
                File::open(path)?.sync_all()?;
            }
            // On a connection of its own: whoever records waits for no turn of the run.
            Ledger::State(path) => {
                let mut state = State::look(path).map_err(keep::usage)?;
                state.say_durably(&serde_json::to_string(said)?).map_err(keep::usage)?;
            }
        }
        Ok(())
    }
}
