//! Logs: blocks of lines whose times go on from where they stand, between lines that say how the log is to be read.

use fastrand::Rng;
use logwatch::time::{self, SECOND, Time};

use super::line;
use crate::mutate::{lines, pick, pieces};

/// Adds a block of lines, or changes what there is.
pub fn mutate(text: Vec<u8>, random: &mut Rng) -> Vec<u8> {
    let begins = text.is_empty();
    let mut text = pieces(lines(&text), block, random);
    if begins || random.u8(..16) == 0 {
        let old = text.iter().position(|byte| *byte == b'\n').filter(|_| text.starts_with(b"%% "));
        text.splice(..old.map_or(0, |end| end + 1), settings(&text, random).into_bytes());
    }
    text
}

/// How the log is to be read.
fn settings(text: &[u8], random: &mut Rng) -> String {
    let mut words = vec!["%%".to_string(), format!("plan={}", pick(&["default", "dl-034", "all", "all"], random))];
    let step = [1, 2, 7, 64, 911, 65_536];
    words.push(format!("step={} size={}", pick(&step, random), pick(&[1, 100, 700, 4_000, 65_536], random)));
    for name in ["since", "until"] {
        match random.u8(..8) {
            0 => words.push(format!("{name}=+{}", pick(&[0, 1, 5, 30, 60, 260, 3_600, 100_000], random))),
            1 => words.push(format!("{name}={}", after(text, random))),
            _ => {}
        }
    }
    if random.u8(..8) == 0 {
        words.push(format!("deployed={}", after(text, random)));
    }
    words.join(" ") + "\n"
}

/// Some lines to stand behind `before`.
pub fn block(before: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut text = Vec::new();
    match random.u8(..40) {
        0 => text.extend_from_slice(b"%% source\n"),
        1 => {
            let length = (1 << 20) - 6 + random.usize(..12);
            let [bom, cr] = [" bom", " cr"].map(|word| if random.bool() { word } else { "" });
            text.extend_from_slice(format!("%% long {length}{bom}{cr}\n").as_bytes());
        }
        _ => {}
    }
    let shape = line::Shape::any(random);
    let end: &[u8] = if random.u8(..12) == 0 { b"\r\n" } else { b"\n" };
    let mut now = latest(before).unwrap_or(Time(1_756_128_000 * SECOND));
    for _ in 0..random.usize(1..=12) {
        now = now.saturating_add(gap(random));
        // Mostly one shape a block, as one service writes.
        let shape = if random.u8(..6) == 0 { line::Shape::any(random) } else { shape };
        for line in line::entry(shape, now, random) {
            text.extend_from_slice(&line);
            text.extend_from_slice(end);
        }
    }
    text
}

/// Nanoseconds from one entry to the next.
fn gap(random: &mut Rng) -> i64 {
    let milliseconds = match random.u8(..64) {
        0..24 => random.i64(0..50),
        24..48 => random.i64(0..2_500),
        48..56 => random.i64(2_000..40_000),
        56..60 => -random.i64(0..4_000),
        60 => -random.i64(0..100_000),
        61 => random.i64(0..4 * 3_600_000),
        62 => 3_600_000 + random.i64(-2..3),
        _ => random.i64(-100..100) * 86_400_000,
    };
    milliseconds.saturating_mul(1_000_000).saturating_add(random.i64(..1_000_000))
}

/// A time near those of a text.
fn after(text: &[u8], random: &mut Rng) -> Time {
    let base = latest(text).unwrap_or(Time(1_756_128_000 * SECOND));
    let nanoseconds = random.i64(-60..60) * SECOND;
    base.saturating_add(if random.bool() { nanoseconds } else { nanoseconds + random.i64(..SECOND) })
}

/// The last time that stands in a text, not too far from its end.
pub fn latest(text: &[u8]) -> Option<Time> {
    let from = text.len().saturating_sub(4_000);
    let begins = |at: &usize| text[*at].is_ascii_digit() && (*at == 0 || !text[at - 1].is_ascii_digit());
    let found = |at: usize| time::parse_prefix(&text[at..]).map(|(time, _)| time);
    (from..text.len()).rev().filter(begins).find_map(found)
}
