use super::*;

fn read(message: &str) -> (Option<Level>, Option<&str>, &str) {
    let head = head(message.as_bytes());
    (head.level, head.logger.map(|name| std::str::from_utf8(name).unwrap()), &message[head.length..])
}

#[test]
fn heads_of_the_usual_loggers() {
    assert_eq!(read("INFO:services.auth_service:User"), (Some(Level::Info), Some("services.auth_service"), "User"));
    assert_eq!(read("INFO:     Started server"), (Some(Level::Info), None, "Started server"));
    assert_eq!(read("CRITICAL: Connection pool"), (Some(Level::Critical), None, "Connection pool"));
    assert_eq!(read("FATAL:  sorry, too many"), (Some(Level::Critical), None, "sorry, too many"));
    assert_eq!(read("[ERROR] no"), (Some(Level::Error), None, "no"));
    assert_eq!(
        read("[2025-08-25 13:26:31 +0000] [17] [CRITICAL] WORKER TIMEOUT"),
        (Some(Level::Critical), None, "WORKER TIMEOUT")
    );
    assert_eq!(read(" - app.db - ERROR - lost"), (Some(Level::Error), Some("app.db"), "lost"));
    assert_eq!(read(" | WARNING  | slow"), (Some(Level::Warning), None, "slow"));
    assert_eq!(read("error: failed"), (Some(Level::Error), None, "failed"));
}

#[test]
fn what_only_looks_like_a_head() {
    for text in [
        "Error: x",
        "INFORMATION: x",
        "ERRORS:x",
        "error in handler",
        "[17] [2] x",
        "",
        "INFO",
        "  File \"x\"",
        "12 ERROR lines",
        "[error handler] x",
        "[a] b - c",
        "- ERRORS: 0",
        "1.2.3.4 - - [02/Sep/2025:08:00:33 +0000] x",
        "[",
        "I, [",
        "npm run start",
        "app.py:12: done",
        "a.b - c",
    ] {
        let (level, logger, rest) = read(text);
        assert!(text == "INFO" || (level.is_none() && rest == text), "{text}");
        assert_eq!(logger, None);
    }
}

#[test]
fn the_logger_needs_its_colon() {
    assert_eq!(read("ERROR:just text with: colon"), (Some(Level::Error), None, "just text with: colon"));
}

/// As the loggers of Railway's users write them, in a message of Railway's JSON and in text alike.
#[test]
fn heads_that_begin_with_a_time_or_a_bracket() {
    use Level::{Critical, Debug, Error, Info, Warning};
    for (message, level, logger, text) in [
        ("2026-11-25 08:05:57,434 - worker - INFO - job done", Info, Some("worker"), "job done"),
        ("2026-11-25 08:05:57,434 - shop.jobs - 17 - ERROR - lost", Error, Some("shop.jobs"), "lost"),
        ("2026-11-25 08:05:57,434 INFO job done", Info, None, "job done"),
        ("2026-11-25 08:05:57,434 ERROR shop.jobs: lost", Error, Some("shop.jobs"), "lost"),
        ("[2025-09-02 08:00:00,123] ERROR in app: lost", Error, Some("app"), "lost"),
        ("[2025-09-02 08:00:01,000: INFO/MainProcess] Task t received", Info, None, "Task t received"),
        ("[2025-09-02 08:00:01,000: WARNING/ForkPoolWorker-1] slow", Warning, None, "slow"),
        ("[2025-09-02 08:00:01,369] [6732] [api] [ERROR] {charge:81} refused", Error, None, "{charge:81} refused"),
        ("[2025-09-02 10:00:00 +0200] [1] [CRITICAL] WORKER TIMEOUT", Critical, None, "WORKER TIMEOUT"),
        ("2025-09-02 08:00:00.123 | INFO     | app.main:run:42 - started", Info, Some("app.main"), "started"),
        ("2025-09-02 08:00:00.123 | ERROR    | __main__:<module>:4 - lost", Error, Some("__main__"), "lost"),
        ("2025-09-02 08:00:00 [info     ] started   port=1", Info, None, "started   port=1"),
        ("2025-09-02T08:00:00.1Z [error    ] lost", Error, None, "lost"),
        ("[2025-08-25 13:50:01] [WARNING ] discord.gateway: slow", Warning, Some("discord.gateway"), "slow"),
        ("[02/Sep/2025 08:00:00] INFO [django.server:161] x", Info, None, "[django.server:161] x"),
        ("2025-09-02T08:00:00.123Z [warn]: slow", Warning, None, "slow"),
        ("2025-09-02T08:00:00.123Z error: lost", Error, None, "lost"),
        (
            "2026-06-10T08:00:00+0000 info HummingbirdApp: [Core] started",
            Info,
            Some("HummingbirdApp"),
            "[Core] started",
        ),
        ("[Nest] 17  - 09/02/2025, 8:00:00 AM     LOG [NestFactory] Starting", Info, None, "[NestFactory] Starting"),
        ("[Nest] 17  - 09/02/2025, 8:00:00 AM   ERROR [Jobs] lost", Error, None, "[Jobs] lost"),
        ("2025-09-02 08:00:00,123 [main] INFO  com.foo.Bar - up", Info, Some("com.foo.Bar"), "up"),
        ("08:00:00.123 [main] ERROR com.foo.Bar - down", Error, Some("com.foo.Bar"), "down"),
        ("2025/09/02 08:00:02 [error] 31#31: *1 x", Error, None, "31#31: *1 x"),
        ("2025/09/02 08:00:02 INFO started port=1", Info, None, "started port=1"),
        ("2025-09-02T08:00:00.123Z\tINFO\tserver/main.go:12\tup", Info, None, "server/main.go:12\tup"),
        ("8:00AM INF up port=1", Info, None, "up port=1"),
        ("2025-09-02T08:00:00Z ERR lost", Error, None, "lost"),
        ("[08:00:00 WRN] slow", Warning, None, "slow"),
        ("[2025-09-02T08:00:00Z INFO  my_crate::web] up", Info, Some("my_crate::web"), "up"),
        ("2025-09-02T08:00:00.1Z  INFO my_crate: up", Info, None, "my_crate: up"),
        ("I, [2025-09-02T08:00:00.123456 #17]  INFO -- : up", Info, None, "up"),
        ("E, [2025-09-02T08:00:00.123456 #17] ERROR -- jobs: lost", Error, Some("jobs"), "lost"),
        ("[2025-09-02T08:00:00.123+00:00] production.ERROR: lost", Error, Some("production"), "lost"),
        ("[2025-09-02 08:00:00] local.DEBUG: x", Debug, Some("local"), "x"),
        ("2025-08-25 13:50:02.131 UTC [6] LOG:  checkpoint", Info, None, "checkpoint"),
        ("2025-08-25 13:50:02.131 UTC [6] FATAL:  sorry", Critical, None, "sorry"),
        ("2025-08-25 13:50:02.131 UTC [6] DETAIL:  Key", Info, None, "DETAIL:  Key"),
        (
            "2025-08-25T13:50:02.1Z ERROR 17 --- [nio-8080-exec-1] com.shop.Web   : lost",
            Error,
            Some("com.shop.Web"),
            "lost",
        ),
        ("2025-08-25T13:50:02.1Z  INFO 17 --- [shop] [  main] [a1-b2] c.s.App : up", Info, Some("c.s.App"), "up"),
        ("2025-08-25 13:50:02,1 ERROR [com.shop.Web] (executor-thread-1) lost", Error, Some("com.shop.Web"), "lost"),
        ("ERROR 2025-08-25 13:50:02,123 views 17 140 lost", Error, Some("views"), "lost"),
        ("ERROR 2025-08-25 13:50:02,123 wrote 17 rows", Error, None, "wrote 17 rows"),
        ("fail: Shop.Jobs[0] lost", Error, None, "Shop.Jobs[0] lost"),
        ("npm warn config production", Warning, None, "npm warn config production"),
        ("npm ERR! code 1", Error, None, "npm ERR! code 1"),
        ("/app/x.py:12: DeprecationWarning: old", Warning, None, "/app/x.py:12: DeprecationWarning: old"),
        ("(node:17) [DEP0040] DeprecationWarning: old", Warning, None, "(node:17) [DEP0040] DeprecationWarning: old"),
    ] {
        assert_eq!(read(message), (Some(level), logger, text), "{message}");
    }
}
