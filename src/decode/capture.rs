//! Records of `railway logs --network` and `--dns`: flows and look-ups that the platform saw, without a message.

use super::{Level, json};

/// How grave such a record is; `None` for any other object.
pub(super) fn level(object: &[u8]) -> Option<Level> {
    let text = |name| json::member(object, name).map(json::Value::raw);
    let is_bad = match (text("qname"), text("rcode"), text("l4Protocol"), text("dstAddr")) {
        (Some(_), Some(code), ..) => matches!(code, b"SERVFAIL" | b"REFUSED"),
        (.., Some(_), Some(_)) => text("dropCause").is_some_and(|cause| !matches!(cause, b"" | b"null")),
        _ => return None,
    };
    Some(if is_bad { Level::Warning } else { Level::Info })
}
