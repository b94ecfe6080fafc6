//! A run that is served: what the page and the API tell while it goes on and at its end, and who may see it.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use scraper::{Html, Selector};
use serde_json::Value;

use super::logs::{healthy, request};
use crate::support::program::{Ran, command, ended, eventually, fixture, logwatch, objects};

const TOKEN: &str = "a token that nobody guesses";

/// A run that is served.
pub struct Served {
    pub child: Child,
    pipe: Option<ChildStdin>,
    pub address: SocketAddr,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// With names in small letters.
    pub head: String,
    pub body: String,
}

impl Served {
    pub fn start(arguments: &[&str], address: &str, token: Option<&str>) -> Served {
        let token: Vec<(&str, &str)> = token.map(|token| ("LOGWATCH_TOKEN", token)).into_iter().collect();
        Served::with(arguments, address, &token)
    }

    pub fn with(arguments: &[&str], address: &str, variables: &[(&str, &str)]) -> Served {
        let mut command = command(arguments);
        command.args(["--serve", address]).env_remove("LOGWATCH_TOKEN").envs(variables.iter().copied());
        Served::by(command)
    }

    /// By a program that is asked to serve.
    pub fn by(mut command: Command) -> Served {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the program runs");
        let pipe = child.stdin.take();
        // Byte by byte: what comes after the line is still to be read.
        let error = child.stderr.as_mut().expect("a pipe");
        let mut said = Vec::new();
        let mut byte = [0];
        while !said.ends_with(b"/\n") && error.read(&mut byte).expect("a pipe") > 0 {
            said.extend(byte);
        }
        let said = String::from_utf8(said).unwrap();
        let (_, place) = said.trim_end().rsplit_once("the page is at http://").unwrap_or_else(|| panic!("{said}"));
        let port = place.trim_end_matches('/').parse::<SocketAddr>().unwrap().port();
        Served { child, pipe, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    pub fn local(arguments: &[&str]) -> Served {
        Served::start(arguments, "127.0.0.1:0", None)
    }

    pub fn write(&mut self, log: &str) {
        self.pipe.as_mut().expect("an open pipe").write_all(log.as_bytes()).expect("the program reads");
    }

    /// Sends a request as it is written but for its line ends.
    fn send(&self, request: &str) -> TcpStream {
        send(self.address, request).expect("a connection")
    }

    fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(self.address, line, headers, body).expect("an answer")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[], "")
    }

    /// A form, as a browser sends it from a page of the server.
    fn post(&self, path: &str, body: &str) -> Answer {
        let origin = format!("http://{}", self.address);
        self.ask(&format!("POST {path}"), &[("origin", &origin)], body)
    }

    fn summary(&self) -> Value {
        objects(&self.get("/api/summary").body).remove(0)
    }

    pub fn signal(self) -> Ran {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        ended(self.child, Duration::from_secs(5))
    }

    /// The end of what is read.
    pub fn close(mut self) -> Ran {
        drop(self.pipe.take());
        ended(self.child, Duration::from_secs(5))
    }
}

fn send(address: SocketAddr, request: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(request.replace('\n', "\r\n").as_bytes())?;
    Ok(stream)
}

/// What a server answers; `line` is the method and the path.
pub fn ask(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> io::Result<Answer> {
    let mut request = format!("{line} HTTP/1.1\nconnection: close\ncontent-length: {}\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "host") {
        request += &format!("host: {address}\n");
    }
    if !body.is_empty() {
        request += "content-type: application/x-www-form-urlencoded\n";
    }
    headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\n"));
    let mut answer = String::new();
    send(address, &format!("{request}\n{body}"))?.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Ok(Answer { status, head: head.to_lowercase(), body: body.into() })
}

fn texts(page: &str, selector: &str) -> Vec<String> {
    let html = Html::parse_document(page);
    html.select(&Selector::parse(selector).unwrap()).map(|element| element.text().collect()).collect()
}

/// A saved log is there to be looked at until somebody ends that.
#[test]
fn a_replay_is_served_until_it_is_ended() {
    let arguments = ["replay", &fixture("dl-034/before-fix.jsonl"), "--plan", "dl-034", "--format", "json"];
    let plain = logwatch(&arguments);
    let served = Served::local(&arguments);
    eventually("the run is over", || served.get("/api/events").body.contains(r#""type":"summary""#));
    assert_eq!(served.summary(), plain.summary());
    assert_eq!(objects(&served.get("/api/events").body), plain.objects());
    let page = served.get("/");
    assert!(page.head.contains("content-type: text/html") && page.head.contains("cache-control: no-store"));
    assert!(texts(&page.body, "h1")[0].starts_with("ROLLBACK"));
    assert_eq!(texts(&page.body, "#live"), ["the run is over"]);
    // What the report has, it has.
    let report = logwatch(&["replay", &fixture("dl-034/before-fix.jsonl"), "--plan", "dl-034", "--format", "html"]).out;
    for part in ["h2", "h3", "td", "#picture text", "code"] {
        assert_eq!(texts(&page.body, part), texts(&report, part), "{part}");
    }
    let ran = served.signal();
    assert_eq!((ran.status, ran.out), (plain.status, plain.out));
}

/// What is read is seen within a second, by who asks and by who listens.
#[test]
fn a_live_run_is_seen_while_it_goes_on() {
    let mut served = Served::local(&["--format", "json"]);
    assert_eq!(served.summary()["http"]["requests"], 0);
    let mut listener = served.send(&format!("GET /live HTTP/1.1\nhost: {}\n\n", served.address));
    served.write(&healthy(0..60));
    eventually("requests are seen", || served.summary()["http"]["requests"].as_u64() > Some(50));
    assert!(texts(&served.get("/").body, "h1")[0].starts_with("UNKNOWN"));
    assert_eq!(texts(&served.get("/").body, "#live"), ["live"]);
    let mut heard = String::new();
    let mut bytes = [0; 1_024];
    while heard.matches("event: change").count() < 2 {
        let length = listener.read(&mut bytes).expect("events come");
        assert!(length > 0, "{heard}");
        heard += std::str::from_utf8(&bytes[..length]).unwrap();
    }
    let ran = served.close();
    assert_eq!(ran.summary()["http"]["requests"], 60);
    listener.read_to_string(&mut heard).expect("the end");
    assert!(heard.contains("event: end"), "{heard}");
}

/// The objects of the contract, as a stream: who comes back gets what came since.
#[test]
fn events_are_told_as_they_come() {
    let served = Served::local(&["replay", &fixture("dl-034/before-fix.jsonl"), "--plan", "dl-034"]);
    eventually("the run is over", || served.get("/api/events").body.contains(r#""type":"summary""#));
    let lines: Vec<String> = served.get("/api/events").body.lines().map(String::from).collect();
    let stream = |after: &[(&str, &str)]| {
        served.ask("GET /api/events", &[&[("accept", "text/event-stream")], after].concat(), "")
    };
    let told = stream(&[]);
    assert!(told.head.contains("content-type: text/event-stream"), "{}", told.head);
    assert!(lines.iter().all(|line| told.body.contains(line)), "{}", told.body);
    let rest = stream(&[("last-event-id", &(lines.len() - 1).to_string())]).body;
    assert!(rest.contains(lines.last().unwrap()) && !rest.contains(&lines[lines.len() - 2]), "{rest}");
    assert_eq!(stream(&[("last-event-id", &lines.len().to_string())]).status, 204);
    served.signal();
}

/// Pages of other sites, by whatever name, see nothing and change nothing.
#[test]
fn pages_of_other_sites_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let answers = folder.path().join("answers.jsonl");
    let served = Served::local(&["--plan", "dl-034", "--answers", answers.to_str().unwrap()]);
    for path in ["/", "/live", "/api/summary", "/api/events", "/metrics", "/login", "/nothing"] {
        let answer = served.ask(&format!("GET {path}"), &[("host", "evil.example")], "");
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(served.ask("GET /", &[("host", "localhost")], "").status, 200);
    assert_eq!((served.get("/healthz").body.as_str(), served.get("/nothing").status), ("ok\n", 404));
    let page = served.get("/");
    assert!(page.head.contains("frame-ancestors 'none'") && page.body.contains("connect-src 'self'"));
    let proof = proof(&page.body);
    let form = format!("proof={proof}&name=user_complaint&text=it+fails");
    let refused = |headers: &[(&str, &str)], form: &str| served.ask("POST /signal", headers, form).status;
    assert_eq!(refused(&[], &form), 403);
    assert_eq!(refused(&[("origin", "http://evil.example")], &form), 403);
    assert_eq!(refused(&[("origin", "null")], &form), 403);
    assert_eq!(served.post("/signal", "proof=guessed&name=user_complaint").status, 403);
    assert_eq!(served.post("/signal", &format!("proof={proof}&name=no_such_signal")).status, 400);
    assert_eq!(served.post("/check", &format!("proof={proof}&item=no-such-item&status=pass")).status, 400);
    assert_eq!(
        served.post("/signal", &format!("proof={proof}&name=user_complaint&text={}", "a".repeat(20_000))).status,
        413
    );
    assert!(!answers.exists());
    served.close();
}

fn proof(page: &str) -> String {
    let html = Html::parse_document(page);
    let input = html.select(&Selector::parse("input[name=proof]").unwrap()).next().expect("a form");
    input.value().attr("value").unwrap().into()
}

/// What is answered on the page is in the file at once, and counts in the run that goes on.
#[test]
fn what_is_answered_on_the_page_counts() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    fs::write(
        &plan,
        r#"
[plan]
id = "P"
title = "asks"
[[manual]]
id = "looks"
what = "The page looks right"
ask = "Open it"
[[success]]
id = "done"
title = "Somebody looked"
after = "1s"
[[success.check]]
id = "look"
manual = "looks"
[[trigger]]
id = "complaints"
severity = "investigate"
when = "count(signal.user_complaint[5m]) > 0"
"#,
    )
    .unwrap();
    let answers = folder.path().join("answers.jsonl");
    let arguments = ["--plan", plan.to_str().unwrap(), "--answers", answers.to_str().unwrap(), "--format", "json"];
    let mut served = Served::local(&arguments);
    let line = |offset: i64| {
        let now = chrono::Utc::now() + chrono::Duration::seconds(offset);
        format!("{{\"timestamp\":\"{}\",\"message\":\"GET /a 200 12ms\"}}\n", now.to_rfc3339())
    };
    served.write(&(-20..-10).map(line).collect::<String>());
    eventually("it has begun", || served.summary()["from"].is_string());
    let proof = proof(&served.get("/").body);
    assert!(served.get("/").body.contains("The page looks right"));
    let check = served.post("/check", &format!("proof={proof}&item=looks&status=pass&note=all+there"));
    assert!(check.status == 303 && check.head.contains("location: /"), "{check:?}");
    assert_eq!(served.post("/signal", &format!("proof={proof}&name=user_complaint&text=it+fails")).status, 303);
    assert_eq!(served.post("/ack", &format!("proof={proof}&id=complaints&note=at+it")).status, 303);
    assert_eq!(served.post("/ack", &format!("proof={proof}&id=no-such-trigger")).status, 400);
    let recorded = objects(&fs::read_to_string(&answers).unwrap());
    assert_eq!((&recorded[0]["item"], &recorded[0]["note"]), (&"looks".into(), &"all there".into()));
    assert_eq!((&recorded[1]["name"], &recorded[1]["text"]), (&"user_complaint".into(), &"it fails".into()));
    assert_eq!((&recorded[2]["type"], &recorded[2]["id"]), (&"ack".into(), &"complaints".into()));
    // Time goes on by what is written.
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        served.write(&line(0));
        let summary = served.summary();
        if summary["success"][0]["status"] == "pass" && summary["triggers"][0]["fired"] == 1 {
            break;
        }
        assert!(Instant::now() < deadline, "{summary}");
        std::thread::sleep(Duration::from_millis(100));
    }
    // A run that reads the same file later comes to the same.
    let ran = served.close();
    assert_eq!(ran.summary()["triggers"][0]["fired"], 1);
}

/// An address that others reach needs a token that is long.
#[test]
fn others_need_a_token() {
    for (token, why) in [(None, "set LOGWATCH_TOKEN"), (Some("short"), "too short")] {
        let mut command = command(&["replay", &fixture("dl-034/before-fix.jsonl"), "--serve", "0.0.0.0:0"]);
        command.env_remove("LOGWATCH_TOKEN").envs(token.map(|token| ("LOGWATCH_TOKEN", token)));
        let ran = crate::support::program::run(&mut command);
        assert!(ran.status == Some(2) && ran.err.contains(why) && ran.out.is_empty(), "{ran:?}");
    }
    let served = Served::start(&["-q"], "0.0.0.0:0", Some(TOKEN));
    assert_eq!(served.get("/healthz").status, 200);
    let page = served.get("/");
    assert!(page.status == 303 && page.head.contains("location: /login"), "{page:?}");
    for path in ["/live", "/api/summary", "/api/events", "/metrics"] {
        assert_eq!(served.get(path).status, 401, "{path}");
    }
    // By whatever name: a platform gives it one.
    let bearer = format!("Bearer {TOKEN}");
    let answer = served.ask("GET /metrics", &[("authorization", &bearer), ("host", "logs.example")], "");
    assert!(answer.status == 200 && answer.body.ends_with("# EOF\n"), "{answer:?}");
    assert!(served.get("/login").body.contains("type=\"password\""));
    let entered = served.post("/login", &format!("token={}", TOKEN.replace(' ', "+")));
    assert_eq!(entered.status, 303);
    let cookie = entered.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    assert!(cookie.contains("secure; httponly; samesite=strict") && !cookie.contains(TOKEN), "{cookie}");
    let page = served.ask("GET /", &[("cookie", &session(&served))], "");
    assert!(page.status == 200 && page.body.contains("<h1>"), "{page:?}");
    for _ in 0..5 {
        assert_eq!(served.post("/login", "token=wrong").status, 401);
    }
    let refused = served.post("/login", &format!("token={}", TOKEN.replace(' ', "+")));
    assert!(refused.status == 429 && refused.head.contains("retry-after"), "{refused:?}");
    let ran = served.close();
    assert!(!ran.err.contains(TOKEN) && !ran.out.contains(TOKEN));
}

/// The cookie of who logs in, as it is sent back.
fn session(served: &Served) -> String {
    let body = format!("token={}", TOKEN.replace(' ', "+"));
    let request = format!(
        "POST /login HTTP/1.1\nhost: {0}\norigin: http://{0}\nconnection: close\ncontent-type: application/x-www-form-urlencoded\ncontent-length: {1}\n\n{body}",
        served.address,
        body.len()
    );
    let mut answer = String::new();
    served.send(&request).read_to_string(&mut answer).unwrap();
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    cookie.split(';').next().unwrap().into()
}

/// Who takes nothing, and more than can be served, hold up neither the run nor each other.
#[test]
fn many_and_slow_readers_hold_up_nobody() {
    let mut served = Served::local(&["--format", "json"]);
    served.write(&healthy(0..5));
    let idle: Vec<TcpStream> =
        (0..80).map(|_| served.send(&format!("GET /live HTTP/1.1\nhost: {}\n\n", served.address))).collect();
    // Those beyond the bound are closed, or were never served.
    let open = |stream: &&TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        matches!((&**stream).read(&mut [0; 64]), Ok(length) if length > 0)
    };
    assert_eq!(idle.iter().filter(open).count(), 64);
    let log: String = (5..600).flat_map(|second| (0..20).map(move |_| request(second, "/api/bots", 200))).collect();
    served.write(&log);
    drop(idle);
    eventually("a place is free", || {
        TcpStream::connect(served.address).is_ok_and(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            let asked = stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n");
            asked.is_ok() && stream.read(&mut [0; 64]).is_ok_and(|length| length > 0)
        })
    });
    let ran = served.close();
    assert_eq!(ran.summary()["input"]["lines"].as_u64(), Some(5 + 595 * 20));
}

/// A port that is taken is told before anything is read.
#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = logwatch(&["replay", &fixture("dl-034/before-fix.jsonl"), "--serve", &address]);
    assert!(ran.status == Some(1) && ran.err.contains(&format!("cannot serve at {address}")), "{ran:?}");
    assert_eq!(ran.out, "");
    let ran = logwatch(&["replay", &fixture("dl-034/before-fix.jsonl"), "--serve", "8787"]);
    assert!(ran.status == Some(2) && ran.err.contains("--serve"), "{ran:?}");
}
