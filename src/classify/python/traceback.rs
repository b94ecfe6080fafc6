//! What an assembled traceback says.

use memchr::memmem;

use super::super::exception::{Exception, Place, lossy};
use super::{Role, final_line, role, split_head};

/// Reads an assembled traceback, lines joined by `\n`, perhaps cut off anywhere.
///
/// Type and message are those of the last exception of a chain (of the group, for an exception group), the cause the type of
/// the first (the group's first leaf). The place is the innermost frame outside installed packages and the standard library
/// (of the group, else of its first leaf), else the innermost. `None` when no exception is named.
#[must_use]
pub fn traceback(text: &[u8]) -> Option<Exception> {
    let mut reading = Reading::default();
    let mut prefix: &[u8] = b"";
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix(prefix).unwrap_or(line);
        if let Some(head) = split_head(line)
            && role(line) == Role::Head
        {
            if !head.before.is_empty() {
                prefix = head.before;
            }
            reading.open = true;
            reading.grouped = head.group;
            reading.frames = Frames::default();
        } else {
            reading.line(line);
        }
    }
    let (kind, message, frames) = reading.last?;
    let leaf = reading.leaf_frames;
    let (cause, place) = if reading.count > 1 {
        (reading.first, frames.own.or(frames.any))
    } else {
        let own = frames.own.or(leaf.own);
        (reading.leaf, own.or(frames.any).or(leaf.any))
    };
    Some(Exception {
        kind: lossy(kind),
        message: lossy(message),
        place: place.map(Frame::place),
        cause: cause.map(lossy),
    })
}

#[derive(Default)]
struct Reading<'a> {
    /// In the frames of an exception whose type is still to come.
    open: bool,
    /// In an exception group, whose lines stand behind bars.
    grouped: bool,
    frames: Frames<'a>,
    first: Option<&'a [u8]>,
    last: Option<(&'a [u8], &'a [u8], Frames<'a>)>,
    count: usize,
    /// Type of the first member of a group that is no group itself, certain once the bar below it is seen.
    leaf: Option<&'a [u8]>,
    leaf_certain: bool,
    leaf_frames: Frames<'a>,
}

/// Innermost frames so far: of all, and of those that are the application's own.
#[derive(Default, Clone, Copy)]
struct Frames<'a> {
    any: Option<Frame<'a>>,
    own: Option<Frame<'a>>,
}

#[derive(Clone, Copy)]
struct Frame<'a> {
    file: &'a [u8],
    line: u32,
    function: &'a [u8],
}

impl<'a> Reading<'a> {
    fn line(&mut self, line: &'a [u8]) {
        let text = line.trim_ascii_start();
        let indent = line.len() - text.len();
        let content = match text {
            [b'+', b'-', rest @ ..] if self.grouped => {
                if !self.leaf_certain {
                    self.leaf = self.leaf.filter(|_| !rest.starts_with(b"+"));
                    self.leaf_certain = self.leaf.is_some();
                }
                return;
            }
            [b'|', content @ ..] if self.grouped => content.strip_prefix(b" ").unwrap_or(content),
            _ => line,
        };
        if self.grouped && indent > 2 && text.starts_with(b"|") {
            if self.leaf_certain {
                // Of the members only the first is told.
            } else if let Some(frame) = Frame::read(content) {
                self.leaf_frames.push(frame);
            } else if let Some((kind, _)) = final_line(content) {
                self.leaf = Some(kind);
            }
        } else if role(content) == Role::Chain {
            self.open = true;
            self.frames = Frames::default();
        } else if let Some(frame) = Frame::read(content) {
            if self.open || self.last.is_none() {
                self.open = true;
                self.frames.push(frame);
            }
        } else if let Some((kind, message)) = final_line(content).filter(|_| self.open) {
            self.open = false;
            self.count += 1;
            self.first = self.first.or(Some(kind));
            self.last = Some((kind, message, std::mem::take(&mut self.frames)));
        }
    }
}

impl<'a> Frames<'a> {
    fn push(&mut self, frame: Frame<'a>) {
        self.any = Some(frame);
        if !is_foreign(frame.file) {
            self.own = Some(frame);
        }
    }
}

/// Of an installed package, the standard library, a compiled extension (Cython names its sources), or a program that a package
/// installed.
fn is_foreign(file: &[u8]) -> bool {
    let installed = [&b"site-packages"[..], b"dist-packages", b"/lib/python3."];
    let compiled = [&b".pyx"[..], b".pxd", b".pxi"];
    file.starts_with(b"<")
        || installed.iter().any(|part| memmem::find(file, part).is_some())
        || compiled.iter().any(|ending| file.ends_with(ending))
        || (!file.ends_with(b".py") && memmem::find(file, b"/bin/").is_some())
}

impl<'a> Frame<'a> {
    /// `File "/app/x.py", line 7, in f`; the function is missing in a `SyntaxError`.
    fn read(line: &'a [u8]) -> Option<Self> {
        const LINE: &[u8] = b"\", line ";
        let text = line.trim_ascii().strip_prefix(b"File \"")?;
        let quote = memmem::rfind(text, LINE)?;
        let rest = &text[quote + LINE.len()..];
        let end = rest.iter().position(|byte| !byte.is_ascii_digit());
        let (number, rest) = rest.split_at(end.unwrap_or(rest.len()));
        Some(Self {
            file: &text[..quote],
            line: std::str::from_utf8(number).ok()?.parse().ok()?,
            function: rest.strip_prefix(b", in ").unwrap_or_default(),
        })
    }

    fn place(self) -> Place {
        Place { file: lossy(self.file), line: self.line, function: lossy(self.function) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_tracebacks::{CHAINED, GROUP, PYDANTIC, SQL};
    use super::*;

    fn read(text: &str) -> (String, String, String, String) {
        let read = traceback(text.as_bytes()).expect("a traceback");
        let place = read.place.map(|place| place.to_string());
        (read.kind, read.message, place.unwrap_or_default(), read.cause.unwrap_or_default())
    }

    fn is(kind: &str, message: &str, place: &str, cause: &str) -> (String, String, String, String) {
        (kind.into(), message.into(), place.into(), cause.into())
    }

    #[test]
    fn tracebacks() {
        assert_eq!(
            read(CHAINED),
            is("jobs.errors.SyncError", "balance: not there", "/app/jobs/sync.py:16 in pull", "KeyError")
        );
        assert_eq!(
            read(GROUP),
            is(
                "ExceptionGroup",
                "unhandled errors in a TaskGroup (2 sub-exceptions)",
                "/app/main.py:9 in run",
                "asyncio.exceptions.TimeoutError"
            )
        );
        let installed = GROUP.replace("/app/main.py", "/venv/lib/python3.12/site-packages/anyio/x.py");
        assert_eq!(read(&installed).2, "/app/feed.py:5 in b");
        assert_eq!(read(PYDANTIC).1, "2 validation errors for Bot");
        assert_eq!(read(SQL).2, "/app/db.py:3 in save");
        let syntax = "Traceback (most recent call last):\n  File \"/app/a.py\", line 2\n    def\n       ^\nSyntaxError: invalid syntax";
        assert_eq!(read(syntax), is("SyntaxError", "invalid syntax", "/app/a.py:2", ""));
        let bare = "Error: not this\nTraceback (most recent call last):\r\n  File \"<string>\", line 1, in <module>\r\nKeyboardInterrupt\r\n";
        assert_eq!(read(bare), is("KeyboardInterrupt", "", "<string>:1 in <module>", ""));
    }

    #[test]
    fn a_prefix_on_every_line_is_left_out() {
        let prefixed: Vec<String> = CHAINED.lines().skip(8).map(|line| format!("ERROR:app:{line}")).collect();
        let text = prefixed.join("\n");
        assert_eq!(read(&text), is("jobs.errors.SyncError", "balance: not there", "/app/jobs/sync.py:16 in pull", ""));
    }

    #[test]
    fn a_cut_traceback_tells_what_it_knows() {
        assert_eq!(traceback(b"Traceback (most recent call last):\n  File \"/a.py\", line 1, in f"), None);
        assert_eq!(traceback(b"TypeError: no traceback at all"), None);
        let lines: Vec<&str> = CHAINED.lines().collect();
        assert_eq!(read(&lines[1..5].join("\n")).0, "KeyError");
        assert_eq!(read(&lines[..12].join("\n")), is("KeyError", "'balance'", "/app/jobs/sync.py:14 in pull", ""));
        for end in 0..CHAINED.len() {
            let _ = traceback(&CHAINED.as_bytes()[..end]);
        }
    }
}
