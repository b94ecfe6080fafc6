//! Follow: a file that grows, and that may be cut or replaced meanwhile, as those who rotate logs do.
//!
//! | what happens to the file | what is read |
//! | --- | --- |
//! | it is renamed or deleted, and made anew | the rest of the old one, then the new one |
//! | it is copied and cut (`copytruncate`) | the rest of the copy, then the file from its start |
//! | it is cut, and nobody kept a copy | the file from its start; what was written last may be lost, and is counted |
//!
//! Whether what was read still stands there is asked after each read. A file that was cut and has grown beyond its old length
//! within the time between two looks is known by the bytes before the place that was reached.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::identity::Identity;

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
    /// Where the rest of what came before the current file stands.
    old: Option<Reader>,
    /// Times that the file was cut, and lines may be lost.
    lost: Arc<AtomicU64>,
    /// The old file was the last that gave something.
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
        Follow { path: path.into(), current: Reader::new(file), old: None, lost, in_old: false, ended: true }
    }

    /// What there is to read now; `None` if there is nothing.
    fn next(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if let Some(old) = self.old.as_mut().filter(|_| self.ended || self.in_old) {
            if let Some(read) = old.read(buffer)?.filter(|read| *read > 0) {
                self.in_old = true;
                return Ok(Some(read));
            }
            let quiet = old.grew.elapsed();
            if !self.ended {
                return Ok((quiet > UNFINISHED).then(|| end_line(buffer)));
            }
            if quiet > QUIET {
                self.old = None;
            }
        }
        match self.current.read(buffer)? {
            None => {
                self.start_over()?;
                Ok((!self.ended && self.old.is_none()).then(|| end_line(buffer)))
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
        self.old = self.copy(&cut);
        self.in_old = self.old.is_some();
        if self.old.is_none() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// A file beside this one, of its name and more, that holds what was read of it; the longest if there are several.
    fn copy(&self, cut: &Reader) -> Option<Reader> {
        let name = self.path.file_name()?.as_encoded_bytes();
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let beside = fs::read_dir(folder).ok()?.flatten();
        let named = beside.filter(|entry| {
            let other = entry.file_name();
            let other = other.as_encoded_bytes();
            other.len() > name.len() && other.starts_with(name)
        });
        let copies =
            named.filter(|entry| entry.metadata().is_ok_and(|metadata| metadata.is_file())).filter_map(|entry| {
                let mut file = File::open(entry.path()).ok()?;
                let length = file.metadata().ok()?.len();
                holds(&mut file, cut.offset, &cut.mark).ok()?.then_some((length, file))
            });
        let (_, file) = copies.max_by_key(|(length, _)| *length)?;
        Some(Reader { offset: cut.offset, mark: cut.mark.clone(), ..Reader::new(file) })
    }

    /// Goes on to the file that stands at the path now, if it is another one and somebody writes to it already.
    fn replace(&mut self) -> io::Result<()> {
        let stands = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            // It was moved away, and the new one is still to come.
            Err(error) if is_to_come(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let is_new = Identity::of(&stands) != Identity::of(&self.current.file.metadata()?);
        // To open a pipe is to wait for its writer.
        if !is_new || !stands.is_file() || stands.len() == 0 {
            return Ok(());
        }
        match File::open(&self.path) {
            Ok(file) => {
                self.old = Some(std::mem::replace(&mut self.current, Reader::new(file)));
                self.in_old = true;
                Ok(())
            }
            Err(error) if is_to_come(&error) => Ok(()),
            Err(error) => Err(error),
        }
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
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::sync::mpsc::{Receiver, channel};

    /// A file that is followed on another thread.
    struct Followed {
        folder: tempfile::TempDir,
        path: PathBuf,
        bytes: Receiver<Vec<u8>>,
        lost: Arc<AtomicU64>,
        read: String,
    }

    impl Followed {
        fn new(text: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.log");
            fs::write(&path, text).unwrap();
            let lost = Arc::default();
            let mut follow = Follow::new(&path, File::open(&path).unwrap(), Arc::clone(&lost));
            let (sender, bytes) = channel();
            thread::spawn(move || {
                let mut buffer = vec![0; 64];
                while let Ok(read) = follow.read(&mut buffer)
                    && sender.send(buffer[..read].to_vec()).is_ok()
                {}
            });
            Followed { folder, path, bytes, lost, read: String::new() }
        }

        fn append(&self, text: &str) {
            let mut file = OpenOptions::new().append(true).create(true).open(&self.path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn beside(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn cut(&self) {
            File::create(&self.path).unwrap();
        }

        /// Waits until all that was read is `expected`.
        fn reads(&mut self, expected: &str) {
            while self.read != expected {
                let Ok(bytes) = self.bytes.recv_timeout(Duration::from_secs(5)) else {
                    panic!("{:?} instead of {expected:?}", self.read)
                };
                self.read.push_str(&String::from_utf8(bytes).unwrap());
                assert!(expected.starts_with(&self.read), "{:?} instead of {expected:?}", self.read);
            }
        }

        fn lost(&self) -> u64 {
            self.lost.load(Ordering::Relaxed)
        }
    }

    /// `from..to` as lines of eight bytes.
    fn lines(from: usize, to: usize) -> String {
        (from..to).map(|line| format!("line{line:3}\n")).collect()
    }

    #[test]
    fn a_file_that_grows_is_read_on() {
        let mut file = Followed::new(&lines(0, 20));
        file.reads(&lines(0, 20));
        file.append(&lines(20, 50));
        file.reads(&lines(0, 50));
    }

    /// The rest of the old file comes before the new one, whether it is renamed or deleted, and before anything was read of it.
    #[cfg(unix)]
    #[test]
    fn a_replaced_file_is_read_to_its_end() {
        for read_before in [true, false] {
            for rename in [true, false] {
                let mut file = Followed::new(&lines(0, 20));
                if read_before {
                    file.reads(&lines(0, 20));
                }
                file.append(&lines(20, 40));
                match rename {
                    true => fs::rename(&file.path, file.beside("app.log.1")).unwrap(),
                    false => fs::remove_file(&file.path).unwrap(),
                }
                file.append(&lines(40, 60));
                file.reads(&lines(0, 60));
                file.append(&lines(60, 61));
                file.reads(&lines(0, 61));
                assert_eq!(file.lost(), 0);
            }
        }
    }

    /// A service writes to the renamed file until it is told to open the new one.
    #[cfg(unix)]
    #[test]
    fn what_is_still_written_to_the_renamed_file_is_read() {
        let mut file = Followed::new(&lines(0, 3));
        let mut late = OpenOptions::new().append(true).open(&file.path).unwrap();
        fs::rename(&file.path, file.beside("app.log.1")).unwrap();
        late.write_all(lines(3, 5).as_bytes()).unwrap();
        file.reads(&lines(0, 5));
        file.append("");
        late.write_all(lines(5, 7).as_bytes()).unwrap();
        file.reads(&lines(0, 7));
        file.append(&lines(7, 9));
        file.reads(&lines(0, 9));
        late.write_all(lines(9, 10).as_bytes()).unwrap();
        file.reads(&lines(0, 10));
        file.append(&lines(10, 11));
        file.reads(&lines(0, 11));
    }

    /// `copytruncate`, with lines that nobody had read when the copy was made.
    #[test]
    fn what_a_copy_kept_is_not_lost() {
        let mut file = Followed::new(&lines(0, 50));
        file.reads(&lines(0, 50));
        file.append(&lines(50, 60));
        fs::copy(&file.path, file.beside("app.log.1")).unwrap();
        file.cut();
        file.append(&lines(60, 62));
        file.reads(&lines(0, 62));
        assert_eq!(file.lost(), 0);
    }

    #[test]
    fn a_file_that_was_cut_is_read_from_its_start_and_counted() {
        let mut file = Followed::new(&lines(0, 50));
        file.reads(&lines(0, 50));
        file.cut();
        file.append(&lines(50, 52));
        file.reads(&lines(0, 52));
        assert_eq!(file.lost(), 1);
    }

    /// Between two looks it was cut and grew longer than before.
    #[test]
    fn a_file_that_was_cut_and_has_grown_beyond_its_length_is_noticed() {
        let mut file = Followed::new(&lines(0, 5));
        file.reads(&lines(0, 5));
        // One write in place of the old text: no moment at which it is short.
        let mut text = OpenOptions::new().write(true).open(&file.path).unwrap();
        text.write_all(lines(5, 40).as_bytes()).unwrap();
        file.reads(&lines(0, 40));
        assert_eq!(file.lost(), 1);
    }

    /// The half line is one of its own, and does not run into the first of the new file.
    #[test]
    fn a_line_whose_rest_is_gone_is_ended() {
        let mut file = Followed::new("line  0\nhalf");
        file.reads("line  0\nhalf");
        file.cut();
        file.append(&lines(1, 3));
        file.reads(&format!("line  0\nhalf\n{}", lines(1, 3)));
        #[cfg(unix)]
        {
            file.append("half");
            fs::remove_file(&file.path).unwrap();
            file.append(&lines(3, 4));
            file.reads(&format!("line  0\nhalf\n{}half\n{}", lines(1, 3), lines(3, 4)));
        }
    }
}
