//! Rule 18: a request as each server and logger writes it, with its method, route, status and duration, is one request wherever
//! the line comes from.

use super::case::{Case, Outcome, app};

/// A request and the lines that tell it.
struct Told {
    name: &'static str,
    method: &'static str,
    route: &'static str,
    status: &'static str,
    milliseconds: Option<f64>,
    lines: Vec<&'static str>,
}

fn requests() -> Vec<Told> {
    let blocks = include_str!("access.txt").split("\n## ").skip(1);
    let read = |block: &'static str| {
        let mut lines = block.lines();
        let (name, request) = lines.next().and_then(|line| line.rsplit_once(": ")).expect("a name and a request");
        let [method, route, status, taken] = request.split(' ').collect::<Vec<_>>()[..] else { panic!("{request}") };
        let lines = lines.filter(|line| !line.is_empty()).collect();
        Told { name, method, route, status, milliseconds: taken.parse().ok(), lines }
    };
    blocks.map(read).collect()
}

fn check(told: &Told, outcome: &Outcome, how: &str) {
    let http = &outcome.summary()["http"];
    assert_eq!(http["by_status"].to_string(), format!("{{\"{}\":1}}", told.status), "{} {how}", told.name);
    let route = &http["by_route"][0];
    assert_eq!((&route["method"], &route["route"]), (&told.method.into(), &told.route.into()), "{} {how}", told.name);
    match (told.milliseconds, route["p50_ms"].as_f64()) {
        (None, None) => {}
        (Some(wanted), Some(found)) => assert!((wanted - found).abs() < wanted * 0.02, "{} {how}: {found}", told.name),
        (wanted, found) => panic!("{} {how}: {found:?} ms, not {wanted:?}", told.name),
    }
}

#[test]
fn requests_of_all_stacks_as_text() {
    for told in requests() {
        let lines = [&["2025-09-02T08:00:00Z begins"], &told.lines[..]].concat().into_iter().map(str::to_string);
        check(&told, &Case::new().log("app.log", lines.collect::<Vec<_>>()).run(), "as text");
    }
}

#[test]
fn requests_of_all_stacks_in_messages() {
    for told in requests() {
        for level in ["info", "error"] {
            let lines = told.lines.iter().map(|line| app("08:00:00", level, line));
            let outcome = Case::new().log("app.jsonl", lines.collect::<Vec<_>>()).run();
            check(&told, &outcome, level);
            if level == "info" {
                assert_eq!(outcome.count("app.error"), 0, "{}", told.name);
            }
        }
    }
}

/// tower-http says of a request that failed so again; where nothing else tells the answers, as by default, that is all there is.
#[test]
fn a_failure_that_is_said_again_is_no_error_beside_its_request() {
    let span = "request{method=GET uri=/a version=HTTP/1.1}: tower_http::trace::";
    let answer = format!(" INFO {span}on_response: finished processing request latency=1 ms status=500");
    let failure = format!(
        "ERROR {span}on_failure: response failed classification=Status code: 500 Internal Server Error latency=1 ms"
    );
    let counts = |messages: &[&str]| {
        let lines = messages.iter().map(|message| app("13:30:00", "info", message)).collect::<Vec<_>>();
        let outcome = Case::new().log("app.jsonl", lines).run();
        (outcome.requests(), outcome.count("http.error"), outcome.count("app.error"))
    };
    assert_eq!(counts(&[&failure, &failure]), (0, 0, 2));
    assert_eq!(counts(&[&answer, &failure, &answer, &failure]), (2, 2, 0));
    assert_eq!(counts(&[&answer, &failure, "ERROR shop: no price"]), (1, 1, 1));
}

/// Without a tag requests of one process are told apart only while it answers one at a time: a route that is not certain is none.
#[test]
fn requests_that_overlap_without_a_tag_have_no_route() {
    let begun = |path: &str| format!("Started GET \"{path}\" for 10.0.0.1 at 2025-08-25 13:30:00 +0000");
    let ended = "Completed 200 OK in 12ms (Views: 0.1ms)".to_string();
    let routes = |lines: Vec<String>| {
        let lines = lines.iter().map(|line| app("13:30:00", "info", line)).collect::<Vec<_>>();
        let outcome = Case::new().log("app.jsonl", lines).run();
        let routes = outcome.summary()["http"]["by_route"].as_array().expect("routes").clone();
        let named = routes.iter().filter_map(|route| route["route"].as_str().map(str::to_string)).collect::<Vec<_>>();
        (outcome.requests(), named.join(" "))
    };
    let in_turn = vec![begun("/a"), ended.clone(), begun("/b"), ended.clone()];
    assert_eq!(routes(in_turn), (2, "/a /b".into()));
    let overlapping = vec![begun("/a"), begun("/b"), ended.clone(), ended.clone()];
    assert_eq!(routes(overlapping).0, 2);
    assert!(!routes(vec![begun("/a"), begun("/b"), ended.clone(), ended]).1.contains('/'));
    let aspnet = |text: &str| ["info: Microsoft.AspNetCore.Hosting.Diagnostics[1]".into(), format!("      {text}")];
    let begun = |path: &str| aspnet(&format!("Request starting HTTP/1.1 GET http://localhost:5000{path}  "));
    let ended = || aspnet("Request finished in 12.5ms 200 text/plain");
    assert_eq!(routes([begun("/a"), ended(), begun("/b"), ended()].concat()), (2, "/a /b".into()));
    let (requests, named) = routes([begun("/a"), begun("/b"), ended(), ended()].concat());
    assert!(requests == 2 && !named.contains('/'), "{requests} {named}");
}
