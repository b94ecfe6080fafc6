//! What `patterns`, `plan`, `notify`, `baseline` and `lines` may say.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::RedactOptions;
use crate::cli::range::{Deployed, End};
use crate::decode::Level;
use crate::rules::plan::Span;
use crate::time::Time;
use crate::time::parse_time;
use crate::zone::Zone;

#[derive(Debug, Subcommand)]
pub enum Patterns {
    /// The classes of the library, a line each
    List {
        #[command(flatten)]
        library: LibraryOptions,
        /// `regex` prints the regexes alone, one a line; `stacks` what is understood of each stack, as a table
        #[arg(long, value_enum, default_value_t = ListFormat::Text)]
        format: ListFormat,
    },
    /// A class or a pack in full
    Show {
        /// A class such as db.pool_exhausted, or a pack such as sqlalchemy
        name: String,
        #[command(flatten)]
        library: LibraryOptions,
    },
    /// Run every sample of every pattern
    Test {
        #[command(flatten)]
        library: LibraryOptions,
    },
    /// What a regex would match in a file, before it is put into a pack
    Try {
        /// As a pattern's `match`
        regex: String,
        file: PathBuf,
        /// Match the whole message, not the message without its LEVEL:logger: head
        #[arg(long)]
        raw: bool,
        /// Unicode classes and boundaries instead of ASCII ones
        #[arg(long)]
        unicode: bool,
        #[command(flatten)]
        redact: RedactOptions,
    },
    /// What a line is read as, which patterns match it, and which come near; of a file, what is in it
    Explain {
        /// A line, a file, or - for standard input
        input: String,
        #[command(flatten)]
        redact: RedactOptions,
        #[command(flatten)]
        library: LibraryOptions,
    },
}

/// Which lines to show: those that meet every condition.
#[derive(Debug, Args)]
pub struct LinesOptions {
    /// Saved files, or folders of logs
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Of this class, or of those that a pattern such as db.* matches; repeatable
    #[arg(long, value_name = "CLASS")]
    pub class: Vec<String>,
    /// At least as grave: debug, info, warning, error or critical
    #[arg(long, value_parser = |text: &str| Level::from_name(text.as_bytes()).ok_or("no level"))]
    pub level: Option<Level>,
    /// Within half a minute of a time, or of a time of day such as 12:30:36
    #[arg(long, value_name = "T", value_parser = End::parse)]
    pub around: Option<End>,
    /// As many lines before and after each
    #[arg(short = 'C', long, value_name = "N", default_value_t = 0)]
    pub context: u64,
    /// The time zone of what is shown, and of times without an offset
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: Zone,
    #[command(flatten)]
    pub redact: RedactOptions,
    #[command(flatten)]
    pub library: LibraryOptions,
}

/// What a baseline is made of.
#[derive(Debug, Args)]
pub struct BaselineOptions {
    /// Saved logs, or folders of logs; or baselines, which are added up
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Where it is written; standard output unless given
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The plan that is to compare with it: a built-in one or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    pub plan: String,
    #[command(flatten)]
    pub library: LibraryOptions,
    /// Leave out what came before
    #[arg(long, value_name = "T", value_parser = parse_time)]
    pub since: Option<Time>,
    /// Leave out what came at or after
    #[arg(long, value_name = "T", value_parser = parse_time)]
    pub until: Option<Time>,
}

/// What a new plan is made of.
#[derive(Debug, Args)]
pub struct NewPlanOptions {
    /// What is deployed
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// A route that must not fail, or a pattern such as /api/*; repeatable
    #[arg(long, value_name = "ROUTE")]
    pub route: Vec<String>,
    /// How long it is watched after the deployment, such as 4h
    #[arg(long, value_name = "SPAN", value_parser = |text: &str| Span::try_from(text.to_string()))]
    pub duration: Option<Span>,
    /// A log of healthy times, which tells of bounds
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct LibraryOptions {
    /// A folder of pattern packs beside the built-in ones; repeatable
    #[arg(long, value_name = "DIR")]
    pub patterns: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Plans {
    /// The built-in plans
    List,
    /// A plan's text
    Show {
        /// A built-in plan or a file
        name: String,
    },
    /// Write a commented plan for a deployment: what is not given is asked for on a terminal
    New {
        #[command(flatten)]
        options: NewPlanOptions,
        #[command(flatten)]
        library: LibraryOptions,
    },
    /// Run the samples of a plan: small logs, and the seconds at which its triggers must fire
    Test {
        /// A built-in plan or a file
        name: String,
        #[command(flatten)]
        library: LibraryOptions,
    },
    /// Check a plan against the pattern library, and say what it would have done on saved logs
    Check {
        /// A built-in plan or a file
        name: String,
        /// Say each expression in words
        #[arg(long)]
        explain: bool,
        /// Saved logs: how often each trigger would have fired on them, how near it came, and what is not known
        #[arg(long, value_name = "FILE", num_args = 1..)]
        against: Vec<PathBuf>,
        /// When it was deployed, in these logs
        #[arg(long, value_name = "T|auto", value_parser = Deployed::parse, allow_hyphen_values = true, requires = "against")]
        deployed_at: Option<Deployed>,
        #[command(flatten)]
        library: LibraryOptions,
    },
}

#[derive(Debug, Subcommand)]
pub enum Notifies {
    /// Send a sample to each receiver, and say what became of it
    Test {
        /// A built-in plan or a file
        #[arg(value_name = "PLAN")]
        name: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    Text,
    Regex,
    Stacks,
}
