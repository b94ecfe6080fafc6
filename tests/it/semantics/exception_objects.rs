//! Rule 16: an exception that a structured logger writes as an object, or in one line, is the exception that its language prints, with
//! type, message and place, whether its record is the line or the message of one.

use serde_json::{Value, json};

use super::case::{Case, app};

/// What wrote it, its record, and the type and the place that it tells of a "bad total".
fn records() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let python = json!({"filename": "/app/main.py", "lineno": 12, "name": "checkout", "line": "raise"});
    let lib = json!({"filename": "/usr/lib/python3.12/site-packages/a/b.py", "lineno": 5, "name": "lib"});
    vec![
        (
            "structlog",
            json!({"event": "x", "level": "error", "exception": [{"exc_type": "ValueError", "exc_value": "bad total", "is_cause": false,
                "frames": [python, lib]}]}),
            "ValueError",
            "/app/main.py:12 in checkout",
        ),
        (
            "Monolog",
            json!({"message": "x", "context": {"exception": {"class": "App\\OrderFailed", "message": "bad total", "code": 0,
                "file": "/app/src/Order.php:12", "trace": ["/app/src/Ctl.php:30"]}}, "level": 400, "level_name": "ERROR", "channel": "app"}),
            "App\\OrderFailed",
            "/app/src/Order.php:12",
        ),
        (
            "semantic_logger",
            json!({"level": "error", "name": "Orders", "message": "x", "exception": {"name": "Shop::Lost", "message": "bad total",
                "stack_trace": ["/app/app/orders.rb:12:in `create'", "/usr/local/bundle/gems/rack-3/lib/rack.rb:3:in `call'"]}}),
            "Shop::Lost",
            "/app/app/orders.rb:12 in create",
        ),
        (
            "ECS",
            json!({"log.level": "ERROR", "message": "x", "error": {"type": "java.lang.IllegalStateException", "message": "bad total",
                "stack_trace": ["java.lang.IllegalStateException: bad total\n", "\tat shop.Orders.create(Orders.java:12)\n"]}}),
            "java.lang.IllegalStateException",
            "Orders.java:12 in shop.Orders.create",
        ),
        (
            "log4j",
            json!({"level": "ERROR", "loggerName": "shop", "message": "x", "thrown": {"message": "bad total", "name": "shop.Lost",
                "extendedStackTrace": [{"class": "shop.Orders", "method": "create", "file": "Orders.java", "line": 12}]}}),
            "shop.Lost",
            "Orders.java:12 in shop.Orders.create",
        ),
        (
            "JavaScript",
            json!({"level": "error", "message": "x", "error": {"name": "TypeError", "message": "bad total",
                "stack": ["TypeError: bad total", "at create (/app/orders.js:12:5)"]}}),
            "TypeError",
            "/app/orders.js:12 in create",
        ),
        (
            ".NET's console",
            json!({"LogLevel": "Error", "Category": "Shop", "Message": "x", "State": {"Message": "x"},
                "Exception": "Shop.LostException: bad total    at Shop.Orders.Create() in /app/Orders.cs:line 12    at Shop.A.B()"}),
            "Shop.LostException",
            "/app/Orders.cs:12 in Shop.Orders.Create",
        ),
        (
            "GELF",
            json!({"version": "1.1", "host": "h", "short_message": "x", "level": 3,
                "full_message": "x\nTraceback (most recent call last):\n  File \"/app/main.py\", line 12, in checkout\nValueError: bad total"}),
            "ValueError",
            "/app/main.py:12 in checkout",
        ),
    ]
}

#[test]
fn an_exception_as_an_object_is_one() {
    for (name, record, kind, place) in records() {
        for line in [record.to_string(), app("13:30:00", "info", &record.to_string())] {
            let begins = "2025-08-25T13:30:00Z begins".to_string();
            let outcome = Case::new().log("app.log", vec![begins, line]).run();
            let exceptions = &outcome.summary()["exceptions"];
            assert_eq!(exceptions.as_array().map(Vec::len), Some(1), "{name}: {exceptions}");
            let told = |member: &str| exceptions[0][member].as_str().unwrap_or_default().to_string();
            assert_eq!([told("type"), told("message"), told("where")], [kind, "bad total", place], "{name}");
            assert_eq!(outcome.count("app.error"), 0, "{name}");
        }
    }
}

/// GELF counts its levels as syslog does, from the gravest on; nobody else does.
#[test]
fn gelf_has_the_severities_of_syslog() {
    let errors = |message: &str, level: u8| {
        let line =
            json!({"version": "1.1", "timestamp": 1_756_128_600, message: "cache lost", "level": level}).to_string();
        Case::new().log("app.log", vec![line]).run().count("app.error")
    };
    assert_eq!([0, 3, 4, 6, 7].map(|level| errors("short_message", level)), [1, 1, 0, 0, 0]);
    assert_eq!(errors("message", 3), 0);
}
