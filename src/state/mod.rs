//! State: what a run has come to, in a file, so that one that was killed goes on as if it had not been.
//!
//! The file is a database of SQLite. Of each turn of a run it gets, in one transaction:
//!
//! - `input`: the lines, how the clocks moved, and what people said. Told the same again, the run comes to the same.
//! - now and then `saved`: all that the run has come to, before which no input is needed any more. It is as large as what the windows of
//!   the plan hold, however long the run is; so the file is bounded, and so is what a start reads.
//! - the identities of the last records of each log, so that the log can be read again with an overlap;
//! - the events that came of it, the latest ones; the notifications that are not delivered, and what people said.
//!
//! `setup` is what the run was asked for: another run does not go on with it. `schema` lays the file out and knows its version, `lock`
//! keeps a second process from it, `write` and `read` are the two ways, and `failpoint` ends a process of a test anywhere between.

mod error;
mod failpoint;
mod input;
mod lock;
mod notice;
mod pipe;
mod read;
mod schema;
mod setup;
mod write;

pub use error::Error;
pub use input::{Input, Journal};
pub use notice::{read_notice, write_notice};
pub use read::Event;
pub use setup::{Setup, VERSION};
pub use write::{Batch, Notification};

use std::path::Path;

use rusqlite::Connection;

use crate::text::escape;
use lock::Lock;

/// The file of a run.
pub struct State {
    file: Connection,
    /// For messages.
    name: String,
    /// Bytes of inputs since what the run has come to was last written, and what that took.
    journal: usize,
    saved: usize,
    /// Keeps other runs from it; of one that only looks, nothing does.
    _lock: Option<Lock>,
}

impl State {
    /// Opens the state of a run, which nobody else goes on with meanwhile, or begins one.
    ///
    /// # Errors
    ///
    /// A file that is no state, is damaged, is of a newer version, or is used by another run.
    pub fn open(path: &Path) -> Result<State, Error> {
        let name = escape(&path.display().to_string());
        let lock = Lock::take(path, &name)?;
        let file = schema::open(path, &name)?;
        let journal = schema::inputs(&file).map_err(|error| Error::of(&name, error))?;
        Ok(State { file, name, journal, saved: 0, _lock: Some(lock) })
    }

    /// Opens one to look at it, or to add what people say, whoever goes on with it meanwhile.
    ///
    /// # Errors
    ///
    /// The same, and that there is none.
    pub fn look(path: &Path) -> Result<State, Error> {
        let name = escape(&path.display().to_string());
        if !path.is_file() {
            return Err(Error::Missing { name });
        }
        let file = schema::open(path, &name)?;
        Ok(State { file, name, journal: 0, saved: 0, _lock: None })
    }

    /// From now on it is read as it is now, whoever writes to it.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn hold_still(&mut self) -> Result<(), Error> {
        self.file.execute_batch("BEGIN").map_err(|error| self.error(error))
    }

    /// The process that goes on with the state at a path, if one does.
    pub fn process(path: &Path) -> Option<u32> {
        lock::holder(path)
    }

    /// How many bytes it has on the disk.
    pub fn bytes(path: &Path) -> u64 {
        let beside = |ending: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            std::fs::metadata(name).map_or(0, |metadata| metadata.len())
        };
        beside("") + beside("-wal")
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn error(&self, error: rusqlite::Error) -> Error {
        Error::of(&self.name, error)
    }
}
