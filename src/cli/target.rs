//! Target: what an output is written into. A file is written beside its place and moved there when it is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use tempfile::TempPath;

use super::looking::Held;

pub enum Target {
    Standard(io::Stdout),
    /// Standard output that waits: its terminal shows something else.
    Held(Held),
    /// A pipe or a device, which cannot be replaced.
    Direct(File),
    File {
        file: BufWriter<File>,
        /// Where it is until it is whole.
        temporary: TempPath,
        path: PathBuf,
    },
}

impl Target {
    pub fn open(path: &Path) -> io::Result<Target> {
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return OpenOptions::new().write(true).open(path).map(Target::Direct);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.metadata()?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // The message is not to name a file that nobody asked for, neither here nor in what is written to it later.
        let file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
        let (file, temporary) = file.into_parts();
        Ok(Target::File { file: BufWriter::new(file), temporary, path: path.into() })
    }

    /// Writes what is still held back, and moves a file to its place.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Target::Standard(mut out) => out.flush(),
            Target::Held(_) => Ok(()),
            Target::Direct(mut out) => out.flush(),
            Target::File { file, temporary, path } => {
                drop(file.into_inner().map_err(io::IntoInnerError::into_error)?);
                temporary.persist(path).map_err(|error| error.error)
            }
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Target::Standard(out) => out.write(bytes),
            Target::Held(held) => held.lock().unwrap_or_else(PoisonError::into_inner).write(bytes),
            Target::Direct(out) => out.write(bytes),
            Target::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::Standard(out) => out.flush(),
            Target::Held(_) => Ok(()),
            Target::Direct(out) => out.flush(),
            Target::File { file, .. } => file.flush(),
        }
    }
}
