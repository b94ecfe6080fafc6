//! `--state`: what a run of a pipe has come to is gone on with, looked at, and refused where it does not fit.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use super::logs::{at, healthy, request};
use crate::support::program::{Ran, command, ended, eventually, fixture, logwatch, objects, piped};

const PLAN: &str = r#"
[plan]
id = "shop"
title = "A shop"

[[trigger]]
id = "fails"
severity = "rollback"
when = "count(http.request{status=5xx}[1m]) >= 3"

[[trigger]]
id = "complaints"
severity = "investigate"
when = "count(signal.user_complaint[deploy]) >= 1"

[[checkpoint]]
id = "30s"
title = "What people see"
at = "30s"
check = [{ id = "carts", manual = "carts" }]

[[manual]]
id = "carts"
what = "a cart can be filled"
ask = "fill one with pears"
"#;

/// A folder with a plan, in which a state is kept.
struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shop.toml"), PLAN).unwrap();
        Shop { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn arguments(&self) -> [String; 6] {
        ["--format", "json", "--plan", &self.path("shop.toml"), "--state", &self.path("state")].map(String::from)
    }

    fn command(&self) -> Command {
        command(&self.arguments().each_ref().map(String::as_str))
    }

    /// With a log through a pipe.
    fn piped(&self, log: &str) -> Ran {
        piped(&self.arguments().each_ref().map(String::as_str), log.as_bytes())
    }

    /// One that is not ended yet.
    fn started(&self) -> (Child, ChildStdin) {
        let mut child = self.command().stdin(Stdio::piped()).spawn().unwrap();
        let pipe = child.stdin.take().unwrap();
        (child, pipe)
    }

    fn asked(&self, arguments: &[&str]) -> Ran {
        logwatch(&[arguments, &["--state", &self.path("state")]].concat())
    }

    fn exec(&self, words: &[&str]) -> Ran {
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        logwatch(&[&["exec"], &arguments[..], &["--"], words].concat())
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.asked(&["status", "--format", "json"]).out).unwrap_or_default()
    }
}

fn failing() -> String {
    (30..40).map(|second| request(second, "/api/bots", 500)).collect()
}

/// The ids and states of triggers that changed, as a run shows them.
fn changes(out: &str) -> Vec<(String, String)> {
    let text = |object: &Value, member: &str| object[member].as_str().unwrap_or_default().to_string();
    let triggers = objects(out).into_iter().filter(|object| object["type"] == "trigger");
    triggers.map(|object| (text(&object, "id"), text(&object, "state"))).collect()
}

#[test]
fn a_pipe_is_gone_on_with_and_what_was_missed_is_told() {
    let shop = Shop::new();
    let first = shop.piped(&(healthy(0..30) + &failing()));
    assert_eq!((first.status, first.err.as_str()), (Some(4), ""));
    assert!(changes(&first.out).contains(&("fails".into(), "firing".into())), "{}", first.out);
    let second = shop.piped(&healthy(40..120));
    assert!(second.err.contains("stdin: what was written while logwatch did not run may be missing"), "{}", second.err);
    // What was shown is not shown again, and what it came to is known.
    assert_eq!(changes(&second.out), [("fails".into(), "resolved".into())]);
    let input = &second.summary()["input"];
    assert_eq!((&input["lines"], &input["lost"]), (&120.into(), &1.into()));
    assert_eq!(second.status, Some(4));

    let again = shop.asked(&["replay", "--format", "json"]);
    assert_eq!((again.status, again.summary()), (Some(4), second.summary()), "{}", again.err);
    assert_eq!(changes(&again.out).iter().filter(|(_, state)| state == "firing").count(), 1);
    let status = shop.status();
    assert_eq!((&status["lines"], &status["verdict"]), (&120.into(), &"rollback".into()));
    assert_eq!(status["process"], Value::Null);
    let text = shop.asked(&["status"]).out;
    assert!(text.contains("VERDICT  ROLLBACK   so far\n  rollback trigger fails fired\n"), "{text}");
}

/// A file is seen when it is whole: it has what happened before, too.
#[test]
fn a_report_has_what_an_earlier_run_has_shown() {
    let shop = Shop::new();
    shop.piped(&(healthy(0..30) + &failing()));
    let (report, page) = (shop.path("run.json"), shop.path("run.html"));
    let more = ["--output".to_string(), report.clone(), "--output".to_string(), page.clone()];
    let arguments: Vec<String> = shop.arguments().into_iter().chain(more).collect();
    let ran = piped(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), healthy(40..50).as_bytes());
    assert_eq!(changes(&ran.out), []);
    let report = fs::read_to_string(report).unwrap();
    assert_eq!(changes(&report), [("fails".into(), "firing".into())]);
    let starts = objects(&report).iter().filter(|object| object["type"] == "start").count();
    assert_eq!((starts, objects(&ran.out)[0]["type"].as_str()), (1, Some("start")));
    assert!(fs::read_to_string(page).unwrap().contains("fails"));
}

#[test]
fn people_are_heard_while_it_runs_and_after() {
    let shop = Shop::new();
    let (child, mut pipe) = shop.started();
    pipe.write_all(healthy(0..40).as_bytes()).unwrap();
    eventually("it has read", || shop.status()["lines"] == 40);
    let refused = shop.asked(&["check", "cart", "--pass"]);
    assert!(refused.status == Some(2) && refused.err.contains("did you mean `carts`?"), "{refused:?}");
    let said = shop.asked(&["signal", "user_complaint", "--text", "no pears", "--at", &at(20)]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, format!("recorded in {}\n", shop.path("state")));
    let heard = || {
        let state = Connection::open(shop.path("state")).unwrap();
        state.query_row("SELECT count(*) FROM said WHERE heard", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    eventually("it is heard", || heard() == 1);
    pipe.write_all(healthy(40..60).as_bytes()).unwrap();
    drop(pipe);
    let ran = ended(child, Duration::from_secs(5));
    // It counts from when it is heard: the seconds before were judged already.
    let complaint = objects(&ran.out).into_iter().find(|object| object["id"] == "complaints").expect("a complaint");
    assert_eq!((&complaint["state"], &complaint["evidence"][0]["line"]), (&"firing".into(), &"no pears".into()));
    assert!(complaint["at"].as_str() > Some(at(36).as_str()), "{complaint}");

    assert_eq!(shop.asked(&["check", "carts", "--pass", "--by", "ann", "--at", &at(50)]).status, Some(0));
    let again = shop.asked(&["replay", "--format", "json"]);
    let told = |object: &Value| (object["checks"][0]["status"].clone(), object["checks"][0]["answer"]["by"].clone());
    let checkpoint = told(&again.summary()["checkpoints"][0]);
    assert_eq!(checkpoint, ("pass".into(), "ann".into()), "{}", again.out);
    // Gone on with, it has both still.
    let ran = shop.piped(&healthy(60..70));
    assert_eq!(told(&ran.summary()["checkpoints"][0]), ("pass".into(), "ann".into()), "{}", ran.out);
    assert_eq!(ran.summary()["classes"]["signal.user_complaint"]["count"], 1);
}

/// An answer is recorded or it is not, wherever whoever gives it ends.
#[cfg(unix)]
#[test]
fn what_is_said_is_said_as_a_whole() {
    let shop = Shop::new();
    shop.piped(&healthy(0..40));
    for (point, status) in [("say:1", "manual"), ("said:1", "pass")] {
        let mut command = command(&["check", "carts", "--pass", "--at", &at(35), "--state", &shop.path("state")]);
        assert_eq!(command.env("LOGWATCH_DIE_AT", point).status().unwrap().code(), None, "{point}");
        let ran = shop.asked(&["replay", "--format", "json"]);
        assert_eq!(ran.summary()["checkpoints"][0]["checks"][0]["status"], status, "{point}: {}", ran.err);
    }
}

#[test]
fn one_run_at_a_time_goes_on_with_it() {
    let shop = Shop::new();
    let (child, mut pipe) = shop.started();
    pipe.write_all(healthy(0..40).as_bytes()).unwrap();
    eventually("it has read", || shop.status()["lines"] == 40);
    assert_eq!(shop.status()["process"], child.id());
    let second = shop.piped(&healthy(0..40));
    let told = format!("is in use by another logwatch (process {})", child.id());
    assert!(second.status == Some(2) && second.err.contains(&told), "{}", second.err);
    drop(pipe);
    assert_eq!(ended(child, Duration::from_secs(5)).summary()["input"]["lines"], 40);
}

#[test]
fn what_does_not_fit_is_one_message() {
    let shop = Shop::new();
    let refused = |ran: Ran, status: i32, parts: &[&str]| {
        assert_eq!((ran.status, ran.out.as_str(), ran.err.lines().count()), (Some(status), "", 1), "{}", ran.err);
        parts.iter().for_each(|part| assert!(ran.err.contains(part), "no `{part}` in {}", ran.err));
    };
    refused(shop.asked(&["status"]), 2, &["there is no such state"]);
    refused(shop.asked(&["replay"]), 2, &["there is no such state"]);
    refused(shop.asked(&["replay", &fixture("dl-034/before-fix.jsonl")]), 2, &["files, or a state"]);
    refused(
        shop.asked(&[&fixture("dl-034/before-fix.jsonl")]),
        2,
        &["--state is for what is written while it is read"],
    );

    let log = healthy(0..60);
    fs::write(shop.path("state"), &log).unwrap();
    refused(shop.piped(&log), 2, &["is no state of logwatch"]);
    assert_eq!(fs::read_to_string(shop.path("state")).unwrap(), log);
    fs::remove_file(shop.path("state")).unwrap();

    shop.piped(&log);
    fs::write(shop.path("shop.toml"), PLAN.replace(">= 3", ">= 4")).unwrap();
    refused(shop.piped(&log), 2, &["another plan (", "shop.toml, as it was then)"]);
    refused(shop.asked(&["status"]), 2, &["another plan ("]);
    fs::write(shop.path("shop.toml"), PLAN).unwrap();
    refused(shop.exec(&["echo", "a"]), 2, &["another source (pipe)"]);

    let state = Connection::open(shop.path("state")).unwrap();
    state.pragma_update(None, "user_version", 99).unwrap();
    drop(state);
    refused(shop.piped(&log), 2, &["was written by a newer logwatch (format 99, this one reads 4)"]);
    let state = Connection::open(shop.path("state")).unwrap();
    state.pragma_update(None, "user_version", 1).unwrap();
    refused(shop.piped(&log), 2, &["was written by an older logwatch (format 1, this one reads 4)"]);
    state.pragma_update(None, "user_version", 4).unwrap();
    let version = |version: &str| {
        let update = "UPDATE setup SET json = json_set(json, '$.version', ?)";
        state.execute(update, [version]).unwrap();
    };
    version("0.0.9");
    let told = ["is of a run by logwatch 0.0.9, and this is ", "go on with that one, or name another file"];
    refused(shop.piped(&log), 2, &told);
    refused(shop.asked(&["status"]), 2, &told);
    version(env!("CARGO_PKG_VERSION"));
    drop(state);

    // A piece in the middle is not what was written.
    let whole = fs::read(shop.path("state")).unwrap();
    let mut torn = whole.clone();
    torn[5_000..9_000].fill(0x5a);
    fs::write(shop.path("state"), torn).unwrap();
    refused(shop.piped(&log), 1, &["is damaged (", "remove it, or name another file"]);
    // The end is missing.
    fs::write(shop.path("state"), &whole[..whole.len() / 2]).unwrap();
    refused(shop.piped(&log), 1, &["is damaged ("]);
    fs::write(shop.path("state"), &whole).unwrap();
    // What the run has come to is not what was written, in a file that can be read.
    for bytes in ["substr(bytes, 1, length(bytes) - 9)", "zeroblob(99)"] {
        let state = Connection::open(shop.path("state")).unwrap();
        state.execute(&format!("UPDATE saved SET bytes = {bytes}"), []).unwrap();
        drop(state);
        refused(shop.piped(&log), 1, &["is damaged ("]);
        refused(shop.asked(&["status"]), 1, &["is damaged ("]);
        fs::write(shop.path("state"), &whole).unwrap();
    }
    assert_eq!(shop.piped(&healthy(60..70)).summary()["input"]["lines"], 70);
}

/// A trigger that comes and goes every second: what the state has of it does not grow for ever.
#[test]
fn of_many_events_the_latest_are_kept() {
    let shop = Shop::new();
    let plan = PLAN.replace("[1m]) >= 3", "[1s]) >= 1");
    fs::write(shop.path("shop.toml"), plan).unwrap();
    let log = |seconds: std::ops::Range<u32>| -> String {
        seconds.map(|second| request(second, "/api/bots", 200 + 300 * (second as u16 % 2))).collect()
    };
    let first = shop.piped(&log(0..900));
    assert!(changes(&first.out).len() > 800, "{}", first.out);
    let second = shop.piped(&log(880..960));
    let again = shop.asked(&["replay", "--format", "json"]);
    assert_eq!(again.summary(), second.summary(), "{}", again.err);
    assert_eq!(second.summary()["triggers"][0]["fired"], 480);
    let kept = changes(&again.out);
    assert!((200..500).contains(&kept.len()), "{}", kept.len());
    let (all, since) = (changes(&(first.out + &second.out)), changes(&second.out));
    assert!(all.ends_with(&kept) && since.len() < 100, "{} {}", all.len(), since.len());
}

/// Who watches a service is not left alone because a disk is full.
#[cfg(unix)]
#[test]
fn a_state_that_cannot_be_written_is_left_as_it_is() {
    let shop = Shop::new();
    let script = "ulimit -f 256 && exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_logwatch")]).args(shop.arguments());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let log: String = (0..4_000).map(|second| request(second / 20, &format!("/{second}"), 200)).collect();
    pipe.write_all(log.as_bytes()).unwrap();
    pipe.write_all((200..210).map(|second| request(second, "/api/bots", 500)).collect::<String>().as_bytes()).unwrap();
    drop(pipe);
    let ran = ended(child, Duration::from_secs(20));
    assert_eq!(ran.err.matches("the state cannot be kept any more").count(), 1, "{}", ran.err);
    assert_eq!((ran.status, &ran.summary()["input"]["lines"]), (Some(4), &4_010.into()), "{}", ran.err);
    // What is in it can be gone on with.
    let status = shop.status();
    assert!(status["lines"].as_u64().is_some_and(|lines| lines < 4_010), "{status}");
}

/// What happened and was not sent is sent by the next run; what was is not sent again.
#[cfg(unix)]
#[test]
fn notifications_outlive_a_run() {
    let shop = Shop::new();
    let sent = shop.path("sent");
    let notify = format!(
        "\n[[notify]]\ncommand = [\"sh\", \"-c\", 'cat >> \"$0\"; echo >> \"$0\"', \"{sent}\"]\non = [\"rollback\"]\n"
    );
    fs::write(shop.path("shop.toml"), PLAN.to_string() + &notify).unwrap();
    let log = healthy(0..30) + &failing() + &healthy(40..80);
    let mut killed = None;
    // The write that has the event in it is among the first ones.
    for write in 1..20 {
        let _ = fs::remove_file(shop.path("state"));
        let (mut child, mut pipe) = {
            let mut child =
                shop.command().env("LOGWATCH_DIE_AT", format!("after:{write}")).stdin(Stdio::piped()).spawn().unwrap();
            let pipe = child.stdin.take().unwrap();
            (child, pipe)
        };
        // Who ends early does not read all.
        let _ = pipe.write_all(log.as_bytes());
        drop(pipe);
        let is_killed = child.wait().unwrap().code().is_none();
        if is_killed && shop.status()["undelivered"] == 1 {
            killed = Some(write);
            break;
        }
    }
    assert!(killed.is_some() && !fs::exists(&sent).unwrap(), "{killed:?}");
    let ran = shop.piped("");
    assert_eq!(changes(&ran.out).first(), Some(&("fails".into(), "firing".into())), "{ran:?}");
    let told = || objects(&fs::read_to_string(&sent).unwrap_or_default());
    let first = told();
    assert_eq!((first.len(), &first[0]["event"]["id"]), (1, &"fails".into()), "{first:?}");
    assert_eq!(shop.status()["undelivered"], 0);
    shop.piped(&healthy(80..90));
    assert_eq!(told().iter().filter(|body| body["id"] == first[0]["id"]).count(), 1);
}

#[test]
fn a_program_is_gone_on_with() {
    let shop = Shop::new();
    fs::write(shop.path("log"), healthy(0..20)).unwrap();
    let cat = |status: Option<i32>| {
        let ran = shop.exec(&["cat", &shop.path("log")]);
        assert_eq!(ran.status, status, "{}", ran.err);
        ran.summary()["input"]["lines"].clone()
    };
    assert_eq!(cat(Some(5)), 20);
    fs::write(shop.path("log"), healthy(20..30)).unwrap();
    assert_eq!(cat(Some(5)), 30);
}

/// As `railway logs` gives its last lines again.
#[test]
fn what_a_program_gives_again_is_known() {
    let shop = Shop::new();
    let again = request(12, "/api/bots/again", 200);
    shop.piped(&(healthy(0..30) + &again + &failing()));
    let second = shop.piped(&(healthy(10..30) + &again + &again + &failing() + &healthy(40..60)));
    let input = &second.summary()["input"];
    // Nothing is missing: what it gives begins before where the first run has ended. Of what comes late, twice in the second run, one is new.
    let counts = ["lines", "duplicate", "late", "lost"].map(|count| input[count].as_u64().unwrap());
    assert_eq!((counts, second.err.contains("missing")), ([93, 31, 2, 0], false), "{}", second.err);
    assert_eq!(second.summary()["classes"]["http.request"]["count"], 60);
    // The third run knows what both have read.
    let third = shop.piped(&healthy(50..70)).summary();
    assert_eq!((&third["input"]["duplicate"], &third["classes"]["http.request"]["count"]), (&41.into(), &70.into()));
}
