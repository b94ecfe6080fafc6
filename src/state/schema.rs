//! How the file is laid out, and which version of that it has.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::Error;
use super::failpoint::pass;

/// `lgwa`, by which a database is known as a state.
const APPLICATION: i64 = 0x6c67_7761;
/// The version of the layout; another one is not read.
const VERSION: i64 = 4;
/// Who writes at the same time, a run and who answers it, is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE setup (json TEXT NOT NULL);
    CREATE TABLE saved (is_first INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE input (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE given (log TEXT NOT NULL, second INTEGER NOT NULL, identities BLOB NOT NULL);
    CREATE INDEX given_by_log ON given (log, second);
    CREATE TABLE event (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, notice BLOB, shown INTEGER);
    CREATE TABLE notification (seq INTEGER PRIMARY KEY, receiver TEXT NOT NULL, json TEXT NOT NULL);
    CREATE TABLE said (seq INTEGER PRIMARY KEY, line TEXT NOT NULL, heard INTEGER NOT NULL DEFAULT 0);
";

/// Opens the file, and lays it out if it is new.
pub(super) fn open(path: &Path, name: &str) -> Result<Connection, Error> {
    let failed = |error| Error::of(name, error);
    let io = |error: std::io::Error| Error::Failed { name: name.into(), because: error.to_string() };
    // It holds lines of the log, which may hold secrets: it is for its owner alone.
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(io)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut file = Connection::open_with_flags(path, flags).map_err(failed)?;
    file.busy_timeout(PATIENCE).map_err(failed)?;
    let number = |file: &Connection, pragma: &str| file.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let tables = |file: &Connection| -> rusqlite::Result<i64> {
        file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
    };
    // All as it is at one moment: who comes first lays it out.
    file.execute_batch("BEGIN").map_err(failed)?;
    let found = tables(&file).map_err(failed)?;
    let (application, version) =
        (number(&file, "application_id").map_err(failed)?, number(&file, "user_version").map_err(failed)?);
    file.execute_batch("COMMIT").map_err(failed)?;
    match (found, application, version) {
        (0, 0, 0) => {}
        (_, APPLICATION, VERSION) => {}
        (_, APPLICATION, found) if found > VERSION => {
            return Err(Error::Newer { name: name.into(), found, known: VERSION });
        }
        (_, APPLICATION, found) => return Err(Error::Older { name: name.into(), found, known: VERSION }),
        _ => return Err(Error::Foreign { name: name.into() }),
    }
    // A reader does not wait for the writer. What was committed last may be lost when the machine fails, never when the process
    // does; then it is read again from where what is left of the state ends, as it would be after an end a moment earlier.
    file.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    file.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    if tables(&file).map_err(failed)? == 0 {
        let begin = file.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
        if tables(&begin).map_err(failed)? > 0 {
            // Who looks at it has come first.
            drop(begin);
            return Ok(file);
        }
        begin.execute_batch(TABLES).map_err(failed)?;
        begin.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        begin.pragma_update(None, "user_version", VERSION).map_err(failed)?;
        pass("laying-out");
        begin.commit().map_err(failed)?;
        pass("laid-out");
    }
    Ok(file)
}

/// Whether all of the file can be read.
pub(super) fn check(file: &Connection, name: &str) -> Result<(), Error> {
    let failed = |error| Error::of(name, error);
    let said: String = file.pragma_query_value(None, "quick_check", |row| row.get(0)).map_err(failed)?;
    match said.as_str() {
        "ok" => Ok(()),
        _ => {
            let because = said.lines().next().unwrap_or_default().to_string();
            Err(Error::Damaged { name: name.into(), because })
        }
    }
}

/// Bytes of the inputs that are kept.
pub(super) fn inputs(file: &Connection) -> rusqlite::Result<usize> {
    file.query_row("SELECT coalesce(sum(length(bytes)), 0) FROM input", [], |row| row.get::<_, i64>(0))
        .map(|bytes| bytes as usize)
}
