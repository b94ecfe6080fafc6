//! How fast each stage is, against a newline scan of the same bytes in the same process.
//!
//! `cargo bench -p benches --bench stages` prints a table for every kind of corpus. With `-- --check` it is short, and fails when the
//! whole pipeline costs more newline scans than it may, a library of a thousand patterns more than twice the built-in
//! one, or a line whose route is new more than so many with usual ones: ratios within one process hold on a noisy machine
//! where bare times would not.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use logwatch::source::frame::{Chunk, Fill, Framer};
use logwatch::time::Time;
use logwatch::{Library, Line, Mapper, Moment, Plan, Range, Session, decode};

#[path = "support/pack.rs"]
mod pack;
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
    ("app", Kind::App, 120.0),
    ("text", Kind::Text, 105.0),
    ("http", Kind::Http, 120.0),
    ("http-shuffled", Kind::HttpShuffled, 145.0),
    ("hard", Kind::Hard, 400.0),
];

/// How much slower the map stage may be with a thousand patterns.
const MANY_PATTERNS: f64 = 2.0;

/// How much slower the whole pipeline may be when each line brings a new route, and when each is a failure beside: about
/// twice what was measured.
const NEW_ROUTES: [(u16, f64); 2] = [(200, 20.0), (500, 34.0)];

/// Each stage does what those before it do, too; the last one is the whole pipeline.
const STAGES: [(&str, Stage); 6] = [
    ("frame", frame),
    ("decode", decode_lines),
    ("classify", classify),
    ("assemble", assemble),
    ("timeline", timeline),
    ("whole", whole),
];

/// Gives the time of one run.
type Stage = fn(&[u8]) -> Duration;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let bytes = if check { SHORT } else { LONG };
    println!("{:<14} {:<10} {:>10} {:>12} {:>12}", "corpus", "stage", "MB/s", "lines/s", "scans");
    let mut failed = false;
    for (name, kind, limit) in KINDS {
        let text = text(kind, bytes);
        let lines = memchr::memchr_iter(b'\n', &text).count();
        let scan = shortest(5, || scan(&text));
        let mut whole = 0.0;
        for (stage, run) in STAGES {
            let time = shortest(3, || run(&text));
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
    let slower = many_patterns(&text(Kind::App, bytes));
    println!("{} patterns more: classify takes {slower:.2} times as long", pack::PATTERNS);
    if check && slower > MANY_PATTERNS {
        println!("that is more than {MANY_PATTERNS} times");
        failed = true;
    }
    for (status, limit) in NEW_ROUTES {
        let slower = new_routes(status, if check { 60_000 } else { 300_000 });
        println!("a new route on each line, status {status}: the whole takes {slower:.1} times as long");
        if check && slower > limit {
            println!("that is more than {limit} times");
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn text(kind: Kind, bytes: u64) -> Vec<u8> {
    let mut text = Vec::new();
    corpus::write(kind, Length::Bytes(bytes), 1, &mut text).expect("writing to memory");
    text
}

/// The shortest of some runs: noise only ever adds.
fn shortest(runs: usize, run: impl FnMut() -> Duration) -> Duration {
    std::iter::repeat_with(run).take(runs).min().unwrap_or_default()
}

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    start.elapsed()
}

/// What everything is measured by: finding each line's end, one after the other.
fn scan(text: &[u8]) -> Duration {
    timed(|| memchr::memchr_iter(b'\n', text).fold(0, |last, newline| last ^ black_box(newline)))
}

fn chunks(text: &[u8]) -> impl Iterator<Item = Chunk> {
    let mut framer = Framer::new(text, CHUNK, Fill::Full);
    std::iter::from_fn(move || framer.next_chunk().ok().flatten())
}

fn frame(text: &[u8]) -> Duration {
    timed(|| chunks(text).map(|chunk| chunk.text.len()).sum::<usize>())
}

fn decode_lines(text: &[u8]) -> Duration {
    let mut scratch = Vec::new();
    timed(|| {
        let mut records = 0;
        for chunk in chunks(text) {
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &chunk.text).chain([chunk.text.len()]) {
                let line = &chunk.text[start..end];
                records += usize::from(matches!(decode(line, &mut scratch), Line::Record(_)));
                start = end + 1;
            }
        }
        records
    })
}

fn classify(text: &[u8]) -> Duration {
    map(&mut session("dl-034", built_in(), None).mapper(), text)
}

/// Entries and totals, for a plan that asks nothing.
fn assemble(text: &[u8]) -> Duration {
    let plan = Plan::parse("empty", "[plan]\nid = 'empty'\ntitle = 'Empty'").expect("a plan");
    pipeline(Session::new(plan, built_in(), None, Range::default()).expect("nothing is asked"), text)
}

/// The series and windows of a plan whose rules are not looked at, because the deployment they wait for never comes.
fn timeline(text: &[u8]) -> Duration {
    pipeline(session("dl-034", built_in(), Some(Moment::At(Time(i64::MAX / 2)))), text)
}

fn whole(text: &[u8]) -> Duration {
    pipeline(session("dl-034", built_in(), None), text)
}

/// How many times as long a thousand patterns take.
fn many_patterns(text: &[u8]) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    pack::write(pack::regexes(), folder.path()).expect("writing a pack");
    let many = Library::load(&[folder.path()]).expect("the generated pack");
    let [mut few, mut many] = [built_in(), many].map(|library| session("dl-034", library, None).mapper());
    let few = shortest(5, || map(&mut few, text));
    let many = shortest(5, || map(&mut many, text));
    many.as_secs_f64() / few.as_secs_f64()
}

/// How many times as long requests take of which each is for a route of its own, as a scanner's are.
fn new_routes(status: u16, lines: usize) -> f64 {
    let text = |route_of: fn(usize) -> usize| {
        let line = |number: usize| {
            let time = Time::from_second(1_756_128_000).saturating_add(number as i64 * 1_000_000);
            // Letters alone: a number would be taken for an id.
            let route: String =
                format!("{:06}", route_of(number)).bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
            let message = format!("INFO:     100.64.0.7:40112 - \\\"GET /api/user/{route} HTTP/1.1\\\" {status}");
            format!("{{\"message\":\"{message}\",\"timestamp\":\"{time}\",\"level\":\"info\"}}\n")
        };
        (0..lines).map(line).collect::<String>().into_bytes()
    };
    let [usual, new] = [text(|number| number % 50), text(|number| number)];
    let [usual, new] = [usual, new].map(|text| shortest(5, || whole(&text)));
    new.as_secs_f64() / usual.as_secs_f64()
}

fn built_in() -> Library {
    Library::load(&[] as &[&str]).expect("the built-in packs")
}

fn session(plan: &str, library: Library, deployed_at: Option<Moment>) -> Session {
    let plan = Plan::load(plan).expect("a built-in plan");
    Session::new(plan, library, deployed_at, Range::default()).expect("the plan fits the packs")
}

fn map(mapper: &mut Mapper, text: &[u8]) -> Duration {
    timed(|| chunks(text).map(|chunk| mapper.map(chunk).lines.len()).sum::<usize>())
}

fn pipeline(mut session: Session, text: &[u8]) -> Duration {
    let mut mapper = session.mapper();
    let source = session.add_source("corpus");
    timed(|| {
        for chunk in chunks(text) {
            session.engine.feed(source, mapper.map(chunk));
            session.engine.take_notices();
        }
        session.engine.finish();
    })
}
