//! A second reading of the rules, slow and simple, against the engine: over random logs and plans both say the same at the same
//! seconds. It keeps the list of events, and works out every window of every rule anew at every second; it shares no code with the
//! engine, and is written after the numbered rules of `docs/semantics.md`.

mod log;
mod plan;
mod rules;

use std::sync::{Arc, LazyLock};

use logwatch::source::frame::Chunk;
use logwatch::time::Time;
use logwatch::{Library, Moment, Notice, Plan, Range, Session};
use proptest::prelude::*;

use log::{BEGIN, Event, Log};
use plan::Rule;
use rules::Change;

/// Jobs beside what the built-in packs know.
const PACK: &str = r#"
[[pattern]]
class  = "job.done"
about  = "A job came to its end"
match  = '^job done by (?<worker>\w+) in (?<took>\d+) ms'
labels = ["worker"]
values = { took = { capture = "took", unit = "ms" } }
"#;

static LIBRARY: LazyLock<Arc<Library>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("jobs.toml"), PACK).expect("the pack is written");
    Arc::new(Library::load(&[folder.path()]).expect("the packs are right"))
});

/// What the engine says: every change of a rule's state. After every so many lines it is saved, and another one goes on.
fn engine(log: &Log, plan: &str, deployed: Option<i64>, lines: usize) -> Vec<Change> {
    let plan = Plan::parse("plan.toml", plan).unwrap_or_else(|error| panic!("{error}\n{plan}"));
    let moment = deployed.map(|second| Moment::At(Time::from_second(second)));
    let begin = || {
        let session = Session::new(plan.clone(), Arc::clone(&LIBRARY), moment, Range::default());
        let mut session = session.unwrap_or_else(|error| panic!("{error}"));
        session.add_source("log");
        session
    };
    let mut session = begin();
    let mut mapper = session.mapper();
    let text = log.text();
    let text: Vec<&str> = text.split_inclusive('\n').collect();
    let mut notices = Vec::new();
    for part in text.chunks(lines) {
        let text = part.concat().into_bytes();
        let chunk = Chunk { bytes: text.len() as u64, text: text.into(), ..Chunk::default() };
        session.engine.feed(0, mapper.map(chunk));
        notices.extend(session.engine.take_notices());
        let saved = session.save().expect("nothing waits");
        session = begin();
        session.restore(&saved).expect("it was saved");
    }
    session.engine.close(0);
    session.engine.finish();
    notices.extend(session.engine.take_notices());
    let mut changes = Vec::new();
    for notice in notices {
        if let Notice::Change(change, _) = notice {
            changes.push(Change {
                at: change.at.second(),
                rule: change.trigger,
                group: change.group.iter().map(|value| value.to_string()).collect(),
                state: change.state,
            });
        }
    }
    changes
}

fn plan(rules: &[Rule]) -> String {
    let rules: String = rules.iter().enumerate().map(|(number, rule)| rule.text(number)).collect();
    format!("[plan]\nid = 'random'\ntitle = 'Random'\nduration = '30d'\n{rules}")
}

proptest! {
    #[test]
    fn both_readings_say_the_same_at_the_same_seconds(
        log in log::logs(),
        rules in prop::collection::vec(plan::rules(), 1..5),
        deployed in prop::option::weighted(0.4, -20i64..120),
        lines in 1usize..60,
    ) {
        let deployed = deployed.map(|seconds| BEGIN + seconds);
        let plan = plan(&rules);
        let told = engine(&log, &plan, deployed, lines);
        let expected = rules::read(&log, &rules, deployed);
        prop_assert_eq!(told, expected, "{}\n{}", plan, log.text());
    }
}

/// That it finds anything at all: random rules do fire.
#[test]
fn rules_of_known_logs_fire_when_they_should() {
    let requests = (0..30).map(|second| Event::request(1_000 * second, 0, if second < 10 { 500 } else { 200 }));
    let log = Log { events: requests.collect() };
    let rules = [Rule::share_of_failures()];
    let told = engine(&log, &plan(&rules), None, 7);
    assert_eq!(told, rules::read(&log, &rules, None));
    assert_eq!(told.len(), 2, "{told:?}");
}
