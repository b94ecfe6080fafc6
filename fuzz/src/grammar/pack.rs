//! Pattern packs: patterns with the members that they may have, each over samples of its own.

use fastrand::Rng;

use super::plan::{MOST_TABLES, string, tables};
use crate::mutate::{pick, pieces};
use crate::run::LIBRARY;

pub fn mutate(text: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    let tables = tables(&text);
    if tables.is_empty() || tables.len() > MOST_TABLES || random.u8(..8) == 0 {
        return (pattern(random) + &sample(random)).into_bytes();
    }
    let grow = |before: &[u8], random: &mut Rng| {
        let is_sample = !before.is_empty() && random.u8(..3) == 0;
        if is_sample { sample(random) } else { pattern(random) }.into_bytes()
    };
    pieces(tables, grow, random)
}

/// Parts of a regex, of which any number in a row is one, too.
const PARTS: [&str; 30] = [
    "payment",
    " declined",
    "error: ",
    "(?<id>\\d+)",
    "(?<took>[\\d.]+) ms",
    "(?<reason>\\w+)",
    "(?<name>[^ ]*)",
    ".*",
    ".*?",
    "^",
    "$",
    "\\b",
    "\\s+",
    "[a-z]{2,5}",
    "(?:one|two|three)",
    "(?i:CASE)",
    "x?",
    "(a|b)+",
    "[^\"]",
    "\\[",
    "ñ",
    "\\x00",
    "(?s:.)",
    "(?<deep>(?:a(?:b(?:c)?)?)?)",
    "\\p{L}",
    "a{0,50}",
    "\\n",
    "(?-u:\\xff)",
    "|",
    "QueuePool limit",
];
const CAPTURES: [&str; 6] = ["id", "took", "reason", "name", "deep", "none"];

fn pattern(random: &mut Rng) -> String {
    let class = pick(&["a.b", "a.b", "a.c", "shop.payment_declined", "http.request", "db.pool", "x9.y_z"], random);
    let class = if random.u8(..32) == 0 { pick(&["Bad", "a..b", ""], random) } else { class };
    let mut text = format!("[[pattern]]\nclass = \"{class}\"\nabout = \"About\"\n");
    let mut regex = String::new();
    match random.u8(..8) {
        0 => text += &format!("parser = \"{}\"\n", parser(random)),
        1 => {
            regex = regex_of(random);
            text += &format!("match = {}\nparser = \"{}\"\n", string(&regex, random), parser(random));
        }
        2 => {
            let regexes: Vec<&str> =
                LIBRARY.patterns.iter().filter_map(|pattern| Some(pattern.regex.as_ref()?.as_str())).collect();
            regex = pick(&regexes, random).to_string();
            text += &format!("match = {}\n", string(&regex, random));
        }
        _ => {
            regex = regex_of(random);
            text += &format!("match = {}\n", string(&regex, random));
        }
    }
    let mut captures: Vec<&str> = CAPTURES.into_iter().filter(|name| regex.contains(&format!("<{name}>"))).collect();
    if random.u8(..16) == 0 {
        captures.push(pick(&CAPTURES, random));
    }
    if !captures.is_empty() && random.u8(..4) != 0 {
        text += &format!("labels = {captures:?}\n");
    }
    if let Some(name) = captures.first().filter(|_| random.u8(..3) == 0) {
        let unit = pick(&["1", "ms", "s", "B", "KiB", "GiB"], random);
        text += &format!("values = {{ v = {{ capture = \"{name}\", unit = \"{unit}\" }} }}\n");
    }
    if let Some(name) = captures.first().filter(|_| random.u8(..6) == 0) {
        text += &format!("clean = {{ {name} = [{}, \"$0-$1\"] }}\n", string(&regex_of(random), random));
    }
    for (one_in, line) in [(6, "severity = \"error\"\n"), (8, "raw = true\n"), (8, "unicode = true\n")] {
        if random.u8(..one_in) == 0 {
            text += line;
        }
    }
    if random.u8(..4) == 0 {
        let conditions = [
            "level = \"warning\"",
            "logger = \"app.*\"",
            "attribute = { market = \"s*\" }",
            "label = { status = \"5xx\" }",
            "label = { reason = \"?x*\" }",
        ];
        text += &format!("where = {{ {} }}\n", pick(&conditions, random));
    }
    text
}

fn parser(random: &mut Rng) -> &'static str {
    pick(
        &["access-line", "edge", "request", "traceback", "javascript", "level", "embedded-json", "logfmt", "none"],
        random,
    )
}

fn regex_of(random: &mut Rng) -> String {
    (0..random.usize(1..=6)).map(|_| pick(&PARTS, random)).collect()
}

fn sample(random: &mut Rng) -> String {
    let lines = [
        "ERROR:shop.billing:payment 8812 declined after 950 ms: expired_card",
        "payment declined error: 12 ms one",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'",
        "{\"timestamp\":\"2025-08-25T13:40:00Z\",\"message\":\"payment 3\",\"market\":\"spot\"}",
        "id=3 reason=\"x y\" took=1e3",
        "ñ 🔥 \u{0}",
        "",
    ];
    let mut text = format!("[[pattern.sample]]\nline = {}\n", string(pick(&lines, random), random));
    match random.u8(..4) {
        0 => text += "matches = false\n",
        1 => text += "labels = { id = \"8812\" }\n",
        2 => text += "values = { v = 950.0 }\n",
        _ => {}
    }
    text
}
