//! `--record`: what was read, kept for an exact replay.

use std::fs;

use super::logs::healthy;
use crate::support::program::{fixture, logwatch, piped, read};

const JSON: [&str; 4] = ["--plan", "dl-034", "--format", "json"];

#[test]
fn a_recording_replays_to_the_same_output() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run").display().to_string();
    for name in ["dl-034/before-fix.jsonl", "captured/service.jsonl", "bad-input/nul-bytes.jsonl"] {
        for mode in [&["replay", "-"][..], &[]] {
            let recorded = piped(&[mode, &JSON, &["--record", &recording]].concat(), &read(&fixture(name)));
            let replayed = logwatch(&[&["replay", "--source", &format!("stdin={recording}")], &JSON[..]].concat());
            assert_eq!(replayed, recorded, "{name} {mode:?}");
        }
    }
}

/// What stands before the input's first line must not hide its mark.
#[test]
fn a_recording_of_input_with_a_byte_order_mark_is_exact() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run").display().to_string();
    let log = read(&fixture("bad-input/bom.jsonl"));
    let recorded = piped(&[&JSON[..], &["--record", &recording]].concat(), &log).summary();
    let replayed = logwatch(&[&["replay", &recording], &JSON[..]].concat()).summary();
    assert_eq!((&recorded["http"], &recorded["input"]), (&replayed["http"], &replayed["input"]));
}

/// Behind the line that says what it is, and the clock's, it is the input as it came.
#[test]
fn a_recording_holds_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run");
    for name in ["dl-034/before-fix.jsonl", "bad-input/invalid-utf8.jsonl", "bad-input/crlf.jsonl"] {
        let log = read(&fixture(name));
        piped(&["-q", "--record", recording.to_str().unwrap()], &log);
        let kept = fs::read(&recording).unwrap();
        let (first, rest) = kept.split_at(kept.iter().position(|byte| *byte == b'\n').unwrap() + 1);
        assert_eq!(first, b"{\"logwatch\":\"recording\",\"v\":1}\n");
        assert!(rest == log, "{name}");
    }
}

/// A service that prints what a recording uses for itself moves nothing, not even when it is replayed.
#[test]
fn a_recording_holds_lines_that_look_like_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let own = concat!(
        "{\"logwatch\":\"recording\",\"v\":1}\n{\"logwatch\":\"advance\",\"to\":\"2125-08-25T13:50:59Z\"}\r\n",
        "\u{feff}{\"logwatch\":\"lost\"}\n{\"logwatch\":\"line\"}\n{\"logwatch\":\"line\"}{\"logwatch\":\"lost\"}\n"
    );
    let log = healthy(0..30) + own + &healthy(30..60) + "{\"logwatch\":\"lost\"}";
    let recorded = piped(&["replay", "-", "--format", "json", "--record", &path("once")], log.as_bytes());
    assert_eq!(recorded.summary()["input"]["lines"], 66);
    let once = format!("stdin={}", path("once"));
    let replayed = logwatch(&["replay", "--source", &once, "--format", "json", "--record", &path("twice")]);
    assert_eq!(replayed, recorded);
    let twice = format!("stdin={}", path("twice"));
    let replayed = logwatch(&["replay", "--source", &twice, "--format", "json"]);
    assert_eq!(replayed, recorded);
}

#[test]
fn a_compressed_recording_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run");
    let recorded = piped(
        &[&JSON[..], &["--record", recording.to_str().unwrap()]].concat(),
        &read(&fixture("captured/service.jsonl")),
    );
    let packed = zstd::encode_all(fs::read(&recording).unwrap().as_slice(), 1).unwrap();
    assert_eq!(piped(&[&["replay", "-"], &JSON[..]].concat(), &packed).out, recorded.out);
}

#[test]
fn a_recording_is_of_one_source() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run");
    let log = fixture("dl-034/before-fix.jsonl");
    let ran = logwatch(&["replay", &log, &log, "--record", recording.to_str().unwrap()]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""));
    assert!(ran.err.contains("--record") && !recording.exists(), "{}", ran.err);
}

/// It holds the secrets of the log.
#[cfg(unix)]
#[test]
fn a_recording_is_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("run");
    piped(&["-q", "--record", recording.to_str().unwrap()], b"a line\n");
    assert_eq!(format!("{:o}", recording.metadata().unwrap().permissions().mode() & 0o777), "600");
}

/// What was measured beside the log stands in it, counts in its second, and is no line; one that came when its second was complete
/// counts in the first that was not.
#[test]
fn a_recording_holds_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let trigger =
        "[[trigger]]\nid = \"down\"\nseverity = \"rollback\"\nwhen = \"count(probe.failed{probe='health'}) >= 2\"\n";
    let slow = "[[trigger]]\nid = \"slow\"\nseverity = \"info\"\nwhen = \"max(probe.failed{}.duration) > 4s\"\n";
    let probe = "[[probe]]\nid = \"health\"\ncommand = [\"false\"]\n";
    fs::write(path("plan.toml"), format!("[plan]\nid = \"shop\"\ntitle = \"Shop\"\n{trigger}{slow}{probe}")).unwrap();
    let measured = |at: &str| {
        format!(
            "{{\"logwatch\":\"external\",\"event\":{{\"at\":\"{at}\",\"class\":\"probe.failed\",\"labels\":{{\"probe\":\"health\"}},\"values\":{{\"duration\":4.5}},\"message\":\"health: status 503\"}}}}\n"
        )
    };
    let log = [
        "{\"logwatch\":\"recording\",\"v\":1}\n",
        &healthy(0..30),
        &measured("2025-08-25T13:50:30.5Z"),
        &healthy(30..40),
        &measured("2025-08-25T13:50:00Z"),
        &healthy(40..60),
    ]
    .concat();
    fs::write(path("run"), log).unwrap();
    let ran = logwatch(&["replay", &path("run"), "--plan", &path("plan.toml"), "--format", "json"]);
    let told = ran.objects();
    let fired = |id: &str| told.iter().find(|event| event["id"] == id && event["state"] == "firing").cloned().unwrap();
    assert_eq!((&fired("slow")["at"], &fired("slow")["value"]), (&"2025-08-25T13:50:31Z".into(), &4.5.into()));
    // The last line had come to 13:50:39, and lines may come 2 s late.
    let down = fired("down");
    assert_eq!(
        (&down["at"], &down["evidence"][0]["line"]),
        (&"2025-08-25T13:50:38Z".into(), &"health: status 503".into())
    );
    assert_eq!(down["evidence"][0]["file"], "measured");
    let summary = ran.summary();
    assert_eq!((&summary["input"]["lines"], &summary["classes"]["probe.failed"]["count"]), (&60.into(), &2.into()));
}
