//! Rust's panics, and the errors that `main` returns as anyhow prints them.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::super::exception::{Exception, Place, lossy};
use super::{Head, Language, Line, Reach, contains, file_and_line};

static PANICKED: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(" panicked at "));

pub fn head(line: &[u8]) -> Head {
    if panicked(line).is_some() {
        Head::Certain
    } else if line.starts_with(b"Error: ") {
        Head::Perhaps
    } else {
        Head::No
    }
}

pub fn is_part(line: &[u8]) -> bool {
    let starts: [&[u8]; 5] =
        [b"note: ", b"stack backtrace:", b"Stack backtrace:", b"Caused by:", b"fatal runtime error: "];
    starts.iter().any(|start| line.starts_with(start)) || numbered(line).is_some() || at(line).is_some()
}

/// The message stands on the line behind the head, since 1.73.
pub fn reach(lines: &[Line<'_>]) -> Option<Reach> {
    let mut reach = Language::Rust.head_and_parts(lines)?;
    if reach.length == 1 && lines[0].text.trim_ascii_end().ends_with(b":") && lines.len() > 1 {
        reach.length = 2;
    }
    Some(reach)
}

/// The place is where it panicked, unless that is in a library and the backtrace names a frame of the service's own.
pub fn read(text: &[u8]) -> Option<Exception> {
    let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    if let Some(first) = lines.iter().position(|line| panicked(line).is_some()) {
        let (message, place) = panicked(lines[first])?;
        let message = message.unwrap_or_else(|| lines.get(first + 1).copied().unwrap_or_default());
        let place = position(place);
        let (own, backtrace) = (place.filter(|(file, _)| !is_foreign(file)), frame(&lines));
        let place = match (own, backtrace) {
            (Some((file, line)), backtrace) => {
                let same = backtrace.filter(|(other, number, _)| *number == line && ends_alike(other, file));
                Some((file, line, same.map_or(&b""[..], |(_, _, function)| function)))
            }
            (None, Some(frame)) => Some(frame),
            (None, None) => place.map(|(file, line)| (file, line, &b""[..])),
        };
        return Some(exception(b"panic", message, place));
    }
    let first = lines.iter().position(|line| line.starts_with(b"Error: "))?;
    let is_report = lines[first + 1..].iter().any(|line| matches!(*line, b"Caused by:" | b"Stack backtrace:"));
    is_report.then(|| exception(b"Error", &lines[first][b"Error: ".len()..], frame(&lines)))
}

fn exception(kind: &[u8], message: &[u8], place: Option<(&[u8], u32, &[u8])>) -> Exception {
    Exception {
        kind: lossy(kind),
        message: lossy(message),
        place: place.map(|(file, line, function)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: None,
    }
}

/// Message and place of `thread 'main' panicked at src/main.rs:2:5:` (then the message is not there) and
/// `thread 'main' panicked at 'message', src/main.rs:2:5`. Newer ones have the number of the thread behind its name.
fn panicked(line: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    // The rarer of the two texts first.
    PANICKED.find(line)?;
    let thread = memmem::find(line, b"thread '")?;
    let at = PANICKED.find(&line[thread..])? + thread;
    let rest = line[at + PANICKED.needle().len()..].trim_ascii_end();
    match rest.strip_prefix(b"'") {
        Some(message) => {
            let end = memmem::rfind(message, b"', ")?;
            Some((Some(&message[..end]), &message[end + 3..]))
        }
        None => Some((None, rest.strip_suffix(b":").unwrap_or(rest))),
    }
}

/// File and line of `file:line:column`.
fn position(place: &[u8]) -> Option<(&[u8], u32)> {
    file_and_line(place).and_then(|(file, _column)| file_and_line(file))
}

/// File, line and function of the first frame of a backtrace that is the service's own.
fn frame<'a>(lines: &[&'a [u8]]) -> Option<(&'a [u8], u32, &'a [u8])> {
    let pairs = lines.windows(2).filter_map(|pair| Some((numbered(pair[0])?, at(pair[1])?)));
    let own = |(function, (file, line)): (&'a [u8], (&'a [u8], u32))| {
        (!is_foreign(file) && !function.starts_with(b"std::")).then_some((file, line, function))
    };
    pairs.into_iter().find_map(own)
}

/// The function of `  12: shop::orders::load`.
fn numbered(line: &[u8]) -> Option<&[u8]> {
    let text = line.trim_ascii();
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let indented = line.first().is_some_and(|byte| *byte == b' ');
    text[digits..].strip_prefix(b": ").filter(|_| indented && digits > 0)
}

/// File and line of `             at ./src/orders.rs:12:9`.
fn at(line: &[u8]) -> Option<(&[u8], u32)> {
    let text = line.trim_ascii().strip_prefix(b"at ").filter(|_| line.starts_with(b" "))?;
    position(text).or_else(|| file_and_line(text)).filter(|(file, _)| file.ends_with(b".rs"))
}

fn is_foreign(file: &[u8]) -> bool {
    file.starts_with(b"/rustc/")
        || [&b"/.cargo/"[..], b"/registry/src/", b"library/std/", b"library/core/", b"/rustlib/"]
            .iter()
            .any(|part| contains(file, part))
}

fn ends_alike(one: &[u8], other: &[u8]) -> bool {
    let plain = |file: &'_ [u8]| file.strip_prefix(b"./").unwrap_or(file).to_vec();
    let (one, other) = (plain(one), plain(other));
    one.ends_with(&other) || other.ends_with(&one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<(String, String, String)> {
        let read = read(text.as_bytes())?;
        Some((read.kind, read.message, read.place.map(|place| place.to_string()).unwrap_or_default()))
    }

    fn is(kind: &str, message: &str, place: &str) -> Option<(String, String, String)> {
        Some((kind.into(), message.into(), place.into()))
    }

    #[test]
    fn panics_old_and_new() {
        let new = "thread 'main' panicked at src/main.rs:2:5:\nboom\nnote: run with `RUST_BACKTRACE=1`";
        assert_eq!(told(new), is("panic", "boom", "src/main.rs:2"));
        assert_eq!(
            told("thread 'tokio-runtime-worker' (7) panicked at src/a.rs:2:5:\nboom"),
            is("panic", "boom", "src/a.rs:2")
        );
        assert_eq!(told("thread 'main' panicked at 'boom', src/main.rs:2:5"), is("panic", "boom", "src/main.rs:2"));
        let traced = "thread 'main' panicked at /rustc/9f/library/core/src/option.rs:5:5:\ncalled `Option::unwrap()` on a `None` value\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/9f/library/std/src/panicking.rs:652:5\n   1: shop::orders::load\n             at ./src/orders.rs:12:9\n   2: shop::main";
        assert_eq!(
            told(traced),
            is("panic", "called `Option::unwrap()` on a `None` value", "./src/orders.rs:12 in shop::orders::load")
        );
    }

    #[test]
    fn an_error_that_main_returned() {
        assert_eq!(told("Error: no config\n\nCaused by:\n    0: read\n    1: not found"), is("Error", "no config", ""));
        assert_eq!(told("Error: no config"), None);
    }
}
