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
        let mut beside = OsString::from(path);
        beside.push("-lock");
        let failed = |error: std::io::Error| Error::Failed { name: name.into(), because: error.to_string() };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(beside).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // Who has just begun has not written it yet.
                let _ = file.read_to_string(&mut process);
                let is_number = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
                let process = if is_number { format!(" (process {process})") } else { String::new() };
                return Err(Error::InUse { name: name.into(), process });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // It is for the message alone.
        let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        Ok(Lock { _file: file })
    }
}
