//! Probes: what a live run finds of servers, databases and programs of this machine that answer, fail and hang.

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

use super::program::{Ran, command, ended, eventually, logwatch, run};

/// A service on this machine.
struct Service {
    url: String,
    stop: Option<oneshot::Sender<()>>,
}

impl Service {
    fn start() -> Service {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    served = axum::serve(listener, routes()) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
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
    ] {
        let mut command = command(&["--plan", &plan(&folder, &probe(probe_of)), "--format", "json"]);
        let ran = run(command.envs(value.map(|value| ("WHERE", value))));
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{probe_of}");
        assert!(ran.err.contains(says) && !ran.err.contains("s3cretToken99"), "{}", ran.err);
    }
}

/// PostgreSQL, where the distribution has it installed.
#[cfg(target_os = "linux")]
mod postgres {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    use std::path::PathBuf;
    use std::process::{Child, Command};

    use super::*;

    /// A server of its own, in a folder of its own.
    struct Server {
        _folder: tempfile::TempDir,
        child: Child,
        port: u16,
    }

    /// A program of PostgreSQL, which distributions keep out of the path.
    fn program(name: &str) -> Option<PathBuf> {
        let installed = glob::glob("/usr/lib/postgresql/*/bin").ok()?.flatten();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = installed.chain(std::env::split_paths(&path)).collect();
        folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists())
    }

    /// It does not run as root; its package has made a user for it.
    fn as_its_user(command: &mut Command) -> &mut Command {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let user =
            users.lines().find(|line| line.starts_with("postgres:")).map(|line| line.split(':').collect::<Vec<_>>());
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        match user.filter(|_| is_root).and_then(|user| Some((user.get(2)?.parse().ok()?, user.get(3)?.parse().ok()?))) {
            Some((id, group)) => command.uid(id).gid(group),
            None => command,
        }
    }

    impl Server {
        /// `None` where there is no PostgreSQL, which is said.
        fn start() -> Option<Server> {
            let (Some(initdb), Some(postgres)) = (program("initdb"), program("postgres")) else {
                // Not captured, as what is printed is.
                let _ =
                    writeln!(std::io::stderr(), "NOT TESTED: no PostgreSQL is installed here, so no probe asks one");
                return None;
            };
            let folder = tempfile::tempdir().unwrap();
            let made = Command::new("chmod").arg("777").arg(folder.path()).status().unwrap();
            assert!(made.success());
            let data = folder.path().join("data");
            let password = folder.path().join("password");
            fs::write(&password, "s3cretToken99").unwrap();
            let mut init = Command::new(initdb);
            init.args(["--auth=scram-sha-256", "--username=shop", "--no-sync"]).arg("--pwfile").arg(&password);
            let made = as_its_user(init.arg("-D").arg(&data)).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let certificate = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
            fs::write(folder.path().join("cert.pem"), certificate.cert.pem()).unwrap();
            let key = folder.path().join("key.pem");
            fs::write(&key, certificate.signing_key.serialize_pem()).unwrap();
            // The server takes no key that others can read.
            let mut copy = Command::new("sh");
            copy.args(["-c", "umask 077 && cp key.pem data/server.key && cp cert.pem data/server.crt"]);
            assert!(as_its_user(copy.current_dir(folder.path())).status().unwrap().success());
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut command = Command::new(postgres);
            command.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.to_string(), "-c", "ssl=on"]);
            command.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20"]);
            let child = as_its_user(&mut command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let server = Server { _folder: folder, child, port };
            eventually("PostgreSQL answers", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
            Some(server)
        }

        fn url(&self, password: &str, mode: &str) -> String {
            format!("postgres://shop:{password}@localhost:{}/postgres?hostaddr=127.0.0.1&sslmode={mode}", self.port)
        }

        /// A client with a transaction that it leaves open.
        fn idle_in_transaction(&self) -> Child {
            let mut client = Command::new(program("psql").unwrap());
            client.env("PGPASSWORD", "s3cretToken99").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            client.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "shop", "postgres"]);
            let mut client = client.spawn().unwrap();
            client.stdin.as_mut().unwrap().write_all(b"begin; select 1;\n").unwrap();
            client
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let stop = |signal| nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id() as i32), signal);
            let _ = stop(nix::sys::signal::Signal::SIGQUIT);
            let _ = self.child.wait();
        }
    }

    #[test]
    fn a_database_is_asked_how_its_connections_are_used() {
        let Some(server) = Server::start() else { return };
        let mut client = server.idle_in_transaction();
        let probe =
            |id: &str| format!("[[probe]]\nid = \"{id}\"\npostgres = \"env:{}\"\nevery = \"1s\"\n", id.to_uppercase());
        let ids = ["plain", "tls", "wrong", "verified", "closed"];
        let urls = [
            server.url("s3cretToken99", "disable"),
            server.url("s3cretToken99", "require"),
            server.url("another", "require"),
            server.url("s3cretToken99", "verify-full"),
            "postgres://shop:s3cretToken99@127.0.0.1:1/postgres".into(),
        ];
        let names = ids.map(str::to_uppercase);
        let variables: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(urls.iter().map(String::as_str)).collect();
        let triggers = r#"
[[trigger]]
id = "idle"
severity = "investigate"
when = "last(probe.number{probe='tls', name='idle_in_transaction'}.number) >= 1"

[[trigger]]
id = "full"
severity = "investigate"
when = "last(probe.number{probe='tls', name='connections'}.number) / last(probe.number{probe='tls', name='max_connections'}.number) > 4%"
"#;
        let live = Live::start(&(triggers.to_string() + &ids.map(probe).concat()), &variables);
        let is_idle = |event: &Value, probe: &str| {
            let labels = &event["labels"];
            labels["probe"] == probe && labels["name"] == "idle_in_transaction" && event["values"]["number"] == 1.0
        };
        eventually("the open transaction is seen", || {
            ["plain", "tls"].iter().all(|probe| live.measured().iter().any(|event| is_idle(event, probe)))
        });
        let (measured, ran, replayed) = live.end_after(&ids);
        let last = |name: &str| {
            let is_it = |event: &&Value| event["labels"]["probe"] == "tls" && event["labels"]["name"] == name;
            measured.iter().rev().find(is_it).unwrap()["values"]["number"].as_f64().unwrap()
        };
        assert_eq!((last("connections"), last("max_connections")), (1.0, 20.0));
        assert!((0.0..60.0).contains(&last("longest_transaction")));
        let told = |probe| came_to(&measured, probe);
        assert!(told("wrong").2.contains("password authentication failed"), "{:?}", told("wrong"));
        assert_eq!(told("wrong").1.as_deref(), Some("unreachable"));
        assert!(told("verified").2.contains("certificate"), "{:?}", told("verified"));
        assert_eq!(told("closed").0, "probe.failed");
        let triggers = ran.summary()["triggers"].clone();
        let states: Vec<_> = triggers.as_array().unwrap().iter().map(|trigger| trigger["state"].clone()).collect();
        assert_eq!(states, ["firing", "firing"], "{}", ran.out);
        assert_eq!(replayed.out, ran.out);
        client.kill().unwrap();
        client.wait().unwrap();
    }
}
