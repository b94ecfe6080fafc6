//! Text as such: what a terminal may be shown, and the globs that names and values are compared with.

mod escape;
pub mod glob;
mod hash;

pub use escape::{NoCommands, escape, without_commands};
pub use hash::hash;
