//! Records that are JSON objects: Railway's two kinds, and apps that log JSON themselves.

use super::compact;
use super::json::{Broken, Members, Text, Value};
use super::known::{Known, Member};
use super::{Attributes, Edge, Level, Line, Record, milliseconds, railway, status, time_in_message};
use crate::time::{self, Time};

/// Reads a line that begins with a brace.
pub fn object(line: &[u8]) -> Line<'_> {
    match railway::record(line) {
        Some(record) => Line::Record(record),
        None => any_object(line),
    }
}

pub(super) fn any_object(line: &[u8]) -> Line<'_> {
    let mut known = Known::default();
    if compact::walk(line, |key, raw, string| known.note(line, key, raw, string)).is_ok() {
        return record(line, &known);
    }
    match walk(line) {
        Ok(known) => record(line, &known),
        // `{'python': 'dict'}` and the like are text that happens to begin with a brace.
        Err(Broken) if line.get(1).is_none_or(|byte| *byte == b'"') => Line::Malformed,
        Err(Broken) => super::text::record(line),
    }
}

fn walk(line: &[u8]) -> Result<Known<'_>, Broken> {
    let mut known = Known::default();
    let mut members = Members::new(line);
    for member in &mut members {
        let (key, value) = member?;
        known.note(key, 0..key.len(), value.raw(), matches!(value, Value::String(_)));
    }
    if members.position() == line.len() { Ok(known) } else { Err(Broken) }
}

fn record<'a>(line: &'a [u8], known: &Known<'a>) -> Line<'a> {
    let stamp = stamp(known);
    let replica = known.raw(Member::Replica);
    if let (Some(code), Some(method), Some(target)) =
        (known.raw(Member::Status), known.text(Member::Method), known.text(Member::Path))
        && let Some(status) = status(code)
    {
        let duration = known.raw(Member::Duration).and_then(milliseconds);
        return Line::Record(Record {
            // The platform writes it when the request ends (SEMANTICS 2).
            time: stamp,
            replica,
            attributes: Attributes::Json(line),
            edge: Some(Edge {
                method,
                target,
                status,
                duration,
                client: known.text(Member::Client),
                deployment: known.raw(Member::Deployment),
            }),
            ..Record::text(b"")
        });
    }
    let Some(raw) = known.raw(Member::Message) else { return super::text::record(line) };
    if raw.trim_ascii().is_empty() {
        return Line::Blank(stamp);
    }
    Line::Record(Record {
        time: stamp.or_else(|| time_in_message(raw)),
        raw_level: known.raw(Member::Level).and_then(Level::from_name),
        logger: known.text(Member::Logger),
        message: known.text(Member::Message).unwrap_or(Text::plain(raw)),
        stack: known.text(Member::Stack),
        replica,
        attributes: Attributes::Json(line),
        edge: None,
    })
}

fn stamp(known: &Known<'_>) -> Option<Time> {
    let raw = known.raw(Member::Time)?;
    let written = if known.is_text(Member::Time) { time::parse(raw) } else { None };
    written.or_else(|| time::from_epoch_number(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(line: &str) -> Record<'_> {
        match object(line.as_bytes()) {
            Line::Record(record) => record,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn railway_lines_in_any_order() {
        for line in [
            r#"{"timestamp":"2025-08-25T13:26:31.5Z","message":"a \"b\"","level":"error"}"#,
            r#"{"level":"error","n":[1],"message":"a \"b\"","timestamp":"2025-08-25T13:26:31.5Z"}"#,
        ] {
            let record = app(line);
            assert_eq!(record.time.unwrap().to_string(), "2025-08-25T13:26:31.500Z");
            assert_eq!(record.raw_level, Some(Level::Error));
            assert_eq!(record.message.read().as_ref(), br#"a "b""#);
        }
    }

    #[test]
    fn an_edge_record_is_stamped_at_its_end() {
        let record = app(
            r#"{"timestamp":"2025-08-25T13:26:31Z","method":"GET","path":"/x?y","httpStatus":502,"totalDuration":30001,"srcIp":"1.2.3.4"}"#,
        );
        assert_eq!(record.time.unwrap().to_string(), "2025-08-25T13:26:31Z");
        assert_eq!(record.edge.unwrap().status, 502);
    }

    #[test]
    fn apps_that_log_json() {
        let record = app(r#"{"level":50,"time":1756128391000,"name":"api","msg":"lost"}"#);
        assert_eq!(record.time.unwrap().to_string(), "2025-08-25T13:26:31Z");
        assert_eq!((record.raw_level, record.message.raw), (Some(Level::Error), &b"lost"[..]));
        assert_eq!(record.attributes.get("name").as_deref(), Some(&b"api"[..]));
    }

    #[test]
    fn what_is_no_record_is_text_and_what_breaks_off_is_malformed() {
        assert_eq!(app(r#"{"a":1}"#).message.raw, br#"{"a":1}"#);
        assert_eq!(app("{'a': 1}").message.raw, b"{'a': 1}");
        for line in [r#"{"timestamp":"2025-08-25T13:2"#, r#"{"a":1} trailing"#, "{"] {
            assert!(matches!(object(line.as_bytes()), Line::Malformed), "{line}");
        }
        assert!(matches!(object(br#"{"message":"","timestamp":"2025-08-25T13:26:31Z"}"#), Line::Blank(Some(_))));
    }
}
