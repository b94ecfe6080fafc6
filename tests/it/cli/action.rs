//! The GitHub action: its script, run as the runner runs it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::program::fixture;

/// The script of a step, without what it is indented by.
fn script(step: &str) -> String {
    let action = fs::read_to_string(format!("{}/action.yml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (_, rest) = action.split_once(&format!("name: {step}\n")).expect("the step");
    let (_, rest) = rest.split_once("run: |\n").expect("its script");
    rest.lines().map_while(|line| line.strip_prefix("        ")).map(|line| format!("{line}\n")).collect()
}

/// The exit status of the gate, and its outputs.
fn gate(arguments: &str, fail_on: &str) -> (Option<i32>, String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("outputs");
    let program = Path::new(env!("CARGO_BIN_EXE_logwatch")).parent().unwrap().display().to_string();
    let status = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script("Look at the deployment")])
        .env("PATH", format!("{program}:{}", std::env::var("PATH").unwrap()))
        .env("RUNNER_TEMP", folder.path())
        .env("GITHUB_OUTPUT", &outputs)
        .env("LOGWATCH_ARGUMENTS", arguments)
        .env("LOGWATCH_FAIL_ON", fail_on)
        .env("RAILWAY_TOKEN", "")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .expect("bash runs")
        .status;
    let page = fs::read_to_string(folder.path().join("logwatch-report.html")).is_ok_and(|page| page.contains("<h1>"));
    (status.code(), fs::read_to_string(outputs).unwrap(), page)
}

#[cfg(unix)]
#[test]
fn the_gate_tells_the_verdict_and_has_its_status() {
    let log = fixture("dl-034/before-fix.jsonl");
    let arguments = format!("replay {log} --plan dl-034");
    for (fail_on, expected) in [("rollback", 4), ("never", 0)] {
        let (status, outputs, page) = gate(&arguments, fail_on);
        assert_eq!((status, page), (Some(expected), true), "{outputs}");
        assert!(outputs.starts_with("verdict=rollback\nreport=/"), "{outputs}");
    }
    // What does not run has no verdict.
    let (status, outputs, page) = gate("replay --no-such-option", "rollback");
    assert_eq!((status, page), (Some(2), false));
    assert!(outputs.starts_with("verdict=\n"), "{outputs}");
    // A word of the arguments is a word, and no command.
    let (status, ..) = gate("replay $(touch/owned)", "rollback");
    assert_eq!(status, Some(1));
}

/// What the files of platforms name is there.
#[test]
fn files_of_platforms_are_sound() {
    let read = |name: &str| fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let railway: serde_json::Value = serde_json::from_str(&read("railway.json")).unwrap();
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(railway["build"]["dockerfilePath"].as_str().unwrap()).exists());
    assert_eq!(railway["deploy"]["healthcheckPath"], "/healthz");
    let image = read("Dockerfile");
    assert!(image.contains("USER logwatch") && image.contains("HEALTHCHECK") && image.contains("/healthz"));
    // The compiler is not older than what the manifest asks for.
    let manifest = read("Cargo.toml");
    let least = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(image.contains(&format!("FROM rust:{least}")), "{least}");
}
