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
    /// The version of the program.
    pub version: String,
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
    /// Whether each of the sources is judged apart, too.
    pub apart: bool,
}

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

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

/// What every version has in its setup.
#[derive(Deserialize)]
struct Version {
    version: String,
}

impl State {
    /// What the run was asked for; `None` of one that has not begun.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or of a run by another version of the program: what it has come to is written as that keeps it.
    pub fn setup(&self) -> Result<Option<Setup>, Error> {
        let rows = self.file.prepare("SELECT json FROM setup").and_then(|mut select| {
            let rows = select.query_map([], |row| row.get::<_, String>(0))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        let rows = rows.map_err(|error| self.error(error))?;
        let Some(json) = rows.first() else { return Ok(None) };
        let damaged = |error: serde_json::Error| Error::Damaged { name: self.name.clone(), because: error.to_string() };
        let found = serde_json::from_str::<Version>(json).map_err(damaged)?.version;
        if found != VERSION {
            return Err(Error::OtherProgram { name: self.name.clone(), found, ours: VERSION.into() });
        }
        serde_json::from_str(json).map(Some).map_err(damaged)
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
            super::failpoint::pass("begun");
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
            // What an option was is known to whoever gave it.
            Some(((what, _), _)) if what.starts_with("--") => Err(self.other(what.clone())),
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

    pub(crate) fn other(&self, what: String) -> Error {
        Error::Other { name: self.name.clone(), what: crate::text::escape(&what) }
    }
}
