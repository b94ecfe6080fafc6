//! Opens inputs: files by path, standard input as `-`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_channel::Receiver;

use super::export::Export;
use super::follow::Follow;
use super::packed::Unpacked;
use super::trickle::Trickle;

/// An input as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What output calls it.
    pub label: String,
    /// `None` is standard input.
    pub path: Option<PathBuf>,
}

/// An input that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{path}: no such file")]
    Missing { path: String },
    #[error("{path}: is a folder; name the files in it")]
    Folder { path: String },
    #[error("{path}: too many open files; raise the limit, for example with `ulimit -n 4096`")]
    TooMany { path: String },
    #[error("{path}")]
    Open { path: String, source: io::Error },
}

/// An input ready to be read.
pub struct Opened {
    pub label: String,
    pub stream: Box<dyn Read + Send>,
    /// Size in bytes as stored, where it is known.
    pub size: Option<u64>,
    /// Bytes read so far, as stored.
    pub position: Arc<AtomicU64>,
    /// Lines come as they are written: do not wait for full chunks.
    pub live: bool,
    /// Times that lines of a followed file may have been lost.
    pub lost: Arc<AtomicU64>,
    /// How many lines there are, if they are read from the last to the first; told before the first of them is.
    pub newest_first: Arc<AtomicU64>,
    /// What is to be said of it while it is read.
    pub notes: Option<Receiver<String>>,
    /// Of a source that may be cut off for a while: whether it is connected, so that its silence is the log's.
    pub connected: Option<Arc<AtomicBool>>,
}

impl Opened {
    /// A stream whose lines come as they are written.
    pub fn live(label: String, stream: Box<dyn Read + Send>) -> Opened {
        let position: Arc<AtomicU64> = Arc::default();
        let counted = Counted { stream: Trickle::new(stream), position: Arc::clone(&position) };
        Opened {
            label,
            stream: Box::new(counted),
            size: None,
            position,
            live: true,
            lost: Arc::default(),
            newest_first: Arc::default(),
            notes: None,
            connected: None,
        }
    }
}

impl Input {
    /// `LABEL=FILE` of `--source`, or a path alone.
    pub fn labelled(text: &str) -> Result<Input, String> {
        match text.split_once('=') {
            Some((label, path)) if !label.is_empty() && !path.is_empty() => {
                Ok(Input { label: label.into(), ..Input::path(Path::new(path)) })
            }
            _ => Err("write LABEL=FILE, for example --source api=api.jsonl".into()),
        }
    }

    pub fn path(path: &Path) -> Input {
        if path == Path::new("-") {
            return Input::standard();
        }
        let label = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Input { label, path: Some(path.into()) }
    }

    pub fn standard() -> Input {
        Input { label: "stdin".into(), path: None }
    }

    /// Opens it, without waiting for anybody to write. `follow` keeps reading a file as it grows.
    pub fn open(&self, follow: bool) -> Result<Opened, Failure> {
        let (position, lost) = (Arc::new(AtomicU64::new(0)), Arc::default());
        let (stream, size): (Box<dyn Read + Send>, Option<u64>) = match &self.path {
            None => (Box::new(io::stdin()), None),
            Some(path) => match open_file(path)? {
                Found::File { file, .. } if follow => (Box::new(Follow::new(path, file, Arc::clone(&lost))), None),
                Found::File { file, size } => (Box::new(file), Some(size)),
                Found::Stream(stream) => (Box::new(stream), None),
            },
        };
        let live = size.is_none() && (self.path.is_some() || standard_input_is_live());
        let stream = if live { Box::new(Trickle::new(stream)) } else { stream };
        let counted = Counted { stream, position: Arc::clone(&position) };
        let unpacked = Unpacked::new(counted);
        let newest_first: Arc<AtomicU64> = Arc::default();
        let stream: Box<dyn Read + Send> = match live {
            true => Box::new(unpacked),
            false => Box::new(Export::new(unpacked, Arc::clone(&newest_first))),
        };
        Ok(Opened {
            label: self.label.clone(),
            stream,
            size,
            position,
            live,
            lost,
            newest_first,
            notes: None,
            connected: None,
        })
    }
}

/// What stands at a path.
enum Found {
    File { file: File, size: u64 },
    Stream(Unopened),
}

/// ENFILE and EMFILE, the same numbers on Linux, macOS and the BSDs; the standard library has no kind for them.
const TOO_MANY: [i32; 2] = [23, 24];

fn open_file(path: &Path) -> Result<Found, Failure> {
    // A file's name can hold what moves a terminal's cursor, too.
    let shown = || crate::text::escape(&path.display().to_string());
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Failure::Missing { path: shown() },
        _ if source.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code)) => Failure::TooMany { path: shown() },
        _ => Failure::Open { path: shown(), source },
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(Failure::Folder { path: shown() });
    }
    if !metadata.is_file() {
        return Ok(Found::Stream(Unopened { path: path.into(), file: None }));
    }
    let file = File::open(path).map_err(failed)?;
    Ok(Found::File { file, size: metadata.len() })
}

/// A named pipe or a device, which is opened when it is read: to open a pipe is to wait for its writer.
struct Unopened {
    path: PathBuf,
    file: Option<File>,
}

impl Read for Unopened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.path)?),
        };
        file.read(buffer)
    }
}

/// Whether standard input is a pipe or a terminal rather than a file.
fn standard_input_is_live() -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let metadata = io::stdin().as_fd().try_clone_to_owned().and_then(|fd| File::from(fd).metadata());
        metadata.map_or(true, |metadata| !metadata.is_file())
    }
    #[cfg(not(unix))]
    true
}

/// Counts the bytes that pass, for the progress bar.
struct Counted<R> {
    stream: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_labels() {
        assert_eq!(Input::labelled("api=logs/a.jsonl").unwrap().label, "api");
        assert_eq!(Input::path(Path::new("logs/a.jsonl")).label, "a.jsonl");
        assert!(Input::labelled("api").is_err() && Input::labelled("=x").is_err());
    }
}
