//! Options that the environment gives.

use crate::support::program::{Ran, command, fixture, logwatch, run};

fn with(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    run(command(arguments).envs(variables.iter().copied()))
}

#[test]
fn an_option_is_an_environment_variable() {
    let log = fixture("dl-034/before-fix.jsonl");
    let variables = [("LOGWATCH_PLAN", "dl-034"), ("LOGWATCH_FORMAT", "json"), ("LOGWATCH_FAIL_ON", "never")];
    let asked = logwatch(&["replay", &log, "--plan", "dl-034", "--format", "json", "--fail-on", "never"]);
    assert_eq!(asked.status, Some(0));
    for arguments in [&["replay", &log][..], &[&log]] {
        assert_eq!(with(&variables, arguments), asked, "{arguments:?}");
    }
    // What is typed counts more.
    let typed = with(&variables, &["replay", &log, "--fail-on", "rollback"]);
    assert_eq!((typed.status, typed.out), (Some(4), asked.out));
}

#[test]
fn a_flag_is_set_by_what_is_no_no() {
    let log = fixture("dl-034/before-fix.jsonl");
    let quiet = logwatch(&["replay", &log, "-q"]);
    for yes in ["1", "true", "yes"] {
        assert_eq!(with(&[("LOGWATCH_QUIET", yes)], &["replay", &log]), quiet, "{yes}");
    }
    let told = logwatch(&["replay", &log]);
    for no in ["0", "false", "no", ""] {
        assert_eq!(with(&[("LOGWATCH_QUIET", no)], &["replay", &log]), told, "{no}");
    }
}

/// A variable that is empty is none, one that is wrong is told as an option is, and commands that do not run read none.
#[test]
fn variables_are_checked_as_options_are() {
    let log = fixture("dl-034/before-fix.jsonl");
    assert_eq!(with(&[("LOGWATCH_SERVE", ""), ("LOGWATCH_JOBS", "")], &["replay", &log]), logwatch(&["replay", &log]));
    let ran = with(&[("LOGWATCH_FAIL_ON", "sometimes")], &["replay", &log]);
    assert!(ran.status == Some(2) && ran.err.contains("sometimes") && ran.err.contains("--fail-on"), "{ran:?}");
    let plans = with(&[("LOGWATCH_PLAN", "no-such-plan"), ("LOGWATCH_FORMAT", "xml")], &["plan", "list"]);
    assert_eq!(plans, logwatch(&["plan", "list"]));
}

/// On Railway a line on standard error says itself that it is no error.
#[test]
fn on_railway_warnings_have_their_level() {
    let arguments = ["replay", &fixture("dl-034/before-fix.jsonl"), "-q", "--output", "/dev/full"];
    let plain = logwatch(&arguments).err;
    assert!(plain.starts_with("logwatch: cannot write /dev/full"), "{plain}");
    let there = with(&[("RAILWAY_ENVIRONMENT_ID", "e")], &arguments).err;
    let line: serde_json::Value = serde_json::from_str(&there).unwrap();
    assert_eq!((&line["level"], format!("{}\n", line["message"].as_str().unwrap())), (&"warn".into(), plain));
}
