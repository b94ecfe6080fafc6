//! Opens inputs: files by path, standard input as `-`, gzip and zstd by their first bytes and not by their name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

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
    #[error("{path}: {source}")]
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

    /// Opens it. `follow` keeps reading a file as it grows, until `stop` is set.
    pub fn open(&self, follow: bool, stop: &Arc<AtomicBool>) -> Result<Opened, Failure> {
        let position = Arc::new(AtomicU64::new(0));
        let (stream, size, live): (Box<dyn Read + Send>, Option<u64>, bool) = match &self.path {
            None => (Box::new(io::stdin()), None, standard_input_is_live()),
            Some(path) => {
                let (file, size) = open_file(path)?;
                match follow {
                    true => (Box::new(Follow { file, stop: Arc::clone(stop) }), None, true),
                    false => (Box::new(file), size, size.is_none()),
                }
            }
        };
        let stream = if live { Box::new(Trickle::new(stream)) } else { stream };
        let counted = Counted { stream, position: Arc::clone(&position) };
        let stream = decompressed(counted).map_err(|source| Failure::Open { path: self.label.clone(), source })?;
        Ok(Opened { label: self.label.clone(), stream, size, position, live })
    }
}

fn open_file(path: &Path) -> Result<(File, Option<u64>), Failure> {
    // A file's name can hold what moves a terminal's cursor, too.
    let shown = || crate::output::escape(&path.display().to_string());
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => Failure::Missing { path: shown() },
        _ => Failure::Open { path: shown(), source },
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Failure::Folder { path: shown() });
    }
    // A named pipe has no size, and is read as it comes.
    Ok((file, metadata.is_file().then_some(metadata.len())))
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

/// Tells gzip and zstd by their first bytes. Files of several members or frames are read to their end.
fn decompressed(stream: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    let mut stream = BufReader::with_capacity(128 << 10, stream);
    let start = stream.fill_buf()?;
    if start.starts_with(GZIP) {
        return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(stream)));
    }
    if start.starts_with(ZSTD) {
        return Ok(Box::new(zstd::stream::read::Decoder::with_buffer(stream)?));
    }
    Ok(Box::new(stream))
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

/// A file that grows: at its end it waits for more.
struct Follow {
    file: File,
    stop: Arc<AtomicBool>,
}

impl Read for Follow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        /// How often the file is looked at; half of the promised promptness.
        const PAUSE: Duration = Duration::from_millis(50);
        loop {
            let read = self.file.read(buffer)?;
            if read > 0 || self.stop.load(Ordering::Relaxed) {
                return Ok(read);
            }
            std::thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        decompressed(io::Cursor::new(bytes))?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compression_is_told_by_the_first_bytes() {
        assert_eq!(read(b"plain".to_vec()).unwrap(), "plain");
        assert_eq!(read([gzip("one\n"), gzip("two\n")].concat()).unwrap(), "one\ntwo\n");
        let frame = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        assert_eq!(read([frame("one\n"), frame("two\n")].concat()).unwrap(), "one\ntwo\n");
        assert_eq!(read(Vec::new()).unwrap(), "");
    }

    #[test]
    fn what_breaks_off_is_an_error() {
        let mut bytes = gzip("some text that is long enough to be cut");
        bytes.truncate(bytes.len() - 6);
        assert!(read(bytes).is_err());
        let mut bytes = zstd::encode_all(&b"some text that is long enough to be cut"[..], 1).unwrap();
        bytes.truncate(bytes.len() - 6);
        assert!(read(bytes).is_err());
    }

    #[test]
    fn sources_have_labels() {
        assert_eq!(Input::labelled("api=logs/a.jsonl").unwrap().label, "api");
        assert_eq!(Input::path(Path::new("logs/a.jsonl")).label, "a.jsonl");
        assert!(Input::labelled("api").is_err() && Input::labelled("=x").is_err());
    }
}
