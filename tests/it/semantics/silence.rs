//! Rules 4 and 5: promptness on a real clock, silence, and what the end of the input means.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use logwatch::time::{SECOND, Time};
use serde_json::{Value, json};

use super::case::{Case, job, noise, trouble};
use super::live::{Live, at};

/// Rule 5: the last event's second is the last that is judged.
#[test]
fn no_timer_runs_past_the_end_of_a_replay() {
    let case = Case::new()
        .rule("info", "held", "count(job.trouble) > 0", "for = '5s'")
        .rule("info", "missing", "absent(job.done[5s])", "")
        .log("a.jsonl", [job("13:30:00", ""), trouble("13:30:04.5")]);
    let outcome = case.run();
    assert_eq!(outcome.changes("held"), ["pending 13:30:05"]);
    assert_eq!(outcome.changes("missing"), [""; 0]);
}

/// Rule 5: the end of the input closes everything, whatever the lateness.
#[test]
fn the_end_of_a_replay_closes_the_last_second() {
    let case = Case::new().trigger("trouble", "count(job.trouble) > 0").log("a.jsonl", [trouble("13:30:04.5")]);
    assert_eq!(case.run().changes("trouble"), ["firing 13:30:05"]);
}

/// Rule 5.
#[test]
fn a_replay_may_be_told_to_run_until_a_later_time() {
    for until in ["2025-08-25T13:30:30Z", "+30s"] {
        let case = Case::new()
            .rule("info", "held", "count(job.trouble) > 0", "for = '5s'")
            .rule("info", "missing", "absent(job.done[20s])", "")
            .argument("--until")
            .argument(until)
            .log("a.jsonl", [job("13:30:00", ""), trouble("13:30:04.5")]);
        let outcome = case.run();
        assert_eq!(outcome.changes("held"), ["pending 13:30:05", "firing 13:30:10"]);
        assert_eq!(outcome.changes("missing"), ["firing 13:30:21"]);
    }
}

/// Rule 5: nothing at or after `--until` is judged.
#[test]
fn a_replay_may_be_told_to_stop_before_its_end() {
    let case = Case::new()
        .trigger("trouble", "count(job.trouble) > 0")
        .argument("--until")
        .argument("2025-08-25T13:30:10Z")
        .log("a.jsonl", [noise("13:30:00"), noise("13:30:09"), trouble("13:30:10"), noise("13:31:00")]);
    let outcome = case.run();
    assert_eq!(outcome.changes("trouble"), [""; 0]);
    assert_eq!(outcome.input("skipped"), 2);
}

/// Rule 5.
#[test]
fn the_clock_of_a_silent_source_raises_events_that_say_so() {
    let case =
        Case::new().rule("info", "missing", "absent(job.done[10s])", "").trigger("trouble", "count(job.trouble) > 0");
    let mut live = Live::new(&case);
    let source = live.source("stdin");
    assert_eq!(live.feed(source, &[job("13:30:00", ""), trouble("13:30:03.5")]), [""; 0]);
    assert_eq!(live.advance(source, "13:30:05.9"), [""; 0], "the watermark is 13:30:03.9");
    assert_eq!(live.advance(source, "13:30:06"), ["trouble firing 13:30:04 clock"]);
    assert_eq!(live.advance(source, "13:30:13"), ["missing firing 13:30:11 clock"]);
    assert_eq!(live.feed(source, &[job("13:30:14", ""), noise("13:30:17")]), ["missing resolved 13:30:15 data"]);
}

/// Rule 5.
#[test]
fn a_record_behind_an_advance_is_late() {
    let mut live = Live::new(&Case::new());
    let source = live.source("stdin");
    live.feed(source, &[noise("13:30:00")]);
    live.advance(source, "13:30:20");
    live.feed(source, &[job("13:30:17", ""), job("13:30:18", "")]);
    let (_, summary) = live.finish();
    assert_eq!((summary.input.late, summary.classes["job.done"].count), (1, 1));
}

/// Rule 5: fed a line at a time, by pipe or by file.
#[test]
fn without_an_advance_live_is_as_replay() {
    let lines = [noise("13:30:00"), trouble("13:30:03"), trouble("13:30:30.5"), noise("13:31:00")];
    let case = Case::new().trigger("trouble", "count(job.trouble[10s]) > 0").log("a.jsonl", &lines);
    let mut live = Live::new(&case);
    let source = live.source("a.jsonl");
    let mut changes: Vec<String> =
        lines.iter().flat_map(|line| live.feed(source, std::slice::from_ref(line))).collect();
    changes.extend(live.finish().0);
    let replayed: Vec<String> =
        case.run().changes("trouble").iter().map(|change| format!("trouble {change} data")).collect();
    assert_eq!(changes, replayed);
    assert_eq!(case.pipe().changes("trouble"), case.run().changes("trouble"));
}

/// The program with a pipe at its standard input.
struct Piped {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<(Instant, Value)>,
    /// Its folder goes with it.
    _case: Case,
}

impl Piped {
    fn start(case: Case) -> Self {
        let mut child =
            case.command(&[], &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
        let (sender, output) = channel();
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let object = serde_json::from_str(&line).expect("JSON lines");
                if sender.send((Instant::now(), object)).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Piped { child, input, output, _case: case }
    }

    fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the pipe is open");
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("the program reads");
    }

    /// The next trigger event within a time, and when it came.
    fn event(&self, within: Duration) -> Option<(Instant, Value)> {
        let end = Instant::now() + within;
        loop {
            let left = end.checked_duration_since(Instant::now())?;
            let (when, object) = self.output.recv_timeout(left).ok()?;
            if object["type"] == "trigger" {
                return Some((when, object));
            }
        }
    }

    /// Ends the input; the summary.
    fn end(mut self) -> Value {
        drop(self.input.take());
        let mut last = Value::Null;
        while let Ok((_, object)) = self.output.recv_timeout(Duration::from_secs(5)) {
            last = object;
        }
        self.child.wait().expect("the program ends");
        last
    }
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    Time(i64::try_from(since.as_nanos()).expect("a clock before 2262"))
}

fn line(time: Time, message: &str) -> String {
    json!({"timestamp": time.to_string(), "level": "info", "message": message}).to_string()
}

/// Rule 4: 100 ms are promised; a busy machine is forgiven one second.
#[test]
fn a_piped_line_that_completes_a_tick_raises_its_event_promptly() {
    let mut piped = Piped::start(Case::new().trigger("trouble", "count(job.trouble) > 0"));
    let start = Time::from_second(now().second() - 10);
    piped.write(&line(start, "INFO:jobs:job trouble"));
    assert!(piped.event(Duration::from_millis(300)).is_none(), "its second may still receive records");
    piped.write(&line(start.saturating_add(3 * SECOND), "INFO:jobs:nothing to do"));
    let written = Instant::now();
    let (when, event) = piped.event(Duration::from_secs(2)).expect("the event comes");
    assert!(when - written < Duration::from_secs(1), "{:?}", when - written);
    assert_eq!(event["at"], start.saturating_add(SECOND).to_string());
    assert_eq!((&event["state"], &event["cause"]), (&json!("firing"), &json!("data")));
    piped.end();
}

/// Rule 5: and the recording of such a run replays to the same events.
#[test]
fn a_silent_pipe_is_moved_by_the_clock_and_its_recording_replays_exactly() {
    let case = || {
        let case = Case::new().trigger("trouble", "count(job.trouble) > 0");
        case.rule("info", "missing", "absent(job.done[1s])", "")
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recording = folder.path().join("run.rec");
    let mut piped = Piped::start(case().argument("--record").argument(recording.to_str().expect("a plain path")));
    piped.write(&line(now(), "INFO:jobs:job trouble"));
    let mut events: Vec<Value> = Vec::new();
    while events.len() < 2 {
        events.push(piped.event(Duration::from_secs(5)).expect("the clock brings the events").1);
    }
    assert!(events.iter().all(|event| event["state"] == "firing" && event["cause"] == "clock"), "{events:?}");
    let summary = piped.end();
    assert_eq!(summary["verdict"], "investigate");

    let outcome = case().bytes("run.rec", &std::fs::read(&recording).expect("a recording")).run();
    let told = |event: &Value| ["id", "state", "at", "cause"].map(|member| event[member].clone());
    let replayed: Vec<_> = outcome.objects.iter().filter(|object| object["type"] == "trigger").map(told).collect();
    assert_eq!(replayed, events.iter().map(told).collect::<Vec<_>>());
    assert_eq!(outcome.summary()["input"], summary["input"]);
}

/// Rule 5: `cat old.jsonl | logwatch` does not jump to today.
#[test]
fn the_clock_never_moves_a_source_whose_last_event_was_old() {
    let mut piped = Piped::start(Case::new().trigger("trouble", "count(job.trouble) > 0"));
    piped.write(&trouble("13:30:00"));
    assert!(piped.event(Duration::from_millis(2_600)).is_none());
    let summary = piped.end();
    assert_eq!(summary["to"], at("13:30:00").to_string());
    assert_eq!(summary["triggers"][0]["first"], at("13:30:01").to_string(), "the end of the input closes it");
}
