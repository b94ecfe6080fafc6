//! What a person sees: colours where they are wanted, no control characters from a log, no complaint about a closed pipe.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use super::logs::{healthy, line};
use crate::support::program::{Ran, command, ended, fixture, fixture_text, logwatch, piped, read, run};

const LOG: &str = "dl-034/before-fix.jsonl";
const ESC: char = '\u{1b}';

fn replay(more: &[&str]) -> Ran {
    logwatch(&[&["replay", &fixture(LOG), "--plan", "dl-034"], more].concat())
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let plain = replay(&[]);
    assert!(!plain.out.contains(ESC));
    assert_eq!(replay(&["--color", "never"]).out, plain.out);
    let coloured = replay(&["--color", "always"]).out;
    assert!(coloured.contains(&format!("{ESC}[1;31mROLLBACK")), "{coloured:?}");
    assert_eq!(colourless(&coloured), plain.out);
    assert!(!replay(&["--color", "always", "--format", "json"]).out.contains(ESC));
}

/// Without SGR sequences.
fn colourless(text: &str) -> String {
    let mut parts = text.split(ESC);
    let first = parts.next().unwrap_or_default().to_string();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest));
    rest.fold(first, |text, part| text + part)
}

/// The variable is a default; an option is a wish.
#[test]
fn no_color_is_honoured_until_colour_is_asked_for() {
    let log = fixture(LOG);
    let with = |more: &[&str]| run(command(&[&["replay", &log], more].concat()).env("NO_COLOR", "1")).out;
    assert!(!with(&[]).contains(ESC));
    assert!(!with(&["--color", "auto"]).contains(ESC));
    assert!(with(&["--color", "always"]).contains(ESC));
}

#[test]
fn a_file_has_no_colours() {
    let file = tempfile::NamedTempFile::new().unwrap();
    replay(&["--color", "always", "--output", &format!("text={}", file.path().display())]);
    assert!(!std::fs::read_to_string(&file).unwrap().contains(ESC));
}

#[test]
fn quiet_leaves_the_verdict() {
    let ran = replay(&["-q"]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    assert!(ran.out.starts_with("VERDICT  ROLLBACK"), "{}", ran.out);
    assert!(ran.out.lines().count() <= 3, "{}", ran.out);
}

#[test]
fn verbose_tells_what_is_pending_too() {
    let (plain, verbose) = (replay(&[]).out, replay(&["-v"]).out);
    assert!(!plain.contains(" pending ") && verbose.contains(" pending "), "{verbose}");
}

/// That a failure ended the process is no error beside it.
#[test]
fn a_failure_that_ends_a_process_is_told_once() {
    let ran = logwatch(&[&fixture("captured/servers/koa.txt"), "--format", "json"]);
    assert_eq!(ran.summary()["classes"]["process.exited"]["count"], 1);
    let screen = logwatch(&[&fixture("captured/servers/koa.txt")]).out;
    assert!(screen.contains("Error: pool is gone"), "{screen}");
    assert!(!screen.contains(" groups") && !screen.contains("1×  /app/koa.js:5"), "{screen}");
}

/// Requests that nobody can put before or after the deployment are no traffic since.
#[test]
fn requests_without_a_time_are_no_table() {
    let ran = piped(&["--format", "text"], b"GET /a 200 12.0 ms - 5\nlistening on :8080\n");
    assert!(ran.out.contains("no record has a time") && !ran.out.contains("TRAFFIC"), "{}", ran.out);
}

/// A log line cannot move the cursor, nor clear the screen, nor set the title.
#[test]
fn control_characters_of_a_log_are_made_visible() {
    let harmful =
        ["\u{1b}[2J\u{1b}]0;owned\u{7}gone", "\r\u{1b}[1A over", "\u{9b}31m c1", "\u{202e}reversed", "a\u{8}b"];
    let lines = harmful.iter().enumerate().map(|(second, text)| {
        line(
            second as u32,
            "error",
            &format!("ERROR:web\u{1b}[0m:{text}: QueuePool limit of size 5 overflow 10 reached"),
        )
    });
    let log = lines.collect::<String>() + &healthy(5..60);
    let stored = fixture_text("bad-input/terminal-escapes.jsonl");
    for text in [log, stored] {
        for arguments in
            [&["replay", "-"][..], &["replay", "-", "-v", "--plan", "dl-034"], &["replay", "-", "--format", "json"]]
        {
            let ran = piped(arguments, text.as_bytes());
            let shown = ran.out.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').count();
            // In JSON a character that is no control character may stand as it is.
            let is_json = arguments.contains(&"json");
            assert!(shown == 0 || is_json, "{:?}", ran.out);
            assert!(!ran.out.contains(ESC) && !ran.err.contains(ESC), "{:?}", ran.out);
        }
        let ran = piped(&["patterns", "explain", "-"], text.as_bytes());
        assert!(!ran.out.contains(ESC), "{:?}", ran.out);
    }
}

/// Escapes may hide in names, too.
#[cfg(unix)]
#[test]
fn the_name_of_a_file_is_made_visible() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\u{1b}[2Jb.jsonl");
    std::fs::write(&path, healthy(0..30)).unwrap();
    let ran = logwatch(&["replay", path.to_str().unwrap()]);
    assert!(ran.out.contains("b.jsonl") && !ran.out.contains(ESC), "{:?}", ran.out);
}

#[cfg(unix)]
#[test]
fn the_name_of_a_missing_file_is_made_visible() {
    let ran = logwatch(&["replay", "no\u{1b}[2J.jsonl"]);
    assert!(ran.status == Some(1) && !ran.err.contains(ESC), "{:?}", ran.err);
}

/// Whoever read the output has had enough: no message, no panic.
#[test]
fn a_closed_output_is_a_quiet_end() {
    for format in ["text", "json"] {
        let mut child = command(&["--plan", "dl-034", "--format", format]).stdin(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut pipe = child.stdin.take().unwrap();
        // It may have ended before it has read everything.
        let _ = pipe.write_all(&read(&fixture(LOG)));
        drop(pipe);
        let ran = ended(child, Duration::from_secs(5));
        assert_eq!(ran.err, "", "{format}");
        assert!(ran.status.is_some(), "ended by a signal");
    }
    for arguments in [&["patterns", "list"][..], &["plan", "show", "dl-034"], &["patterns", "test"]] {
        let mut child = command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(ended(child, Duration::from_secs(20)).err, "", "{arguments:?}");
    }
}

/// A verdict is known even where its page could not be shown, which is all that is written here.
#[test]
fn an_output_closed_before_the_summary_leaves_the_verdict() {
    let mut child = command(&["replay", &fixture(LOG), "--plan", "dl-034", "--quiet"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
}

#[test]
fn the_version_and_the_help_are_told() {
    let ran = logwatch(&["-V"]);
    assert_eq!((ran.status, ran.out), (Some(0), format!("logwatch {}\n", env!("CARGO_PKG_VERSION"))));
    for arguments in [&["--help"][..], &["replay", "--help"], &["patterns", "--help"], &["plan", "--help"]] {
        let ran = logwatch(arguments);
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
        assert!(ran.out.contains("Usage: logwatch"), "{}", ran.out);
        assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    }
    let help = logwatch(&["--help"]).out;
    assert!(["3  investigate", "4  rollback", "5  unknown"].iter().all(|status| help.contains(status)), "{help}");
}
