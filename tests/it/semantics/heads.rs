//! The head of a message is read the same wherever the line comes from: as text, and as the message of a record whose level
//! is no more than the stream it came on.

use super::case::{Case, Outcome, app};

/// A stack's line of an info and its line of an error.
struct Stack {
    name: &'static str,
    lines: [&'static str; 2],
}

fn stacks() -> Vec<Stack> {
    let blocks = include_str!("heads.txt").split("\n## ").skip(1);
    let read = |block: &'static str| {
        let mut lines = block.lines();
        let mut next = || lines.next().expect("a name and two lines");
        Stack { name: next(), lines: [next(), next()] }
    };
    blocks.map(read).collect()
}

/// A word of its own for each stack, of letters that are no digits of any number.
fn word(number: usize) -> String {
    let letter = |value: usize| char::from(b"ghijklmnopqrstuvwxyz"[value % 20]);
    [letter(number), letter(number / 20), 'z', letter(number / 7), 'w'].into_iter().collect()
}

/// What the errors of a run say.
fn errors(outcome: &Outcome) -> Vec<String> {
    let errors = outcome.summary()["errors"].as_array().expect("errors");
    let errors = errors.iter().filter(|error| error["class"] == "app.error" && error["count"] == 1);
    errors.map(|error| error["shape"].as_str().expect("a shape").to_string()).collect()
}

fn check(wrap: impl Fn(&str) -> String) {
    for (number, stacks) in stacks().chunks(8).enumerate() {
        let word = |at: usize| word(number * 8 + at);
        let mut lines = vec![wrap("2025-09-02T08:00:00Z begins")];
        for (at, stack) in stacks.iter().enumerate() {
            lines.extend(stack.lines.iter().map(|line| wrap(&line.replace("lost", &format!("lost {}", word(at))))));
        }
        let outcome = Case::new().log("app.log", lines).run();
        let errors = errors(&outcome);
        for (at, stack) in stacks.iter().enumerate() {
            let named = errors.iter().filter(|error| error.contains(&word(at))).count();
            assert_eq!(named, 1, "{}: {errors:?}", stack.name);
        }
        assert_eq!(outcome.count("app.error") as usize, stacks.len(), "{errors:?}");
        assert!(!errors.iter().any(|error| error.contains("fine")), "{errors:?}");
    }
}

#[test]
fn levels_of_all_stacks_as_text() {
    check(str::to_string);
}

#[test]
fn levels_of_all_stacks_on_standard_output() {
    check(|line| app("08:00:00", "info", line));
}

#[test]
fn levels_of_all_stacks_on_standard_error() {
    // Of the line that begins a log nothing is said but by its stream.
    check(|line| app("08:00:00", if line.ends_with("begins") { "info" } else { "error" }, line));
}

/// Rule 1: the time of a line is read in every spelling that tells a day.
#[test]
fn times_of_all_spellings() {
    for head in [
        "[2025-08-25 15:30:00 +0200] [1] [CRITICAL]",
        "2025/08/25 13:30:00 [error] 31#31: *1",
        "127.0.0.1 - - [25/Aug/2025 13:30:00] \"GET /x HTTP/1.1\" 500 -",
        "Aug 25 2025 13:30:00 ",
        "25-Aug-2025 13:30:00.000 SEVERE [main]",
        "[Mon Aug 25 13:30:00.000000 2025] [core:error] [pid 7]",
        "Aug 25, 2025 1:30:00 PM com.foo.Bar run",
        "[Nest] 17  - 08/25/2025, 1:30:00 PM   ERROR [Jobs]",
        "ERROR 2025-08-25 13:30:00,000 views 17 140",
        "(2025-08-25 13:30:00,000) ERROR:",
        "1.7561286e+09\terror\tmain.go:12\t",
        "time=\"2025-08-25T13:30:00Z\" level=error msg=",
        "web-1  | 2025-08-25 13:30:00,000 ERROR",
        "<27>1 2025-08-25T13:30:00Z host app 17 - -",
        "[E 250825 13:30:00 web:1]",
    ] {
        let outcome = Case::new().log("app.log", [format!("{head} lost")]).run();
        let from = outcome.summary()["from"].as_str().unwrap_or_default().to_string();
        assert_eq!((outcome.input("untimed"), from.as_str()), (0, "2025-08-25T13:30:00Z"), "{head}");
    }
}

/// Programs that run several others name the one that wrote a line; what follows is read as if it stood alone.
#[test]
fn the_name_of_a_process_before_a_line() {
    let lost = "2025-08-25 13:30:00,000 ERROR db lost";
    let stack = ["TypeError: x is null", "    at load (/app/orders.js:12:9)"];
    for prefix in ["web-1  | ", "web  | ", "13:30:00 web.1  | ", "0|worker   | ", "[1] ", "[web] ", "web:dev: "] {
        let lines: Vec<String> = [lost, stack[0], stack[1]].iter().map(|line| format!("{prefix}{line}")).collect();
        let wrapped = lines.iter().map(|line| app("13:30:00", "info", line)).collect::<Vec<_>>();
        for lines in [lines, wrapped] {
            let outcome = Case::new().log("app.log", &lines).run();
            let found = (outcome.count("app.error"), outcome.count("javascript.exception"), outcome.input("untimed"));
            assert_eq!(found, (1, 1, 0), "{lines:?}");
        }
    }
    let heroku =
        ["Traceback (most recent call last):", "  File \"/app/x.py\", line 1, in f", "    g()", "ValueError: x"];
    let lines = heroku.map(|line| format!("2025-08-25T13:30:00Z app[web.1]: {line}"));
    let outcome = Case::new().log("app.log", lines).run();
    assert_eq!((outcome.count("python.exception"), outcome.input("merged")), (1, 3));
}

/// What npm, pip, tqdm and Python's warnings print on standard error is no error.
#[test]
fn notices_on_standard_error_are_no_errors() {
    for (lines, warnings) in [
        (vec!["1:M 02 Sep 2025 08:00:00.123 * Background saving started by pid 17"], 0),
        (vec!["1:M 02 Sep 2025 08:00:00.123 # WARNING overcommit_memory is not set to 0"], 1),
        (
            vec![
                "npm notice",
                "npm notice New major version of npm available! 10.2.3 -> 11.0.0",
                "npm http fetch GET 200 x",
            ],
            0,
        ),
        (vec!["npm warn config production Use `--omit=dev` instead.", "npm WARN deprecated x@1: old"], 2),
        (vec!["\r  0%|          | 0/9 [00:00<?, ?it/s]\r100%|████| 9/9 [00:02<00:00, 4.5it/s]"], 0),
        (vec!["Downloading: 100%|████| 440M/440M [00:12<00:00, 36.5MB/s]", "\rProgress: resolved 1, reused 0"], 0),
        (vec!["   ━━━━━━━━━━━━━━ 1.2/1.2 MB 10.1 MB/s eta 0:00:00", "[notice] A new release of pip is available"], 0),
        (vec!["/app/x.py:12: DeprecationWarning: utcnow() is deprecated", "  now = datetime.utcnow()"], 1),
        (vec!["<frozen importlib._bootstrap>:241: DeprecationWarning: SwigPyPacked"], 1),
    ] {
        let records = lines.iter().map(|line| app("13:30:00", "error", line)).collect::<Vec<_>>();
        let outcome = Case::new().log("app.jsonl", records).run();
        assert_eq!((outcome.count("app.error"), outcome.count("app.warning")), (0, warnings), "{lines:?}");
    }
}

/// A level that is the logger's own word, and not the stream's, says that a line quotes a failure.
#[test]
fn structured_info_lines_quote_failures_too() {
    let quote = "recovered, last error was: FATAL:  sorry, too many clients already";
    for (line, failures) in [
        (format!(r#"{{"level":30,"time":1756128600000,"msg":"{quote}"}}"#), 0),
        (format!(r#"{{"level":50,"time":1756128600000,"msg":"{quote}"}}"#), 1),
        (format!(r#"time=2025-08-25T13:30:00Z level=info msg="{quote}""#), 0),
        (app("13:30:00", "info", &format!(r#"{{"severity":"INFO","message":"{quote}"}}"#)), 0),
        (app("13:30:00", "error", &format!(r#"{{"level":"info","msg":"{quote}"}}"#)), 0),
        (app("13:30:00", "info", quote), 1),
    ] {
        let outcome = Case::new().log("app.log", [line.clone()]).run();
        assert_eq!(outcome.count("db.connections_refused"), failures, "{line}");
    }
}

/// The records of the platform's network and name server are timed; one that tells of a failure is a warning.
#[test]
fn flows_and_lookups_of_the_platform() {
    let lookup = |clock: &str, code: &str| {
        format!(r#"{{"qname":"db.internal","rcode":"{code}","qtype":"A","timestamp":"2025-08-25T{clock}Z"}}"#)
    };
    let flow = |clock: &str, cause: &str| {
        format!(
            r#"{{"l4Protocol":"TCP","dstAddr":"10.0.0.2","dstPort":5432,"dropCause":{cause},"timestamp":"2025-08-25T{clock}Z"}}"#
        )
    };
    let lines = [
        lookup("13:30:00", "SERVFAIL"),
        lookup("13:30:01", "NOERROR"),
        flow("13:30:02", "\"NO_ROUTE\""),
        flow("13:30:03", "null"),
    ];
    let outcome = Case::new().log("network.jsonl", lines).run();
    let counts = ["railway.lookup_failed", "railway.flow_dropped"].map(|class| outcome.count(class));
    assert_eq!((counts, outcome.input("untimed"), outcome.input("unclassified")), ([1, 1], 0, 2));
}
