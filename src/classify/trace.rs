//! Traces: how failures are told over several lines in the languages that services are written in.
//!
//! Each language says of one line whether a failure may begin with it (`head`) and whether it is part of one
//! that has begun (`part`), and reads a failure whose lines are together ([`Language::read`]). [`part()`] finds
//! the failures among the lines of a stream.

mod block;
mod dotnet;
mod elixir;
mod go;
mod java;
mod look;
mod part;
mod php;
mod ruby;
mod rust;

use memchr::memmem;

use super::exception::Exception;
use super::{access_line, javascript, python};
use crate::decode::level;

pub(super) use block::{is_future, is_lost_task};
pub use part::{Part, part};

/// A language whose failures are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    /// As V8 prints it: Node, Deno, browsers; Bun is near enough.
    Javascript,
    /// All that runs on the JVM: Java, Kotlin, Scala.
    Java,
    Go,
    Rust,
    Ruby,
    Php,
    Dotnet,
    Elixir,
}

/// Whether a failure begins with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    No,
    /// If its frames follow.
    Perhaps,
    Certain,
}

/// How a record follows the one of its stream before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Follows {
    /// So closely that one write printed both: times that are finer than a second, less than a millisecond apart.
    Directly,
    /// In the same burst: times that are finer than a second, some milliseconds apart, in either order (SEMANTICS 16a).
    Closely,
    /// Nobody can tell: it has no time of its own, or both have the same whole second.
    Untold,
    Later,
}

/// One record of a stream: a message of one line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub text: &'a [u8],
    pub follows: Follows,
    /// Another record of its stream, which belongs to nobody, stood before it.
    pub apart: bool,
}

/// What one language makes of the begin of some lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// How many of them are one failure.
    pub length: usize,
    /// It has its frames, and what the language prints with them.
    pub complete: bool,
}

/// Lines of a message before its first frame, at most.
pub(super) const MOST_MESSAGE_LINES: usize = 40;

impl Language {
    /// In the order in which a text is tried: what is most certain of its own first.
    pub const ALL: [Language; 9] = [
        Language::Python,
        Language::Java,
        Language::Dotnet,
        Language::Php,
        Language::Ruby,
        Language::Go,
        Language::Rust,
        Language::Elixir,
        Language::Javascript,
    ];

    /// Whether a failure begins with this line.
    fn head(self, line: &[u8]) -> Head {
        match self {
            Language::Python => python::head(line),
            Language::Javascript => javascript::head(line),
            Language::Java => java::head(line),
            Language::Go => go::head(line),
            Language::Rust => rust::head(line),
            Language::Ruby => ruby::head(line),
            Language::Php => php::head(line),
            Language::Dotnet => dotnet::head(line),
            Language::Elixir => elixir::head(line),
        }
    }

    /// Whether this line, after a head, is of the same failure.
    fn part(self, line: &[u8]) -> bool {
        match self {
            Language::Python => python::is_part(line),
            Language::Javascript => javascript::is_part(line),
            Language::Java => java::is_part(line),
            Language::Go => go::is_part(line),
            Language::Rust => rust::is_part(line),
            Language::Ruby => ruby::is_part(line),
            Language::Php => php::is_part(line),
            Language::Dotnet => dotnet::is_part(line),
            Language::Elixir => elixir::is_part(line),
        }
    }

    /// Reads a failure, lines joined by `\n`, perhaps with others before it; `None` when it tells none of this language.
    #[must_use]
    pub fn read(self, text: &[u8]) -> Option<Exception> {
        match self {
            Language::Python => python::traceback(text),
            Language::Javascript => javascript::stack(text),
            Language::Java => java::read(text),
            Language::Go => go::read(text),
            Language::Rust => rust::read(text),
            Language::Ruby => ruby::read(text),
            Language::Php => php::read(text),
            Language::Dotnet => dotnet::read(text),
            Language::Elixir => elixir::read(text),
        }
    }

    /// How many of the lines, from the first on, are one failure; `None` when none begins there.
    fn reach(self, lines: &[Line<'_>]) -> Option<Reach> {
        match self {
            Language::Python => python::reach(lines),
            Language::Javascript => javascript::reach(lines),
            Language::Java => java::reach(lines),
            Language::Rust => rust::reach(lines),
            Language::Php => php::reach(lines),
            Language::Ruby => ruby::reach(lines),
            Language::Dotnet => dotnet::reach(lines),
            Language::Elixir => elixir::reach(lines),
            Language::Go => go::reach(lines),
        }
    }

    /// A head, the further lines of its message if parts follow, and parts.
    fn head_and_parts(self, lines: &[Line<'_>]) -> Option<Reach> {
        let head = self.head(lines.first()?.text);
        if head == Head::No {
            return None;
        }
        let mut reach = Reach { length: 1, complete: false };
        for (at, line) in lines.iter().enumerate().skip(1) {
            if self.part(line.text) {
                reach = Reach { length: at + 1, complete: true };
            } else if reach.complete || at > MOST_MESSAGE_LINES || self.head(line.text) != Head::No {
                break;
            }
        }
        (reach.complete || head == Head::Certain).then_some(reach)
    }
}

/// The language of the failure that a text holds.
#[must_use]
pub fn language(text: &[u8]) -> Option<Language> {
    let able = look::look(text);
    Language::ALL.into_iter().filter(|language| able.has(*language)).find(|language| language.read(text).is_some())
}

/// Whether the message of one line may be of a failure that more lines belong to, and perhaps not its first.
#[must_use]
pub fn opens(message: &[u8]) -> bool {
    block::begins(message)
        || is_bracket(message)
        || message.starts_with(b"Caused by: ")
        || message.starts_with(b"goroutine ")
        || message.starts_with(b"exit status ")
        || is_call(message)
        || begins_with_type(message)
        || Language::ALL.into_iter().any(|language| language.head(message) != Head::No)
}

/// Whether the message of one line continues what some language has begun. An indented one always may.
#[must_use]
pub fn continues(message: &[u8]) -> bool {
    block::continues(message) || Language::ALL.into_iter().any(|language| language.part(message))
}

/// Whether a message of one line is a logger's, or a request: complete in itself, and no part of what others have begun.
#[must_use]
pub fn stands_alone(message: &[u8]) -> bool {
    let said = message.trim_ascii_start();
    // `  error: …` is a property of what is printed around it.
    let is_property = said.len() < message.len() && said.first().is_some_and(u8::is_ascii_lowercase);
    let is_logger_s = !is_property && level::head(said).level.is_some() && !continues(message);
    is_logger_s || access_line::access_line(said).is_some()
}

/// Whether of these lines, the first of them its head, a Python traceback has not named its exception yet.
pub fn awaits_end<'a, I: Iterator<Item = Line<'a>>>(lines: impl Fn() -> I) -> bool {
    let Some(begin) = lines().position(|line| Language::Python.head(line.text) != Head::No) else { return false };
    let lines: Vec<Line<'_>> = lines().skip(begin).collect();
    python::reach(&lines).is_some_and(|reach| !reach.complete && reach.length == lines.len())
}

/// Whether a line names the exception that a Python traceback ends with.
#[must_use]
pub fn ends(message: &[u8]) -> bool {
    python::role(message) == python::Role::Final
}

/// What stands before the head of a Python traceback, if anything does.
#[must_use]
pub fn prefix(message: &[u8]) -> Option<&[u8]> {
    python::before_head(message).filter(|before| !before.is_empty())
}

/// A function that was called, as Go prints it: `main.main()`.
#[must_use]
pub fn is_call(message: &[u8]) -> bool {
    message.ends_with(b")") && go::is_call(message)
}

/// A bracket that closes what an error's properties opened, as the first line of a burst.
#[must_use]
pub fn is_bracket(message: &[u8]) -> bool {
    matches!(message, b"}" | b"]" | b"^")
}

/// The line with level and category that ASP.NET's console logger writes before each of its texts: `fail: Shop.Orders[0]`.
#[must_use]
pub fn is_category(message: &[u8]) -> bool {
    message.ends_with(b"]") && dotnet::is_logged(message)
}

/// `discord.errors.Forbidden: …`, `PG::UniqueViolation: …`, `NotFoundError [CODE]: …`: an identifier in parts, or one of several
/// words that ends like an error, and a colon or nothing behind it. Looks at few bytes of most messages.
#[must_use]
pub fn begins_with_type(message: &[u8]) -> bool {
    if !message.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$');
    let mut end = 0;
    while let Some(&byte) = message.get(end) {
        let scope = byte == b':' && message.get(end + 1) == Some(&b':');
        if !in_name(byte) && !scope {
            break;
        }
        end += 1 + usize::from(scope);
    }
    let (name, rest) = message.split_at(end);
    let ends = matches!(rest, [] | [b':'] | [b':', b' ', ..] | [b'[', ..] | [b' ', b'[' | b'(', ..]);
    let last = name.rsplit(|byte| matches!(byte, b'.' | b':')).next().unwrap_or_default();
    let in_parts = last.len() < name.len() && last.first().is_some_and(u8::is_ascii_uppercase);
    let plain = matches!(rest, [] | [b':', ..]);
    ends && ((in_parts && plain && last.iter().any(u8::is_ascii_lowercase)) || is_error_name(last))
}

/// Whether a type's name says that it is an error.
fn is_error_name(name: &[u8]) -> bool {
    let first = name.first().is_some_and(u8::is_ascii_uppercase);
    let endings: [&[u8]; 6] = [b"Error", b"Exception", b"Interrupt", b"Exit", b"Timeout", b"Failure"];
    first && endings.iter().any(|ending| name.ends_with(ending))
}

/// A number in decimal digits and nothing else.
fn number(digits: &[u8]) -> Option<u32> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

/// A file and a line of it, counted from 1.
type Position<'a> = (&'a [u8], u32);

/// File and line of `file:line`.
fn file_and_line(place: &[u8]) -> Option<Position<'_>> {
    let colon = memchr::memrchr(b':', place).filter(|colon| *colon > 0)?;
    Some((&place[..colon], number(&place[colon + 1..])?))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

/// The text between the first `begin` and the next `end`.
fn between<'a>(text: &'a [u8], begin: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    let from = memmem::find(text, begin)? + begin.len();
    let length = memmem::find(&text[from..], end)?;
    Some(&text[from..from + length])
}
