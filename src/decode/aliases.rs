//! Names that loggers have for the time, the level, the message, the logger and the stack of a record, beside the usual ones.
//!
//! These are looked for only in objects in which the usual names leave something open: serilog's `@t`, `@l` and `@m`, .NET's,
//! ECS' `log.level`, Monolog's `level_name`, OpenTelemetry's `severity_text` and its protocol's JSON, tracing's `fields`, loguru's
//! `record`, zap's single letters, MongoDB's, GELF's, Envoy's `start_time`, and the log driver of Docker.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Level;
use super::json::{self, Members, Text, Value};
use crate::time::{self, Time};

/// What the members of an object tell under such names.
#[derive(Debug, Default)]
pub(super) struct Aliases<'a> {
    pub time: Option<Time>,
    pub level: Option<Level>,
    pub message: Option<Text<'a>>,
    pub logger: Option<Text<'a>>,
    /// The stack of a failure.
    pub stack: Option<Text<'a>>,
}

// Of names that mean the same the first one in its list counts, wherever it stands.
const TIMES: [&[u8]; 11] = [
    b"asctime",
    b"datetime",
    b"@t",
    b"Timestamp",
    b"timeUnixNano",
    b"observedTimeUnixNano",
    b"T",
    b"t",
    b"instant",
    b"timeMillis",
    b"start_time",
];
const LEVELS: [&[u8]; 15] = [
    b"level_name",
    b"levelName",
    b"severity_text",
    b"severityText",
    b"SeverityText",
    b"log.level",
    b"log_level",
    b"loglevel",
    b"logLevel",
    b"LogLevel",
    b"Level",
    b"@l",
    b"@level",
    b"L",
    b"s",
];
const SEVERITY_NUMBERS: [&[u8]; 3] = [b"severityNumber", b"severity_number", b"SeverityNumber"];
const MESSAGES: [&[u8]; 11] = [
    b"Body",
    b"body",
    b"Message",
    b"@m",
    b"@message",
    b"RenderedMessage",
    b"short_message",
    b"@mt",
    b"MessageTemplate",
    b"M",
    b"log",
];
const LOGGERS: [&[u8]; 9] = [
    b"logger_name",
    b"loggerName",
    b"log.logger",
    b"target",
    b"channel",
    b"Category",
    b"SourceContext",
    b"N",
    b"_logger",
];
/// OpenTelemetry's name for a stack, and ECS'.
const STACKS: [&[u8]; 2] = [b"exception.stacktrace", b"error.stack_trace"];

/// What the names of OpenTelemetry's members for a level have in common, and ECS' name: looked for in every record.
static SEVERITY: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("everity"));
static ECS_LEVEL: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("log.level\""));

/// Whether an object beside whose usual level another one may stand has one: Railway gives every record a level, by the stream it
/// came on, and keeps what the service itself called it.
pub(super) fn may_have_own_level(line: &[u8]) -> bool {
    SEVERITY.find_iter(line).any(|at| matches!(line.get(at + 7), Some(b'_' | b'T' | b'N')))
        || ECS_LEVEL.find(line).is_some()
}

impl<'a> Aliases<'a> {
    pub fn read(object: &'a [u8]) -> Self {
        let mut aliases = Aliases::default();
        let mut ranks = [usize::MAX; 6];
        let mut take = |list: &[&[u8]], slot: usize, name: &[u8]| -> bool {
            let Some(rank) = list.iter().position(|known| *known == name) else { return false };
            let is_better = rank < ranks[slot];
            ranks[slot] = if is_better { rank } else { ranks[slot] };
            is_better
        };
        let (mut numbered, mut is_serilog) = (None, false);
        let (mut is_gelf, mut severity) = (false, None);
        for (name, value) in Members::new(object).map_while(Result::ok) {
            is_serilog |= matches!(name, b"@m" | b"@mt");
            is_gelf |= name == b"short_message";
            if name == b"level"
                && let [digit @ b'0'..=b'7'] = value.raw()
            {
                severity = Some(Level::from_syslog_severity(u32::from(digit - b'0')));
            }
            if take(&LEVELS, 0, name) {
                aliases.level = level(name, value);
            } else if take(&SEVERITY_NUMBERS, 1, name) {
                let number = std::str::from_utf8(value.raw()).ok().and_then(|text| text.parse().ok());
                numbered = number.and_then(Level::from_severity_number);
            } else if take(&TIMES, 2, name) {
                aliases.time = stamp(value);
            } else if take(&MESSAGES, 3, name) {
                aliases.message = message(value);
            } else if take(&LOGGERS, 4, name) {
                aliases.logger = value.text();
            } else if take(&STACKS, 5, name) {
                aliases.stack = value.text();
            }
            if let Value::Other(inner @ [b'{', ..]) = value {
                aliases.within(name, inner);
            }
        }
        // loguru's text has what its record says only in parts.
        if json::member(object, "record").is_some_and(has_exception) {
            aliases.stack = aliases.stack.or_else(|| json::member(object, "text")?.text());
        }
        // Serilog leaves the level out where it is information.
        aliases.level =
            aliases.level.or(severity.filter(|_| is_gelf)).or(numbered).or(is_serilog.then_some(Level::Info));
        aliases
    }

    /// What an object in the object tells: ECS' `log`, tracing's `fields`, loguru's `record`.
    fn within(&mut self, name: &[u8], inner: &'a [u8]) {
        let member = |name| json::member(inner, name);
        let text = |name| member(name).and_then(Value::text);
        match name {
            b"log" => {
                self.level = self.level.or_else(|| level(b"level", member("level")?));
                self.logger = self.logger.or_else(|| text("logger"));
            }
            b"fields" => self.message = self.message.or_else(|| text("message")),
            b"record" => {
                self.message = self.message.or_else(|| text("message"));
                self.logger = self.logger.or_else(|| text("name"));
                let nested = |object, name| json::member(member(object)?.raw(), name);
                self.level = self.level.or_else(|| level(b"level", nested("level", "name")?));
                self.time = self.time.or_else(|| stamp(nested("time", "timestamp")?));
            }
            _ => {}
        }
    }
}

/// Whether loguru's `record` has an exception.
fn has_exception(record: Value<'_>) -> bool {
    let object = matches!(record, Value::Other([b'{', ..])).then_some(record.raw());
    object.and_then(|object| json::member(object, "exception")).is_some_and(|value| value.raw().starts_with(b"{"))
}

fn level(name: &[u8], value: Value<'_>) -> Option<Level> {
    match (name, value.raw()) {
        // MongoDB's severities are letters, and those of its messages for debugging D1 to D5.
        (b"s", [b'D', b'1'..=b'5']) => Some(Level::Debug),
        (b"s", [letter]) => Level::from_letter(*letter),
        (b"s", _) => None,
        (_, raw) => Level::from_name(raw),
    }
}

/// Text, or OpenTelemetry's `{"stringValue": text}`.
fn message(value: Value<'_>) -> Option<Text<'_>> {
    let text = match value {
        Value::String(text) => text,
        Value::Other(object @ [b'{', ..]) => json::member(object, "stringValue")?.text()?,
        Value::Other(_) => return None,
    };
    // Docker's log driver keeps the line's end.
    Some(Text { raw: text.raw.strip_suffix(br"\n").unwrap_or(text.raw), ..text })
}

/// A time as text or number, MongoDB's `{"$date": time}`, or log4j's `{"epochSecond": n, "nanoOfSecond": n}`.
fn stamp(value: Value<'_>) -> Option<Time> {
    let Value::Other(object @ [b'{', ..]) = value else {
        return time::parse(value.raw()).or_else(|| time::from_epoch_number(value.raw()));
    };
    if let Some(date) = json::member(object, "$date") {
        return stamp(date);
    }
    let second = time::from_epoch_number(json::member(object, "epochSecond")?.raw())?;
    let nanoseconds =
        json::member(object, "nanoOfSecond").and_then(|value| std::str::from_utf8(value.raw()).ok()?.parse().ok());
    Some(second.saturating_add(nanoseconds.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_names_counts_and_not_their_place() {
        for line in [r#"{"@mt":"a {b}","@m":"a 1","@l":"Error"}"#, r#"{"@l":"Error","@m":"a 1","@mt":"a {b}"}"#] {
            let aliases = Aliases::read(line.as_bytes());
            assert_eq!((aliases.message.unwrap().raw, aliases.level), (&b"a 1"[..], Some(Level::Error)));
        }
    }

    #[test]
    fn times_of_all_kinds() {
        for line in [
            r#"{"t":{"$date":"2025-09-02T08:00:00.5+00:00"}}"#,
            r#"{"instant":{"epochSecond":1756800000,"nanoOfSecond":500000000}}"#,
            r#"{"timeUnixNano":"1756800000500000000"}"#,
            r#"{"asctime":"2025-09-02 08:00:00,500"}"#,
            r#"{"record":{"time":{"timestamp":1756800000.5}}}"#,
        ] {
            let time = Aliases::read(line.as_bytes()).time.unwrap();
            assert_eq!(time.to_string(), "2025-09-02T08:00:00.500Z", "{line}");
        }
    }
}
