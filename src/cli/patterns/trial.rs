//! `logwatch patterns try REGEX FILE`: what a regex would match, before it is put into a pack.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::{WIDTH, cut, one_row};
use crate::classify::Library;
use crate::cli::UsageError;
use crate::explain::entries::Entries;
use crate::explain::of_entry;
use crate::mask::Masking;
use crate::source::Input;
use crate::text::escape;

/// Entries that are shown of those that match, and of those that nearly do.
const SHOWN: usize = 5;

/// A regex as a pattern has it.
pub struct Trial<'a> {
    pub regex: &'a str,
    pub raw: bool,
    pub unicode: bool,
}

/// Says how many entries of a file match, and shows some that do and some that nearly do.
pub fn try_regex(trial: &Trial<'_>, path: &Path, masking: Masking, out: &mut impl Write) -> Result<()> {
    let pack = format!(
        "[[pattern]]\nclass = \"try.it\"\nabout = \"\"\nraw = {}\nunicode = {}\nmatch = {}\n",
        trial.raw,
        trial.unicode,
        toml::Value::from(trial.regex),
    );
    let library = Arc::new(Library::compile([("REGEX", pack.as_str())]).map_err(|error| {
        // Where it stands in the pack above says nothing to whoever wrote the regex.
        let error = error.to_string();
        UsageError(error.split_once(": ").map_or(error.as_str(), |(_, why)| why).to_string())
    })?);
    let (mut entries, mut matching) = (0u64, 0u64);
    let (mut matches, mut near) = (Vec::new(), Vec::new());
    let input = Input::path(path);
    let read = Entries::new(&library).read(input.open(false)?.stream, |classifier, entry| {
        entries += u64::from(entry.inspect(|_, _| ()).is_some());
        matching += u64::from(!entry.events.is_empty());
        let room = if entry.events.is_empty() { near.len() < SHOWN } else { matches.len() < SHOWN };
        if !room {
            return;
        }
        let entry = of_entry(classifier, entry);
        match entry.near.first().map(|near| near.why.clone()) {
            _ if !entry.matches.is_empty() => matches.push(entry),
            Some(why) => near.push((entry, why)),
            None => {}
        }
    });
    writeln!(out, "{matching} of {entries} entries match")?;
    for entry in &matches {
        writeln!(out, "{}", row(entry.line_number, &entry.message, masking))?;
        for (name, text) in entry.matches.iter().flat_map(|found| &found.captures) {
            writeln!(out, "             {name} = \"{}\"", one_row(text, masking))?;
        }
    }
    if !near.is_empty() {
        writeln!(out, "\nSome that nearly do:")?;
    }
    for (entry, why) in &near {
        writeln!(out, "{}", row(entry.line_number, &entry.message, masking))?;
        writeln!(out, "{}", cut(&format!("             {}", one_row(why, masking)), WIDTH))?;
    }
    out.flush()?;
    read.with_context(|| format!("cannot read {} to its end", escape(&input.label)))
}

fn row(line_number: u64, message: &str, masking: Masking) -> String {
    cut(&format!("{:>9}  {}", format!(":{line_number}"), one_row(message, masking)), WIDTH)
}
