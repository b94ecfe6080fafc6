//! The command line: what may be asked for, and how a run is driven.

mod clock;
mod files;
mod find;
mod intake;
pub mod lines;
pub mod new_plan;
pub mod options;
mod outputs;
mod overwrite;
pub mod patterns;
pub mod people;
pub mod plans;
mod progress;
mod range;
mod record;
mod run;
mod signals;
mod target;
pub mod what_if;

pub use run::{Mode, UsageError, is_closed_pipe, run};
