//! What a run was asked for: what it is to be gone on with is the same.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Error, State};
use crate::gather::{Bound, Range};
use crate::rules::plan::{Moment, Plan};
use crate::time::Time;

/// What a run was asked for, and what that came to when it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What must not differ, each with its name: which log of what, and what of it. Of some only a hash.
    pub asked: Vec<(String, String)>,
    /// As it was named, and a hash of its text and that of those it extends.
    pub plan: String,
    pub plan_hash: String,
    pub packs: Vec<PathBuf>,
    /// What output calls the sources.
    pub sources: Vec<String>,
    /// When it began: what was asked for in hours before now counts from here.
    pub began: Time,
    /// The time that a range after the deployment counts from, and the deployment that `latest` was.
    pub reference: Option<Time>,
    pub deployment: Option<String>,
    pub deployed_at: Option<Time>,
    pub since: Option<Bound>,
    pub until: Option<Bound>,
}

impl Setup {
    /// A hash of all that a plan says.
    pub fn hash(plan: &Plan) -> String {
        let mut hash = Sha256::new();
        let mut next = Some(plan);
        while let Some(plan) = next {
            hash.update(plan.text.as_bytes());
            hash.update([0xff]);
            next = plan.base.as_deref();
        }
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn moment(&self) -> Option<Moment> {
        self.deployed_at.map(Moment::At)
    }

    pub fn range(&self) -> Range {
        Range { since: self.since, until: self.until }
    }
}

impl State {
    /// What the run was asked for; `None` of one that has not begun.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn setup(&self) -> Result<Option<Setup>, Error> {
        let rows = self.file.prepare("SELECT json FROM setup").and_then(|mut select| {
            let rows = select.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        let rows = rows.map_err(|error| self.error(error))?;
        let Some(json) = rows.first() else { return Ok(None) };
        let read = serde_json::from_str(json);
        read.map(Some).map_err(|error| Error::Damaged { name: self.name.clone(), because: error.to_string() })
    }

    /// Begins the run, or makes sure that it is this one.
    ///
    /// # Errors
    ///
    /// Says what differs; or that the file cannot be written.
    pub fn begin(&mut self, setup: &Setup) -> Result<(), Error> {
        let Some(known) = self.setup()? else {
            let json = serde_json::to_string(setup).unwrap_or_default();
            super::failpoint::pass("setup");
            self.file.execute("INSERT INTO setup VALUES (?)", [json]).map_err(|error| self.error(error))?;
            return Ok(());
        };
        self.is_of(&setup.asked, &known)?;
        self.has_plan(&known, &setup.plan_hash)?;
        match known.sources == setup.sources {
            true => Ok(()),
            false => Err(self.other(format!("choice of sources ({})", known.sources.join(", ")))),
        }
    }

    /// Makes sure that the same is asked for.
    ///
    /// # Errors
    ///
    /// Says what differs.
    pub fn is_of(&self, asked: &[(String, String)], known: &Setup) -> Result<(), Error> {
        let differs = known.asked.iter().zip(asked).find(|(known, asked)| known != asked);
        match differs {
            Some(((what, value), _)) if what.starts_with("--") => {
                // Of most of them the value is no more than its name tells.
                let _ = value;
                Err(self.other(what.clone()))
            }
            Some(((what, value), _)) => Err(self.other(format!("{what} ({value})"))),
            None if known.asked.len() != asked.len() => Err(self.other("kind of source".into())),
            None => Ok(()),
        }
    }

    /// Makes sure that the plan is what it was.
    ///
    /// # Errors
    ///
    /// Says that it is not.
    pub fn has_plan(&self, known: &Setup, hash: &str) -> Result<(), Error> {
        match known.plan_hash == hash {
            true => Ok(()),
            false => Err(self.other(format!("plan ({}, as it was then)", known.plan))),
        }
    }

    fn other(&self, what: String) -> Error {
        Error::Other { name: self.name.clone(), what: crate::text::escape(&what) }
    }
}
