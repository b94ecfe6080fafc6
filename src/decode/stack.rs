//! The stack of a failure that a structured logger puts into a member of its own, wherever that stands.
//!
//! Serilog calls it `@x` or `Exception`, log4j `thrown.extendedStackTrace`, Datadog's and OpenTelemetry's loggers use names with dots, ECS
//! nests what those dots separate, winston keeps it in `metadata`, GELF begins names of its own with an underscore. It is looked for
//! only in records of level warning and worse that have none under a usual name, and only text of several lines is one, or an
//! exception as an object.

use std::borrow::Cow;

use super::cause::has_lines;
use super::json::{Members, Text, Value};
use super::{Level, raised, unfold};

/// A stack as it stands in a record.
#[derive(Clone, Copy, Debug)]
pub enum Stack<'a> {
    Text(Text<'a>),
    /// An exception as an object, or a chain of them as a list.
    Object(&'a [u8]),
}

impl<'a> Stack<'a> {
    pub(super) fn is_empty(self) -> bool {
        matches!(self, Stack::Text(text) if text.raw.is_empty())
    }

    /// Its lines, as the language prints them.
    pub fn read(self) -> Cow<'a, [u8]> {
        let text = match self {
            Stack::Text(text) => text.read(),
            Stack::Object(object) => return Cow::Owned(raised::written(object)),
        };
        // A string that was written as JSON keeps its quotes.
        match text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")) {
            Some(quoted) => Cow::Owned(unfold::unfolded(quoted).into_owned()),
            None => match unfold::unfolded(&text) {
                Cow::Borrowed(_) => text,
                Cow::Owned(unfolded) => Cow::Owned(unfolded),
            },
        }
    }
}

// Of names that mean the same the first one in its list counts, wherever it stands.
const NAMES: [&[u8]; 16] = [
    b"stack",
    b"stack_trace",
    b"stackTrace",
    b"error.stack",
    b"error.stack_trace",
    b"exception.stacktrace",
    b"err.stack",
    b"exception",
    b"@x",
    b"Exception",
    b"traceback",
    b"extendedStackTrace",
    b"_exception",
    b"_stack_trace",
    b"_StackTrace",
    b"full_message",
];
/// What is an error's in an object that tells of one; beside a message of zap it is where the line was written.
const NAMES_WITHIN: [&[u8]; 2] = [b"stacktrace", b"trace"];
/// Objects that tell of an error, or in which loggers put what was given beside a message.
const AROUND: [&[u8]; 10] =
    [b"err", b"error", b"exception", b"thrown", b"metadata", b"meta", b"attributes", b"context", b"fields", b"extra"];
/// What exceptions are called that are objects.
const RAISED: [&[u8]; 5] = [b"exception", b"err", b"error", b"thrown", b"exc_info"];
/// How deep such objects stand in one another.
const DEPTH: usize = 2;

/// The stack that the members of a record of this level tell.
pub(super) fn find(level: Option<Level>, object: &[u8]) -> Option<Stack<'_>> {
    level.filter(|level| *level >= Level::Warning)?;
    let text = own(object, &[]).or_else(|| within(object, DEPTH));
    text.map(Stack::Text).or_else(|| an_exception(object, DEPTH).map(Stack::Object))
}

/// The first exception that is an object.
fn an_exception(object: &[u8], depth: usize) -> Option<&[u8]> {
    let found = members(object).filter_map(|(name, value)| {
        let Value::Other(inner @ [b'{' | b'[', ..]) = value else { return None };
        if let Some(rank) = RAISED.iter().position(|known| *known == name)
            && raised::is_raised(value)
        {
            return Some((rank, inner));
        }
        let rank = AROUND.iter().position(|known| *known == name)?;
        let inner = Some(inner).filter(|inner| inner.starts_with(b"{"))?;
        Some((RAISED.len() + rank, an_exception(inner, depth.checked_sub(1)?)?))
    });
    found.min_by_key(|(rank, _)| *rank).map(|(_, object)| object)
}

fn own<'a>(object: &'a [u8], more: &[&[u8]]) -> Option<Text<'a>> {
    let stacks = members(object).filter_map(|(name, value)| {
        let rank = NAMES.iter().chain(more).position(|known| *known == name)?;
        Some((rank, value.text().filter(|text| has_lines(*text) || unfold::is_of_dotnet_console(text.raw))?))
    });
    stacks.min_by_key(|(rank, _)| *rank).map(|(_, text)| text)
}

/// That of the first object around one.
fn within(object: &[u8], depth: usize) -> Option<Text<'_>> {
    let depth = depth.checked_sub(1)?;
    let stacks = members(object).filter_map(|(name, value)| {
        let Value::Other(inner @ [b'{', ..]) = value else { return None };
        let rank = AROUND.iter().position(|known| *known == name)?;
        Some((rank, own(inner, &NAMES_WITHIN).or_else(|| within(inner, depth))?))
    });
    stacks.min_by_key(|(rank, _)| *rank).map(|(_, text)| text)
}

fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], Value<'_>)> {
    Members::new(object).map_while(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(line: &str) -> Option<String> {
        find(Some(Level::Error), line.as_bytes()).map(|stack| String::from_utf8(stack.read().into_owned()).unwrap())
    }

    #[test]
    fn wherever_it_stands() {
        for line in [
            r#"{"@x":"E: a\n  at f"}"#,
            r#"{"Exception":"E: a\n  at f","error.stack":"E: a\n  at f"}"#,
            r#"{"error":{"stack_trace":"E: a\n  at f"}}"#,
            r#"{"meta":{"stack":"E: b\n  at g"},"error":{"stack":"E: a\n  at f"}}"#,
            r#"{"error":{"stack":"E: a\n  at f"},"meta":{"stack":"E: b\n  at g"}}"#,
            r#"{"metadata":{"error":{"stack":"E: a\n  at f"}}}"#,
            r#"{"exception":{"stacktrace":"E: a\n  at f"}}"#,
            r#"{"context":{"exception":{"name":"E","message":"a","stack":["  at f"]}},"error":"a"}"#,
            r#"{"error":{"name":"D","stack":[]},"thrown":{"name":"E","message":"a","stack_trace":["E: a","  at f"]}}"#,
        ] {
            assert_eq!(stack(line).as_deref(), Some("E: a\n  at f"), "{line}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for line in [
            r#"{"stack":"production"}"#,
            r#"{"stacktrace":"main.f\n\t/app/a.go:1"}"#,
            r#"{"other":{"stack":"E: a\n  at f"}}"#,
            r#"{"meta":{"meta":{"meta":{"stack":"E: a\n  at f"}}}}"#,
        ] {
            assert_eq!(stack(line), None, "{line}");
        }
        assert!(find(Some(Level::Info), br#"{"@x":"E: a\n  at f"}"#).is_none());
    }
}
