//! Beside: the files next to a followed one that hold earlier parts of it. They are called as it is, and more: `app.log.1`,
//! `app.log-20261125`.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Reader, holds};
use crate::source::Identity;

pub(super) struct Beside {
    folder: PathBuf,
    /// The name of the followed file.
    name: OsString,
    /// Those that were there before, or have been read.
    known: HashSet<Option<Identity>>,
}

/// A file beside the followed one.
struct Found {
    file: File,
    metadata: Metadata,
    /// What its name has more.
    suffix: String,
}

impl Beside {
    pub(super) fn new(path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().into();
        let mut beside = Beside { folder: folder.into(), name, known: HashSet::new() };
        beside.new_ones(&[]);
        beside
    }

    /// Where a copy goes on that holds what was read of a file before it was cut; the longest one if there are several.
    pub(super) fn copy(&mut self, cut: &Reader) -> Option<Reader> {
        let mut copies: Vec<Found> = self.files().collect();
        self.known.extend(copies.iter().map(|found| Identity::of(&found.metadata)));
        copies.retain_mut(|found| holds(&mut found.file, cut.offset, &cut.mark).unwrap_or(false));
        let copy = copies.into_iter().max_by_key(|found| found.metadata.len())?;
        Some(Reader { offset: cut.offset, mark: cut.mark.clone(), ..Reader::new(copy.file) })
    }

    /// Files that a rotation has moved here since the last look, in the order in which they were written. Only names that
    /// a rotation gives count, a number or a date: who makes a backup, an index or an archive makes no new lines.
    pub(super) fn new_ones(&mut self, but: &[Option<Identity>]) -> Vec<File> {
        let mut new: Vec<Found> = self.files().filter(|found| is_of_rotation(&found.suffix)).collect();
        new.retain(|found| {
            let identity = Identity::of(&found.metadata);
            self.known.insert(identity) && identity.is_some() && !but.contains(&identity)
        });
        new.sort_by_key(Found::age);
        new.into_iter().map(|found| found.file).collect()
    }

    fn files(&self) -> impl Iterator<Item = Found> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let suffix = suffix(&entry.file_name(), &self.name)?;
            // To open a pipe is to wait for its writer.
            let file = entry.metadata().ok()?.is_file().then(|| File::open(entry.path()))?.ok()?;
            let metadata = file.metadata().ok()?;
            Some(Found { file, metadata, suffix })
        })
    }
}

impl Found {
    /// What sorts the oldest first: when it was written last, then its number, which grows with each rotation, or its date.
    fn age(&self) -> (SystemTime, Reverse<u32>, String) {
        let number = self.suffix.trim_start_matches('.').parse().unwrap_or(0);
        (self.metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), Reverse(number), self.suffix.clone())
    }
}

fn suffix(name: &OsStr, followed: &OsStr) -> Option<String> {
    let suffix = name.as_encoded_bytes().strip_prefix(followed.as_encoded_bytes())?;
    (!suffix.is_empty()).then(|| String::from_utf8_lossy(suffix).into_owned())
}

fn is_of_rotation(suffix: &str) -> bool {
    suffix.starts_with(['.', '-', '_']) && suffix.chars().all(|c| c.is_ascii_digit() || ".-_:T".contains(c))
}
