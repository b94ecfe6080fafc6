//! One definition of a pack compiled to a pattern, or an error that says where in the pack.

use regex::bytes::{Regex, RegexBuilder};
use toml::Spanned;

use super::super::by_class::ClassId;
use super::super::definition::{Definition, Origin, Parser, Severity, ValueDefinition, ValueUnit};
use super::super::literals::{self, Required};
use super::super::search::Search;
use super::{Error, Label, LabelGlob, Pattern, Value};
use crate::expr::Unit;
use crate::people::SIGNAL;
use crate::text::glob::Glob;

/// A pack, for messages that say where.
pub(super) struct Source<'a> {
    path: &'a str,
    /// Where its lines end.
    line_ends: Vec<usize>,
    /// Whether its regexes have to be built to know that they can be: those of the packs inside the binary can.
    foreign: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &'a str, text: &str, foreign: bool) -> Self {
        Source { path, line_ends: memchr::memchr_iter(b'\n', text.as_bytes()).collect(), foreign }
    }

    fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }

    fn origin<T>(&self, place: &Spanned<T>) -> Origin {
        Origin { path: self.path.into(), line: self.line(place.span().start) }
    }

    pub(super) fn error<T>(&self, place: &Spanned<T>, message: String) -> Error {
        Error::Pattern { path: self.path.into(), line: self.line(place.span().start), message }
    }

    pub(super) fn syntax_error(&self, message: String) -> Error {
        Error::Syntax { path: self.path.into(), message }
    }

    /// Compiles one definition; the class and the indices of its members are filled in later.
    pub(super) fn pattern(&self, definition: &Definition, class: ClassId) -> Result<Pattern, Error> {
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
        if (definition.parser == Some(Parser::Signal)) != name.starts_with(SIGNAL) {
            let message = "classes that begin with `signal.` are for parser = \"signal\", and it for them: people report them by name";
            return Err(self.error(&definition.class, message.into()));
        }
        let regex = definition.regex.as_ref().map(|text| self.search(text, definition.unicode)).transpose()?;
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
            let group = regex.as_ref().and_then(|regex| regex.group(capture));
            let (name, capture) = (value.clone(), capture.clone());
            values.push(Value { name, index: 0, capture, group, unit, scale: scale(unit) });
        }
        if definition.parser.and_then(parser_members).is_some_and(|(_, duration)| duration) {
            values.push(Value {
                name: "duration".into(),
                index: 0,
                capture: "duration".into(),
                group: None,
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
            class,
            origin: self.origin(&definition.class),
            about: definition.about.clone(),
            severity: definition.severity,
            is_quoted: !self.foreign && definition.severity == Severity::Error && regex.is_some(),
            required: regex.as_ref().map_or_else(Required::default, |regex| literals::required(regex.syntax())),
            regex,
            parser: definition.parser,
            beside: definition.beside,
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

    fn label(&self, definition: &Definition, label: &Spanned<String>, regex: Option<&Search>) -> Result<Label, Error> {
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
        let group = regex.and_then(|regex| regex.group(name));
        Ok(Label { name: name.clone(), index: 0, group, clean: clean.transpose()? })
    }

    fn search(&self, text: &Spanned<String>, unicode: bool) -> Result<Search, Error> {
        let search = Search::new(text.get_ref(), unicode).map_err(|error| self.error(text, error))?;
        if self.foreign {
            search.build().map_err(|error| self.error(text, error))?;
        }
        Ok(search)
    }

    fn regex(&self, text: &Spanned<String>, unicode: bool) -> Result<Regex, Error> {
        RegexBuilder::new(text.get_ref()).unicode(unicode).build().map_err(|error| self.error(text, error.to_string()))
    }
}

fn can_give(parser: Option<Parser>, regex: Option<&Search>, name: &str, numeric: bool) -> bool {
    let captured = regex.is_some_and(|regex| regex.group(name).is_some());
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
pub(super) fn value_unit(definition: Option<&ValueDefinition>) -> Unit {
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

/// The labels and values a built-in parser can give.
fn parser_members(parser: Parser) -> Option<(&'static [&'static str], bool)> {
    if parser.reads_failures() {
        return Some((&["message", "type", "where"], false));
    }
    match parser {
        Parser::AccessLine | Parser::Edge | Parser::Request => {
            Some((&["client", "method", "path", "query", "route", "status", "via"], true))
        }
        Parser::Level => Some((&["logger", "shape"], false)),
        Parser::Lifecycle => Some((&[], false)),
        Parser::Signal => Some((&["by"], false)),
        _ => None,
    }
}
