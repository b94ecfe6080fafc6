//! Decode: one line of bytes to one [`Record`].
//!
//! Nobody says what shape the input has. Each line tells: a JSON object is a record of `railway logs --json`, of
//! `railway logs --http --json`, or of an app that logs JSON; anything else is text, with or without a time, a level,
//! a logfmt body or terminal colours. A line that begins like a JSON object and breaks off is malformed.

mod aliases;
mod capture;
mod cause;
mod compact;
pub(crate) mod duration;
pub(crate) mod escape;
pub(crate) mod json;
mod known;
pub(crate) mod level;
pub(crate) mod logfmt;
mod prefix;
mod railway;
mod raised;
pub(crate) mod request;
mod stack;
mod structured;
mod text;
pub(crate) mod unfold;

use std::borrow::Cow;

use crate::time::{SECOND, Time, written};
pub use json::Text;
pub use level::Level;
pub use request::{Part, Request};
pub use stack::Stack;
pub(crate) use text::strip_ansi;

/// U+FEFF in UTF-8, which some programs write at the start of a file.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What one line turned out to be.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for the length of one line")]
pub enum Line<'a> {
    /// No text at all. An empty record still says that its time was reached.
    Blank(Option<Time>),
    /// A JSON object that breaks off or breaks the rules.
    Malformed,
    /// What it says.
    Record(Record<'a>),
}

/// One line of output of a service, or one request in the platform's HTTP log.
#[derive(Debug)]
pub struct Record<'a> {
    /// When it happened (SEMANTICS 1 and 2): its own timestamp, else a time in its message. For an edge record the end of the request.
    pub time: Option<Time>,
    /// The level the platform or the logger gave, before the message is asked. Tells the two streams of a replica apart.
    pub raw_level: Option<Level>,
    /// Whether that level is certainly the logger's own word, not the platform's name for a stream.
    pub states_level: bool,
    /// Whether a time stood before the message, which is no part of it.
    pub timed: bool,
    /// The logger, when a member of its own names it.
    pub logger: Option<Text<'a>>,
    pub message: Text<'a>,
    /// A stack that a structured logger put beside the message.
    pub stack: Option<Stack<'a>>,
    /// What a structured logger said beside the message of why: only of level warning and worse.
    pub cause: Option<Text<'a>>,
    /// Which of several instances of the service wrote it, where known.
    pub replica: Option<&'a [u8]>,
    /// The id of the deployment that the instance is of, where the platform names both.
    pub deployment: Option<&'a [u8]>,
    pub attributes: Attributes<'a>,
    pub edge: Option<Edge<'a>>,
    /// What the members beside the message tell of a request. Apart from the record, as few have one.
    pub request: Option<Box<Request<'a>>>,
}

/// A request as the platform's HTTP log (its edge) saw it.
#[derive(Debug)]
pub struct Edge<'a> {
    pub method: Text<'a>,
    /// Path and query.
    pub target: Text<'a>,
    pub status: u16,
    /// Nanoseconds.
    pub duration: Option<i64>,
    pub client: Option<Text<'a>>,
    pub deployment: Option<&'a [u8]>,
}

/// The other members of a record, read only when somebody asks.
#[derive(Clone, Copy, Debug)]
pub enum Attributes<'a> {
    None,
    Json(&'a [u8]),
    Logfmt(&'a [u8]),
}

impl<'a> Attributes<'a> {
    /// The value of the attribute called `name`: what a string says, or the text of any other value.
    pub fn get(self, name: &str) -> Option<Cow<'a, [u8]>> {
        match self {
            Attributes::None => None,
            Attributes::Json(object) => json::member(object, name).map(|value| match value {
                json::Value::String(text) => text.read(),
                json::Value::Other(raw) => Cow::Borrowed(raw),
            }),
            Attributes::Logfmt(text) => {
                logfmt::Pairs::new(text).find_map(|(key, value)| (key == name.as_bytes()).then(|| value.read()))
            }
        }
    }
}

/// Reads one line, without its line end. `scratch` is used for a line that carries terminal colours, or JSON as its message.
pub fn decode<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>) -> Line<'a> {
    // JSON has no bare control characters, so only other lines can be coloured.
    if line.first() != Some(&b'{') && memchr::memchr(0x1b, line).is_some() {
        scratch.clear();
        text::strip_ansi(line, scratch);
        return match plain(&scratch[..]) {
            Line::Record(outer) if is_prefixed(&outer) => of_process(outer, None),
            read => read,
        };
    }
    // Not moved on its way out: a record is large.
    let read = plain(line);
    match &read {
        Line::Record(record) if record.message.escaped && record.message.raw.starts_with(b"{") => nested(read, scratch),
        Line::Record(record)
            if matches!(record.attributes, Attributes::Json(_))
                && matches!(record.message.raw, [b'a'..=b'z', ..])
                && logfmt::begins(record.message.raw) =>
        {
            of_pairs(read, scratch)
        }
        Line::Record(record) if is_prefixed(record) => match read {
            Line::Record(outer) => of_process(outer, Some(scratch)),
            _ => read,
        },
        Line::Record(record)
            if matches!(record.message.raw, [b'I', b',', ..] | [b'S', b't', ..] | [b'C', b'o', ..])
                || request::phoenix::may_begin(record.message.raw)
                || request::aspnet::may_begin(record.message.raw) =>
        {
            of_two_lines(read)
        }
        _ => read,
    }
}

/// Puts the request that one of Rails', Phoenix' or ASP.NET's lines tells beside it.
fn of_two_lines(read: Line<'_>) -> Line<'_> {
    let Line::Record(mut record) = read else { return read };
    if record.request.is_none() && record.edge.is_none() {
        let message = record.message.raw;
        let aspnet = || if request::aspnet::may_begin(message) { request::aspnet::read(message) } else { None };
        record.request = request::rails::read(message).or_else(|| request::phoenix::read(message)).or_else(aspnet);
        if let (Some(request), Attributes::Json(object)) = (&mut record.request, record.attributes)
            && request.shares_id
            && let Some(id) =
                ["request_id", "RequestId"].into_iter().find_map(|name| json::member(object, name)?.text())
        {
            (request.id, request.shares_id) = (Some(id.raw), false);
        }
    }
    Line::Record(record)
}

/// The record of an app that logs `key=value` pairs, where the platform gives them as text.
fn of_pairs<'a>(outer: Line<'a>, scratch: &'a mut Vec<u8>) -> Line<'a> {
    let Line::Record(outer) = outer else { return outer };
    let text = match outer.message.escaped {
        true => {
            scratch.clear();
            escape::unescape(outer.message.raw, scratch);
            &scratch[..]
        }
        false => outer.message.raw,
    };
    match logfmt::record(text) {
        Some(inner) => Line::Record(within(outer, inner)),
        None => of_two_lines(Line::Record(outer)),
    }
}

/// A record that was the message of another one.
fn within<'a>(outer: Record<'a>, inner: Record<'a>) -> Record<'a> {
    let raw_level = inner.raw_level.or(outer.raw_level);
    let is_grave = raw_level.is_some_and(|level| level >= Level::Warning);
    Record {
        time: outer.time.or(inner.time),
        raw_level,
        logger: inner.logger.or(outer.logger),
        stack: inner.stack.or(outer.stack),
        cause: cause::find(raw_level, inner.attributes).or(outer.cause.filter(|_| is_grave)),
        replica: outer.replica,
        deployment: outer.deployment,
        request: inner.request.or(outer.request),
        attributes: if matches!(inner.attributes, Attributes::None) { outer.attributes } else { inner.attributes },
        ..inner
    }
}

#[inline]
fn is_prefixed(record: &Record<'_>) -> bool {
    record.edge.is_none() && record.request.is_none() && prefix::may_begin(record.message.raw, record.timed)
}

/// The record of one of several processes, whose name stands before its text.
#[cold]
fn of_process<'a>(outer: Record<'a>, scratch: Option<&'a mut Vec<u8>>) -> Line<'a> {
    let text = match scratch {
        Some(scratch) if outer.message.escaped => {
            scratch.clear();
            escape::unescape(outer.message.raw, scratch);
            &scratch[..]
        }
        _ => outer.message.raw,
    };
    let Some((name, rest)) = prefix::split(text, outer.timed) else { return of_two_lines(Line::Record(outer)) };
    match of_two_lines(plain(rest)) {
        Line::Record(inner) if inner.edge.is_none() => {
            let timed = inner.timed || (outer.timed && inner.time.is_none());
            let replica = outer.replica.or(Some(name).filter(|name| !name.is_empty()));
            Line::Record(Record { timed, replica, ..within(outer, inner) })
        }
        Line::Blank(time) => Line::Blank(outer.time.or(time)),
        _ => Line::Record(outer),
    }
}

#[inline]
fn plain(line: &[u8]) -> Line<'_> {
    let line = line.trim_ascii_end();
    match line.trim_ascii_start().first() {
        None => Line::Blank(None),
        Some(b'{') => structured::object(line.trim_ascii_start()),
        Some(_) => text::record(line),
    }
}

/// The record of an app that logs JSON, where the platform gives that as text. Its time is the platform's, as of all others.
#[cold]
fn nested<'a>(outer: Line<'a>, scratch: &'a mut Vec<u8>) -> Line<'a> {
    let Line::Record(outer) = outer else { return outer };
    scratch.clear();
    escape::unescape(outer.message.raw, scratch);
    if let Line::Record(inner) = structured::any_object(scratch.trim_ascii_end())
        && matches!(inner.attributes, Attributes::Json(_))
        && inner.edge.is_none()
    {
        return of_two_lines(Line::Record(Record { states_level: inner.raw_level.is_some(), ..within(outer, inner) }));
    }
    Line::Record(outer)
}

/// Removes terminal control sequences from an unescaped message, which JSON carries as `\u001b`.
fn without_ansi(message: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if memchr::memchr(0x1b, &message).is_none() {
        return message;
    }
    let mut out = Vec::with_capacity(message.len());
    text::strip_ansi(&message, &mut out);
    Cow::Owned(out)
}

impl<'a> Record<'a> {
    /// What the message says, without terminal colours; a cause beside it follows behind a colon, a stack on lines of its own.
    pub fn says(&self) -> Cow<'a, [u8]> {
        let message = self.message_says();
        if self.cause.is_none() && self.stack.is_none() {
            return message;
        }
        let stack = self.stack.map(Stack::read).unwrap_or_default();
        let cause = self.cause.map(|cause| without_ansi(cause.read())).unwrap_or_default();
        let cause = cause.trim_ascii();
        let is_said = |text: &[u8]| memchr::memmem::find(text, cause).is_some();
        // A stack says it again, in its first line.
        let is_repeated = is_said(&message) || (is_said(&stack) && (message.is_empty() || cause.contains(&b'\n')));
        let cause = if is_repeated { &b""[..] } else { cause };
        let before_cause: &[u8] = match cause {
            [] => b"",
            _ if message.is_empty() => b"",
            // A cause of several lines holds a stack.
            _ if cause.contains(&b'\n') => b"\n",
            _ if message.ends_with(b":") => b" ",
            _ => b": ",
        };
        let is_first = message.is_empty() && cause.is_empty();
        let before_stack: &[u8] = if is_first || stack.is_empty() { b"" } else { b"\n" };
        Cow::Owned([&message, before_cause, cause, before_stack, &stack].concat())
    }

    /// What the message alone says, without terminal colours.
    pub fn message_says(&self) -> Cow<'a, [u8]> {
        without_ansi(self.message.read())
    }

    /// [`Record::says`], with `scratch` to unescape into.
    pub fn says_in<'s>(&'s self, scratch: &'s mut Vec<u8>) -> &'s [u8] {
        let is_alone = self.stack.is_none() && self.cause.is_none();
        if !self.message.escaped && is_alone && memchr::memchr(0x1b, self.message.raw).is_none() {
            return self.message.raw;
        }
        scratch.clear();
        if is_alone {
            escape::unescape(self.message.raw, scratch);
            if memchr::memchr(0x1b, scratch).is_none() {
                return scratch;
            }
        }
        *scratch = self.says().into_owned();
        scratch
    }

    fn text(message: &'a [u8]) -> Self {
        Record {
            time: None,
            raw_level: None,
            states_level: false,
            timed: false,
            logger: None,
            message: Text::plain(message),
            stack: None,
            cause: None,
            replica: None,
            deployment: None,
            attributes: Attributes::None,
            edge: None,
            request: None,
        }
    }
}

/// A time inside a message: in its head, or in one of its first brackets.
fn time_in_message(message: &[u8]) -> Option<Time> {
    let in_bracket = |at| written::at_start(&message[at + 1..])?.time;
    level::head(message).time.or_else(|| memchr::memchr_iter(b'[', message).take(3).find_map(in_bracket))
}

/// Milliseconds as Railway writes them, to nanoseconds.
fn milliseconds(text: &[u8]) -> Option<i64> {
    if let Some(whole) = short_integer(text) {
        return Some(i64::from(whole) * (SECOND / 1000));
    }
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(whole) = text.parse::<u32>() {
        return Some(i64::from(whole) * (SECOND / 1000));
    }
    let value = text.parse::<f64>().ok().filter(|value| (0.0..1e12).contains(value))?;
    Some((value * 1e6).round() as i64)
}

/// The status of an HTTP log's record; 0 where the client has gone before there was one, and for a WebSocket.
fn status(text: &[u8]) -> Option<u16> {
    let status = short_integer(text).or_else(|| std::str::from_utf8(text).ok()?.parse().ok())?;
    u16::try_from(status).ok().filter(|status| *status == 0 || (100..600).contains(status))
}

/// Whether the duration of a record with this status tells how long an answer took: not of a client that has gone, nor of an
/// upgrade (101), where it is the connection's.
fn is_answer(status: u16) -> bool {
    !matches!(status, 0 | 101)
}

/// A number of one to eight digits and nothing else, as nearly all numbers of a log are.
fn short_integer(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    text.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0')))
}
