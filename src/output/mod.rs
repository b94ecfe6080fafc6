//! Outputs: the events and the summary of a run, written for people and for programs.

mod format;
pub mod github;
pub mod html;
pub mod json;
pub mod status;
pub mod text;
mod traffic;
mod triggers;
pub mod tui;

pub use format::Measured;
