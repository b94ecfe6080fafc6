//! Which files are meant: a folder means the logs in it, and a pattern that the shell has left alone the files that match.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::CommandFactory;

use super::options::{Cli, Files};
use super::run::UsageError;
use crate::expr::suggest::nearest;
use crate::source::Input;

/// How the names of logs end, packed or not.
const ENDINGS: [&str; 5] = ["log", "txt", "json", "jsonl", "ndjson"];
const PACKED: [&str; 3] = ["gz", "zst", "zstd"];

/// The inputs in the order given, files first; standard input where nothing is given.
pub fn inputs(read: &Files) -> Result<Vec<Input>> {
    let mut inputs = expand(&read.files)?;
    inputs.extend(read.sources.iter().cloned());
    if inputs.is_empty() {
        inputs.push(Input::standard());
    }
    for (at, source) in read.sources.iter().enumerate() {
        if read.sources[..at].iter().any(|other| other.label == source.label) {
            let label = crate::text::escape(&source.label);
            return Err(UsageError(format!("two sources are called {label}; give each a name of its own")).into());
        }
    }
    Ok(inputs)
}

/// The files that are meant, in the order given.
pub fn expand(paths: &[PathBuf]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in paths {
        match path.metadata() {
            _ if path == Path::new("-") => inputs.push(Input::standard()),
            Ok(metadata) if metadata.is_dir() => inputs.extend(logs(path)?.iter().map(|path| Input::path(path))),
            Ok(_) => inputs.push(Input::path(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => inputs.extend(matching(path)?),
            // What is wrong with it is told when it is opened.
            Err(_) => inputs.push(Input::path(path)),
        }
    }
    tell_apart(&mut inputs);
    Ok(inputs)
}

/// Calls files of the same name in several folders by their paths.
fn tell_apart(inputs: &mut [Input]) {
    let mut named: Vec<(String, Option<PathBuf>)> =
        inputs.iter().map(|input| (input.label.clone(), input.path.clone())).collect();
    named.sort();
    named.dedup();
    for input in inputs {
        let is_shared = named.iter().filter(|(label, _)| *label == input.label).count() > 1;
        if let (true, Some(path)) = (is_shared, &input.path) {
            input.label = path.display().to_string();
        }
    }
}

/// Whether all are files, which end and can be read again. What is missing is told when it is opened.
pub fn are_saved(inputs: &[Input]) -> bool {
    let is_saved = |path: &Path| {
        path.metadata().map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |file| file.is_file())
    };
    inputs.iter().all(|input| input.path.as_deref().is_some_and(is_saved))
}

/// The logs in a folder, by name; not those in folders below.
fn logs(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = crate::text::escape(&folder.display().to_string());
    let entries =
        fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).with_context(|| shown.clone())?;
    let mut logs: Vec<PathBuf> =
        entries.iter().map(fs::DirEntry::path).filter(|path| path.is_file() && is_log(path)).collect();
    logs.sort();
    if logs.is_empty() {
        let endings = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
        return Err(UsageError(format!(
            "{shown}: no logs in this folder ({endings}, or one of them with .gz or .zst)"
        ))
        .into());
    }
    Ok(logs)
}

fn is_log(path: &Path) -> bool {
    let ends = |path: &Path, endings: &[&str]| {
        path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
    };
    ends(path, &ENDINGS) || ends(path, &PACKED) && ends(&path.with_extension(""), &ENDINGS)
}

/// What a word means that is no file.
fn matching(path: &Path) -> Result<Vec<Input>> {
    let word = path.to_string_lossy();
    let shown = crate::text::escape(&word);
    if word.contains(['*', '?', '['])
        && let Ok(paths) = glob::glob(&word)
    {
        let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().with_context(|| shown.clone())?;
        paths.retain(|path| !path.is_dir());
        return match paths.is_empty() {
            true => Err(UsageError(format!("{shown}: no file matches")).into()),
            false => Ok(paths.iter().map(|path| Input::path(path)).collect()),
        };
    }
    if path.components().count() == 1 && path.extension().is_none() {
        let cli = Cli::command();
        let commands: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
        let help = match nearest(&word, commands.iter().copied()) {
            Some(command) => format!("did you mean `logwatch {command}`?"),
            None => format!("the commands are {}", commands.join(", ")),
        };
        return Err(UsageError(format!("{shown}: no such file, and no command; {help}")).into());
    }
    // It is told when it is opened.
    Ok(vec![Input::path(path)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_told_by_their_endings() {
        for name in ["a.log", "b.jsonl.gz", "c.d.txt.zst", "e.ndjson"] {
            assert!(is_log(Path::new(name)), "{name}");
        }
        for name in ["a.toml", "b.gz", "log", "c.tar.gz", ".hidden"] {
            assert!(!is_log(Path::new(name)), "{name}");
        }
    }
}
