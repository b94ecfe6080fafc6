//! Where lines come from: files, labelled files, several at once, a pipe, a redirected file.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use super::logs::{healthy, request};
use crate::support::program::{command, fixture, fixture_text, logwatch, objects, piped, read, run};

const LOG: &str = "dl-034/before-fix.jsonl";
const JSON: [&str; 4] = ["--plan", "dl-034", "--format", "json"];

fn files(objects: &[Value]) -> Vec<&str> {
    let evidence = objects.iter().flat_map(|object| object["evidence"].as_array().into_iter().flatten());
    let mut files: Vec<&str> = evidence.map(|line| line["file"].as_str().unwrap()).collect();
    files.sort();
    files.dedup();
    files
}

#[test]
fn a_file_is_called_by_its_name_or_by_its_label() {
    let named = logwatch(&[&["replay", &fixture(LOG)], &JSON[..]].concat());
    assert_eq!(files(&named.objects()), ["before-fix.jsonl"]);
    let source = format!("api={}", fixture(LOG));
    let labelled = logwatch(&[&["replay", "--source", &source], &JSON[..]].concat());
    assert_eq!(files(&labelled.objects()), ["api"]);
    assert_eq!(labelled.out.replace("\"api\"", "\"before-fix.jsonl\""), named.out);
    let text = logwatch(&["replay", "--source", &source]).out;
    assert!(text.starts_with("api   plan default"), "{text}");
}

#[test]
fn a_source_needs_a_label_and_a_file() {
    for source in ["api", "=api.jsonl", "api="] {
        let ran = logwatch(&["replay", "--source", source]);
        assert_eq!(ran.status, Some(2), "{source}");
        assert!(ran.err.contains("LABEL=FILE"), "{}", ran.err);
    }
}

/// Two files of one name would be one in what is told.
#[test]
fn sources_of_one_name_are_told_apart() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let paths = folders.each_ref().map(|folder| folder.path().join("app.jsonl").to_str().unwrap().to_string());
    let log = read(&fixture(LOG));
    let half = log.len() / 2 + memchr::memchr(b'\n', &log[log.len() / 2..]).unwrap() + 1;
    std::fs::write(&paths[0], &log[..half]).unwrap();
    std::fs::write(&paths[1], &log[half..]).unwrap();
    let ran = logwatch(&[&["replay", &paths[0], &paths[1]], &JSON[..]].concat());
    let mut named = files(&ran.objects()).into_iter().map(String::from).collect::<Vec<_>>();
    named.sort();
    named.dedup();
    assert!(!named.is_empty() && named.iter().all(|name| paths.contains(name)), "{named:?}");
    let twice = logwatch(&["--source", &format!("app={}", paths[0]), "--source", &format!("app={}", paths[1])]);
    assert_eq!(twice.status, Some(2));
    assert!(twice.err.contains("two sources are called app"), "{}", twice.err);
}

/// Cut in two anywhere, and given in any order: the same run but for the names of the files.
#[test]
fn several_files_are_one_timeline() {
    let text = fixture_text(LOG);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let whole = logwatch(&[&["replay", &fixture(LOG)], &JSON[..]].concat());
    let bare = |out: &str| -> Vec<Value> { objects(out).into_iter().map(placeless).collect() };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for cut in [1, lines.len() / 2, lines.len() - 1] {
        fs::write(path("a.jsonl"), lines[..cut].concat()).unwrap();
        fs::write(path("b.jsonl"), lines[cut..].concat()).unwrap();
        for order in [["a.jsonl", "b.jsonl"], ["b.jsonl", "a.jsonl"]] {
            let [first, second] = order.map(path);
            let ran = logwatch(&[&["replay", &first, &second], &JSON[..]].concat());
            assert_eq!(ran.status, whole.status, "cut at {cut}");
            assert_eq!(bare(&ran.out), bare(&whole.out), "cut at {cut}, {order:?}");
        }
    }
}

/// Without what tells the place of a line: its file and its number there.
fn placeless(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.remove("file");
            members.remove("line_no");
            members.values_mut().for_each(|member| *member = placeless(member.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = placeless(item.take())),
        _ => {}
    }
    value
}

#[test]
fn files_of_one_time_are_merged_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let failing: String = (0..60).step_by(2).map(|second| request(second, "/api/user/exchanges", 500)).collect();
    fs::write(path("good.jsonl"), healthy(0..60)).unwrap();
    fs::write(path("bad.jsonl"), failing).unwrap();
    let sources = [format!("good={}", path("good.jsonl")), format!("bad={}", path("bad.jsonl"))];
    let ran = logwatch(&[&["replay", "--source", &sources[0], "--source", &sources[1]], &JSON[..]].concat());
    let summary = ran.summary();
    assert_eq!((&summary["http"]["requests"], &summary["input"]["late"]), (&90.into(), &0.into()));
    assert_eq!(ran.status, Some(4));
    assert_eq!(files(&ran.objects()), ["bad"]);
}

/// A pipe named `-`, one that is not named, and a file as standard input.
#[test]
fn standard_input_is_a_source() {
    let log = read(&fixture(LOG));
    let named = logwatch(&[&["replay", &fixture(LOG)], &JSON[..]].concat());
    let expected = named.out.replace("\"before-fix.jsonl\"", "\"stdin\"");
    for arguments in [&["replay", "-"][..], &["replay"], &["-"], &[]] {
        let ran = piped(&[arguments, &JSON].concat(), &log);
        assert_eq!((ran.status, &ran.out), (named.status, &expected), "{arguments:?} from a pipe");
        let file = fs::File::open(fixture(LOG)).unwrap();
        let ran = run(command(&[arguments, &JSON].concat()).stdin(Stdio::from(file)));
        assert_eq!((ran.status, &ran.out), (named.status, &expected), "{arguments:?} from a file");
    }
}

#[test]
fn a_file_and_standard_input_go_together() {
    let http = read(&fixture("dl-034/before-fix.http.jsonl"));
    let ran = piped(&[&["replay", &fixture(LOG), "-"], &JSON[..]].concat(), &http);
    let summary = ran.summary();
    assert_eq!((ran.status, &summary["http"]["requests"]), (Some(4), &106.into()));
    assert_eq!(summary["input"]["lines"], 218 + 106);
}

/// Compression is told by the bytes, not by the name.
#[test]
fn compressed_input_needs_no_name() {
    let log = read(&fixture(LOG));
    let plain = piped(&["replay", "-", "--format", "json"], &log);
    let packed = piped(&["replay", "-", "--format", "json"], &zstd::encode_all(log.as_slice(), 1).unwrap());
    assert_eq!(packed.out, plain.out);
}

/// One log given twice is one log: duplicates are counted, not used.
#[test]
fn a_log_given_twice_is_told_once() {
    let once = logwatch(&[&["replay", &fixture(LOG)], &JSON[..]].concat()).summary();
    let twice = logwatch(&[&["replay", &fixture(LOG), &fixture(LOG)], &JSON[..]].concat()).summary();
    assert_eq!(twice["classes"], once["classes"]);
    assert_eq!((&twice["input"]["duplicate"], &twice["verdict"]), (&once["input"]["lines"], &once["verdict"]));
}
