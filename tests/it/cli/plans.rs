//! `plan list|show|check|test`.

use std::fs;

use crate::support::program::{fixture, logwatch, read};

const BUILT_IN: [&str; 2] = ["default", "dl-034"];

#[test]
fn the_built_in_plans_are_listed() {
    let ran = logwatch(&["plan", "list"]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    let names: Vec<&str> = ran.out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(BUILT_IN.iter().all(|name| names.contains(name)), "{}", ran.out);
}

#[test]
fn a_plan_is_shown_as_it_is_written() {
    for name in BUILT_IN {
        let ran = logwatch(&["plan", "show", name]);
        let written = read(&format!("{}/patterns/plans/{name}.toml", env!("CARGO_MANIFEST_DIR")));
        assert_eq!((ran.status, ran.out.as_bytes()), (Some(0), written.as_slice()), "{name}");
    }
}

#[test]
fn built_in_plans_are_right() {
    for name in BUILT_IN {
        let ran = logwatch(&["plan", "check", name]);
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{name}");
        assert!(ran.out.ends_with("ok\n"), "{}", ran.out);
    }
    let told = logwatch(&["plan", "check", "dl-034"]).out;
    for id in ["exchange-500-rate", "db-pool-saturated", "manipulation-risk", "refresh-slow", "exchange-creation"] {
        assert!(told.contains(id), "{id}\n{told}");
    }
}

/// What is shown can be kept, changed and used.
#[test]
fn a_plan_that_is_shown_is_a_plan_file() {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    fs::write(&file, logwatch(&["plan", "show", "dl-034"]).out).unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(logwatch(&["plan", "check", path]).status, Some(0));
    let log = fixture("dl-034/before-fix.jsonl");
    let replay = |plan| logwatch(&["replay", &log, "--plan", plan, "--format", "json"]);
    assert_eq!(replay(path), replay("dl-034"));
}

const SHOP: &str = r#"
[plan]
id = "shop"
title = "The shop"

[[trigger]]
id = "carts"
severity = "rollback"
when = 'count(http.error{route="/api/cart"}[1m]) >= 5'

[[sample]]
about = "five carts fail within a minute"
lines = [
  { line = 'INFO:     10.0.0.1:4 - "GET /api/pears HTTP/1.1" 200 OK', to = "11m", every = "2s" },
  { line = '{"method": "POST", "path": "/api/cart", "httpStatus": 500, "totalDuration": 20}', from = "5m", to = "6m", every = "7s" },
]
fires = { carts = "5m29s" }
verdict = "rollback"
"#;

#[test]
fn a_plan_is_tested_by_its_samples() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.toml").display().to_string();
    let test = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let ran = logwatch(&["plan", "test", &path]);
        (ran.status, ran.out + &ran.err)
    };
    assert_eq!(test(SHOP), (Some(0), "all samples as stated: 1\n".into()));
    let failing = [
        ("5m29s", "5m30s", "carts fires at 5m29s, not at 5m30s"),
        ("{ carts = \"5m29s\" }", "{}", "carts fires at 5m29s; it should not"),
        ("carts = \"5m29s\"", "carts = \"5m29s\", pears = \"1m\"", "pears does not fire; it should at 1m"),
        ("verdict = \"rollback\"\n", "verdict = \"healthy\"\n", "the verdict is rollback, not healthy: "),
        ("every = \"7s\"", "every = \"0s\"", "`every` is at least 1s"),
        ("from = \"5m\", to = \"6m\"", "from = \"5m\"", "a line has `at`, or `to`"),
        ("\"httpStatus\": 500", "\"httpStatus\": 5 00", "expected"),
    ];
    for (text, wrong, told) in failing {
        let (status, out) = test(&SHOP.replacen(text, wrong, 1));
        let place = format!(
            "{path}:{}: five carts",
            if told.contains("a line") || told.contains("every") || told == "expected" { 15 } else { 12 }
        );
        assert_eq!(status, Some(2), "{out}");
        assert!(out.starts_with(&place) && out.contains(told), "{out}");
    }
    assert_eq!(logwatch(&["plan", "test", "no-such-plan"]).status, Some(2));
}

/// As Django writes them.
#[test]
fn a_route_may_be_written_with_a_slash_at_its_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let log: String = (0..30)
        .map(|second| super::logs::request(second, &format!("/api/orders/A{second}-x/?page=1"), 200))
        .chain((0..5).map(|second| super::logs::request(30 + second, "/api/cart/", 500)))
        .collect();
    std::fs::write(&file, log).unwrap();
    let plan = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    let trigger = |id: &str, test: &str| {
        format!("[[trigger]]\nid = \"{id}\"\nseverity = \"info\"\nwhen = 'count(http.request{{route{test}}}) >= 5'\n")
    };
    let triggers = [
        trigger("equal", "=\"/api/cart/\""),
        trigger("glob", "=*\"*/cart/\""),
        trigger("template", "=\"/api/orders/{number}/\""),
    ];
    let head = "[plan]\nid = \"x\"\ntitle = \"x\"\nroutes = [\"/api/orders/{number}/\"]\n";
    fs::write(&plan, head.to_string() + &triggers.concat()).unwrap();
    let arguments = [file.path().to_str().unwrap(), "--plan", plan.path().to_str().unwrap(), "--format", "json"];
    let summary = logwatch(&arguments).summary();
    let fired: Vec<_> =
        summary["triggers"].as_array().unwrap().iter().map(|trigger| trigger["fired"].clone()).collect();
    assert_eq!(fired, [1, 1, 1], "{summary}");
}

/// A slip in a route is no silence of the service.
#[test]
fn a_route_that_no_request_is_for_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, super::logs::healthy(0..60)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml").display().to_string();
    let unknown = |routes: &[&str]| {
        let trigger = |(at, route): (usize, &&str)| {
            format!(
                "[[trigger]]\nid = \"t{at}\"\nseverity = \"info\"\nwhen = 'count(http.error{{route{route}}}) > 0'\n"
            )
        };
        let triggers: String = routes.iter().enumerate().map(trigger).collect();
        std::fs::write(&plan, format!("[plan]\nid = \"x\"\ntitle = \"x\"\n{triggers}")).unwrap();
        let summary = logwatch(&[file.path().to_str().unwrap(), "--plan", &plan, "--format", "json"]).summary();
        let unknown = summary["unknown"].as_array().unwrap().clone();
        unknown
            .iter()
            .find(|unknown| unknown["what"] == "routes")
            .map(|unknown| unknown["because"].as_str().unwrap().to_string())
    };
    assert_eq!(unknown(&["=\"/api/bots\"", "=*\"/api/*\"", "!=\"/api/cart\"", "=~\".*bots\""]), None);
    let told = |routes: &str| Some(format!("the plan asks for {routes}, and no request came there"));
    assert_eq!(unknown(&["=\"/api/bot\"", "=\"/api/bots\""]), told("/api/bot"));
    assert_eq!(unknown(&["=\"/a\"", "=\"/b\"", "=*\"/c/*\"", "=~\"/d.*\""]), told("/a, /b, /c/* and 1 more"));
}

/// What plans of several teams say, in the language, each on a log of its own.
#[test]
fn plans_can_say_what_teams_ask() {
    let path = format!("{}/tests/plans/phrases.toml", env!("CARGO_MANIFEST_DIR"));
    let ran = logwatch(&["plan", "test", &path]);
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (Some(0), "all samples as stated: 12\n", ""));
}

/// The samples of a plan's own patterns are tested with it.
#[test]
fn patterns_of_a_plan_are_tested_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.toml").display().to_string();
    let pattern = "[[pattern]]\nclass = \"shop.sale\"\nabout = \"sold\"\nmatch = 'sold (?<item>\\w+)'\nlabels = [\"item\"]\n\
                   [[pattern.sample]]\nline = \"sold pears\"\nlabels = { item = \"pears\" }\n";
    let test = |text: &str| {
        std::fs::write(&path, format!("[plan]\nid = \"x\"\ntitle = \"x\"\n{text}")).unwrap();
        let ran = logwatch(&["plan", "test", &path]);
        (ran.status, ran.out + &ran.err)
    };
    assert_eq!(test(pattern), (Some(0), "all samples as stated: 1\n".into()));
    let (status, told) = test(&pattern.replace("item = \"pears\"", "item = \"apples\""));
    assert_eq!(status, Some(2));
    assert!(told.starts_with(&format!("{path}:10: sample 1 of shop.sale: ")) && told.contains("apples"), "{told}");
}

/// What a plan would have done: how often and when, how near it came, what is not known and why, and what never occurs.
#[test]
fn a_plan_is_tried_on_saved_logs() {
    let log = fixture("dl-034/regression-manipulation-risk.jsonl");
    let ran = logwatch(&["plan", "check", "dl-034", "--against", &log]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    for line in [
        "deployed 2025-08-25 15:00:02 UTC, 14m59s seen since",
        "verdict investigate",
        "  investigation trigger manipulation-risk fired",
        "manipulation-risk          investigate  fired 1 ×: 15:07:21",
        "user-complaints            rollback     never fired; not known: no source of the input tells it",
        "scalper-algorithms-down    rollback     never fired; not known 51 % of the time: its windows held too little, or events without its labels",
        "selector-exceptions        investigate  never fired; nearest at 15:07:21: 1 = 1",
        "checkpoint 30m: pending",
        "never seen: db.pool_exhausted, db.session_leak, exchange.created, http.error, javascript.exception, process.memory, railway.memory, scalper.timeframe_30s, signal.user_complaint, signal.user_confusion, signal.user_praise",
    ] {
        assert!(ran.out.lines().any(|told| told == line), "no `{line}` in\n{}", ran.out);
    }
    let near = logwatch(&["plan", "check", "dl-034", "--against", &fixture("dl-034/after-fix.jsonl")]).out;
    let line = "db-pool-saturated          rollback     never fired; nearest at 14:23:12: 70 % (1 sample) < 90 %";
    assert!(near.lines().any(|told| told == line), "{near}");
    let missing = logwatch(&["plan", "check", "dl-034", "--against", "no-such.jsonl"]);
    assert!(missing.status == Some(1) && missing.err.contains("no-such.jsonl"), "{missing:?}");
    assert_eq!(logwatch(&["plan", "check", "dl-034", "--deployed-at", "auto"]).status, Some(2));
}

#[test]
fn a_plan_is_said_in_words() {
    let told = logwatch(&["plan", "check", "dl-034", "--explain"]).out;
    for line in [
        "user-complaints: the number of signal.user_complaint in 4h is more than 3",
        "session-cleanup: the number of db.session_leak since the deployment should be < 1",
        "30m: scalper: the number of scalper.refresh in 30m plus the number of scalper.algorithm_selected in 30m is at least 1",
    ] {
        assert!(told.lines().any(|told| told == line), "no `{line}` in\n{told}");
    }
    assert!(!logwatch(&["plan", "check", "dl-034"]).out.contains("the number of"));
}

/// A plan that is written anew is right, says what it is made of, and has nothing against the log it is from.
#[test]
fn a_new_plan_is_a_plan() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml").display().to_string();
    let written = |arguments: &[&str]| {
        let ran = logwatch(&[&["plan", "new"], arguments].concat());
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
        fs::write(&path, &ran.out).unwrap();
        let checked = logwatch(&["plan", "check", &path]);
        assert_eq!(checked.status, Some(0), "{}", checked.err);
        ran.out
    };
    let plain = written(&[]);
    assert!(plain.contains("route=*'/api/*'") && plain.contains("title = \"The next deployment\""), "{plain}");
    let named = written(&["--title", "New \"checkout\" & more", "--route", "/api/o'hare", "--duration", "90m"]);
    assert!(named.contains("id = \"new-checkout-more\"") && named.contains("route='/api/o''hare'"), "{named}");
    assert!(named.contains("duration = \"1h30m\"") && named.contains("at = \"11m\""), "{named}");
    let log = fixture("dl-034/after-fix.http.jsonl.zst");
    let told = written(&["--from", &log, "--title", "x"]);
    assert!(told.contains("/api/run-smart-trade") && told.contains("p95(") && told.contains(" failed\n"), "{told}");
    let ran = logwatch(&["replay", &log, "--plan", &path, "--format", "json"]);
    assert_eq!(ran.summary()["verdict"], "healthy", "{}", ran.summary()["reasons"]);
    assert_eq!(logwatch(&["plan", "new", "--duration", "soon"]).status, Some(2));
}
