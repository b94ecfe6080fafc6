//! Writes what a turn of a run came to: all of it, or nothing.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::failpoint::pass;
use super::{Error, Event, State};
use crate::source::{Given, railway};

/// Bytes of inputs from which on what is open is written instead of them; of more, once they are as many as that takes. So few in
/// a program that is built for tests that they get beyond it.
const JOURNAL: usize = if cfg!(debug_assertions) { 8 << 10 } else { 1 << 20 };
/// Rows of what was told that are packed into one, which takes a small part of their room.
const PACK: i64 = if cfg!(debug_assertions) { 16 } else { 256 };

/// What a turn came to.
#[derive(Default)]
pub struct Batch<'a> {
    pub inputs: Vec<Vec<u8>>,
    pub given: Vec<Given>,
    pub told: Vec<Vec<u8>>,
    /// How many steps there are in all.
    pub steps: u64,
    /// What is open after all of that, where it was asked for.
    pub open: Option<Vec<u8>>,
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
            && self.told.is_empty()
            && self.events.is_empty()
            && self.notifications.is_empty()
            && self.settled.is_empty()
            && self.heard.is_empty()
    }
}

impl State {
    /// Whether what is open is to be written with the next batch.
    pub fn wants_open(&self) -> bool {
        self.journal >= JOURNAL.max(self.open)
    }

    /// # Errors
    ///
    /// A file that cannot be written; then it is as it was before.
    pub fn write(&mut self, batch: &Batch<'_>) -> Result<(), Error> {
        pass("before");
        self.in_transaction(|file| write(file, batch))?;
        match &batch.open {
            Some(open) => (self.journal, self.open) = (0, open.len()),
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
            let mut update = file.prepare_cached("UPDATE event SET told = 1 WHERE key = ?")?;
            events.iter().try_for_each(|event| update.execute([&event.key]).map(drop))
        })
    }

    /// Takes note of what somebody said: a line as the file of answers has.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn say(&mut self, line: &str) -> Result<(), Error> {
        self.file.execute("INSERT INTO said (line) VALUES (?)", [line]).map_err(|error| self.error(error))?;
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
    match &batch.open {
        Some(open) => {
            file.execute("DELETE FROM input", [])?;
            file.execute("DELETE FROM open", [])?;
            file.execute("INSERT INTO open VALUES (?, ?)", params![batch.steps as i64, open])?;
        }
        None => {
            let mut insert = file.prepare_cached("INSERT INTO input (bytes) VALUES (?)")?;
            batch.inputs.iter().try_for_each(|bytes| insert.execute([bytes]).map(drop))?;
        }
    }
    let mut insert = file.prepare_cached("INSERT INTO told (packed, bytes) VALUES (0, ?)")?;
    batch.told.iter().try_for_each(|bytes| insert.execute([bytes]).map(drop))?;
    if !batch.told.is_empty() {
        file.prepare_cached("UPDATE progress SET steps = ?")?.execute([batch.steps as i64])?;
        pack(file)?;
    }
    give(file, &batch.given)?;
    let mut insert = file.prepare_cached("INSERT OR IGNORE INTO event (key, json, told) VALUES (?, ?, ?)")?;
    for Event { key, json, told } in batch.events {
        insert.execute(params![key, json, told])?;
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

/// Packs rows of what was told, once there are many.
fn pack(file: &Transaction<'_>) -> rusqlite::Result<()> {
    let loose = "SELECT count(*), min(seq) FROM told WHERE packed = 0 AND seq > (SELECT coalesce(max(seq), 0) FROM told WHERE packed = 1)";
    let (rows, first): (i64, Option<i64>) =
        file.prepare_cached(loose)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(first) = first.filter(|_| rows >= PACK) else { return Ok(()) };
    let mut select = file.prepare_cached("SELECT bytes FROM told WHERE seq >= ? ORDER BY seq")?;
    let all: Vec<Vec<u8>> = select.query_map([first], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    // Writing to memory fails only for lack of it; then they stay as they are.
    let Ok(bytes) = postcard::to_stdvec(&all) else { return Ok(()) };
    let Ok(packed) = zstd::encode_all(&bytes[..], zstd::DEFAULT_COMPRESSION_LEVEL) else { return Ok(()) };
    file.execute("DELETE FROM told WHERE seq >= ?", [first])?;
    file.execute("INSERT INTO told VALUES (?, 1, ?)", params![first + rows - 1, packed])?;
    Ok(())
}
