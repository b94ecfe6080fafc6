//! The JSON object at the end of a message: of its members only those that say what failed are kept.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::super::route::{ID, is_id, segments};
use super::push_lossy;
use crate::decode::escape::closing_quote;

/// Objects within the messages of objects are looked into this deep.
const MAX_DEPTH: u8 = 2;

/// Members of a JSON object that say what kind of failure it tells of, in the order in which a shape has them: the message
/// last, for it alone can be too long.
const TELLING: [&str; 5] = ["error_type", "status_code", "method", "path", "message"];

/// The raw values of the members named in [`TELLING`], where the object has them.
pub(super) type Object<'a> = [Option<&'a [u8]>; TELLING.len()];

/// The text before a JSON object that ends the message, and the object.
pub(super) fn split(message: &[u8]) -> Option<(&[u8], Object<'_>)> {
    if !message.ends_with(b"}") {
        return None;
    }
    let open = memchr_iter(b'{', message).find(|open| {
        let inside = message[open + 1..].trim_ascii_start();
        inside.starts_with(b"\"")
    })?;
    Some((&message[..open], read(&message[open..])?))
}

/// Reads the members of the object that `text` is. Lenient about what no member's end depends on.
fn read(text: &[u8]) -> Option<Object<'_>> {
    let mut found = Object::default();
    let mut rest = text.strip_prefix(b"{")?.trim_ascii_start();
    while rest != b"}" {
        let name_end = string_end(rest)?;
        let name = &rest[1..name_end - 1];
        rest = rest[name_end..].trim_ascii_start();
        let value = rest.strip_prefix(b":")?.trim_ascii_start();
        let end = value_end(value)?;
        if let Some(at) = TELLING.iter().position(|telling| telling.as_bytes() == name) {
            found[at] = Some(value[..end].trim_ascii_end());
        }
        rest = &value[end..];
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    }
    Some(found)
}

/// The length of the JSON string that `text` begins with, its quotes included.
fn string_end(text: &[u8]) -> Option<usize> {
    Some(closing_quote(text.strip_prefix(b"\"")?)? + 2)
}

/// The length of the value up to the comma or bracket after it.
fn value_end(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => {
                at += string_end(&text[at..])?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return (at > 0).then_some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

pub(super) fn append(object: &Object<'_>, out: &mut String, depth: u8) {
    let mut separator = '{';
    for (name, value) in TELLING.iter().zip(object) {
        let Some(value) = *value else { continue };
        out.push(separator);
        if separator == ',' {
            out.push(' ');
        }
        separator = ',';
        out.push_str(name);
        out.push_str(": ");
        let value = unquoted(value);
        match *name {
            "message" if depth < MAX_DEPTH => super::append(&value, out, depth + 1),
            "message" => out.push('…'),
            "path" => append_path(&value, out),
            _ => push_lossy(&value, out),
        }
    }
    out.push_str(if separator == '{' { "{…}" } else { "}" });
}

/// A JSON string's text, or any other value as it stands.
fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    match value {
        [b'"', inside @ .., b'"'] if memchr(b'\\', inside).is_none() => inside.into(),
        [b'"', inside @ .., b'"'] => match serde_json::from_slice::<String>(value) {
            Ok(text) => text.into_bytes().into(),
            Err(_) => inside.into(),
        },
        other => other.into(),
    }
}

fn append_path(path: &[u8], out: &mut String) {
    let path = memchr(b'?', path).map_or(path, |end| &path[..end]);
    let mut any = false;
    for segment in segments(path) {
        out.push('/');
        push_lossy(if is_id(segment) { ID } else { segment }, out);
        any = true;
    }
    if !any {
        out.push('/');
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape;

    fn of(message: &str) -> String {
        let mut out = String::new();
        shape(message.as_bytes(), &mut out);
        out
    }

    #[test]
    fn objects_group_by_their_telling_members() {
        let line = |id: &str, bot: u32| {
            format!(
                r#"Server error: {{"request_id": "{id}", "error_type": "HTTPException", "detail": {{"a": [1, "}}"]}}, "status_code": 500, "method": "GET", "message": "\u26a0 bot {bot} \"x y\" gone", "path": "/api/bots/{bot}/log?x"}}"#
            )
        };
        let want = "Server error: {error_type: HTTPException, status_code: 500, method: GET, path: /api/bots/:id/log, message: ⚠ bot N '…' gone}";
        assert_eq!(of(&line("f05b86a5", 7)), want);
        assert_eq!(of(&line("00000001", 81)), want);
        assert_eq!(of(r#"sent {"a": 1, "b": "c d"}"#), "sent {…}");
        assert_eq!(of(r#"cut {"status_code": 5"#), "cut {\"status_code\": N");
        assert_eq!(of(r#"odd {"status_code": }"#), "odd {\"status_code\": }");
        assert_eq!(
            of(r#"{"message": "{\"message\": \"{\\\"message\\\": 1}\"}"}"#),
            "{message: {message: {message: …}}}"
        );
    }
}
