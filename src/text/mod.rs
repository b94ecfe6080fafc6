//! Text as such: what a terminal may be shown, and the globs that names and values are compared with.

mod escape;
pub mod glob;

pub use escape::{NoCommands, escape, without_commands};
