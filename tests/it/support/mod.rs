//! What tests of several folders run and read.

pub mod endpoint;
pub mod packed;
pub mod program;
pub mod run;
