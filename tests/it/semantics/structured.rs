//! Structured logs: their requests (rules 11 and 18), and the level of a message wherever it stands.

use serde_json::{Value, json};

use super::case::{Case, Outcome, app, every_second, stamp};

/// A record with more members, in an order that differs from line to line, as Railway prints them.
fn line(clock: &str, level: &str, message: &str, more: Value) -> String {
    let mut members: Vec<(String, Value)> = vec![
        ("timestamp".into(), json!(stamp(clock))),
        ("level".into(), json!(level)),
        ("message".into(), json!(message)),
    ];
    members.extend(more.as_object().expect("members").clone());
    let turn = clock.bytes().map(usize::from).sum::<usize>() % members.len();
    members.rotate_left(turn);
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// A request in each second: method, route, status, number of requests, 95th percentile in milliseconds.
fn only_route(outcome: &Outcome) -> (&str, &str, u64, Option<f64>) {
    let routes = outcome.summary()["http"]["by_route"].as_array().expect("routes");
    assert_eq!(routes.len(), 1, "{routes:?}");
    let route = &routes[0];
    let text = |name: &str| route[name].as_str().expect("text");
    (text("method"), text("route"), route["count"].as_u64().expect("a count"), route["p95_ms"].as_f64())
}

/// Rule 18: every logger's request line is a request, with its duration where the unit is known.
#[test]
fn a_structured_request_line_is_one_request() {
    let pino = |url: &str| json!({"req": {"id": 4, "method": "GET", "url": url, "headers": {"host": "x"}}, "res": {"statusCode": 503, "headers": {}}, "responseTime": 12});
    let flat = |members: Value| move |_: &str| members.clone();
    type Members = Box<dyn Fn(&str) -> Value>;
    let shapes: [(&str, Members, bool); 12] = [
        ("pino-http", Box::new(move |_| pino("/items/50?a=b")), true),
        (
            "generic",
            Box::new(flat(json!({"method": "GET", "path": "/items/50", "status": 503, "duration_ms": 12}))),
            true,
        ),
        (
            "structlog",
            Box::new(flat(json!({"method": "GET", "path": "/items/50", "status_code": 503, "duration": "12ms"}))),
            true,
        ),
        (
            "seconds",
            Box::new(flat(json!({"method": "GET", "url": "/items/50", "statusCode": 503, "elapsed_s": 0.012}))),
            true,
        ),
        (
            "camel",
            Box::new(flat(json!({"method": "GET", "url": "/items/50", "statusCode": 503, "durationMs": "12.0"}))),
            true,
        ),
        (
            "nanoseconds",
            Box::new(flat(json!({"method": "GET", "path": "/items/50", "status": "503", "latency_ns": 12_000_000}))),
            true,
        ),
        (
            "go",
            Box::new(flat(
                json!({"method": "GET", "uri": "/items/50", "status": 503, "latency": "12.000000ms", "latency_human": "12ms"}),
            )),
            true,
        ),
        (
            "caddy",
            Box::new(flat(json!({"request": {"method": "GET", "uri": "/items/50"}, "status": 503, "duration": 0.012}))),
            true,
        ),
        (
            "lograge",
            Box::new(flat(
                json!({"method": "GET", "path": "/items/50", "controller": "x", "status": 503, "duration": 12.0, "view": 3.1}),
            )),
            true,
        ),
        (
            "winston",
            Box::new(flat(
                json!({"meta": {"req": {"method": "GET", "url": "/items/50"}, "res": {"statusCode": 503}, "responseTime": 12}}),
            )),
            true,
        ),
        ("no unit", Box::new(flat(json!({"method": "GET", "path": "/items/50", "status": 503, "took": 12}))), false),
        ("no duration", Box::new(flat(json!({"method": "GET", "path": "/items/50", "status": 503}))), false),
    ];
    for (name, members, timed) in shapes {
        // Without a duration, a warning or worse speaks of a request that another line tells.
        let level = if name == "no duration" { "info" } else { "error" };
        let lines = every_second("13:30:00", 30, |clock| line(clock, level, "request completed", members(clock)));
        let outcome = Case::new().log("app.jsonl", lines).run();
        let p95 = only_route(&outcome).3;
        assert_eq!(
            (outcome.requests(), outcome.count("http.error"), outcome.count("app.error")),
            (30, 30, 0),
            "{name}: {}",
            outcome.summary()
        );
        assert_eq!((only_route(&outcome).0, only_route(&outcome).1), ("GET", "/items/:id"), "{name}");
        match timed {
            true => assert!(p95.is_some_and(|p95| (p95 - 12.0).abs() < 0.5), "{name}: {p95:?}"),
            false => assert_eq!(p95, None, "{name}"),
        }
    }
}

/// Rule 18: what only speaks of a request.
#[test]
fn lines_about_requests_are_none() {
    for (level, members) in [
        ("error", json!({"method": "POST", "path": "/api/orders", "status_code": 500})),
        ("warn", json!({"method": "GET", "path": "/api/orders"})),
        ("info", json!({"method": "GET", "url": "https://api.example.com/a", "status": 200, "duration_ms": 4})),
        ("info", json!({"method": "get", "path": "/a", "status": "ok", "duration_ms": 4})),
        ("error", json!({"req": {"method": "GET", "url": "/a"}, "res": {"statusCode": 500}, "reqId": "req-1"})),
        // As Fastify's line of a failure comes from Railway, which knows none of pino's levels.
        ("info", json!({"req": {"method": "GET", "url": "/a"}, "res": {"statusCode": 500}, "reqId": "req-1"})),
        ("info", json!({"res": {"statusCode": 200}, "reqId": "req-1"})),
        ("info", json!({"responseTime": 4, "method": "GET", "path": "/a"})),
    ] {
        let lines = every_second("13:30:00", 3, |clock| line(clock, level, "speaks of it", members.clone()));
        assert_eq!(Case::new().log("app.jsonl", lines).run().requests(), 0, "{members}");
    }
}

/// Fastify's lines of requests that overlap: the second one ends when the next two have begun.
fn fastify(requests: u32, replicas: u32) -> Vec<String> {
    let clock = |number: u32| super::case::after("13:30:00", number / 8) + &format!(".{:03}", number % 8 * 100);
    let replica = |number: u32| format!("r-{}", number % replicas);
    // Ids begin anew in each replica.
    let id = |number: u32| format!("req-{:x}", number / replicas);
    let begin = |number: u32| {
        let request = json!({"method": "GET", "url": format!("/shelf-{}", number % replicas), "host": "x"});
        let members = json!({"reqId": id(number), "req": request, "replicaId": replica(number)});
        line(&clock(number), "info", "incoming request", members)
    };
    let end = |number: u32, now: u32| {
        let members = json!({"reqId": id(number), "res": {"statusCode": 200}, "responseTime": 250.5, "replicaId": replica(number)});
        line(&clock(now), "info", "request completed", members)
    };
    (0..requests + 2)
        .flat_map(|now| [(now < requests).then(|| begin(now)), now.checked_sub(2).map(|number| end(number, now))])
        .flatten()
        .collect()
}

/// Rule 18: a request told in two lines is one, with what either says.
#[test]
fn two_lines_are_one_request() {
    let case = Case::new().log("app.jsonl", fastify(400, 2));
    let outcome = case.run();
    assert_eq!((outcome.requests(), outcome.input("lines")), (400, 800));
    let routes = outcome.summary()["http"]["by_route"].as_array().expect("routes").clone();
    let mut told: Vec<(&str, Option<u64>)> =
        routes.iter().map(|route| (route["route"].as_str().expect("a route"), route["count"].as_u64())).collect();
    told.sort_unstable();
    assert_eq!(told, [("/shelf-0", Some(200)), ("/shelf-1", Some(200))]);
    assert!(routes.iter().all(|route| (route["p95_ms"].as_f64().expect("durations") - 250.5).abs() < 5.0));
    // However it came.
    assert_eq!(case.pipe().summary()["http"], outcome.summary()["http"]);
}

/// Rule 11: the end of a request whose begin is not in the log counts. What asks for a route is unknown while that is in the window,
/// and no longer; groups by route are known all the same.
#[test]
fn an_end_without_its_begin_counts_without_a_route() {
    let lines = fastify(400, 1).split_off(1);
    let case = Case::new()
        .trigger("slow", "count(http.request{status=2xx}) / count(http.request) by (route) > 50%")
        .kpi("count(http.request)", ">= 0")
        .kpi("count(http.request{route='/shelf-0'}[10s])", ">= 0")
        .kpi("count(http.request{route='/shelf-0'}[2m])", ">= 0")
        .log("app.jsonl", lines);
    let outcome = case.run();
    assert_eq!((outcome.requests(), outcome.value("count(http.request)").is_some()), (400, true));
    assert!(outcome.value("count(http.request{route='/shelf-0'}[10s])").is_some_and(|count| count > 70.0));
    assert_eq!(outcome.value("count(http.request{route='/shelf-0'}[2m])"), None);
    assert_eq!(outcome.changes("slow"), ["firing 13:30:01 route=/shelf-0"]);
}

/// The level of a message's head wins over the platform's, which calls all of standard error an error.
#[test]
fn the_level_in_the_message_wins() {
    for head in ["- worker - {} - ", "{} worker: ", "| {} | app.main:run:4 - ", "[1] [{}] ", "[7] {}:  "] {
        for (word, level, errors) in [("INFO", "error", 0), ("ERROR", "info", 20), ("ERROR", "error", 20)] {
            let message = |clock: &str| format!("2025-08-25 {clock},434 {}it ended", head.replace("{}", word));
            let lines = every_second("13:30:00", 20, |clock| app(clock, level, &message(clock)));
            let outcome = Case::new().log("app.jsonl", lines).run();
            assert_eq!(outcome.count("app.error"), errors, "{head}{word} {level}");
            let text = every_second("13:30:00", 20, message);
            let outcome = Case::new().log("app.log", text).run();
            assert_eq!(outcome.count("app.error"), if word == "INFO" { 0 } else { 20 }, "{head}{word} as text");
        }
    }
}

/// A line that says it is no warning quotes a failure, and is none.
#[test]
fn info_lines_that_quote_failures_are_none() {
    let quote = "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00";
    for (head, failures) in [
        ("INFO:support:", 0),
        ("2025-08-25 13:30:00,1 - support - DEBUG - ", 0),
        ("[2025-08-25 13:30:00] [INFO    ] support.bot: ", 0),
        ("WARNING:support:", 1),
        ("ERROR:support:", 1),
        ("", 1),
    ] {
        let outcome = Case::new().log("app.jsonl", [app("13:30:00", "info", &format!("{head}{quote}"))]).run();
        assert_eq!(outcome.count("db.pool_exhausted"), failures, "{head}");
    }
}

/// An app's JSON that the platform gives as text is read as if it were the record.
#[test]
fn json_in_the_message_is_the_app_s_record() {
    let lost = json!({"level": "error", "msg": "db lost"}).to_string();
    let request =
        json!({"level": 30, "msg": "done", "method": "GET", "path": "/a", "status": 500, "duration_ms": 4}).to_string();
    let text = json!({"request_id": "0a"}).to_string();
    let lines = [app("13:30:00", "info", &lost), app("13:30:01", "error", &request), app("13:30:02", "info", &text)];
    let outcome = Case::new().log("app.jsonl", lines).run();
    assert_eq!((outcome.count("app.error"), outcome.requests(), outcome.count("http.error")), (1, 1, 1));
    assert_eq!(outcome.summary()["errors"][0]["shape"], "db lost");
}

/// `key=value` pairs, as a line and as the message of a record.
#[test]
fn pairs_tell_requests_and_levels() {
    let lograge = "method=GET path=/a format=html controller=X action=index status=500 duration=12.0 view=3.1";
    let slog = r#"time=2025-08-25T13:30:00.1Z level=INFO msg="request" method=GET path=/a status=500 duration=12ms"#;
    for pairs in [lograge, slog] {
        for line in [app("13:30:00", "info", pairs), pairs.to_string()] {
            let outcome = Case::new().log("app.log", [line]).run();
            assert_eq!(
                (outcome.requests(), outcome.count("http.error"), outcome.count("app.error")),
                (1, 1, 0),
                "{pairs}"
            );
        }
    }
    let lost = r#"time=2025-08-25T13:30:00.1Z level=error msg="db lost""#;
    let fine = r#"time=2025-08-25T13:30:00.1Z level=info msg="all well""#;
    for line in [app("13:30:00", "info", lost), lost.to_string()] {
        assert_eq!(Case::new().log("app.log", [line, app("13:30:01", "error", fine)]).run().count("app.error"), 1);
    }
}

/// Railway's download has the level among the attributes, and the replica among the tags.
#[test]
fn the_level_among_the_attributes_counts() {
    let nested = |clock: &str, level: &str| {
        json!({"message": "it ended", "attributes": {"level": level}, "tags": {"replica": "r-1"}, "timestamp": stamp(clock)}).to_string()
    };
    let lines = [nested("13:30:00", "error"), nested("13:30:01", "warn"), nested("13:30:02", "info")];
    let outcome = Case::new().log("app.jsonl", lines).run();
    assert_eq!((outcome.count("app.error"), outcome.count("app.warning")), (1, 1));
}

/// The cause that a logger puts beside its message is told with it, whatever the member is called and wherever it stands.
#[test]
fn the_cause_beside_a_message_is_classified_with_it() {
    let pool = "redis: connection pool timeout";
    let mut lines = vec![app("12:00:00", "info", "listening")];
    let causes = [
        json!({"err": pool}),
        json!({"error": pool, "caller": "cart.go:17"}),
        json!({"exception": pool}),
        json!({"cause": pool}),
        json!({"err": {"type": "Error", "message": pool}}),
        json!({"err": {"type": "Error", "message": pool, "stack": format!("Error: {pool}\n    at get (/app/cart.js:3:9)")}}),
        json!({"error.message": pool}),
        json!({"fields": {"error": pool}}),
        json!({"context": {"exception": {"class": "RedisException", "message": pool}}}),
    ];
    lines.extend(causes.map(|more| line("12:00:01", "error", "get cart", more)));
    for inner in [
        format!("level=error msg=\"get cart\" err=\"{pool}\""),
        format!("err=\"{pool}\" level=warning msg=\"get cart\""),
        json!({"msg": "get cart", "error": pool}).to_string(),
    ] {
        lines.push(app("12:00:02", "error", &inner));
    }
    lines.push(format!("time={} level=error msg=\"get cart\" err=\"{pool}\"", stamp("12:00:03")));
    let all = lines.len() as u64 - 1;
    // What is no trouble, and what is no cause.
    lines.push(line("12:00:04", "info", "get cart", json!({"err": pool})));
    lines.push(line("12:00:04", "error", "get cart", json!({"note": pool})));
    let outcome = Case::new().trigger("t", "count(db.pool_exhausted)[10s] > 0").log("a.log", lines).run();
    assert_eq!(outcome.count("db.pool_exhausted"), all);
    let shown = outcome.events("t")[0].to_string();
    assert!(shown.contains("get cart: redis: connection pool timeout"), "{shown}");
}

/// A request of level error stays one request, and its cause is classified besides.
#[test]
fn a_request_with_a_cause_is_one_request() {
    let cause = json!({"err": "redis: connection pool timeout"});
    let lines = every_second("12:00:00", 5, |clock| line(clock, "error", "GET /cart 500 in 12ms", cause.clone()));
    let outcome = Case::new().log("a.log", lines).run();
    assert_eq!((outcome.requests(), outcome.count("db.pool_exhausted")), (5, 5));
}

/// What is secret in a cause is masked as in a message.
#[test]
fn a_cause_is_masked() {
    let cause = json!({"error": "login with password=hunter2secret failed"});
    let outcome = Case::new().log("a.log", [line("12:00:00", "error", "get cart", cause)]).run();
    let summary = outcome.summary().to_string();
    assert!(summary.contains("get cart: login with password=***"), "{summary}");
    assert!(!summary.contains("hunter2"));
}

/// Rule 17: a stack is its failure's wherever a logger keeps it, also where the record is the message of Railway's.
#[test]
fn a_stack_in_a_member_of_its_own_is_a_failure() {
    let java = "java.lang.IllegalStateException: closed\n\tat com.shop.Orders.close(Orders.java:88)\n";
    let node = "TypeError: x is null\n    at load (/app/orders.js:12:9)";
    let dotnet = "System.Exception: closed\n   at Shop.Orders.Close() in /src/Orders.cs:line 88";
    let python = "Traceback (most recent call last):\n  File \"/app/jobs.py\", line 41, in run\nIndexError: x";
    let at = stamp("13:30:05.1");
    for (class, record) in [
        ("dotnet", json!({"@t": at, "@mt": "no", "@l": "Error", "@x": dotnet})),
        ("dotnet", json!({"Timestamp": at, "Level": "Error", "RenderedMessage": "no", "Exception": dotnet})),
        (
            "java",
            json!({"timestamp": at, "level": "ERROR", "message": "no", "thrown": {"name": "x", "extendedStackTrace": java}}),
        ),
        (
            "java",
            json!({"timestamp": at, "level": "ERROR", "message": "no", "exception": {"refId": 1}, "stackTrace": java}),
        ),
        (
            "python",
            json!({"@timestamp": at, "log.level": "error", "message": "no", "error": {"type": "x", "stack_trace": python}}),
        ),
        ("python", json!({"timestamp": at, "level": "ERROR", "message": "no", "error.stack": python})),
        (
            "python",
            json!({"text": format!("no\n{python}"), "record": {"level": {"name": "ERROR"}, "message": "no",
                   "time": {"timestamp": 1_756_128_605.1}, "exception": {"type": "x"}}}),
        ),
        ("javascript", json!({"timestamp": at, "level": "error", "message": "no", "metadata": {"stack": node}})),
    ] {
        let told = |lines: [String; 1]| {
            let outcome = Case::new().log("a.jsonl", lines).run();
            (outcome.count(&format!("{class}.exception")), outcome.count("app.error"))
        };
        assert_eq!(told([record.to_string()]), (1, 0), "{record}");
        assert_eq!(told([app("13:30:05.1", "info", &record.to_string())]), (1, 0), "{record}");
    }
}
