//! Pages in a real browser: `LOGWATCH_BROWSER=chromium cargo test --test it cli::browser -- --ignored`.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chromium::Browser;
use super::html::hostile_report;
use super::logs::healthy;
#[cfg(target_os = "linux")]
use super::pty::Terminal;
use super::serve::Served;
use crate::support::program::{fixture, logwatch, objects};

#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER"]
fn no_script_of_a_log_runs_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, hostile_report(folder.path())).unwrap();
    let mut browser = Browser::open(&format!("file://{}", path.display()));
    // The page's own script has run, and its style holds.
    browser.eventually("document.querySelector('#picture[role=group] #tip') !== null", 10);
    assert_eq!(browser.tell("document.title"), "ROLLBACK – default – logwatch");
    assert_eq!(browser.tell("getComputedStyle(document.querySelector('.row')).display"), "grid");
    assert_eq!(browser.errors, [] as [&str; 0]);
}

/// What is read shows without a touch; a zoom, a fold and what has the focus stay as they are.
#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER"]
fn a_page_follows_the_run_in_a_browser() {
    let mut served = Served::local(&["--format", "json"]);
    served.write(&healthy(0..300));
    let mut browser = Browser::open(&format!("http://{}/", served.address));
    browser.eventually("document.querySelector('#live').textContent === 'live'", 10);
    browser.eventually("document.querySelector('#picture') !== null", 10);
    browser.tell("document.querySelector('details').open = true; document.querySelector('#picture').focus()");
    browser.press("+");
    let zoomed = browser.tell("document.querySelector('svg.x').getAttribute('viewBox')");
    browser.tell("window.before = document.querySelector('#input-title').textContent");
    served.write(&healthy(300..330));
    browser.eventually("document.querySelector('#input-title').textContent !== window.before", 5);
    let told =
        "[document.querySelector('details').open, document.activeElement.id, document.querySelector('#tip') !== null]";
    assert_eq!(browser.tell(told), json!([true, "picture", true]));
    let now = browser.tell("document.querySelector('svg.x').getAttribute('viewBox')");
    let (width, before) =
        (|text: &Value| text.as_str().unwrap().split(' ').nth(2).unwrap().parse::<f64>().unwrap(), zoomed);
    assert!((width(&now) - width(&before)).abs() < 2.0, "{now} {before}");
    for (width, height) in [(390, 844), (1_280, 900)] {
        browser.resize("live", width, height);
        let overflows = browser.tell("document.documentElement.scrollWidth > document.documentElement.clientWidth");
        assert_eq!(overflows, false, "at {width}");
    }
    assert_eq!(browser.errors, [] as [&str; 0]);
    served.close();
}

/// From the line that is written to the page that shows it, each time right after the last, when the next is furthest away.
#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER"]
fn a_change_shows_within_a_second_in_a_browser() {
    let mut served = Served::local(&["--format", "json"]);
    served.write(&healthy(0..300));
    let mut browser = Browser::open(&format!("http://{}/", served.address));
    let lines = |lines: u32| format!("document.querySelector('#input-title').textContent.includes(' {lines} line')");
    browser.eventually(&lines(300), 20);
    let mut took: Vec<Duration> = (300..309)
        .map(|second| {
            served.write(&healthy(second..second + 1));
            browser.eventually(&lines(second + 1), 10)
        })
        .collect();
    took.sort();
    println!("{took:?}");
    // A machine that does much else beside may be late now and then, and not most of the time.
    assert!(took[took.len() / 2] < Duration::from_secs(1), "{took:?}");
    assert_eq!(browser.errors, [] as [&str; 0]);
    served.close();
}

/// A check is answered with the keyboard alone.
#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER"]
fn a_check_is_answered_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let answers = folder.path().join("answers.jsonl");
    let log = fixture("dl-034/before-fix.jsonl");
    let served = Served::local(&["replay", &log, "--plan", "dl-034", "--answers", answers.to_str().unwrap()]);
    let mut browser = Browser::open(&format!("http://{}/", served.address));
    browser.eventually("document.querySelector('#live').textContent === 'the run is over'", 10);
    browser.tab_to("button[value=pass]");
    browser.press("Enter");
    let start = Instant::now();
    while !answers.exists() {
        browser.tell("1");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", browser.errors);
    }
    let said = objects(&fs::read_to_string(&answers).unwrap());
    assert_eq!((said.len(), &said[0]["type"], &said[0]["status"]), (1, &"check".into(), &"pass".into()));
    browser.eventually("location.pathname === '/'", 5);
    browser.resize("answers", 1_280, 900);
    assert_eq!(browser.errors, [] as [&str; 0]);
    served.signal();
}

/// The picture, what can be unfolded and what can be scrolled, with the keyboard alone; what has the focus shows that.
#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER"]
fn a_report_is_read_by_keyboard_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    let log = fixture("dl-034/before-fix.jsonl");
    logwatch(&["replay", &log, "--plan", "dl-034", "-q", "--output", report.to_str().unwrap()]);
    let mut browser = Browser::open(&format!("file://{}", report.display()));
    let outline = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
    browser.tab_to("#picture");
    assert_eq!(browser.tell(outline), true);
    let shown = "document.querySelector('#tip').hidden ? '' : document.querySelector('#tip').textContent";
    assert_eq!(browser.tell(shown), "");
    browser.press("ArrowRight");
    assert!(browser.tell(shown).as_str().unwrap().contains("13:3"), "{}", browser.tell(shown));
    let width = "Number(document.querySelector('svg.x').getAttribute('viewBox').split(' ')[2])";
    let whole = browser.tell(width).as_f64().unwrap();
    browser.press("+");
    assert!(browser.tell(width).as_f64().unwrap() < 0.6 * whole);
    browser.press("Escape");
    assert_eq!((browser.tell(width).as_f64(), browser.tell(shown)), (Some(whole), "".into()));
    browser.tab_to("summary");
    assert_eq!(browser.tell(outline), true);
    browser.press("Enter");
    assert_eq!(browser.tell("document.activeElement.parentElement.open"), true);
    browser.tab_to("[role=region]");
    assert_eq!(browser.tell(outline), true);
    assert_eq!(browser.errors, [] as [&str; 0]);
}

/// Pictures and all texts are there without script, on a telephone and on a wide screen.
#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER"]
fn a_report_needs_no_script_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    let log = fixture("dl-034/before-fix.jsonl");
    logwatch(&["replay", &log, "--plan", "dl-034", "-q", "--output", report.to_str().unwrap()]);
    let mut browser = Browser::empty();
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.go(&format!("file://{}", report.display()));
    // What only a script can do is not offered.
    assert_eq!(browser.tell("document.querySelector('#tip') === null"), true);
    assert_eq!(browser.tell("document.querySelector('#hint').getClientRects().length"), 0);
    for (width, height) in [(390, 844), (1_280, 900)] {
        browser.resize("no-script", width, height);
        let bars = "[...document.querySelectorAll('rect.firing')].filter((bar) => bar.getBoundingClientRect().width > 10).length";
        assert!(browser.tell(bars).as_u64() >= Some(6), "{}", browser.tell(bars));
        let plots =
            "[...document.querySelectorAll('svg.plot path')].every((path) => path.getBoundingClientRect().height > 10)";
        assert_eq!(browser.tell(plots), true);
        let overflows = browser.tell("document.documentElement.scrollWidth > document.documentElement.clientWidth");
        assert_eq!(overflows, false, "at {width}");
    }
    assert_eq!(browser.errors, [] as [&str; 0]);
}

/// By the rules of axe-core, which LOGWATCH_AXE names the script of: with a telephone and a wide screen, in light and in dark colours, with
/// all that can be unfolded open.
#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER, and axe-core, named by LOGWATCH_AXE"]
fn axe_finds_no_fault_in_a_browser() {
    let axe = std::env::var("LOGWATCH_AXE").expect("LOGWATCH_AXE names the script of axe-core");
    let axe = fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{axe}: {error}"));
    let folder = tempfile::tempdir().unwrap();
    let log = fixture("dl-034/before-fix.jsonl");
    let report = folder.path().join("report.html");
    logwatch(&["replay", &log, "--plan", "dl-034", "-q", "--output", report.to_str().unwrap()]);
    let answers = folder.path().join("answers.jsonl");
    let served = Served::local(&["replay", &log, "--plan", "dl-034", "--answers", answers.to_str().unwrap()]);
    let closed = Served::start(&["-q"], "0.0.0.0:0", Some("a token that nobody guesses"));
    let pages = [
        ("report", format!("file://{}", report.display())),
        ("page", format!("http://{}/", served.address)),
        ("login", format!("http://{}/login", closed.address)),
    ];
    let mut faults = Vec::new();
    for (name, address) in pages {
        let mut browser = Browser::open(&address);
        browser.tell("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })");
        for is_dark in [false, true] {
            browser.darken(is_dark);
            let shade = if is_dark { "dark" } else { "light" };
            for (width, height) in [(390, 844), (1_280, 900)] {
                browser.resize(&format!("{name}-{shade}"), width, height);
                let found = browser.faults(&axe);
                faults.extend(found.into_iter().map(|fault| format!("{name}, {shade}, {width} wide: {fault}")));
            }
        }
        assert_eq!(browser.errors, [] as [&str; 0]);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    served.signal();
    closed.close();
}

/// The pictures of the README are made by this: LOGWATCH_PICTURES=docs names the folder they are written to. Without, that they can be
/// made is all that is tried.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs a browser of Chromium's family, named by LOGWATCH_BROWSER"]
fn pictures_are_made_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let log = fixture("dl-034/before-fix.jsonl");
    let report = folder.path().join("report.html");
    logwatch(&["replay", &log, "--plan", "dl-034", "-q", "--output", report.to_str().unwrap()]);
    let terminal = Terminal::start(30, 110, &["replay", &log, "--plan", "dl-034", "--tui"]);
    terminal.shows(&["the run is over"]);
    let dashboard = folder.path().join("dashboard.html");
    fs::write(&dashboard, terminal.page()).unwrap();
    terminal.press("q");
    terminal.ended();
    for (page, width, height) in [(report, 1_160, 900), (dashboard, 960, 606)] {
        let mut browser = Browser::open(&format!("file://{}", page.display()));
        browser.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
        let picture = browser.picture(false);
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{} bytes", picture.len());
        if let Ok(folder) = std::env::var("LOGWATCH_PICTURES") {
            let name = page.with_extension("png");
            fs::write(format!("{folder}/{}", name.file_name().unwrap().display()), picture).unwrap();
        }
    }
}
