//! Outputs: the events and the summary of a run, written for people and for programs.

mod format;
pub mod github;
pub(crate) mod html;
pub mod json;
mod measured;
pub(crate) mod status;
pub mod text;
mod traffic;
mod triggers;
pub(crate) mod tui;

pub(crate) use measured::Measured;
