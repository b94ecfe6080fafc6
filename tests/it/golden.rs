//! What people and programs see, against what they saw before: `fixtures/**/*.expected.{txt,json,html}`.
//!
//! A change that is meant is taken over with `LOGWATCH_BLESS=1 cargo test --test it golden`, and read before it is kept.

use std::fs;

use regex::Regex;
use serde_json::Value;

use crate::support::program::{fixture, logwatch, objects};

const SCREEN_LINES: usize = 40;
const SCREEN_COLUMNS: usize = 100;

fn is_blessing() -> bool {
    std::env::var_os("LOGWATCH_BLESS").is_some_and(|value| value == "1")
}

fn replay(log: &str, format: &str) -> String {
    logwatch(&["replay", &fixture(&format!("{log}.jsonl")), "--plan", "dl-034", "--format", format]).out
}

fn expected(log: &str, ending: &str, told: &str) -> String {
    let path = fixture(&format!("{log}.expected.{ending}"));
    if is_blessing() {
        fs::write(&path, told).unwrap();
    }
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}; LOGWATCH_BLESS=1 writes it"))
}

fn assert_screen_is_as_before(log: &str) {
    let told = replay(log, "text");
    let expected = expected(log, "txt", &told);
    for (number, (told, expected)) in told.lines().zip(expected.lines()).enumerate() {
        assert_eq!(told, expected, "line {} of the screen of {log}", number + 1);
    }
    assert_eq!(told, expected, "{log}");
    assert!(told.lines().all(|line| columns(line) <= SCREEN_COLUMNS), "{told}");
}

/// An upper bound of what a terminal takes: emoji and what modifies them count as two, marks that join as one.
fn columns(line: &str) -> usize {
    line.chars().map(|c| if c >= '\u{1f000}' { 2 } else { 1 }).sum()
}

fn assert_objects_are_as_before(log: &str) {
    let told = replay(log, "json");
    let (told, expected) = (versionless(&told), versionless(&expected(log, "json", &told)));
    for (number, (told, expected)) in told.iter().zip(&expected).enumerate() {
        // Member by member, so that a failure shows the one that differs and not all of a summary.
        let members = told.as_object().unwrap().iter();
        for (name, value) in members {
            assert_eq!(value, &expected[name], "`{name}` of object {} of {log}", number + 1);
        }
        assert_eq!(told, expected, "object {} of {log}", number + 1);
    }
    assert_eq!(told.len(), expected.len(), "{log}");
}

/// One tag a line, so that a difference can be read, and without the style and the script that stand in every page.
fn assert_page_is_as_before(log: &str) {
    let version = concat!("logwatch ", env!("CARGO_PKG_VERSION"));
    let told = replay(log, "html");
    let of_every_page = Regex::new(r"(?s)(<(?:style|script)>).*?(</(?:style|script)>)").unwrap();
    let hash = Regex::new("sha256-[A-Za-z0-9+/=]+").unwrap();
    let told = hash.replace_all(&of_every_page.replace_all(&told, "$1$2"), "sha256").replace("><", ">\n<");
    let told = told.replace(version, "logwatch");
    assert!(!told.contains("@media") && told.contains("<style>") && told.contains("<script>"), "{log}");
    let expected = expected(log, "html", &told);
    for (number, (told, expected)) in told.lines().zip(expected.lines()).enumerate() {
        assert_eq!(told, expected, "line {} of the page of {log}", number + 1);
    }
    assert_eq!(told, expected, "{log}");
}

/// The objects, without the version of the program.
fn versionless(text: &str) -> Vec<Value> {
    let mut objects = objects(text);
    for object in objects.iter_mut().filter(|object| object["type"] == "start") {
        object.as_object_mut().unwrap().remove("logwatch");
    }
    objects
}

#[test]
fn before_the_fix() {
    assert_screen_is_as_before("dl-034/before-fix");
    assert_objects_are_as_before("dl-034/before-fix");
    assert_page_is_as_before("dl-034/before-fix");
}

#[test]
fn after_the_fix_on_a_screen() {
    assert_screen_is_as_before("dl-034/after-fix");
}

#[test]
fn after_the_fix_as_objects() {
    assert_objects_are_as_before("dl-034/after-fix");
}

#[test]
fn manipulation_risk() {
    assert_screen_is_as_before("dl-034/regression-manipulation-risk");
    assert_objects_are_as_before("dl-034/regression-manipulation-risk");
}

#[test]
fn a_timeframe_of_30_s_that_is_announced() {
    assert_screen_is_as_before("dl-034/regression-timeframe-announced");
    assert_objects_are_as_before("dl-034/regression-timeframe-announced");
}

#[test]
fn a_timeframe_of_30_s_that_is_not_announced() {
    assert_screen_is_as_before("dl-034/regression-timeframe-unannounced");
    assert_objects_are_as_before("dl-034/regression-timeframe-unannounced");
}

#[test]
fn a_real_service() {
    assert_screen_is_as_before("captured/service");
    assert_objects_are_as_before("captured/service");
}

#[test]
fn the_log_before_the_fix_fits_a_screen() {
    let told = replay("dl-034/before-fix", "text");
    assert!(told.lines().count() <= SCREEN_LINES, "{} lines\n{told}", told.lines().count());
    assert!(told.lines().all(|line| line.chars().count() <= SCREEN_COLUMNS), "{told}");
}
