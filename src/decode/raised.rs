//! An exception that a structured logger writes as an object, told as its language prints it.
//!
//! structlog's dictionaries have frames (`exc_type`, `exc_value`, `frames`), Monolog's have `class`, `message`, `file` and `trace`,
//! semantic_logger's and Sentry's a list of lines (`name`, `message`, `stack_trace`), log4j's template layouts a list of elements.

use std::borrow::Cow;

use super::json::{Elements, Members, Value};

// Of names that mean the same the first one in its list counts, wherever it stands.
const KINDS: [&[u8]; 6] = [b"exc_type", b"class", b"name", b"type", b"kind", b"error_class"];
const MESSAGES: [&[u8]; 4] = [b"exc_value", b"message", b"localizedMessage", b"value"];
const FRAMES: [&[u8]; 8] =
    [b"frames", b"stack_trace", b"stackTrace", b"stacktrace", b"backtrace", b"trace", b"stack", b"extendedStackTrace"];
const FILES: [&[u8]; 4] = [b"filename", b"file", b"fileName", b"path"];
const LINES: [&[u8]; 4] = [b"lineno", b"line", b"lineNumber", b"line_number"];
const FUNCTIONS: [&[u8]; 4] = [b"name", b"method", b"function", b"methodName"];

/// Frames beyond these say nothing about where it happened.
const MOST_FRAMES: usize = 100;
/// Exceptions of a chain.
const MOST_CAUSES: usize = 16;

/// What one exception's object tells.
struct Raised<'a> {
    kind: Cow<'a, [u8]>,
    message: Cow<'a, [u8]>,
    /// Where it was thrown, as PHP's have it: `file:line`, or the file alone beside a line.
    place: Option<(Cow<'a, [u8]>, u32)>,
    frames: Vec<Frame<'a>>,
    style: Style,
}

enum Frame<'a> {
    Written(Cow<'a, [u8]>),
    Element { class: Cow<'a, [u8]>, function: Cow<'a, [u8]>, file: Cow<'a, [u8]>, line: u32 },
}

/// How the language prints a failure.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// The lines are what it prints.
    AsWritten,
    Python,
    Ruby,
    Php,
    Java,
}

/// Whether a value is such an object, or a list of them, and has frames.
pub(super) fn is_raised(value: Value<'_>) -> bool {
    match value {
        Value::Other(object @ [b'{', ..]) => read(object).is_some(),
        Value::Other(list @ [b'[', ..]) => first(list).is_some_and(|object| read(object).is_some()),
        _ => false,
    }
}

/// The text of one that [`is_raised`], as its language prints it; of other objects nothing.
pub(super) fn written(object: &[u8]) -> Vec<u8> {
    if !object.starts_with(b"[") {
        return read(object).map(|raised| raised.written()).unwrap_or_default();
    }
    // The first one was raised last, as the others' consequence; Python prints it last.
    let chain: Vec<_> = Elements::new(object).take(MOST_CAUSES).filter_map(|value| read(value.raw())).collect();
    let texts: Vec<Vec<u8>> = chain.iter().rev().map(Raised::written).collect();
    texts.join(&b"\n\nThe above exception was the direct cause of the following exception:\n\n"[..])
}

fn first(list: &[u8]) -> Option<&[u8]> {
    Elements::new(list).next().map(Value::raw)
}

fn find<'a>(object: &'a [u8], names: &[&[u8]]) -> Option<Value<'a>> {
    let found = Members::new(object).map_while(Result::ok).filter_map(|(name, value)| {
        let rank = names.iter().position(|known| *known == name)?;
        (value.raw() != b"null").then_some((rank, value))
    });
    found.min_by_key(|(rank, _)| *rank).map(|(_, value)| value)
}

fn text<'a>(object: &'a [u8], names: &[&[u8]]) -> Option<Cow<'a, [u8]>> {
    find(object, names)?.text().map(|text| text.read())
}

fn number(object: &[u8], names: &[&[u8]]) -> Option<u32> {
    std::str::from_utf8(find(object, names)?.raw()).ok()?.parse().ok()
}

fn read(object: &[u8]) -> Option<Raised<'_>> {
    if !object.starts_with(b"{") {
        return None;
    }
    let kind = text(object, &KINDS).filter(|kind| is_type(kind))?;
    let message = text(object, &MESSAGES).unwrap_or_default();
    let place = text(object, &FILES).and_then(|file| match number(object, &LINES) {
        Some(line) => Some((file, line)),
        None => {
            let colon = memchr::memrchr(b':', &file)?;
            let line = std::str::from_utf8(&file[colon + 1..]).ok()?.parse().ok()?;
            Some((Cow::Owned(file[..colon].to_vec()), line))
        }
    });
    let list = find(object, &FRAMES).map(Value::raw).filter(|raw| raw.starts_with(b"["));
    let frames: Vec<_> = list.map(Elements::new).into_iter().flatten().take(MOST_FRAMES).filter_map(frame).collect();
    if frames.is_empty() && place.is_none() {
        return None;
    }
    let style = match frames.first() {
        _ if place.is_some() => Style::Php,
        Some(Frame::Element { class, .. }) if !class.is_empty() => Style::Java,
        Some(Frame::Element { .. }) => Style::Python,
        Some(Frame::Written(line)) if is_ruby_s(line) => Style::Ruby,
        _ => Style::AsWritten,
    };
    Some(Raised { kind, message, place, frames, style })
}

/// A name with a capital in its last part, as types have it: not the `type` of an event.
fn is_type(kind: &[u8]) -> bool {
    let last = kind.rsplit(|byte| matches!(byte, b'.' | b':' | b'\\' | b'$')).next().unwrap_or_default();
    let in_type = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'\\' | b'$');
    last.first().is_some_and(u8::is_ascii_uppercase) && kind.iter().all(in_type)
}

fn frame(value: Value<'_>) -> Option<Frame<'_>> {
    let object = match value {
        Value::String(text) => return Some(Frame::Written(text.read())),
        Value::Other(object @ [b'{', ..]) => object,
        Value::Other(_) => return None,
    };
    let name = |names| text(object, names).unwrap_or_default();
    let (class, function, file) = (name(&[b"class", b"className"]), name(&FUNCTIONS), name(&FILES));
    Some(Frame::Element { class, function, file, line: number(object, &LINES)? })
}

fn is_ruby_s(line: &[u8]) -> bool {
    memchr::memmem::find(line, b":in `").or_else(|| memchr::memmem::find(line, b":in '")).is_some()
}

fn first_line(message: &[u8]) -> &[u8] {
    message.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

impl Raised<'_> {
    fn written(&self) -> Vec<u8> {
        let (kind, message) = (&*self.kind, &*self.message);
        let said = if message.is_empty() { kind.to_vec() } else { [kind, b": ", message].concat() };
        let frames = self.frames.iter().enumerate();
        let mut out = Vec::new();
        let mut line = |parts: &[&[u8]]| {
            if !out.is_empty() {
                out.push(b'\n');
            }
            parts.iter().for_each(|part| out.extend_from_slice(part));
        };
        match self.style {
            Style::Python => {
                line(&[b"Traceback (most recent call last):"]);
                for frame in &self.frames {
                    if let Frame::Element { function, file, line: at, .. } = frame {
                        line(&[b"  File \"", file, b"\", line ", at.to_string().as_bytes(), b", in ", function]);
                    }
                }
                line(&[&said]);
            }
            Style::Ruby => {
                for (at, frame) in frames {
                    let Frame::Written(text) = frame else { continue };
                    match at {
                        0 => line(&[text, b": ", first_line(message), b" (", kind, b")"]),
                        _ => line(&[b"\tfrom ", text]),
                    }
                }
            }
            Style::Php => {
                let (file, at) = self.place.as_ref().map_or((&b""[..], 0), |(file, at)| (&**file, *at));
                let place = [b" in ", file, b":", at.to_string().as_bytes()].concat();
                line(&[kind, b": ", first_line(message), &place]);
                line(&[b"Stack trace:"]);
                let frames_told = self.frames.len();
                for (at, frame) in frames {
                    let number = [b"#", at.to_string().as_bytes(), b" "].concat();
                    match frame {
                        Frame::Written(text) => match memchr::memrchr(b':', text) {
                            Some(colon) => line(&[&number, &text[..colon], b"(", &text[colon + 1..], b"): ()"]),
                            None => line(&[&number, text]),
                        },
                        Frame::Element { function, file, line: at, .. } => {
                            line(&[&number, file, b"(", at.to_string().as_bytes(), b"): ", function, b"()"]);
                        }
                    }
                }
                line(&[b"#", frames_told.to_string().as_bytes(), b" {main}"]);
            }
            Style::Java => {
                line(&[&said]);
                for frame in &self.frames {
                    if let Frame::Element { class, function, file, line: at } = frame {
                        line(&[b"\tat ", class, b".", function, b"(", file, b":", at.to_string().as_bytes(), b")"]);
                    }
                }
            }
            Style::AsWritten => {
                let begins = |frame: &Frame<'_>| matches!(frame, Frame::Written(text) if text.starts_with(kind));
                if !self.frames.first().is_some_and(begins) {
                    line(&[&said]);
                }
                for frame in &self.frames {
                    let Frame::Written(text) = frame else { continue };
                    let text = text.trim_ascii_end();
                    let is_bare = text.starts_with(b"at ");
                    line(&[if is_bare { b"    " } else { b"" }, text]);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(object: &str) -> String {
        String::from_utf8(written(object.as_bytes())).unwrap()
    }

    #[test]
    fn as_the_language_prints_it() {
        for (object, text) in [
            (
                r#"[{"exc_type":"KeyError","exc_value":"'b'","frames":[{"filename":"/app/b.py","lineno":3,"name":"f"}]},
                    {"exc_type":"OSError","exc_value":"a","frames":[{"filename":"/app/a.py","lineno":1,"name":"g"}]}]"#,
                "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in g\nOSError: a\n\n\
                 The above exception was the direct cause of the following exception:\n\n\
                 Traceback (most recent call last):\n  File \"/app/b.py\", line 3, in f\nKeyError: 'b'",
            ),
            (
                r#"{"class":"App\\Lost","message":"bad","code":0,"file":"/app/a.php:12","trace":["/app/b.php:3"]}"#,
                "App\\Lost: bad in /app/a.php:12\nStack trace:\n#0 /app/b.php(3): ()\n#1 {main}",
            ),
            (
                r#"{"name":"Lost::Error","message":"bad","stack_trace":["/app/a.rb:12:in `f'","/app/b.rb:3:in `g'"]}"#,
                "/app/a.rb:12:in `f': bad (Lost::Error)\n\tfrom /app/b.rb:3:in `g'",
            ),
            (
                r#"{"name":"a.Lost","message":"bad","extendedStackTrace":[{"class":"a.B","method":"c","file":"B.java","line":3}]}"#,
                "a.Lost: bad\n\tat a.B.c(B.java:3)",
            ),
            (
                r#"{"name":"TypeError","message":"bad","stack":["TypeError: bad","at f (/app/a.js:1:2)"]}"#,
                "TypeError: bad\n    at f (/app/a.js:1:2)",
            ),
        ] {
            assert_eq!(told(object), text, "{object}");
            assert!(is_raised(Value::Other(object.as_bytes())), "{object}");
        }
    }

    #[test]
    fn other_objects_are_none() {
        for object in [
            r#"{"type":"TypeError","message":"bad"}"#,
            r#"{"type":"event","message":"bad","trace":["a"]}"#,
            r#"{"name":"TypeError","stack":[]}"#,
            r#"["a","b"]"#,
            "[]",
            "{",
        ] {
            assert!(!is_raised(Value::Other(object.as_bytes())), "{object}");
            assert_eq!(told(object), "", "{object}");
        }
    }
}
