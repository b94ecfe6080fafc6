//! Plans that extend others.

use super::case::{Case, after, app, every_second, noise, refusal, trouble};

/// Whether the trigger `crashed` of the plan `default` fires in a log with a crash.
fn crash(rules: impl Fn(Case) -> Case) -> super::case::Outcome {
    let crash = vec![app("13:35:00", "error", "npm error code 1")];
    let rest = every_second(&after("13:35:00", 1), 30, noise);
    rules(Case::new().header("extends = 'default'")).log("a.jsonl", [crash, rest].concat()).run()
}

#[test]
fn a_plan_has_the_triggers_of_the_one_it_extends() {
    let outcome = crash(|case| case);
    assert_eq!((outcome.trigger("crashed")["state"].as_str(), outcome.status), (Some("firing"), 3));
}

#[test]
fn an_inherited_trigger_can_be_changed_in_part() {
    let outcome = crash(|case| case.part("id = 'crashed'\nseverity = 'rollback'\nrunbook = 'BACK.md'"));
    let crashed = outcome.trigger("crashed");
    assert_eq!((crashed["severity"].as_str(), crashed["runbook"].as_str()), (Some("rollback"), Some("BACK.md")));
    assert_eq!(outcome.status, 4);
    let later = crash(|case| case.part("id = 'crashed'\nwhen = 'count(process.exited) > 1'"));
    assert_eq!(later.trigger("crashed")["fired"], 0);
}

#[test]
fn an_inherited_trigger_can_be_switched_off() {
    let outcome = crash(|case| case.part("id = 'crashed'\nenabled = false"));
    assert!(!outcome.summary()["triggers"].to_string().contains("\"crashed\""));
    assert_ne!(outcome.status, 3);
}

#[test]
fn own_triggers_and_metrics_stand_beside_the_inherited_ones() {
    let outcome = Case::new()
        .header("extends = 'default'")
        .trigger("own", "count(job.trouble) > 0 and own_errors < 1")
        .log("a.jsonl", [trouble("13:30:00"), noise("13:36:00")])
        .run();
    assert_eq!(outcome.trigger("own")["fired"], 1);
    assert!(outcome.summary()["triggers"].as_array().expect("a list").len() > 20);
}

#[test]
fn what_cannot_be_inherited_is_refused_with_its_place() {
    let refused = |case: Case, words: &str| {
        let (status, errors) = refusal(&case.log("a.jsonl", [noise("13:30:00")]));
        assert!(status == 2 && errors.contains(words), "{errors}");
    };
    refused(Case::new().part("id = 'x'\nenabled = false"), "no trigger `x` is there to be switched off");
    refused(Case::new().part("id = 'x'\nseverity = 'info'"), "trigger `x` lacks `when`");
    refused(Case::new().part("id = 'x'\nwhen = 'count(job.done) > 0'"), "trigger `x` lacks `severity`");
    refused(Case::new().header("extends = 'defualt'"), "plan.toml:5: no plan `");
    refused(Case::new().header("extends = 'missing.toml'"), "missing.toml");
    let broken = Case::new().header("extends = 'default'\n[metrics]\nown_share = 'count(job.done) > 1'");
    refused(broken, "plan.toml:5: default:");
    refused(Case::new().header("extends = 'plan.toml'"), "plans extend one another in a circle");
}

/// SEMANTICS 20: a plan may name its levels itself; each is one of the program's own, and is told by its name.
#[test]
fn levels_of_a_plan() {
    let levels = "[[level]]\nid = 'sev1'\nseverity = 'rollback'\n[[level]]\nid = 'sev4'\nseverity = 'info'\n";
    let told = |level: &str, more: &str| {
        let trigger = format!("[[trigger]]\nid = 't'\nlevel = '{level}'\nwhen = 'count(job.trouble) > 0'\n{more}");
        let log = [noise("13:30:00"), trouble("13:30:05"), noise("13:31:00")];
        Case::new().written(&format!("{levels}{trigger}")).log("a.log", log).run()
    };
    let outcome = told("sev1", "");
    assert_eq!((outcome.verdict(), outcome.changes("t")), ("rollback", vec!["firing 13:30:06".to_string()]));
    let event = outcome.events("t")[0];
    assert_eq!((&event["severity"], &event["level"]), (&"rollback".into(), &"sev1".into()));
    assert_eq!(outcome.trigger("t")["level"], "sev1");
    assert_ne!(told("sev4", "").verdict(), "rollback");
    let refused = told("sev2", "");
    assert!(
        refused.status == 2 && refused.errors.contains("no `[[level]]` is called `sev2`; did you mean `sev1`?"),
        "{}",
        refused.errors
    );
    let both = told("sev1", "severity = 'info'");
    assert!(both.status == 2 && both.errors.contains("a `severity` or a `level`"), "{}", both.errors);
}
