//! What it costs that somebody looks: of a release build, on a machine that does nothing else: `cargo build --release`, then
//! `LOGWATCH_RELEASE=$PWD/target/release/logwatch LOGWATCH_BROWSER=chromium cargo test --test it cli::cost -- --ignored --nocapture`.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::chromium::Browser;
use super::logs::{line, request};
use super::serve::Served;

/// Seconds that are written before it is measured, at one request each: the page is as large as it gets.
const BEFORE: u32 = 14_400;
/// Lines a second while it is measured.
const RATE: u32 = 500;
/// Seconds of that.
const MEASURED: u32 = 20;

/// Seconds of a processor's time that a process has used.
fn used(process: u32) -> f64 {
    /// What Linux counts them in, a second.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // Its name, which may hold anything, is in brackets; the times are fields 14 and 15.
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS
}

fn second(second: u32, requests: u32) -> String {
    let route =
        |n: u32| format!("/api/{}/things", ["users", "shops", "bots", "carts", "bills", "mails"][n as usize % 6]);
    let status = |n: u32| if (second + n).is_multiple_of(97) { 500 } else { 200 };
    let requests = (0..requests).map(|n| request(second, &route(second + n), status(second + n)));
    let error =
        second.is_multiple_of(30).then(|| line(second, "error", &format!("ERROR:shop:{} cannot be paid", second % 7)));
    requests.chain(error).collect()
}

/// Lines of a second.
fn lines_of(at: u32, requests: u32) -> u32 {
    requests + u32::from(at.is_multiple_of(30))
}

/// The share of one processor that a run takes while lines are written to it.
fn share(browsers: usize) -> f64 {
    let program = std::env::var("LOGWATCH_RELEASE").expect("LOGWATCH_RELEASE names the program");
    let mut command = Command::new(program);
    command.args(["--format", "json", "--serve", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut served = Served::by(command);
    served.write(&(0..BEFORE).map(|at| second(at, 1)).collect::<String>());
    let address = format!("http://{}/", served.address);
    let mut browsers: Vec<Browser> = (0..browsers).map(|_| Browser::open(&address)).collect();
    for browser in &mut browsers {
        browser.eventually("document.querySelector('#live').textContent === 'live'", 30);
        browser.eventually("document.querySelector('#picture') !== null", 30);
    }
    let begun = Instant::now();
    let mut before = 0.0;
    // Two seconds, in which all of them catch up, are not measured.
    for at in 0..MEASURED + 2 {
        if at == 2 {
            before = used(served.child.id());
        }
        let lines = second(BEFORE + at, RATE);
        let lines: Vec<&str> = lines.split_inclusive('\n').collect();
        for (part, lines) in lines.chunks(RATE as usize / 10).enumerate() {
            let due = Duration::from_secs(at.into()) + Duration::from_millis(100 * part as u64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            served.write(&lines.concat());
        }
    }
    std::thread::sleep(Duration::from_secs(u64::from(MEASURED) + 2).saturating_sub(begun.elapsed()));
    let used = used(served.child.id()) - before;
    // They have shown all of it, and not only at the end.
    let lines: u32 =
        (0..BEFORE).map(|at| lines_of(at, 1)).chain((BEFORE..BEFORE + MEASURED + 2).map(|at| lines_of(at, RATE))).sum();
    for browser in &mut browsers {
        let shown = format!("document.querySelector('#input-title').textContent.replace(/\\D/g, '') === '{lines}'");
        browser.eventually(&shown, 10);
        let loads = browser
            .tell("performance.getEntriesByType('resource').filter((load) => load.initiatorType === 'fetch').length");
        assert!(loads.as_u64() >= Some(u64::from(MEASURED)), "{loads} loads");
    }
    drop(browsers);
    served.close();
    used / f64::from(MEASURED)
}

#[test]
#[ignore = "measures the time of a processor: needs a release build named by LOGWATCH_RELEASE, a quiet machine, and a browser named by LOGWATCH_BROWSER"]
fn three_browsers_cost_little() {
    let alone = share(0);
    let looked_at = share(3);
    println!("{:.1} % of a processor alone, {:.1} % with three browsers", 100.0 * alone, 100.0 * looked_at);
    assert!(looked_at - alone < 0.03, "{looked_at} and {alone}");
}
