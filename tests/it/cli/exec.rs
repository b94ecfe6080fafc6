//! Programs that print to a terminal.

use std::process::Command;
use std::time::Duration;

use crate::support::program::{Ran, command, ended, eventually, logwatch};

const TIME: &str = "2026-01-05T10:00:00Z";

/// A shell that runs a script.
fn exec(script: &str) -> Ran {
    logwatch(&["exec", "--format", "json", "--", "sh", "-c", script])
}

#[test]
fn what_a_program_prints_to_a_terminal_is_read_without_its_colours() {
    let ran = exec(&format!(
        r#"[ -t 1 ] && printf '\033[31m{TIME} ERROR:app:no \033[1mpaper\033[0m\n'; sleep 0.1; printf '{TIME} INFO:app:x\n'"#
    ));
    let summary = ran.summary();
    assert_eq!(summary["input"]["lines"], 2, "{ran:?}");
    assert_eq!(summary["errors"][0]["shape"], "no paper", "{summary}");
    assert_eq!(summary["interrupted"], serde_json::Value::Null);
}

#[test]
fn a_long_line_is_not_wrapped() {
    let ran = exec(&format!(r#"printf '{TIME} INFO:app:%3000s\n' x"#));
    assert_eq!(ran.summary()["input"]["lines"], 1);
}

#[test]
fn its_exit_status_and_what_it_says_on_standard_error_are_told() {
    let ran = exec(&format!("echo '{TIME} INFO:app:x'; echo 'no project linked' >&2; exit 3"));
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("sh: no project linked"), "{}", ran.err);
    let interrupted = ran.summary()["interrupted"].to_string();
    assert!(interrupted.contains("ended with status 3: no project linked"), "{interrupted}");
    assert_eq!(ran.summary()["input"]["lines"], 1, "what it writes there is no part of the log");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let ran = logwatch(&["exec", "--", "no-such-program-here"]);
    assert!(ran.status == Some(1) && ran.err.contains("cannot run no-such-program-here"), "{ran:?}");
    assert_eq!(logwatch(&["exec"]).status, Some(2));
}

#[test]
fn several_programs_are_one_timeline_under_their_names() {
    let source =
        |label: &str, second: u32| format!("{label}=echo '2026-01-05T10:00:0{second}Z ERROR:app:failure of {label}'");
    let ran = logwatch(&["exec", "--format", "json", "--source", &source("api", 1), "--source", &source("web", 2)]);
    let files: Vec<_> = ran.summary()["errors"].as_array().unwrap().iter().map(|error| error["file"].clone()).collect();
    assert!(files.contains(&"api".into()) && files.contains(&"web".into()), "{files:?}");
}

/// What it prints once more is the same line, however its members are turned.
#[test]
fn a_program_is_started_again_and_its_lines_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let line = |message: &str| format!(r#"{{"timestamp":"2026-01-05T10:00:00.5Z","message":"{message}"}}"#);
    let turned = r#"{"message":"b","timestamp":"2026-01-05T10:00:00.5Z"}"#;
    let script = format!(
        r#"echo x >> {0}; case $(wc -l < {0}) in
            1) echo '{1}'; echo '{2}'; echo 'not connected' >&2; exit 7;;
            *) echo '{turned}'; echo '{3}'; sleep 60;; esac"#,
        runs.display(),
        line("a"),
        line("b"),
        line("c")
    );
    let record = folder.path().join("record");
    let arguments = ["exec", "--restart", "--format", "json", "--record", record.to_str().unwrap(), "--", "sh", "-c"];
    let child = command(&[&arguments[..], &[&script]].concat()).spawn().unwrap();
    let has = |text: &str| std::fs::read_to_string(&record).is_ok_and(|record| record.contains(text));
    eventually("it runs again", || has("\"c\""));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = ended(child, Duration::from_secs(6));
    assert_eq!(ran.summary()["input"]["lines"], 3, "{ran:?}");
    assert!(ran.err.contains("ended with status 7: not connected; it is started again in 1 s"), "{}", ran.err);
}

/// Neither the program nor what it has started is left behind, whether it lets itself be told or not.
#[test]
fn it_is_ended_with_the_run() {
    for ignores in ["", "trap '' TERM; "] {
        let folder = tempfile::tempdir().unwrap();
        let ids = folder.path().join("ids");
        let script = format!(
            "{ignores}sleep 60 & echo \"$$ $!\" > {0}.new; mv {0}.new {0}; while :; do sleep 0.1; done",
            ids.display()
        );
        let child = command(&["exec", "--format", "json", "--", "sh", "-c", &script]).spawn().unwrap();
        eventually("it runs", || ids.exists());
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let ran = ended(child, Duration::from_secs(6));
        assert_eq!(ran.status, Some(1), "{ran:?}");
        for id in std::fs::read_to_string(&ids).unwrap().split_whitespace() {
            let is_there =
                || std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
            eventually("it has ended", || !is_there());
        }
    }
}
