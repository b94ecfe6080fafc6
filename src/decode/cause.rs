//! The cause that a structured logger puts into a member beside the message: `msg="get cart" err="redis: connection pool timeout"`.
//!
//! Go's loggers call it `err` or `error`, pino and bunyan write an object with a `message`, OpenTelemetry and ECS a name with a
//! dot, tracing and Monolog put it one object deeper. It is looked for only in records of level warning and worse.

use super::json::{self, Members, Text, Value};
use super::{Attributes, Level, logfmt};

// Of names that mean the same the first one in its list counts, wherever it stands.
const NAMES: [&[u8]; 9] = [
    b"err",
    b"error",
    b"exception",
    b"cause",
    b"err.message",
    b"error.message",
    b"exception.message",
    b"error_message",
    b"errorMessage",
];
/// Objects with members that others write beside the message: tracing's, Railway's in downloads, Monolog's.
const AROUND: [&[u8]; 3] = [b"fields", b"attributes", b"context"];

/// Longer texts in one line are whole answers or dumps of objects, in bytes.
const LONGEST: usize = 1_000;

/// The cause that the members of a record of this level tell.
pub(super) fn find<'a>(level: Option<Level>, attributes: Attributes<'a>) -> Option<Text<'a>> {
    level.filter(|level| *level >= Level::Warning)?;
    match attributes {
        Attributes::None => None,
        Attributes::Json(object) => of_object(object),
        Attributes::Logfmt(text) => {
            first(logfmt::Pairs::new(text).map(|(name, value)| (name, Value::String(value)))).map(|(_, text)| text)
        }
    }
}

/// A member of the object itself comes before one of an object in it.
fn of_object(object: &[u8]) -> Option<Text<'_>> {
    let own = || first(members(object));
    let inner = || {
        let causes = members(object).filter_map(|(name, value)| {
            let around = AROUND.iter().position(|known| *known == name)?;
            let (rank, text) = first(members(value.raw()))?;
            Some(((around, rank), text))
        });
        causes.min_by_key(|(rank, _)| *rank).map(|(_, text)| text)
    };
    own().map(|(_, text)| text).or_else(inner)
}

fn members<'a>(object: &'a [u8]) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
    let object = if object.starts_with(b"{") { object } else { b"{}" };
    Members::new(object).map_while(Result::ok)
}

/// The cause whose name comes first, and where its name stands among them.
fn first<'a>(members: impl Iterator<Item = (&'a [u8], Value<'a>)>) -> Option<(usize, Text<'a>)> {
    let causes = members.filter_map(|(name, value)| {
        // Most names begin with none of the letters that these begin with.
        matches!(name.first(), Some(b'e' | b'c')).then_some(())?;
        let rank = NAMES.iter().position(|known| *known == name)?;
        Some((rank, text(value)?))
    });
    causes.min_by_key(|(rank, _)| *rank)
}

fn text(value: Value<'_>) -> Option<Text<'_>> {
    let text = match value {
        Value::String(text) => text,
        Value::Other(object @ [b'{', ..]) => json::member(object, "message")?.text()?,
        Value::Other(_) => return None,
    };
    let says = text.raw.trim_ascii();
    let is_flag =
        matches!(says, b"" | b"null" | b"nil" | b"<nil>" | b"None" | b"none" | b"undefined" | b"true" | b"false");
    (!is_flag && (says.len() <= LONGEST || has_lines(text))).then_some(text)
}

/// Whether a string in JSON or in quotes has several lines, as one with a stack in it does.
pub(super) fn has_lines(text: Text<'_>) -> bool {
    text.escaped && memchr::memmem::find(text.raw, br"\n").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(line: &str) -> Option<String> {
        let attributes = match line.starts_with('{') {
            true => Attributes::Json(line.as_bytes()),
            false => Attributes::Logfmt(line.as_bytes()),
        };
        find(Some(Level::Error), attributes).map(|text| String::from_utf8(text.read().into_owned()).unwrap())
    }

    #[test]
    fn by_its_names_in_any_order() {
        for line in [
            r#"{"err":"lost","error":"also"}"#,
            r#"{"error":"also","err":"lost"}"#,
            r#"{"context":{"error":"also"},"cause":"lost"}"#,
            r#"{"context":{"error":"also"},"fields":{"error":"lost"}}"#,
            r#"{"context":{"exception":{"class":"E","message":"lost"}}}"#,
            r#"{"err":{"type":"Error","message":"lost"}}"#,
            r#"{"error":null,"error.message":"lost"}"#,
            "level=error err=lost",
            r#"error="also" err.message="x" err="lost""#,
        ] {
            assert_eq!(cause(line).as_deref(), Some("lost"), "{line}");
        }
    }

    #[test]
    fn flags_and_dumps_are_none() {
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(LONGEST + 1));
        for line in
            [r#"{"error":true}"#, r#"{"error":"true"}"#, r#"{"err":""}"#, "err=<nil>", r#"{"error":[1]}"#, &long]
        {
            assert_eq!(cause(line), None, "{line}");
        }
        assert!(find(Some(Level::Info), Attributes::Json(br#"{"err":"lost"}"#)).is_none());
    }
}
