//! Records that are plain text: what `railway logs` prints for people, access logs, logfmt, bare messages.

use super::json::Text;
use super::level::Level;
use super::{
    Attributes, Edge, Line, Record, is_answer, level, logfmt, milliseconds, status, structured, time_in_message,
};
use crate::time::Time;
use crate::time::written::{self, Written};

/// Bytes of `2025-08-25`, behind which RFC 3339 has a `T`.
const RFC_3339_DATE: usize = 10;

/// Reads a line that is no JSON object and not blank.
pub fn record(line: &[u8]) -> Line<'_> {
    if let Some(Written { time: Some(time), length }) = written::at_start(line) {
        return match line[length..].trim_ascii() {
            [] | b":" => Line::Blank(Some(time)),
            _ => Line::Record(timed(time, line, length)),
        };
    }
    if line.first() == Some(&b'<')
        && let Some(prefix) = level::syslog::prefix(line)
    {
        let message = Text::plain(&line[prefix.length..]);
        let (time, replica) = (prefix.time, Some(prefix.name));
        return Line::Record(Record {
            time,
            raw_level: Some(prefix.level),
            timed: true,
            replica,
            message,
            ..Record::text(b"")
        });
    }
    if let Some(record) = logfmt::record(line) {
        return Line::Record(record);
    }
    let time = time_in_message(line).or_else(|| time_of_load_balancer(line));
    Line::Record(Record { time, ..Record::text(line) })
}

/// AWS' load balancers write the kind of the connection before the time.
fn time_of_load_balancer(line: &[u8]) -> Option<Time> {
    const KINDS: [&[u8]; 6] = [b"http ", b"https ", b"h2 ", b"grpcs ", b"ws ", b"wss "];
    let kind = KINDS.into_iter().find(|kind| line.starts_with(kind))?;
    written::at_start(&line[kind.len()..])?.time
}

/// What follows a time at the head of a line: Railway's `[LEVEL] message`, its HTTP log's columns, or an app's own text.
fn timed(time: Time, line: &[u8], length: usize) -> Record<'_> {
    let rest = &line[length..];
    let text = rest.trim_ascii_start();
    if let Some((level, message)) = railway_level(text) {
        return Record { time: Some(time), raw_level: Some(level), ..Record::text(message) };
    }
    // Railway writes RFC 3339.
    if line.get(RFC_3339_DATE) == Some(&b'T')
        && let Some(edge) = edge(text)
    {
        return Record { time: Some(time), edge: Some(edge), ..Record::text(b"") };
    }
    if text.starts_with(b"{")
        && let Line::Record(record) = structured::any_object(text)
        && matches!(record.attributes, Attributes::Json(_))
    {
        return Record { time: Some(time), ..record };
    }
    Record { time: Some(time), timed: true, ..Record::text(after_time(rest)) }
}

/// What follows a time and one blank, with its indentation if it is that of a trace's inner lines: loggers pad their levels, too.
fn after_time(rest: &[u8]) -> &[u8] {
    // pm2 has a colon behind its times.
    let rest = rest.strip_prefix(b":").filter(|said| said.first() == Some(&b' ')).unwrap_or(rest);
    let said = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t")).unwrap_or(rest);
    let text = said.trim_ascii_start();
    let is_indented = said.len() >= text.len() + 2 || said.first() == Some(&b'\t');
    if is_indented && level::head_of(text, true).level.is_none() { said } else { text }
}

/// `[INFO] `, `[ERRO] `, `[WARN] `, `[DBUG] `, directly behind the time, as the command line prints it, and `[inf]  ` with two
/// blanks, as the dashboard's downloads have it.
fn railway_level(rest: &[u8]) -> Option<(Level, &[u8])> {
    let inner = rest.strip_prefix(b"[")?;
    let close = memchr::memchr(b']', inner.get(..10.min(inner.len()))?)?;
    let level = Level::from_name(&inner[..close]).filter(|_| inner[0].is_ascii_alphabetic())?;
    let message = &inner[close + 1..];
    let message = message.strip_prefix(b":").unwrap_or(message);
    let end: &[u8] = if matches!(&inner[..close], b"inf" | b"err" | b"wrn" | b"dbg") { b"  " } else { b" " };
    Some((level, message.strip_prefix(end).or(message.strip_prefix(b" ")).unwrap_or(message)))
}

/// `METHOD PATH STATUS 42ms REQUESTID`.
fn edge(rest: &[u8]) -> Option<Edge<'_>> {
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let method = words.next().filter(|word| word.len() <= 16 && word.iter().all(u8::is_ascii_uppercase))?;
    let target = words.next().filter(|word| word.starts_with(b"/"))?;
    let code = status(words.next()?)?;
    let duration = milliseconds(words.next()?.strip_suffix(b"ms")?)?;
    // An app's own line of this form names no request, or says more.
    words.next().filter(|_| words.next().is_none())?;
    Some(Edge {
        method: Text::plain(method),
        target: Text::plain(target),
        status: code,
        duration: Some(duration).filter(|_| is_answer(code)),
        client: None,
        deployment: None,
    })
}

/// Appends `line` without its terminal control sequences: CSI (`ESC [ … letter`), OSC (`ESC ] … BEL` or `ESC \`), and
/// two-byte ones.
pub fn strip_ansi(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        out.extend_from_slice(&rest[..at]);
        let sequence = &rest[at + 1..];
        let length = match sequence.first() {
            Some(b'[') => sequence[1..].iter().position(|byte| (0x40..=0x7e).contains(byte)).map(|end| end + 2),
            Some(b']') => sequence
                .iter()
                .position(|byte| matches!(byte, 0x07 | 0x1b))
                .map(|end| end + if sequence[end] == 0x1b && sequence.get(end + 1) == Some(&b'\\') { 2 } else { 1 }),
            Some(_) => Some(1),
            None => Some(0),
        };
        // A sequence that never ends swallows no text: only its escape byte goes.
        rest = &sequence[length.unwrap_or(0)..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    fn read(line: &str) -> (Option<String>, Option<Level>, String) {
        let mut scratch = Vec::new();
        match decode(line.as_bytes(), &mut scratch) {
            Line::Record(record) => (
                record.time.map(|time| time.to_string()),
                record.raw_level,
                String::from_utf8_lossy(&record.message.read()).into_owned(),
            ),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn railway_for_people() {
        let plain = read("2025-08-25T13:26:31.123Z [ERRO] ERROR:db:lost  pid=7");
        assert_eq!(plain, (Some("2025-08-25T13:26:31.123Z".into()), Some(Level::Error), "ERROR:db:lost  pid=7".into()));
        let coloured =
            read("\x1b[2m2025-08-25T13:26:31.123Z\x1b[0m \x1b[31m[ERRO]\x1b[0m \x1b[1mERROR:db:lost\x1b[0m  pid=7");
        assert_eq!(coloured, plain);
        assert_eq!(read("bare"), (None, None, "bare".into()));
    }

    #[test]
    fn http_columns_are_an_edge_record() {
        let mut scratch = Vec::new();
        let Line::Record(record) = decode(b"2025-08-25T13:26:31Z POST /api/x?y=1 500 42ms abc", &mut scratch) else {
            panic!()
        };
        let edge = record.edge.unwrap();
        assert_eq!((edge.status, edge.duration), (500, Some(42_000_000)));
        assert_eq!(record.time.unwrap().to_string(), "2025-08-25T13:26:31Z");
        // What an app writes of itself is nobody else's word.
        for line in [
            "2025/08/25 13:26:31 GET /x 200 42ms abc",
            "2025-08-25T13:26:31Z GET /x 200 42ms",
            "2025-08-25T13:26:31Z GET /x 200 42ms 17 B",
        ] {
            let Line::Record(record) = decode(line.as_bytes(), &mut scratch) else { panic!() };
            assert!(record.edge.is_none(), "{line}");
        }
    }

    #[test]
    fn times_inside_messages() {
        assert_eq!(read("🔥 refresh [2025-08-24T23:58:10.123Z] - 10s").0.as_deref(), Some("2025-08-24T23:58:10.123Z"));
        let combined = read(r#"100.64.0.2 - - [25/Aug/2025:13:26:31 +0000] "GET / HTTP/1.1" 200 1 "-" "-""#);
        assert_eq!(combined.0.as_deref(), Some("2025-08-25T13:26:31Z"));
        assert_eq!(read("2025-08-25 13:26:31,5 - app - ERROR - x").2, "- app - ERROR - x");
        assert_eq!(read("see you on 2025-08-25T13:26:31Z").0, None);
    }

    #[test]
    fn an_endless_control_sequence_hides_nothing() {
        assert_eq!(read("a\x1b[31").2, "a[31");
        assert_eq!(read("a\x1b]0;title\x07b").2, "ab");
    }
}
