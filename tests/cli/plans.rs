//! `plan list|show|check`.

use std::fs;

use super::program::{fixture, logwatch, read};

const BUILT_IN: [&str; 2] = ["default", "dl-034"];

#[test]
fn the_built_in_plans_are_listed() {
    let ran = logwatch(&["plan", "list"]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    let names: Vec<&str> = ran.out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(BUILT_IN.iter().all(|name| names.contains(name)), "{}", ran.out);
}

#[test]
fn a_plan_is_shown_as_it_is_written() {
    for name in BUILT_IN {
        let ran = logwatch(&["plan", "show", name]);
        let written = read(&format!("{}/patterns/plans/{name}.toml", env!("CARGO_MANIFEST_DIR")));
        assert_eq!((ran.status, ran.out.as_bytes()), (Some(0), written.as_slice()), "{name}");
    }
}

#[test]
fn built_in_plans_are_right() {
    for name in BUILT_IN {
        let ran = logwatch(&["plan", "check", name]);
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{name}");
        assert!(ran.out.ends_with("ok\n"), "{}", ran.out);
    }
    let told = logwatch(&["plan", "check", "dl-034"]).out;
    for id in ["exchange-500-rate", "db-pool-saturated", "manipulation-risk", "refresh-slow", "exchange-creation"] {
        assert!(told.contains(id), "{id}\n{told}");
    }
}

/// What is shown can be kept, changed and used.
#[test]
fn a_plan_that_is_shown_is_a_plan_file() {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    fs::write(&file, logwatch(&["plan", "show", "dl-034"]).out).unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(logwatch(&["plan", "check", path]).status, Some(0));
    let log = fixture("dl-034/before-fix.jsonl");
    let replay = |plan| logwatch(&["replay", &log, "--plan", plan, "--format", "json"]);
    assert_eq!(replay(path), replay("dl-034"));
}
