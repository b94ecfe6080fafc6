//! Notifications: what receivers get, against servers of this machine that answer, refuse and hang.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ring::hmac;
use serde_json::{Value, json};

use super::logs::{START, healthy, request};
use crate::support::endpoint::{Answer, Endpoint};
use crate::support::program::{Ran, command, ended, eventually, run};

/// A plan with one trigger, and these receivers.
pub fn plan(notify: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text = format!(
        "[plan]\nid = \"shop\"\ntitle = \"A shop\"\nat = \"{START}\"\n\n[[trigger]]\nid = \"fails\"\nseverity = \"rollback\"\n\
         when = \"count(http.request{{status=5xx}}[1m]) >= 3\"\nabout = \"requests fail\"\n\n{notify}\n"
    );
    fs::write(&file, text).unwrap();
    file
}

/// A log in which the trigger fires once.
fn log() -> String {
    let failures: String = (30..33).map(|second| request(second, "/api/bots?token=s3cretToken99", 500)).collect();
    healthy(0..30) + &failures + &healthy(33..40)
}

/// A live run: the log comes through a pipe.
pub fn live(notify: &str, variables: &[(&str, &str)]) -> Ran {
    let plan = plan(notify);
    let input = tempfile::NamedTempFile::new().unwrap();
    fs::write(&input, log()).unwrap();
    let mut cat = Command::new("cat").arg(input.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut command = command(&["--plan", plan.path().to_str().unwrap()]);
    let child = command.envs(variables.iter().copied()).stdin(cat.stdout.take().unwrap()).spawn().unwrap();
    let ran = ended(child, Duration::from_secs(30));
    cat.wait().unwrap();
    ran
}

fn replay(notify: &str, variables: &[(&str, &str)], options: &[&str]) -> Ran {
    let plan = plan(notify);
    let input = tempfile::NamedTempFile::new().unwrap();
    fs::write(&input, log()).unwrap();
    let arguments = ["replay", input.path().to_str().unwrap(), "--plan", plan.path().to_str().unwrap()];
    run(command(&[&arguments, options].concat()).envs(variables.iter().copied()))
}

pub fn test(notify: &str, variables: &[(&str, &str)]) -> Ran {
    let plan = plan(notify);
    run(command(&["notify", "test", plan.path().to_str().unwrap()]).envs(variables.iter().copied()))
}

#[test]
fn a_webhook_gets_each_change_once_and_signed() {
    let receiver = Endpoint::start(&[Answer::Status(200)]);
    let hook = "[[notify]]\nwebhook = \"env:HOOK\"\nsecret = \"env:KEY\"";
    let url = format!("{}/hooks/h1dden", receiver.url);
    let variables = [("HOOK", url.as_str()), ("KEY", "the key")];
    let ran = live(hook, &variables);
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    let bodies = receiver.bodies();
    let told: Vec<_> = bodies.iter().map(|body| (body["event"]["type"].as_str(), body["text"].as_str())).collect();
    assert_eq!(
        told,
        [
            (Some("trigger"), Some("ROLL BACK stdin (shop): fails  3 ≥ 3")),
            (Some("verdict"), Some("ROLL BACK stdin (shop)")),
        ]
    );
    let first = &bodies[0];
    assert_eq!(
        (&first["v"], &first["plan"], &first["sources"], &first["deployed_at"]),
        (&json!(1), &json!("shop"), &json!(["stdin"]), &json!(START))
    );
    let event = &first["event"];
    assert_eq!((&event["id"], &event["state"], &event["value"]), (&json!("fails"), &json!("firing"), &json!(3.0)));
    for got in receiver.got() {
        assert_eq!(got.path, "/hooks/h1dden");
        let header = |name: &str| got.headers[name].to_str().unwrap().to_string();
        assert_eq!(header("content-type"), "application/json");
        let signed = format!("{}.{}", header("x-logwatch-timestamp"), got.body);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"the key"), signed.as_bytes());
        let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(header("x-logwatch-signature"), format!("sha256={digits}"));
        assert!(!got.body.contains("s3cretToken99"), "{}", got.body);
    }
    // The same changes read again have the same ids.
    live(hook, &variables);
    let ids: Vec<_> = receiver.bodies().iter().map(|body| body["id"].clone()).collect();
    assert!(ids.len() == 4 && ids[0] != ids[1] && ids[..2] == ids[2..], "{ids:?}");
}

/// While the log is still being written.
#[test]
fn changes_are_sent_as_they_happen() {
    let receiver = Endpoint::start(&[Answer::Status(200)]);
    let plan = plan(
        "[[notify]]\nwebhook = \"env:HOOK\"\non = [\"rollback\", \"checkpoint\"]\n\n\
         [[checkpoint]]\nid = \"20s\"\ntitle = \"It answers\"\nat = \"20s\"\ncheck = [\n\
         { id = \"answers\", about = \"bots are listed\", expect = \"count(http.request{status=2xx}[20s]) > 99\" },\n]",
    );
    let mut command = command(&["--plan", plan.path().to_str().unwrap()]);
    let mut child = command.env("HOOK", &receiver.url).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all((log() + &healthy(40..120)).as_bytes()).unwrap();
    eventually("all three are sent", || receiver.got().len() == 3);
    let texts: Vec<_> = receiver.bodies().iter().map(|body| body["text"].clone()).collect();
    assert_eq!(
        texts,
        [
            "look into stdin (shop): checkpoint 20s, It answers",
            "ROLL BACK stdin (shop): fails  3 ≥ 3",
            "resolved: stdin (shop): fails",
        ]
    );
    drop(pipe);
    let ran = ended(child, Duration::from_secs(5));
    assert_eq!((ran.status, ran.err.as_str(), receiver.got().len()), (Some(4), "", 3));
}

/// The verdict that a trigger makes is no second message to people.
#[test]
fn people_are_told_once_what_to_do() {
    let [slack, discord] = [(); 2].map(|()| Endpoint::start(&[Answer::Status(204)]));
    let notify = "[[notify]]\nslack = \"env:SLACK\"\n[[notify]]\ndiscord = \"env:DISCORD\"";
    let ran = live(notify, &[("SLACK", &slack.url), ("DISCORD", &discord.url)]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    let [slack, discord] = [slack, discord].map(|receiver| receiver.bodies());
    assert_eq!((slack.len(), discord.len()), (1, 1), "{slack:?} {discord:?}");
    let text = slack[0]["text"].as_str().unwrap();
    assert!(text.starts_with("ROLL BACK stdin (shop): fails  3 ≥ 3\nrequests fail\n```"), "{text}");
    assert!(text.contains("GET /api/bots") && !text.contains("s3cretToken99"), "{text}");
    assert_eq!(discord[0], json!({"content": text, "allowed_mentions": {"parse": []}}));
}

#[test]
fn what_fails_for_now_is_tried_again() {
    let receiver = Endpoint::start(&[Answer::TooMany, Answer::Status(500), Answer::Status(503), Answer::Status(200)]);
    let ran = live("[[notify]]\nslack = \"env:SLACK\"", &[("SLACK", &receiver.url)]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(4), ""));
    let bodies = receiver.bodies();
    assert!(bodies.len() == 4 && bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

/// The verdict and the exit status are those of a run without receivers, and nothing tells an address.
#[test]
fn what_cannot_be_delivered_is_told_without_its_address() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/h1dden", listener.local_addr().unwrap())
    };
    let refuses = Endpoint::start(&[Answer::Status(404)]);
    let redirects = Endpoint::start(&[Answer::Redirect]);
    let fails = Endpoint::start(&[Answer::Status(500)]);
    let notify = ["A", "B", "C", "D"].map(|name| format!("[[notify]]\non = [\"rollback\"]\nslack = \"env:{name}\"\n"));
    let urls = [&refuses, &redirects, &fails].map(|receiver| format!("{}/h1dden", receiver.url));
    let variables = [("A", &*urls[0]), ("B", &*urls[1]), ("C", &*urls[2]), ("D", &*gone)];
    let ran = live(&notify.concat(), &variables);
    assert_eq!(ran.status, Some(4), "{}", ran.err);
    for told in [
        "logwatch: notify 1 (slack): not delivered: status 404\n",
        "logwatch: notify 2 (slack): not delivered: status 302: it redirects, which is not followed\n",
        "logwatch: notify 3 (slack): not delivered: status 500\n",
        "logwatch: notify 4 (slack): not delivered: no connection",
    ] {
        assert!(ran.err.contains(told), "no `{told}` in {}", ran.err);
    }
    assert!(!ran.err.contains("h1dden") && !ran.out.contains("h1dden"), "{}", ran.err);
    assert_eq!((refuses.got().len(), redirects.got().len()), (1, 1), "neither is tried again");
    assert!(fails.got().len() > 3);
}

/// A receiver that never answers holds up neither the run nor another receiver.
#[test]
fn a_receiver_that_hangs_ends_at_its_timeout() {
    let [hangs, works] = [Endpoint::start(&[Answer::Never]), Endpoint::start(&[Answer::Status(200)])];
    let notify = "[[notify]]\nwebhook = \"env:HANGS\"\n[[notify]]\nwebhook = \"env:WORKS\"";
    let start = Instant::now();
    let ran = live(notify, &[("HANGS", &hangs.url), ("WORKS", &works.url)]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!((ran.status, works.got().len()), (Some(4), 2), "{}", ran.err);
    assert!(ran.err.contains("notify 1 (webhook): ") && !ran.err.contains("notify 2"), "{}", ran.err);
    assert!(ran.out.contains("VERDICT"), "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn a_command_gets_the_event_on_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("got").display().to_string();
    let notify = format!(
        "[[notify]]\non = [\"rollback\"]\ncommand = [\"sh\", \"-c\", 'cat >> \"$0\"; echo noise', \"{path}\"]\n\
         [[notify]]\non = [\"rollback\"]\ncommand = [\"sh\", \"-c\", \"exit 3\"]\n\
         [[notify]]\non = [\"rollback\"]\ncommand = [\"./no-such-program\"]\n"
    );
    let ran = live(&notify, &[]);
    assert_eq!(ran.status, Some(4));
    let body: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!((&body["event"]["id"], &body["event"]["state"]), (&json!("fails"), &json!("firing")));
    let mut told: Vec<&str> = ran.err.lines().collect();
    told.sort_unstable();
    assert_eq!(told.len(), 2, "{}", ran.err);
    assert_eq!(told[0], "logwatch: notify 2 (command): not delivered: ended with exit status: 3");
    assert!(told[1].starts_with("logwatch: notify 3 (command): not delivered: cannot be started: "), "{}", told[1]);
    assert!(!ran.out.contains("noise"), "{}", ran.out);
}

/// A replay needs no addresses, either.
#[test]
fn a_replay_sends_nothing_unless_asked_to() {
    let receiver = Endpoint::start(&[Answer::Status(200)]);
    let notify = "[[notify]]\nwebhook = \"env:HOOK\"\non = [\"rollback\"]";
    let ran = replay(notify, &[], &[]);
    assert_eq!(
        (ran.status, ran.err.as_str()),
        (Some(4), "logwatch: a replay sends none of the plan's notifications; --notify sends them\n")
    );
    assert_eq!(replay(notify, &[], &["-q"]).err, "");
    assert_eq!(receiver.got().len(), 0);
    let ran = replay(notify, &[("HOOK", &receiver.url)], &["--notify"]);
    assert_eq!((ran.status, ran.err.as_str(), receiver.got().len()), (Some(4), "", 1));
}

#[test]
fn a_sample_is_sent_to_each_receiver() {
    let [works, fails] = [Endpoint::start(&[Answer::Status(200)]), Endpoint::start(&[Answer::Status(403)])];
    let notify = "[[notify]]\nwebhook = \"env:A\"\non = [\"checkpoint\"]\n[[notify]]\ndiscord = \"env:B\"";
    let ran = test(notify, &[("A", &works.url), ("B", &fails.url)]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(1), ""));
    assert_eq!(ran.out, "notify 1 (webhook): delivered\nnotify 2 (discord): not delivered: status 403\n");
    let bodies = works.bodies();
    assert_eq!(bodies[0]["event"], json!({"type": "test"}));
    assert_eq!(bodies[0]["text"], "test of shop: this is a sample, nothing is to be done");
    let ran = test("[[notify]]\nwebhook = \"env:A\"", &[("A", &works.url)]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(0), "notify 1 (webhook): delivered\n"));
    let ran = test("", &[]);
    assert!(ran.status == Some(2) && ran.err.contains("has no [[notify]]"), "{}", ran.err);
}

/// With the line of the plan, and without what may be a secret.
#[test]
fn what_is_no_receiver_is_refused() {
    for (notify, line, part) in [
        ("[[notify]]", 12, "one of `command`, `webhook`, `slack`, `discord`, `pagerduty`, `telegram` and `email`"),
        ("[[notify]]\nslack = \"env:A\"\ndiscord = \"env:A\"", 12, "one of `command`"),
        ("[[notify]]\nslack = \"https://h1dden.example\"", 13, "write `env:NAME`"),
        ("[[notify]]\ncommand = []", 13, "`command` is empty"),
        ("[[notify]]\nwebhook = \"http://h1dden.example/\"", 13, "without TLS"),
        ("[[notify]]\nwebhook = \"ftp://h1dden.example/\"", 13, "begin it with https://"),
        ("[[notify]]\nwebhook = \"https://a.example\"\nsecret = \"h1dden\"", 14, "write `env:NAME`"),
        ("[[notify]]\nslack = \"env:A\"\nsecret = \"env:A\"", 14, "`secret` signs"),
        ("[[notify]]\nslack = \"env:A\"\non = []", 12, "`on` is empty"),
    ] {
        for ran in [live(notify, &[]), replay(notify, &[], &[]), test(notify, &[])] {
            assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{notify}: {}", ran.err);
            assert!(ran.err.contains(&format!("toml:{line}: ")) && ran.err.contains(part), "{notify}: {}", ran.err);
            assert!(!ran.err.contains("h1dden"), "{}", ran.err);
        }
    }
    for (variables, part) in [
        (&[][..], "toml:13: the environment variable HOOK_ADDRESS is not set"),
        (&[("HOOK_ADDRESS", "h1dden")], "toml:13: what HOOK_ADDRESS holds is no address"),
        (&[("HOOK_ADDRESS", "http://h1dden.example")], "toml:13: what HOOK_ADDRESS holds is an address without TLS"),
    ] {
        let notify = "[[notify]]\nslack = \"env:HOOK_ADDRESS\"";
        for ran in [live(notify, variables), test(notify, variables)] {
            assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
            assert!(ran.err.contains(part) && !ran.err.contains("h1dden"), "{}", ran.err);
        }
    }
}
