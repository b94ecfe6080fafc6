//! JavaScript failures: V8 stacks, uncaught errors and rejections, and the heap running out.

mod frame;

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memmem};

use self::frame::{frame, is_foreign, is_frame, last_number};
use super::exception::{Exception, Place, lossy};
use super::trace::{Head, Line, MOST_MESSAGE_LINES, Reach};

const REJECTION: &[u8] = b"UnhandledPromiseRejection";
const FATAL: &[u8] = b"FATAL ERROR: ";
/// What V8 prints before it says that the heap ran out.
const LAST_COLLECTIONS: &[u8] = b"<--- Last few GCs";
const OUT_OF_MEMORY: &[u8] = b"JavaScript heap out of memory";

/// Whether a failure begins with this line. `TypeError: x` at column 0 also ends a Python traceback: only the lines around
/// it tell.
pub(super) fn head(line: &[u8]) -> Head {
    if is_certain(line) {
        Head::Certain
    } else if error_line(line).is_some()
        || is_location(line)
        || line.starts_with(LAST_COLLECTIONS)
        || labelled(line).is_some()
        || lower(line).is_some()
    {
        Head::Perhaps
    } else {
        Head::No
    }
}

/// Whether this line, after a head, is of a failure for sure: a frame, the end of an error's properties, Node's last words.
pub(super) fn is_part(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    is_closing(text)
        || is_frame_line(line)
        || is_last_word(text)
        || is_native(text)
        || (is_indented(line) && is_elision(text))
}

/// An indented frame.
pub(super) fn is_frame_line(line: &[u8]) -> bool {
    is_indented(line) && is_frame(line.trim_ascii())
}

/// How many of the lines, from the first on, are one failure.
pub(super) fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    let first = lines.first()?.text;
    let thrown = if is_location(first) {
        // Where it was thrown, a line of source or more, and the mark under it.
        lines.iter().take(MOST_SOURCE_LINES + 2).position(|line| is_mark(line.text))? + 1
    } else if first.starts_with(LAST_COLLECTIONS) {
        lines.iter().take(MOST_MESSAGE_LINES).position(|line| is_certain(line.text))?
    } else {
        0
    };
    let Some(first) = lines.get(thrown) else { return Some(Reach { length: thrown, complete: false }) };
    let is_moved = is_moved_right(lines);
    if thrown == 0 && !is_moved && head(first.text) == Head::No && !super::trace::begins_with_type(first.text) {
        return None;
    }
    let certain = thrown > 0 || is_certain(first.text);
    let strong = certain || is_moved || error_line(first.text).is_some() || labelled(first.text).is_some();
    let most = if strong { MOST_MESSAGE_LINES } else { MOST_MESSAGE_LINES_OF_UNKNOWN };
    let (mut length, mut framed, mut depth) = (thrown + 1, false, balance(first.text).max(0));
    for (at, line) in lines.iter().enumerate().skip(thrown + 1) {
        let text = line.text.trim_ascii();
        if depth > 0 && (is_indented(line.text) || is_closing(text)) {
            depth += balance(text);
        } else if is_frame_line(line.text) {
            framed = true;
            depth += balance(text).max(0);
        } else if !framed && depth <= 0 && !(certain && is_part(line.text)) {
            // The message may go on up to the first frame.
            if at - thrown > most || (thrown == 0 && head(line.text) != Head::No) {
                break;
            }
            continue;
        } else if !(is_part(line.text) || is_indented(line.text) && property(text).is_some()) {
            break;
        }
        // Lines of the message that were passed over stand before a frame or the end.
        length = at + 1;
    }
    let complete = framed || certain;
    (complete || length > 1).then_some(Reach { length, complete })
}

/// Whether all of a failure stands some columns to the right, as Koa prints it: the error, and its frames behind it further in.
fn is_moved_right(lines: &[Line<'_>]) -> bool {
    let column = |text: &[u8]| text.len() - text.trim_ascii_start().len();
    let [first, next, ..] = lines else { return false };
    let (own, inner) = (column(first.text), column(next.text));
    own > 0 && inner > own && error_line(&first.text[own..]).is_some() && is_frame_line(next.text)
}

/// Lines of a message before its first frame, at most, where only that frame will tell that it is an error's.
const MOST_MESSAGE_LINES_OF_UNKNOWN: usize = 3;

/// Lines of source between the place where an error was thrown and the mark under them.
const MOST_SOURCE_LINES: usize = 6;

/// Reads an assembled failure, lines joined by `\n`.
///
/// The head is the last line before the first frame that names an error, else the line before it. The place is the first frame
/// that is neither in `node_modules` nor the runtime's own, else the first that has a file; the
/// cause is the type of the innermost `[cause]`. Without any frame only a line that names itself uncaught, unhandled or fatal
/// is a failure; all else gives `None`.
#[must_use]
pub fn stack(text: &[u8]) -> Option<Exception> {
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    let at = head_of(&lines)?;
    let (mut any, mut own, mut cause) = (None, None, None);
    for line in &lines[at + 1..] {
        let line = line.trim_ascii();
        if let Some((b"[cause]", value)) = property(line) {
            cause = error_line(value).map(|(kind, _)| kind).or(cause);
        }
        if let Some(place) = frame(line).filter(|_| cause.is_none()) {
            if own.is_none() && !is_foreign(place.0) {
                own = Some(place);
            }
            any = any.or(Some(place));
        }
    }
    let (kind, message) = kind_and_message(lines[at]);
    // Some say more on the lines behind it.
    let further = || {
        let mut more = lines[at + 1..].iter().map(|line| line.trim_ascii()).take_while(|line| !is_frame(line));
        more.find(|line| !line.is_empty() && !line.ends_with(b":")).unwrap_or_default()
    };
    Some(Exception {
        kind: lossy(kind),
        message: lossy(if message.is_empty() { further() } else { message }),
        place: own.or(any).map(|(file, line, function)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: cause.map(lossy),
    })
}

/// Where in a failure its head stands.
fn head_of(lines: &[&[u8]]) -> Option<usize> {
    let framed = lines.iter().position(|line| is_frame(line.trim_ascii()));
    if let Some(certain) = lines[..framed.unwrap_or(lines.len())].iter().position(|line| is_certain(line)) {
        return Some(certain);
    }
    let marked =
        lines.windows(2).position(|pair| is_location(pair[0]) && pair[1..].iter().any(|line| !line.is_empty()));
    let mark =
        marked.and_then(|at| Some(at + lines[at..].iter().take(MOST_SOURCE_LINES + 2).position(|line| is_mark(line))?));
    let before = || (0..framed.unwrap_or(0)).rev();
    if let Some(mark) = mark {
        // Whatever was thrown.
        return (mark + 1..lines.len()).find(|at| !lines[*at].trim_ascii().is_empty());
    }
    framed?;
    let named =
        before().find(|at| error_line(lines[*at].trim_ascii_start()).is_some() || labelled(lines[*at]).is_some());
    let named =
        named.or_else(|| before().find(|at| lower(lines[*at]).is_some() || super::trace::begins_with_type(lines[*at])));
    named.or_else(|| before().find(|at| !lines[*at].trim_ascii().is_empty()))
}

/// Says of itself that nobody caught it.
fn is_certain(message: &[u8]) -> bool {
    message.starts_with(b"Uncaught ")
        || rejection(message).is_some()
        || (message.starts_with(FATAL) && memmem::find(message, OUT_OF_MEMORY).is_some())
}

/// What follows `UnhandledPromiseRejection`, `[UnhandledPromiseRejection` or `(node:17) UnhandledPromiseRejection`.
fn rejection(message: &[u8]) -> Option<&[u8]> {
    let text = match message.strip_prefix(b"(node:") {
        Some(rest) => rest[memchr(b')', rest)? + 1..].trim_ascii_start(),
        None => message.strip_prefix(b"[").unwrap_or(message),
    };
    text.strip_prefix(REJECTION)
}

fn kind_and_message(head: &[u8]) -> (&[u8], &[u8]) {
    let head = head.trim_ascii();
    // `[Error: message] {`: an error without a stack.
    let bare = head.strip_suffix(b" {").unwrap_or(head);
    let bare = bare.strip_prefix(b"[").and_then(|inside| inside.strip_suffix(b"]"));
    if let Some(told) = bare.and_then(error_line) {
        return told;
    }
    if let Some(message) = head.strip_prefix(FATAL) {
        return (&FATAL[..FATAL.len() - 2], message);
    }
    let (kind, rest) = if let Some(rest) = head.strip_prefix(b"Uncaught ") {
        (&b"Uncaught"[..], rest.strip_prefix(b"(in promise) ").unwrap_or(rest))
    } else if let Some(rest) = rejection(head) {
        let colon = memmem::find(rest, b": ").map_or(rest.len(), |colon| colon + 2);
        let message = rest[colon..].trim_ascii_start();
        let bracketed = message.strip_suffix(b"]").filter(|_| head.starts_with(b"["));
        (REJECTION, bracketed.unwrap_or(message))
    } else {
        (&b""[..], head)
    };
    // An error that was caught on the way to the handler is named there: `Uncaught exception: TypeError: …`
    let named = match memmem::find(rest, b"xception: ") {
        Some(at) if at <= 1 => rest[at + b"xception: ".len()..].trim_ascii_start(),
        _ => rest,
    };
    let typed = error_line(named).or_else(|| labelled(named)).or_else(|| lower(named)).or_else(|| plain(named));
    typed.unwrap_or((if kind.is_empty() { b"Error" } else { kind }, named))
}

/// `NotFound: message` and such: what is thrown need not be called an error.
fn plain(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memmem::find(line, b": ").filter(|_| super::trace::begins_with_type(line))?;
    Some((&line[..colon], line[colon + 2..].trim_ascii()))
}

/// `error: message`, as node-postgres, Bun and Deno write it.
fn lower(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let message = line.strip_prefix(b"error: ")?.trim_ascii();
    let uncaught = message.strip_prefix(b"Uncaught ").map(|rest| rest.strip_prefix(b"(in promise) ").unwrap_or(rest));
    Some(uncaught.and_then(error_line).unwrap_or((b"error", message)))
}

static ERROR: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("Error"));

/// An error behind other words, as `console.error('no orders:', error)` prints it, or behind the mark of Next.js.
fn labelled(line: &[u8]) -> Option<(&[u8], &[u8])> {
    // Next.js sets its own mark, which Node's lines of source have not.
    if is_indented(line) && !line.trim_ascii_start().starts_with("⨯ ".as_bytes()) {
        return None;
    }
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let mut from = 0;
    while let Some(at) = ERROR.find(&line[from..]).map(|at| from + at) {
        let begin = line[..at].iter().rposition(|byte| !in_name(byte)).map_or(0, |before| before + 1);
        let behind = line[..begin].last().is_some_and(|byte| matches!(byte, b' ' | b'[' | b'('));
        if behind && let Some(told) = error_line(&line[begin..]) {
            return Some(told);
        }
        from = at + ERROR.needle().len();
    }
    None
}

/// `node:internal/modules/cjs/loader:1210`, `/app/server.js:3`, `file:///app/server.mjs:3`: where an error was thrown.
fn is_location(line: &[u8]) -> bool {
    // Bun shows the lines of source alone.
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 && line[digits..].starts_with(b" | ") {
        return true;
    }
    let starts: [&[u8]; 4] = [b"node:", b"/", b"file:///", b"evalmachine."];
    let line = line.trim_ascii_end();
    starts.iter().any(|start| line.starts_with(start))
        && !line.contains(&b' ')
        && last_number(line).is_some_and(|(file, _)| last_number(file).is_none())
}

/// The mark under a line of source.
fn is_mark(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    !text.is_empty() && text.iter().all(|byte| *byte == b'^')
}

fn is_indented(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

/// How many brackets a line opens at its end, less those it closes at its begin.
fn balance(line: &[u8]) -> i32 {
    let text = line.trim_ascii();
    let closed = text.iter().take_while(|byte| matches!(byte, b'}' | b']' | b')')).count();
    i32::from(matches!(text.last(), Some(b'{' | b'[' | b'('))) - closed as i32
}

/// Nothing but brackets that close.
fn is_closing(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| matches!(byte, b'}' | b']'))
        && text.iter().all(|byte| matches!(byte, b'}' | b']' | b')' | b',' | b' '))
}

/// ` 1: 0xb090e0 node::Abort() [node]`, `----- Native stack trace -----`
fn is_native(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0 && text[digits..].starts_with(b": 0x")) || text.starts_with(b"----- ")
}

/// What Node prints behind an uncaught error.
fn is_last_word(text: &[u8]) -> bool {
    let version = text.strip_prefix(b"Node.js v").or_else(|| text.strip_prefix(b"Bun v"));
    version.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
        || text.starts_with(b"(Use `node --trace-uncaught ")
        // Of an event that nobody listened to: where it was told, and its frames.
        || text.starts_with(b"Emitted 'error' event ")
}

/// `TypeError: message`, `TypeError [ERR_CODE]: message`, `DiscordAPIError[50035]: message` or a bare `TypeError`, at column 0;
/// its properties may open behind it.
fn error_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let end = line.iter().position(|byte| !name(byte)).unwrap_or(line.len());
    let (kind, rest) = line.split_at(end);
    let is_error = kind.first()?.is_ascii_uppercase() && (kind.ends_with(b"Error") || kind.ends_with(b"Exception"));
    let rest = match rest.strip_prefix(b" [").or_else(|| rest.strip_prefix(b"[")) {
        Some(code) => &code[memchr(b']', code)? + 1..],
        None => rest,
    };
    let message = match rest.trim_ascii_end() {
        [] | [b':'] | [b' ', b'{'] => &[],
        [b':', b' ', message @ ..] => message.strip_suffix(b" {").unwrap_or(message).trim_ascii(),
        _ => return None,
    };
    is_error.then_some((kind, message))
}

/// `... 3 more lines`, `... 7 lines matching cause stack trace ...`
fn is_elision(text: &[u8]) -> bool {
    text.strip_prefix(b"... ").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
}

/// Name and value of `code: 'ENOENT',`, `[cause]: Error: …` or `'quoted-name': 1`.
fn property(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memmem::find(text, b": ")?;
    let (name, value) = (&text[..colon], &text[colon + 2..]);
    let inside = match name {
        [b'[', inside @ .., b']'] | [b'\'', inside @ .., b'\''] => inside,
        name => name,
    };
    let word = !inside.is_empty()
        && inside.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-' | b'(' | b')'));
    word.then_some((name, value))
}

#[cfg(test)]
mod tests;
