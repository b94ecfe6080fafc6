//! What the command line may say.

mod environment;
mod look;
mod output;
mod people;
mod railway;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::mask::Masking;
use crate::source::{Input, Program};
use crate::zone::Zone;

use super::range::{Deployed, End};

pub use look::{BaselineOptions, LibraryOptions, LinesOptions, ListFormat, NewPlanOptions, Notifies, Patterns, Plans};
pub use output::{Format, Output};
pub use people::{AckOptions, CheckOptions, SaidOptions, SignalOptions, StatusOptions};
pub use railway::{LogKind, PlaceOptions, RollbackOptions, WatchOptions};

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

Each option of a run can be an environment variable: --fail-on is LOGWATCH_FAIL_ON.

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
    /// Read saved files (plain, gzip, zstd, - for standard input) at full speed; or with --state show a run again
    Replay {
        #[command(flatten)]
        files: Files,
        #[command(flatten)]
        read: Read,
        /// Keep reading as the files grow
        #[arg(long)]
        follow: bool,
    },
    /// Show how a run with --state stands, also while it goes on
    Status {
        #[command(flatten)]
        asked: StatusOptions,
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
    /// Save what a service is like when it runs as usual, to compare deployments with
    #[command(after_help = BASELINE)]
    Baseline {
        #[command(flatten)]
        asked: BaselineOptions,
    },
    /// Record the answer to a manual check of a plan
    Check {
        #[command(flatten)]
        asked: CheckOptions,
    },
    /// Record that somebody has seen that a trigger fires, and is at it: nothing more is escalated
    Ack {
        #[command(flatten)]
        asked: AckOptions,
    },
    /// Record a report from outside, such as a user's complaint
    Signal {
        #[command(flatten)]
        asked: SignalOptions,
    },
    /// Try the receivers of a plan's notifications
    Notify {
        #[command(subcommand)]
        command: Notifies,
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
    /// Compare with this, as `logwatch baseline` saved it, not with what comes before the deployment in the input; with `watch` also `previous`, the deployment before
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// What people answered and reported, as `logwatch check`, `ack` and `signal` record it; read on in a live run
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Keep what the run has come to in FILE: started again, whatever ended it, it goes on from there
    #[arg(long, value_name = "FILE", conflicts_with_all = ["answers", "record"])]
    pub state: Option<PathBuf>,
    /// The time zone of what is shown, and of times without an offset: UTC, local, or a name such as Europe/Madrid
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: Zone,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write to a file too, in the format given before `=` or told by its ending (report.html); repeatable
    #[arg(long = "output", value_name = "[FORMAT=]FILE", value_parser = Output::parse)]
    pub outputs: Vec<Output>,
    /// Show the run as a web page, JSON and metrics at this address, such as 127.0.0.1:8787
    #[arg(long, value_name = "ADDRESS")]
    pub serve: Option<SocketAddr>,
    /// Show the run as a dashboard in the terminal; what it prints comes after
    #[arg(long)]
    pub tui: bool,
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
    /// Let the plan's actions that say `execute = true` be done; what they do is recorded with --answers or --state, each once a
    /// deployment
    #[arg(long)]
    pub allow_actions: bool,
    /// Send the plan's notifications in a replay, too, which else sends nothing
    #[arg(long)]
    pub notify: bool,
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
with the verdict at Ctrl-C, SIGTERM, or --until. With --state FILE the same command goes on from
there, whatever ended the run before; `logwatch status --state FILE` shows how it stands.

Examples:
  logwatch watch --list
  logwatch watch api --until +30m --fail-on rollback
  logwatch watch api --state api.state
  logwatch watch api worker --project shop --environment production --plan dl-034";

const BASELINE: &str = "\
It is what a deployment at the end of the logs would be compared with: all since the newest
deployment in them, but its start-up and restarts. Baselines of one plan add up.

Examples:
  logwatch baseline monday.jsonl --plan dl-034 -o base.json
  logwatch baseline base.json tuesday.json -o both.json
  logwatch watch api --plan dl-034 --baseline base.json";

#[cfg(unix)]
const EXEC: &str = "\
Some programs follow a log only while they print to a terminal. What the program writes to
standard error is passed on; it is ended with logwatch, and if it fails the run is cut short.

Examples:
  logwatch exec --restart -- railway logs --json
  logwatch exec --source api='railway logs --json -s api' --source web='railway logs --json -s web'";

/// What to run.
#[cfg(unix)]
#[derive(Debug, Args)]
pub struct ExecOptions {
    /// A command under a name of its own, run by a shell; repeatable
    #[arg(long = "source", value_name = "LABEL='COMMAND'", value_parser = Program::labelled)]
    pub sources: Vec<Program>,
    /// Start again what ends: after a second, then later and later up to 30 s; lines with a time that it prints once more are
    /// left out
    #[arg(long)]
    pub restart: bool,
    /// The program and its arguments
    #[arg(last = true, value_name = "COMMAND", required_unless_present = "sources")]
    pub command: Vec<OsString>,
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

impl Read {
    /// Whether somebody looks at the run while it goes on.
    pub fn is_looked_at(&self) -> bool {
        self.serve.is_some() || self.tui
    }

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
}
