//! A library of a thousand patterns: what hits is what plain regexes find, and what does not hit changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use regex::bytes::Regex;
use tempfile::TempDir;

use crate::support::program::{command, fixture, run};

#[allow(dead_code)]
#[path = "../../benches/support/pack.rs"]
mod pack;

fn folder(regexes: impl Iterator<Item = String>) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    pack::write(regexes, folder.path()).expect("a pack");
    folder
}

fn replay(file: &Path, packs: Option<&TempDir>) -> String {
    let mut command = command(&["replay", "--plan", "dl-034", "--format", "json", "--fail-on", "never"]);
    command.arg(file);
    if let Some(packs) = packs {
        command.arg("--patterns").arg(packs.path());
    }
    let ran = run(&mut command);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    ran.out
}

/// Messages in which every regex, and now and then two, finds something or nearly does: each phrase with each tail.
fn messages() -> Vec<String> {
    let phrases: Vec<String> = pack::phrases().collect();
    let each = phrases.iter().enumerate().flat_map(|(at, phrase)| {
        let other = &phrases[at * 7 % phrases.len()];
        [
            format!("{phrase} alpha7"),
            format!("⚠️ \"{phrase}\" {phrase} 250 ms, {other} beta"),
            format!("{phrase}: left, right"),
            format!("{phrase} of {other} (3/9)"),
            format!("{} alpha7 250 ms (3/9)", phrase.to_uppercase()),
        ]
    });
    each.collect()
}

/// One line in one of the ways in which a message can stand in a log.
fn line(at: usize, message: &str) -> String {
    let time = format!("2025-08-25T13:{:02}:{:02}.{:03}Z", at / 6_000, at / 100 % 60, at % 100 * 10);
    let quoted = message.replace('"', "\\\"");
    match at % 4 {
        0 => format!(r#"{{"timestamp":"{time}","level":"info","message":"{quoted}"}}"#),
        1 => format!(r#"{{"message":"INFO:shop.till:{quoted}","level":"info","timestamp":"{time}"}}"#),
        2 => format!("{time} [INFO] {message}"),
        _ => {
            // No literal stands in the bytes of a line whose letters are escaped.
            let escaped = quoted.replace('e', "\\u0065");
            format!(r#"{{"level":"info","message":"{escaped}","timestamp":"{time}"}}"#)
        }
    }
}

#[test]
fn what_hits_is_what_plain_regexes_find() {
    let regexes: Vec<String> = pack::regexes().collect();
    let plain: Vec<Regex> = regexes.iter().map(|regex| Regex::new(&format!("(?-u:{regex})")).unwrap()).collect();
    let messages = messages();
    let mut expected = BTreeMap::new();
    for message in &messages {
        for (at, _) in plain.iter().enumerate().filter(|(_, regex)| regex.is_match(message.as_bytes())) {
            *expected.entry(format!("generated.p{at}")).or_insert(0) += 1;
        }
    }
    assert_eq!(expected.len(), regexes.len(), "every pattern hits something");

    let log = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<String> = messages.iter().enumerate().map(|(at, message)| line(at, message) + "\n").collect();
    fs::write(log.path(), lines.concat()).unwrap();
    let told = replay(log.path(), Some(&folder(regexes.into_iter())));
    let summary: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let counts = summary["classes"].as_object().unwrap().iter().filter(|(class, _)| class.starts_with("generated."));
    let counts: BTreeMap<String, u64> =
        counts.map(|(class, seen)| (class.clone(), seen["count"].as_u64().unwrap())).collect();
    assert_eq!(counts, expected);
}

#[test]
fn what_does_not_hit_changes_nothing() {
    let silent = folder(pack::regexes().skip(pack::HITS.len()));
    for name in ["dl-034/before-fix.jsonl", "dl-034/regression-timeframe-announced.jsonl", "captured/service.jsonl"] {
        let file = fixture(name);
        assert_eq!(replay(file.as_ref(), Some(&silent)), replay(file.as_ref(), None), "{name}");
    }
}
