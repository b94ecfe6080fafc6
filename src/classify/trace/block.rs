//! Several lines that are one thing and tell no failure of a language: npm's errors, a warning of Python with its source line, the
//! task that asyncio lost, an error of zap with the calls that led to it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Line;

/// How npm begins each line of one failure; the second until version 9.
const NPM: [&[u8]; 2] = [b"npm error", b"npm ERR!"];

/// Lines of a warning behind its first, at most.
const MOST_WARNING_LINES: usize = 8;

/// What asyncio says of a task that is lost.
static NEVER_RETRIEVED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("exception was never retrieved"));
static STILL_PENDING: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("was destroyed but it is pending!"));
/// Between a file of Python and a line of it.
static PYTHON_PLACE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(".py:"));

/// Whether a message may be the first line of such a block.
pub fn begins(message: &[u8]) -> bool {
    is_npm(message) || is_lost_task(message) || is_warning(message) || names_caller(message)
}

/// Whether a message continues one and nothing else.
pub fn continues(message: &[u8]) -> bool {
    is_npm(message) || is_future(message) || is_function(message)
}

/// How many lines, from the first on, are one block; 1 when they are none.
pub fn length(lines: &[Line<'_>]) -> usize {
    let Some(first) = lines.first() else { return 0 };
    let rest = lines[1..].iter();
    if is_npm(first.text) {
        1 + rest.take_while(|line| is_npm(line.text)).count()
    } else if is_lost_task(first.text) {
        1 + rest.take(1).filter(|line| is_future(line.text)).count()
    } else if is_warning(first.text) {
        // Its message may go on, up to the line of source that it points at.
        let near = || rest.clone().take(MOST_WARNING_LINES).take_while(|line| !line.apart);
        near().position(|line| line.text.starts_with(b"  ")).map_or(1, |source| 2 + source)
    } else if names_caller(first.text) {
        let calls = lines[1..].chunks_exact(2).take_while(|call| is_function(call[0].text) && is_source(call[1].text));
        1 + 2 * calls.count()
    } else {
        1
    }
}

/// What asyncio writes before a traceback, or for a task that was destroyed.
pub fn is_lost_task(message: &[u8]) -> bool {
    NEVER_RETRIEVED.find(message).is_some() || STILL_PENDING.find(message).is_some()
}

/// The task or future, behind the line that says that it is lost.
pub fn is_future(message: &[u8]) -> bool {
    message.starts_with(b"future: <") || message.starts_with(b"task: <")
}

fn is_npm(message: &[u8]) -> bool {
    NPM.iter().any(|start| message.starts_with(start))
}

/// `/app/x.py:12: DeprecationWarning: text`.
fn is_warning(message: &[u8]) -> bool {
    let Some(at) = PYTHON_PLACE.find(message) else { return false };
    let rest = &message[at + 4..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(kind) = rest[digits..].strip_prefix(b": ").filter(|_| digits > 0) else { return false };
    let name = kind.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')).count();
    kind[..name].ends_with(b"Warning") && kind[name..].starts_with(b":")
}

/// A line of zap's console: `2025-08-25T13:50:00.000Z<tab>ERROR<tab>shop/orders.go:12<tab>lost`, of the levels that it adds calls to.
fn names_caller(message: &[u8]) -> bool {
    if memchr::memchr(b'\t', message).is_none() {
        return false;
    }
    let mut columns = message.split(|&byte| byte == b'\t');
    columns.any(|column| matches!(column, b"ERROR" | b"WARN" | b"DPANIC")) && columns.next().is_some_and(is_go_place)
}

/// A function as zap names it, alone on its line: `main.(*Server).load`.
fn is_function(message: &[u8]) -> bool {
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/*()[]".contains(byte);
    message.first().is_some_and(u8::is_ascii_alphabetic)
        && message.contains(&b'.')
        && !message.ends_with(b".")
        && message.iter().all(in_name)
}

/// Where it was called: `<tab>/app/orders.go:12`.
fn is_source(message: &[u8]) -> bool {
    message.strip_prefix(b"\t").is_some_and(is_go_place)
}

/// `/app/orders.go:12`.
fn is_go_place(text: &[u8]) -> bool {
    super::file_and_line(text).is_some_and(|(file, _)| file.ends_with(b".go") || file.ends_with(b".s"))
}
