//! Plans: refused with a place, or run over a small log.

use std::sync::Arc;

use logwatch::{Library, Plan, Range};

use super::pipeline::assert_harmless;
use crate::limit::within_a_second;
use crate::lot;
use crate::run::{LIBRARY, Run, assert_accounted};

/// Some of everything that plans ask for: before a deployment, and after it.
const LOG: &[u8] = include_bytes!("small.jsonl");

/// What people read is written in one run of so many.
const TEXT: u64 = 4;

pub fn check(input: &[u8]) {
    accepted(input);
}

/// Whether the plan was accepted, and so run.
pub fn accepted(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    match within_a_second("reading a plan", || Plan::parse("plan.toml", text)) {
        Ok(plan) => try_plan(plan, Arc::clone(&LIBRARY)),
        Err(error) => {
            assert!(error.to_string().starts_with("plan.toml"), "{error}");
            false
        }
    }
}

/// Runs a plan over the small log if it is accepted with this library.
pub fn try_plan(plan: Plan, library: Arc<Library>) -> bool {
    let with_text = lot(plan.text.as_bytes()).is_multiple_of(TEXT);
    let run = within_a_second("compiling a plan", || Run::new(plan, library, None, Range::default()));
    let mut run = match run {
        Ok(run) if with_text => run.with_text(),
        Ok(run) => run,
        Err(error) => {
            assert!(error.to_string().starts_with("plan.toml"), "{error}");
            return false;
        }
    };
    let told = within_a_second("the run", || {
        run.add_source("a");
        run.feed_whole(0, LOG);
        run.finish()
    });
    assert_accounted(&told.counts, [LOG]);
    assert_harmless(&told.text);
    true
}
