//! The files that are read: written once by the seeded generator, below the target folder.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use crate::options::MB;
use crate::scenario::corpus::{self, Kind, Length};

pub struct Corpus {
    pub path: PathBuf,
    pub bytes: u64,
    pub lines: u64,
}

/// A corpus of so many bytes, in the page cache.
pub fn corpus(kind: Kind, bytes: u64) -> io::Result<Corpus> {
    let path = once(&format!("{kind:?}-{}MB.log", bytes / MB), |to| {
        corpus::write(kind, Length::Bytes(bytes), 1, to).map(drop)
    })?;
    let (bytes, lines) = count(&path)?;
    Ok(Corpus { path, bytes, lines })
}

pub fn gzip(of: &Path) -> io::Result<PathBuf> {
    once(&packed(of, "gz"), |to| {
        let mut packer = GzEncoder::new(to, flate2::Compression::default());
        io::copy(&mut File::open(of)?, &mut packer)?;
        packer.finish().map(drop)
    })
}

pub fn zstd(of: &Path) -> io::Result<PathBuf> {
    once(&packed(of, "zst"), |to| zstd::stream::copy_encode(File::open(of)?, to, zstd::DEFAULT_COMPRESSION_LEVEL))
}

/// Where a file of that name goes.
pub fn place(name: &str) -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compare");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

fn packed(of: &Path, ending: &str) -> String {
    format!("{}.{ending}", of.file_name().unwrap_or_default().display())
}

/// Writes a file unless it is there; one that was interrupted is not.
fn once(name: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<PathBuf> {
    let path = place(name)?;
    if !path.exists() {
        let part = path.with_added_extension("part");
        let mut to = BufWriter::new(File::create(&part)?);
        write(&mut to)?;
        to.into_inner()?;
        fs::rename(part, &path)?;
    }
    Ok(path)
}

/// Bytes and lines of a file. Reading it brings it into the page cache.
fn count(path: &Path) -> io::Result<(u64, u64)> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let (mut bytes, mut lines) = (0, 0);
    loop {
        let block = file.fill_buf()?;
        if block.is_empty() {
            return Ok((bytes, lines));
        }
        let length = block.len();
        bytes += length as u64;
        lines += memchr::memchr_iter(b'\n', block).count() as u64;
        file.consume(length);
    }
}
