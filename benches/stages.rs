//! How fast each stage is, against a newline scan of the same bytes in the same process.
//!
//! `cargo bench --bench stages` prints a table for every kind of corpus. With `-- --check` it is short, and fails when the
//! whole pipeline costs more newline scans than it may: a ratio within one process holds on a noisy machine where a bare time
//! would not.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use logwatch::classify::Library;
use logwatch::decode;
use logwatch::engine::Range;
use logwatch::rules::plan::Plan;
use logwatch::session::Session;
use logwatch::source::frame::{Chunk, Fill, Framer};

#[allow(dead_code, unused_imports)]
#[path = "../fixtures/generator/scenario/mod.rs"]
mod scenario;

use scenario::corpus::{self, Kind, Length};

/// Bytes of a corpus: large enough to leave the caches.
const LONG: u64 = 64 << 20;
const SHORT: u64 = 12 << 20;
const CHUNK: usize = 1 << 20;

/// Kinds of corpora, with the most newline scans the whole pipeline may cost on one thread: about twice what was measured.
const KINDS: [(&str, Kind, f64); 5] = [
    ("app", Kind::App, 190.0),
    ("text", Kind::Text, 150.0),
    ("http", Kind::Http, 210.0),
    ("http-shuffled", Kind::HttpShuffled, 220.0),
    ("hard", Kind::Hard, 250.0),
];

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let bytes = if check { SHORT } else { LONG };
    println!("{:<14} {:<10} {:>10} {:>12} {:>12}", "corpus", "stage", "MB/s", "lines/s", "scans");
    let mut failed = false;
    for (name, kind, limit) in KINDS {
        let mut text = Vec::new();
        corpus::write(kind, Length::Bytes(bytes), 1, &mut text).expect("writing to memory");
        let lines = memchr::memchr_iter(b'\n', &text).count();
        let scan = best(5, || scan(&text));
        let mut whole = 0.0;
        for (stage, run) in STAGES {
            let time = best(3, || run(&text));
            let scans = time.as_secs_f64() / scan.as_secs_f64();
            println!(
                "{name:<14} {stage:<10} {:>10.0} {:>12.0} {scans:>12.1}",
                text.len() as f64 / 1e6 / time.as_secs_f64(),
                lines as f64 / time.as_secs_f64(),
            );
            whole = scans;
        }
        if check && whole > limit {
            println!("{name}: the whole pipeline costs {whole:.1} newline scans, more than {limit}");
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// What everything is measured by: finding each line's end, one after the other.
fn scan(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).fold(0, |last, newline| last ^ black_box(newline))
}

/// The shortest of some runs: noise only ever adds.
fn best<T>(runs: usize, mut run: impl FnMut() -> T) -> Duration {
    let one = |run: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    (0..runs).map(|_| one(&mut run)).min().unwrap_or_default()
}

type Stage = fn(&[u8]) -> usize;

/// Each stage does what those before it do, too; the last one is the whole pipeline.
const STAGES: [(&str, Stage); 4] = [("frame", frame), ("decode", decode_lines), ("map", map), ("whole", whole)];

fn frame(text: &[u8]) -> usize {
    let mut framer = Framer::new(text, CHUNK, Fill::Full);
    let mut bytes = 0;
    while let Ok(Some(chunk)) = framer.next_chunk() {
        bytes += chunk.text.len();
    }
    bytes
}

fn decode_lines(text: &[u8]) -> usize {
    let mut scratch = Vec::new();
    let mut records = 0;
    for line in text.split(|byte| *byte == b'\n') {
        records += usize::from(matches!(decode::decode(line, &mut scratch), decode::Line::Record(_)));
    }
    records
}

fn session() -> Session {
    let library = Library::load(&[] as &[&str]).expect("the built-in packs");
    let plan = Plan::load("dl-034").expect("a built-in plan");
    Session::new(plan, library, None, Range::default()).expect("the plan fits the packs")
}

fn chunks(text: &[u8]) -> impl Iterator<Item = Chunk> {
    let mut framer = Framer::new(text, CHUNK, Fill::Full);
    std::iter::from_fn(move || framer.next_chunk().ok().flatten())
}

fn map(text: &[u8]) -> usize {
    let mut mapper = session().mapper();
    chunks(text).map(|chunk| mapper.map(chunk).lines.len()).sum()
}

fn whole(text: &[u8]) -> usize {
    let mut session = session();
    let mut mapper = session.mapper();
    let source = session.add_source("corpus");
    for chunk in chunks(text) {
        session.engine.feed(source, mapper.map(chunk));
        session.engine.take_notices();
    }
    session.engine.finish();
    session.engine.counts.lines as usize
}
