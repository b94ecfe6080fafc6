//! What the fuzz targets have in common. `docs/reliability.md` says what they are for and how to run them.
//!
//! Every target has two halves: a **check**, which takes any bytes and panics where something that is promised does not
//! hold, and a **grammar**, which changes an input so that it stays, mostly, what the check reads. An input is text: a log, an
//! expression, a plan. So the fixtures are seeds as they stand, and what libFuzzer finds can be read and given to the
//! program.
//!
//! - [`case`] reads an input as logs of one or more sources, with how they are to be read: the `%%` lines.
//! - [`run`] takes logs through the library as the program does, without its threads, clock and files.
//! - [`check`] has the checks, and [`grammar`] the grammars, by the names of the targets.
//! - [`mutate`] has what the grammars have in common.
//! - [`limit`] measures that nothing takes longer than a second.

use std::hash::{DefaultHasher, Hash, Hasher};

pub mod case;
pub mod check;
pub mod grammar;
pub mod limit;
pub mod mutate;
pub mod run;

/// A number that is the same whenever the input is: what is done for some inputs only is done again when one is repeated.
pub fn lot(input: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    hasher.finish()
}

/// A fuzz target: its check and its grammar.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::check::$name::check(input));
        libfuzzer_sys::fuzz_mutator!(|buffer: &mut [u8], size: usize, most: usize, seed: u32| {
            let bytes = libfuzzer_sys::fuzzer_mutate;
            $crate::mutate::mutate($crate::grammar::$name::mutate, bytes, buffer, size, most, seed)
        });
    };
}
