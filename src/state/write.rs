//! Writes what a turn of a run came to: all of it, or nothing.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::failpoint::pass;
use super::{Error, Event, State};
use crate::source::{Given, railway};

/// Bytes of inputs from which on what the run has come to is written instead of them; of more, once they are as many as that takes,
/// so that it doubles at most what is written. So few in a program that is built for tests that they get beyond it.
const JOURNAL: usize = if cfg!(debug_assertions) { 8 << 10 } else { 1 << 20 };
const SHARE: usize = if cfg!(debug_assertions) { 16 } else { 1 };
/// Events that are kept; of more the latest: a trigger that comes and goes every few seconds would fill the disk.
const MOST_EVENTS: i64 = if cfg!(debug_assertions) { 200 } else { 10_000 };
/// It is written often: fast, and small enough.
const LEVEL: i32 = 1;

/// What a turn came to.
#[derive(Default)]
pub struct Batch<'a> {
    pub inputs: Vec<Vec<u8>>,
    pub given: Vec<Given>,
    /// What the run has come to after all of that, where it was asked for.
    pub saved: Option<Vec<u8>>,
    pub events: &'a [Event],
    pub notifications: &'a [Notification],
    /// What people said that was heard.
    pub heard: &'a [i64],
    /// Notifications that nothing more is to be done about.
    pub settled: &'a [i64],
}

/// A notification that is to be delivered.
pub struct Notification {
    pub seq: i64,
    pub receiver: String,
    pub json: String,
}

impl Batch<'_> {
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
            && self.saved.is_none()
            && self.events.is_empty()
            && self.notifications.is_empty()
            && self.settled.is_empty()
            && self.heard.is_empty()
    }
}

impl State {
    /// Whether what the run has come to is to be written with the next batch.
    pub fn wants_saved(&self) -> bool {
        self.journal >= JOURNAL.max(self.saved / SHARE)
    }

    /// # Errors
    ///
    /// A file that cannot be written; then it is as it was before.
    pub fn write(&mut self, batch: &Batch<'_>) -> Result<(), Error> {
        pass("before");
        self.in_transaction(|file| write(file, batch))?;
        match &batch.saved {
            Some(saved) => (self.journal, self.saved) = (0, saved.len()),
            None => self.journal += batch.inputs.iter().map(Vec::len).sum::<usize>(),
        }
        pass("after");
        Ok(())
    }

    /// Takes note that these events were shown.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn shown(&mut self, events: &[Event]) -> Result<(), Error> {
        pass("shown");
        self.in_transaction(|file| {
            let mut update = file.prepare_cached("UPDATE event SET shown = 1 WHERE key = ?")?;
            events.iter().try_for_each(|event| update.execute([&event.key]).map(drop))
        })
    }

    /// Takes note of what somebody said: a line as the file of answers has.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn say(&mut self, line: &str) -> Result<(), Error> {
        pass("say");
        self.file.execute("INSERT INTO said (line) VALUES (?)", [line]).map_err(|error| self.error(error))?;
        pass("said");
        Ok(())
    }

    /// The same, and it outlives the machine once it is said.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn say_durably(&mut self, line: &str) -> Result<(), Error> {
        self.file.pragma_update(None, "synchronous", "FULL").map_err(|error| self.error(error))?;
        self.say(line)
    }

    fn in_transaction(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<(), Error> {
        let State { file, name, .. } = self;
        let done = file.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            work(&transaction)?;
            pass("within");
            transaction.commit()
        });
        done.map_err(|error| Error::of(name, error))
    }
}

fn write(file: &Transaction<'_>, batch: &Batch<'_>) -> rusqlite::Result<()> {
    match &batch.saved {
        Some(saved) => {
            let is_first = batch.inputs.is_empty()
                && !file.query_row("SELECT EXISTS (SELECT 1 FROM input)", [], |row| row.get(0))?;
            // Compressing in memory fails only for lack of it.
            let bytes = zstd::encode_all(&saved[..], LEVEL)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            pass("saving");
            file.execute("DELETE FROM input", [])?;
            file.execute("DELETE FROM saved", [])?;
            file.execute("INSERT INTO saved VALUES (?, ?)", params![is_first, bytes])?;
            pass("saved");
        }
        None => {
            let mut insert = file.prepare_cached("INSERT INTO input (bytes) VALUES (?)")?;
            batch.inputs.iter().try_for_each(|bytes| insert.execute([bytes]).map(drop))?;
        }
    }
    give(file, &batch.given)?;
    // One that the end of an earlier run made of it happens again where it belongs.
    let mut insert = file.prepare_cached("INSERT OR REPLACE INTO event (key, notice, shown) VALUES (?, ?, ?)")?;
    for Event { key, notice, shown } in batch.events {
        insert.execute(params![key, notice, shown])?;
    }
    if batch.saved.is_some() {
        // What is saved has come of them: they cannot happen again.
        let last: i64 = file.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| row.get(0))?;
        file.execute("DELETE FROM event WHERE shown = 1 AND seq <= ?", [last - MOST_EVENTS])?;
    }
    let mut insert = file.prepare_cached("INSERT INTO notification VALUES (?, ?, ?)")?;
    for Notification { seq, receiver, json } in batch.notifications {
        insert.execute(params![seq, receiver, json])?;
    }
    let mut delete = file.prepare_cached("DELETE FROM notification WHERE seq = ?")?;
    batch.settled.iter().try_for_each(|seq| delete.execute([seq]).map(drop))?;
    let mut update = file.prepare_cached("UPDATE said SET heard = 1 WHERE seq = ?")?;
    batch.heard.iter().try_for_each(|seq| update.execute([seq]).map(drop))
}

/// Takes note of records, and forgets those that no reading comes back to.
fn give(file: &Transaction<'_>, given: &[Given]) -> rusqlite::Result<()> {
    let mut insert = file.prepare_cached("INSERT INTO given VALUES (?, ?, ?)")?;
    let mut delete = file.prepare_cached("DELETE FROM given WHERE log = ? AND second < ?")?;
    for Given { log, second, identities } in given {
        let bytes: Vec<u8> = identities.iter().flat_map(|identity| identity.to_le_bytes()).collect();
        insert.execute(params![&**log, second, bytes])?;
        delete.execute(params![&**log, second - railway::remembered()])?;
    }
    Ok(())
}
