//! One run a state: a file beside it is locked while the run lasts, however it ends. The state itself is not, for who looks at it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::Error;

pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub fn take(path: &Path, name: &str) -> Result<Lock, Error> {
        let failed = |error: std::io::Error| Error::Failed { name: name.into(), because: error.to_string() };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(beside(path)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let process = number(&mut file).map_or(String::new(), |process| format!(" (process {process})"));
                return Err(Error::InUse { name: name.into(), process });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // It is for messages alone.
        let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        Ok(Lock { _file: file })
    }
}

/// The process that holds it, if one does.
pub(super) fn holder(path: &Path) -> Option<u32> {
    let mut file = File::open(beside(path)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => number(&mut file),
        _ => None,
    }
}

/// The number in the file; who has just begun has not written it yet.
fn number(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.parse().ok()
}

fn beside(path: &Path) -> OsString {
    let mut beside = OsString::from(path);
    beside.push("-lock");
    beside
}
