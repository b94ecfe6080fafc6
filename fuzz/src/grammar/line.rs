//! Lines of logs in every shape that is known, sound and damaged.

use std::sync::LazyLock;

use fastrand::Rng;
use logwatch::time::Time;

use crate::mutate::{alter, pick};
use crate::run::LIBRARY;

/// How a line carries its time and its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `railway logs --json`, members in any order.
    Railway,
    /// An app that logs JSON.
    AppJson,
    /// `railway logs`.
    Plain,
    Logfmt,
    /// The message alone.
    Bare,
    /// `railway logs --http --json`, members in any order.
    Http,
    /// `railway logs --http`.
    HttpText,
    /// An access line with the time in brackets.
    Combined,
}

impl Shape {
    pub fn any(random: &mut Rng) -> Shape {
        use Shape::*;
        pick(
            &[Railway, Railway, Railway, Railway, AppJson, Plain, Plain, Logfmt, Bare, Http, Http, HttpText, Combined],
            random,
        )
    }
}

const PATHS: [&str; 12] = [
    "/api/bots",
    "/api/bots/17/trades",
    "/api/user/exchanges",
    "/api/user/exchanges/8f14e45f-ceea-4e7a-9c1b-2d6f0b1f7a11",
    "/api/run-smart-trade/BTCUSDT?scalper_mode=true",
    "/api/run-smart-trade/ETHUSDT",
    "/api/market-data?symbol=ETHUSDT&interval=30m",
    "/api/create-bot",
    "/api/health",
    "/",
    "/%7Bx%7D//a\\b",
    "*",
];
const METHODS: [&str; 7] = ["GET", "GET", "POST", "POST", "DELETE", "OPTIONS", "get"];
const STATUSES: [&str; 12] = ["200", "200", "200", "201", "304", "401", "404", "500", "500", "503", "99", "0500"];
/// Stacks, whose lines are records of their own.
const STACKS: [&str; 5] = [
    "ERROR:    Exception in ASGI application\nTraceback (most recent call last):\n  File \"/app/routes/bots.py\", line 118, in create_bot\n    bot = build(payload)\n          ^^^^^^^^^^^^^^\nKeyError: 'leverage'",
    "Traceback (most recent call last):\n  File \"/app/a.py\", line 7, in f\n    g()\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"/app/b.py\", line 9, in g\nAttributeError: 'A' object has no attribute 'manipulation_risk'",
    "  + Exception Group Traceback (most recent call last):\n  |   File \"/app/a.py\", line 3, in f\n  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: one\n    +------------------------------------",
    "TypeError: x is undefined\n    at f (app.js:3:4)\n    at Object.<anonymous> (/app/index.js:1:1)",
    "Uncaught Error: boom\n    at g (file:///app/b.js:7:9)\n\nNode.js v20.11.0",
];
/// Times at which something may change or end.
const TIMES: [&str; 16] = [
    "1677-09-21T00:12:43.145224193Z",
    "1677-09-21T00:12:44Z",
    "1969-12-31T23:59:59.999999999Z",
    "1970-01-01T00:00:00Z",
    "2262-04-11T23:47:16.854775807Z",
    "2262-04-11T23:47:16Z",
    "2262-04-11T23:47:17Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999+14:00",
    "2025-02-29T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "2025-08-25T13:40:00-23:59",
    "2025-08-25T24:00:00Z",
    "yesterday",
    "",
    "1756128000",
];

/// What the library has as samples: something for every pattern.
static SAMPLES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let samples = LIBRARY.patterns.iter().flat_map(|pattern| &pattern.samples);
    samples.map(|(_, sample)| sample.line.get_ref().clone()).collect()
});

/// The lines of one entry, without their ends.
pub fn entry(shape: Shape, time: Time, random: &mut Rng) -> Vec<Vec<u8>> {
    let message = message(random);
    let (time, level) = (written(time, shape, random), random.u8(..));
    // A structured logger keeps a stack in one line; the platform makes a record of each line.
    let together = matches!(shape, Shape::AppJson | Shape::Logfmt) || random.u8(..16) == 0;
    let messages: Vec<&str> = if together { vec![&message] } else { message.split('\n').collect() };
    let lines = messages.into_iter().map(|message| {
        let line = line(shape, &time, message, level, random).into_bytes();
        if random.u8(..24) == 0 { damage(line, random) } else { line }
    });
    lines.collect()
}

fn message(random: &mut Rng) -> String {
    let (method, path, status) = (pick(&METHODS, random), pick(&PATHS, random), pick(&STATUSES, random));
    match random.u8(..32) {
        0..10 => {
            let host = random.u8(..5);
            let client = if random.u8(..8) == 0 { "[fd12:74c6:9d20::7]:8080" } else { "100.64.0.3:42910" };
            match host {
                0 => format!("{client} - \"{method} {path} HTTP/1.1\" {status}"),
                1 => format!("{method} {path} {status} {} ms - 27", random.u16(..)),
                _ => format!("INFO:     {client} - \"{method} {path} HTTP/1.1\" {status} OK"),
            }
        }
        10..22 => pick(&SAMPLES, random),
        22..26 => pick(&STACKS, random).to_string(),
        26 => format!("ERROR:app.{}:name 'session{}' is not defined ⚠️", random.u8(..9), random.u16(..)),
        27 => format!(
            "QueuePool limit of size {} overflow 10 reached, connection timed out, timeout 30.00",
            random.u8(..)
        ),
        28 => "INFO:     Started server process [17]".to_string(),
        29 => format!("  File \"/app/x.py\", line {}, in f", random.u8(..)),
        30 => "".to_string(),
        _ => (0..random.usize(..40)).map(|_| pick(&WORDS, random)).collect(),
    }
}

const WORDS: [&str; 22] = [
    "WARNING:",
    "error",
    " ",
    " ",
    ":",
    "[ERRO] ",
    "\"",
    "\\",
    "{",
    "}",
    "=",
    "\t",
    "\u{1b}[31m",
    "\u{1b}[0m",
    "ñ",
    "🔥",
    "\u{202e}",
    "123",
    "Traceback (most recent call last):",
    "Messages dropped: ",
    "rate limit of 500 logs/sec reached for replica, update your application to reduce the logging rate. Messages dropped: 12",
    "\u{0}",
];

/// The time as the shape writes it, or as nothing should.
fn written(time: Time, shape: Shape, random: &mut Rng) -> String {
    if random.u8(..60) == 0 {
        return pick(&TIMES, random).to_string();
    }
    let [second, fraction] = [time.second(), time.0.rem_euclid(1_000_000_000)];
    let second = Time::from_second(second).to_string();
    let second = second.trim_end_matches('Z');
    match (shape, random.u8(..12)) {
        (Shape::Combined, _) => {
            // No chrono for one format: the day of the fixtures.
            format!("25/Aug/2025:{} +0000", second.get(11..19).unwrap_or("13:40:00"))
        }
        (_, 0) => format!("{second}Z"),
        (_, 1) => format!("{second}.{:03}+02:00", fraction / 1_000_000),
        (_, 2) => format!("{} {:03}", second.replace('T', " "), fraction / 1_000_000),
        (_, 3) => format!("{},{:03}", second.replace('T', " "), fraction / 1_000_000),
        _ => format!("{second}.{fraction:09}Z"),
    }
}

fn line(shape: Shape, time: &str, message: &str, level: u8, random: &mut Rng) -> String {
    let level = ["info", "error", "warn", "debug", "ERROR"][usize::from(level % 5)];
    match shape {
        Shape::Railway => {
            let mut members = vec![text("timestamp", time), text("message", message), text("level", level)];
            match random.u8(..12) {
                0 => members.push(text("deploymentInstanceId", pick(&["one", "two"], random))),
                1 => members.push(format!("\"n\":{}", random.u32(..))),
                2 => members.push("\"deep\":{\"a\":[1,{\"b\":\"}\"}],\"message\":\"not this\"}".into()),
                3 => drop(members.remove(random.usize(..3))),
                4 => members.push(text("message", "another")),
                _ => {}
            }
            if random.u8(..3) == 0 {
                random.shuffle(&mut members);
            }
            object(&members, random)
        }
        Shape::AppJson => {
            let names = [["event", "level", "timestamp"], ["msg", "lvl", "ts"], ["message", "severity", "@timestamp"]];
            let [message_name, level_name, time_name] = pick(&names, random);
            let (head, stack) = message.split_once('\n').unwrap_or((message, ""));
            let mut members = vec![text(message_name, head), text("logger", "app.routes"), text(level_name, level)];
            if !stack.is_empty() {
                members.push(text("exception", stack));
            }
            members.push(text(time_name, time));
            object(&members, random)
        }
        Shape::Plain => {
            let level = ["[INFO] ", "[ERRO] ", "[WARN] ", "INFO ", ""][random.usize(..5)];
            format!("{time} {level}{message}")
        }
        Shape::Logfmt => format!("time={time} level={level} logger=app msg={}", quoted(message)),
        Shape::Bare => message.to_string(),
        Shape::Http => {
            let (method, path, status) = (pick(&METHODS, random), pick(&PATHS, random), pick(&STATUSES, random));
            let mut members = vec![
                text("timestamp", time),
                text("method", method),
                text("path", path),
                format!("\"httpStatus\":{status}"),
                format!("\"totalDuration\":{}", duration(random)),
            ];
            let more = [
                text("srcIp", "203.0.113.3"),
                text("deploymentId", pick(&["7b1d3c52", "8c2e4d63"], random)),
                text("deploymentInstanceId", "c2f0a9d4"),
                text("clientUa", "Mozilla/5.0 \"quoted\" \\ agent"),
                "\"txBytes\":2262".to_string(),
            ];
            members.extend(more.into_iter().take(random.usize(..=5)));
            if random.bool() {
                random.shuffle(&mut members);
            }
            object(&members, random)
        }
        Shape::HttpText => {
            let (method, path, status) = (pick(&METHODS, random), pick(&PATHS, random), pick(&STATUSES, random));
            format!("{time} {method} {path} {status} {}ms 6a3ce0452754b070d488de", duration(random))
        }
        Shape::Combined => {
            let (method, path, status) = (pick(&METHODS, random), pick(&PATHS, random), pick(&STATUSES, random));
            format!(
                "100.64.0.3 - - [{time}] \"{method} {path} HTTP/1.1\" {status} 2831 \"-\" \"Mozilla/5.0\" {}",
                random.u16(..)
            )
        }
    }
}

/// Milliseconds, mostly.
fn duration(random: &mut Rng) -> String {
    match random.u8(..16) {
        0 => {
            pick(&["-1", "0", "1e3", "1e400", "999999999999", "18446744073709551616", "null", "\"12\"", "0.5"], random)
                .to_string()
        }
        1 => random.u32(..100_000).to_string(),
        _ => random.u16(..400).to_string(),
    }
}

fn text(name: &str, value: &str) -> String {
    format!("\"{name}\":{}", quoted(value))
}

fn object(members: &[String], random: &mut Rng) -> String {
    let between = if random.u8(..4) == 0 { ", " } else { "," };
    format!("{{{}}}", members.join(between))
}

/// A JSON string. Escaped is what must be, and what Go's encoder escapes, too.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\0'..' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out + "\""
}

/// What a broken pipe, a wrong encoder or a terminal makes of a line.
fn damage(mut line: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    let at = random.usize(..=line.len());
    match random.u8(..10) {
        0 => line.truncate(at),
        1 => drop(line.splice(..0, *b"\xef\xbb\xbf")),
        2 => line.insert(at, 0),
        3 => drop(line.splice(at..at, *b"\xff\xfe")),
        4 => drop(line.splice(at..at, *pick(&[b"\\u0000", b"\\ud83d", b"\\ude00", b"\\u202e"], random))),
        5 => drop(line.splice(at..at, *b"\x1b[2J\x1b]0;x\x07")),
        6 => line.push(b'\r'),
        7 => line.insert(at, b'\n'),
        8 => drop(line.splice(..0, std::iter::repeat_n(b' ', random.usize(..20)))),
        _ => line = alter(line, random),
    }
    line
}
