//! JavaScript failures: V8 stacks, uncaught errors and rejections, and the heap running out.

use memchr::{memchr, memmem, memrchr};

use super::exception::{Exception, Place, lossy};

const REJECTION: &[u8] = b"UnhandledPromiseRejection";
const FATAL: &[u8] = b"FATAL ERROR: ";
const OUT_OF_MEMORY: &[u8] = b"JavaScript heap out of memory";

/// Whether `message` may begin a failure. `TypeError: x` at column 0 also ends a Python traceback: only [`stack`] on the
/// assembled text can tell.
#[must_use]
pub fn is_head(message: &[u8]) -> bool {
    is_certain(message) || error_line(message).is_some()
}

/// Whether `message`, after a head, belongs to the same failure: frames, `[cause]`, the properties of the error, its end.
#[must_use]
pub fn continues(message: &[u8]) -> bool {
    let text = message.trim_ascii();
    if matches!(text, b"}" | b"}," | b"]" | b"]," | b"] }") {
        return true;
    }
    let indented = message.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    indented && (is_frame(text) || is_elision(text) || property(text).is_some())
}

/// Reads an assembled failure, lines joined by `\n`.
///
/// The place is the first frame that is neither in `node_modules` nor the runtime's own, else the first that has a file; the
/// cause is the type of the innermost `[cause]`. Without any frame only a line that names itself uncaught, unhandled or fatal
/// is a failure; all else gives `None`.
#[must_use]
pub fn stack(text: &[u8]) -> Option<Exception> {
    let mut lines = text.split(|&byte| byte == b'\n');
    let head = lines.find(|line| is_head(line))?;
    let (mut any, mut own, mut cause, mut framed) = (None, None, None, false);
    for line in lines {
        let line = line.trim_ascii();
        if let Some((b"[cause]", value)) = property(line) {
            cause = error_line(value).map(|(kind, _)| kind).or(cause);
        }
        framed |= is_frame(line);
        if let Some(place) = frame(line).filter(|_| cause.is_none()) {
            if own.is_none() && !is_foreign(place.0) {
                own = Some(place);
            }
            any = any.or(Some(place));
        }
    }
    if !framed && !is_certain(head) {
        return None;
    }
    let (kind, message) = kind_and_message(head);
    Some(Exception {
        kind: lossy(kind),
        message: lossy(message),
        place: own.or(any).map(|(file, line, function)| Place { file: lossy(file), line, function: lossy(function) }),
        cause: cause.map(lossy),
    })
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
    let head = head.trim_ascii_end();
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
    error_line(named).unwrap_or((kind, named))
}

/// `TypeError: message`, `TypeError [ERR_CODE]: message` or a bare `TypeError`, at column 0.
fn error_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let end = line.iter().position(|byte| !name(byte)).unwrap_or(line.len());
    let (kind, rest) = line.split_at(end);
    let is_error = kind.first()?.is_ascii_uppercase() && (kind.ends_with(b"Error") || kind.ends_with(b"Exception"));
    let rest = match rest.strip_prefix(b" [") {
        Some(code) => &code[memchr(b']', code)? + 1..],
        None => rest,
    };
    let message = match rest.trim_ascii_end() {
        [] | [b':'] => &[],
        [b':', b' ', message @ ..] => message.trim_ascii_start(),
        _ => return None,
    };
    is_error.then_some((kind, message))
}

/// `at fn (…)`, `at file:1:2`, `at async …`, `at <anonymous>`, without its indentation; properties may open after it.
fn is_frame(text: &[u8]) -> bool {
    at_target(text).is_some_and(|target| match target {
        [.., b')' | b'>'] => true,
        target => position(target).is_some(),
    })
}

fn at_target(text: &[u8]) -> Option<&[u8]> {
    let target = text.strip_prefix(b"at ")?;
    let target = target.strip_suffix(b"{").unwrap_or(target).trim_ascii_end();
    Some(target.strip_suffix(b",").unwrap_or(target))
}

/// File, line and function of a frame that has a place in a file.
fn frame(text: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let target = at_target(text)?;
    let target = target.strip_prefix(b"async ").unwrap_or(target);
    let (function, place) = match target.strip_suffix(b")") {
        Some(inside) => {
            let open = memmem::rfind(inside, b" (")?;
            (&inside[..open], &inside[open + 2..])
        }
        None => (&b"<anonymous>"[..], target),
    };
    let (file, line) = position(place)?;
    Some((file.strip_prefix(b"file://").unwrap_or(file), line, function))
}

/// The file and line of `file:line:column`.
fn position(place: &[u8]) -> Option<(&[u8], u32)> {
    let (place, _column) = last_number(place)?;
    let (file, line) = last_number(place)?;
    (!file.is_empty()).then_some((file, line))
}

fn last_number(text: &[u8]) -> Option<(&[u8], u32)> {
    let colon = memrchr(b':', text)?;
    let digits = std::str::from_utf8(&text[colon + 1..]).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((&text[..colon], digits.parse().ok().filter(|_| plain)?))
}

fn is_foreign(file: &[u8]) -> bool {
    file.starts_with(b"node:") || file.starts_with(b"internal/") || memmem::find(file, b"node_modules").is_some()
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<(String, String, String, Option<String>)> {
        stack(text.as_bytes()).map(|read| {
            let place = read.place.map(|place| place.to_string());
            (read.kind, read.message, place.unwrap_or_default(), read.cause)
        })
    }

    fn is(kind: &str, message: &str, place: &str) -> Option<(String, String, String, Option<String>)> {
        Some((kind.into(), message.into(), place.into(), None))
    }

    #[test]
    fn a_stack_names_its_own_code_first() {
        let text = "TypeError: Cannot read properties of undefined (reading 'price')\n    at Object.parse (/app/node_modules/feed/index.js:3:9)\n    at async Feed.next (file:///app/src/feed.mjs:88:17)\n    at node:internal/process/task_queues:95:5";
        assert_eq!(
            read(text),
            is(
                "TypeError",
                "Cannot read properties of undefined (reading 'price')",
                "/app/src/feed.mjs:88 in Feed.next"
            )
        );
        assert_eq!(
            read("Error\n    at /app/node_modules/a/b.js:1:2"),
            is("Error", "", "/app/node_modules/a/b.js:1 in <anonymous>")
        );
    }

    #[test]
    fn a_cause_is_told_and_its_frames_are_not_the_place() {
        let text = "Error: refresh failed\n    at <anonymous> {\n  code: 'E_REFRESH',\n  [cause]: FetchError [E1]: no route\n      at get (/app/src/net.js:5:1)\n      ... 2 lines matching cause stack trace ...\n}";
        let (kind, message, place, cause) = read(text).expect("a stack");
        assert_eq!((kind.as_str(), message.as_str()), ("Error", "refresh failed"));
        assert_eq!((place.as_str(), cause.as_deref()), ("", Some("FetchError")));
        assert!(text.lines().skip(1).all(|line| continues(line.as_bytes())));
    }

    #[test]
    fn certain_heads_need_no_frames() {
        for (line, want) in [
            ("Uncaught TypeError: x is not a function", is("TypeError", "x is not a function", "")),
            ("Uncaught (in promise) RangeError: y", is("RangeError", "y", "")),
            ("Uncaught Exception: Error: z", is("Error", "z", "")),
            ("Uncaught boom", is("Uncaught", "boom", "")),
            ("UnhandledPromiseRejectionWarning: Error: late", is("Error", "late", "")),
            ("(node:17) UnhandledPromiseRejectionWarning: late", is("UnhandledPromiseRejection", "late", "")),
            ("[UnhandledPromiseRejection: late]", is("UnhandledPromiseRejection", "late", "")),
            (
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
                is("FATAL ERROR", "Reached heap limit Allocation failed - JavaScript heap out of memory", ""),
            ),
        ] {
            assert!(is_head(line.as_bytes()), "{line}");
            assert_eq!(read(line), want, "{line}");
        }
    }

    #[test]
    fn a_bare_error_line_is_left_to_python() {
        assert!(is_head(b"TypeError: unsupported operand"));
        assert_eq!(read("TypeError: unsupported operand"), None);
        assert_eq!(read("Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\nTypeError: x"), None);
    }

    #[test]
    fn other_lines() {
        for line in [
            "",
            "INFO:     Started",
            "ERROR:x:Error: y",
            "TypeErrors: 3",
            "FATAL:  sorry, too many clients already",
            "Error handling is on",
        ] {
            assert!(!is_head(line.as_bytes()), "{line}");
        }
        for line in ["", "at home", "    at the end", "  File \"/a.py\", line 1, in f", "INFO: x", "code: 1"] {
            assert!(!continues(line.as_bytes()), "{line}");
        }
        for line in
            ["    at new Feed (<anonymous>)", "\tat a.js:1:2", "    ... 3 more lines", "}", "  },", "  errno: -111,"]
        {
            assert!(continues(line.as_bytes()), "{line}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"(Error|Uncaught |\[|\]|: | {4}at |\(|\)|:|1|\n|é|FATAL ERROR: |node){0,20}"#, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for text in [text.as_bytes(), &bytes] {
                let _ = (is_head(text), continues(text), stack(text));
            }
        }
    }
}
