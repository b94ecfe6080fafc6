//! Rules 16 to 18: what small servers of many frameworks printed when they were asked for a page, one they have not, one that fails and
//! one that ends them (`fixtures/captured/servers`).

use super::case::Case;
use crate::support::program::fixture_text;

/// A server, its language, its requests and those with a 5xx, and of each failure its type and place.
type Server = (&'static str, &'static str, u64, u64, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const SERVERS: [Server; 11] = [
    ("koa", "javascript", 0, 0, &[("Error", "/app/koa.js:5 in Immediate.<anonymous>"), ("TypeError", "/app/koa.js:4 in <anonymous>")]),
    ("gin", "go", 4, 1, &[("panic", "/app/gin.go:10 in main.func2"), ("panic", "/app/gin.go:12 in main.main.func3.1")]),
    ("chi", "go", 4, 1, &[("panic", "/app/chi.go:17 in main.main.func2"), ("panic", "/app/chi.go:19 in main.main.func3.1")]),
    ("echo", "go", 4, 1, &[("panic", "/app/echo.go:14 in main.main.func2"), ("panic", "/app/echo.go:17 in main.main.func3.1")]),
    ("nethttp", "go", 0, 0, &[("panic", "/app/nethttp.go:11 in main.main.func1"), ("panic", "/app/nethttp.go:13 in main.main.func2.1")]),
    ("sinatra", "ruby", 4, 1, &[("KeyError", "sinatra.ru:3 in fetch")]),
    ("rails", "ruby", 2, 1, &[("KeyError", "rails.ru:20 in fetch")]),
    ("puma", "ruby", 0, 0, &[("KeyError", "")]),
    ("webrick", "ruby", 4, 1, &[("KeyError", "webrick.rb:4 in fetch")]),
    ("httpserver", "python", 3, 0, &[("KeyError", "/app/httpserver.py:7 in do_GET")]),
    ("php", "php", 0, 0, &[("RuntimeException", "/app/php.php:3 in load")]),
];

#[test]
fn what_servers_print_is_what_happened() {
    for (name, language, requests, failed, failures) in SERVERS {
        let text = fixture_text(&format!("captured/servers/{name}.txt"));
        let lines = ["2025-08-25T13:30:00Z begins"].into_iter().chain(text.lines()).map(str::to_string);
        let outcome = Case::new().log("a.log", lines.collect::<Vec<_>>()).run();
        let count = |class: &str| outcome.count(class);
        assert_eq!((count("http.request"), count("http.error")), (requests, failed), "{name}");
        assert!(count("process.ready") >= 1, "{name}");
        assert_eq!(count(&format!("{language}.exception")), failures.len() as u64, "{name}");
        assert_eq!(count("app.exception"), failures.len() as u64, "{name}");
        let summary = outcome.summary();
        let list = summary["exceptions"].as_array().expect("a list").iter();
        let text = |failure: &serde_json::Value, member: &str| failure[member].as_str().unwrap_or_default().to_string();
        let mut told: Vec<_> = list.map(|failure| (text(failure, "type"), text(failure, "where"))).collect();
        told.sort();
        let wanted: Vec<_> = failures.iter().map(|(kind, place)| (kind.to_string(), place.to_string())).collect();
        assert_eq!(told, wanted, "{name}");
    }
}
