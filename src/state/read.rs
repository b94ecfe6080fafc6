//! Reads what was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Row;

use super::{Error, Notification, State, schema};
use crate::source::Known;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// What it is told from others by.
    pub key: String,
    /// What happened; `None` of what only the end of a run made of it, which is not gone on from.
    pub notice: Option<Vec<u8>>,
    /// Whether it was shown; `None` of what is not shown by itself.
    pub shown: Option<bool>,
}

/// What people said and no run has heard.
pub struct Waiting {
    pub seq: i64,
    pub line: String,
}

impl State {
    /// Makes sure that all of it can be read.
    ///
    /// # Errors
    ///
    /// A file that is damaged.
    pub fn check(&self) -> Result<(), Error> {
        schema::check(&self.file, &self.name)
    }

    /// The inputs that are kept, each as [`Input`](super::Input) reads it.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, and what `each` says of its bytes.
    pub fn inputs(&self, mut each: impl FnMut(&[u8]) -> Result<(), String>) -> Result<(), Error> {
        self.rows("SELECT bytes FROM input ORDER BY seq", |row| Ok(each(&row.get::<_, Vec<u8>>(0)?)))
    }

    /// What the run had come to when that was last written; before the first input, too.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn saved(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut saved = None;
        self.rows("SELECT bytes FROM saved", |row| {
            let read = zstd::decode_all(&row.get::<_, Vec<u8>>(0)?[..]).map_err(|error| error.to_string());
            Ok(read.map(|bytes| saved = Some(bytes)))
        })?;
        self.saved = saved.as_ref().map_or(0, Vec::len);
        Ok(saved)
    }

    /// What was read of each log that can be read again.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn known(&self) -> Result<BTreeMap<Arc<str>, Known>, Error> {
        let mut known: BTreeMap<Arc<str>, Known> = BTreeMap::new();
        self.rows("SELECT log, second, identities FROM given", |row| {
            let (log, second, bytes): (String, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let identities = bytes.as_chunks().0.iter().map(|identity| u64::from_le_bytes(*identity));
            known.entry(log.into()).or_default().add(second, identities);
            Ok(Ok(()))
        })?;
        Ok(known)
    }

    /// Whether the run has begun, so that it has what it was to be compared with.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn has_begun(&self) -> Result<bool, Error> {
        let mut has_begun = false;
        self.rows("SELECT 1 FROM saved", |_| {
            has_begun = true;
            Ok(Ok(()))
        })?;
        Ok(has_begun)
    }

    /// Whether nothing was read yet.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn is_new(&self) -> Result<bool, Error> {
        let mut is_new = true;
        self.rows("SELECT 1 FROM input UNION SELECT 1 FROM saved WHERE NOT is_first LIMIT 1", |_| {
            is_new = false;
            Ok(Ok(()))
        })?;
        Ok(is_new)
    }

    /// What happened so far.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn events(&self) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        self.rows("SELECT key, notice, shown FROM event ORDER BY seq", |row| {
            events.push(Event { key: row.get(0)?, notice: row.get(1)?, shown: row.get(2)? });
            Ok(Ok(()))
        })?;
        Ok(events)
    }

    /// Notifications that were not delivered.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn notifications(&self) -> Result<Vec<Notification>, Error> {
        let mut all = Vec::new();
        self.rows("SELECT seq, receiver, json FROM notification ORDER BY seq", |row| {
            all.push(Notification { seq: row.get(0)?, receiver: row.get(1)?, json: row.get(2)? });
            Ok(Ok(()))
        })?;
        Ok(all)
    }

    /// What people said since it was last heard.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>, Error> {
        let mut all = Vec::new();
        self.rows("SELECT seq, line FROM said WHERE heard = 0 ORDER BY seq", |row| {
            all.push(Waiting { seq: row.get(0)?, line: row.get(1)? });
            Ok(Ok(()))
        })?;
        Ok(all)
    }

    /// All that people said and actions did, heard or not.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn said(&self) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        self.rows("SELECT line FROM said ORDER BY seq", |row| {
            all.push(row.get(0)?);
            Ok(Ok(()))
        })?;
        Ok(all)
    }

    fn rows(
        &self,
        select: &str,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<Result<(), String>>,
    ) -> Result<(), Error> {
        let failed = |error| Error::of(&self.name, error);
        let mut select = self.file.prepare_cached(select).map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(row).map_err(failed)?.map_err(|because| Error::Damaged { name: self.name.clone(), because })?;
        }
        Ok(())
    }
}
