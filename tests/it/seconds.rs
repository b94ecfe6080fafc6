//! Seconds: plain data that can be written, read again, and added up; and nothing else is needed to judge.

mod gathered;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::Value;

use logwatch::source::frame::{Fill, Framer};
use logwatch::time::{SECOND, Time};
use logwatch::{Cause, Counts, Library, Moment, Plan, Range, Second, Session, Step, Tick};

use crate::support::program::fixture;
use crate::support::run::{summary, told, whole};
use gathered::{Gathered, gather, gather_line_by_line, gather_saving};

static LIBRARY: LazyLock<Arc<Library>> =
    LazyLock::new(|| Arc::new(Library::load(&[] as &[&str]).expect("the built-in packs")));

fn session(plan: &str, sources: usize) -> Session {
    let plan = Plan::load(plan).expect("a built-in plan");
    let mut session = Session::new(plan, Arc::clone(&LIBRARY), None, Range::default()).expect("it fits");
    (0..sources).for_each(|_| {
        session.add_source("log");
    });
    session
}

/// What the judge tells of what was gathered, second by second; before each of those in `cuts` it is saved, and another one goes on.
fn judged(gathered: &Gathered, sources: usize, plan: &str, cuts: &[usize]) -> (Vec<Value>, Value) {
    let mut notices = Vec::new();
    let mut judge = session(plan, sources);
    let sealed = |session: &mut Session, (bytes, cause): &(Vec<u8>, Cause)| {
        let second = Second::read(bytes, &LIBRARY).expect("it was written");
        session.engine.judge.take(Step::Sealed(second, *cause));
    };
    for (at, second) in gathered.seconds.iter().enumerate() {
        if cuts.contains(&at) {
            let saved = judge.engine.judge.save();
            judge = session(plan, sources);
            judge.engine.judge.restore(&saved).expect("it was saved");
            // Saved again it is the same, so nothing is forgotten.
            assert_eq!(judge.engine.judge.save().len(), saved.len(), "cut at {at}");
        }
        sealed(&mut judge, second);
        notices.extend(told(&mut judge));
    }
    judge.engine.judge.take(Step::Until(gathered.until, Cause::Data));
    for bytes in &gathered.beyond {
        let second = Second::read(bytes, &LIBRARY).expect("it was written");
        judge.engine.judge.take(Step::Beyond(second));
    }
    judge.engine.judge.take(Step::Rest(gathered.rest));
    judge.engine.judge.end(Tick::NEVER);
    notices.extend(told(&mut judge));
    // Every line is counted on both sides of what is handed over.
    let Counts { bytes, invalid_utf8, .. } = gathered.counts;
    assert_eq!(Counts { bytes, invalid_utf8, ..judge.engine.judge.counts }, gathered.counts);
    judge.engine.gather.counts = gathered.counts;
    (notices, summary(&judge))
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        fs::read_dir(fixture(folder)).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    found.sort();
    found
}

#[test]
fn a_run_saved_at_any_second_goes_on_to_the_same_end() {
    let mut steps = [3usize, 17, 61, 113, 401].into_iter().cycle();
    let folders = [("verdicts", "default"), ("dl-034", "dl-034")];
    for (folder, plan) in folders {
        for path in fixtures(folder) {
            let log = fs::read(&path).expect("a fixture");
            let gathered = gather(&[&log], plan, 1 << 16);
            let uncut = judged(&gathered, 1, plan, &[]);
            // By the engine as it always runs, with nothing written.
            assert_eq!(uncut.1, whole(plan, &log).summary, "{}", path.display());
            let seconds = gathered.seconds.len().max(1);
            // Often where there are few of them.
            let step = steps.next().unwrap_or(1) * (seconds / 50).max(1);
            let cuts: Vec<usize> = (0..seconds).rev().step_by(step).collect();
            assert_eq!(judged(&gathered, 1, plan, &cuts), uncut, "{} cut every {step} seconds", path.display());
        }
    }
}

#[test]
fn a_run_saved_at_any_chunk_goes_on_to_the_same_seconds() {
    let mut sizes = [900, 4_001, 20_011].into_iter().cycle();
    for (folder, plan) in [("verdicts", "default"), ("dl-034", "dl-034"), ("captured", "default")] {
        for path in fixtures(folder) {
            let log = fs::read(&path).expect("a fixture");
            let size = sizes.next().unwrap_or(900);
            let (whole, saved) = (gather(&[&log], plan, size), gather_saving(&[&log], plan, size, 3));
            assert_eq!(saved.counts, whole.counts, "{}", path.display());
            assert!(saved.seconds == whole.seconds && saved.beyond == whole.beyond, "{}", path.display());
            assert_eq!((saved.until, saved.rest), (whole.until, whole.rest), "{}", path.display());
        }
    }
}

/// What a session tells of a log, chunk by chunk; after every so many it is saved, and another one goes on.
fn told_saving(plan: &Plan, deployed_at: Option<Moment>, log: &[u8], size: usize, every: usize) -> Vec<Value> {
    told_with(plan, &LIBRARY, deployed_at, log, size, every)
}

fn told_with(
    plan: &Plan,
    library: &Arc<Library>,
    deployed_at: Option<Moment>,
    log: &[u8],
    size: usize,
    every: usize,
) -> Vec<Value> {
    let begin = || {
        let session = Session::new(plan.clone(), Arc::clone(library), deployed_at, Range::default());
        let mut session = session.expect("it fits");
        session.add_source("log");
        session
    };
    let mut session = begin();
    let mut mapper = session.mapper();
    let mut framer = Framer::new(log, size, Fill::Prompt);
    let mut all = Vec::new();
    let mut chunks = 0;
    while let Some(chunk) = framer.next_chunk().expect("reading from memory") {
        session.engine.feed(0, mapper.map(chunk));
        all.extend(told(&mut session));
        chunks += 1;
        if chunks % every == 0 {
            let saved = session.save().expect("nothing waits");
            session = begin();
            session.restore(&saved).expect("it was saved");
        }
    }
    session.engine.close(0);
    session.engine.finish();
    all.extend(told(&mut session));
    all.push(summary(&session));
    all
}

#[test]
fn a_session_saved_at_any_chunk_tells_the_same() {
    let mut steps = [(700, 2), (5_003, 1), (90_001, 1)].into_iter().cycle();
    for (folder, plan) in [("verdicts", "default"), ("dl-034", "dl-034"), ("captured", "default")] {
        let plan = Plan::load(plan).expect("a built-in plan");
        for path in fixtures(folder) {
            let log = fs::read(&path).expect("a fixture");
            let (size, every) = steps.next().unwrap_or((700, 2));
            let size = size.max(log.len() / 25);
            let expected = told_saving(&plan, None, &log, size, usize::MAX);
            assert_eq!(told_saving(&plan, None, &log, size, every), expected, "{}", path.display());
        }
    }
}

/// When the logs of samples begin: 2025-01-01T00:00:00Z.
const SAMPLES_BEGIN: Time = Time(1_735_689_600 * SECOND);

/// All that the language can say: trends, streaks, values, distinct ones, intervals.
#[test]
fn whatever_a_plan_asks_is_saved() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans/phrases.toml");
    let plan = Plan::load(&path.display().to_string()).expect("the plan");
    let library = Arc::new(plan.library(&[] as &[&str]).expect("its patterns"));
    let mut fired = 0;
    for sample in &plan.document.samples {
        // By time, then by log.
        let logs = sample.logs().expect("a log").join("");
        let mut lines: Vec<&str> = logs.split_inclusive('\n').collect();
        let time =
            |line: &&str| line.split("\"timestamp\":\"").nth(1).map(|rest| rest.split('"').next().map(String::from));
        lines.sort_by_key(time);
        let deployed_at = sample.deployed.map(|after| Moment::At(SAMPLES_BEGIN.saturating_add(after.0 * SECOND)));
        let told = |every| told_with(&plan, &library, deployed_at, lines.concat().as_bytes(), 2_000, every);
        let expected = told(usize::MAX);
        assert_eq!(told(1), expected, "{}", sample.about.get_ref());
        fired += usize::from(!sample.fires.is_empty() && expected.iter().any(|event| event["state"] == "firing"));
    }
    assert!(fired > 5, "{fired}");
}

/// Lines of which none belongs to another.
fn simple_line() -> impl Strategy<Value = (i64, &'static str)> {
    let text = prop_oneof![
        4 => Just(r#"{"timestamp":"@","level":"info","message":"INFO:     100.64.0.2:4000 - \"POST /api/user/exchanges HTTP/1.1\" 500 Internal Server Error"}"#),
        4 => Just(r#"{"timestamp":"@","level":"info","message":"INFO:     100.64.0.2:4000 - \"GET /api/bots/17 HTTP/1.1\" 200 OK"}"#),
        2 => Just(r#"{"timestamp":"@","method":"GET","path":"/api/bots","httpStatus":200,"totalDuration":37,"deploymentId":"a"}"#),
        1 => Just(r#"{"timestamp":"@","method":"GET","path":"/api/bots","httpStatus":502,"totalDuration":9,"deploymentId":"b"}"#),
        1 => Just(r#"{"timestamp":"@","level":"warn","message":"pool is nearly full"}"#),
        1 => Just(r#"{"timestamp":"@","level":"info","message":"INFO:     Started server process [7]"}"#),
    ];
    (0i64..900, text)
}

/// Lines in and out of order, by milliseconds or by whole seconds, of which some belong together.
fn any_line() -> impl Strategy<Value = (i64, &'static str)> {
    let step = prop_oneof![12 => 0i64..40, 3 => 0i64..1_300, 2 => -3_400i64..0, 1 => -30i64..0, 1 => 9_000i64..15_000];
    let text = prop_oneof![
        8 => simple_line().prop_map(|(_, text)| text),
        1 => Just(r#"{"timestamp":"@","level":"error","message":"Traceback (most recent call last):"}"#),
        1 => Just(r#"{"timestamp":"@","level":"error","message":"  File \"/app/main.py\", line 7, in refresh"}"#),
        1 => Just(r#"{"timestamp":"@","level":"error","message":"KeyError: 'x'"}"#),
        1 => Just(r#"{"timestamp":"@","level":"error","message":"ERROR:app:it failed","attributes":{"replica":"b"}}"#),
        1 => Just(r#"{"timestamp":"@","level":"info","message":"INFO:app:it is done","deploymentId":"a"}"#),
        1 => Just(r#"{"timestamp":"@","level":"info","message":"Railway rate limit of 500 logs/sec reached for replica. Messages dropped: 5"}"#),
        1 => Just("{ of no log"),
        1 => Just(""),
    ];
    (step, text)
}

fn written(lines: &[(i64, &str)], from: i64) -> Vec<u8> {
    let mut time = logwatch::time::Time::from_second(1_756_112_400).saturating_add(from * 1_000_000);
    let mut text = String::new();
    for (step, line) in lines {
        time = time.saturating_add(step * 1_000_000);
        text += &line.replace('@', &time.to_string());
        text.push('\n');
    }
    text.into_bytes()
}

/// The seconds of several parts, added up.
fn merged(parts: &[Vec<u8>]) -> BTreeMap<i64, Second> {
    let mut all: BTreeMap<i64, Second> = BTreeMap::new();
    for part in parts {
        for (bytes, _) in gather(&[part], "default", 1 << 16).seconds {
            add(&mut all, Second::read(&bytes, &LIBRARY).expect("it was written"));
        }
    }
    all
}

fn add(all: &mut BTreeMap<i64, Second>, second: Second) {
    match all.get_mut(&second.at) {
        Some(known) => known.merge(second, &LIBRARY),
        None => {
            all.insert(second.at, second);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_same_bytes_for_any_chunks(lines in prop::collection::vec(simple_line(), 1..120), size in 200usize..9_000) {
        let log = written(&lines, 0);
        let bytes = |gathered: Gathered| gathered.seconds.into_iter().map(|(bytes, _)| bytes).collect::<Vec<_>>();
        prop_assert_eq!(bytes(gather(&[&log], "default", size)), bytes(gather(&[&log], "default", 1 << 20)));
    }

    /// What lines come to together is what each of them comes to, whatever it stands beside.
    #[test]
    fn the_same_bytes_line_by_line(
        lines in prop::collection::vec(any_line(), 1..200), size in 200usize..20_000, coarse in any::<bool>()
    ) {
        let mut log = written(&lines, 0);
        if coarse {
            // Times of whole seconds, as many programs write them.
            let text = String::from_utf8_lossy(&log).into_owned();
            let cut = |line: &str| match (line.find("\"timestamp\":\""), line.find('Z')) {
                (Some(start), Some(end)) => format!("{}{}", &line[..start + 32], &line[end..]),
                _ => line.to_string(),
            };
            log = text.lines().map(|line| cut(line) + "\n").collect::<String>().into_bytes();
        }
        let (together, apart) = (gather(&[&log], "dl-034", size), gather_line_by_line(&log, "dl-034", size));
        prop_assert_eq!(together.counts, apart.counts);
        prop_assert_eq!((together.until, together.rest), (apart.until, apart.rest));
        prop_assert!(together.seconds == apart.seconds && together.beyond == apart.beyond);
    }

    /// Parts of a log, gathered by themselves and added up in any grouping, are the seconds of the whole.
    #[test]
    fn parts_add_up_to_the_whole(lines in prop::collection::vec(simple_line(), 3..120), cuts in prop::collection::vec(any::<prop::sample::Index>(), 2)) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(lines.len())).collect();
        cuts.sort_unstable();
        let parts = [&lines[..cuts[0]], &lines[cuts[0]..cuts[1]], &lines[cuts[1]..]];
        let mut from = 0;
        let parts = parts.map(|part| {
            let text = written(part, from);
            from += part.iter().map(|(step, _)| step).sum::<i64>();
            text
        });
        let bytes = |seconds: BTreeMap<i64, Second>| -> Vec<Vec<u8>> {
            // Where a line stood in its part is not where it stood in the whole, and a part knows of no HTTP log in another.
            seconds.into_values().map(|second| without_places(second).write(&LIBRARY)).collect()
        };
        let whole = bytes(merged(&[parts.concat()]));
        prop_assert_eq!(&bytes(merged(&parts)), &whole);
        let mut other = merged(&parts[1..]);
        for (_, second) in merged(&parts[..1]) {
            add(&mut other, second);
        }
        prop_assert_eq!(&bytes(other), &whole);
    }
}

fn without_places(mut second: Second) -> Second {
    let lines = second.tallies.iter_mut().flat_map(|tally| {
        let singled = tally.singled.iter_mut().map(|singled| &mut singled.line);
        tally.evidence.iter_mut().chain(singled)
    });
    let signs = second.signs.iter_mut().map(|(_, line)| line);
    lines.chain(signs).chain(second.served.iter_mut().map(|(_, line)| line)).for_each(|line| line.line = 0);
    Second { seen: logwatch::Via::Access, after_pause: None, counts: Counts::default(), ..second }
}

#[test]
fn what_is_no_second_is_told() {
    let error = |bytes: &[u8]| Second::read(bytes, &LIBRARY).expect_err("it is none").to_string();
    assert_eq!(error(b""), "a second has no bytes");
    assert_eq!(error(b"\x09abc"), "a second is written in format 9, and this program reads format 2");
    let bytes = Second::new(7).write(&LIBRARY);
    assert!(
        error(&bytes[..bytes.len() - 1]).starts_with("a second is damaged"),
        "{}",
        error(&bytes[..bytes.len() - 1])
    );
    assert_eq!(Second::read(&bytes, &LIBRARY).expect("it is one").at, 7);
}
