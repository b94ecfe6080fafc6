//! What can be wrong with a state: what, where, and what to do.

use rusqlite::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{name}: there is no such state")]
    Missing { name: String },
    #[error("{name} is no state of logwatch; name another file")]
    Foreign { name: String },
    #[error(
        "{name} was written by a newer logwatch (format {found}, this one reads {known}); use that, or name another file"
    )]
    Newer { name: String, found: i64, known: i64 },
    #[error(
        "{name} was written by an older logwatch (format {found}, this one reads {known}); go on with that one, or name another file"
    )]
    Older { name: String, found: i64, known: i64 },
    #[error(
        "{name} is of a run by logwatch {found}, and this is {ours}: another version may count otherwise; go on with that one, or name another file"
    )]
    OtherProgram { name: String, found: String, ours: String },
    #[error("{name} is in use by another logwatch{process}; end that one, or name another file")]
    InUse { name: String, process: String },
    #[error("{name} is of a run with another {what}; go on with that, or name another file")]
    Other { name: String, what: String },
    #[error(
        "{name} is damaged ({because}); what it was written from has to be read again: remove it, or name another file"
    )]
    Damaged { name: String, because: String },
    #[error("{name}: no room is left")]
    Full { name: String },
    #[error("{name}: {because}")]
    Failed { name: String, because: String },
}

impl Error {
    pub(super) fn of(name: &str, error: rusqlite::Error) -> Error {
        let name = name.to_string();
        let because = match &error {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::Foreign { name },
            Some(ErrorCode::DatabaseCorrupt) => Error::Damaged { name, because },
            Some(ErrorCode::DiskFull) => Error::Full { name },
            _ => Error::Failed { name, because },
        }
    }

    /// Whether something else has to be asked for, rather than mended.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Error::Damaged { .. } | Error::Full { .. } | Error::Failed { .. })
    }
}
