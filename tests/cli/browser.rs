//! Pages in a real browser, driven by its own protocol: `LOGWATCH_BROWSER=chromium cargo test --test cli -- --ignored browser`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::stream::MaybeTlsStream;
use tokio_tungstenite::tungstenite::{Message, WebSocket, connect};

use super::html::hostile_report;
use super::logs::healthy;
use super::program::{fixture, logwatch, objects};
#[cfg(target_os = "linux")]
use super::pty::Terminal;
use super::serve::Served;

/// A browser that shows one page.
pub struct Browser {
    process: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    sent: u64,
    /// What its console tells of errors.
    errors: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub fn open(url: &str) -> Browser {
        let program = std::env::var("LOGWATCH_BROWSER").expect("LOGWATCH_BROWSER names a browser");
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the browser runs");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let listening = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("DevTools listening on ").map(String::from));
        // It has more to say, and is not to be held up by that.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = connect(listening.expect("the browser listens")).expect("a connection");
        let errors = Vec::new();
        let mut browser = Browser { process, socket, session: String::new(), sent: 0, errors, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().unwrap().into();
        for domain in ["Runtime", "Log", "Page"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Page.navigate", json!({ "url": url }));
        browser.eventually("document.readyState === 'complete' && location.href !== 'about:blank'", 20);
        browser
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut call = json!({ "id": self.sent, "method": method, "params": params });
        if !self.session.is_empty() {
            call["sessionId"] = self.session.clone().into();
        }
        self.socket.send(Message::text(call.to_string())).expect("the browser listens");
        loop {
            let Message::Text(text) = self.socket.read().expect("the browser answers") else { continue };
            let told: Value = serde_json::from_str(&text).unwrap();
            let params = &told["params"];
            match told["method"].as_str() {
                Some("Runtime.exceptionThrown") => self.errors.push(params.to_string()),
                Some("Log.entryAdded") if params["entry"]["level"] == "error" => self.errors.push(params.to_string()),
                Some("Runtime.consoleAPICalled") if params["type"] == "error" => self.errors.push(params.to_string()),
                _ => {}
            }
            if told["id"] == self.sent {
                assert!(told["error"].is_null(), "{method}: {told}");
                return told["result"].clone();
            }
        }
    }

    /// The value of an expression in the page.
    fn tell(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let told = self.call("Runtime.evaluate", asked);
        assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    /// Waits until an expression is true; how long that took.
    pub fn eventually(&mut self, expression: &str, seconds: u64) -> Duration {
        let start = Instant::now();
        while self.tell(expression) != true {
            assert!(start.elapsed() < Duration::from_secs(seconds), "{expression}: {:?}", self.errors);
            std::thread::sleep(Duration::from_millis(20));
        }
        start.elapsed()
    }

    fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" { "\r" } else { "" };
            let code = if key == "Enter" { 13 } else { 0 };
            let event = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// In dark colours, or in light ones.
    fn darken(&mut self, is_dark: bool) {
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What axe-core finds fault with: its rule, how grave that is, and where it is, of each.
    fn faults(&mut self, axe: &str) -> Vec<String> {
        self.tell(&format!("{axe};\n0"));
        let found = self.tell("axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.target} ${node.failureSummary}`)))");
        let found = found.as_array().expect("a list");
        found.iter().map(|fault| fault.as_str().unwrap_or_default().to_string()).collect()
    }

    /// As wide and high as a telephone or a screen, in a picture if LOGWATCH_SCREENSHOTS names a folder for it.
    fn resize(&mut self, name: &str, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        if let Ok(folder) = std::env::var("LOGWATCH_SCREENSHOTS") {
            fs::write(format!("{folder}/{name}-{width}.png"), self.picture(true)).unwrap();
        }
    }

    /// What is shown as a PNG; with what is beyond the window, or without.
    fn picture(&mut self, whole: bool) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": whole }));
        BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

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
    browser.tell("document.querySelector('button[value=pass]').focus()");
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
