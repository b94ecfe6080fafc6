//! Under GitHub Actions: annotations in the text output, and a job summary.

use std::fs;

use super::logs::{healthy, line};
use crate::support::program::{Ran, command, fixture, run};

/// With the environment of a step; gives the job summary, too.
fn step(arguments: &[&str]) -> (Ran, String) {
    let page = tempfile::NamedTempFile::new().unwrap();
    fs::write(&page, "# An earlier step\n").unwrap();
    let ran = run(command(arguments).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", page.path()));
    (ran, fs::read_to_string(&page).unwrap())
}

fn commands(out: &str) -> Vec<&str> {
    out.lines().filter(|line| line.trim_start().starts_with("::") || line.contains("##[")).collect()
}

#[test]
fn triggers_become_annotations_and_the_page_is_added_to() {
    let log = fixture("dl-034/before-fix.jsonl");
    let (ran, page) = step(&["replay", &log, "--plan", "dl-034"]);
    assert_eq!(ran.status, Some(4));
    let annotations = commands(&ran.out);
    for id in ["exchange-500-rate", "db-pool-saturated"] {
        let of = annotations.iter().filter(|line| line.starts_with("::error title=") && line.contains(id)).count();
        assert_eq!(of, 1, "{id}: {annotations:#?}");
    }
    assert!(annotations.iter().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")));
    assert!(page.starts_with("# An earlier step\n"), "it is appended to");
    for part in ["ROLLBACK", "exchange-500-rate", "`POST /api/user/exchanges`", "name 'session' is not defined"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // Beside them the text is what it always is.
    let text: Vec<&str> = ran.out.lines().filter(|line| !line.starts_with("::")).collect();
    let plain = crate::support::program::logwatch(&["replay", &log, "--plan", "dl-034"]).out;
    assert_eq!(text, plain.lines().collect::<Vec<_>>());
}

/// The page and the annotations tell times as the text does.
#[test]
fn times_are_of_the_zone_that_was_asked_for() {
    let log = fixture("dl-034/before-fix.jsonl");
    for (zone, first) in [("UTC", "13:30:50 UTC"), ("Europe/Madrid", "15:30:50 Europe/Madrid")] {
        let (ran, page) = step(&["replay", &log, "--plan", "dl-034", "--tz", zone]);
        let told = format!("first at 2025-08-25 {first}, still firing");
        assert!(commands(&ran.out).iter().any(|line| line.contains(&told)), "{}", ran.out);
        assert!(page.contains(&told), "{page}");
        let other = if zone == "UTC" { "Madrid" } else { "UTC" };
        assert!(!page.contains(other), "{page}");
    }
}

#[test]
fn json_stays_json() {
    let (ran, page) = step(&["replay", &fixture("dl-034/before-fix.jsonl"), "--plan", "dl-034", "--format", "json"]);
    assert_eq!(ran.summary()["verdict"], "rollback");
    assert!(page.contains("ROLLBACK"));
}

#[test]
fn a_healthy_log_has_a_page_and_no_annotations() {
    let (ran, page) = step(&["replay", &fixture("dl-034/after-fix.jsonl"), "--plan", "dl-034"]);
    assert_eq!((ran.status, commands(&ran.out).len()), (Some(0), 0));
    assert!(page.contains("HEALTHY"), "{page}");
}

/// The text of a log is data: no command to the runner, no markup of the page.
#[test]
fn a_log_cannot_give_commands_or_draw() {
    let harmful = [
        "::error::owned",
        "::add-mask::x QueuePool limit of size 5 overflow 10 reached",
        "x ##[add-matcher]y QueuePool limit of size 5 overflow 10 reached",
        "a\n::set-output name=x::y",
        "<script>alert(1)</script> <img src=x onerror=alert(2)>",
        "`code` </details> | cell | [link](javascript:x) ![](http://evil.example/x.png)",
        "AttributeError: 'X' object has no attribute 'manipulation_risk'\n::error::two",
    ];
    let lines = harmful.iter().enumerate();
    let lines = lines.map(|(second, text)| line(second as u32, "error", &format!("ERROR:web:{text}")));
    let bare = harmful.iter().enumerate().map(|(second, text)| line(20 + second as u32, "error", text));
    let log = tempfile::NamedTempFile::new().unwrap();
    fs::write(&log, lines.chain(bare).collect::<String>() + &healthy(30..60)).unwrap();
    for plan in ["default", "dl-034"] {
        let (ran, page) = step(&["replay", log.path().to_str().unwrap(), "--plan", plan, "-v"]);
        let ours = |line: &&str| line.starts_with("::") && line.contains(" title=logwatch");
        assert!(commands(&ran.out).iter().all(ours), "{:#?}", commands(&ran.out));
        let outside: Vec<String> = page.lines().map(outside_code).collect();
        for markup in ["<script", "<img", "![](", "](javascript", "</details"] {
            assert!(!outside.iter().any(|text| text.contains(markup)), "{markup}\n{page}");
        }
    }
}

/// A line of Markdown without its code spans, which show what stands in them. A span ends with as many backticks as it
/// began with.
fn outside_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let fence = &rest[start..start + ticks];
        let inside = &rest[start + ticks..];
        let end = inside
            .match_indices(fence)
            .map(|(at, _)| at)
            .find(|at| !inside[..*at].ends_with('`') && !inside[at + ticks..].starts_with('`'));
        outside += &rest[..start];
        rest = match end {
            Some(end) => &inside[end + ticks..],
            None => inside,
        };
    }
    outside + rest
}

#[test]
fn nothing_of_it_happens_elsewhere() {
    let page = tempfile::NamedTempFile::new().unwrap();
    let mut command = command(&["replay", &fixture("dl-034/before-fix.jsonl")]);
    let ran = run(command.env("GITHUB_STEP_SUMMARY", page.path()));
    assert!(commands(&ran.out).is_empty());
    assert_eq!(fs::read_to_string(&page).unwrap(), "");
}

#[test]
fn a_page_that_cannot_be_written_is_told() {
    let mut command = command(&["replay", &fixture("dl-034/before-fix.jsonl")]);
    let ran = run(command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "/no/such/folder/page.md"));
    assert!(ran.err.contains("/no/such/folder/page.md"), "{}", ran.err);
    // The verdict was reached: a page that cannot be written does not make it milder.
    assert_eq!(ran.status, Some(4));
}
