//! The report as HTML: one file that needs nothing, in which a log can do nothing.

use std::fs;
use std::path::Path;

use base64::Engine;
use scraper::{Html, Selector};
use serde_json::json;
use sha2::Digest;

use super::logs::{at, healthy, line, request};
use crate::support::program::{Ran, fixture, logwatch, piped};

/// Bytes of the report of a run of four hours at most.
const MOST_BYTES: usize = 500_000;

/// What a log may try: markup, an end of the page's own style and script, attributes, what moves a cursor or reorders text.
const HOSTILE: [&str; 9] = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "' onmouseover='document.title=1",
    "</style><script>document.title='owned'</script><style>",
    "</title></head><body onload=\"document.title='owned'\">",
    "<!-- --!> ]]> <svg onload=document.title='owned'>",
    "&lt;b&gt; &#60;script&#62; {{7*7}} ${7*7}",
    "\u{1b}[2J\u{7}\u{0}\u{202e}desrever\u{2066}\u{2028}",
    "javascript:document.title='owned'",
];

fn parsed(page: &str) -> Html {
    let html = Html::parse_document(page);
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    html
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    html.select(&selector).map(|element| element.text().collect::<String>()).collect()
}

fn report(arguments: &[&str]) -> String {
    let ran = logwatch(&[arguments, &["--format", "html"]].concat());
    assert!(matches!(ran.status, Some(0 | 3 | 4 | 5)), "{ran:?}");
    ran.out
}

/// Whether control characters and those that reorder text are in a page.
fn is_clean(page: &str) -> bool {
    let harmful = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    !page.contains(harmful)
}

/// A request that failed, as the platform's HTTP log has it.
fn edge(second: u32, path: &str) -> String {
    let record = json!({"timestamp": at(second), "method": "GET", "path": path, "httpStatus": 500, "totalDuration": 7});
    format!("{record}\n")
}

/// A log that is hostile wherever it can be: in messages, loggers, paths, stack traces.
fn hostile_log() -> String {
    let mut log = line(0, "info", "INFO:     Started server process [7]");
    log += &healthy(1..60);
    for (n, text) in HOSTILE.iter().enumerate() {
        let second = 60 + n as u32;
        log += &line(second, "error", &format!("ERROR:{text}:cannot do {text}"));
        log += &line(
            second,
            "error",
            &format!(
                "Traceback (most recent call last):\n  File \"/app/{text}.py\", line 3, in f\n    g()\nAttributeError: {text}"
            ),
        );
        log += &edge(second, &format!("/api/{text}"));
        log += &request(second, &format!("/x/{}", text.replace([' ', '"', '\u{0}'], "_")), 500);
    }
    log + &(69..140).map(|second| edge(second, "/api/<b>bold</b>")).collect::<String>()
}

pub fn hostile_report(folder: &Path) -> String {
    let log = folder.join("<img src=x onerror=alert(1)>.jsonl");
    fs::write(&log, hostile_log()).expect("a file");
    report(&[log.to_str().expect("a name")])
}

#[test]
fn a_log_cannot_put_anything_into_the_page_but_text() {
    let folder = tempfile::tempdir().unwrap();
    let page = hostile_report(folder.path());
    let html = parsed(&page);
    assert_eq!((texts(&html, "script").len(), texts(&html, "style").len()), (1, 1));
    let elements = "img, iframe, object, embed, link, a, form, b, base, foreignObject, [onload], [onerror], [onmouseover], [style], [href], [src]";
    assert_eq!(texts(&html, elements), [] as [&str; 0]);
    assert!(is_clean(&page));
    // It is there to be read.
    let why = texts(&html, ".why code").join("\n");
    assert!(why.contains(HOSTILE[0]) && why.contains("&lt;b&gt; &#60;script&#62; {{7*7}}"), "{why}");
    assert!(why.contains("\\u{202e}desrever"), "{why}");
    assert!(texts(&html, ".verdict").concat().contains("<img src=x onerror=alert(1)>.jsonl"));
    assert!(
        texts(&html, "#timeline .name").concat().contains("/api/<b>bold<"),
        "{:?}",
        texts(&html, "#timeline .name")
    );
}

#[test]
fn the_policy_allows_the_pages_own_style_and_script_and_nothing_else() {
    let page = report(&[&fixture("verdicts/node-crash-loop.jsonl")]);
    let html = parsed(&page);
    let hash = |selector: &str| {
        let [text] = &texts(&html, selector)[..] else { panic!("one {selector}") };
        base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(text))
    };
    let policy = Selector::parse("meta[http-equiv=Content-Security-Policy]").unwrap();
    let policy = html.select(&policy).next().and_then(|meta| meta.value().attr("content"));
    let expected = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash("style"),
        hash("script")
    );
    assert_eq!(policy, Some(expected.as_str()));
    let beyond = ["http://", "https://", "//cdn", "@import", "url("];
    let of_svg = page.replace("http://www.w3.org/2000/svg", "");
    assert!(beyond.iter().all(|address| !of_svg.contains(address)), "it would load something");
}

#[test]
fn a_file_standard_output_a_pipe_and_any_number_of_threads_give_the_same_page() {
    let log = fixture("dl-034/before-fix.jsonl");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (by_ending, named) = (path("report.html"), path("report"));
    let ran = logwatch(&[
        "replay",
        &log,
        "--plan",
        "dl-034",
        "-j",
        "1",
        "--output",
        &by_ending,
        "--output",
        &format!("html={named}"),
    ]);
    assert_eq!(ran.status, Some(4));
    let page = report(&["replay", &log, "--plan", "dl-034", "-j", "3"]);
    assert_eq!(fs::read_to_string(by_ending).unwrap(), page);
    assert_eq!(fs::read_to_string(named).unwrap(), page);
    let Ran { out, .. } = piped(&["replay", "-", "--plan", "dl-034", "--format", "html"], &fs::read(&log).unwrap());
    let nameless = |page: &str| page.replace("before-fix.jsonl", "standard input").replace("stdin", "standard input");
    assert_eq!(nameless(&out), nameless(&page));
}

#[test]
fn four_hours_are_a_small_page_and_every_request_is_in_the_picture() {
    let logs = [fixture("dl-034/after-fix.jsonl"), fixture("dl-034/after-fix.http.jsonl.zst")];
    let page = report(&["replay", &logs[0], &logs[1], "--plan", "dl-034"]);
    assert!(page.len() < MOST_BYTES, "{} bytes", page.len());
    let html = parsed(&page);
    let cells = texts(&html, "#numbers td:nth-child(2)");
    let drawn: u64 = cells.iter().map(|cell| cell.replace(',', "").parse::<u64>().expect("a number")).sum();
    let summary = logwatch(&["replay", &logs[0], &logs[1], "--plan", "dl-034", "--format", "json"]).summary();
    assert_eq!(Some(drawn), summary["http"]["requests"].as_u64());
    assert!(cells.len() > 100, "{} panes", cells.len());
}

#[test]
fn bars_are_where_triggers_were_pending_and_fired() {
    let html = parsed(&report(&["replay", &fixture("dl-034/before-fix.jsonl"), "--plan", "dl-034"]));
    let lanes = Selector::parse(".lane svg.plot").unwrap();
    let says: Vec<&str> = html.select(&lanes).filter_map(|lane| lane.value().attr("aria-label")).collect();
    assert!(says.contains(&"exchange-500-rate, rollback: firing 13:30:50 – the end"), "{says:?}");
    assert!(says.contains(&"4 silences, 2m in all"), "{says:?}");
    let titles = texts(&html, "rect.pending title");
    assert!(titles.contains(&"pending 13:30:20 – 13:30:50".into()), "{titles:?}");
    assert_eq!(texts(&html, "text.deployed")[0], "deployed 13:29:58");
}

/// What an earlier deployment did is told by the runs that judged it.
#[test]
fn a_page_is_of_the_newest_deployment() {
    let log = fixture("verdicts/node-bad-then-good.jsonl");
    let json = logwatch(&[&log, "--format", "json"]);
    let fired = json.objects().iter().filter(|object| object["state"] == "firing").count();
    assert!(fired > 0 && json.summary()["verdict"] == "healthy", "{:?}", json.summary()["verdict"]);
    assert_eq!(texts(&parsed(&report(&[&log])), "rect.firing").len(), 0);
}

/// In the zone that was asked for; and a log of nothing is a page that says so.
#[test]
fn a_page_tells_times_as_asked_and_what_is_not_there_is_left_out() {
    let page = report(&["replay", &fixture("dl-034/before-fix.jsonl"), "--tz", "Asia/Kolkata"]);
    assert!(texts(&parsed(&page), "text.deployed")[0].contains("18:59:58"));
    let empty = parsed(&report(&["replay", &fixture("bad-input/empty.jsonl")]));
    assert!(texts(&empty, "h1")[0].starts_with("UNKNOWN"));
    assert_eq!(texts(&empty, "svg").len(), 0);
}

/// An error that was there before says how often, and since.
#[test]
fn errors_tell_how_often_they_came_before_and_since() {
    let error = |second| line(second, "error", "ERROR:shop:the till is stuck");
    let mut log = (0..600).map(|second| request(second, "/a", 200)).collect::<String>();
    log += &error(598);
    log += &line(600, "info", "INFO:     Started server process [7]");
    log += &(601..1_200)
        .map(|second| if second % 10 == 0 { error(second) } else { request(second, "/a", 200) })
        .collect::<String>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.jsonl");
    fs::write(&path, log).unwrap();
    let page = parsed(&report(&["replay", path.to_str().unwrap(), "--deployed-at", &at(600)]));
    let facts = texts(&page, ".why .facts span");
    assert!(facts.contains(&"0.1 → 5.9 a minute".into()), "{facts:?}");
}
