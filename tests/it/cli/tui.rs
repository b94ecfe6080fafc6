//! The dashboard in a terminal: what keys do, and that the terminal is as it was at the end.

use std::fs;
use std::process::Command as Plain;

use pty_process::blocking::Command;

use super::logs::{healthy, line};
use super::pty::Terminal;
use crate::support::program::{fixture, logwatch, objects};

const LEFT: &str = "\x1b[D";
const FAR_LEFT: &str = "\x1b[1;2D";
const DOWN: &str = "\x1b[B";

fn replay(rows: u16, columns: u16, more: &[&str]) -> Terminal {
    let log = fixture("dl-034/before-fix.jsonl");
    let terminal = Terminal::start(rows, columns, &[&["replay", &log, "--plan", "dl-034", "--tui"], more].concat());
    terminal.shows(&["the run is over"]);
    terminal
}

/// On a screen of 80 × 24: the end, then back in time, then what was written after all.
#[test]
fn a_replay_is_gone_through_and_leaves_its_summary() {
    let terminal = replay(24, 80, &[]);
    let end = terminal.contents();
    let rows: Vec<&str> = end.lines().collect();
    assert!(rows[0].starts_with(" ROLLBACK  since 13:30:50 (+52 s)"), "{end}");
    assert!(rows[1].contains("deployed 13:29:58 · next checkpoint 30m at 13:59:58"), "{end}");
    assert!(end.contains("106 requests") && end.contains("31 5xx (29 %)"), "{end}");
    assert!(end.contains("FIRING   13:30:50 rollback    exchange-500-rate   33 %"), "{end}");
    assert!(rows.len() <= 24 && rows.iter().all(|row| row.chars().count() <= 80), "{end}");
    terminal.press(LEFT);
    terminal.shows(&["13:32:38, 2 s"]);
    // Before it fired it was pending, and before that it was not.
    terminal.press(&FAR_LEFT.repeat(5));
    terminal.press(&LEFT.repeat(5));
    terminal.shows(&["13:30:48, 2 s", "pending  13:30:20 rollback    exchange-500-rate"]);
    terminal.press(&LEFT.repeat(22));
    terminal.shows(&["13:30:04, 2 s", "ok                rollback    exchange-500-rate"]);
    terminal.press("\x1b");
    terminal.shows(&["all of it", "FIRING   13:30:50 rollback"]);
    terminal.press("q");
    let (status, left) = terminal.ended();
    assert_eq!(status.code(), Some(4), "{left}");
    assert!(left.contains("exit 4 (rollback)") && !left.contains("? keys"), "{left}");
}

/// Each list is opened, filtered and gone through.
#[test]
fn lists_are_filtered_and_entries_opened() {
    let terminal = replay(24, 80, &[]);
    terminal.press("2");
    terminal.shows(&["20× Error in security middleware: name 'session' is not defined", "11 entries"]);
    terminal.press(DOWN);
    terminal.press("\r");
    terminal.shows(&["8× Server error", "before-fix.jsonl:56", "beside 8 of 8 POST /api/create-bot 500s"]);
    terminal.press("\x1b");
    terminal.shows(&["20× Error in security"]);
    terminal.press("4");
    terminal.shows(&["170 entries", "GET /api/user/exchanges HTTP/1.1"]);
    terminal.press("/pool limit\r");
    terminal.shows(&["/pool limit", "4 entries", "Authentication error in current_user"]);
    terminal.press("/no such line\r");
    terminal.shows(&["0 entries", "nothing holds that"]);
    terminal.press("\x1b");
    terminal.shows(&["170 entries"]);
    terminal.press("\t");
    terminal.shows(&["MISSED   exchange creation success > 95 %"]);
    terminal.press("3");
    terminal.shows(&["POST /api/user/exchanges", "5xx 20"]);
    terminal.press("?");
    terminal.shows(&["only entries that hold a text"]);
    terminal.press("x");
    terminal.until("the keys are gone", |screen| !screen.contains("only entries that hold a text"));
    terminal.press("\x03");
    assert_eq!(terminal.ended().0.code(), Some(4));
}

/// What comes through a pipe is seen as it comes; the keyboard is the terminal's.
#[test]
fn a_live_run_is_seen_while_it_goes_on() {
    let mut terminal = Terminal::start(24, 80, &["--tui"]);
    terminal.shows(&["UNKNOWN", "nothing yet; Ctrl-C ends with the verdict"]);
    terminal.write(healthy(0..60).as_bytes());
    terminal.shows(&["reading stdin", "60 lines", "57 requests"]);
    terminal.press("4");
    terminal.shows(&["60 entries"]);
    // A log cannot do anything to the terminal.
    terminal.write(line(60, "error", "ERROR:web:boom \u{1b}[2J\u{1b}]0;owned\u{7} gone").as_bytes());
    terminal.shows(&["61 entries", "ERROR:web:boom", "UNKNOWN"]);
    terminal.press(" ");
    terminal.shows(&["lines are held"]);
    terminal.write(healthy(61..90).as_bytes());
    terminal.shows(&["90 lines", "61 entries"]);
    terminal.press(" ");
    terminal.write(healthy(90..91).as_bytes());
    terminal.shows(&["91 entries"]);
    let pipe = terminal.pipe.take();
    terminal.press("q");
    let (status, left) = terminal.ended();
    drop(pipe);
    assert_eq!(status.code(), Some(1), "{left}");
    assert!(left.contains("VERDICT") && left.contains("stopped by a signal"), "{left}");
}

/// Any size will do, and another one is drawn at once.
#[test]
fn it_fits_into_any_terminal() {
    let terminal = replay(60, 200, &[]);
    let large = terminal.contents();
    assert!(large.contains("exchange-500-rate") && large.contains("selector-exceptions"), "{large}");
    terminal.resize(24, 80);
    terminal.press("2");
    terminal.shows(&["the run is over", "11 entries"]);
    terminal.resize(40, 120);
    terminal.shows(&["the run is over", "ROLLBACK", "11 entries"]);
    for (rows, columns) in [(10, 40), (3, 12), (1, 1)] {
        terminal.resize(rows, columns);
        terminal.press("\t?x\r");
    }
    terminal.press("q");
    assert_eq!(terminal.ended().0.code(), Some(4));
}

/// A signal ends it as it ends any run.
#[test]
fn a_signal_gives_the_terminal_back() {
    let mut terminal = Terminal::start(24, 80, &["--tui"]);
    terminal.write(healthy(0..60).as_bytes());
    terminal.shows(&["57 requests"]);
    assert!(terminal.is_taken());
    let sent = Plain::new("kill").args(["-TERM", &terminal.child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    terminal.shows(&["VERDICT"]);
    assert!(!terminal.is_taken());
    assert_eq!(terminal.ended().0.code(), Some(1));
}

/// Ctrl-Z stops it as any program, and `fg` goes on.
#[test]
fn it_is_stopped_and_goes_on() {
    let script =
        r#"set -m; "$0" replay "$1" --plan dl-034 --tui < /dev/null; echo "now it is stopped"; read x; fg > /dev/null"#;
    let log = fixture("dl-034/before-fix.jsonl");
    let shell = Command::new("bash").args(["-c", script, env!("CARGO_BIN_EXE_logwatch"), &log]);
    let terminal = Terminal::open(24, 80, shell, |_| ());
    terminal.shows(&["the run is over"]);
    terminal.press("\x1a");
    terminal.shows(&["now it is stopped"]);
    assert!(!terminal.is_taken());
    terminal.press("\n");
    terminal.shows(&["the run is over", "ROLLBACK"]);
    terminal.press("q");
    let (status, left) = terminal.ended();
    assert_eq!(status.code(), Some(4), "{left}");
    assert!(left.contains("exit 4"), "{left}");
}

/// A manual check is answered where the answer is recorded, and nowhere else.
#[test]
fn a_manual_check_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let answers = folder.path().join("answers.jsonl");
    let terminal = replay(40, 100, &["--answers", answers.to_str().unwrap()]);
    terminal.press("a");
    terminal.shows(&["recorded: somebody is at exchange-500-rate"]);
    terminal.press("5");
    terminal.shows(&["p pass, f fail"]);
    terminal.press("p");
    terminal.shows(&["that is no manual check"]);
    terminal.press("/p pass\r");
    terminal.press("f");
    terminal.shows(&["is not as it should be"]);
    terminal.press("q");
    terminal.ended();
    let said = objects(&fs::read_to_string(&answers).unwrap());
    assert_eq!((&said[0]["type"], &said[0]["id"]), (&"ack".into(), &"exchange-500-rate".into()));
    assert_eq!((said.len(), &said[1]["type"], &said[1]["status"]), (2, &"check".into(), &"fail".into()));
}

#[test]
fn without_a_terminal_there_is_no_dashboard() {
    let ran = logwatch(&["replay", &fixture("dl-034/before-fix.jsonl"), "--tui"]);
    assert!(ran.status == Some(2) && ran.err.contains("--tui shows a dashboard in a terminal"), "{ran:?}");
}
