//! What programs print of themselves in words of their own, mostly on standard error: npm, Prisma, PHP, Python's and Node's
//! warnings.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Head, Level, head, preamble};

/// Heads that begin with the name of a program, and pairs of `key=value`.
pub(super) fn named(message: &[u8]) -> Option<Head<'_>> {
    npm(message).or_else(|| prisma(message)).or_else(|| head::pairs(message))
}

/// `npm warn text`, `npm notice text`, `npm error text`, in small letters since npm 10, and `npm ERR! text`. All go to
/// standard error. The whole of it is the text.
fn npm(message: &[u8]) -> Option<Head<'_>> {
    let rest = message.strip_prefix(b"npm ")?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let level = Level::from_name(&rest[..length])?;
    matches!(rest.get(length), None | Some(b' ' | b'!')).then(|| Head::stated(level, 0))
}

/// `prisma:error text`.
fn prisma(message: &[u8]) -> Option<Head<'_>> {
    let rest = message.strip_prefix(b"prisma:")?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let level = match &rest[..length] {
        b"query" => Level::Debug,
        word => Level::from_name(word)?,
    };
    let text = b"prisma:".len() + length + 1;
    (rest.get(length) == Some(&b' ')).then(|| Head::stated(level, text))
}

/// `NOTICE: PHP message: PHP Fatal error:  text`: php-fpm states its own level before PHP's.
pub(super) fn of_php<'a>(message: &'a [u8], outer: Head<'a>) -> Option<Head<'a>> {
    const FPM: &[u8] = b"PHP message: ";
    let inner = message[outer.length..].strip_prefix(FPM)?;
    let level = warning(inner)?;
    Some(Head { level: Some(level), length: outer.length + FPM.len(), ..outer })
}

/// The level of a text that has none before it, but says what it is: `PHP Warning:  text`, `x.py:12: UserWarning: text`,
/// `(node:17) Warning: text`, and the lines that belong to these. The whole of it is the text.
pub(super) fn warning(text: &[u8]) -> Option<Level> {
    match text {
        [b'P', b'H', b'P', b' ', rest @ ..] => php(rest),
        [b'(', ..] if text.starts_with(b"(Use `node --trace-") => Some(Level::Info),
        [b'(', ..] if text.starts_with(b"(node:") => {
            let end = memchr::memmem::find(text, b"Warning: ")?;
            (end < LONGEST_PLACE).then_some(Level::Warning)
        }
        [b' ', ..] if text.trim_ascii_start().starts_with(b"warnings.warn(") => Some(Level::Info),
        _ if is_progress(text) => Some(Level::Info),
        [b'/' | b'<' | b'a'..=b'z', ..] => python(text),
        _ => None,
    }
}

/// A bar that grows, as tqdm, npm, pnpm and pip draw it: with carriage returns within the line, or a share and its bar.
fn is_progress(text: &[u8]) -> bool {
    let returns = memchr::memchr(b'\r', text).is_some_and(|at| at + 1 < text.len() && text[at + 1] != b'\n');
    let is_tqdm = text.last() == Some(&b']') && memchr::memmem::find(text, b"%|").is_some();
    returns || is_tqdm || text.starts_with(b"[#") || (text.starts_with(b"[.") && text.contains(&b'/'))
}

/// `Fatal error:  text`, of PHP's own levels.
fn php(text: &[u8]) -> Option<Level> {
    const KINDS: [(&[u8], Level); 9] = [
        (b"Fatal error", Level::Critical),
        (b"Parse error", Level::Critical),
        (b"Recoverable fatal error", Level::Error),
        (b"Core error", Level::Critical),
        (b"Compile error", Level::Critical),
        (b"Warning", Level::Warning),
        (b"Deprecated", Level::Warning),
        (b"Notice", Level::Info),
        (b"Strict Standards", Level::Info),
    ];
    let said = |kind: &[u8]| text.strip_prefix(kind).is_some_and(|rest| rest.starts_with(b": "));
    KINDS.iter().find(|(kind, _)| said(kind)).map(|(_, level)| *level)
}

/// What stands before the line of a Python file, or of `<string>`.
static PYTHON_PLACES: LazyLock<[Finder<'_>; 2]> = LazyLock::new(|| [Finder::new(".py:"), Finder::new(">:")]);

/// `/app/x.py:12: DeprecationWarning: text`.
fn python(text: &[u8]) -> Option<Level> {
    let begin = &text[..text.len().min(LONGEST_PLACE)];
    let place = PYTHON_PLACES.iter().find_map(|end| end.find(begin).map(|at| at + end.needle().len()))?;
    let digits = text[place..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let kind = text[place + digits..].strip_prefix(b": ").filter(|_| digits > 0)?;
    let length = kind.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')).count();
    (kind[..length].ends_with(b"Warning") && kind[length..].starts_with(b":")).then_some(Level::Warning)
}

/// Where the name of a warning is looked for.
const LONGEST_PLACE: usize = 300;

/// The first of the two lines that Java's own logging writes, `Sep 02, 2025 8:00:00 AM com.foo.Bar run`; the other one states
/// the level. `rest` is what follows the time.
pub(super) fn of_java(rest: &[u8]) -> bool {
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (class, method) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_name = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| preamble::is_in_name(*byte) && *byte != b':' && *byte != b'/')
    };
    class.contains(&b'.') && is_name(class) && is_name(method) && words.next().is_none()
}
