//! What members of a structured log say about a request, by their names.

use super::super::duration;
use super::super::json::{self, Members, Text, Value};

/// Objects deeper than this inside a line say nothing about its request.
const DEEPEST: usize = 2;

/// What a member says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Method,
    Target,
    Status,
    Duration,
    Client,
    Id,
    /// `GET /path` or `GET /path HTTP/1.1` in one.
    Line,
    /// That the line is of a framework whose `duration` is in milliseconds: lograge's.
    Controller,
}

const FIELDS: usize = Field::Controller as usize + 1;

/// One member that was taken for a field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken<'a> {
    pub value: Value<'a>,
    /// Its name without the names of the objects around it.
    pub name: &'a [u8],
    /// Whether it stands in an object of the response, of the request, or in none of these.
    pub within: Within,
    /// Of several members that say the same the least counts, wherever they stand.
    rank: Rank<'a>,
}

/// By depth, then the order of names, then name; of the same name in several objects the object counts, those of requests first,
/// and what it says. Within one object the first of a name counts.
type Rank<'a> = (usize, usize, &'a [u8], Within, &'a [u8]);

/// The object a member stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Within {
    Response,
    Request,
    /// Google's `httpRequest`, whose URL is that of the service though it has a host.
    Service,
    Line,
}

/// The members of a line that say something about a request, one for each field.
#[derive(Default)]
pub(super) struct Fields<'a> {
    taken: [Option<Taken<'a>>; FIELDS],
}

impl<'a> Fields<'a> {
    pub fn of_json(line: &'a [u8]) -> Self {
        let mut fields = Fields::default();
        fields.object(line, Within::Line, 0);
        fields
    }

    pub fn of_pairs(pairs: impl Iterator<Item = (&'a [u8], Text<'a>)>) -> Self {
        let mut fields = Fields::default();
        pairs.for_each(|(name, value)| fields.note(name, Value::String(value), Within::Line, 0, b""));
        fields
    }

    pub fn get(&self, field: Field) -> Option<&Taken<'a>> {
        self.taken[field as usize].as_ref()
    }

    pub fn has(&self, field: Field) -> bool {
        self.taken[field as usize].is_some()
    }

    fn object(&mut self, object: &'a [u8], within: Within, depth: usize) {
        for (name, value) in Members::new(object).map_while(Result::ok) {
            match value {
                Value::Other(inner) if inner.first() == Some(&b'{') => {
                    if let Some(within) = within_object(name, within).filter(|_| depth < DEEPEST) {
                        self.object(inner, within, depth + 1);
                    }
                    // The Elastic schema counts nanoseconds.
                    if name == b"event"
                        && let Some(taken) = json::member(inner, "duration")
                    {
                        self.note(b"event.duration", taken, within, depth, object);
                    }
                }
                _ => self.note(name, value, within, depth, object),
            }
        }
    }

    /// Takes note of a member of `object`.
    fn note(&mut self, name: &'a [u8], value: Value<'a>, within: Within, depth: usize, object: &'a [u8]) {
        let Some((field, order)) = field(name, within) else { return };
        if value.raw().is_empty() || value == Value::Other(b"null") {
            return;
        }
        // Heroku's router says so how long the service took; elsewhere it is the service's name.
        if name == b"service" && duration::with_units(value.raw()).is_none() {
            return;
        }
        let taken = Taken { value, name, within, rank: (depth, order, name, within, object) };
        let place = &mut self.taken[field as usize];
        if place.is_none_or(|before| taken.rank < before.rank) {
            *place = Some(taken);
        }
    }
}

impl<'a> Taken<'a> {
    pub fn text(&self) -> Option<Text<'a>> {
        self.value.text()
    }
}

/// Which object of a request an object is; `None` for one that says nothing about it.
pub(super) fn within_object(name: &[u8], around: Within) -> Option<Within> {
    Some(match name {
        // The Elastic schema's `url`, beside its `http`.
        b"req" | b"request" | b"span" | b"url" => Within::Request,
        b"res" | b"response" | b"httpResponse" => Within::Response,
        b"httpRequest" => Within::Service,
        b"http" | b"event" | b"meta" | b"attributes" | b"fields" | b"context" | b"ctx" | b"data" | b"extra"
        | b"State" => around,
        _ => return None,
    })
}

/// What a member of this name says, and where the name stands among those that say the same.
fn field(name: &[u8], within: Within) -> Option<(Field, usize)> {
    // slog writes groups as `request.method=GET response.status=200`.
    if let Some(name) = name.strip_prefix(b"request.") {
        return field(name, Within::Request).filter(|(field, _)| !matches!(field, Field::Line | Field::Id));
    }
    if let Some(name) = name.strip_prefix(b"response.") {
        return field(name, Within::Response);
    }
    let within_http = within != Within::Line;
    Some(match name {
        b"method" => (Field::Method, 0),
        b"http_method" | b"httpMethod" | b"http.method" => (Field::Method, 1),
        b"request_method" | b"requestMethod" | b"http.request.method" | b"RequestMethod" => (Field::Method, 2),
        b"verb" => (Field::Method, 3),
        b"path" => (Field::Target, 0),
        b"url" => (Field::Target, 1),
        b"uri" => (Field::Target, 2),
        b"request_uri" | b"requestUri" | b"requestUrl" => (Field::Target, 3),
        b"request_path" | b"requestPath" | b"http.target" | b"http.path" | b"url.path" | b"http_path"
        | b"RequestPath" => (Field::Target, 4),
        // RoadRunner's.
        b"URI" => (Field::Target, 7),
        b"target" if within_http => (Field::Target, 5),
        b"status" => (Field::Status, 0),
        b"status_code" | b"statusCode" => (Field::Status, 1),
        b"http_status" | b"httpStatus" | b"http.status_code" | b"http.response.status_code" | b"http.status" => {
            (Field::Status, 2)
        }
        b"response_code" => (Field::Status, 6),
        b"response_status" | b"responseStatus" | b"http_status_code" | b"httpStatusCode" => (Field::Status, 3),
        b"DownstreamStatus" | b"StatusCode" => (Field::Status, 4),
        b"code" => (Field::Status, 5),
        b"Method" => (Field::Method, 4),
        b"Path" => (Field::Target, 6),
        b"request" => (Field::Line, 0),
        b"remote_ip" | b"remoteAddress" | b"ClientHost" | b"remote_addr" | b"remoteAddr" | b"remote_address" => {
            (Field::Client, 0)
        }
        b"client_ip" | b"clientIp" | b"remoteIp" | b"ip" => (Field::Client, 1),
        b"client" => (Field::Client, 2),
        b"reqId" | b"req_id" => (Field::Id, 0),
        b"requestId" | b"request_id" => (Field::Id, 1),
        b"id" if within == Within::Request => (Field::Id, 2),
        b"service" => (Field::Duration, DURATIONS.len() - 1),
        b"event.duration" => (Field::Duration, 0),
        b"controller" => (Field::Controller, 0),
        _ => return unit_of(name).map(|(order, _)| (Field::Duration, order)),
    })
}

/// What names of durations begin with.
const DURATIONS: [&[u8]; 13] = [
    b"duration",
    b"responsetime",
    b"elapsed",
    b"latency",
    b"requesttime",
    b"requestduration",
    b"responseduration",
    b"processtime",
    b"processingtime",
    b"executiontime",
    b"took",
    b"timetaken",
    b"totaltime",
];

/// Nanoseconds of the unit that the name of a duration ends with, `None` where it has none; and where the name stands among those
/// of durations, the ones with a unit first. `None` for a name of anything else.
pub(super) fn unit_of(name: &[u8]) -> Option<(usize, Option<f64>)> {
    let mut plain = [0; 32];
    let mut length = 0;
    for byte in name.iter().filter(|byte| !matches!(byte, b'_' | b'-' | b'.')) {
        *plain.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let plain = plain[..length].strip_prefix(b"http").unwrap_or(&plain[..length]);
    let (order, rest) =
        DURATIONS.iter().enumerate().find_map(|(order, stem)| Some((order, plain.strip_prefix(*stem)?)))?;
    if rest.is_empty() {
        return Some((DURATIONS.len() + order, None));
    }
    // Echo's `latency_human` has a unit of its own.
    if rest == b"human" {
        return Some((order, None));
    }
    let unit = duration::unit(rest.strip_prefix(b"in").unwrap_or(rest))?;
    Some((order, Some(unit)))
}
