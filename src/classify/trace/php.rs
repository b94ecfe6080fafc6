//! PHP's fatal errors, and the exceptions that Monolog (Laravel, Symfony) logs.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memmem};

use super::super::exception::{Exception, Place, lossy};
use super::{Head, Language, Line, Position, Reach, between, contains, number};

const FATAL: [&[u8]; 3] = [b"PHP Fatal error: ", b"Fatal error: ", b"PHP Parse error: "];
const UNCAUGHT: &[u8] = b"Uncaught ";
/// How Monolog's line formatter begins an exception in a line's context.
static LOGGED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"exception\":\"[object] ("));
/// How Symfony's error listener says it.
static SYMFONY: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("Uncaught PHP Exception "));
/// What php-fpm puts before what a worker says.
static SAID: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("PHP message: "));

pub fn head(line: &[u8]) -> Head {
    if fatal(line).is_some() || is_logged(line) {
        Head::Certain
    } else if thrown(line).is_some() {
        Head::Perhaps
    } else {
        Head::No
    }
}

pub fn is_part(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    matches!(text, b"Stack trace:" | b"[stacktrace]" | b"[previous exception]" | b"\"}" | b"\"} ")
        || text.starts_with(b"thrown in ")
        || text.starts_with(b"[previous exception] ")
        || text.strip_prefix(b"Next ").is_some_and(|next| thrown(next).is_some())
        || frame(text).is_some()
}

/// PHP prints a fatal error to its log and, unless told otherwise, to its output, too: the same lines but for the first words.
pub fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    let mut reach = Language::Php.head_and_parts(lines)?;
    let again = lines.get(reach.length).and_then(|line| fatal(line.text));
    if let Some(again) = again
        && fatal(lines[0].text) == Some(again)
        && let Some(second) = Language::Php.head_and_parts(&lines[reach.length..])
    {
        reach.length += second.length;
    }
    Some(reach)
}

/// Type and message are those of the last exception of a chain, the cause the type of the first. The place is where that was
/// thrown, or the first frame outside of `vendor`.
pub fn read(text: &[u8]) -> Option<Exception> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let all: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).collect();
    let head = lines.find(|line| head(line) == Head::Certain);
    let Some(head) = head else {
        let framed = all.iter().position(|line| frame(line).is_some())?;
        let at = (0..framed).rev().find(|at| thrown(all[*at]).is_some())?;
        return told(thrown(all[at])?, &all[at + 1..]);
    };
    if is_logged(head) {
        return logged(head, &all);
    }
    let said = fatal(head)?;
    let Some(uncaught) = said.strip_prefix(UNCAUGHT) else {
        let (message, place) = match memmem::rfind(said, b" in ") {
            Some(at) => (&said[..at], line_of(&said[at + 4..])),
            None => (said, None),
        };
        return Some(Exception {
            kind: "Fatal error".into(),
            message: lossy(message),
            place: place.map(|(file, line)| Place { file: lossy(file), line, function: String::new() }),
            cause: None,
        });
    };
    let first = thrown(uncaught).unwrap_or(Thrown { kind: uncaught, message: b"", place: None });
    let after = all.iter().position(|line| line.ends_with(uncaught.trim_ascii())).map_or(0, |at| at + 1);
    told(first, &all[after..])
}

/// A type, what it says, and where it was thrown.
#[derive(Clone, Copy)]
struct Thrown<'a> {
    kind: &'a [u8],
    message: &'a [u8],
    place: Option<(&'a [u8], u32)>,
}

/// What an exception tells with the lines behind its first.
fn told(first: Thrown<'_>, lines: &[&[u8]]) -> Option<Exception> {
    let (mut last, mut begin) = (first, 0);
    for (at, line) in lines.iter().enumerate() {
        if fatal(line).is_some() {
            break;
        }
        if let Some(next) = line.strip_prefix(b"Next ").and_then(thrown) {
            (last, begin) = (next, at + 1);
        } else if last.place.is_none() && at == 0 {
            // A message of several lines: the place stands behind its last one.
            last.place = place_behind(line).map(|(_, place)| place);
        }
    }
    let frames = lines[begin..].iter().filter_map(|line| frame(line));
    let cause = (begin > 0).then(|| lossy(first.kind));
    Some(Exception { kind: lossy(last.kind), message: lossy(last.message), place: place(last.place, frames), cause })
}

/// Whether a logger wrote an exception into this line.
fn is_logged(line: &[u8]) -> bool {
    LOGGED.find(line).is_some() || SYMFONY.find(line).is_some()
}

fn logged(head: &[u8], lines: &[&[u8]]) -> Option<Exception> {
    let frames = lines.iter().filter_map(|line| frame(line));
    if let Some(at) = SYMFONY.find(head) {
        let rest = &head[at + SYMFONY.needle().len()..];
        let kind = &rest[..memchr(b':', rest)?];
        let message = between(rest, b": \"", b"\" at ").unwrap_or_default();
        let place = memmem::find(rest, b"\" at ").and_then(|at| line_of(&rest[at + 5..]));
        return Some(Exception {
            kind: lossy(kind),
            message: lossy(message),
            place: self::place(place, frames),
            cause: None,
        });
    }
    let object = &head[LOGGED.find(head)? + LOGGED.needle().len()..];
    let kind = &object[..memchr(b'(', object)?];
    let said = &object[memmem::find(object, b"): ")? + 3..];
    let at = memmem::rfind(said, b" at ").unwrap_or(said.len());
    let place =
        said.get(at + 4..).map(|place| place.strip_suffix(b")").unwrap_or(place)).and_then(super::file_and_line);
    Some(Exception {
        kind: lossy(kind).replace("\\\\", "\\"),
        message: lossy(&said[..at]),
        place: self::place(place, frames),
        cause: None,
    })
}

/// Where it was thrown, in the function that the first frame called; else the first frame of the service's own.
fn place<'a>(thrown: Option<(&[u8], u32)>, frames: impl Iterator<Item = Frame<'a>>) -> Option<Place> {
    let frames: Vec<Frame<'_>> = frames.collect();
    let function = |at: usize| frames.get(at).map_or_else(String::new, |frame| lossy(frame.function));
    let of = |(file, line): (&[u8], u32), at| Place { file: lossy(file), line, function: function(at) };
    let own = thrown.filter(|(file, _)| !is_foreign(file)).map(|place| of(place, 0)).or_else(|| {
        let is_own = |frame: &Frame<'_>| frame.place.is_some_and(|(file, _)| !is_foreign(file));
        let at = frames.iter().position(is_own)?;
        Some(of(frames[at].place?, at + 1))
    });
    own.or_else(|| thrown.map(|place| of(place, 0)))
}

/// What follows `PHP Fatal error:  ` or `Fatal error: `, also behind [`SAID`] and what a log puts before it in brackets: the time in PHP's
/// own, `[30-Nov-2026 13:08:28 UTC] `, in Apache's the module, the process and the client, too.
fn fatal(line: &[u8]) -> Option<&[u8]> {
    const MOST_BRACKETS: usize = 6;
    let mut line = SAID.find(line).map_or(line, |at| &line[at + SAID.needle().len()..]);
    for _ in 0..MOST_BRACKETS {
        let Some(inside) = line.strip_prefix(b"[") else { break };
        let behind = inside[memchr(b']', inside)? + 1..].trim_ascii_start();
        line = if behind.starts_with(b"[") || behind.starts_with(b"PHP ") { behind } else { return None };
    }
    FATAL.iter().find_map(|start| line.strip_prefix(*start)).map(<[u8]>::trim_ascii)
}

/// `RuntimeException: message in /app/x.php:3`.
fn thrown(text: &[u8]) -> Option<Thrown<'_>> {
    let end = text.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\')))?;
    let (kind, rest) = text.split_at(end);
    let said = rest.strip_prefix(b": ").or_else(|| rest.strip_prefix(b" in ").map(|_| rest))?;
    let is_type = kind.first()?.is_ascii_uppercase() || kind.contains(&b'\\');
    let (message, place) = match place_behind(said) {
        Some((message, place)) => (message, Some(place)),
        None => (said, None),
    };
    (is_type && (place.is_some() || super::is_error_name(kind.rsplit(|byte| *byte == b'\\').next()?)))
        .then_some(Thrown { kind, message, place })
}

/// `message in /app/x.php:3`, taken apart.
fn place_behind(said: &[u8]) -> Option<(&[u8], Position<'_>)> {
    let at = memmem::rfind(said, b" in ")?;
    let place = super::file_and_line(said[at + 4..].trim_ascii_end())?;
    (contains(place.0, b".php") || place.0.starts_with(b"/")).then_some((&said[..at], place))
}

/// `/app/x.php on line 3`, `/app/x.php line 3`.
fn line_of(place: &[u8]) -> Option<(&[u8], u32)> {
    let end = memmem::rfind(place, b" on line ").or_else(|| memmem::rfind(place, b" line "))?;
    let digits = place[end..].trim_ascii_end().rsplit(|byte| *byte == b' ').next()?;
    Some((&place[..end], number(digits)?))
}

/// A line of a stack trace.
struct Frame<'a> {
    place: Option<(&'a [u8], u32)>,
    /// The function that was called there, with its class.
    function: &'a [u8],
}

/// `#0 /app/x.php(7): Orders->load(17)`, `#1 [internal function]: f()`, `#2 {main}`.
fn frame(text: &[u8]) -> Option<Frame<'_>> {
    let rest = text.strip_prefix(b"#")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = rest[digits..].strip_prefix(b" ").filter(|_| digits > 0)?;
    if rest.starts_with(b"{main}") {
        return Some(Frame { place: None, function: b"" });
    }
    let end = memmem::find(rest, b"): ").map(|end| end + 1).or_else(|| memmem::find(rest, b": "))?;
    let (place, call) = (&rest[..end], &rest[end + 2..]);
    let open = memchr(b'(', call).unwrap_or(call.len());
    let place =
        memmem::rfind(place, b"(").and_then(|at| Some((&place[..at], number(place[at + 1..].strip_suffix(b")")?)?)));
    Some(Frame { place, function: &call[..open] })
}

fn is_foreign(file: &[u8]) -> bool {
    contains(file, b"/vendor/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<(String, String, String, Option<String>)> {
        let read = read(text.as_bytes())?;
        Some((read.kind, read.message, read.place.map(|place| place.to_string()).unwrap_or_default(), read.cause))
    }

    fn is(
        kind: &str,
        message: &str,
        place: &str,
        cause: Option<&str>,
    ) -> Option<(String, String, String, Option<String>)> {
        Some((kind.into(), message.into(), place.into(), cause.map(String::from)))
    }

    #[test]
    fn fatal_errors() {
        let uncaught = "PHP Fatal error:  Uncaught RuntimeException: no in /app/vendor/a/b.php:3
Stack trace:
#0 /app/src/Orders.php(7): A\\B->load(17)
#1 /app/index.php(3): Orders->all()
#2 {main}
  thrown in /app/vendor/a/b.php on line 3";
        assert_eq!(told(uncaught), is("RuntimeException", "no", "/app/src/Orders.php:7 in Orders->all", None));
        assert!(uncaught.lines().skip(1).all(|line| is_part(line.as_bytes())));
        for before in
            ["[30-Nov-2026 13:08:28 UTC] ", "[Mon Nov 30 13:08:28 2026] [php:error] [pid 17] [client 10.0.0.7:4242] "]
        {
            assert_eq!(told(&format!("{before}{uncaught}")), told(uncaught), "{before}");
        }
        assert_eq!(head(b"[worker 3] Fatal error: the disk is full"), Head::No);
        let memory = "PHP Fatal error:  Allowed memory size of 1 bytes exhausted (tried to allocate 2 bytes) in /app/x.php on line 7";
        let said = "Allowed memory size of 1 bytes exhausted (tried to allocate 2 bytes)";
        assert_eq!(told(memory), is("Fatal error", said, "/app/x.php:7", None));
    }

    #[test]
    fn exceptions_that_were_logged() {
        let laravel = r#"[2025-08-25 13:50:00] production.ERROR: no price {"exception":"[object] (App\\Errors\\NoPrice(code: 0): no price at /app/app/Orders.php:12)
[stacktrace]
#0 /app/vendor/x.php(7): App\Orders->load(17)
#1 {main}
"} "#;
        assert_eq!(
            told(laravel),
            is("App\\Errors\\NoPrice", "no price", "/app/app/Orders.php:12 in App\\Orders->load", None)
        );
        let symfony = r#"Uncaught PHP Exception RuntimeException: "no price" at /app/src/Orders.php line 12"#;
        assert_eq!(told(symfony), is("RuntimeException", "no price", "/app/src/Orders.php:12", None));
    }
}
