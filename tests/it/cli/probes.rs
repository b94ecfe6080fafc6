//! Probes: what a live run finds of servers, databases and programs of this machine that answer, fail and hang.

#[cfg(target_os = "linux")]
mod postgres;

use std::fs;
use std::io::Write;
use std::process::{ChildStdin, Stdio};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::endpoint::serve;
use crate::support::program::{Ran, command, ended, eventually, logwatch, run};

/// A service on this machine.
struct Service {
    url: String,
    stop: Option<oneshot::Sender<()>>,
}

impl Service {
    fn start() -> Service {
        let (url, stop) = serve(routes());
        Service { url, stop: Some(stop) }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

fn routes() -> Router {
    let health = || async { r#"{"status": "healthy", "sessions": 299, "checks": [1, 2, 3]}"# };
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        "ok"
    };
    let asked = |headers: HeaderMap, body: String| async move {
        let is_known = headers.get("authorization").is_some_and(|value| value == "Bearer s3cretToken99");
        if is_known && body == "ping" { (StatusCode::CREATED, "pong") } else { (StatusCode::UNAUTHORIZED, "no") }
    };
    Router::new()
        .route("/health", get(health))
        .route("/down", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "s3cretToken99") }))
        .route("/slow", get(slow))
        .route("/hang", get(|| async { std::future::pending::<String>().await }))
        .route("/page", get(|| async { "<html>it works</html>" }))
        .route("/asked", post(asked))
        .route("/moved", get(|| async { (StatusCode::FOUND, [("location", "/health")]) }))
}

/// A live run with a log that goes on for as long as the test wants.
struct Live {
    folder: tempfile::TempDir,
    child: std::process::Child,
    pipe: ChildStdin,
}

fn line(seconds: i64) -> String {
    let at = (Utc::now() + TimeDelta::seconds(seconds)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    format!("{}\n", json!({"timestamp": at, "level": "info", "message": "works"}))
}

fn plan(folder: &tempfile::TempDir, tables: &str) -> String {
    let path = folder.path().join("plan.toml");
    fs::write(&path, format!("[plan]\nid = \"shop\"\ntitle = \"A shop\"\n{tables}")).unwrap();
    path.display().to_string()
}

impl Live {
    fn start(tables: &str, variables: &[(&str, &str)]) -> Live {
        let folder = tempfile::tempdir().unwrap();
        let (plan, recording) = (plan(&folder, tables), folder.path().join("run").display().to_string());
        let mut command = command(&["--plan", &plan, "--format", "json", "--record", &recording]);
        command.envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(line(0).as_bytes()).unwrap();
        Live { folder, child, pipe }
    }

    /// What was measured.
    fn measured(&self) -> Vec<Value> {
        let kept = fs::read_to_string(self.folder.path().join("run")).unwrap_or_default();
        let objects = kept.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        objects.filter(|object| object["logwatch"] == "external").map(|object| object["event"].clone()).collect()
    }

    /// Waits until each of these probes has come to something, and ends; what the run says, and what its recording does.
    fn end_after(mut self, probes: &[&str]) -> (Vec<Value>, Ran, Ran) {
        eventually("all were probed", || {
            let has = |probe: &&str| {
                self.measured()
                    .iter()
                    .any(|event| event["labels"]["probe"] == **probe && event["class"] != "probe.number")
            };
            probes.iter().all(has)
        });
        let measured = self.measured();
        self.pipe.write_all(line(10).as_bytes()).unwrap();
        drop(self.pipe);
        let ran = ended(self.child, Duration::from_secs(10));
        let [plan, run] = ["plan.toml", "run"].map(|name| self.folder.path().join(name).display().to_string());
        let replayed = logwatch(&["replay", "--source", &format!("stdin={run}"), "--plan", &plan, "--format", "json"]);
        let kept = fs::read_to_string(&run).unwrap();
        assert!(!kept.contains("s3cretToken99") && !ran.out.contains("s3cretToken99"), "{kept}");
        (measured, ran, replayed)
    }
}

/// What a probe came to: its class, why, and what it says.
fn came_to(measured: &[Value], probe: &str) -> (String, Option<String>, String) {
    let is_it = |event: &&Value| event["labels"]["probe"] == probe && event["class"] != "probe.number";
    let event = measured.iter().find(is_it).unwrap();
    let text = |value: &Value| value.as_str().map(String::from);
    (text(&event["class"]).unwrap(), text(&event["labels"]["because"]), text(&event["message"]).unwrap())
}

#[test]
fn a_server_is_asked_and_its_answer_judged() {
    let service = Service::start();
    let url = &service.url;
    let tables = format!(
        r#"
[[trigger]]
id = "down"
severity = "rollback"
when = "count(probe.failed{{probe='down', because='status'}}) >= 1"

[[trigger]]
id = "sessions"
severity = "investigate"
when = "last(probe.number{{name='sessions'}}.number) >= 299 and last(probe.number{{name='checks'}}.number) == 3"

[[trigger]]
id = "slow"
severity = "investigate"
when = "max(probe.failed{{probe='slow'}}.duration) > 1s and count(probe.ok) >= 3"

[[probe]]
id = "health"
http = "{url}/health"
within = "1s"
json = [
  {{ at = "/status", equals = "healthy" }},
  {{ at = "/sessions", max = 300, as = "sessions" }},
  {{ at = "/checks", length = true, min = 3, as = "checks" }},
]

[[probe]]
id = "unhealthy"
http = "{url}/health"
json = [{{ at = "/sessions", max = 298 }}]

[[probe]]
id = "down"
http = "env:DOWN"

[[probe]]
id = "slow"
http = "{url}/slow"
within = "1s"

[[probe]]
id = "hang"
http = "{url}/hang"
timeout = "1s"

[[probe]]
id = "page"
http = "{url}/page"
json = [{{ at = "/status" }}]

[[probe]]
id = "text"
http = "{url}/page"
text = "it works"

[[probe]]
id = "asked"
http = "{url}/asked"
method = "POST"
headers = {{ authorization = "env:AUTHORIZATION" }}
body = "ping"
status = 201

[[probe]]
id = "moved"
http = "{url}/moved"

[[probe]]
id = "nobody"
http = "http://127.0.0.1:1/s3cretToken99"
"#
    );
    let down = format!("{url}/down?token=s3cretToken99");
    let variables = [("DOWN", down.as_str()), ("AUTHORIZATION", "Bearer s3cretToken99")];
    let probes = ["health", "unhealthy", "down", "slow", "hang", "page", "text", "asked", "moved", "nobody"];
    let (measured, ran, replayed) = Live::start(&tables, &variables).end_after(&probes);
    for (probe, because, says) in [
        ("unhealthy", "answer", "unhealthy: /sessions is 299, more than 298"),
        ("down", "status", "down: status 503, not 2xx"),
        ("slow", "slow", "slow: the answer took 1."),
        ("hang", "timeout", "hang: no answer within 1 s"),
        ("page", "answer", "page: the answer is no JSON"),
        ("moved", "status", "moved: status 302, not 2xx"),
        ("nobody", "unreachable", "nobody: "),
    ] {
        let (class, why, message) = came_to(&measured, probe);
        assert_eq!((class.as_str(), why.as_deref()), ("probe.failed", Some(because)), "{probe}: {message}");
        assert!(message.starts_with(says), "{message}");
    }
    for probe in ["health", "text", "asked"] {
        let (class, _, message) = came_to(&measured, probe);
        assert_eq!(class, "probe.ok", "{message}");
    }
    let fired: Vec<Value> = ran.objects().into_iter().filter(|event| event["state"] == "firing").collect();
    let ids: Vec<_> = fired.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), ran.status), (3, Some(4)), "{}", ran.out);
    let down = fired.iter().find(|event| event["id"] == "down").unwrap();
    assert_eq!(down["evidence"][0]["line"], "down: status 503, not 2xx");
    assert_eq!((replayed.out, replayed.status), (ran.out, ran.status));
}

#[test]
fn a_program_is_run_and_numbers_are_read_of_what_it_prints() {
    let tables = r#"
[[trigger]]
id = "disk"
severity = "investigate"
when = "last(probe.number{probe='disk', name='free'}.number) < 10"

[[probe]]
id = "disk"
command = ["sh", "-c", "echo used: 91; echo free: 11; echo free: 9.5"]
numbers = { free = 'free: (\S+)', used = 'used: (\d+)' }

[[probe]]
id = "fails"
command = ["sh", "-c", "exit 3"]

[[probe]]
id = "hangs"
command = ["sh", "-c", "sleep 100"]
timeout = "1s"

[[probe]]
id = "mute"
command = ["true"]
numbers = { free = 'free: (\d+)' }

[[probe]]
id = "missing"
command = ["/no/such/program"]
"#;
    let (measured, ran, replayed) = Live::start(tables, &[]).end_after(&["disk", "fails", "hangs", "mute", "missing"]);
    let told = |probe| came_to(&measured, probe).2;
    assert!(told("disk").starts_with("disk: as expected in "), "{}", told("disk"));
    assert_eq!(told("fails"), "fails: the program ended with exit status: 3");
    assert_eq!(told("hangs"), "hangs: the program did not end in time, and was ended");
    assert_eq!(told("mute"), "mute: the program prints no number free");
    assert!(told("missing").starts_with("missing: the program cannot be started: "), "{}", told("missing"));
    let numbers: Vec<_> = measured.iter().filter(|event| event["class"] == "probe.number").collect();
    let mut numbers: Vec<_> =
        numbers.iter().map(|event| (event["labels"]["name"].as_str(), event["values"]["number"].as_f64())).collect();
    numbers.sort_by_key(|(name, _)| *name);
    assert_eq!(numbers, [(Some("free"), Some(9.5)), (Some("used"), Some(91.0))]);
    assert_eq!((ran.status, &ran.summary()["triggers"][0]["state"]), (Some(3), &json!("firing")));
    assert_eq!(replayed.out, ran.out);
}

/// What a probe found counts again and again, as often as it is asked.
#[test]
fn a_probe_is_run_again() {
    let live = Live::start("[[probe]]\nid = \"date\"\ncommand = [\"date\"]\nevery = \"1s\"\n", &[]);
    eventually("it was run twice", || live.measured().len() >= 2);
    let (measured, _, _) = live.end_after(&["date"]);
    assert!(measured.iter().all(|event| event["class"] == "probe.ok"));
}

/// A replay probes nothing, and says what is not known for that.
#[test]
fn a_replay_probes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (log, touched) = (folder.path().join("app.jsonl"), folder.path().join("touched"));
    fs::write(&log, super::logs::healthy_minutes()).unwrap();
    let trigger =
        "[[trigger]]\nid = \"down\"\nseverity = \"rollback\"\nwhen = \"count(probe.failed{probe='touch'}) >= 1\"\n";
    let probe = format!("[[probe]]\nid = \"touch\"\ncommand = [\"touch\", \"{}\"]\n", touched.display());
    let plan = plan(&folder, &(trigger.to_string() + &probe));
    let ran = logwatch(&["replay", log.to_str().unwrap(), "--plan", &plan, "--format", "json"]);
    let unknown = ran.summary()["unknown"].as_array().unwrap().clone();
    assert!(unknown.iter().any(|one| one["what"] == "probes"), "{unknown:?}");
    assert_eq!(ran.summary()["triggers"][0]["state"], "unknown");
    assert!(!touched.exists());
}

#[test]
fn what_is_wrong_with_a_probe_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let probe = |text: &str| format!("[[probe]]\nid = \"p\"\n{text}\n");
    for (tables, says) in [
        (
            probe("http = 'ftp://example.com/'"),
            "plan.toml:6: `http` is no address of the web: it begins with ftp, not https",
        ),
        (probe("http = 'example'"), "`http` is no address"),
        (probe("every = '5m'"), "plan.toml:5: a `[[probe]]` has one of `http`, `command` and `postgres`"),
        (probe("http = 'http://a/'\ncommand = ['a']"), "a `[[probe]]` has one of"),
        (probe("command = []"), "plan.toml:6: `command` is empty"),
        (probe("command = ['a']\nstatus = 200"), "`status` is for a probe by `http`"),
        (probe("http = 'http://a/'\nnumbers = { a = '(.)' }"), "`numbers` is for a probe by `command`"),
        (probe("command = ['a']\nnumbers = { a = 'free' }"), "plan.toml:7: `a` needs one group"),
        (probe("http = 'http://a/'\nstatus = '20x'"), "plan.toml:7: `status` is a status such as 200"),
        (probe("http = 'http://a/'\njson = [{ at = 'status' }]"), "plan.toml:7: `at` is a JSON pointer"),
        (probe("http = 'http://a/'\njson = [{ at = '/a', min = 2, max = 1 }]"), "`min` is larger than `max`"),
        (probe("http = 'http://a/'\nevery = '0s'"), "plan.toml:7: less than a second"),
        (probe("http = 'http://a/'\nevery = '5 minutes'"), "is no length of time"),
        (probe("http = 'http://a/'\nexpect = 200"), "unknown field `expect`"),
        (probe("http = 'http://a/'\nmethod = 'get it'"), "`method` is none of HTTP"),
        (probe("postgres = 'postgres://user:s3cretToken99@host/db'"), "put it into an environment variable"),
        (probe("command = ['a']") + &probe("command = ['b']"), "plan.toml:8: two probes are called `p`"),
        (
            probe("command = ['a']")
                + "[[trigger]]\nid = 't'\nseverity = 'info'\nwhen = \"count(probe.failed{probe='q'}) > 1\"",
            "no `[[probe]]` is called `q`",
        ),
        (
            probe("command = ['a']\nnumbers = { free = '(.)' }")
                + "[[trigger]]\nid = 't'\nseverity = 'info'\nwhen = \"last(probe.number{probe='p', name='fre'}.number) > 1\"",
            "no `[[probe]]` reads a number `fre`; did you mean `free`?",
        ),
        (
            probe("http = 'http://a/'\nheaders = { Authorization = 'Bearer s3cretToken99' }"),
            "plan.toml:7: this is a secret: put it into an environment variable",
        ),
    ] {
        let ran = logwatch(&["plan", "check", &plan(&folder, &tables)]);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{tables}");
        assert!(ran.err.contains(says) && !ran.err.contains("s3cretToken99"), "{tables}: {}", ran.err);
    }
    for (probe_of, value, says) in [
        ("http = 'env:WHERE'", None, "plan.toml:6: the environment variable WHERE is not set"),
        ("http = 'env:WHERE'", Some("s3cretToken99"), "plan.toml:6: `http` is no address"),
        (
            "postgres = 'env:WHERE'",
            Some("https://s3cretToken99/"),
            "plan.toml:6: the variable holds no address of PostgreSQL",
        ),
        ("http = 'file:/nowhere/address'", None, "plan.toml:6: /nowhere/address: No such file"),
    ] {
        let mut command = command(&["--plan", &plan(&folder, &probe(probe_of)), "--format", "json"]);
        let ran = run(command.envs(value.map(|value| ("WHERE", value))));
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{probe_of}");
        assert!(ran.err.contains(says) && !ran.err.contains("s3cretToken99"), "{}", ran.err);
    }
}
