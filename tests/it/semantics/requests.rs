//! Rule 18: one request is one request.

use serde_json::json;

use super::case::{Case, access, app, edge, every_second};
use super::live::Live;

/// One request a second from :00 to :29 in the app's log, and from :10 to :19 in the HTTP log, too.
fn both() -> Case {
    Case::new()
        .kpi("count(http.request{via='access'})", ">= 0")
        .kpi("count(http.request{via='edge'})", ">= 0")
        .kpi("count(http.request)", ">= 0")
        .log("app.jsonl", every_second("13:30:00", 30, |clock| access(clock, "/a", 200)))
        .log("http.jsonl", every_second("13:30:10", 10, |clock| edge(clock, "/a", 200, 5)))
}

/// Rule 18.
#[test]
fn what_both_logs_saw_is_counted_once() {
    for order in [[0, 1], [1, 0]] {
        let outcome = both().run_in_order(&order);
        assert_eq!(
            (outcome.requests(), outcome.count("http.request"), outcome.value("count(http.request)")),
            (30, 30, Some(30.0))
        );
        assert_eq!(outcome.summary()["http"]["via"], json!({"edge_seconds": 10, "access_seconds": 20}));
        assert_eq!(outcome.summary()["http"]["by_status"], json!({"200": 30}));
    }
}

/// Rule 18.
#[test]
fn both_kinds_are_kept_for_those_who_ask() {
    let outcome = both().run();
    assert_eq!(outcome.value("count(http.request{via='access'})"), Some(30.0));
    assert_eq!(outcome.value("count(http.request{via='edge'})"), Some(10.0));
}

/// Rule 18: within what the HTTP log covers its word counts, though the app's log has more.
#[test]
fn a_second_without_edge_records_within_their_time_has_no_requests() {
    let outcome = Case::new()
        .log("app.jsonl", every_second("13:30:00", 30, |clock| access(clock, "/a", 200)))
        .log("http.jsonl", [edge("13:30:10", "/a", 200, 5), edge("13:30:19", "/a", 200, 5)])
        .run();
    assert_eq!(outcome.requests(), 22, "10 before, 2 within, 10 after");
    assert_eq!(outcome.summary()["http"]["via"], json!({"edge_seconds": 2, "access_seconds": 20}));
}

/// Rule 18.
#[test]
fn failures_are_counted_once_as_well() {
    let case = Case::new()
        .trigger("errors", "count(http.error) > 5")
        .log("app.jsonl", every_second("13:30:00", 5, |clock| access(clock, "/a", 500)))
        .log("http.jsonl", every_second("13:30:00", 5, |clock| edge(clock, "/a", 500, 5)));
    let outcome = case.run();
    assert_eq!((outcome.count("http.error"), outcome.changes("errors")), (5, vec![]));
}

/// Rule 18.
#[test]
fn the_app_s_error_line_is_no_request() {
    let said = r#"ERROR:utils.error_responses:Server error: {"request_id": "1b7d90aa", "error_type": "HTTPException", "status_code": 500, "message": "Order failed", "path": "/api/orders", "method": "POST"}"#;
    let lines = [access("13:30:00", "/api/orders", 500), app("13:30:00.1", "error", said)];
    let outcome = Case::new().log("a.jsonl", lines).run();
    assert_eq!((outcome.requests(), outcome.count("http.error"), outcome.count("app.error")), (1, 1, 1));
}

/// Rule 18: live, the HTTP log covers up to its watermark; it falls silent at 13:30:10 and the app's goes on.
#[test]
fn beyond_the_watermark_of_a_silent_edge_source_access_lines_count() {
    let mut live = Live::new(&Case::new());
    let (http, service) = (live.source("http"), live.source("app"));
    live.feed(http, &every_second("13:30:00", 11, |clock| edge(clock, "/a", 200, 5)));
    live.feed(service, &every_second("13:30:00", 11, |clock| access(clock, "/a", 200)));
    live.leave_out(http);
    live.feed(service, &every_second("13:30:11", 20, |clock| access(clock, "/a", 200)));
    let (_, summary) = live.finish();
    assert_eq!(summary.http.requests, 31, "each of 31 seconds has one");
}

/// A request is the same whether it is one of those that are remembered: a path too long for that, and a few in turn.
#[test]
fn long_paths_and_short_ones_are_requests_alike() {
    let paths = [format!("/api/{}", "x".repeat(400)), "/api/bots/7".to_string(), "/api/bots/8".to_string()];
    let path = |clock: &str| &paths[clock.bytes().map(usize::from).sum::<usize>() % 3];
    for line in [&(|clock: &str| access(clock, path(clock), 500)) as &dyn Fn(&str) -> String, &|clock| {
        edge(clock, path(clock), 500, 5)
    }] {
        let outcome = Case::new().log("a.jsonl", every_second("13:30:00", 30, line)).run();
        assert_eq!((outcome.requests(), outcome.count("http.request"), outcome.count("http.error")), (30, 30, 30));
        assert_eq!(outcome.summary()["http"]["by_route"].as_array().map(Vec::len), Some(2));
    }
}
