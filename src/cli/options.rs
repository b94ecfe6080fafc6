//! What the command line may say.

mod people;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::decode::Level;
use crate::mask::Masking;
use crate::rules::plan::Span;
use crate::source::{Input, Program};
use crate::zone::Zone;

use super::range::{Deployed, End};

pub use people::{CheckOptions, SaidOptions, SignalOptions};

/// Reads a service's log after a deployment and says whether to keep it, look into it, or roll it back.
#[derive(Debug, Parser)]
#[command(version, long_version = VERSION, args_conflicts_with_subcommands = true, max_term_width = 100, after_help = EXIT_STATUS)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub files: Files,
    #[command(flatten)]
    pub read: Read,
}

/// Debian has another program of this name, which mails reports of a day's system logs.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    ": the verdict on a deployment, from the service's log (not the logwatch that mails reports of system logs)"
);

const EXIT_STATUS: &str = "\
Exit status:
  0  healthy, or milder than --fail-on        3  investigate
  1  failed, or input was cut short           4  rollback
  2  usage, plan or pattern error             5  unknown

Without --plan, `default` decides: rollback when far more requests fail than before, the service
does not answer, or starts again and again; investigate what else is worse than the hour before.

Examples:
  logwatch watch api --project shop --environment production
  railway logs --json --since 1h | logwatch --plan dl-034
  logwatch app.jsonl http.jsonl.zst --deployed-at 2025-08-25T13:30:00Z
  logwatch lines app.jsonl --class http.error --around 13:30:36 -C 5
  logwatch patterns explain app.jsonl";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Follow services on Railway: what was written since an hour before the deployment, then what is written
    #[command(after_help = WATCH)]
    Watch {
        #[command(flatten)]
        watch: WatchOptions,
        #[command(flatten)]
        read: Read,
    },
    /// Run a program under a pseudo-terminal, and read what it prints
    #[cfg(unix)]
    #[command(after_help = EXEC)]
    Exec {
        #[command(flatten)]
        exec: ExecOptions,
        #[command(flatten)]
        read: Read,
    },
    /// Show which deployment a service on Railway would go back to; with --execute, go back
    Rollback {
        #[command(flatten)]
        rollback: RollbackOptions,
    },
    /// Read saved files (plain, gzip, zstd, - for standard input) at full speed
    Replay {
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        read: Read,
        /// Keep reading as the files grow
        #[arg(long)]
        follow: bool,
    },
    /// Show the lines behind a verdict, from where they are
    Lines {
        #[command(flatten)]
        asked: LinesOptions,
    },
    /// Look at the pattern library, and test it
    Patterns {
        #[command(subcommand)]
        command: Patterns,
    },
    /// Look at plans, and check them
    Plan {
        #[command(subcommand)]
        command: Plans,
    },
    /// Record the answer to a manual check of a plan
    Check {
        #[command(flatten)]
        asked: CheckOptions,
    },
    /// Record a report from outside, such as a user's complaint
    Signal {
        #[command(flatten)]
        asked: SignalOptions,
    },
    /// Print what makes a shell complete the command line
    Completions {
        /// For example: logwatch completions bash > ~/.local/share/bash-completion/completions/logwatch
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for `man -l -`
    Man,
}

/// Which files to read.
#[derive(Debug, Args)]
pub struct Files {
    /// Files to read, or folders of logs; standard input when there are none, or -
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A file under a name of its own; repeatable
    #[arg(long = "source", value_name = "LABEL=FILE", value_parser = Input::labelled)]
    pub sources: Vec<Input>,
}

/// What to make of what is read.
#[derive(Debug, Args)]
pub struct Read {
    /// A built-in plan (see `logwatch plan list`) or a plan file
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    pub plan: String,
    /// A folder of pattern packs beside the built-in ones; repeatable
    #[arg(long, value_name = "DIR")]
    pub patterns: Vec<PathBuf>,
    /// When it was deployed: a time, 13:30, 10m before the end, or `auto` for the newest deployment in the log
    #[arg(long, value_name = "T|auto", value_parser = Deployed::parse, allow_hyphen_values = true)]
    pub deployed_at: Option<Deployed>,
    /// Leave out what came before: a time, 13:30, today, 1h before the end, or +30m after the deployment
    #[arg(long, value_name = "T", value_parser = End::parse, allow_hyphen_values = true)]
    pub since: Option<End>,
    /// Leave out what came at or after: as for --since
    #[arg(long, value_name = "T", value_parser = End::parse, allow_hyphen_values = true)]
    pub until: Option<End>,
    /// What people answered and reported, as `logwatch check` and `logwatch signal` record it
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// The time zone of what is shown, and of times without an offset: UTC, local, or a name such as Europe/Madrid
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: Zone,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write to a file too, in the format given before `=` or told by its ending (report.html); repeatable
    #[arg(long = "output", value_name = "[FORMAT=]FILE", value_parser = Output::parse)]
    pub outputs: Vec<Output>,
    /// Keep what is read, and when the clock moved, for an exact replay
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// The mildest verdict that is not exit status 0
    #[arg(long, value_enum, default_value_t = FailOn::Unknown)]
    pub fail_on: FailOn,
    /// Threads that work on the lines of files; one a core unless given
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    #[command(flatten)]
    pub redact: RedactOptions,
    /// Colours: in a terminal, always, or never
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
    /// Print the verdict alone
    #[arg(short, long)]
    pub quiet: bool,
    /// Print triggers that become pending, too
    #[arg(short, long)]
    pub verbose: bool,
}

const WATCH: &str = "\
A token is read from the environment or a file, never from an argument:
  RAILWAY_TOKEN      a project token (made in the project's Settings > Tokens): it knows its
                     project and environment
  RAILWAY_API_TOKEN  an account or workspace token (https://railway.com/account/tokens)

Without --since it reads back to an hour before the newest deployment, six hours at most. It ends
with the verdict at Ctrl-C, SIGTERM, or --until.

Examples:
  logwatch watch --list
  logwatch watch api --until +30m --fail-on rollback
  logwatch watch api worker --project shop --environment production --plan dl-034";

/// What to follow on Railway.
#[derive(Debug, Args)]
pub struct WatchOptions {
    /// Services by name or id; all of the environment where there are none
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// The same; repeatable
    #[arg(long = "service", value_name = "SERVICE")]
    pub more_services: Vec<String>,
    #[command(flatten)]
    pub place: PlaceOptions,
    /// Only this deployment's records: an id, or `latest`
    #[arg(long, value_name = "ID|latest")]
    pub deployment: Option<String>,
    /// Which logs
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [LogKind::App, LogKind::Http], value_name = "KIND,…")]
    pub logs: Vec<LogKind>,
    /// Only what this filter of Railway's admits, such as `@level:error` or `\"a phrase\" AND -@httpStatus:200`
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Show the projects, environments and services that the token can see
    #[arg(long)]
    pub list: bool,
}

#[cfg(unix)]
const EXEC: &str = "\
Some programs follow a log only while they print to a terminal. What the program writes to
standard error is passed on; it is ended with logwatch, and if it fails the run is cut short.

Examples:
  logwatch exec -- railway logs --json
  logwatch exec --source api='railway logs --json -s api' --source web='railway logs --json -s web'";

/// What to run.
#[cfg(unix)]
#[derive(Debug, Args)]
pub struct ExecOptions {
    /// A command under a name of its own, run by a shell; repeatable
    #[arg(long = "source", value_name = "LABEL='COMMAND'", value_parser = Program::labelled)]
    pub sources: Vec<Program>,
    /// The program and its arguments
    #[arg(last = true, value_name = "COMMAND", required_unless_present = "sources")]
    pub command: Vec<OsString>,
}

/// What to roll back.
#[derive(Debug, Args)]
pub struct RollbackOptions {
    /// The service, by name or id
    pub service: String,
    /// The deployment to go back to; the newest earlier one that can be gone back to unless given
    #[arg(long, value_name = "ID")]
    pub to: Option<String>,
    /// Do it
    #[arg(long)]
    pub execute: bool,
    #[command(flatten)]
    pub place: PlaceOptions,
}

/// Where services are, and who asks.
#[derive(Debug, Args)]
pub struct PlaceOptions {
    /// The project, by name or id: not needed with a project token, nor where RAILWAY_PROJECT_ID is set
    #[arg(long, value_name = "P")]
    pub project: Option<String>,
    /// The environment, by name or id: the same with RAILWAY_ENVIRONMENT_ID
    #[arg(long, value_name = "E")]
    pub environment: Option<String>,
    /// Read the token, of either kind, from a file
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogKind {
    /// What the service writes
    App,
    /// Its requests, as Railway's edge saw them
    Http,
}

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

/// What is masked in lines that are shown.
#[derive(Debug, Args)]
pub struct RedactOptions {
    /// Mask this, too, in what is shown of lines; secrets always are
    #[arg(long, value_enum, value_name = "KIND")]
    pub redact: Vec<Redact>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Redact {
    /// E-mail addresses
    Email,
}

impl RedactOptions {
    pub fn masking(&self) -> Masking {
        Masking { emails: self.redact.contains(&Redact::Email) }
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    Text,
    Regex,
    Stacks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Rollback,
    Investigate,
    Unknown,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

/// A file to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub format: Format,
    pub path: PathBuf,
}

impl Output {
    /// The format that a file's ending tells.
    fn format_of(path: &str) -> Result<Format, String> {
        match Path::new(path).extension().and_then(|ending| ending.to_str()) {
            Some("json" | "jsonl" | "ndjson") => Ok(Format::Json),
            Some("txt" | "text" | "log") => Ok(Format::Text),
            Some("html" | "htm") => Ok(Format::Html),
            // Devices and pipes have no endings.
            None if Path::new(path).exists() || path.contains('/') => Ok(Format::Text),
            None if matches!(path, "json" | "text" | "html") => Err(format!(
                "`{path}` is a format; what is printed is chosen with --format {path}, and a file is written with {path}=FILE"
            )),
            _ => Err(format!(
                "`{path}` does not tell its format; write json={path}, text={path} or html={path}, or end it with .jsonl, .txt or .html"
            )),
        }
    }

    fn parse(text: &str) -> Result<Output, String> {
        let (format, path) = match text.split_once('=') {
            Some(("text", path)) => (Format::Text, path),
            Some(("json", path)) => (Format::Json, path),
            Some(("html", path)) => (Format::Html, path),
            Some((other, _)) if !other.contains(['/', '.']) => {
                return Err(format!("no format `{other}`; there are text, json and html"));
            }
            _ => (Output::format_of(text)?, text),
        };
        if path.is_empty() {
            return Err("write [FORMAT=]FILE, for example json=run.jsonl".into());
        }
        Ok(Output { format, path: path.into() })
    }
}

impl Read {
    /// How many threads work on the lines of files.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(cores, usize::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn outputs_tell_their_format() {
        let parse = |text| Output::parse(text).map(|output| (output.format, output.path.display().to_string()));
        assert_eq!(parse("json=out"), Ok((Format::Json, "out".into())));
        assert_eq!(parse("run.jsonl"), Ok((Format::Json, "run.jsonl".into())));
        assert_eq!(parse("dir.a=b/run.txt"), Ok((Format::Text, "dir.a=b/run.txt".into())));
        assert_eq!(parse("/dev/null"), Ok((Format::Text, "/dev/null".into())));
        assert_eq!(parse("html=out"), Ok((Format::Html, "out".into())));
        assert_eq!(parse("report.html"), Ok((Format::Html, "report.html".into())));
        assert!(parse("pdf=x").unwrap_err().contains("there are text, json and html"));
        assert!(parse("json").unwrap_err().contains("--format json"));
        assert!(parse("report.pdf").unwrap_err().contains("html=report.pdf"));
        assert!(parse("report").unwrap_err().contains("text=report"));
    }
}
