//! The pattern library: packs read, checked and compiled together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use regex::bytes::{Regex, RegexBuilder};
use toml::Spanned;

use super::builtin;
use super::definition::{Definition, Origin, Pack, Parser, Sample, Severity, ValueDefinition, ValueUnit};
use super::event::MOST_VALUES;
use super::glob::Glob;
use super::literals;
use crate::decode::Level;
use crate::expr::Unit;

/// Index of a class in [`Library::classes`].
pub type ClassId = usize;

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
    pub patterns: Vec<Pattern>,
    pub classes: Vec<Class>,
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

/// Kinds of sources: a service's own output, and the platform's HTTP log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carriers {
    pub app: bool,
    pub edge: bool,
}

/// One compiled `[[pattern]]`.
#[derive(Debug)]
pub struct Pattern {
    pub class: ClassId,
    pub origin: Origin,
    pub about: String,
    pub severity: Severity,
    pub regex: Option<Regex>,
    pub parser: Option<Parser>,
    pub raw: bool,
    /// Unicode classes and boundaries in `regex`.
    pub unicode: bool,
    pub labels: Vec<Label>,
    pub values: Vec<Value>,
    pub level: Option<Level>,
    pub logger: Option<Glob>,
    pub attributes: Vec<(String, Glob)>,
    pub label_globs: Vec<(String, LabelGlob)>,
    /// Texts of which one must stand in the message; `None`: the pattern is tried on every line.
    pub literals: Option<Vec<Vec<u8>>>,
    pub samples: Vec<(Origin, Sample)>,
}

#[derive(Debug)]
pub struct Label {
    pub name: String,
    /// Index into the labels of the class.
    pub index: usize,
    pub clean: Option<(Regex, String)>,
}

#[derive(Debug)]
pub struct Value {
    pub name: String,
    /// Index into the values of the class.
    pub index: usize,
    /// Name of the capture.
    pub capture: String,
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

/// The labels and values a built-in parser can give.
fn parser_members(parser: Parser) -> Option<(&'static [&'static str], bool)> {
    match parser {
        Parser::AccessLine | Parser::Edge | Parser::Request => {
            Some((&["client", "method", "path", "query", "route", "status", "via"], true))
        }
        Parser::Traceback | Parser::Javascript => Some((&["message", "type", "where"], false)),
        Parser::Level => Some((&["logger", "shape"], false)),
        Parser::EmbeddedJson | Parser::Logfmt => None,
    }
}

impl Library {
    /// The packs inside the binary, and those in `folders`; a pack of the same name replaces the built-in one.
    pub fn load(folders: &[impl AsRef<Path>]) -> Result<Library, Error> {
        let mut packs: BTreeMap<String, (String, String)> = builtin::PACKS
            .iter()
            .map(|(name, text)| (name.to_string(), (format!("{name}.toml"), text.to_string())))
            .collect();
        for folder in folders {
            packs.extend(read_folder(folder.as_ref())?);
        }
        Library::compile(packs.values().map(|(path, text)| (path.as_str(), text.as_str())))
    }

    /// Compiles packs given as (path, text).
    pub fn compile<'a>(packs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Library, Error> {
        let mut library = Library { patterns: Vec::new(), classes: Vec::new() };
        for (path, text) in packs {
            let pack: Pack = toml::from_str(text)
                .map_err(|error| Error::Syntax { path: path.into(), message: error.to_string() })?;
            for definition in pack.patterns {
                library.add(&Source { path, text }, definition)?;
            }
        }
        library.number_members();
        Ok(library)
    }

    pub fn class_id(&self, name: &str) -> Option<ClassId> {
        self.classes.iter().position(|class| class.name == name)
    }

    fn add(&mut self, source: &Source<'_>, definition: Definition) -> Result<(), Error> {
        let pattern = source.pattern(&definition)?;
        let carriers = match definition.parser {
            Some(Parser::Edge) => Carriers { app: false, edge: true },
            Some(Parser::Request) => Carriers { app: true, edge: true },
            _ => Carriers { app: true, edge: false },
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
            });
            self.classes.len() - 1
        });
        let entry = &mut self.classes[class];
        entry.severity = entry.severity.max(definition.severity);
        entry.carriers.app |= carriers.app;
        entry.carriers.edge |= carriers.edge;
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
        self.patterns.push(Pattern { class, ..pattern });
        Ok(())
    }

    /// Sorts each class's members, and gives every pattern the indices of its own.
    fn number_members(&mut self) {
        for class in &mut self.classes {
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

/// A pack's text, for messages that say where.
struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }

    fn origin<T>(&self, place: &Spanned<T>) -> Origin {
        Origin { path: self.path.into(), line: self.line(place.span().start) }
    }

    fn error<T>(&self, place: &Spanned<T>, message: String) -> Error {
        Error::Pattern { path: self.path.into(), line: self.line(place.span().start), message }
    }

    /// Compiles one definition; the class and the indices of its members are filled in later.
    fn pattern(&self, definition: &Definition) -> Result<Pattern, Error> {
        let name = definition.class.get_ref();
        let word = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if !name.contains('.') || !name.split('.').all(word) {
            return Err(self.error(
                &definition.class,
                format!("class `{name}` should be lower-case words joined by dots, such as db.pool_exhausted"),
            ));
        }
        let regex = definition.regex.as_ref().map(|text| self.regex(text, definition.unicode)).transpose()?;
        if regex.is_none() && definition.parser.is_none() {
            return Err(self.error(&definition.class, format!("{name} needs `match` or `parser`")));
        }
        if definition.parser == Some(Parser::Level) && definition.conditions.level.is_none() {
            return Err(self.error(&definition.class, "parser = \"level\" needs `where = { level = … }`".into()));
        }
        let labels = definition
            .labels
            .iter()
            .map(|label| self.label(definition, label, regex.as_ref()))
            .collect::<Result<_, _>>()?;
        let mut values = Vec::new();
        for (value, written) in &definition.values {
            let (capture, unit) = match written {
                ValueDefinition::Plain(capture) => (capture, ValueUnit::Plain),
                ValueDefinition::WithUnit { capture, unit } => (capture, *unit),
            };
            if !can_give(definition.parser, regex.as_ref(), capture, true) {
                return Err(self.error(
                    &definition.class,
                    format!(
                        "value `{value}` reads `{capture}`, which is no capture of `match` and nothing the parser gives"
                    ),
                ));
            }
            values.push(Value { name: value.clone(), index: 0, capture: capture.clone(), unit, scale: scale(unit) });
        }
        if definition.parser.and_then(parser_members).is_some_and(|(_, duration)| duration) {
            values.push(Value {
                name: "duration".into(),
                index: 0,
                capture: "duration".into(),
                unit: ValueUnit::Seconds,
                scale: 1e9,
            });
        }
        let conditions = &definition.conditions;
        let mut label_globs = Vec::new();
        for (label, text) in &conditions.label {
            if !can_give(definition.parser, regex.as_ref(), label, false) {
                return Err(self.error(
                    &definition.class,
                    format!("`where.label` names `{label}`, which this pattern cannot give"),
                ));
            }
            label_globs.push((label.clone(), label_glob(label, text)));
        }
        Ok(Pattern {
            class: 0,
            origin: self.origin(&definition.class),
            about: definition.about.clone(),
            severity: definition.severity,
            literals: definition.regex.as_ref().and_then(|text| required_literals(text.get_ref(), definition.unicode)),
            regex,
            parser: definition.parser,
            raw: definition.raw,
            unicode: definition.unicode,
            labels,
            values,
            level: conditions.level,
            logger: conditions.logger.as_deref().map(Glob::new),
            attributes: conditions.attribute.iter().map(|(name, glob)| (name.clone(), Glob::new(glob))).collect(),
            label_globs,
            samples: definition.samples.iter().map(|sample| (self.origin(&sample.line), sample.clone())).collect(),
        })
    }

    fn label(&self, definition: &Definition, label: &Spanned<String>, regex: Option<&Regex>) -> Result<Label, Error> {
        let name = label.get_ref();
        if !can_give(definition.parser, regex, name, false) {
            return Err(
                self.error(label, format!("label `{name}` is no capture of `match` and nothing the parser gives"))
            );
        }
        let clean = definition
            .clean
            .get(name)
            .map(|(pattern, replacement)| Ok((self.regex(pattern, definition.unicode)?, replacement.clone())));
        Ok(Label { name: name.clone(), index: 0, clean: clean.transpose()? })
    }

    fn regex(&self, text: &Spanned<String>, unicode: bool) -> Result<Regex, Error> {
        RegexBuilder::new(text.get_ref()).unicode(unicode).build().map_err(|error| self.error(text, error.to_string()))
    }
}

fn can_give(parser: Option<Parser>, regex: Option<&Regex>, name: &str, numeric: bool) -> bool {
    let captured = regex.is_some_and(|regex| regex.capture_names().flatten().any(|capture| capture == name));
    captured
        || parser.is_some_and(|parser| match parser_members(parser) {
            Some((labels, duration)) => {
                if numeric {
                    duration && name == "duration"
                } else {
                    labels.contains(&name)
                }
            }
            None => true,
        })
}

fn label_glob(label: &str, text: &str) -> LabelGlob {
    match (label, text.as_bytes()) {
        ("status", [digit @ b'1'..=b'5', b'x', b'x']) => LabelGlob::StatusFamily(*digit),
        _ => LabelGlob::Glob(Glob::new(text)),
    }
}

fn required_literals(regex: &str, unicode: bool) -> Option<Vec<Vec<u8>>> {
    let hir = regex_syntax::ParserBuilder::new().unicode(unicode).utf8(false).build().parse(regex).ok()?;
    literals::required(&hir)
}

fn scale(unit: ValueUnit) -> f64 {
    match unit {
        ValueUnit::Plain | ValueUnit::Milliseconds => 1e6,
        ValueUnit::Seconds => 1e9,
        ValueUnit::B => 1.0,
        ValueUnit::KiB => 1024.0,
        ValueUnit::MiB => 1024.0 * 1024.0,
        ValueUnit::GiB => 1024.0 * 1024.0 * 1024.0,
    }
}

/// The base unit of a value; a parser's only value is a duration.
fn value_unit(definition: Option<&ValueDefinition>) -> Unit {
    match definition {
        Some(ValueDefinition::Plain(_)) => Unit::Plain,
        Some(ValueDefinition::WithUnit { unit, .. }) => match unit {
            ValueUnit::Plain => Unit::Plain,
            ValueUnit::Milliseconds | ValueUnit::Seconds => Unit::Seconds,
            _ => Unit::Bytes,
        },
        None => Unit::Seconds,
    }
}
