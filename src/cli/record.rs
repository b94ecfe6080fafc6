//! The recording of a run (`--record`). One that cannot be written any more ends there, with its last whole line, and the run goes
//! on without it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use super::progress::Aside;
use crate::external::External;
use crate::map::Fragment;
use crate::recording::Recorder;
use crate::text::escape;
use crate::time::Time;

pub struct Record {
    /// `None` where none is asked for, or it has failed.
    recorder: Option<Recorder<File>>,
    /// Bytes that were written whole.
    whole: u64,
    name: String,
    aside: Aside,
}

impl Record {
    /// What is recorded holds the secrets of a log: a new file is for its owner alone.
    pub fn open(path: Option<&Path>, aside: Aside) -> Result<Record> {
        let Some(path) = path else {
            return Ok(Record { recorder: None, whole: 0, name: String::new(), aside });
        };
        let name = escape(&path.display().to_string());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).with_context(|| format!("cannot write {name}"))?;
        let mut record = Record { recorder: Some(Recorder::new(file)), whole: 0, name, aside };
        record.write(Recorder::header);
        Ok(record)
    }

    pub fn is_kept(&self) -> bool {
        self.recorder.is_some()
    }

    pub fn lines(&mut self, fragment: &Fragment) {
        self.write(|recorder| match fragment.recording {
            true => recorder.recorded(&fragment.text),
            false => recorder.lines(&fragment.text),
        });
    }

    /// Records of the source may come so many nanoseconds late.
    pub fn lateness(&mut self, lateness: i64) {
        self.write(|recorder| recorder.lateness(lateness));
    }

    /// The clock of the silent source moved.
    pub fn advance(&mut self, to: Time) {
        self.write(|recorder| recorder.advance(to));
    }

    /// Lines of the source may have been lost here.
    pub fn lost(&mut self) {
        self.write(Recorder::lost);
    }

    /// An event that no line tells.
    pub fn external(&mut self, event: &External) {
        self.write(|recorder| recorder.external(event));
    }

    fn write(&mut self, write: impl FnOnce(&mut Recorder<File>) -> io::Result<u64>) {
        let Some(recorder) = &mut self.recorder else { return };
        match write(recorder) {
            Ok(bytes) => self.whole += bytes,
            Err(error) => {
                if let Some(recorder) = self.recorder.take() {
                    // A device has no length; there is nothing to cut then.
                    let _ = recorder.into_inner().set_len(self.whole);
                }
                self.aside.warn(&format!("cannot write {}: {error}; the recording ends here", self.name));
            }
        }
    }
}
