//! Records that are JSON objects: Railway's two kinds, and apps that log JSON themselves.

use super::json::{Broken, Members, Text, Value};
use super::{Attributes, Edge, Level, Line, Record, milliseconds, status, time_in_message};
use crate::time::{self, Time};

/// The members that mean something, as they are met.
#[derive(Default)]
struct Known<'a> {
    time: Option<Value<'a>>,
    message: Option<Value<'a>>,
    level: Option<Value<'a>>,
    logger: Option<Value<'a>>,
    stack: Option<Value<'a>>,
    replica: Option<Value<'a>>,
    method: Option<Value<'a>>,
    path: Option<Value<'a>>,
    status: Option<Value<'a>>,
    duration: Option<Value<'a>>,
    client: Option<Value<'a>>,
    deployment: Option<Value<'a>>,
}

/// Reads a line that begins with a brace.
pub fn object(line: &[u8]) -> Line<'_> {
    match walk(line) {
        Ok(known) => record(line, known),
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
        let place = match key {
            b"timestamp" | b"time" | b"ts" | b"@timestamp" => &mut known.time,
            b"message" | b"msg" | b"event" => &mut known.message,
            b"level" | b"severity" | b"levelname" | b"lvl" => &mut known.level,
            b"logger" | b"name" => &mut known.logger,
            b"exception" | b"exc_info" | b"stack" | b"stack_trace" => &mut known.stack,
            b"deploymentInstanceId" | b"replicaId" => &mut known.replica,
            b"method" => &mut known.method,
            b"path" => &mut known.path,
            b"httpStatus" => &mut known.status,
            b"totalDuration" => &mut known.duration,
            b"srcIp" => &mut known.client,
            b"deploymentId" => &mut known.deployment,
            _ => continue,
        };
        place.get_or_insert(value);
    }
    if members.position() == line.len() { Ok(known) } else { Err(Broken) }
}

fn record<'a>(line: &'a [u8], known: Known<'a>) -> Line<'a> {
    let stamp = known.time.and_then(stamp);
    let replica = known.replica.map(Value::raw);
    if let (Some(code), Some(Value::String(method)), Some(Value::String(target))) =
        (known.status, known.method, known.path)
        && let Some(status) = status(code.raw())
    {
        let duration = known.duration.and_then(|value| milliseconds(value.raw()));
        return Line::Record(Record {
            // The stamp is the request's start; the record is written at its end (SEMANTICS 2).
            time: stamp.map(|start| start.saturating_add(duration.unwrap_or(0))),
            replica,
            attributes: Attributes::Json(line),
            edge: Some(Edge {
                method,
                target,
                status,
                duration,
                client: known.client.and_then(Value::text),
                deployment: known.deployment.map(Value::raw),
            }),
            ..Record::text(b"")
        });
    }
    let Some(message) = known.message else { return super::text::record(line) };
    let message = match message {
        Value::String(text) => text,
        Value::Other(raw) => Text::plain(raw),
    };
    if message.raw.trim_ascii().is_empty() {
        return Line::Blank(stamp);
    }
    Line::Record(Record {
        time: stamp.or_else(|| time_in_message(message.raw)),
        raw_level: known.level.and_then(|value| Level::from_name(value.raw())),
        logger: known.logger.and_then(Value::text),
        message,
        stack: known.stack.and_then(Value::text),
        replica,
        attributes: Attributes::Json(line),
        edge: None,
    })
}

fn stamp(value: Value<'_>) -> Option<Time> {
    match value {
        Value::String(text) => time::parse(text.raw).or_else(|| time::from_epoch_number(text.raw)),
        Value::Other(raw) => time::from_epoch_number(raw),
    }
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
    fn an_edge_record_happens_at_its_end() {
        let record = app(
            r#"{"timestamp":"2025-08-25T13:26:31Z","method":"GET","path":"/x?y","httpStatus":502,"totalDuration":30001,"srcIp":"1.2.3.4"}"#,
        );
        assert_eq!(record.time.unwrap().to_string(), "2025-08-25T13:27:01.001Z");
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
