//! Several lines that are one thing and tell no trace: npm's errors, a warning of Python with its source line, the task that
//! asyncio lost.

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
    is_npm(message) || is_lost_task(message) || is_warning(message)
}

/// Whether a message continues one and nothing else.
pub fn continues(message: &[u8]) -> bool {
    is_npm(message) || is_future(message)
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
