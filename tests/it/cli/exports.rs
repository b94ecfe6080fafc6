//! What a dashboard exports: arrays of records, newest first.

use std::fs;

use serde_json::Value;

use crate::support::program::{Ran, fixture_text, logwatch};

const LOG: &str = "dl-034/before-fix.jsonl";

/// The records of the log as objects of JSON text.
fn records() -> Vec<String> {
    fixture_text(LOG).lines().map(Into::into).collect()
}

fn replay(text: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("before-fix.jsonl");
    fs::write(&path, text).unwrap();
    logwatch(&["replay", path.to_str().unwrap(), "--plan", "dl-034", "--format", "json"])
}

/// What was told, but for how many bytes it was read from.
fn told(ran: &Ran) -> Vec<Value> {
    let mut objects = ran.objects();
    if let Some(summary) = objects.last_mut() {
        summary["input"]["bytes"] = Value::Null;
    }
    objects
}

#[test]
fn an_array_says_what_its_records_say_as_lines() {
    let records = records();
    let lines = replay(&(records.join("\n") + "\n"));
    for array in [format!("[{}]", records.join(",")), format!("[\n  {}\n]\n", records.join(",\n  "))] {
        let ran = replay(&array);
        assert_eq!((told(&ran), ran.err.as_str()), (told(&lines), ""));
    }
}

#[test]
fn newest_first_says_the_same_and_names_the_lines_of_the_file() {
    let mut records = records();
    let lines = replay(&(records.join("\n") + "\n"));
    records.reverse();
    let ran = replay(&(records.join("\n") + "\n"));
    assert_eq!(ran.err, "logwatch: before-fix.jsonl is newest first, and is read from its end\n");
    assert_eq!(ran.status, lines.status);
    let (ran, lines) = (told(&ran), told(&lines));
    assert_eq!(ran.len(), lines.len());
    let number = |object: &Value| object["evidence"][0]["line_no"].as_u64();
    for (turned, object) in ran.iter().zip(&lines) {
        assert_eq!((&turned["id"], &turned["at"], &turned["value"]), (&object["id"], &object["at"], &object["value"]));
        assert_eq!(number(turned), number(object).map(|number| records.len() as u64 + 1 - number));
    }
    let summaries = [&ran, &lines].map(|objects| objects.last().unwrap());
    for member in ["verdict", "http", "classes", "kpis", "deployed_at"] {
        assert_eq!(summaries[0][member], summaries[1][member], "{member}");
    }
}
