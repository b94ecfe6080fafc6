//! Lines of `railway logs --json`, made to order.

use serde_json::json;

/// When logs made here begin: the deployment of most of them.
pub const START: &str = "2025-08-25T13:50:00Z";

/// The time so many seconds after the start, as `--since` and the like take it.
pub fn at(second: u32) -> String {
    format!("2025-08-25T{:02}:{:02}:{:02}Z", 13 + (50 + second / 60) / 60, (50 + second / 60) % 60, second % 60)
}

/// A line of the service so many seconds after the start.
pub fn line(second: u32, level: &str, message: &str) -> String {
    format!("{}\n", json!({"timestamp": at(second).replace('Z', ".250Z"), "level": level, "message": message}))
}

/// A request as the server logs it.
pub fn request(second: u32, path: &str, status: u16) -> String {
    let message = format!("INFO:     100.64.0.3:{} - \"GET {path} HTTP/1.1\" {status} OK", 41_000 + second);
    line(second, "info", &message)
}

/// Requests answered with 200, one a second.
pub fn healthy(seconds: std::ops::Range<u32>) -> String {
    seconds.map(|second| request(second, "/api/bots", 200)).collect()
}

/// Healthy minutes, as many as it takes to be called so, that the plan `dl-034` and the plan `default` have nothing to say against.
pub fn healthy_minutes() -> String {
    healthy(0..660)
}
