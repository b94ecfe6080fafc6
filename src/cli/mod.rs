//! The command line: what may be asked for, and how a run is driven.

mod answering;
mod clock;
#[cfg(unix)]
mod exec;
mod files;
mod find;
mod intake;
pub mod lines;
mod looking;
pub mod new_plan;
pub mod notify;
pub mod options;
mod outputs;
mod overwrite;
pub mod patterns;
pub mod people;
pub mod plans;
mod progress;
mod range;
mod record;
mod rollback;
mod run;
mod serve;
mod signals;
mod target;
mod terminal;
mod tui;
mod watch;
pub mod what_if;

#[cfg(unix)]
pub use exec::exec;
pub use rollback::rollback;
pub use run::{Mode, UsageError, is_closed_pipe, run};
pub use watch::watch;
