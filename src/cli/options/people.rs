//! What `check`, `ack`, `signal` and `status` may say.

use std::path::PathBuf;

use clap::Args;

use super::Format;
use crate::zone::Zone;

/// An answer.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("answer").required(true))]
pub struct CheckOptions {
    /// The id of a `[[manual]]` of the plan
    pub item: String,
    /// It is as it should be
    #[arg(long, group = "answer")]
    pub pass: bool,
    /// It is not
    #[arg(long, group = "answer")]
    pub fail: bool,
    /// What was seen
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    #[command(flatten)]
    pub said: SaidOptions,
}

/// What has been seen.
#[derive(Debug, Args)]
pub struct AckOptions {
    /// The id of a `[[trigger]]` of the plan
    pub id: String,
    /// What is being done
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    #[command(flatten)]
    pub said: SaidOptions,
}

/// A report.
#[derive(Debug, Args)]
pub struct SignalOptions {
    /// What kind: user_complaint, user_confusion, user_praise, or one of a plan's or pack's own
    pub name: String,
    /// What was said
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    #[command(flatten)]
    pub said: SaidOptions,
    /// A folder of pattern packs beside the built-in ones; repeatable
    #[arg(long, value_name = "DIR")]
    pub patterns: Vec<PathBuf>,
}

/// Who said something when, and where it is recorded.
#[derive(Debug, Args)]
pub struct SaidOptions {
    /// Who says so; the user's name unless given
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// When; now unless given
    #[arg(long, value_name = "T")]
    pub at: Option<String>,
    /// The file to append to, which a run reads with its --answers
    #[arg(long, value_name = "FILE", required_unless_present = "state")]
    pub answers: Option<PathBuf>,
    /// The state of a run, which takes it in at once if it goes on
    #[arg(long, value_name = "FILE", conflicts_with_all = ["answers", "plan"])]
    pub state: Option<PathBuf>,
    /// A built-in plan or a plan file
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    pub plan: String,
}

/// Which run, and how it is shown.
#[derive(Debug, Args)]
pub struct StatusOptions {
    /// The state of the run
    #[arg(long, value_name = "FILE")]
    pub state: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The time zone of what is shown: UTC, local, or a name such as Europe/Madrid
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub tz: Zone,
}
