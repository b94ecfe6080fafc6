//! Outputs: the events and the summary of a run, written for people and for programs.

mod format;
pub mod github;
pub mod json;
mod redact;
pub mod text;

pub use redact::{escape, redact};
