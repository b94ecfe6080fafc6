//! Records that are JSON objects: Railway's two kinds, and apps that log JSON themselves.

use super::aliases::{self, Aliases};
use super::capture;
use super::cause;
use super::compact;
use super::json::{Broken, Members, Text, Value};
use super::known::{Known, Member};
use super::stack::{self, Stack};
use super::{
    Attributes, Edge, Level, Line, Record, is_answer, json, milliseconds, railway, request, status, time_in_message,
};
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
        // `{'python': 'dict'}` and the like are text that happens to begin with a brace, as is the first line of an object that
        // is printed over several.
        Err(Broken) if line.get(1) == Some(&b'"') => Line::Malformed,
        Err(Broken) => super::text::record(line),
    }
}

fn walk(line: &[u8]) -> Result<Known<'_>, Broken> {
    let mut known = Known::default();
    let mut members = Members::new(line);
    for member in &mut members {
        let (key, value) = member?;
        if let Value::Other([b'{', ..]) = value
            && request::is_cause(key)
        {
            known.note_cause();
        }
        known.note(key, 0..key.len(), value.raw(), matches!(value, Value::String(_)));
    }
    if members.position() == line.len() { Ok(known) } else { Err(Broken) }
}

// Railway prints members in random order, and what an app logs besides its message stands beside Railway's own. So of names
// that mean the same one comes before the other, wherever they stand; one that cannot be read leaves it to the next.
const TIMES: [Member; 4] = [Member::Timestamp, Member::Time, Member::Ts, Member::AtTimestamp];
const MESSAGES: [Member; 4] = [Member::Message, Member::Msg, Member::Event, Member::Body];
// What only a logger calls a level, and what Railway does, too: that may be no more than the stream the line came on.
const OWN_LEVELS: [Member; 2] = [Member::LevelName, Member::Lvl];
const LEVELS: [Member; 2] = [Member::Level, Member::Severity];
const LOGGERS: [Member; 2] = [Member::Logger, Member::Name];
const STACKS: [Member; 4] = [Member::Stack, Member::StackTrace, Member::Exception, Member::ExcInfo];
const REPLICAS: [Member; 2] = [Member::InstanceId, Member::ReplicaId];

fn record<'a>(line: &'a [u8], known: &Known<'a>) -> Line<'a> {
    let time = TIMES.iter().find_map(|member| stamp(known, *member));
    let replica = REPLICAS.iter().find_map(|member| known.raw(*member));
    if let (Some(code), Some(method), Some(target)) =
        (known.raw(Member::HttpStatus), known.text(Member::Method), known.text(Member::Path))
        && let Some(status) = status(code)
    {
        return Line::Record(Record {
            // The platform writes it when the request ends (SEMANTICS 2).
            time,
            replica,
            attributes: Attributes::Json(line),
            edge: Some(Edge {
                method,
                target,
                status,
                duration: known.raw(Member::TotalDuration).and_then(milliseconds).filter(|_| is_answer(status)),
                client: known.text(Member::SrcIp),
                deployment: known.raw(Member::DeploymentId),
            }),
            ..Record::text(b"")
        });
    }
    let said = |member: &Member| known.raw(*member).map(|raw| known.text(*member).unwrap_or(Text::plain(raw)));
    let usual = MESSAGES.iter().filter_map(said).find(|text| !text.raw.trim_ascii().is_empty());
    let usual = usual.filter(|text| !text.raw.starts_with(b"{") || known.object(Member::Body).is_none());
    let read_level = |members: &[Member]| members.iter().find_map(|member| Level::from_name(known.raw(*member)?));
    let (own_level, level) = (read_level(&OWN_LEVELS), read_level(&LEVELS));
    let leaves_open = time.is_none() || usual.is_none() || own_level.or(level).is_none();
    let aliases = match leaves_open || aliases::may_have_own_level(line) {
        true => Aliases::read(line),
        false => Aliases::default(),
    };
    let own_level = own_level.or(aliases.level);
    let attributes = known.object(Member::Attributes);
    let nested = || Level::from_name(json::member(attributes?, "level")?.text()?.raw);
    let raw_level = own_level.or(level).or_else(nested);
    let may_tell_a_request = known.may_tell_a_request()
        || attributes.is_some_and(|object| memchr::memmem::find(object, b"method\"").is_some());
    let request = if may_tell_a_request { request::read(line, raw_level) } else { None };
    let has_message = || MESSAGES.iter().any(|member| known.raw(*member).is_some());
    let stack = STACKS.iter().find_map(|member| usual_stack(known, *member)).or_else(|| stack_of_error(known));
    let stack = stack.or(aliases.stack).map(Stack::Text).or_else(|| stack::find(raw_level, line));
    let cause = cause::find(raw_level, Attributes::Json(line));
    let has_more = || cause.is_some() || stack.is_some_and(|stack| !stack.is_empty());
    let message = match usual.or(aliases.message) {
        Some(message) => message,
        None if request.is_some() || has_more() && has_message() => Text::default(),
        None if has_message() => return Line::Blank(time.or(aliases.time)),
        None => match capture::level(line).filter(|_| time.is_some()) {
            Some(level) => {
                let attributes = Attributes::Json(line);
                return Line::Record(Record { time, raw_level: Some(level), attributes, ..Record::text(line) });
            }
            None => return super::text::record(line),
        },
    };
    Line::Record(Record {
        time: time.or(aliases.time).or_else(|| time_in_message(message.raw)),
        raw_level,
        states_level: own_level.is_some() || known.raw(Member::Level).is_some_and(Level::is_stated_by),
        timed: false,
        logger: LOGGERS.iter().find_map(|member| known.text(*member)).or(aliases.logger),
        message,
        stack,
        cause,
        // An app may call something of its own so; beside the instance's id it is Railway's.
        deployment: known.raw(Member::InstanceId).and(known.raw(Member::DeploymentId)),
        replica: replica.or_else(|| Some(json::member(known.object(Member::Tags)?, "replica")?.raw())),
        attributes: Attributes::Json(line),
        edge: None,
        request,
    })
}

/// Text of one line that is called an exception is the cause.
fn usual_stack<'a>(known: &Known<'a>, member: Member) -> Option<Text<'a>> {
    known.text(member).filter(|text| member != Member::Exception || cause::has_lines(*text))
}

/// The stack that pino puts into the error beside a message.
fn stack_of_error<'a>(known: &Known<'a>) -> Option<Text<'a>> {
    let stack = |member| json::member(known.object(member)?, "stack")?.text();
    [Member::Err, Member::Error].into_iter().find_map(stack)
}

fn stamp(known: &Known<'_>, member: Member) -> Option<Time> {
    let raw = known.raw(member)?;
    let written = if known.is_text(member) { time::parse(raw) } else { None };
    written.or_else(|| time::from_epoch_number(raw))
}

#[cfg(test)]
mod tests {
    use super::super::known::NAMES;
    use super::*;
    use proptest::prelude::*;

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
    fn what_was_not_answered_took_no_time() {
        for (status, duration) in [(200, Some(7_000_000)), (0, None), (101, None)] {
            let line = format!(r#"{{"method":"GET","path":"/x","httpStatus":{status},"totalDuration":7}}"#);
            let edge = app(&line).edge.map(|edge| (edge.status, edge.duration));
            assert_eq!(edge, Some((status, duration)));
        }
    }

    #[test]
    fn apps_that_log_json() {
        let record = app(r#"{"level":50,"time":1756128391000,"name":"api","msg":"lost"}"#);
        assert_eq!(record.time.unwrap().to_string(), "2025-08-25T13:26:31Z");
        assert_eq!((record.raw_level, record.message.raw), (Some(Level::Error), &b"lost"[..]));
        assert_eq!(record.attributes.get("name").as_deref(), Some(&b"api"[..]));
    }

    #[test]
    fn an_empty_message_leaves_it_to_the_next() {
        let record = app(r#"{"event":"it says","message":"","timestamp":"2025-08-25T13:26:31Z","time":3.2}"#);
        assert_eq!((record.message.raw, record.time.unwrap().second()), (&b"it says"[..], 1_756_128_391));
        let record = app(r#"{"time":"2025-08-25T13:26:31Z","timestamp":"soon","lvl":"error","level":"?","body":"x"}"#);
        assert_eq!((record.time.unwrap().second(), record.raw_level), (1_756_128_391, Some(Level::Error)));
        assert_eq!(record.message.raw, b"x");
    }

    #[test]
    fn a_response_is_read_wherever_an_object_like_it_stands() {
        let (res, other) = (r#""res":{"statusCode":201,"responseTime":3}"#, r#""attributes":{"statusCode":500}"#);
        for members in [[res, other].join(","), [other, res].join(",")] {
            let line = format!(r#"{{"msg":"request completed","time":1756128391000,{members}}}"#);
            let status = app(&line).request.map(|request| request.status);
            assert_eq!(status, Some(Some(201)), "{line}");
        }
    }

    /// Names of members that mean something, those of requests among them.
    fn names() -> Vec<&'static str> {
        let known = NAMES.map(|(name, _)| std::str::from_utf8(name).unwrap());
        let more =
            ["url", "uri", "status", "status_code", "code", "duration", "duration_ms", "durationMs", "responseTime"];
        let objects = ["req", "res", "reqId", "request_id", "response", "http", "client", "controller"];
        [&known[..], &more, &objects].concat()
    }

    fn value() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            r#""2025-08-25T13:26:31Z""#,
            "1756128391000",
            "3.2",
            r#""error""#,
            "30",
            r#""""#,
            r#""it says""#,
            "null",
            "{}",
            "500",
            r#""GET""#,
            r#""/x""#,
            r#""GET /x""#,
            "[1]",
            r#"{"method":"GET","url":"/y","id":7}"#,
            r#"{"statusCode":201,"responseTime":3}"#,
            r#"{"level":"warn","replica":"r-1","stack":"Error: x"}"#,
        ])
    }

    proptest! {
        /// Wherever the members stand, and whatever an app has called its own.
        #[test]
        fn the_order_of_members_means_nothing(
            members in prop::sample::subsequence(names(), 0..12)
                .prop_flat_map(|names| names.into_iter().map(|name| (Just(name), value())).collect::<Vec<_>>())
                .prop_flat_map(|members| (Just(members.clone()), Just(members).prop_shuffle()))
        ) {
            let read = |members: &[(&str, &str)]| {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                let line = format!("{{{}}}", members.join(","));
                match object(line.as_bytes()) {
                    // Text that is no record stands as it is.
                    Line::Record(Record { attributes: Attributes::None, .. }) => "text".into(),
                    Line::Record(record) => format!("{:?}", Record { attributes: Attributes::None, ..record }),
                    other => format!("{other:?}"),
                }
            };
            prop_assert_eq!(read(&members.0), read(&members.1));
        }
    }

    #[test]
    fn what_is_no_record_is_text_and_what_breaks_off_is_malformed() {
        assert_eq!(app(r#"{"a":1}"#).message.raw, br#"{"a":1}"#);
        assert_eq!(app("{'a': 1}").message.raw, b"{'a': 1}");
        assert_eq!(app("{").message.raw, b"{");
        for line in [r#"{"timestamp":"2025-08-25T13:2"#, r#"{"a":1} trailing"#] {
            assert!(matches!(object(line.as_bytes()), Line::Malformed), "{line}");
        }
        assert!(matches!(object(br#"{"message":"","timestamp":"2025-08-25T13:26:31Z"}"#), Line::Blank(Some(_))));
    }
}
