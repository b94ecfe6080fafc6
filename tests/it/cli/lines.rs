//! `logwatch lines` and `logwatch patterns try`: what is behind a verdict, and what would be.

use std::fs;

use super::logs::{at, healthy, line, request};
use crate::support::program::{command, fixture, logwatch, run};

const LOG: &str = "dl-034/before-fix.jsonl";

#[test]
fn the_lines_of_a_class_are_where_grep_finds_them() {
    let log = fixture(LOG);
    let ran = logwatch(&["lines", &log, "--class", "http.error"]);
    let text = fs::read_to_string(&log).unwrap();
    let failed = |(number, line): (usize, &str)| line.contains("HTTP/1.1\\\" 500").then(|| format!(":{}", number + 1));
    let expected: Vec<String> = text.lines().enumerate().filter_map(failed).collect();
    let shown: Vec<&str> = ran.out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!((ran.status, shown), (Some(0), expected.iter().map(String::as_str).collect()));
}

#[test]
fn conditions_narrow_and_context_widens() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let log = healthy(0..100)
        + &request(100, "/a", 500)
        + &line(101, "error", "ERROR:shop:out of pears")
        + &healthy(102..200);
    fs::write(&file, log).unwrap();
    let path = file.path().to_str().unwrap();
    let lines = |more: &[&str]| logwatch(&[&["lines", path], more].concat());
    let grave = lines(&["--level", "error"]);
    assert_eq!(grave.out.lines().count(), 2, "a failed request is told at level info: {}", grave.out);
    assert!(grave.out.starts_with(":101  2025-08-25 13:51:40.250  info"), "{}", grave.out);
    let around = lines(&["--level", "error", "--around", &at(100)[11..19], "--class", "app.*", "-C", "1"]);
    let starts: Vec<&str> = around.out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(starts, ["-101", ":102", "-103"]);
    let elsewhere = lines(&["--level", "error", "--around", &at(10)]);
    assert_eq!((elsewhere.status, elsewhere.out.as_str()), (Some(1), ""));
    assert!(elsewhere.err.contains("no entry meets"), "{}", elsewhere.err);
    let madrid = lines(&["--class", "app.error", "--tz", "Europe/Madrid"]);
    assert!(madrid.out.contains("15:51:41.250"), "{}", madrid.out);
}

#[test]
fn a_class_that_nothing_is_of_is_no_condition() {
    for (class, help) in [("http.errr", "did you mean http.error?"), ("nothing.*", "`logwatch patterns list`")] {
        let ran = logwatch(&["lines", &fixture(LOG), "--class", class]);
        assert_eq!(ran.status, Some(2));
        assert!(ran.err.contains(&format!("no class is called `{class}`")) && ran.err.contains(help), "{}", ran.err);
    }
}

#[test]
fn an_entry_is_shown_whole_its_secrets_masked() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(
        &file,
        "ok\nTraceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    g(1)\nKeyError: 'a' password=hunter22\nok\n",
    )
    .unwrap();
    let ran = logwatch(&["lines", file.path().to_str().unwrap(), "--class", "python.exception"]);
    assert_eq!(ran.out.lines().count(), 4, "{}", ran.out);
    assert!(ran.out.ends_with(":5  KeyError: 'a' password=***\n"), "{}", ran.out);
}

#[test]
fn a_pipe_cannot_be_read_twice() {
    let ran = run(&mut command(&["lines", "-"]));
    assert_eq!((ran.status, ran.err.contains("read twice")), (Some(2), true), "{}", ran.err);
    let ran = logwatch(&["lines", &fixture(LOG), "--around", "+1m"]);
    assert_eq!((ran.status, ran.err.contains("--around takes a time")), (Some(2), true), "{}", ran.err);
}

#[test]
fn a_regex_is_tried_on_a_file() {
    let ran =
        logwatch(&["patterns", "try", r"QueuePool limit of size (?<size>\d+) overflow 10 reached", &fixture(LOG)]);
    let text = fs::read_to_string(fixture(LOG)).unwrap();
    let count = text.lines().filter(|line| line.contains("QueuePool limit of size 5 overflow 10 reached")).count();
    assert!(ran.out.starts_with(&format!("{count} of 218 entries match\n")), "{}", ran.out);
    assert!(ran.out.contains("size = \"5\""), "{}", ran.out);
    let near = logwatch(&["patterns", "try", r"QueuePool limit of size (?<size>\d+) overflow 7", &fixture(LOG)]).out;
    assert!(near.starts_with("0 of 218 entries match\n\nSome that nearly do:\n"), "{near}");
    assert!(near.contains("the regex fits \"QueuePool limit of size 5\" but not"), "{near}");
    let wrong = logwatch(&["patterns", "try", "x(", &fixture(LOG)]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.err.contains("unclosed group") && !wrong.err.contains("REGEX"), "{}", wrong.err);
}

/// A line of somebody else in an entry moves its end.
#[test]
fn an_entry_ends_with_its_last_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let part = |text: &str| line(7, "error", text);
    let log = part("Traceback (most recent call last):")
        + &part("  File \"/srv/a.py\", line 3, in f")
        + &request(7, "/a", 200)
        + &part("    g(1)")
        + &part("KeyError: 'a'")
        + &healthy(8..10);
    fs::write(&file, log).unwrap();
    let ran = logwatch(&["lines", file.path().to_str().unwrap(), "--class", "python.exception"]);
    assert_eq!(ran.out.lines().count(), 5, "{}", ran.out);
    assert!(ran.out.lines().last().unwrap().ends_with("KeyError: 'a'"), "{}", ran.out);
}

#[test]
fn of_a_file_that_is_newest_first_the_numbers_are_those_of_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let log = healthy(0..50) + &line(50, "error", "ERROR:shop:out of pears") + &healthy(51..100);
    let newest_first: Vec<&str> = log.lines().rev().collect();
    fs::write(&file, newest_first.join("\n") + "\n").unwrap();
    let ran = logwatch(&["lines", file.path().to_str().unwrap(), "--class", "app.error", "-C", "18446744073709551615"]);
    assert_eq!(ran.out.lines().filter(|line| line.starts_with(":50 ")).count(), 1, "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 100);
}
