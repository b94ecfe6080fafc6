//! Receivers that have words of their own: PagerDuty and Telegram, against stand-ins on this machine; and quiet hours.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::logs::{START, healthy, request};
use super::notify::{live, plan};
use crate::support::endpoint::{Answer, Endpoint};
use crate::support::program::{command, ended, eventually, logwatch};

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
