//! `--record`: what was read, kept for an exact replay.

use std::fs;

use super::logs::healthy;
use super::program::{fixture, logwatch, piped, read};

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
