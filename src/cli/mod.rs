//! The command line: what may be asked for, and how a run is driven.

mod actions;
mod answering;
mod answers;
mod baseline;
mod clock;
mod event;
#[cfg(unix)]
mod exec;
mod files;
mod find;
mod intake;
mod keep;
mod ledger;
mod lines;
mod looking;
mod new_plan;
mod notify;
mod options;
#[cfg(feature = "otlp")]
mod otlp;
mod outputs;
mod overwrite;
mod patterns;
mod people;
mod plans;
mod previous;
mod program;
mod progress;
mod range;
mod recall;
mod record;
mod rollback;
mod run;
mod serve;
mod setup;
mod signals;
mod target;
mod terminal;
mod tui;
mod watch;
mod what_if;

use baseline::baseline;
#[cfg(unix)]
use exec::exec;
pub use program::main;
use recall::{replay, status};
use rollback::rollback;
use run::{Mode, UsageError, is_closed_pipe, run};
use watch::watch;
