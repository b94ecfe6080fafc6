//! What was asked for wrongly is refused before anything is read: exit status 2, and where the mistake is.

use std::fs;

use tempfile::TempDir;

use crate::support::program::{Ran, fixture, logwatch};

/// The input does not exist: a run that came to it would say so.
const UNREAD: &str = "never-opened.jsonl";

fn folder_with(name: &str, text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

fn assert_refused(ran: &Ran, parts: &[&str]) {
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    for part in parts {
        assert!(ran.err.contains(part), "no `{part}` in:\n{}", ran.err);
    }
    assert!(!ran.err.contains(UNREAD), "{}", ran.err);
}

/// Tried both ways a plan is read.
fn assert_plan_refused(plan: &str, parts: &[&str]) {
    let (_folder, path) = folder_with("plan.toml", plan);
    assert_refused(&logwatch(&["replay", UNREAD, "--plan", &path]), parts);
    assert_refused(&logwatch(&["plan", "check", &path]), parts);
}

const HEAD: &str = "[plan]\nid = \"x\"\ntitle = \"x\"\n\n";

fn trigger(when: &str) -> String {
    format!("{HEAD}[[trigger]]\nid = \"a\"\nseverity = \"rollback\"\nwhen = '{when}'\n")
}

#[test]
fn options_are_checked() {
    for arguments in [
        &["replay", "--no-such-option"][..],
        &["--fail-on", "sometimes"],
        &["--format", "xml"],
        &["--color", "mauve"],
        &["-j", "0"],
        &["-j", "many"],
        &["--output", "xml=run"],
        &["--output", "json="],
        &["plan"],
        &["plan", "burn"],
        &["patterns", "show"],
        &["--plan"],
    ] {
        let ran = logwatch(arguments);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.contains("error: ") || ran.err.contains("Usage: "), "{arguments:?}: {}", ran.err);
    }
    assert_refused(&logwatch(&["--fail-on", "rolback"]), &["--fail-on", "rollback"]);
}

#[test]
fn an_unknown_plan_is_told_with_those_there_are() {
    for arguments in
        [&["replay", UNREAD, "--plan", "dl-35"][..], &["plan", "show", "dl-35"], &["plan", "check", "dl-35"]]
    {
        assert_refused(&logwatch(arguments), &["dl-35", "default", "dl-034"]);
    }
    assert_refused(&logwatch(&["replay", UNREAD, "--plan", "no/such/plan.toml"]), &["no/such/plan.toml"]);
}

#[test]
fn broken_toml_is_shown_with_line_and_caret() {
    assert_plan_refused("[plan]\nid = \"x\"\ntitle = \n", &["plan.toml", "line 3", "3 | title = ", "  ^"]);
    assert_plan_refused("not toml at all", &["plan.toml", "line 1", "^"]);
    assert_plan_refused(&(HEAD.to_string() + "[tiggers]\n"), &["plan.toml", "tiggers", "^"]);
    assert_plan_refused(
        &trigger("count(http.request) > 1").replace("rollback", "rolback"),
        &["rolback", "rollback", "^"],
    );
    assert_plan_refused("", &["plan.toml", "plan"]);
    assert_plan_refused("[plan]\nid = \"x\"\ntitle = \"x\"\nwindow = \"5 minutes\"\n", &["5 minutes", "5m"]);
}

#[test]
fn what_the_library_does_not_have_is_told_with_what_may_be_meant() {
    assert_plan_refused(
        &trigger("count(http.requests) > 3"),
        &["plan.toml:8", "http.requests", "\n        ^^^^^^^^^^^^^ did you mean `http.request`?"],
    );
    assert_plan_refused(
        &trigger(r#"count(http.request{staus="500"}) > 3"#),
        &["plan.toml:8", "staus", "^^^^^ did you mean `status`?"],
    );
    assert_plan_refused(&trigger("p59(http.request{}.duration) > 2s"), &["plan.toml:8", "\n  ^^^ did you mean `p95`?"]);
    assert_plan_refused(&trigger("p95(http.request{}.durations) > 2s"), &["plan.toml:8", "`duration`"]);
    assert_plan_refused(&trigger("exchange_errors > 3"), &["plan.toml:8", "exchange_errors", "^^^"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for when in
        ["count(http.request) >", "count(http.request", "count(http.request) > 5s", "p95(http.request{}.duration) > 5%"]
    {
        assert_plan_refused(&trigger(when), &["plan.toml:8", "^"]);
    }
    assert_plan_refused(&trigger(""), &["plan.toml:8"]);
    let confident = trigger("count(http.error) / count(db.pool_exhausted) > 5%") + "confidence = 0.95\n";
    assert_plan_refused(&confident, &["plan.toml:", "confidence"]);
    let twice = trigger("count(http.error) > 1");
    let twice = twice.clone() + &twice[HEAD.len()..];
    assert_plan_refused(&twice, &["plan.toml:", "`a`"]);
}

/// What is right as an expression and wrong in its place is shown as well.
#[test]
fn a_number_is_no_condition() {
    assert_plan_refused(&trigger("count(http.request)"), &["plan.toml:8", "\n  count(http.request)\n", "^"]);
}

/// The label is the mistake, whatever its value would be.
#[test]
fn a_slip_in_a_label_before_a_status_family_is_told_as_one() {
    assert_plan_refused(&trigger("count(http.request{staus=5xx}) > 3"), &["plan.toml:8", "did you mean `status`?"]);
}

/// A plan with a checkpoint of this check.
fn check(check: &str) -> String {
    let trigger = trigger("count(http.error) > 5").replace("\"rollback\"", "\"info\"");
    let manual = "[[manual]]\nid = \"wizard\"\nwhat = \"the wizard\"\nask = \"go through it\"\n";
    format!(
        "{trigger}{manual}[[checkpoint]]\nid = \"c\"\ntitle = \"t\"\nat = \"30m\"\n[[checkpoint.check]]\nid = \"x\"\n{check}\n"
    )
}

#[test]
fn a_wrong_checkpoint_is_told_with_its_place() {
    let refused = |text: &str, parts: &[&str]| assert_plan_refused(&check(text), parts);
    refused("manual = \"wisard\"", &["plan.toml:19: no `[[manual]]` is called `wisard`; did you mean `wizard`?"]);
    refused("not_fired = [\"b\"]", &["plan.toml:19: no trigger is called `b`"]);
    refused("not_fired = []", &["plan.toml:18: check `x` has one of `expect`, `not_fired` and `manual`"]);
    refused("manual = \"wizard\"\nnot_fired = [\"a\"]", &["plan.toml:18: check `x` has one of"]);
    refused("expect = \"count(http.errors) < 1\"", &["plan.toml:19", "did you mean `http.error`?", "^"]);
    refused("expect = \"count(http.error)\"", &["plan.toml:19", "`expect` is a number", "^"]);
    refused("expect = \"count(http.error) by (route) < 1\"", &["plan.toml:19", "a check has one result"]);
    refused(
        "expect = \"count(http.error[2h]) < 1\"",
        &[
            "plan.toml:19: the window is longer than the 30m after the deployment",
            "\n  count(http.error[2h]) < 1\n  ^^^^",
        ],
    );
    let twice = check("manual = \"wizard\"\n[[checkpoint.check]]\nid = \"x\"\nmanual = \"wizard\"");
    assert_plan_refused(&twice, &["two checks are called `x`"]);
    let late = check("expect = \"count(http.error[deploy]) < 1\"").replace("30m", "24h");
    assert_plan_refused(&late, &["`[deploy]` ends with the plan's duration of 4h", "write `[1d]`"]);
    assert_plan_refused(&check("manual = \"wizard\"").replace("30m", "0s"), &["plan.toml:16", "give a time after it"]);
    assert_plan_refused(
        &check("").replace("[[checkpoint.check]]\nid = \"x\"\n", ""),
        &["plan.toml:14: `c` has no `check`"],
    );
    let same = check("manual = \"wizard\"") + "[[success]]\nid = \"c\"\ntitle = \"t\"\nafter = \"1h\"\n";
    assert_plan_refused(&same, &["two checkpoints or criteria of success are called `c`"]);
    let kpi = "[[kpi]]\nid = \"k\"\ntitle = \"t\"\n";
    assert_plan_refused(
        &(check("manual = \"wizard\"") + kpi),
        &["key figure `k` has `value` and `target`, or `manual`"],
    );
}

#[test]
fn a_wrong_pattern_of_a_plan_is_told_with_its_place() {
    let pattern = |more: &str| format!("{HEAD}[[pattern]]\nclass = \"shop.sale\"\nabout = \"sold\"\n{more}\n");
    assert_plan_refused(&pattern("match = '(unclosed'"), &["plan.toml:8", "unclosed group"]);
    assert_plan_refused(&pattern("match = 'sold'\nlabels = [\"item\"]"), &["plan.toml:9", "item"]);
    assert_plan_refused(&pattern("parser = \"signal\""), &["plan.toml:6", "begin with `signal.`"]);
}

fn assert_pack_refused(pack: &str, parts: &[&str]) {
    let (folder, _) = folder_with("shop.toml", pack);
    let folder = folder.path().to_str().unwrap();
    assert_refused(&logwatch(&["replay", UNREAD, "--patterns", folder]), parts);
    for command in [&["patterns", "test"][..], &["patterns", "list"], &["plan", "check", "default"]] {
        assert_refused(&logwatch(&[command, &["--patterns", folder]].concat()), parts);
    }
}

#[test]
fn a_wrong_pattern_is_told_with_file_and_line() {
    let pack = |line: &str| format!("# a shop\n\n[[pattern]]\nclass = \"shop.sale\"\nabout = \"sold\"\n{line}\n");
    assert_pack_refused(&pack("match = '(unclosed'"), &["shop.toml:6", "unclosed group", "^"]);
    assert_pack_refused(&pack("match = 'sold'\nlabels = [\"item\"]"), &["shop.toml:", "item"]);
    assert_pack_refused(&pack("parser = \"telepathy\""), &["shop.toml", "telepathy"]);
    assert_pack_refused(&pack("mtach = 'sold'"), &["shop.toml", "mtach"]);
    assert_pack_refused(&pack(""), &["shop.toml:"]);
    assert_pack_refused("[[pattern]", &["shop.toml", "line 1", "^"]);
}

#[test]
fn a_folder_of_patterns_has_to_hold_some() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert_refused(&logwatch(&["replay", UNREAD, "--patterns", path]), &[path, "toml"]);
    assert_refused(&logwatch(&["replay", UNREAD, "--patterns", "no/such/folder"]), &["no/such/folder"]);
}

#[test]
fn subcommands_refuse_what_is_not_there() {
    let ran = logwatch(&["patterns", "show", "db.pool_exausted"]);
    assert_eq!(ran.status, Some(2));
    assert!((ran.out + &ran.err).contains("did you mean db.pool_exhausted?"));
    let log = fixture("dl-034/before-fix.jsonl");
    assert_eq!(logwatch(&["plan", "check", &log]).status, Some(2));
}
