//! What is read is not written over, and no file is written twice: told by what files are, not by their names.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::logs::healthy_minutes;
use crate::support::program::{Ran, command, ended, logwatch, run};

struct Place(tempfile::TempDir);

impl Place {
    /// A folder with a log in it.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.jsonl"), healthy_minutes()).unwrap();
        Place(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn assert_refused(&self, ran: &Ran, parts: &[&str]) {
        assert_eq!((ran.status, ran.out.as_str()), (Some(2), ""), "{ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        for part in parts {
            assert!(ran.err.contains(part), "no {part} in {}", ran.err);
        }
        assert_eq!(fs::read_to_string(self.path("app.jsonl")).unwrap(), healthy_minutes(), "{}", ran.err);
    }
}

fn same(path: &str, place: &Place) -> [String; 2] {
    // By a way around, and as it is.
    [path.to_string(), place.path(&format!("./{}", Path::new(path).file_name().unwrap().to_str().unwrap()))]
}

#[cfg(unix)]
#[test]
fn an_input_is_never_written_over() {
    let place = Place::new();
    let log = place.path("app.jsonl");
    std::os::unix::fs::symlink(&log, place.path("symbolic.jsonl")).unwrap();
    std::os::unix::fs::symlink("symbolic.jsonl", place.path("twice.jsonl")).unwrap();
    fs::hard_link(&log, place.path("hard.jsonl")).unwrap();
    let before = place.names();
    for name in ["app.jsonl", "symbolic.jsonl", "twice.jsonl", "hard.jsonl"] {
        for other in same(&place.path(name), &place) {
            for option in ["--record", "--output"] {
                for arguments in [&["replay", &log][..], &[&log], &["replay", "--source", &format!("a={log}")]] {
                    let ran = logwatch(&[arguments, &[option, &other]].concat());
                    place.assert_refused(&ran, &[option, &other, &log]);
                }
                let labelled = format!("json={other}");
                let ran = logwatch(&["replay", &log, "--output", &labelled]);
                place.assert_refused(&ran, &["--output", &other]);
            }
        }
    }
    assert_eq!(place.names(), before);
}

#[cfg(unix)]
#[test]
fn standard_input_and_output_are_files_too() {
    let place = Place::new();
    let log = place.path("app.jsonl");
    for option in ["--record", "--output"] {
        let file = fs::File::open(&log).unwrap();
        let ran = run(command(&["replay", "-", option, &log]).stdin(Stdio::from(file)));
        place.assert_refused(&ran, &[option, "standard input"]);
    }
    // Appended to what is read.
    let file = fs::File::options().append(true).open(&log).unwrap();
    let ran = run(command(&["replay", &log]).stdout(Stdio::from(file)));
    place.assert_refused(&ran, &["standard output", &log]);
    let run_txt = place.path("run.txt");
    let file = fs::File::create(&run_txt).unwrap();
    let ran = run(command(&["replay", &log, "--output", &run_txt]).stdout(Stdio::from(file)));
    place.assert_refused(&ran, &["standard output", &run_txt]);
}

#[test]
fn plans_and_patterns_are_read_too() {
    let place = Place::new();
    let log = place.path("app.jsonl");
    let plan = place.path("plan.toml");
    fs::write(&plan, "[plan]\nid = \"x\"\ntitle = \"x\"\n").unwrap();
    let output = format!("text={plan}");
    place.assert_refused(&logwatch(&["replay", &log, "--plan", &plan, "--output", &output]), &["the plan", &plan]);
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("shop.toml").display().to_string();
    fs::write(&pack, "[[pattern]]\nclass = \"shop.sale\"\nabout = \"sold\"\nmatch = 'sold'\n").unwrap();
    let ran = logwatch(&["replay", &log, "--patterns", folder.path().to_str().unwrap(), "--record", &pack]);
    place.assert_refused(&ran, &["--record", &pack]);
    assert!(fs::read_to_string(&plan).unwrap().starts_with("[plan]") && fs::read_to_string(&pack).unwrap().len() > 50);
}

#[cfg(unix)]
#[test]
fn two_outputs_go_to_two_files() {
    let place = Place::new();
    let log = place.path("app.jsonl");
    // One that is there, one that is not, and links to either.
    fs::write(place.path("there.json"), "").unwrap();
    for name in ["there", "new"] {
        std::os::unix::fs::symlink(format!("{name}.json"), place.path(&format!("to-{name}.json"))).unwrap();
    }
    let before = place.names();
    for name in ["there", "new"] {
        let first = place.path(&format!("{name}.json"));
        for second in [first.clone(), place.path(&format!("./{name}.json")), place.path(&format!("to-{name}.json"))] {
            for option in ["--record", "--output"] {
                let ran = logwatch(&["replay", &log, "--output", &first, option, &second]);
                place.assert_refused(&ran, &["--output", option, &first, &second]);
            }
        }
    }
    assert_eq!(place.names(), before);
    // A device takes what it is given.
    let ran =
        logwatch(&["replay", &log, "--output", "/dev/null", "--output", "json=/dev/null", "--record", "/dev/null"]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
}

/// A named pipe that is read is not written to: the program would wait for itself.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_read_and_written() {
    let place = Place::new();
    let pipe = place.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let ran = ended(command(&[&pipe, "--record", &pipe]).spawn().unwrap(), std::time::Duration::from_secs(5));
    place.assert_refused(&ran, &["--record", &pipe]);
}
