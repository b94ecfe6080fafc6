//! Receivers that have words of their own: PagerDuty, Telegram and mail, against stand-ins on this machine; and quiet hours.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::endpoint::{Answer, Endpoint};
use super::logs::{START, healthy, request};
use super::notify::{live, plan, test};
use super::program::{command, ended, eventually, logwatch};

#[test]
fn pagerduty_is_told_of_the_beginning_and_the_end() {
    let receiver = Endpoint::start(&[Answer::Status(500), Answer::Status(202)]);
    let notify =
        format!("[[notify]]\npagerduty = \"env:KEY\"\nurl = \"{}\"\non = [\"rollback\", \"verdict\"]", receiver.url);
    let plan = plan(&notify);
    let mut command = command(&["--plan", plan.path().to_str().unwrap()]);
    let mut child = command.env("KEY", "s3cretToken99").stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let failures: String = (30..33).map(|second| request(second, "/api/bots", 500)).collect();
    pipe.write_all((healthy(0..30) + &failures + &healthy(33..120)).as_bytes()).unwrap();
    eventually("both are sent, the first of them twice", || receiver.got().len() == 3);
    drop(pipe);
    let ran = ended(child, Duration::from_secs(20));
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    let bodies = receiver.bodies();
    assert!(receiver.got().iter().all(|got| got.path == "/v2/enqueue"));
    assert_eq!(bodies[0], bodies[1]);
    let (opened, closed) = (&bodies[1], &bodies[2]);
    assert_eq!((&opened["event_action"], &opened["routing_key"]), (&json!("trigger"), &json!("s3cretToken99")));
    let payload = &opened["payload"];
    assert_eq!((&payload["severity"], &payload["source"]), (&json!("critical"), &json!("stdin")));
    assert_eq!(payload["summary"], "ROLL BACK stdin (shop): fails  3 ≥ 3");
    assert_eq!((&closed["event_action"], &closed["dedup_key"]), (&json!("resolve"), &opened["dedup_key"]));
    assert!(!ran.out.contains("s3cretToken99"));
}

#[test]
fn a_bot_of_telegram_writes_to_a_chat() {
    let receiver = Endpoint::start(&[Answer::Status(200)]);
    let notify = format!("[[notify]]\ntelegram = \"env:TOKEN\"\nchat = \"-100123\"\nurl = \"{}\"", receiver.url);
    let ran = live(&notify, &[("TOKEN", "123456:s3cretToken99")]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    let bodies = receiver.bodies();
    // The verdict says nothing that the trigger has not said.
    assert_eq!((bodies.len(), receiver.got()[0].path.as_str()), (1, "/bot123456:s3cretToken99/sendMessage"));
    assert_eq!(bodies[0]["chat_id"], "-100123");
    let text = bodies[0]["text"].as_str().unwrap();
    assert!(text.starts_with("ROLL BACK stdin (shop): fails  3 ≥ 3\nrequests fail\n"), "{text}");
    // Neither the address nor the token in it is told where it fails.
    let refusing = Endpoint::start(&[Answer::Status(401)]);
    let ran = live(&notify.replace(&receiver.url, &refusing.url), &[("TOKEN", "123456:s3cretToken99")]);
    assert!(
        ran.err.contains("notify 1 (telegram): not delivered: status 401") && !ran.err.contains("s3cret"),
        "{}",
        ran.err
    );
}

/// A server of mail on this machine, which has these answers to RCPT, the last of them again and again.
struct Mail {
    port: u16,
    got: Arc<Mutex<Vec<String>>>,
}

impl Mail {
    fn start(answers: &'static [&'static str]) -> Mail {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, got) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                // Whoever hangs up says nothing more.
                let _ = Mail::talk(stream.unwrap(), answers[number.min(answers.len() - 1)], &kept);
            }
        });
        Mail { port, got }
    }

    fn talk(mut stream: TcpStream, answer: &str, got: &Mutex<Vec<String>>) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        stream.write_all(b"220 mail.example.com\r\n")?;
        let mut told = String::new();
        while let Some(line) = lines.next().transpose()? {
            told += &format!("{line}\n");
            let says = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN",
                "AUTH" => "235 welcome",
                "RCPT" => answer,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            stream.write_all(format!("{says}\r\n").as_bytes())?;
            if line == "DATA" {
                for line in lines.by_ref().map_while(Result::ok).take_while(|line| line != ".") {
                    told += &format!("{line}\n");
                }
                stream.write_all(b"250 taken\r\n")?;
                got.lock().unwrap().push(told.clone());
            }
        }
        Ok(())
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

const EMAIL: &str = "[[notify]]\nemail = [\"Ann <ann@example.com>\", \"ops@example.com\"]\nfrom = \"logwatch@example.com\"\nsmtp = \"env:SMTP\"";

#[test]
fn mail_is_written() {
    let mail = Mail::start(&["451 try again", "250 ok"]);
    let ran = live(EMAIL, &[("SMTP", &format!("smtp://user:s3cretToken99@127.0.0.1:{}", mail.port))]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    let got = mail.got();
    assert_eq!(got.len(), 1, "{got:?}");
    for part in [
        "MAIL FROM:<logwatch@example.com>",
        "RCPT TO:<ann@example.com>",
        "RCPT TO:<ops@example.com>",
        "Message-ID: <",
        "Content-Type: text/plain; charset=utf-8",
        "requests fail\n",
        "GET /api/bots?token=3D*** HTTP",
    ] {
        assert!(got[0].contains(part), "no `{part}` in\n{}", got[0]);
    }
    assert!(got[0].contains("Subject: ROLL BACK stdin (shop): fails"), "{}", got[0]);
}

#[test]
fn mail_that_is_refused_is_told_without_a_password() {
    let mail = Mail::start(&["550 nobody here"]);
    let ran = live(EMAIL, &[("SMTP", &format!("smtp://user:s3cretToken99@127.0.0.1:{}", mail.port))]);
    assert!(ran.err.contains("notify 1 (email): not delivered: ") && ran.err.contains("nobody here"), "{}", ran.err);
    assert!(!ran.err.contains("s3cret") && mail.got().is_empty(), "{}", ran.err);
    let working = Mail::start(&["250 ok"]);
    let sample = test(EMAIL, &[("SMTP", &format!("smtp://127.0.0.1:{}", working.port))]);
    assert_eq!((sample.status, sample.out.as_str()), (Some(0), "notify 1 (email): delivered\n"), "{}", sample.err);
    // With TLS, which the stand-in does not speak, nothing goes out in the open.
    let sample = test(EMAIL, &[("SMTP", &format!("smtps://user:s3cretToken99@localhost:{}", working.port))]);
    assert!(sample.status == Some(1) && !sample.out.contains("s3cret"), "{}", sample.out);
    assert_eq!(working.got().len(), 1);
}

/// What can wait for the end of the quiet hours does; a rollback does not.
#[test]
fn in_quiet_hours_only_a_rollback_is_sent() {
    let clock = |minutes: i64| (Utc::now() + TimeDelta::minutes(minutes)).format("%H:%M").to_string();
    let quiet =
        |from: &str, until: &str| format!("quiet = {{ from = \"{from}\", until = \"{until}\", zone = \"UTC\" }}");
    for (hours, sent) in
        [(quiet(&clock(-60), &clock(60)), 1), (quiet("00:00", "24:00"), 1), (quiet(&clock(60), &clock(120)), 2)]
    {
        let receiver = Endpoint::start(&[Answer::Status(200)]);
        let notify = format!(
            "[[notify]]\nwebhook = \"env:HOOK\"\non = [\"rollback\", \"checkpoint\"]\n{hours}\n\n\
             [[checkpoint]]\nid = \"20s\"\ntitle = \"It answers\"\nat = \"20s\"\ncheck = [\n\
             {{ id = \"answers\", expect = \"count(http.request{{status=2xx}}[20s]) > 5\" }},\n]"
        );
        let ran = live(&notify, &[("HOOK", &receiver.url)]);
        let told: Vec<_> = receiver.bodies().iter().map(|body| body["event"]["type"].clone()).collect();
        assert_eq!((told.len(), told.last().unwrap()), (sent, &json!("trigger")), "{hours}: {told:?}");
        let waited = "1 of its messages waited for the end of its quiet hours";
        assert_eq!(ran.err.contains(waited), sent == 1, "{}", ran.err);
    }
}

/// Of two triggers of one severity the second says nothing new.
#[test]
fn only_what_changes_the_verdict_may_be_asked_for() {
    let more = "[[trigger]]\nid = \"more\"\nseverity = \"rollback\"\nwhen = \"count(http.request{status=5xx}[1m]) >= 2\"\n\
                [[trigger]]\nid = \"any\"\nseverity = \"investigate\"\nwhen = \"count(http.request{status=5xx}[1m]) >= 1\"\n";
    for (key, ids) in [("", &["any", "more", "fails"][..]), ("only_verdict_changes = true\n", &["any", "more"])] {
        let receiver = Endpoint::start(&[Answer::Status(200)]);
        let notify = format!("{more}[[notify]]\nwebhook = \"env:HOOK\"\non = [\"rollback\", \"investigate\"]\n{key}");
        let ran = live(&notify, &[("HOOK", &receiver.url)]);
        assert_eq!(ran.status, Some(4), "{}", ran.err);
        let told: Vec<_> = receiver.bodies().iter().map(|body| body["event"]["id"].clone()).collect();
        assert_eq!(told, ids, "{key}");
    }
}

#[test]
fn what_is_no_receiver_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    for (notify, says) in [
        ("telegram = \"env:TOKEN\"", "`telegram` needs a `chat`"),
        ("telegram = \"123:abc\"\nchat = \"1\"", "put it into an environment variable"),
        ("pagerduty = \"env:KEY\"\nchat = \"1\"", "`chat` is for `telegram`"),
        ("pagerduty = \"env:KEY\"\nurl = \"http://events.example.com\"", "without TLS"),
        ("slack = \"env:KEY\"\nurl = \"https://example.com\"", "`url` is for `pagerduty` and `telegram`"),
        ("email = [\"ann\"]\nfrom = \"a@example.com\"\nsmtp = \"env:SMTP\"", "`ann` is no address of mail"),
        ("email = [\"ann@example.com\"]\nsmtp = \"env:SMTP\"", "`email` needs `from`, and `smtp"),
        (
            "email = [\"ann@example.com\"]\nfrom = \"a@example.com\"\nsmtp = \"smtp://a:b@c\"",
            "put it into an environment variable",
        ),
        ("slack = \"env:KEY\"\nquiet = { from = \"10pm\", until = \"07:00\" }", "`10pm` is no time of day"),
        (
            "slack = \"env:KEY\"\nquiet = { from = \"22:00\", until = \"07:00\", zone = \"Mars\" }",
            "no time zone `Mars`",
        ),
        ("slack = \"env:KEY\"\npagerduty = \"env:KEY\"", "a `[[notify]]` has one of"),
    ] {
        fs::write(
            &path,
            format!("[plan]\nid = \"shop\"\ntitle = \"A shop\"\nat = \"{START}\"\n\n[[notify]]\n{notify}\n"),
        )
        .unwrap();
        let ran = logwatch(&["plan", "check", path.to_str().unwrap()]);
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{notify}");
        assert!(ran.err.contains(says) && ran.err.contains("plan.toml:"), "{notify}: {}", ran.err);
    }
}
