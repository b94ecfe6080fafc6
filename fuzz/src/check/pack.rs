//! Pattern packs: refused with a place, or run over their own samples and over logs of all shapes.

use std::sync::Arc;

use logwatch::explain::{self, samples};
use logwatch::{Library, Plan};

use super::plan::try_plan;
use crate::limit::within_a_second;

/// Lines of all shapes, among them those of errors and requests.
const LINES: &[u8] = include_bytes!("../../../fixtures/shapes/app-json.jsonl");

pub fn check(input: &[u8]) {
    accepted(input);
}

/// Whether the pack was accepted, and so run.
pub fn accepted(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let library = match within_a_second("compiling a pack", || Library::compile([("pack.toml", text)])) {
        Ok(library) => Arc::new(library),
        Err(error) => {
            assert!(error.to_string().starts_with("pack.toml"), "{error}");
            return false;
        }
    };
    within_a_second("the samples", || samples::run(&library));
    samples::warnings(&library);
    within_a_second("explaining", || explain::explain(&library, LINES)).expect("reading from memory");
    // A trigger for the first class, so that what the pattern captures is wanted.
    let mut plan = "[plan]\nid = 'x'\ntitle = 'x'\n".to_string();
    if let Some(class) = library.classes.iter().next() {
        let by = if class.labels.is_empty() { String::new() } else { format!(" by ({})", class.labels.join(", ")) };
        let when = toml::Value::String(format!("count({}){by} > 0", class.name));
        plan += &format!("[[trigger]]\nid = 'x'\nseverity = 'info'\nwhen = {when}\n");
    }
    try_plan(Plan::parse("plan.toml", &plan).expect("a plan"), library);
    true
}
