//! The command line: what may be asked for, and how a run is driven.

mod clock;
pub mod options;
mod outputs;
pub mod patterns;
pub mod plans;
mod progress;
mod run;

pub use run::{Mode, UsageError, is_closed_pipe, run};
