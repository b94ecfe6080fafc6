//! Follow: a file that grows, and that may be cut or replaced meanwhile, as those who rotate logs do.
//!
//! | what happens to the file | what is read |
//! | --- | --- |
//! | it is renamed or deleted, and made anew | the rest of the old one, those that came and went since, then the new one |
//! | it is copied and cut (`copytruncate`) | the rest of the copy, then the file from its start |
//! | it is cut, and nobody kept a copy | the file from its start; what was written last may be lost, and is counted |
//!
//! Whether what was read still stands there is asked after each read. A file that was cut and has grown beyond its old length
//! within the time between two looks is known by the bytes before the place that was reached.

mod beside;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::identity::Identity;
use beside::Beside;

/// How often the file is looked at; half of the promptness that is promised (SEMANTICS 4).
const PAUSE: Duration = Duration::from_millis(50);
/// A replaced file is read until it has not grown for this long: a service opens the new file when it is told to.
const QUIET: Duration = Duration::from_secs(10);
/// A line that a replaced file ends within is taken as ended after this long: it was cut off, or its writer was.
const UNFINISHED: Duration = Duration::from_secs(1);
/// Bytes before the place that was reached that tell whether the file was cut.
const MARK: usize = 256;

/// The bytes of a followed file, without end.
pub(super) struct Follow {
    path: PathBuf,
    current: Reader,
    /// Where the rest of what came before the current file stands, the oldest first.
    old: VecDeque<Reader>,
    beside: Beside,
    /// Times that the file was cut, and lines may be lost.
    lost: Arc<AtomicU64>,
    /// An old file was the last that gave something.
    in_old: bool,
    /// The line that was read last has its end. Until then no other file is read.
    ended: bool,
}

/// A file and the place that was reached in it.
struct Reader {
    file: File,
    offset: u64,
    /// The bytes before the offset.
    mark: Vec<u8>,
    /// When something was read last.
    grew: Instant,
}

impl Reader {
    fn new(file: File) -> Self {
        Reader { file, offset: 0, mark: Vec::new(), grew: Instant::now() }
    }

    /// Reads on. `None`: the file no longer holds what was read of it.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let read = self.file.read(buffer)?;
        if !holds(&mut self.file, self.offset, &self.mark)? {
            return Ok(None);
        }
        if read > 0 {
            self.offset += read as u64;
            self.grew = Instant::now();
            self.mark.extend_from_slice(&buffer[read.saturating_sub(MARK)..read]);
            self.mark.drain(..self.mark.len().saturating_sub(MARK));
        }
        Ok(Some(read))
    }
}

/// Whether `mark` stands in the file before `offset`.
fn holds(file: &mut File, offset: u64, mark: &[u8]) -> io::Result<bool> {
    let mut found = [0; MARK];
    let found = &mut found[..mark.len()];
    file.seek(SeekFrom::Start(offset - mark.len() as u64))?;
    match file.read_exact(found) {
        Ok(()) => Ok(found == mark),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

impl Follow {
    /// Follows `file`, which was opened at `path`. `lost` counts the times that lines may have been lost.
    pub(super) fn new(path: &Path, file: File, lost: Arc<AtomicU64>) -> Self {
        let (current, old, beside) = (Reader::new(file), VecDeque::new(), Beside::new(path));
        Follow { path: path.into(), current, old, beside, lost, in_old: false, ended: true }
    }

    /// What there is to read now; `None` if there is nothing.
    fn next(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        while let Some(old) = self.old.front_mut().filter(|_| self.ended || self.in_old) {
            if let Some(read) = old.read(buffer)?.filter(|read| *read > 0) {
                self.in_old = true;
                return Ok(Some(read));
            }
            let quiet = old.grew.elapsed();
            if !self.ended {
                return Ok((quiet > UNFINISHED).then(|| end_line(buffer)));
            }
            if self.old.len() == 1 && quiet < QUIET {
                break;
            }
            self.old.pop_front();
        }
        match self.current.read(buffer)? {
            None => {
                self.start_over()?;
                Ok((!self.ended && self.old.is_empty()).then(|| end_line(buffer)))
            }
            Some(0) => {
                self.replace()?;
                Ok(None)
            }
            Some(read) => {
                self.in_old = false;
                Ok(Some(read))
            }
        }
    }

    /// The file was cut: what it held before is read from a copy, if somebody made one.
    fn start_over(&mut self) -> io::Result<()> {
        let anew = Reader::new(self.current.file.try_clone()?);
        let cut = std::mem::replace(&mut self.current, anew);
        self.old = self.beside.copy(&cut).into_iter().collect();
        self.in_old = !self.old.is_empty();
        if self.old.is_empty() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Goes on to the file that stands at the path now, if it is another one and somebody writes to it already.
    fn replace(&mut self) -> io::Result<()> {
        let stands = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            // It was moved away, and the new one is still to come.
            Err(error) if is_to_come(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let own = Identity::of(&self.current.file.metadata()?);
        // To open a pipe is to wait for its writer.
        if Identity::of(&stands) == own || !stands.is_file() || stands.len() == 0 {
            return Ok(());
        }
        let new = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if is_to_come(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let between = self.beside.new_ones(&[own, Identity::of(&new.metadata()?)]);
        let old = std::mem::replace(&mut self.current, Reader::new(new));
        self.old = std::iter::once(old).chain(between.into_iter().map(Reader::new)).collect();
        self.in_old = true;
        Ok(())
    }
}

/// Whether a file that could not be opened may be there, and open to us, in a moment.
fn is_to_come(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
}

/// Ends a line whose rest is gone.
fn end_line(buffer: &mut [u8]) -> usize {
    buffer[0] = b'\n';
    1
}

impl Read for Follow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(read) = self.next(buffer)? {
                if let Some(last) = read.checked_sub(1) {
                    self.ended = buffer[last] == b'\n';
                }
                return Ok(read);
            }
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests;
