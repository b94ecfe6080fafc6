//! `--output`: files beside standard output, whole or not at all.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::program::{Ran, command, ended, fixture, logwatch, objects};

const LOG: &str = "dl-034/before-fix.jsonl";

fn replay(more: &[&str]) -> Ran {
    let log = fixture(LOG);
    logwatch(&[&["replay", &log, "--plan", "dl-034"], more].concat())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn several_outputs_say_what_standard_output_would() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (text, json) = (replay(&[]), replay(&["--format", "json"]));
    let given =
        [path("run.jsonl"), format!("text={}", path("run")), format!("json={}", path("dir=x")), path("run.txt")];
    let options: Vec<&str> = given.iter().flat_map(|output| ["--output", output]).collect();
    let ran = replay(&options);
    assert_eq!((ran.status, &ran.out), (Some(4), &text.out));
    assert_eq!(names(folder.path()), ["dir=x", "run", "run.jsonl", "run.txt"]);
    let written = |name: &str| fs::read_to_string(path(name)).unwrap();
    assert_eq!((written("run"), written("run.txt")), (text.out.clone(), text.out));
    assert_eq!((written("run.jsonl"), written("dir=x")), (json.out.clone(), json.out));
}

#[test]
fn an_output_replaces_the_file_that_was_there() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "x".repeat(100_000)).unwrap();
    let output = format!("json={}", file.path().display());
    assert_eq!(replay(&["--output", &output]).status, Some(4));
    let told = fs::read_to_string(file.path()).unwrap();
    assert_eq!(objects(&told).last().unwrap()["verdict"], "rollback");
}

/// Others may read a report as they may read any file that a program makes.
#[cfg(unix)]
#[test]
fn an_output_has_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (mine, other) = (folder.path().join("run.json"), folder.path().join("other"));
    fs::write(&other, "").unwrap();
    assert_eq!(replay(&["--output", mine.to_str().unwrap()]).status, Some(4));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(format!("{:o}", mode(&mine)), format!("{:o}", mode(&other)));
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_directly() {
    assert_eq!(replay(&["--output", "json=/dev/null"]).status, Some(4));
    let ran = replay(&["-q", "--output", "json=/dev/stderr"]);
    assert_eq!((ran.status, ran.out.lines().count()), (Some(4), replay(&["-q"]).out.lines().count()));
    assert_eq!(objects(&ran.err).last().unwrap()["type"], "summary");
    // Both on standard output: each line of either is whole.
    let both = replay(&["--format", "json", "--output", "json=/dev/stdout"]);
    assert_eq!(both.objects().iter().filter(|object| object["type"] == "summary").count(), 2);
}

/// The input is one that would never end.
#[cfg(unix)]
#[test]
fn an_output_that_cannot_be_written_fails_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.json").display().to_string();
    let bad = folder.path().join("no/such/folder/run.json").display().to_string();
    for arguments in [["--output", &good, "--output", &bad], ["--output", &good, "--record", &bad]] {
        let endless = [&["replay", "/dev/zero"], &arguments[..]].concat();
        let ran = ended(command(&endless).spawn().unwrap(), Duration::from_secs(5));
        assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
        assert!(ran.err.starts_with(&format!("logwatch: cannot write {bad}: ")), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        let after = ran.err.trim_end().strip_prefix(&format!("logwatch: cannot write {bad}: ")).unwrap();
        assert!(!after.contains(".tmp"), "a name that nobody gave: {}", ran.err);
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
}

#[test]
fn a_folder_is_no_output() {
    let folder = tempfile::tempdir().unwrap();
    let ran = replay(&["--output", folder.path().to_str().unwrap()]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("cannot write") && ran.err.contains("irectory"), "{}", ran.err);
}

#[test]
fn a_run_that_fails_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("run.json").display().to_string();
    let ran = logwatch(&["replay", &fixture("no-such-file"), "--output", &output]);
    assert_eq!(ran.status, Some(1));
    assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
}
