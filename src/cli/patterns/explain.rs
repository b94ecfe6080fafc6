//! `logwatch patterns explain LINE|FILE|-`.

use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::{WIDTH, cut, one_row};
use crate::classify::Library;
use crate::classify::wellknown;
use crate::decode::Level;
use crate::explain::survey::{self, Survey};
use crate::explain::{self, Explanation, Match};
use crate::mask::Masking;
use crate::source::{Failure, Input};

/// Standard input with more lines or bytes than this is surveyed like a file, not explained entry by entry.
const MOST_LINES: usize = 100;
const MOST_BYTES: u64 = 64 << 10;
/// Shapes of unclassified entries that are shown.
const SHAPES: usize = 20;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Open(#[from] Failure),
    #[error("cannot read {label} to its end")]
    Read { label: String, source: io::Error },
    #[error("cannot write the output")]
    Write(#[from] io::Error),
}

/// Explains a log line or several, given as the argument itself or on standard input (`-`); surveys a file, or a
/// standard input too long to be explained entry by entry.
pub fn explain(library: &Arc<Library>, argument: &str, masking: Masking, out: &mut impl Write) -> Result<(), Error> {
    let path = Path::new(argument);
    let is_input = argument == "-" || path.exists() || looks_like_a_path(argument);
    if !is_input {
        return Ok(explain_text(library, argument.as_bytes(), masking, out)?);
    }
    let input = Input::path(path);
    let opened = input.open(false)?;
    let failed = |source| Error::Read { label: input.label.clone(), source };
    let mut stream = opened.stream;
    let mut start = Vec::new();
    if input.path.is_none() {
        stream.by_ref().take(MOST_BYTES).read_to_end(&mut start).map_err(failed)?;
        let lines = memchr::memchr_iter(b'\n', &start).count();
        if (start.len() as u64) < MOST_BYTES && lines <= MOST_LINES {
            return Ok(explain_text(library, &start, masking, out)?);
        }
    }
    let (survey, ended) = survey::survey(library, Cursor::new(start).chain(stream));
    write_survey(&input.label, &survey, masking, out)?;
    ended.map_err(failed)
}

/// A file that does not exist should be called that, not explained as a log line.
fn looks_like_a_path(argument: &str) -> bool {
    const ENDINGS: [&str; 8] = [".log", ".txt", ".json", ".jsonl", ".ndjson", ".gz", ".zst", ".out"];
    !argument.contains([' ', '\t', '\n', '{']) && ENDINGS.iter().any(|ending| argument.ends_with(ending))
}

fn explain_text(library: &Arc<Library>, text: &[u8], masking: Masking, out: &mut impl Write) -> io::Result<()> {
    for (at, explanation) in explain::explain(library, text)?.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write_explanation(explanation, masking, out)?;
    }
    Ok(())
}

fn write_explanation(entry: &Explanation, masking: Masking, out: &mut impl Write) -> io::Result<()> {
    match entry.records {
        1 => writeln!(out, "line {}  {}", entry.line_number, entry.kind)?,
        _ => writeln!(out, "lines {}–{}  {}", entry.line_number, entry.last_line, entry.kind)?,
    }
    let is_record = !entry.message.is_empty() || !entry.matches.is_empty();
    if !is_record {
        return Ok(());
    }
    match entry.time {
        Some(time) => writeln!(out, "  time     {time}")?,
        None => writeln!(out, "  time     none of its own; in a file the one before counts")?,
    }
    writeln!(out, "  level    {}", levels(entry))?;
    if let Some(logger) = &entry.logger {
        writeln!(out, "  logger   {}", one_row(logger, masking))?;
    }
    for (at, line) in entry.message.lines().enumerate() {
        writeln!(out, "  {:7}  {}", if at == 0 { "message" } else { "" }, one_row(line, masking))?;
    }
    for found in &entry.matches {
        writeln!(out, "  matches  {}  ({})", found.class, found.origin)?;
        write_match(found, masking, out)?;
    }
    if entry.matches.is_empty() {
        writeln!(out, "  matches  nothing: unclassified")?;
    }
    for near in &entry.near {
        writeln!(out, "  near     {}  ({}): {}", near.class, near.origin, one_row(&near.why, masking))?;
    }
    Ok(())
}

fn levels(entry: &Explanation) -> String {
    match (entry.raw_level, entry.level) {
        (None, None) => "none".into(),
        (Some(raw), Some(level)) if raw != level => {
            format!("{}; the record says {}, but the message's own counts", level.name(), raw.name())
        }
        (_, level) => level.map_or("none", Level::name).into(),
    }
}

fn write_match(found: &Match, masking: Masking, out: &mut impl Write) -> io::Result<()> {
    if found.class == wellknown::ERROR || found.class == wellknown::WARNING {
        writeln!(out, "             because no other pattern matches a line of this level")?;
    }
    for (name, value) in &found.labels {
        writeln!(out, "             label {name} = \"{}\"", one_row(value, masking))?;
    }
    for (name, value, unit) in &found.values {
        writeln!(out, "             value {name} = {value}{}", unit.suffix())?;
    }
    for (name, text) in found.captures.iter().filter(|capture| !found.labels.contains(capture)) {
        writeln!(out, "             capture {name} = \"{}\"", one_row(text, masking))?;
    }
    Ok(())
}

fn write_survey(label: &str, survey: &Survey, masking: Masking, out: &mut impl Write) -> io::Result<()> {
    let counts = [
        (survey.classified, "classified"),
        (survey.unclassified, "unclassified"),
        (survey.merged, "merged"),
        (survey.blank, "blank"),
        (survey.malformed, "malformed"),
        (survey.too_long, "too long"),
    ];
    let counted = counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
    let counted = counted.collect::<Vec<_>>().join(" + ");
    writeln!(out, "{}", cut(&format!("{}  {} lines = {counted}", one_row(label, masking), survey.lines), WIDTH))?;
    if !survey.classes.is_empty() {
        writeln!(out, "\nCLASSES, by number of entries")?;
    }
    for (class, count) in &survey.classes {
        writeln!(out, "{count:>9}  {class}")?;
    }
    if survey.shapes.is_empty() {
        return Ok(());
    }
    let shapes = survey.shapes.len();
    let which = if shapes > SHAPES {
        format!("the {SHAPES} most frequent of {shapes} shapes")
    } else {
        format!("{shapes} shapes")
    };
    writeln!(out, "\nUNCLASSIFIED, {which}: N a number, H an id, :line the first")?;
    for shape in survey.shapes.iter().take(SHAPES) {
        let place = format!(":{}", shape.line_number);
        let logger =
            if shape.logger.is_empty() { String::new() } else { format!("{}: ", one_row(&shape.logger, masking)) };
        let text =
            cut(&format!("{:>9}  {logger}{}", shape.count, one_row(&shape.shape, masking)), WIDTH - place.len() - 2);
        writeln!(out, "{text}  {place}")?;
        if shape.example != shape.shape {
            writeln!(out, "{}", cut(&format!("             {}", one_row(&shape.example, masking)), WIDTH))?;
        }
    }
    if survey.crowded_out > 0 {
        writeln!(out, "{:>9}  entries of further shapes", survey.crowded_out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> Arc<Library> {
        Arc::new(Library::load(&[] as &[&Path]).unwrap())
    }

    fn explained(argument: &str) -> String {
        let mut out = Vec::new();
        explain(&library(), argument, Masking::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_explained() {
        let line = r#"{"timestamp":"2025-08-25T13:26:31Z","level":"error","message":"WARNING: Connection pool stress (15/16 total connections)"}"#;
        let text = explained(line);
        for part in [
            "line 1  JSON record\n",
            "  time     2025-08-25T13:26:31Z\n",
            "  level    warning; the record says error, but the message's own counts\n",
            "  message  Connection pool stress (15/16 total connections)\n",
            "  matches  db.pool_status  (sqlalchemy.toml:",
            "             label state = \"stress\"\n",
            "             value used = 15\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn what_no_pattern_knows_says_so() {
        assert!(explained("INFO:shop:open").contains("  matches  nothing: unclassified\n"));
        let text = explained("ERROR:shop:no such item 7");
        assert!(
            text.contains("because no other pattern") && text.contains("label shape = \"no such item N\"\n"),
            "{text}"
        );
    }

    #[test]
    fn a_file_is_surveyed_within_100_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.log");
        let lines: String = (0..500)
            .map(|n| format!("INFO:shop:{} counted {n} {}\n", "🔥".repeat(n % 30), "x ".repeat(n % 70)))
            .collect();
        std::fs::write(&path, format!("INFO:     Started server process [7]\n{lines}")).unwrap();
        let text = explained(path.to_str().unwrap());
        assert!(text.starts_with("service.log  501 lines = 1 classified + 500 unclassified\n"), "{text}");
        assert!(text.contains("        1  process.started\n"));
        assert!(text.lines().all(|line| line.chars().map(super::super::width).sum::<usize>() <= WIDTH), "{text}");
    }

    #[test]
    fn a_missing_file_is_no_log_line() {
        let error = explain(&library(), "no/such/file.jsonl", Masking::default(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "no/such/file.jsonl: no such file");
    }

    #[test]
    fn secrets_and_control_characters_are_not_printed() {
        let text = explained("INFO:shop:login password=hunter2 \x07done");
        assert!(text.contains("login password=*** \\u{7}done"), "{text}");
    }
}
