//! What a program that runs several others puts before each of their lines: the name of the one that wrote it.
//!
//! `web-1  | text` (docker compose, foreman, hivemind), `08:00:00 web.1  | text` (foreman, honcho), `0|worker   | text` (pm2),
//! `[0] text` (concurrently), `[web] text`, `[pod/web-1/app] text` (kubectl), `web:dev: text` (turbo), and behind a time
//! `app[web.1]: text` (Heroku), `host app[17]: text` (syslog, journald), `app[17] fra [info]text` (Fly), `[APP/PROC/WEB/0] OUT text`
//! (Cloud Foundry), `ecs/app/0f3a text` (CloudWatch) and `stderr F text` (Kubernetes); `web-7d9f8b6c5-x2x4z app text` (stern). What
//! follows is read as a line of its own, and the name tells the lines of one program from those of the others.
//!
//! Where each line of a stack has a time in brackets, or one without its year, before it, that is such a prefix, too, of no name.

use super::Level;
use crate::time::written;

/// The longest name of a process.
const LONGEST_NAME: usize = 48;

/// The name before a text, which may be empty, and the text; `timed` if a time stood before them.
pub(super) fn split(text: &[u8], timed: bool) -> Option<(&[u8], &[u8])> {
    match text.first()? {
        b'[' => bracket(text, timed).or_else(|| cloud_foundry(text)).or_else(|| time_in_brackets(text)),
        b'0'..=b'9' => foreman(text).or_else(|| pm2(text)).or_else(|| bar(text)).or_else(|| time_without_year(text)),
        b'a'..=b'z' | b'A'..=b'Z' => {
            let behind_a_time =
                || if timed { kubernetes(text).or_else(|| fly(text)).or_else(|| cloudwatch(text)) } else { None };
            let of_no_time = || pod(text).or_else(|| time_without_year(text));
            bar(text).or_else(|| turbo(text)).or_else(|| syslog(text, timed)).or_else(behind_a_time).or_else(of_no_time)
        }
        _ => None,
    }
}

/// Whether a text may begin with a name: quicker than looking for it.
#[inline]
pub(super) fn may_begin(text: &[u8], timed: bool) -> bool {
    match text.first() {
        Some(b'[') => true,
        Some(first) if first.is_ascii_alphanumeric() => {
            timed
                || memchr::memchr2(b'|', b'[', &text[..text.len().min(LONGEST_NAME)]).is_some()
                || is_of_turbo(text)
                || matches!(text, [_, _, b':', ..] | [_, _, _, b' ', b' ' | b'0'..=b'9', ..])
                || pod_name(text).is_some()
        }
        _ => false,
    }
}

fn is_in_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

/// `name  | text`.
fn bar(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, blanks, rest) = column(text)?;
    // Prose may have a bar, too: a name stands out by its number, or by the blanks that fill it up.
    let has_number =
        name.iter().rev().find(|byte| !byte.is_ascii_digit()).is_some_and(|byte| matches!(byte, b'-' | b'.' | b'_'))
            && name.last().is_some_and(u8::is_ascii_digit);
    (has_number || blanks > 1).then_some((name, rest))
}

/// A name, the blanks behind it, and what follows the bar. Docker's swarm puts the node behind an `@`.
fn column(text: &[u8]) -> Option<(&[u8], usize, &[u8])> {
    let in_column = |byte: &u8| is_in_name(byte) || *byte == b'@';
    let length = text.iter().take(LONGEST_NAME).take_while(|byte| in_column(byte)).count();
    let name = &text[..length];
    let blanks = text[length..].iter().take(LONGEST_NAME).take_while(|byte| **byte == b' ').count();
    let rest = text[length + blanks..].strip_prefix(b"|")?;
    // A column of a logger's own: `INFO | text`, `shop.jobs | ERROR | text`, `08:00:00 | 200 | 12ms`.
    let column = rest.split(|byte| *byte == b'|').next().unwrap_or_default();
    let said = column.trim_ascii();
    let is_column =
        column.len() < rest.len() && !said.is_empty() && (Level::from_name(said).is_some() || !has_letter(said));
    if !has_letter(name) || Level::from_name(name).is_some() || is_column || blanks == 0 {
        return None;
    }
    Some((name, blanks, without_blank(rest)?))
}

/// `08:00:00 web.1  | text`.
fn foreman(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let found = written::at_start(text).filter(|found| found.time.is_none())?;
    column(text[found.length..].strip_prefix(b" ")?).map(|(name, _, rest)| (name, rest))
}

/// `0|worker   | text`.
fn pm2(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = text.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let rest = text[digits..].strip_prefix(b"|")?;
    let length = rest.iter().take(LONGEST_NAME).take_while(|byte| is_in_name(byte)).count();
    let blanks = rest[length..].iter().take(LONGEST_NAME).take_while(|byte| **byte == b' ').count();
    (length > 0).then_some(())?;
    Some((&text[..digits + 1 + length], without_blank(rest[length + blanks..].strip_prefix(b"|")?)?))
}

/// `[0] text`; `[web] text` where the text is one that would begin a line.
fn bracket(text: &[u8], timed: bool) -> Option<(&[u8], &[u8])> {
    let close = text.iter().take(LONGEST_NAME).position(|byte| *byte == b']')?;
    let (name, rest) = (&text[1..close], text[close + 1..].strip_prefix(b" ")?);
    if name.iter().all(u8::is_ascii_digit) {
        // Not the process id that stands before gunicorn's level.
        return (!timed && matches!(name.len(), 1 | 2) && !rest.starts_with(b"[")).then_some((name, rest));
    }
    let is_name =
        name.iter().all(|byte| is_in_name(byte) && !byte.is_ascii_uppercase() || matches!(byte, b'/' | b':' | b'@'));
    (is_name && Level::from_name(name).is_none()).then_some(())?;
    (name.starts_with(b"pod/") || begins_a_line(rest)).then_some((name, rest))
}

/// Whether a text is a record of its own, or belongs to a stack.
fn begins_a_line(text: &[u8]) -> bool {
    match text {
        [b'{', ..] | [b' ', b' ', ..] | [b'\t', ..] => true,
        [b'[', rest @ ..] => written::at_start(rest).is_some(),
        [b'0'..=b'9', ..] => written::at_start(text).is_some(),
        _ => {
            let head = text.split(|byte| matches!(byte, b':' | b' ')).next().unwrap_or_default();
            let begins = |start: &[u8]| text.starts_with(start);
            begins(b"Traceback (most recent")
                || begins(b"Caused by: ")
                || begins(b"panic: ")
                || begins(b"goroutine ")
                || [&b"Error"[..], b"Exception"].iter().any(|end| head.ends_with(end))
                    && text.get(head.len()) == Some(&b':')
        }
    }
}

/// `[APP/PROC/WEB/0] OUT text`: the process, and the stream.
fn cloud_foundry(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let close = text.iter().take(LONGEST_NAME).position(|byte| *byte == b']')?;
    let name = &text[1..close];
    let is_name = name.contains(&b'/') && name.iter().all(|byte| is_in_name(byte) || *byte == b'/');
    let rest = text[close + 1..].strip_prefix(b" OUT").or_else(|| text[close + 1..].strip_prefix(b" ERR"))?;
    is_name.then_some((name, without_blank(rest)?))
}

/// `[2025-09-02 08:00:00] text` where the text is one that would begin a line.
fn time_in_brackets(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = &text[1..];
    let behind = &inner[written::at_start(inner)?.length..];
    let rest = behind.strip_prefix(b"] ").or_else(|| behind.strip_prefix(b" UTC] "))?;
    // Airflow has the place in braces there.
    let is_object = rest.starts_with(b"{\"") || !rest.starts_with(b"{");
    (begins_a_line(rest) && is_object).then_some((&text[..0], rest))
}

/// `Sep  2 08:00:00 text` and `08:00:00 text`, where the text is one that would begin a line; Render has two blanks, and perhaps the
/// instance: `Sep 2 08:00:00 AM  [x2x4z] text`.
fn time_without_year(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let found = written::at_start(text).filter(|found| found.time.is_none())?;
    let rest = text[found.length..].strip_prefix(b" ")?;
    let rest = if matches!(rest, [b' ', second, ..] if *second != b' ') { &rest[1..] } else { rest };
    if rest.first() == Some(&b'[') { bracket(rest, true) } else { begins_a_line(rest).then_some((&text[..0], rest)) }
}

/// `web-7d9f8b6c5-x2x4z app text`: a pod of a deployment, and its container.
fn pod(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let pod = pod_name(text)?;
    let rest = &text[pod.len() + 1..];
    let container = rest.iter().take(LONGEST_NAME).position(|byte| *byte == b' ')?;
    let is_name = |name: &[u8]| !name.is_empty() && name.iter().all(is_in_name);
    is_name(&rest[..container]).then(|| (pod, &rest[container + 1..]))
}

/// The name of a pod at the begin of a text: what a deployment is called, a hash of its template, and five more letters, in Kubernetes'
/// alphabet for these, which has no vowels.
fn pod_name(text: &[u8]) -> Option<&[u8]> {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let head = &text[..text.len().min(2 * LONGEST_NAME)];
    let name = &head[..memchr::memchr(b' ', head)?];
    // Nearly no first word has its dash there.
    if name.len() < 6 || name[name.len() - 6] != b'-' {
        return None;
    }
    let mut parts = name.rsplitn(3, |byte| *byte == b'-');
    let (random, hash, deployment) = (parts.next()?, parts.next()?, parts.next()?);
    let is_random = |part: &[u8]| part.iter().all(|byte| ALPHABET.contains(byte));
    let is_pod = random.len() == 5 && (6..=10).contains(&hash.len()) && is_random(random) && is_random(hash);
    (is_pod && !deployment.is_empty() && deployment.iter().all(is_in_name)).then_some(name)
}

/// `ecs/app/0123456789abcdef0123456789abcdef text`: a log stream's name, which ends with the task's; only behind a time.
fn cloudwatch(text: &[u8]) -> Option<(&[u8], &[u8])> {
    const TASK: usize = 32;
    let name = &text[..memchr::memchr(b' ', &text[..text.len().min(3 * LONGEST_NAME)])?];
    let task = name.rsplit(|byte| *byte == b'/').next()?;
    let is_task = task.len() == TASK && task.len() < name.len() && task.iter().all(u8::is_ascii_hexdigit);
    is_task.then(|| (name, &text[name.len() + 1..]))
}

/// `web:dev: text`: a package and its script.
fn turbo(text: &[u8]) -> Option<(&[u8], &[u8])> {
    text.first()?.is_ascii_lowercase().then_some(())?;
    let length =
        text.iter().take(LONGEST_NAME).take_while(|byte| is_in_name(byte) || matches!(byte, b'/' | b'@')).count();
    let script = SCRIPTS.iter().find(|script| text[length..].starts_with(script))?;
    let end = length + script.len();
    Some((&text[..end - 1], without_blank(&text[end..])?))
}

const SCRIPTS: [&[u8]; 3] = [b":dev:", b":start:", b":serve:"];

fn is_of_turbo(text: &[u8]) -> bool {
    memchr::memchr(b':', &text[..text.len().min(LONGEST_NAME)])
        .is_some_and(|colon| SCRIPTS.iter().any(|script| text[colon..].starts_with(script)))
}

/// `app[web.1]: text`, with a host before it or not; without a time only where the text is one that would begin a line.
fn syslog(text: &[u8], timed: bool) -> Option<(&[u8], &[u8])> {
    let without_year = written::at_start(text).filter(|found| found.time.is_none());
    let is_without_year = without_year.is_some();
    let text = without_year.map_or(text, |found| text[found.length..].trim_ascii_start());
    let colon = memchr::memmem::find(&text[..text.len().min(2 * LONGEST_NAME)], b"]: ")?;
    let open = memchr::memrchr(b'[', &text[..colon])?;
    let mut words = text[..open].split(|byte| *byte == b' ');
    let is_head = words.clone().count() <= 2
        && words.all(|word| !word.is_empty() && word.iter().all(|byte| is_in_name(byte) || *byte == b'/'));
    let is_id = text[open + 1..colon].iter().all(is_in_name);
    let rest = &text[colon + 3..];
    let has_time = timed || is_without_year;
    (is_head && is_id && (has_time || begins_a_line(rest))).then(|| (&text[..colon + 1], rest))
}

/// `stderr F text`: the stream, and whether the line is the full one.
fn kubernetes(text: &[u8]) -> Option<(&[u8], &[u8])> {
    const STREAMS: [&[u8]; 4] = [b"stdout F ", b"stderr F ", b"stdout P ", b"stderr P "];
    let stream = STREAMS.into_iter().find(|stream| text.starts_with(stream))?;
    Some(text.split_at(stream.len())).map(|(stream, rest)| (&stream[..stream.len() - 3], rest))
}

/// `app[17] fra [info] text`, or without the last blank: program and machine, region, and a level that is the stream's.
fn fly(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let close = text.iter().take(LONGEST_NAME).position(|byte| *byte == b']')?;
    let (name, rest) = (&text[..=close], text[close + 1..].strip_prefix(b" ")?);
    let open = memchr::memchr(b'[', name)?;
    let is_name = name[..open].iter().chain(&name[open + 1..close]).all(is_in_name) && open > 0;
    let region = rest.split(|byte| *byte == b' ').next()?;
    let is_region = region.len() == 3 && region.iter().all(u8::is_ascii_lowercase);
    let stated = rest.get(region.len() + 1..)?.strip_prefix(b"[")?;
    let end = stated.iter().take(10).position(|byte| *byte == b']')?;
    let said = &stated[end + 1..];
    let said = said.strip_prefix(b" ").or_else(|| said.strip_prefix(b":")).unwrap_or(said);
    (is_name && is_region && Level::from_name(&stated[..end]).is_some()).then_some((name, said))
}

fn has_letter(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_alphabetic)
}

/// The text behind the blank that ends a prefix.
fn without_blank(rest: &[u8]) -> Option<&[u8]> {
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, timed: bool) -> Option<(&str, &str)> {
        let found = split(text.as_bytes(), timed);
        assert!(found.is_none() || may_begin(text.as_bytes(), timed), "{text}");
        found.map(|(name, rest)| (std::str::from_utf8(name).unwrap(), std::str::from_utf8(rest).unwrap()))
    }

    #[test]
    fn prefixes_of_all_kinds() {
        for (text, name, rest) in [
            ("web-1  | lost", "web-1", "lost"),
            ("db-1         |     at f", "db-1", "    at f"),
            ("web  |", "web", ""),
            ("web-1  |   |   File \"x\"", "web-1", "  |   File \"x\""),
            ("08:00:00 web.1  | lost", "web.1", "lost"),
            ("0|worker   | lost", "0|worker", "lost"),
            ("[1] lost", "1", "lost"),
            ("[web] 2025-09-02 08:00:00 lost", "web", "2025-09-02 08:00:00 lost"),
            ("[web] {\"a\":1}", "web", "{\"a\":1}"),
            ("[web]     at f", "web", "    at f"),
            ("[web] TypeError: x", "web", "TypeError: x"),
            ("[pod/web-1/app] lost", "pod/web-1/app", "lost"),
            ("web:dev: lost", "web:dev", "lost"),
            ("Sep  2 08:00:00 host app[17]: lost", "host app[17]", "lost"),
            ("shop_web.1.x2x4z@node1    | lost", "shop_web.1.x2x4z@node1", "lost"),
            ("web-7d9f8b6c5-x2x4z app lost", "web-7d9f8b6c5-x2x4z", "lost"),
            ("web-7d9f8b6c5-x2x4z app     at f", "web-7d9f8b6c5-x2x4z", "    at f"),
            ("[2025-09-02T08:00:00.123Z] TypeError: x", "", "TypeError: x"),
            ("[2025-09-02 08:00:00]     at f", "", "    at f"),
            ("Sep  2 08:00:00     at f", "", "    at f"),
            ("08:00:00 Traceback (most recent call last):", "", "Traceback (most recent call last):"),
            ("app[web.1]: TypeError: x", "app[web.1]", "TypeError: x"),
        ] {
            assert_eq!(read(text, false), Some((name, rest)), "{text}");
        }
        assert_eq!(read("app[web.1]:   File \"x\"", true), Some(("app[web.1]", "  File \"x\"")));
        assert_eq!(read("host app[17]: lost", true), Some(("host app[17]", "lost")));
        assert_eq!(read("stderr F     at f", true), Some(("stderr", "    at f")));
        assert_eq!(read("app[3d8d] fra [info]     at f", true), Some(("app[3d8d]", "    at f")));
        assert_eq!(read("app[3d8d] fra [info]lost", true), Some(("app[3d8d]", "lost")));
        assert_eq!(read("[APP/PROC/WEB/0] ERR     at f", true), Some(("APP/PROC/WEB/0", "    at f")));
        let stream = "ecs/app/0123456789abcdef0123456789abcdef";
        assert_eq!(read(&format!("{stream} lost"), true), Some((stream, "lost")));
    }

    #[test]
    fn what_only_looks_like_one() {
        for text in [
            "INFO | lost",
            "shop.jobs | ERROR | lost",
            "08:00:00 | 200 | 12ms | 10.0.0.1 | GET | /a",
            "[GIN] 2025/09/02 - 08:00:00 | 200 | 12ms",
            "[Nest] 17  - 09/02/2025, 8:00:00 AM     LOG x",
            "[nodemon] app crashed",
            "[error] lost",
            "[2025-09-02 08:00:00] x",
            "a|b",
            "price | 12 | 13",
            "app[web.1]: lost",
            "Orders | fetched 10",
            "ERROR:dev: x",
            "read-committed-state is on",
            "re-started-again now",
            "08:00:00 lost",
            "[08:00:00] lost",
        ] {
            assert_eq!(read(text, false), None, "{text}");
        }
    }
}
