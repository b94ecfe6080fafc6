//! A user's own patterns: new classes without a line of Rust.

use std::fs;

use tempfile::TempDir;

use super::logs::{healthy, line};
use crate::support::program::{logwatch, piped};

const PACK: &str = r#"
[[pattern]]
class    = "shop.sale"
about    = "Something was sold"
severity = "error"
match    = 'sold (?<count>\d+) (?<item>\w+) in (?<took>\d+) ms'
labels   = ["item"]
values   = { took = { capture = "took", unit = "ms" } }

[[pattern.sample]]
line   = 'INFO:shop.till:sold 3 pears in 250 ms'
labels = { item = "pears" }
values = { took = 250.0 }

[[pattern.sample]]
line    = 'INFO:shop.till:sold out'
matches = false
"#;

const PLAN: &str = r#"
[plan]
id = "shop"
title = "A shop"

[[trigger]]
id = "too-many-pears"
severity = "rollback"
when = 'count(shop.sale{item="pears"}[1m]) >= 3'

[[trigger]]
id = "slow-till"
severity = "investigate"
when = 'max(shop.sale{}.took[1m]) > 2s'
"#;

fn shop(pack: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shop.toml"), pack).unwrap();
    fs::write(folder.path().join("notes.md"), "not a pack").unwrap();
    folder
}

#[test]
fn a_pack_adds_a_class_that_a_plan_can_use() {
    let folder = shop(PACK);
    let packs = folder.path().to_str().unwrap();
    let plan = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    fs::write(&plan, PLAN).unwrap();
    let plan = plan.path().to_str().unwrap();
    let sales: String = (10..14).map(|second| line(second, "info", "INFO:shop.till:sold 3 pears in 2500 ms")).collect();
    let log = healthy(0..10) + &sales + &line(14, "info", "INFO:shop.till:sold 1 apples in 40 ms") + &healthy(15..60);
    let ran = piped(&["replay", "-", "--patterns", packs, "--plan", plan, "--format", "json"], log.as_bytes());
    let summary = ran.summary();
    assert_eq!((ran.status, &summary["plan"]), (Some(4), &"shop".into()));
    assert_eq!(summary["classes"]["shop.sale"]["count"], 5);
    for (id, value) in [("too-many-pears", 3.0), ("slow-till", 2.5)] {
        let triggers = summary["triggers"].as_array().unwrap();
        let trigger = triggers.iter().find(|trigger| trigger["id"] == id).unwrap();
        assert_eq!((&trigger["fired"], trigger["value"].as_f64()), (&1.into(), Some(value)), "{trigger}");
    }
    // Without the pack the plan is wrong, and the class is not there.
    let ran = piped(&["replay", "-", "--plan", plan], log.as_bytes());
    assert!(ran.status == Some(2) && ran.err.contains("shop.sale"), "{}", ran.err);
    let summary = piped(&["replay", "-", "--format", "json"], log.as_bytes()).summary();
    assert!(summary["classes"].get("shop.sale").is_none());
    let text = piped(&["replay", "-", "--patterns", packs], log.as_bytes()).out;
    assert!(text.contains("sold 3 pears"), "an event of a grave class is worth showing:\n{text}");
}

#[test]
fn several_packs_stand_beside_each_other() {
    let (first, second) = (shop(PACK), shop(PACK));
    let bakery = PACK.replace("shop.sale", "bakery.sale");
    fs::remove_file(second.path().join("shop.toml")).unwrap();
    fs::write(second.path().join("bakery.toml"), bakery).unwrap();
    let packs = [first.path().to_str().unwrap(), second.path().to_str().unwrap()];
    let log = line(0, "info", "INFO:shop.till:sold 3 pears in 9 ms");
    let arguments = ["replay", "-", "--format", "json", "--patterns", packs[0], "--patterns", packs[1]];
    let summary = piped(&arguments, log.as_bytes()).summary();
    for class in ["shop.sale", "bakery.sale"] {
        assert_eq!(summary["classes"][class]["count"], 1, "{class}");
    }
}

/// The library's own text, changed and kept under its name, stands for it.
#[test]
fn a_pack_of_a_built_in_name_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let own =
        String::from_utf8(crate::support::program::read(&format!("{}/patterns/auth.toml", env!("CARGO_MANIFEST_DIR"))));
    fs::write(folder.path().join("auth.toml"), own.unwrap().replace("auth.rejected", "auth.turned_away")).unwrap();
    let list = logwatch(&["patterns", "list", "--patterns", folder.path().to_str().unwrap()]);
    assert_eq!(list.status, Some(0), "{}", list.err);
    assert!(list.out.contains("auth.turned_away") && !list.out.contains("auth.rejected"), "{}", list.out);
}

#[test]
fn samples_that_hold_are_a_success() {
    let folder = shop(PACK);
    let built_in = logwatch(&["patterns", "test"]);
    let ran = logwatch(&["patterns", "test", "--patterns", folder.path().to_str().unwrap()]);
    assert_eq!((built_in.status, ran.status), (Some(0), Some(0)), "{}{}", built_in.out, ran.out);
    assert_eq!((built_in.err.as_str(), ran.err.as_str()), ("", ""));
}

#[test]
fn a_sample_that_fails_is_told_with_file_and_line() {
    for (from, to, number) in [
        ("labels = { item = \"pears\" }", "labels = { item = \"plums\" }", 11),
        ("values = { took = 250.0 }", "values = { took = 0.25 }", 11),
        ("'INFO:shop.till:sold out'", "'INFO:shop.till:sold 1 pear in 3 ms'", 16),
        ("'INFO:shop.till:sold 3 pears in 250 ms'", "'INFO:shop.till:sold pears'", 11),
    ] {
        assert!(PACK.contains(from));
        let folder = shop(&PACK.replace(from, to));
        let ran = logwatch(&["patterns", "test", "--patterns", folder.path().to_str().unwrap()]);
        assert_eq!(ran.status, Some(2), "{to}: {}", ran.out);
        let told = ran.out + &ran.err;
        let path = folder.path().join("shop.toml");
        let place = format!("{}:{number}: ", path.display());
        assert!(told.lines().any(|line| line.starts_with(&place) && line.contains("shop.sale")), "{place}\n{told}");
    }
}

#[test]
fn the_library_is_listed_shown_and_explained() {
    let folder = shop(PACK);
    let packs = ["--patterns", folder.path().to_str().unwrap()];
    let list = logwatch(&[&["patterns", "list"], &packs[..]].concat());
    assert_eq!(list.status, Some(0));
    for class in ["shop.sale", "http.request", "db.pool_exhausted", "python.exception", "scalper.manipulation_risk"] {
        assert!(
            list.out.lines().any(|line| line.split_whitespace().any(|word| word == class)),
            "{class}\n{}",
            list.out
        );
    }
    let show = logwatch(&[&["patterns", "show", "shop.sale"], &packs[..]].concat());
    assert!(show.status == Some(0) && show.out.contains("sold (?<count>"), "{}", show.out);
    let sold = "INFO:shop.till:sold 3 pears in 250 ms";
    let explain = logwatch(&[&["patterns", "explain", sold], &packs[..]].concat());
    assert!(
        explain.status == Some(0) && explain.out.contains("shop.sale") && explain.out.contains("pears"),
        "{}",
        explain.out
    );
    let without = logwatch(&["patterns", "explain", sold]);
    assert!(without.status == Some(0) && !without.out.contains("shop.sale"), "{}", without.out);
}

/// The regexes for a line tool, one a line: whatever it is given, it must be able to read them.
#[test]
fn regexes_are_listed_one_a_line() {
    let ran = logwatch(&["patterns", "list", "--format", "regex"]);
    assert!(ran.status == Some(0) && ran.out.lines().count() > 30);
    for line in ran.out.lines() {
        regex::bytes::Regex::new(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}
