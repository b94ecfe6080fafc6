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
pub mod lines;
mod looking;
pub mod new_plan;
pub mod notify;
pub mod options;
#[cfg(feature = "otlp")]
mod otlp;
mod outputs;
mod overwrite;
pub mod patterns;
pub mod people;
pub mod plans;
mod previous;
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
pub mod what_if;

pub use baseline::baseline;
#[cfg(unix)]
pub use exec::exec;
pub use recall::{replay, status};
pub use rollback::rollback;
pub use run::{Mode, UsageError, is_closed_pipe, run};
pub use watch::watch;
