//! The text of a pattern pack: what `patterns/*.toml` may say.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::trace::Language;
use crate::decode::Level;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    #[serde(rename = "pattern", default)]
    pub patterns: Vec<Definition>,
}

/// One `[[pattern]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    pub class: Spanned<String>,
    pub about: String,
    #[serde(default)]
    pub severity: Severity,
    /// A regex on the message, searched.
    #[serde(rename = "match")]
    pub regex: Option<Spanned<String>>,
    /// A built-in parser instead of a regex, or behind one that gates it.
    pub parser: Option<Parser>,
    /// What it matches is of the class of its level, too: it says something of a line, and not all that there is to say.
    #[serde(default)]
    pub beside: bool,
    /// Match the whole message, not the message without its `LEVEL:logger:` head.
    #[serde(default)]
    pub raw: bool,
    /// Unicode classes and boundaries instead of ASCII ones.
    #[serde(default)]
    pub unicode: bool,
    #[serde(default)]
    pub labels: Vec<Spanned<String>>,
    #[serde(default)]
    pub values: BTreeMap<String, ValueDefinition>,
    #[serde(rename = "where", default)]
    pub conditions: Conditions,
    /// Label → (regex, replacement), applied to the label's value.
    #[serde(default)]
    pub clean: BTreeMap<String, (Spanned<String>, String)>,
    #[serde(rename = "sample", default)]
    pub samples: Vec<Sample>,
}

/// How grave an event of a class is in a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    #[default]
    Info,
    Warning,
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parser {
    /// An access line of a web server.
    AccessLine,
    /// A record of Railway's HTTP log.
    Edge,
    /// Either of the two: a request, however it was seen.
    Request,
    /// An entry that holds a Python traceback.
    Traceback,
    /// An entry that holds a JavaScript stack or an uncaught error.
    Javascript,
    /// An entry that holds a failure of the JVM.
    Java,
    /// An entry that holds a panic or a fatal error of Go.
    Go,
    /// An entry that holds a panic of Rust, or an error that `main` returned.
    Rust,
    /// An entry that holds an error of Ruby with its backtrace.
    Ruby,
    /// An entry that holds a fatal error of PHP, or an exception that was logged.
    Php,
    /// An entry that holds a failure of .NET.
    Dotnet,
    /// An entry that holds a failure of Elixir or Erlang.
    Elixir,
    /// An entry that holds a failure with its stack, in any of these languages.
    Failure,
    /// An entry of the level in `where.level` that no other pattern knows.
    Level,
    /// The JSON object inside a message; its members are the labels.
    EmbeddedJson,
    /// `key=value` pairs; the keys are the labels.
    Logfmt,
    /// No line: what [the engine](crate::lifecycle) works out of several.
    Lifecycle,
    /// No line: what [people](crate::people) report; the label is who.
    Signal,
    /// No line: what the [probes](crate::external) of a plan find.
    Probe,
    /// No line: what a platform [measures](crate::external) of a service.
    Metric,
}

impl Parser {
    /// The language whose failures it reads; `None` for all other parsers.
    pub fn language(self) -> Option<Language> {
        Some(match self {
            Parser::Traceback => Language::Python,
            Parser::Javascript => Language::Javascript,
            Parser::Java => Language::Java,
            Parser::Go => Language::Go,
            Parser::Rust => Language::Rust,
            Parser::Ruby => Language::Ruby,
            Parser::Php => Language::Php,
            Parser::Dotnet => Language::Dotnet,
            Parser::Elixir => Language::Elixir,
            _ => return None,
        })
    }

    /// Whether it reads lines; the others are told by the engine, by people, or measured.
    pub fn reads_lines(self) -> bool {
        !matches!(self, Parser::Lifecycle | Parser::Signal | Parser::Probe | Parser::Metric)
    }

    /// Whether it reads failures, of one language or of any.
    pub fn reads_failures(self) -> bool {
        self == Parser::Failure || self.language().is_some()
    }

    /// Its name in a pack.
    pub fn name(self) -> &'static str {
        match self {
            Parser::AccessLine => "access-line",
            Parser::Edge => "edge",
            Parser::Request => "request",
            Parser::Traceback => "traceback",
            Parser::Javascript => "javascript",
            Parser::Java => "java",
            Parser::Go => "go",
            Parser::Rust => "rust",
            Parser::Ruby => "ruby",
            Parser::Php => "php",
            Parser::Dotnet => "dotnet",
            Parser::Elixir => "elixir",
            Parser::Failure => "failure",
            Parser::Level => "level",
            Parser::EmbeddedJson => "embedded-json",
            Parser::Logfmt => "logfmt",
            Parser::Lifecycle => "lifecycle",
            Parser::Signal => "signal",
            Parser::Probe => "probe",
            Parser::Metric => "metric",
        }
    }
}

/// A numeric capture, with the unit it is written in; the short form is a plain number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum ValueDefinition {
    Plain(String),
    WithUnit { capture: String, unit: ValueUnit },
}

/// The unit a value is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ValueUnit {
    #[serde(rename = "1")]
    Plain,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "s")]
    Seconds,
    B,
    KiB,
    MiB,
    GiB,
}

impl ValueUnit {
    /// As it stands behind a number; nothing for a plain one.
    pub fn suffix(self) -> &'static str {
        match self {
            ValueUnit::Plain => "",
            ValueUnit::Milliseconds => "ms",
            ValueUnit::Seconds => "s",
            ValueUnit::B => "B",
            ValueUnit::KiB => "KiB",
            ValueUnit::MiB => "MiB",
            ValueUnit::GiB => "GiB",
        }
    }
}

/// What narrows a pattern besides its match.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// At least this grave.
    pub level: Option<Level>,
    /// A glob on the logger's name.
    pub logger: Option<String>,
    /// Globs on attributes of the record.
    #[serde(default)]
    pub attribute: BTreeMap<String, String>,
    /// Globs on labels; `status` also knows families such as `5xx`.
    #[serde(default)]
    pub label: BTreeMap<String, String>,
}

/// A line that must, or must not, match exactly the pattern it stands under.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    pub line: Spanned<String>,
    #[serde(default = "yes")]
    pub matches: bool,
    /// The stacks that write such a line, for the table of what is understood: their names, separated by `, `.
    pub of: Option<String>,
    /// The labels it must give; those not named are free.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The values it must give, in the unit of the definition.
    #[serde(default)]
    pub values: BTreeMap<String, f64>,
}

fn yes() -> bool {
    true
}

/// Where something stands in the packs. Displayed as `file:line`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, or its name alone for a pack inside the binary.
    pub path: String,
    /// Counted from 1.
    pub line: usize,
}

impl Origin {
    /// The name of the pack: the file's stem.
    pub fn pack(&self) -> Cow<'_, str> {
        Path::new(&self.path).file_stem().unwrap_or_default().to_string_lossy()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}
