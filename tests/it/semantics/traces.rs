//! Rules 16 to 17: a failure is one, with its type and place, in every language and however its lines arrive.

use serde_json::json;

use super::case::{Case, DAY, Outcome, app};
use crate::support::program::fixture_text;

/// A file, the language, and of each failure its type and its place.
type Program = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What a program printed when it failed (`fixtures/captured`), and what is right: type and place of each failure.
const PROGRAMS: [Program; 14] = [
    ("node/uncaught.txt", "javascript", &[("TypeError", "/app/uncaught.js:3 in load")]),
    (
        "node/rejected.txt",
        "javascript",
        &[("UnhandledPromiseRejection", "node:internal/process/promises:389 in throwUnhandledRejectionsMode")],
    ),
    ("node/module.txt", "javascript", &[("Error", "/app/module.js:2 in Object.<anonymous>")]),
    ("node/module.mjs.txt", "javascript", &[("Error", "node:internal/modules/esm/resolve:873 in packageResolve")]),
    (
        "node/aggregate.mjs.txt",
        "javascript",
        &[
            ("AggregateError", "/app/aggregate.mjs:4 in <anonymous>"),
            ("RangeError", "/app/aggregate.mjs:2 in <anonymous>"),
        ],
    ),
    ("python/groups.txt", "python", &[("ExceptionGroup", "/app/groups.py:23 in main")]),
    (
        "python/chained.txt",
        "python",
        &[
            ("ConnectionError", "/app/chained.py:8 in load"),
            ("ConnectionError", "/app/chained.py:8 in load"),
            ("RuntimeError", "/app/chained.py:23 in <module>"),
        ],
    ),
    ("java/crash.txt", "java", &[("java.lang.IllegalStateException", "Crash.java:17 in Crash.main")]),
    ("go/crash.txt", "go", &[("panic", "/app/crash.go:8 in main.(*server).load")]),
    ("rust/crash.txt", "rust", &[("panic", "crash.rs:4")]),
    ("rust/backtrace.txt", "rust", &[("panic", "crash.rs:4 in crash::load")]),
    ("ruby/crash.txt", "ruby", &[("ArgumentError", "crash.rb:6 in rescue in load")]),
    ("php/crash.txt", "php", &[("RuntimeException", "/app/crash.php:8 in load")]),
    (
        "elixir/crash.txt",
        "elixir",
        &[
            ("ArgumentError", "crash.exs:3 in Orders.load/1"),
            ("ArgumentError", "crash.exs:3 in Orders.load/1"),
            ("ArgumentError", "crash.exs:3 in Orders.load/1"),
        ],
    ),
];

/// How lines can arrive.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    /// A line each, without a time.
    Bare,
    /// A time before every line, as docker writes it.
    Timed,
    /// The name of a process before every line.
    Named,
    /// As Railway prints the lines of standard error, some microseconds apart.
    Records,
    /// The same with times in whole seconds.
    CoarseRecords,
}

const ARRIVALS: [Arrival; 5] =
    [Arrival::Bare, Arrival::Timed, Arrival::Named, Arrival::Records, Arrival::CoarseRecords];

fn request(clock: &str) -> String {
    format!("{DAY}T{clock}Z INFO:     100.64.0.2:40112 - \"GET /a HTTP/1.1\" 200 OK")
}

impl Arrival {
    fn lines(self, text: &str) -> Vec<String> {
        let lines = text.lines().enumerate();
        let lines: Vec<String> = lines
            .map(|(number, line)| {
                let clock = format!("13:30:05.{:09}", 2_000 + number * 4_000);
                match self {
                    Arrival::Bare => line.to_string(),
                    Arrival::Timed => format!("{DAY}T{clock}Z {line}"),
                    Arrival::Named => format!("web-1  | {line}"),
                    Arrival::Records => app(&clock, "error", line),
                    Arrival::CoarseRecords => app("13:30:05", "error", line),
                }
            })
            .collect();
        [vec![request("13:30:00")], lines, vec![request("13:30:20")]].concat()
    }
}

/// Type and place of every failure, sorted.
fn failures(outcome: &Outcome) -> Vec<(String, String)> {
    let list = outcome.summary()["exceptions"].as_array().expect("a list").clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let each = |item: &serde_json::Value| {
        let count = item["count"].as_u64().unwrap_or_default() as usize;
        vec![(text(&item["type"]), text(&item["where"])); count]
    };
    let mut all: Vec<_> = list.iter().flat_map(each).collect();
    all.sort();
    all
}

fn owned(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut wanted: Vec<_> = wanted.iter().map(|(kind, place)| (kind.to_string(), place.to_string())).collect();
    wanted.sort();
    wanted
}

#[test]
fn a_failure_is_one_however_its_lines_arrive() {
    for (name, language, wanted) in PROGRAMS {
        let text = fixture_text(&format!("captured/{name}"));
        for arrival in ARRIVALS {
            let outcome = Case::new().log("a.log", arrival.lines(&text)).run();
            assert_eq!(failures(&outcome), owned(wanted), "{name}, {arrival:?}");
            assert_eq!(outcome.count(&format!("{language}.exception")), wanted.len() as u64, "{name}, {arrival:?}");
            assert_eq!(outcome.requests(), 2, "{name}, {arrival:?}");
            // Nobody can tell the last line of a message without an end from what comes next.
            let loose = u64::from(name == "python/chained.txt" && matches!(arrival, Arrival::CoarseRecords)) * 2;
            assert_eq!(outcome.count("app.error"), loose, "{name}, {arrival:?}");
            let warnings = u64::from(name == "python/groups.txt");
            assert_eq!(outcome.count("app.warning"), warnings, "{name}, {arrival:?}");
        }
    }
}

/// One record may hold all of a failure.
#[test]
fn a_failure_is_one_in_one_record() {
    for (name, language, wanted) in PROGRAMS.into_iter().filter(|(_, _, wanted)| wanted.len() == 1) {
        let text = fixture_text(&format!("captured/{name}"));
        let escaped = text.trim_end().replace('\n', "\\n").replace('\t', "\\t");
        for message in [text.trim_end(), &escaped] {
            let outcome = Case::new().log("a.jsonl", [app("13:30:05.1", "error", message)]).run();
            if message == escaped
                && !(escaped.contains("\\n    at")
                    || escaped.contains("\\n  File")
                    || escaped.contains("\\n\\tat")
                    || escaped.contains("\\n#0"))
            {
                continue;
            }
            assert_eq!(failures(&outcome), owned(wanted), "{name}: {message}");
            assert_eq!((outcome.count(&format!("{language}.exception")), outcome.count("app.error")), (1, 0), "{name}");
        }
        // Beside a message, as loggers that write JSON put it.
        let record =
            json!({"timestamp": format!("{DAY}T13:30:05.1Z"), "level": "error", "message": "no order", "stack": text});
        let outcome = Case::new().log("a.jsonl", [record.to_string()]).run();
        assert_eq!(failures(&outcome), owned(wanted), "{name}, beside a message");
    }
}

/// Rule 16: what others write in between belongs to nobody, and ends nothing.
#[test]
fn a_request_between_the_lines_of_a_failure_is_a_request() {
    for (name, _, wanted) in PROGRAMS {
        let text = fixture_text(&format!("captured/{name}"));
        for arrival in [Arrival::Bare, Arrival::Timed] {
            let mut lines = arrival.lines(&text);
            // Behind the head, but not within a message.
            let at = lines.iter().position(|line| {
                line.contains("    at ")
                    || line.contains("  File ")
                    || line.contains("\tfrom ")
                    || line.contains("goroutine")
                    || line.contains("#0")
                    || line.contains("note:")
                    || line.contains("   0:")
                    || line.contains("\tat ")
                    || line.contains("    crash.exs")
            });
            let at = at.expect("a frame") + 1;
            lines.insert(at, request(if matches!(arrival, Arrival::Bare) { "13:30:00.5" } else { "13:30:05.000002" }));
            let outcome = Case::new().log("a.log", lines).run();
            assert_eq!(failures(&outcome), owned(wanted), "{name}, {arrival:?}");
            assert_eq!(outcome.requests(), 3, "{name}, {arrival:?}");
        }
    }
}

/// Rule 16: the lines of one burst come in any order.
#[test]
fn a_burst_may_be_out_of_order() {
    let failures_of: [(&[&str], &str, &str); 3] = [
        (
            &[
                "Traceback (most recent call last):",
                "  File \"/app/main.py\", line 13, in handle",
                "    return rows[0]",
                "           ~~~~^^^",
                "  File \"/opt/venv/lib/python3.12/site-packages/x/y.py\", line 5, in call",
                "IndexError: list index out of range",
            ],
            "IndexError",
            "/app/main.py:13 in handle",
        ),
        (
            &[
                "TypeError: Cannot read properties of null (reading 'id')",
                "    at load (/app/dist/orders.js:12:9)",
                "    at async handler (/app/node_modules/e/server.js:40:5) {",
                "  code: 'E_X'",
                "}",
            ],
            "TypeError",
            "/app/dist/orders.js:12 in load",
        ),
        (
            &[
                "Exception in thread \"main\" java.lang.IllegalStateException: boom",
                "\tat org.apache.X.run(X.java:3)",
                "\tat com.x.A.b(A.java:12)",
                "\t... 2 more",
            ],
            "java.lang.IllegalStateException",
            "A.java:12 in com.x.A.b",
        ),
    ];
    for (lines, kind, place) in failures_of {
        // Every rotation, forwards and backwards.
        for turn in 0..lines.len() * 2 {
            let mut lines = lines.to_vec();
            let length = lines.len();
            lines.rotate_left(turn % length);
            if turn >= length {
                lines.reverse();
            }
            let records: Vec<String> = (0..lines.len())
                .map(|at| app(&format!("13:30:05.{:09}", 2_000 + at * 300_000), "error", lines[at]))
                .collect();
            let outcome = Case::new().log("a.jsonl", &records).run();
            assert_eq!(failures(&outcome), owned(&[(kind, place)]), "{lines:?}");
            assert_eq!((outcome.count("app.error"), outcome.input("merged")), (0, lines.len() as u64 - 1), "{lines:?}");
        }
    }
}

/// Rule 16: of two failures in one burst, out of order, none has the other's place.
#[test]
fn of_two_failures_that_are_mixed_no_place_is_told() {
    let lines = [
        "  File \"/app/a.py\", line 7, in f",
        "Traceback (most recent call last):",
        "Traceback (most recent call last):",
        "KeyError: 'x'",
        "  File \"/app/b.py\", line 9, in g",
        "IndexError: list index out of range",
    ];
    let records: Vec<String> =
        (0..lines.len()).map(|at| app(&format!("13:30:05.{:09}", 2_000 + at * 4_000), "error", lines[at])).collect();
    let outcome = Case::new().log("a.jsonl", &records).run();
    let told = failures(&outcome);
    assert_eq!((told.len(), told[0].1.as_str(), outcome.count("app.error")), (1, "", 0));
}

/// Several lines that are one thing, whatever they are, with the class that they are one of.
#[test]
fn what_is_printed_over_several_lines_is_one() {
    let things = [
        ("npm error code 1\nnpm error path /app\nnpm error command failed", "app.error"),
        ("npm ERR! code ELIFECYCLE\nnpm ERR! errno 1", "app.error"),
        ("/app/x.py:12: DeprecationWarning: old\n  now = datetime.utcnow()", "app.warning"),
        (
            "/app/x.py:345: UserWarning: Valid config keys have changed in V2:\n* 'orm_mode' has been renamed to 'from_attributes'\n  warnings.warn(message, UserWarning)",
            "app.warning",
        ),
        (
            "node:events:497\n      throw er; // Unhandled 'error' event\n      ^\nError: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle [as _listen2] (node:net:1817:16)\nEmitted 'error' event on Server instance at:\n    at emitErrorNT (node:net:1844:8) {\n  code: 'EADDRINUSE'\n}",
            "javascript.exception",
        ),
        (
            "ERROR:asyncio:Task was destroyed but it is pending!\ntask: <Task pending name='Task-2' coro=<poll()>>",
            "python.task_lost",
        ),
        (
            "DiscordAPIError[50035]: Invalid Form Body\noptions[0].type: not an int\n    at f (/app/a.js:1:2) {\n  list: [\n    'a'\n  ],\n  error: [Function: f]\n}",
            "javascript.exception",
        ),
        (
            "Exception in callback f()\nhandle: <Handle f()>\nTraceback (most recent call last):\n  File \"/app/a.py\", line 7, in f\nKeyError: 'x'",
            "python.exception",
        ),
        (
            "Traceback (most recent call last):\n  File \"/app/a.py\", line 7, in f\nE.HTTPException: 429 <!DOCTYPE html>\n<html>\n  <p>no</p>\n</html>",
            "python.exception",
        ),
    ];
    for (text, class) in things {
        let lines = text.lines().count() as u64;
        let outcome = Case::new().log("a.jsonl", Arrival::Records.lines(text)).run();
        assert_eq!((outcome.count(class), outcome.input("merged")), (1, lines - 1), "{text}");
        let others =
            ["app.error", "app.warning"].iter().filter(|other| **other != class).map(|other| outcome.count(other));
        assert_eq!(others.sum::<u64>(), 0, "{text}");
    }
}

/// Rule 16: what an indenting logger writes behind a failure is its own.
#[test]
fn a_logger_s_indented_line_behind_a_failure_is_none_of_it() {
    let lines = [
        "Traceback (most recent call last):",
        "  File \"/app/main.py\", line 42, in orders",
        "IndexError: list index out of range",
        "      INFO   100.64.0.2:41001 - \"GET /api/orders HTTP/1.1\" 500",
    ];
    let outcome = Case::new().log("a.jsonl", Arrival::Records.lines(&lines.join("\n"))).run();
    assert_eq!((outcome.count("python.exception"), outcome.requests(), outcome.input("merged")), (1, 3, 2));
}

/// An object that is printed over several lines is text, and no broken record.
#[test]
fn an_object_over_several_lines_is_text() {
    let text = "order created\n{\n  id: 'A17',\n}\n{\n  \"id\": \"A18\"\n}";
    let outcome = Case::new().log("a.log", Arrival::Bare.lines(text)).run();
    assert_eq!((outcome.input("malformed"), outcome.requests()), (0, 2));
}

/// A failure is one behind the head of the logger, or the mark, that wrote it.
#[test]
fn a_failure_behind_a_logger_s_head_is_one() {
    let next = " ⨯ TypeError: x is null\n    at Page (/app/.next/server/page.js:1:23) {\n  digest: '17'\n}";
    let elixir = "13:30:05.123 [error] ** (KeyError) key :total not found in: %{}\n    (shop 0.1.0) lib/order.ex:14: Order.sum/1";
    let context = "2025-08-25T13:30:05.123Z pid=1 tid=6kx jid=0a1b class=Charge";
    let job = format!(
        "{context} WARN: NoMethodError: undefined method 'x' for nil\n{context} WARN: /app/charge.rb:9:in 'Charge#perform'"
    );
    let job_8 = format!(
        "{context} ERROR: /app/charge.rb:9:in 'Charge#perform': no x (NoMethodError)\n\tfrom /gems/sidekiq/x.rb:2:in 'call'"
    );
    for (text, class, wanted) in [
        (next, "javascript.exception", ("TypeError", "/app/.next/server/page.js:1 in Page")),
        (elixir, "elixir.exception", ("KeyError", "lib/order.ex:14 in Order.sum/1")),
        (&job, "ruby.exception", ("NoMethodError", "/app/charge.rb:9 in Charge#perform")),
        (&job_8, "ruby.exception", ("NoMethodError", "/app/charge.rb:9 in Charge#perform")),
    ] {
        let outcome = Case::new().log("a.jsonl", Arrival::Records.lines(text)).run();
        assert_eq!(failures(&outcome), owned(&[wanted]), "{text}");
        assert_eq!((outcome.count(class), outcome.count("app.error")), (1, 0), "{text}");
    }
}

/// Platforms and drains put more than a time before a line; what follows keeps its form.
#[test]
fn a_failure_behind_a_platform_s_prefix_is_one() {
    let text = "TypeError: x is null\n    at load (/app/orders.js:12:9)\n    at async f (/app/server.js:40:5)";
    for prefix in [
        "2025-08-25T13:30:05.100000000Z stderr F ",
        "2025-08-25T13:30:05.1Z app[3d8d9e2f] fra [info] ",
        "0|api  | 2025-08-25T13:30:05: ",
        "<11>1 2025-08-25T13:30:05.1Z host shop 17 - - ",
        "2025-08-25T13:30:05.1Z app[3d8d9e2f] fra [info]",
        "2025-08-25T13:30:05.1Z [APP/PROC/WEB/0] ERR ",
        "2025-08-25T13:30:05.1Z ecs/app/0123456789abcdef0123456789abcdef ",
        "web-7d9f8b6c5-x2x4z app 2025-08-25T13:30:05.123456789Z ",
        "[2025-08-25T13:30:05.123Z] ",
        "[2025-08-25 13:30:05] ",
    ] {
        let lines: Vec<String> = text.lines().map(|line| format!("{prefix}{line}")).collect();
        let outcome = Case::new().log("a.log", lines).run();
        assert_eq!(failures(&outcome), owned(&[("TypeError", "/app/orders.js:12 in load")]), "{prefix}");
        assert_eq!((outcome.count("app.error"), outcome.input("untimed")), (0, 0), "{prefix}");
    }
}

/// Where the lines of a stack have no time, a failure with a time ends the last one, and a line that is none does not.
#[test]
fn a_failure_with_a_time_ends_the_lines_without_of_the_last_one() {
    for [open, close] in [["", ""], ["[", "]"]] {
        let failure = |clock: &str| {
            format!("{open}2025-08-25T{clock}Z{close} TypeError: x is null\n    at load (/app/orders.js:12:9)")
        };
        let fine = format!("{open}2025-08-25T13:30:08Z{close} all is well");
        let text = [failure("13:30:05"), failure("13:30:07"), fine, failure("13:30:09")].join("\n");
        let outcome = Case::new().log("a.log", text.lines().map(str::to_string).collect::<Vec<_>>()).run();
        let wanted = [("TypeError", "/app/orders.js:12 in load"); 3];
        assert_eq!(failures(&outcome), owned(&wanted), "{text}");
        assert_eq!((outcome.input("merged"), outcome.input("unclassified")), (3, 1), "{text}");
    }
}
