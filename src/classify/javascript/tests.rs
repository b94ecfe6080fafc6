use super::*;
use crate::classify::trace::Follows;
use proptest::prelude::*;

fn read(text: &str) -> Option<(String, String, String, Option<String>)> {
    stack(text.as_bytes()).map(|read| {
        let place = read.place.map(|place| place.to_string());
        (read.kind, read.message, place.unwrap_or_default(), read.cause)
    })
}

/// How many lines are one failure.
fn reached(text: &str) -> usize {
    let lines: Vec<Line<'_>> =
        text.lines().map(|line| Line { text: line.as_bytes(), follows: Follows::Untold, apart: false }).collect();
    reach(&lines).map_or(0, |reach| reach.length)
}

fn is(kind: &str, message: &str, place: &str) -> Option<(String, String, String, Option<String>)> {
    Some((kind.into(), message.into(), place.into(), None))
}

#[test]
fn a_stack_names_its_own_code_first() {
    let text = "TypeError: Cannot read properties of undefined (reading 'price')\n    at Object.parse (/app/node_modules/feed/index.js:3:9)\n    at async Feed.next (file:///app/src/feed.mjs:88:17)\n    at node:internal/process/task_queues:95:5";
    assert_eq!(
        read(text),
        is("TypeError", "Cannot read properties of undefined (reading 'price')", "/app/src/feed.mjs:88 in Feed.next")
    );
    assert_eq!(
        read("Error\n    at /app/node_modules/a/b.js:1:2"),
        is("Error", "", "/app/node_modules/a/b.js:1 in <anonymous>")
    );
}

#[test]
fn a_cause_is_told_and_its_frames_are_not_the_place() {
    let text = "Error: refresh failed\n    at <anonymous> {\n  code: 'E_REFRESH',\n  [cause]: FetchError [E1]: no route\n      at get (/app/src/net.js:5:1)\n      ... 2 lines matching cause stack trace ...\n}";
    let (kind, message, place, cause) = read(text).expect("a stack");
    assert_eq!((kind.as_str(), message.as_str()), ("Error", "refresh failed"));
    assert_eq!((place.as_str(), cause.as_deref()), ("", Some("FetchError")));
    assert_eq!(reached(text), text.lines().count());
}

/// Koa moves every line of it two columns to the right.
#[test]
fn a_failure_may_be_indented_as_a_whole() {
    let text = "  TypeError: no price\n      at parse (/app/feed.js:3:9)\n      at Server.emit (node:events:524:28)";
    assert_eq!(read(text), is("TypeError", "no price", "/app/feed.js:3 in parse"));
    assert_eq!(reached(&format!("{text}\nlistening")), 3);
    for other in ["  TypeError: no price\n  at parse (/app/feed.js:3:9)", "  TypeError: no price\n    it says"] {
        assert_eq!(reached(other), 0, "{other}");
    }
}

#[test]
fn certain_heads_need_no_frames() {
    for (line, want) in [
        ("Uncaught TypeError: x is not a function", is("TypeError", "x is not a function", "")),
        ("Uncaught (in promise) RangeError: y", is("RangeError", "y", "")),
        ("Uncaught Exception: Error: z", is("Error", "z", "")),
        ("Uncaught boom", is("Uncaught", "boom", "")),
        ("UnhandledPromiseRejectionWarning: Error: late", is("Error", "late", "")),
        ("(node:17) UnhandledPromiseRejectionWarning: late", is("UnhandledPromiseRejection", "late", "")),
        ("[UnhandledPromiseRejection: late]", is("UnhandledPromiseRejection", "late", "")),
        (
            "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
            is("FATAL ERROR", "Reached heap limit Allocation failed - JavaScript heap out of memory", ""),
        ),
    ] {
        assert_eq!(head(line.as_bytes()), Head::Certain, "{line}");
        assert_eq!(read(line), want, "{line}");
    }
}

#[test]
fn a_bare_error_line_is_left_to_python() {
    assert_eq!(head(b"TypeError: unsupported operand"), Head::Perhaps);
    assert_eq!(read("TypeError: unsupported operand"), None);
    assert_eq!(read("Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\nTypeError: x"), None);
}

#[test]
fn other_lines() {
    for line in [
        "",
        "INFO:     Started",
        "ERROR:x:Error: y",
        "TypeErrors: 3",
        "FATAL:  sorry, too many clients already",
        "Error handling is on",
    ] {
        assert_eq!(head(line.as_bytes()), Head::No, "{line}");
    }
    for line in ["", "at home", "    at the end", "  File \"/a.py\", line 1, in f", "INFO: x", "code: 1"] {
        assert!(!is_part(line.as_bytes()), "{line}");
    }
    for line in ["    at new Feed (<anonymous>)", "\tat a.js:1:2", "    ... 3 more lines", "}", "  },"] {
        assert!(is_part(line.as_bytes()), "{line}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in r#"(Error|Uncaught |\[|\]|: | {4}at |\(|\)|:|1|\n|é|FATAL ERROR: |node){0,20}"#, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        for text in [text.as_bytes(), &bytes] {
            let _ = (head(text), is_part(text), stack(text), reached(&String::from_utf8_lossy(text)));
        }
    }
}
