//! A browser of Chromium's family, driven by its own protocol.

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

/// A browser that shows one page.
pub struct Browser {
    process: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    sent: u64,
    /// What its console tells of errors.
    pub errors: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub fn open(url: &str) -> Browser {
        let mut browser = Browser::empty();
        browser.go(url);
        browser
    }

    pub fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.eventually("document.readyState === 'complete' && location.href !== 'about:blank'", 20);
    }

    /// One that shows nothing yet.
    pub fn empty() -> Browser {
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
        browser
    }

    pub fn call(&mut self, method: &str, params: Value) -> Value {
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
    pub fn tell(&mut self, expression: &str) -> Value {
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

    pub fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" { "\r" } else { "" };
            let code = match key {
                "Tab" => 9,
                "Enter" => 13,
                "Escape" => 27,
                "ArrowLeft" => 37,
                "ArrowRight" => 39,
                _ => 0,
            };
            let event = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// In dark colours, or in light ones.
    pub fn darken(&mut self, is_dark: bool) {
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// What axe-core finds fault with: its rule, how grave that is, and where it is, of each.
    pub fn faults(&mut self, axe: &str) -> Vec<String> {
        self.tell(&format!("{axe};\n0"));
        let found = self.tell("axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.target} ${node.failureSummary}`)))");
        let found = found.as_array().expect("a list");
        found.iter().map(|fault| fault.as_str().unwrap_or_default().to_string()).collect()
    }

    /// Goes on with the Tab key until something has the focus.
    pub fn tab_to(&mut self, selector: &str) {
        /// More than a page has to stop at.
        const STOPS: usize = 200;
        let is_there = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..STOPS {
            self.press("Tab");
            if self.tell(&is_there) == true {
                return;
            }
        }
        panic!("the Tab key does not come to {selector}");
    }

    /// As wide and high as a telephone or a screen, in a picture if LOGWATCH_SCREENSHOTS names a folder for it.
    pub fn resize(&mut self, name: &str, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        if let Ok(folder) = std::env::var("LOGWATCH_SCREENSHOTS") {
            fs::write(format!("{folder}/{name}-{width}.png"), self.picture(true)).unwrap();
        }
    }

    /// What is shown as a PNG; with what is beyond the window, or without.
    pub fn picture(&mut self, whole: bool) -> Vec<u8> {
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
