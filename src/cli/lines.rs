//! `logwatch lines`: the lines behind a verdict, from where they are. The files are read twice: once as a run reads them, to find
//! the entries that are asked for, and once to print their lines and those around them.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};

use super::files;
use super::patterns::one_row;
use super::range::End;
use super::run::UsageError;
use crate::classify::{Library, Severity, View};
use crate::decode::{self, Level, Record};
use crate::explain::entries::{Entries, Entry};
use crate::expr::suggest::nearest;
use crate::mask::{Masking, mask};
use crate::recording;
use crate::source::frame::{Fill, Framer};
use crate::source::{Input, Opened};
use crate::text::escape;
use crate::text::glob::Glob;
use crate::time::{SECOND, Time};
use crate::zone::Zone;

/// How far from the time asked for a line may be, in nanoseconds.
const AROUND: i64 = 30 * SECOND;
/// Bytes a chunk.
const CHUNK: usize = 1 << 20;

/// What is asked for. An entry is shown that meets every condition.
pub struct Asked {
    pub files: Vec<PathBuf>,
    /// Classes, or globs of classes; any of them.
    pub classes: Vec<String>,
    /// At least as grave: the entry itself, or a class it is of.
    pub level: Option<Level>,
    pub around: Option<End>,
    /// Lines before and after.
    pub context: u64,
    pub zone: Zone,
    pub masking: Masking,
}

/// Prints the lines, and says how many entries were found.
pub fn lines(library: &Arc<Library>, asked: &Asked, out: &mut impl Write) -> Result<u64> {
    if matches!(asked.around, Some(End::FromDeployment(_) | End::Ago(_) | End::Today)) {
        return Err(UsageError("--around takes a time, or a time of day such as 12:30:36".into()).into());
    }
    let names = || library.classes.iter().map(|class| class.name.as_str());
    for class in &asked.classes {
        let glob = Glob::new(class);
        if !names().any(|name| glob.is_match(name.as_bytes())) {
            let help = match nearest(class, names()) {
                Some(name) => format!("did you mean {name}?"),
                None => "`logwatch patterns list` has them all".into(),
            };
            return Err(UsageError(format!("no class is called `{}`; {help}", escape(class))).into());
        }
    }
    let inputs = files::expand(&asked.files)?;
    if !files::are_saved(&inputs) {
        return Err(UsageError("lines are looked for in saved files, which are read twice".into()).into());
    }
    let mut found = 0;
    for input in &inputs {
        let mut entries = find(library, asked, input)?;
        found += entries.len() as u64;
        entries.sort_unstable();
        let label = if inputs.len() > 1 { input.label.as_str() } else { "" };
        print(&entries, asked, input, label, out)?;
    }
    Ok(found)
}

/// (first, last) line of the entries asked for, counted from 1.
fn find(library: &Arc<Library>, asked: &Asked, input: &Input) -> Result<Vec<(u64, u64)>> {
    let globs: Vec<Glob> = asked.classes.iter().map(|class| Glob::new(class)).collect();
    let is_asked = |name: &str| globs.iter().any(|glob| glob.is_match(name.as_bytes()));
    let classes = library.classes.map(|_, class| is_asked(&class.name));
    let mut time = None;
    let mut found = Vec::new();
    let read = Entries::new(library).read(input.open(false)?.stream, |_, entry| {
        let wanted = asked.classes.is_empty() || entry.events.iter().any(|event| classes[event.class]);
        let Some((own, level)) = entry.inspect(|record, subject| (record.time, View::new(subject).level)) else {
            return;
        };
        // A line without a time is of that of the line before it.
        time = own.or(time);
        let grave = asked.level.is_none_or(|least| gravest(library, entry, level) >= Some(least));
        if wanted && grave && asked.is_near(time) {
            found.push((*entry.lines.start(), *entry.lines.end()));
        }
    });
    read.with_context(|| format!("cannot read {} to its end", escape(&input.label)))?;
    Ok(found)
}

/// The level of an entry, or of the gravest class it is of: a request that failed is told at level info.
fn gravest(library: &Library, entry: &Entry<'_>, level: Option<Level>) -> Option<Level> {
    let of_class = |severity| match severity {
        Severity::Info => Level::Info,
        Severity::Warning => Level::Warning,
        Severity::Error => Level::Error,
    };
    entry.events.iter().map(|event| of_class(library.classes[event.class].severity)).max().max(level)
}

impl Asked {
    fn is_near(&self, time: Option<Time>) -> bool {
        let middle = match (self.around, time) {
            (None, _) => return true,
            (Some(_), None) => return false,
            (Some(End::At(middle)), _) => middle,
            (Some(End::Local(clock)), _) => self.zone.time(clock),
            // On whichever day.
            (Some(End::Clock(clock)), Some(time)) => self.zone.latest(clock, time.saturating_add(AROUND)),
            (Some(End::FromDeployment(_) | End::Ago(_) | End::Today), _) => return false,
        };
        time.is_some_and(|time| time.since(middle).saturating_abs() <= AROUND)
    }
}

/// Prints the lines of the entries, `:` before the number, and those around them, `-` before it.
fn print(entries: &[(u64, u64)], asked: &Asked, input: &Input, label: &str, out: &mut impl Write) -> Result<()> {
    let Some(last) = entries.iter().map(|(_, last)| last.saturating_add(asked.context)).max() else { return Ok(()) };
    let Opened { stream, newest_first, .. } = input.open(false)?;
    let mut framer = Framer::new(stream, CHUNK, Fill::Full);
    let (mut number, mut printed, mut first, mut end) = (0, 0, 0, 0);
    while let Some(chunk) = framer.next_chunk().with_context(|| escape(&input.label))? {
        for line in chunk.text.split_inclusive(|byte| *byte == b'\n') {
            if chunk.recording && recording::directive(line).is_some() {
                continue;
            }
            number += 1;
            if number > last {
                return Ok(());
            }
            // Entries lie in the order of their first lines.
            while entries.get(first).is_some_and(|(begin, _)| *begin <= number) {
                end = end.max(entries[first].1);
                first += 1;
            }
            let is_found = number <= end;
            let is_around = end > 0 && number <= end.saturating_add(asked.context)
                || entries.get(first).is_some_and(|(begin, _)| *begin <= number.saturating_add(asked.context));
            if !is_found && !is_around {
                continue;
            }
            if asked.context > 0 && printed > 0 && printed + 1 < number {
                writeln!(out, "--")?;
            }
            printed = number;
            let mark = if is_found { ':' } else { '-' };
            let line = if chunk.recording { recording::unmarked(line) } else { line };
            // Of a file that is newest first the lines come from its end.
            let shown = match newest_first.load(Ordering::Acquire) {
                0 => number,
                lines => (lines + 1).saturating_sub(number),
            };
            writeln!(out, "{}{mark}{shown}  {}", escape(label), row(line, asked))?;
        }
    }
    Ok(())
}

/// A line as logwatch reads it: time, level, message; its secrets masked.
fn row(line: &[u8], asked: &Asked) -> String {
    let shown = |text: &[u8]| one_row(&mask(&String::from_utf8_lossy(text)), asked.masking);
    let mut scratch = Vec::new();
    match decode::decode(line, &mut scratch) {
        decode::Line::Record(record) => {
            let clock = record.time.map(|time| asked.zone.shown(time).format("%Y-%m-%d %H:%M:%S%.3f  ").to_string());
            let level = record.raw_level.map(|level| format!("{:8}  ", level.name()));
            format!("{}{}{}", clock.unwrap_or_default(), level.unwrap_or_default(), shown(&said(&record)))
        }
        _ => shown(line.trim_ascii_end()),
    }
}

fn said(record: &Record<'_>) -> Vec<u8> {
    let Some(edge) = &record.edge else { return record.says().into_owned() };
    let duration = edge.duration.map(|duration| format!(" {} ms", duration / 1_000_000)).unwrap_or_default();
    [&edge.method.read(), b" ".as_slice(), &edge.target.read(), format!(" {}{duration}", edge.status).as_bytes()]
        .concat()
}
