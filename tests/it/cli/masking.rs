//! Secrets, which nothing that is shown of a log may hold, and commands to GitHub's runner, which none may be.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::logs::{healthy, line, request};
use crate::support::program::{Ran, command, fixture, logwatch, run};

/// Where secrets stand in a message; `§` is the secret.
const FRAMES: [&str; 14] = [
    "ERROR:shop.auth:login failed password=§ for bob",
    "ERROR:shop.auth:calling with {\"password\": \"§\", \"user\": \"bob\"} failed",
    "ERROR:shop.auth:body {\\\"accessToken\\\":\\\"§\\\"} refused",
    "ERROR:shop.auth:Authorization: Token § refused",
    "WARNING:shop.auth:Cookie: session=§; theme=dark",
    "ERROR:shop.db:connect postgres://app:§@db:5432/x failed",
    "ERROR:shop.auth:jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.§ expired",
    "ERROR:shop.auth:cannot load -----BEGIN PRIVATE KEY-----\nMIIEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE§\n-----END PRIVATE KEY-----",
    "Traceback (most recent call last):\n  File \"/app/x.py\", line 3, in f\n    g()\nValueError: bad token: '§'",
    "QueuePool limit of size 5 overflow 10 reached, dsn postgres://app:§@db/x",
    "ERROR:shop:{\"message\": \"secret=§ is wrong\", \"status_code\": 500}",
    "INFO:     100.64.0.3:41000 - \"GET /api/reset?token=§ HTTP/1.1\" 500 Internal Server Error",
    "INFO:     100.64.0.3:41000 - \"GET /p;sid=§/x HTTP/1.1\" 500 Internal Server Error",
    "a line that nothing knows, api_key=§",
];

const PLAN: &str = r#"
[plan]
id = "own"
title = "Own"

[[trigger]]
id = "any"
severity = "investigate"
when = "count(own.captured) by (word) > 0"

[[trigger]]
id = "requests"
severity = "investigate"
when = "count(http.error) by (method, route, path, query) > 0"

[[trigger]]
id = "errors"
severity = "investigate"
when = "count(app.error) by (logger, shape) > 0"
"#;

/// A pattern that takes what stands behind a name, without it.
const PACK: &str = r#"
[[pattern]]
class = "own.captured"
about = "Captures a secret"
severity = "warning"
match = '(?:password|token|secret|Token|session|sid|api_key)\W+(?<word>[^\s"]+)'
labels = ["word"]
"#;

/// Everything the program tells of a log, in every way it has.
fn all_that_is_told(log: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (log_path, plan, packs, page) = (path("app.jsonl"), path("own.toml"), path("packs"), path("page.md"));
    fs::write(&log_path, log).unwrap();
    fs::write(&plan, PLAN).unwrap();
    fs::create_dir(&packs).unwrap();
    fs::write(folder.path().join("packs/own.toml"), PACK).unwrap();
    fs::write(&page, "").unwrap();
    let mut told = String::new();
    let mut add = |ran: Ran| told += &format!("{}{}", ran.out, ran.err);
    for format in ["text", "json"] {
        let arguments = ["replay", &log_path, "--plan", &plan, "--patterns", &packs, "--format", format, "-v"];
        let mut command = command(&[&arguments[..], more].concat());
        add(run(command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &page)));
    }
    add(logwatch(&[&["replay", &log_path][..], more].concat()));
    add(logwatch(&[&["patterns", "explain", &log_path, "--patterns", &packs][..], more].concat()));
    for line in log.lines().take(3) {
        add(logwatch(&[&["patterns", "explain", line, "--patterns", &packs][..], more].concat()));
    }
    told + &fs::read_to_string(page).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]
    #[test]
    fn a_secret_is_nowhere(
        secret in "[a-zA-Z]{3}[0-9][a-zA-Z0-9_-]{8,20}[a-zA-Z]",
        frame in 0..FRAMES.len(),
        long in prop_oneof![Just(0usize), Just(330), Just(395), Just(1_100)],
    ) {
        // A key is written in base64.
        let is_key = FRAMES[frame].contains("PRIVATE KEY");
        let secret = if is_key { secret.replace(['-', '_'], "x") } else { secret };
        let message = FRAMES[frame].replace('§', &secret);
        // So long that what is shown is cut within the secret, too.
        let head = message.match_indices(':').nth(1).filter(|_| message.starts_with("ERROR") || message.starts_with("WARNING"));
        let message = match head {
            Some((at, _)) => format!("{}{}{}", &message[..=at], "x ".repeat(long / 2), &message[at + 1..]),
            None => message,
        };
        let records: String = message.lines().enumerate().map(|(at, text)| line(5 + at as u32 / 10, "error", text)).collect();
        // A line of a key with words in it is not told as one when it is a record of its own.
        let records = if is_key { String::new() } else { records };
        let log = line(5, "error", &message) + &records + &healthy(10..40);
        let told = all_that_is_told(&log, &[]);
        for piece in [&secret[..], &secret[..10], &secret[secret.len() - 10..]] {
            prop_assert!(!told.contains(piece), "{} of {}\n{}", piece, message, told);
        }
    }
}

#[test]
fn one_error_with_many_tokens_is_one_group() {
    let log: String = (0..40)
        .map(|n| {
            let token = format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.Sig-{n}x{}_q", n * 7919);
            line(n, "error", &format!("ERROR:shop.auth:token {token} refused, password=hunter{n}a"))
                + &request(n, &format!("/api/reset/eyJhbGciOiJIUzI1NiJ9.eyJz.Sig-{n}x{}", n * 7919), 500)
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, log).unwrap();
    let summary = logwatch(&["replay", file.path().to_str().unwrap(), "--format", "json"]).summary();
    assert_eq!(summary["errors"].as_array().unwrap().len(), 1, "{summary:#}");
    assert_eq!(summary["errors"][0]["count"], 40);
    assert_eq!(summary["errors"][0]["shape"], "token *** refused, password=***");
    assert_eq!(summary["http"]["by_route"].as_array().unwrap().len(), 1, "{summary:#}");
}

#[test]
fn addresses_are_masked_when_it_is_asked_for() {
    let log = line(
        1,
        "error",
        "ERROR:shop:no mail to Bob.Smith@mail.example.com: mailbox of <Bob.Smith@mail.example.com> is full",
    ) + &request(2, "/api/users/Bob.Smith@mail.example.com", 500)
        + &request(3, "/api/users?mail=Bob.Smith%40mail.example.com", 500);
    assert!(all_that_is_told(&log, &[]).contains("Bob.Smith"));
    let told = all_that_is_told(&log, &["--redact", "email"]);
    assert!(!told.contains("Bob.Smith"), "{told}");
    assert!(logwatch(&["replay", "--help"]).out.contains("--redact"));
}

/// Every file under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn fixtures_hold_no_secrets_and_come_out_unchanged() {
    let is_text = |path: &Path| !path.extension().is_some_and(|extension| extension == "gz" || extension == "zst");
    let mut read = 0;
    for path in files(Path::new(&fixture(""))).into_iter().filter(|path| is_text(path)) {
        for line in String::from_utf8_lossy(&fs::read(&path).unwrap()).lines() {
            assert_eq!(logwatch::mask(line), line, "{}", path.display());
        }
        read += 1;
    }
    assert!(read >= 40, "{read}");
}

/// What a value is masked by stands around it: whether it was met elsewhere before changes nothing.
#[test]
fn a_value_that_was_harmless_before_is_masked() {
    const PLAN: &str = r#"
[plan]
id = "own"
title = "Own"

[[trigger]]
id = "words"
severity = "investigate"
when = "count(own.captured) by (word) > 0"

[[trigger]]
id = "queries"
severity = "investigate"
when = "count(http.error) by (query) > 0"

[[trigger]]
id = "shapes"
severity = "investigate"
when = "count(app.error) by (shape) > 0"
"#;
    let secret = "Zq7Zx9Kw5Vt3";
    let pack = PACK.replace("(?:password|", "(?:password|word|");
    let (log, packs) = (tempfile::NamedTempFile::new().unwrap(), tempfile::tempdir().unwrap());
    let plan = packs.path().join("plan/own.toml");
    fs::create_dir_all(packs.path().join("packs")).unwrap();
    fs::create_dir_all(packs.path().join("plan")).unwrap();
    fs::write(packs.path().join("packs/own.toml"), pack).unwrap();
    fs::write(&plan, PLAN).unwrap();
    let groups = |lines: [&dyn Fn(u32) -> String; 6]| -> Vec<String> {
        let text: String = (5..).zip(lines).map(|(second, line)| line(second)).collect();
        fs::write(log.path(), text).unwrap();
        let packs = packs.path().join("packs");
        let ran = logwatch(&[
            "replay",
            log.path().to_str().unwrap(),
            "--plan",
            plan.to_str().unwrap(),
            "--patterns",
            packs.to_str().unwrap(),
            "--format",
            "json",
        ]);
        let objects = ran.objects();
        let mut groups: Vec<String> = objects
            .iter()
            .filter(|object| object["state"] == "firing")
            .map(|object| object["group"].to_string())
            .collect();
        groups.sort();
        groups
    };
    let harmless = |second| line(second, "info", &format!("found word={secret} in it"));
    let told = |second| line(second, "info", &format!("login with password={secret}"));
    let promo = |second| request(second, &format!("/promo?code={secret}"), 500);
    let callback = |second| request(second, &format!("/auth/callback?code={secret}"), 500);
    let short = |second| line(second, "error", "wrong pin=12");
    let pin = |second| line(second, "error", "wrong pin=1234");
    let before = groups([&harmless, &promo, &short, &told, &callback, &pin]);
    let behind = groups([&told, &callback, &pin, &harmless, &promo, &short]);
    assert_eq!(before, behind);
    assert_eq!(before.len(), 6, "{before:#?}");
}

/// A secret that reaches behind what is kept of a route.
#[test]
fn a_route_is_masked_before_it_is_cut() {
    let (user, host) = ("u".repeat(120), "db.example");
    for secret in [format!("Zq7Zx9{}", "k".repeat(90)), "Zq7Zx9Kw5Vt3".to_string()] {
        for target in [
            format!("/proxy/{}/postgres://{user}:{secret}@{host}/x", "p".repeat(60)),
            format!("/proxy/postgres://app:{secret}@{host}/x"),
            format!("/proxy/postgres://app:{secret}/7/8@{host}/x"),
            format!("/proxy/postgres%3A%2F%2F{user}%3A{secret}%40{host}"),
            format!("/{}/token={secret}", "p".repeat(186)),
        ] {
            let told = all_that_is_told(&(request(5, &target, 500) + &healthy(10..40)), &[]);
            assert!(!told.contains("Zq7Zx9"), "{target}\n{told}");
        }
    }
}

/// A private key of which each line is a record: nothing of it is shown, whatever its width.
#[test]
fn lines_of_a_private_key_are_masked_in_records_of_their_own() {
    const KEY: &str = "m3Vx0b7TqLrZ2k9Yd4HsWn1Qe8Uf5Cj6Aa+Gp7Io2Rt9Xv0Bz3My4Nl5Kw6Fh8Dg1Es7Pu2Oc9Jq3Ti4Vb5Lx6Sk8Zm0Ry1We2Hf3Ud4Qa5Gn6Cp7";
    for width in [32, 48, 60, 64, 70, 72, 76] {
        let lines = KEY.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line));
        let key: Vec<_> = lines.filter(|line| line.len() >= 16).collect();
        let text = ["-----BEGIN PRIVATE KEY-----"]
            .into_iter()
            .chain(key.iter().map(|line| &**line))
            .chain(["x9K0aQ==", "-----END PRIVATE KEY-----"]);
        let log: String = text.enumerate().map(|(at, text)| line(5 + at as u32 / 10, "error", text)).collect();
        let told = all_that_is_told(&(log + &healthy(10..40)), &[]);
        for piece in key.iter().map(|line| &line[..12]).chain(["x9K0aQ"]) {
            assert!(!told.contains(piece), "{width}: {piece}\n{told}");
        }
    }
}

/// Under GitHub Actions nothing of a log is a command, wherever it is shown.
#[test]
fn no_text_of_others_is_a_command() {
    let hostile =
        ["::error title=pwned::X", "\u{a0}\u{2003}::error::X", "##[error]X", "\u{feff}\u{200b}::stop-commands::x"];
    let mut log = String::new();
    for (at, text) in hostile.iter().enumerate() {
        let second = at as u32;
        log += &line(
            second,
            "error",
            &format!("ERROR:{}:{text} QueuePool limit of size 5 overflow 10 reached", text.replace(' ', "")),
        );
        log += &format!(
            "{}\n",
            serde_json::json!({"timestamp": super::logs::at(second), "level": "error", "logger": text, "message": text})
        );
        log += &format!(
            "{}\n",
            serde_json::json!({
                "timestamp": super::logs::at(second), "method": text, "path": format!("/{text}"), "httpStatus": 500, "totalDuration": 5, "srcIp": text,
            })
        );
        log += &line(
            second,
            "error",
            &format!("INFO:     100.64.0.3:41000 - \"{} /x HTTP/1.1\" 500 No", text.replace(' ', "")),
        );
        log += &line(
            second,
            "error",
            &format!("Traceback (most recent call last):\n  File \"{text}\", line 1, in {text}\n{text}: {text}"),
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let (file, plan, packs) = (path("::error::x ##[error]"), path("own.toml"), path("packs"));
    fs::write(&file, log + &healthy(10..40)).unwrap();
    fs::write(&plan, PLAN.replace("\"Own\"", "\"::error::Own ##[x]\"")).unwrap();
    fs::create_dir(&packs).unwrap();
    fs::write(folder.path().join("packs/own.toml"), PACK).unwrap();
    let source = format!("::error::label={file}");
    let source_two = format!("##[error]two={file}");
    let runs: Vec<Vec<&str>> = vec![
        vec!["replay", &file, "--plan", &plan, "--patterns", &packs, "-v"],
        vec!["replay", "--source", &source, "--source", &source_two, "-v", "--color", "always"],
        vec!["replay", &file, "--plan", &plan, "--patterns", &packs, "--format", "json"],
        vec!["replay", "::error::nothing\n::error::x ##[x]"],
        vec!["patterns", "explain", &file],
        vec!["patterns", "explain", "::error::x ##[x]"],
        vec!["plan", "check", &plan, "--patterns", &packs],
        vec!["plan", "show", &plan],
        vec!["patterns", "show", "::error::x\n::error::y"],
    ];
    for arguments in runs {
        let ran = run(command(&arguments).env("GITHUB_ACTIONS", "true"));
        for line in ran.out.lines().chain(ran.err.lines()) {
            let ours = line.starts_with("::") && line.contains(" title=logwatch%3A ");
            let trimmed = line.trim_start_matches(|c: char| c.is_whitespace() || "\u{feff}\u{200b}".contains(c));
            assert!(ours || !trimmed.starts_with("::"), "{arguments:?}: {line:?}");
            assert!(!line.contains("##["), "{arguments:?}: {line:?}");
        }
    }
}
