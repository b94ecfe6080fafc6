//! Requests of structured logs: a record whose members say method, path, status and how long it took.
//!
//! Every logger has its own names for them, and some put them into objects: pino's `req` and `res`, Caddy's `request`. They are
//! read only of records that have a member which gives cause to, and the order of members means nothing.

pub mod aspnet;
mod fields;
pub(super) mod phoenix;
pub(super) mod rails;

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::json::{Text, Value};
use super::{Level, duration, logfmt};
use fields::{Field, Fields, Taken, Within, unit_of};

/// A request as the service's own log tells it.
#[derive(Debug)]
pub struct Request<'a> {
    /// In upper case; `None` where another line says it, and so with the target.
    pub method: Option<Text<'a>>,
    /// Path and query.
    pub target: Option<Text<'a>>,
    /// `None` where the request only begins.
    pub status: Option<u16>,
    /// Nanoseconds; `None` where the line tells none, or a number whose unit nobody knows.
    pub duration: Option<i64>,
    pub client: Option<Text<'a>>,
    /// What the lines of one request have in common.
    pub id: Option<&'a [u8]>,
    /// Whether other requests may have the same id: then it tells what belongs together only while there is no other one.
    pub shares_id: bool,
}

/// Which part of a request a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All of it, or the line speaks of none.
    #[default]
    Whole,
    /// Method and target of a request whose end another line tells, as Fastify's `incoming request`. It counts for nothing.
    Begins,
    /// The end of a request that another line began.
    Ends,
    /// All of it; where it failed, another line says so again.
    Answers,
    /// That a request failed which another line tells, if that is told in this source at all.
    FailsAgain,
}

impl Request<'_> {
    pub fn part(&self) -> Part {
        match (self.status, self.id, self.target) {
            (None, ..) => Part::Begins,
            (Some(_), Some(_), None) => Part::Ends,
            _ => Part::Whole,
        }
    }
}

/// Whether a member that is an object gives cause to look for a request.
pub(super) fn is_cause(name: &[u8]) -> bool {
    matches!(name, b"req" | b"request" | b"res" | b"response" | b"httpRequest" | b"http" | b"meta" | b"span" | b"State")
}

/// Reads the members of a JSON object that says something about a request.
///
/// A record is a request when it has a method, a path, a status and a duration. Without a duration it is one if these are members
/// of its own and it is no warning or worse; else it speaks of a request that another line tells. A URL with a host is a call that the service made
/// itself. Of Fastify's two lines the one with the status tells the request, the other one what it was.
pub(super) fn read<'a>(line: &'a [u8], level: Option<Level>) -> Option<Box<Request<'a>>> {
    of_fields(&Fields::of_json(line), level)
}

/// Reads `key=value` pairs in the same way.
pub fn of_logfmt(text: &[u8], level: Option<Level>) -> Option<Box<Request<'_>>> {
    of_fields(&Fields::of_pairs(logfmt::Pairs::new(text)), level)
}

/// The end of `method=` and `Method=`, looked for in every line that holds a slash.
static METHOD: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("ethod="));

/// Reads the `key=value` pairs of a text, or the JSON object at its end.
pub fn in_text(text: &[u8], level: Option<Level>) -> Option<Box<Request<'_>>> {
    if text.last() == Some(&b'}')
        && let Some(open) = memchr::memmem::find(text, b"{\"")
    {
        return read(&text[open..], level);
    }
    let has_method = METHOD.find_iter(text).any(|at| matches!(text[..at].last(), Some(b'm' | b'M')));
    if has_method { of_logfmt(text, level) } else { None }
}

fn of_fields<'a>(fields: &Fields<'a>, level: Option<Level>) -> Option<Box<Request<'a>>> {
    let status = fields.get(Field::Status).and_then(status);
    let id = fields.get(Field::Id).map(|taken| taken.value.raw()).filter(|id| id.len() <= LONGEST_ID);
    let has_duration = fields.has(Field::Duration);
    let client = fields.get(Field::Client).and_then(Taken::text).map(without_port);
    let (method, target) = match method_and_target(fields) {
        Some((method, target)) => (Some(method), Some(target)),
        None => {
            // What a line says of its response without its request is the end of one only if it says how long it took.
            let ends = fields.get(Field::Status).is_some_and(|taken| taken.within == Within::Response);
            (ends && has_duration && !fields.has(Field::Target) && !fields.has(Field::Method))
                .then_some((None, None))?
        }
    };
    // Objects of request and response stand beside whatever concerns the request.
    let is_flat = fields.get(Field::Status).is_some_and(|taken| taken.within == Within::Line);
    let tells_all = has_duration || (is_flat && level.is_none_or(|level| level < Level::Warning));
    // An error line of a request that is not over, or that another line tells, knows what the request was all the same.
    let status = status.filter(|_| tells_all);
    if status.is_none() && (id.is_none() || method.is_none()) {
        return None;
    }
    let duration = fields.get(Field::Duration).and_then(|taken| duration_of(taken, fields));
    Some(Box::new(Request { method, target, status, duration, client, id, shares_id: false }))
}

/// Longer ids are not remembered from line to line.
const LONGEST_ID: usize = 128;

fn method_and_target<'a>(fields: &Fields<'a>) -> Option<(Text<'a>, Text<'a>)> {
    if let (Some(method), Some(target)) = (fields.get(Field::Method), fields.get(Field::Target)) {
        let text = method.text().filter(|text| is_method(text.raw))?;
        return Some((text, path(target.text()?, target.within == Within::Service)?));
    }
    let line = fields.get(Field::Line)?.text().filter(|line| !line.escaped)?;
    let blank = memchr::memchr(b' ', line.raw)?;
    let (method, rest) = (&line.raw[..blank], &line.raw[blank + 1..]);
    let target = match memchr::memmem::rfind(rest, b" HTTP/") {
        Some(end) => &rest[..end],
        None => rest,
    };
    is_method(method).then_some(())?;
    Some((Text::plain(method), path(Text::plain(target), false)?))
}

/// Upper-case letters, as HTTP's methods are.
fn is_method(text: &[u8]) -> bool {
    (3..=16).contains(&text.len()) && text.iter().all(u8::is_ascii_uppercase)
}

/// The target from its path on. One with a host is taken only where it is known to be the service's own.
fn path(target: Text<'_>, may_have_host: bool) -> Option<Text<'_>> {
    if target.raw.starts_with(b"/") || target.raw.starts_with(b"\\/") {
        return Some(target);
    }
    let host = memchr::memmem::find(target.raw, b"://").filter(|_| may_have_host)? + 3;
    let slash = memchr::memchr(b'/', &target.raw[host..])?;
    Some(Text { raw: &target.raw[host + slash..], ..target })
}

/// A status from 100 to 599, as a number or a string.
fn status(taken: &Taken<'_>) -> Option<u16> {
    status_of(taken.value.raw())
}

fn status_of(text: &[u8]) -> Option<u16> {
    super::status(text).filter(|status| *status >= 100)
}

fn without_port(client: Text<'_>) -> Text<'_> {
    match memchr::memchr(b':', client.raw) {
        Some(colon) if memchr::memrchr(b':', client.raw) == Some(colon) => Text { raw: &client.raw[..colon], ..client },
        _ => client,
    }
}

/// Nanoseconds, where the unit is known: by the value's own, by the name's, or by who writes it so.
fn duration_of(taken: &Taken<'_>, fields: &Fields<'_>) -> Option<i64> {
    const MILLISECONDS: f64 = 1e6;
    const SECONDS: f64 = 1e9;
    let raw = taken.value.raw();
    if matches!(taken.value, Value::String(_))
        && let Some(duration) = duration::with_units(raw)
    {
        return Some(duration);
    }
    let is_named = |field, name: &[u8]| fields.get(field).is_some_and(|taken: &Taken<'_>| taken.name == name);
    // The Elastic schema's, beside its `http.response.status_code`.
    if taken.name == b"event.duration" {
        return duration::of_number(raw, 1.0);
    }
    let (_, unit) = unit_of(taken.name)?;
    let known = || match taken.name {
        // pino-http, Fastify and express-winston.
        b"responseTime" => Some(MILLISECONDS),
        // nginx's variable, which has three decimals.
        b"request_time" if raw.contains(&b'.') => Some(SECONDS),
        // Caddy's, beside its request with a `uri`.
        b"duration" if fields.get(Field::Target).is_some_and(is_caddy_s) => Some(SECONDS),
        // Traefik's and slog-http's, as Go counts time; Serilog's.
        b"Duration" if is_named(Field::Status, b"DownstreamStatus") => Some(1.0),
        // Envoy's and chi's.
        b"duration" if is_named(Field::Status, b"response_code") => Some(MILLISECONDS),
        b"elapsed" if taken.within == Within::Response => Some(MILLISECONDS),
        b"latency" if taken.within == Within::Response && !raw.contains(&b'.') => Some(1.0),
        b"Elapsed" if is_named(Field::Method, b"RequestMethod") => Some(MILLISECONDS),
        // lograge's, beside the controller.
        b"duration" if fields.has(Field::Controller) => Some(MILLISECONDS),
        _ => None,
    };
    duration::of_number(raw, unit.or_else(known)?)
}

fn is_caddy_s(target: &Taken<'_>) -> bool {
    target.within == Within::Request && target.name == b"uri"
}
