//! Python tracebacks: how a line of one looks. [`Stack`] finds where one ends, [`traceback()`] what it says.

mod stack;
#[cfg(test)]
mod test_tracebacks;
mod traceback;

use memchr::memchr_iter;

use super::trace::{self, Follows, Line, Reach};
pub use stack::Stack;
pub use traceback::traceback;

const HEAD: &[u8] = b"Traceback (most recent call last):";
const GROUP: &[u8] = b"+ Exception Group ";
const REPEATED: &[u8] = b"[Previous line repeated ";
const CHAINS: [&[u8]; 2] = [
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
];

/// What one line may be in a traceback, by its look alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `Traceback (most recent call last):`, with anything before it.
    Head,
    /// Indented: frames, source, carets, the bars of exception groups.
    Body,
    /// `Type: message` or `Type` at column 0. Outside a traceback this means nothing.
    Final,
    /// `During handling of the above exception, …` and its sister.
    Chain,
    Blank,
    Other,
}

/// The role of one message. A plain line costs one scan for `(`.
#[must_use]
pub fn role(message: &[u8]) -> Role {
    let text = message.trim_ascii_start();
    if text.is_empty() {
        Role::Blank
    } else if is_head(message) {
        Role::Head
    } else if text.len() < message.len() || text.starts_with(REPEATED) {
        Role::Body
    } else if is_chain(text) {
        Role::Chain
    } else if final_line(text).is_some() {
        Role::Final
    } else {
        Role::Other
    }
}

fn is_head(message: &[u8]) -> bool {
    let text = message.trim_ascii_start();
    match text.len() < message.len() {
        true => text.starts_with(HEAD) || (text.starts_with(GROUP) && head_at(text).is_some()),
        false => head_at(text).is_some() && !is_chain(text),
    }
}

fn is_chain(text: &[u8]) -> bool {
    CHAINS.iter().any(|chain| text.starts_with(chain))
}

/// Whether a failure begins with this line: with its head, or with what is printed before it.
pub(super) fn head(line: &[u8]) -> trace::Head {
    if is_head(line) {
        trace::Head::Certain
    } else if is_lead_in(line) {
        trace::Head::Perhaps
    } else {
        trace::Head::No
    }
}

/// Whether this line, after a head, is of a traceback for sure.
pub(super) fn is_part(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    if text.is_empty() || is_head(line) {
        return false;
    }
    let is_indented = line.trim_ascii_start().len() < line.len();
    text.starts_with(REPEATED)
        || match is_indented {
            true => {
                is_frame(line)
                    || text.iter().all(|byte| matches!(byte, b'^' | b'~' | b' '))
                    || matches!(text, [b'|', ..] | [b'+', b'-', ..])
            }
            false => is_chain(line),
        }
}

/// `  File "/app/x.py", line 7, in f`
pub(super) fn is_frame(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| *byte == b' ') && line.trim_ascii_start().starts_with(b"File \"")
}

/// How many of the lines, from the first on, are one failure.
pub(super) fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    if is_frame(lines.first()?.text) {
        return without_head(lines);
    }
    let leads = lines.iter().take(MOST_LEAD_INS).take_while(|line| is_lead_in(line.text)).count();
    let first = lines.get(leads).filter(|line| role(line.text) == Role::Head)?;
    let mut stack = Stack::begin(first.text);
    let (mut length, mut framed, mut ordered) = (leads + 1, stack.is_group(), true);
    while let Some(line) = lines.get(length) {
        let follows = if line.apart { Follows::Later } else { line.follows };
        let is_named = stack.is_named();
        if stack.accepts(line.text, follows) {
            if is_frame(line.text) {
                framed = true;
                ordered &= !is_named;
            }
            length += 1;
        } else if let Some(more) = before_chain(&lines[length..]).filter(|_| stack.is_named()) {
            length += more;
        } else {
            break;
        }
    }
    Some(Reach { length, complete: framed && ordered && stack.is_named() })
}

/// A syntax error in the program itself has no head, and the log may begin within a traceback.
fn without_head(lines: &[Line<'_>]) -> Option<Reach> {
    let frames = lines.iter().take_while(|line| role(line.text) == Role::Body && !line.apart).count();
    let end = lines.get(frames).filter(|line| !line.apart && line.follows != Follows::Later)?;
    let names = role(end.text) == Role::Final && trace::begins_with_type(end.text);
    names.then_some(Reach { length: frames + 1, complete: true })
}

/// How many lines of a message stand before the line that leads to the next exception of a chain; nothing where the first
/// leads there, which the traceback has then refused, as it lacks what stands before the lines of its own.
fn before_chain(lines: &[Line<'_>]) -> Option<usize> {
    let roles = lines.iter().take(MOST_MESSAGE_LINES).map(|line| role(line.text));
    let end = roles.clone().position(|role| matches!(role, Role::Chain | Role::Head))?;
    (end > 0 && roles.into_iter().nth(end) == Some(Role::Chain)).then_some(end)
}

/// Lines that stand before a traceback, at most, and of a message before the next one of a chain.
const MOST_LEAD_INS: usize = 4;
const MOST_MESSAGE_LINES: usize = 12;

/// What threads, finalizers and asyncio print before a traceback.
fn is_lead_in(line: &[u8]) -> bool {
    let starts: [&[u8]; 3] = [b"Exception in thread ", b"Exception ignored in", b"Exception in callback "];
    let begins = starts.iter().any(|start| line.starts_with(start)) && !line.starts_with(b"Exception in thread \"");
    begins || line.starts_with(b"handle: <") || trace::is_lost_task(line) || trace::is_future(line)
}

/// A traceback's first line.
struct Head<'a> {
    /// What stands before it, such as a logger's prefix.
    before: &'a [u8],
    /// Of an exception group, whose lines stand behind bars: none at column 0 ends it.
    group: bool,
}

/// What stands before a traceback's head.
pub(super) fn before_head(line: &[u8]) -> Option<&[u8]> {
    split_head(line).map(|head| head.before)
}

fn split_head(line: &[u8]) -> Option<Head<'_>> {
    let before = &line[..head_at(line)?];
    Some(match before.strip_suffix(GROUP) {
        Some(before) => Head { before: before.strip_suffix(b"  ").unwrap_or(before), group: true },
        None => Head { before, group: false },
    })
}

fn head_at(text: &[u8]) -> Option<usize> {
    memchr_iter(b'(', text).find_map(|parenthesis| {
        let start = parenthesis.checked_sub(b"Traceback ".len())?;
        text[start..].starts_with(HEAD).then_some(start)
    })
}

/// A word in capitals is a log level (or `HINT`, `DETAIL`), not a type; only very short names are both.
fn is_level(word: &[u8]) -> bool {
    word.len() >= 3 && word.iter().all(u8::is_ascii_uppercase)
}

/// Type and message of the line that ends a traceback.
fn final_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii_end();
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'<' | b'>');
    let end = line.iter().position(|byte| !part(byte));
    let (kind, message) = line.split_at(end.unwrap_or(line.len()));
    let message = match message {
        [] | [b':'] => &[],
        [b':', b' ', message @ ..] => message.trim_ascii_start(),
        _ => return None,
    };
    let names = |name: &[u8]| {
        name == b"<locals>"
            || (name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
                && !name.iter().any(|byte| matches!(byte, b'<' | b'>')))
    };
    let last = kind.rsplit(|&byte| byte == b'.').next()?;
    let is_type = last.first().is_some_and(u8::is_ascii_uppercase)
        || ["error", "exception", "warning", "interrupt", "exit", "timeout"].iter().any(|ending| {
            let start = last.len().checked_sub(ending.len());
            start.is_some_and(|at| last[at..].eq_ignore_ascii_case(ending.as_bytes()))
        });
    let all_named = kind.split(|&byte| byte == b'.').all(names);
    (is_type && all_named && !is_level(kind)).then_some((kind, message))
}

#[cfg(test)]
mod tests {
    use super::test_tracebacks::CHAINED;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn roles() {
        for (line, want) in [
            ("", Role::Blank),
            (" \t", Role::Blank),
            ("ERROR:x:❌ Traceback: Traceback (most recent call last):", Role::Head),
            ("  + Exception Group Traceback (most recent call last):", Role::Head),
            ("    | Traceback (most recent call last):", Role::Body),
            ("    print('Traceback (most recent call last):')", Role::Body),
            ("    ^^^^", Role::Body),
            ("[Previous line repeated 997 more times]", Role::Body),
            ("AttributeError: 'A' object has no attribute 'b'", Role::Final),
            ("KeyboardInterrupt", Role::Final),
            ("socket.gaierror: [Errno -2] Name or service not known", Role::Final),
            ("app.f.<locals>.Stop", Role::Final),
            (CHAINED.lines().nth(6).unwrap_or_default(), Role::Chain),
            ("INFO:     Started server process [17]", Role::Other),
            ("INFO: Connection pool healthy (7/10)", Role::Other),
            ("ERROR:app:KeyError: 'x'", Role::Other),
            ("Starting Container", Role::Other),
            ("✅ Routes loaded", Role::Other),
            ("a..Error: x", Role::Other),
        ] {
            assert_eq!(role(line.as_bytes()), want, "{line}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"(Traceback \(most recent call last\):|\n| {2}|  \+ Exception Group |\+-\+--|\| |File "a", line |1|, in f|Error|: |\[SQL: |\]|é){0,24}"#, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for text in [text.as_bytes(), &bytes] {
                let _ = traceback(text);
                let mut stack = Stack::begin(text);
                let _ = (stack.accepts(text, Follows::Untold), stack.accepts(&bytes, Follows::Directly));
            }
        }
    }
}
