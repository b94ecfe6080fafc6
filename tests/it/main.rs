//! Tests of the program and of the library as their users have them: one binary, for each links the whole crate.
//! `cargo test --test it cli::mail` runs the tests of a file.

mod cli;
mod fixtures;
mod golden;
mod invariants;
mod many_patterns;
mod naive;
mod railway;
mod seconds;
mod semantics;
mod support;
