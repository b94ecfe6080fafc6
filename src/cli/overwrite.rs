//! Refuses to write to a file that is read, and to write two outputs to one: known by what they are, not by their names.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::options::Read;
use super::run::UsageError;
use crate::source::{Identity, Input};
use crate::text::escape;

/// Links that are followed to a file that is not there yet; more than systems follow.
const LINKS: usize = 64;

/// A file that is read or written.
struct Use {
    /// For messages.
    name: String,
    place: Place,
    is_pipe: bool,
}

#[derive(PartialEq, Eq)]
enum Place {
    There(Identity),
    /// Where a new file will be, or where a file is that the system tells no identity of.
    At(PathBuf),
}

/// Looks before anything is opened. `inputs` are those of the run.
pub fn refuse(read: &Read, inputs: &[Input]) -> Result<(), UsageError> {
    let mut reads: Vec<Use> = inputs.iter().filter_map(input).collect();
    reads.extend(Use::file("the plan", Path::new(&read.plan)));
    reads.extend(read.answers.iter().filter_map(|path| Use::file("the answers", path)));
    reads.extend(read.baseline.iter().filter_map(|path| Use::file("the baseline", path)));
    for folder in &read.patterns {
        let packs = fs::read_dir(folder).into_iter().flatten().flatten();
        reads.extend(packs.filter_map(|pack| Use::file("the patterns in", &pack.path())));
    }
    let mut writes: Vec<Use> = Vec::new();
    writes.extend(Use::standard("standard output", std::io::stdout()));
    writes.extend(read.outputs.iter().filter_map(|output| Use::file("--output", &output.path)));
    writes.extend(read.state.iter().filter_map(|path| Use::file("--state", path)));
    writes.extend(read.record.iter().filter_map(|path| Use::file("--record", path)));
    for (at, write) in writes.iter().enumerate() {
        if let Some(read) = reads.iter().find(|read| read.place == write.place) {
            return Err(UsageError(format!("{} would write over {}; name another file", write.name, read.name)));
        }
        if let Some(other) = writes[..at].iter().find(|other| other.place == write.place && !write.is_pipe) {
            return Err(UsageError(format!("{} and {} are the same file; name two", other.name, write.name)));
        }
    }
    Ok(())
}

/// The same of a command that reads inputs and writes one file.
pub fn refuse_output(output: &Path, inputs: &[Input]) -> Result<(), UsageError> {
    let Some(write) = Use::file("--output", output) else { return Ok(()) };
    match inputs.iter().filter_map(input).find(|read| read.place == write.place) {
        Some(read) => Err(UsageError(format!("{} would write over {}; name another file", write.name, read.name))),
        None => Ok(()),
    }
}

fn input(input: &Input) -> Option<Use> {
    match &input.path {
        Some(path) => Use::file("the input", path),
        None => Use::standard("standard input", io::stdin()),
    }
}

impl Use {
    fn file(what: &str, path: &Path) -> Option<Use> {
        let name = format!("{what} {}", escape(&path.display().to_string()));
        match fs::metadata(path) {
            Ok(metadata) => Use::of(name, &metadata, || fs::canonicalize(path).ok()),
            Err(_) => Some(Use { name, place: Place::At(new(path)?), is_pipe: false }),
        }
    }

    #[cfg(unix)]
    fn standard(name: &str, stream: impl std::os::fd::AsFd) -> Option<Use> {
        let file = fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
        Use::of(name.into(), &file.metadata().ok()?, || None)
    }

    #[cfg(not(unix))]
    fn standard<T>(_: &str, _: T) -> Option<Use> {
        None
    }

    /// `None` for devices and folders, which hold nothing that could be lost.
    fn of(name: String, metadata: &Metadata, path: impl FnOnce() -> Option<PathBuf>) -> Option<Use> {
        #[cfg(unix)]
        let is_pipe = std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type());
        #[cfg(not(unix))]
        let is_pipe = false;
        if !metadata.is_file() && !is_pipe {
            return None;
        }
        let place = match Identity::of(metadata) {
            Some(identity) => Place::There(identity),
            None => Place::At(path()?),
        };
        Some(Use { name, place, is_pipe })
    }
}

/// Where a file will be that is made at a path where none is; a link to no file stands for the file.
fn new(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder(&path).join(target),
            Err(_) => return Some(fs::canonicalize(folder(&path)).ok()?.join(path.file_name()?)),
        }
    }
    None
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
