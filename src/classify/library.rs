//! The pattern library: packs read, checked and compiled together.

mod compile;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use regex::bytes::Regex;

use super::builtin;
use super::by_class::{ByClass, ClassId};
use super::definition::{Definition, Origin, Pack, Parser, Sample, Severity, ValueUnit};
use super::event::MOST_VALUES;
use super::literals::Required;
use super::prefilter::Prefilter;
use super::search::Search;
use crate::decode::Level;
use crate::expr::Unit;
use crate::text::glob::Glob;

use compile::{Source, value_unit};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Read { path: String, source: std::io::Error },
    #[error("{path}: {message}")]
    Syntax { path: String, message: String },
    #[error("{path}:{line}: {message}")]
    Pattern { path: String, line: usize, message: String },
    #[error("{path}: no *.toml file in this folder")]
    Empty { path: String },
}

/// All patterns, and what the classes they give can carry.
#[derive(Debug)]
pub struct Library {
    /// In the order of their packs, and within a pack as written.
    pub patterns: Vec<Pattern>,
    /// What is said of each class.
    pub classes: ByClass<Class>,
    /// Shared, as the patterns are, by all that classify with this library.
    pub(super) prefilter: Arc<Prefilter>,
}

/// Patterns that stand in another file than a pack.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    pub path: &'a str,
    /// Of the whole file.
    pub text: &'a str,
    pub definitions: &'a [Definition],
}

/// What all patterns of one class have in common.
#[derive(Debug)]
pub struct Class {
    pub name: String,
    pub about: String,
    pub severity: Severity,
    /// Every label some pattern of the class can give, sorted.
    pub labels: Vec<String>,
    /// Every value some pattern of the class can give, sorted by name.
    pub values: Vec<(String, Unit)>,
    /// Which kinds of sources can carry it.
    pub carriers: Carriers,
}

/// Kinds of sources: a service's own output, the platform's HTTP log, people, and what the program measures itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carriers {
    pub app: bool,
    pub edge: bool,
    pub people: bool,
    pub probes: bool,
    pub metrics: bool,
}

/// One compiled `[[pattern]]`.
#[derive(Debug)]
pub struct Pattern {
    pub class: ClassId,
    pub origin: Origin,
    pub about: String,
    pub severity: Severity,
    pub regex: Option<Search>,
    pub parser: Option<Parser>,
    /// Whether the patterns of levels take what it matches, too.
    pub beside: bool,
    pub raw: bool,
    /// Unicode classes and boundaries in `regex`.
    pub unicode: bool,
    pub labels: Vec<Label>,
    pub values: Vec<Value>,
    pub level: Option<Level>,
    /// Whether it finds failures by their text, which lines that say they are no warning only quote. Not so in packs of others:
    /// they name the level they mean.
    pub is_quoted: bool,
    pub logger: Option<Glob>,
    pub attributes: Vec<(String, Glob)>,
    pub label_globs: Vec<(String, LabelGlob)>,
    /// What the regex cannot match without; a pattern with a regex and no literal is tried on every line.
    pub required: Required,
    pub samples: Vec<(Origin, Sample)>,
}

#[derive(Debug)]
pub struct Label {
    pub name: String,
    /// Index into the labels of the class.
    pub index: usize,
    /// The group of the regex that captures it.
    pub group: Option<usize>,
    pub clean: Option<(Regex, String)>,
}

#[derive(Debug)]
pub struct Value {
    pub name: String,
    /// Index into the values of the class.
    pub index: usize,
    /// Name of the capture.
    pub capture: String,
    /// The group of the regex that captures it.
    pub group: Option<usize>,
    /// The unit it is written in.
    pub unit: ValueUnit,
    /// From that unit to the integer that is kept: nanoseconds, bytes, millionths.
    pub scale: f64,
}

/// A condition on a label: a glob, or a family of status codes.
#[derive(Debug)]
pub enum LabelGlob {
    Glob(Glob),
    StatusFamily(u8),
}

impl LabelGlob {
    pub fn is_match(&self, value: &[u8]) -> bool {
        match self {
            LabelGlob::Glob(glob) => glob.is_match(value),
            LabelGlob::StatusFamily(digit) => value.len() == 3 && value[0] == *digit,
        }
    }
}

impl fmt::Display for LabelGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LabelGlob::Glob(glob) => glob.fmt(f),
            LabelGlob::StatusFamily(digit) => write!(f, "{}xx", char::from(*digit)),
        }
    }
}

impl Library {
    /// The packs inside the binary, and those in `folders`; a pack of the same name replaces the built-in one.
    pub fn load(folders: &[impl AsRef<Path>]) -> Result<Library, Error> {
        Library::load_beside(folders, &[])
    }

    /// The same, and before them patterns that stand elsewhere.
    pub fn load_beside(folders: &[impl AsRef<Path>], beside: &[Beside<'_>]) -> Result<Library, Error> {
        let mut foreign = BTreeMap::new();
        for folder in folders {
            foreign.extend(read_folder(folder.as_ref())?);
        }
        let own = builtin::PACKS.iter().filter(|(name, _)| !foreign.contains_key(*name));
        let own: Vec<_> = own.map(|(name, text)| (*name, format!("{name}.toml"), *text)).collect();
        let mut packs: BTreeMap<&str, (Source<'_>, &str)> = BTreeMap::new();
        packs.extend(own.iter().map(|(name, path, text)| (*name, (Source::new(path, text, false), *text))));
        let foreign = foreign.iter();
        packs.extend(
            foreign.map(|(name, (path, text))| (name.as_str(), (Source::new(path, text, true), text.as_str()))),
        );
        let packs = packs.into_values().map(read_pack).collect::<Result<Vec<_>, _>>()?;
        let beside = beside
            .iter()
            .map(|Beside { path, text, definitions }| (Source::new(path, text, true), definitions.to_vec()));
        Library::of(beside.chain(packs))
    }

    /// Compiles packs given as (path, text).
    pub fn compile<'a>(packs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Library, Error> {
        let packs = packs.into_iter().map(|(path, text)| read_pack((Source::new(path, text, true), text)));
        Library::of(packs.collect::<Result<Vec<_>, _>>()?)
    }

    fn of<'a>(packs: impl IntoIterator<Item = (Source<'a>, Vec<Definition>)>) -> Result<Library, Error> {
        let prefilter = Arc::new(Prefilter::new(&[]));
        let mut library = Library { patterns: Vec::new(), classes: ByClass::default(), prefilter };
        for (source, definitions) in packs {
            for definition in definitions {
                library.add(&source, definition)?;
            }
        }
        library.number_members();
        library.prefilter = Arc::new(Prefilter::new(&library.patterns));
        Ok(library)
    }

    /// The class of this name.
    pub fn class_id(&self, name: &str) -> Option<ClassId> {
        self.classes.with_ids().find(|(_, class)| class.name == name).map(|(id, _)| id)
    }

    fn add(&mut self, source: &Source<'_>, definition: Definition) -> Result<(), Error> {
        let carriers = match definition.parser {
            Some(Parser::Edge) => Carriers { edge: true, ..Carriers::default() },
            Some(Parser::Request) => Carriers { app: true, edge: true, ..Carriers::default() },
            Some(Parser::Signal) => Carriers { people: true, ..Carriers::default() },
            Some(Parser::Probe) => Carriers { probes: true, ..Carriers::default() },
            Some(Parser::Metric) => Carriers { metrics: true, ..Carriers::default() },
            _ => Carriers { app: true, ..Carriers::default() },
        };
        let name = definition.class.get_ref();
        let class = self.class_id(name).unwrap_or_else(|| {
            self.classes.push(Class {
                name: name.clone(),
                about: definition.about.clone(),
                severity: definition.severity,
                labels: Vec::new(),
                values: Vec::new(),
                carriers: Carriers::default(),
            })
        });
        let pattern = source.pattern(&definition, class)?;
        let entry = &mut self.classes[class];
        entry.severity = entry.severity.max(definition.severity);
        entry.carriers.app |= carriers.app;
        entry.carriers.edge |= carriers.edge;
        entry.carriers.people |= carriers.people;
        entry.carriers.probes |= carriers.probes;
        entry.carriers.metrics |= carriers.metrics;
        entry.labels.extend(pattern.labels.iter().map(|label| label.name.clone()));
        for value in &pattern.values {
            let unit = value_unit(definition.values.get(&value.name));
            match entry.values.iter().find(|(name, _)| *name == value.name) {
                Some((_, known)) if *known != unit => {
                    return Err(source.error(
                        &definition.class,
                        format!("value `{}` has another unit elsewhere in class {name}", value.name),
                    ));
                }
                Some(_) => {}
                None => entry.values.push((value.name.clone(), unit)),
            }
        }
        if entry.values.len() > MOST_VALUES {
            return Err(source.error(&definition.class, format!("class {name} has more than {MOST_VALUES} values")));
        }
        self.patterns.push(pattern);
        Ok(())
    }

    /// Sorts each class's members, and gives every pattern the indices of its own.
    fn number_members(&mut self) {
        for class in self.classes.iter_mut() {
            class.labels.sort();
            class.labels.dedup();
            class.values.sort_by(|a, b| a.0.cmp(&b.0));
        }
        for pattern in &mut self.patterns {
            let class = &self.classes[pattern.class];
            for label in &mut pattern.labels {
                label.index = class.labels.binary_search(&label.name).unwrap_or(0);
            }
            for value in &mut pattern.values {
                value.index = class.values.iter().position(|(name, _)| *name == value.name).unwrap_or(0);
            }
        }
    }
}

fn read_pack<'a>((source, text): (Source<'a>, &str)) -> Result<(Source<'a>, Vec<Definition>), Error> {
    let pack: Pack = toml::from_str(text).map_err(|error| source.syntax_error(error.to_string()))?;
    Ok((source, pack.patterns))
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, (String, String)>, Error> {
    let shown = folder.display().to_string();
    let failed = |source| Error::Read { path: shown.clone(), source };
    let mut packs = BTreeMap::new();
    for file in std::fs::read_dir(folder).map_err(failed)? {
        let path = file.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            let text = std::fs::read_to_string(&path)
                .map_err(|source| Error::Read { path: path.display().to_string(), source })?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            packs.insert(name, (path.display().to_string(), text));
        }
    }
    if packs.is_empty() { Err(Error::Empty { path: shown }) } else { Ok(packs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regexes_of_the_packs_inside_the_binary_can_be_built() {
        let library = Library::load(&[] as &[&Path]).expect("the packs inside the binary");
        for pattern in &library.patterns {
            assert_eq!(pattern.regex.as_ref().map_or(Ok(()), Search::build), Ok(()), "{}", pattern.origin);
        }
    }

    #[test]
    fn a_regex_too_large_to_be_built_is_refused_with_its_place() {
        let pack = "[[pattern]]\nclass = \"a.b\"\nabout = \"\"\nmatch = '(?:\\w{900}){900}'\n";
        let error = Library::compile([("a.toml", pack)]).expect_err("too large");
        assert_eq!(error.to_string(), "a.toml:4: Compiled regex exceeds size limit of 10485760 bytes.");
    }
}
