//! The text of a plan: what `patterns/plans/*.toml` may say, read and checked before any input is.

mod actions;
mod checks;
mod notify;
mod probes;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::sample::Sample;
use crate::classify::definition::Definition;
use crate::classify::library::{self, Beside, Library};
use crate::time::{SECOND, Time, parse_span, parse_time, short_span};

pub use actions::{Action, Does};
pub use checks::{Check, Checkpoint, Kind, Level, Manual, Next, Success, Written};
pub use notify::{Notify, On, Receiver, Way};
pub use probes::{Ask, Expected, Http, Probe};

/// The plans that ship inside the binary: (name, text).
pub const BUILT_IN: [(&str, &str); 3] = [
    ("default", include_str!("../../patterns/plans/default.toml")),
    ("dl-034", include_str!("../../patterns/plans/dl-034.toml")),
    ("smart-scalper", include_str!("../../patterns/plans/smart-scalper.toml")),
];

/// Why there is no such plan.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a file nor the name of a built-in plan.
    #[error("no plan `{name}`: it is no file, and the built-in plans are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No file there.
    #[error("{path}: no such file")]
    Missing {
        /// As it was given.
        path: String,
    },
    /// A file that can not be read.
    #[error("{path}: {source}")]
    Read {
        /// As it was given.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// Not TOML, or not the members of a plan.
    #[error("{path}: {message}")]
    Syntax {
        /// As it was given.
        path: String,
        /// What is wrong, and where.
        message: String,
    },
    /// An expression is wrong: the message shows where.
    #[error("{0}")]
    Expression(String),
    /// What is written can not be meant.
    #[error("{path}:{line}: {message}")]
    Invalid {
        /// As it was given.
        path: String,
        /// Counted from one.
        line: usize,
        /// What is wrong, and what to do.
        message: String,
    },
}

/// A plan as written, with the text it was read from for messages that say where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The name or the path it was asked for by.
    pub name: String,
    /// As written.
    pub text: String,
    /// What it says.
    pub document: Document,
    /// The plan that it extends.
    pub base: Option<Box<Plan>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub plan: Header,
    #[serde(default)]
    pub metrics: BTreeMap<String, Spanned<String>>,
    #[serde(rename = "level", default)]
    pub levels: Vec<Level>,
    #[serde(rename = "trigger", default)]
    pub triggers: Vec<Trigger>,
    #[serde(rename = "kpi", default)]
    pub kpis: Vec<Kpi>,
    #[serde(default)]
    pub manual: Vec<Manual>,
    #[serde(rename = "checkpoint", default)]
    pub checkpoints: Vec<Checkpoint>,
    #[serde(rename = "success", default)]
    pub successes: Vec<Success>,
    #[serde(default)]
    pub next: Next,
    #[serde(default)]
    pub notify: Vec<Spanned<Notify>>,
    /// What is measured beside the log.
    #[serde(rename = "probe", default)]
    pub probes: Vec<probes::Written>,
    /// What is done when triggers fire.
    #[serde(rename = "action", default)]
    pub actions: Vec<actions::Written>,
    /// Patterns of its own, beside those of the packs.
    #[serde(rename = "pattern", default)]
    pub patterns: Vec<Definition>,
    /// Not inherited.
    #[serde(rename = "sample", default)]
    pub samples: Vec<Sample>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub id: String,
    pub title: String,
    /// A plan by name or file, whose metrics, triggers, key figures, routes and questions this one has, too.
    pub extends: Option<Spanned<String>>,
    /// The window of an expression that names none.
    #[serde(default = "five_minutes")]
    pub window: Span,
    /// How long after the deployment the rules are armed.
    #[serde(default = "four_hours")]
    pub duration: Span,
    /// When it was deployed; `auto` when left out.
    pub at: Option<Moment>,
    /// How far behind the latest record of its source a record may be.
    pub lateness: Option<Span>,
    /// Route templates, such as `/api/run-smart-trade/{symbol}`.
    #[serde(default)]
    pub routes: Vec<String>,
    #[serde(default)]
    pub baseline: Baseline,
    #[serde(default)]
    pub healthy: Healthy,
}

/// What has to be seen of a deployment before it can be called healthy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Healthy {
    /// Time since the deployment.
    pub after: Span,
    /// Requests since the deployment, or events of the class in `events`.
    pub requests: u64,
    /// The class whose events show that the service works; requests when left out.
    pub events: Option<Spanned<String>>,
}

impl Default for Healthy {
    fn default() -> Self {
        Healthy { after: Span(600), requests: 20, events: None }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Baseline {
    pub window: Span,
    pub min_samples: u64,
}

impl Default for Baseline {
    fn default() -> Self {
        Baseline { window: Span(3_600), min_samples: 20 }
    }
}

/// A `[[trigger]]` as written: of one that the plan inherits, only what is to be changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    pub id: Spanned<String>,
    pub severity: Option<Severity>,
    /// In place of a severity, a level that the plan names itself.
    pub level: Option<Spanned<String>>,
    pub when: Option<Spanned<String>>,
    /// True for this long before it fires; at once when left out.
    #[serde(rename = "for")]
    pub hold: Option<Span>,
    /// How sure the whole run is to be that a ratio or a percentile is beyond its bound (SEMANTICS 12).
    pub confidence: Option<f64>,
    /// Below this many samples a mean, a percentile or a ratio is unknown; one when left out.
    pub min_samples: Option<u64>,
    /// False for this long before it resolves; at once when left out.
    pub resolve_after: Option<Span>,
    pub about: Option<String>,
    pub runbook: Option<String>,
    /// `false` switches off a trigger that the plan inherits.
    #[serde(default = "yes")]
    pub enabled: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    pub id: Spanned<String>,
    pub title: String,
    /// A number.
    pub value: Option<Spanned<String>>,
    /// A comparison without its left side, such as `> 95%`.
    pub target: Option<Spanned<String>>,
    #[serde(default = "one")]
    pub min_samples: u64,
    /// The id of a `[[manual]]`, in place of value and target: a person tells whether it is met.
    pub manual: Option<Spanned<String>>,
}

/// What a trigger that fires asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To know of it.
    Info,
    /// To look into it.
    Investigate,
    /// To go back to the version before.
    Rollback,
}

/// A length of time in whole seconds, written `90s`, `5m`, `4h`, `7d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub i64);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse_span(&text)
            .map(Span)
            .ok_or_else(|| format!("`{text}` is no length of time; write for example 90s, 5m, 4h or 7d"))
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&short_span(self.0))
    }
}

/// When something happened: a time, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Moment {
    /// The deployment that the log shows.
    Auto,
    /// This time.
    At(Time),
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Moment::Auto);
        }
        parse_time(text).map(Moment::At)
    }
}

fn yes() -> bool {
    true
}

fn one() -> u64 {
    1
}

fn five_minutes() -> Span {
    Span(300)
}

fn four_hours() -> Span {
    Span(4 * 3_600)
}

impl Plan {
    /// A built-in plan by its name, or a file.
    pub fn load(name: &str) -> Result<Plan, Error> {
        Plan::load_at(name, 0)
    }

    /// Whether a built-in plan is called so.
    pub fn is_built_in(name: &str) -> bool {
        BUILT_IN.iter().any(|(known, _)| *known == name)
    }

    /// `depth` is how many plans extend it.
    fn load_at(name: &str, depth: usize) -> Result<Plan, Error> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Plan::parse_at(name, text, depth);
        }
        let path = Path::new(name);
        if !path.exists() && path.extension().is_none() {
            let known = BUILT_IN.map(|(name, _)| name).join(", ");
            return Err(Error::Unknown { name: name.into(), known });
        }
        let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path: name.into() },
            _ => Error::Read { path: name.into(), source },
        })?;
        Plan::parse_at(name, &text, depth)
    }

    /// Reads the text of a plan; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Plan, Error> {
        Plan::parse_at(name, text, 0)
    }

    fn parse_at(name: &str, text: &str, depth: usize) -> Result<Plan, Error> {
        /// Plans that extend one another; more than anybody needs.
        const DEEPEST: usize = 8;
        let document = toml::from_str(text)
            .map_err(|error: toml::de::Error| Error::Syntax { path: name.into(), message: error.to_string() })?;
        let mut plan = Plan { name: name.into(), text: text.into(), document, base: None };
        let Some(base) = plan.document.plan.extends.clone() else { return Ok(plan) };
        if depth == DEEPEST {
            return Err(plan.error(&base, "plans extend one another in a circle, or too many do".into()));
        }
        let wanted = base.get_ref();
        let is_built_in = BUILT_IN.iter().any(|(known, _)| known == wanted);
        let folder = Path::new(name).parent().filter(|_| !is_built_in);
        let path = folder.map_or(wanted.into(), |folder| folder.join(wanted));
        // What is wrong with that plan is said with who asked for it.
        let extended = Plan::load_at(&path.to_string_lossy(), depth + 1);
        plan.base = Some(Box::new(extended.map_err(|error| plan.error(&base, error.to_string()))?));
        Ok(plan)
    }

    /// The packs inside the binary and those of some folders, with the patterns of this plan and of those it extends.
    pub fn library(&self, folders: &[impl AsRef<Path>]) -> Result<Library, library::Error> {
        let mut beside = Vec::new();
        let mut next = Some(self);
        while let Some(Plan { name, text, document, base }) = next {
            beside.push(Beside { path: name, text, definitions: &document.patterns });
            next = base.as_deref();
        }
        Library::load_beside(folders, &beside)
    }

    /// The line, from 1, that a byte of the text stands on.
    pub fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }
}

impl Header {
    /// Nanoseconds, from the plan or these seconds.
    pub fn lateness(&self, default: i64) -> i64 {
        self.lateness.map_or(default, |span| span.0) * SECOND
    }
}
