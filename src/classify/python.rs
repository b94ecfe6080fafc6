//! Python tracebacks: which lines belong to one, and what an assembled one says.

use memchr::{memchr_iter, memmem};

use super::exception::{Exception, Place, lossy};

const HEAD: &[u8] = b"Traceback (most recent call last):";
const GROUP: &[u8] = b"+ Exception Group ";
const CHAINS: [&[u8]; 2] = [
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
];
/// How lines at column 0 begin that belong to the message above them: SQLAlchemy's and libpq's.
const TRAILERS: [&[u8]; 9] = [
    b"[SQL:",
    b"[parameters:",
    b"(Background on this error at:",
    b"DETAIL:",
    b"HINT:",
    b"CONTEXT:",
    b"QUERY:",
    b"LINE ",
    b"connection to server at ",
];
/// Lines of one SQL statement in a message; a longer one is cut there rather than let it swallow the log.
const MAX_STATEMENT: u16 = 64;

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
    } else if text.len() < message.len() {
        if text.starts_with(HEAD) || (text.starts_with(GROUP) && head_at(text).is_some()) {
            Role::Head
        } else {
            Role::Body
        }
    } else if CHAINS.iter().any(|chain| text.starts_with(chain)) {
        Role::Chain
    } else if head_at(text).is_some() {
        Role::Head
    } else if text.starts_with(b"[Previous line repeated ") {
        Role::Body
    } else if final_line(text).is_some() {
        Role::Final
    } else {
        Role::Other
    }
}

/// Decides, line by line, how far a traceback goes.
#[derive(Debug, Clone)]
pub struct Stack {
    prefix: Prefix,
    state: State,
    /// The message is pydantic's, whose fields stand at column 0.
    validation: bool,
}

/// A logging head that every line of the traceback carries, if the lines after the first turn out to.
#[derive(Debug, Clone)]
enum Prefix {
    None,
    Maybe(Box<[u8]>),
    Every(Box<[u8]>),
}

#[derive(Debug, Clone, Copy)]
enum State {
    Frames,
    /// In the message.
    Message,
    /// Blank lines after the message.
    Gap,
    /// In an SQL statement within the message, with so many lines left to it.
    Statement(u16),
    /// Another traceback follows.
    Chained,
}

impl Stack {
    /// Starts at the message of role [`Role::Head`], which may hold more lines of the traceback, or all of them.
    #[must_use]
    pub fn begin(head: &[u8]) -> Self {
        let mut lines = head.split(|&byte| byte == b'\n');
        let (prefix, state) = match lines.find_map(split_head) {
            Some(([], state)) => (Prefix::None, state),
            Some((prefix, state)) => (Prefix::Maybe(prefix.into()), state),
            None => (Prefix::None, State::Frames),
        };
        let mut stack = Self { prefix, state, validation: false };
        for line in lines {
            stack.accepts_line(line);
        }
        stack
    }

    /// Whether `message` continues the traceback. After the first `false` the traceback has ended.
    pub fn accepts(&mut self, message: &[u8]) -> bool {
        let mut lines = message.split(|&byte| byte == b'\n');
        let accepted = lines.next().is_some_and(|line| self.accepts_line(line));
        if accepted {
            for line in lines {
                self.accepts_line(line);
            }
        }
        accepted
    }

    fn accepts_line(&mut self, message: &[u8]) -> bool {
        let Some(line) = self.without_prefix(message) else {
            return false;
        };
        let next = match (self.state, role(line)) {
            (State::Statement(left), role) => statement(left, line, role),
            (State::Frames, Role::Body) => Some(State::Frames),
            (State::Frames | State::Chained, Role::Final) => {
                self.validation = memmem::find(line, b"validation error").is_some();
                Some(State::Message)
            }
            (State::Chained, Role::Blank) => Some(State::Chained),
            (State::Chained, Role::Head) => {
                split_head(line).and_then(|(prefix, state)| prefix.is_empty().then_some(state))
            }
            (State::Message, Role::Body) => Some(State::Message),
            (State::Message | State::Gap, Role::Blank) => Some(State::Gap),
            (State::Message | State::Gap, Role::Chain) => Some(State::Chained),
            (State::Message | State::Gap, Role::Final | Role::Other) => self.trailer(line),
            _ => None,
        };
        self.state = next.unwrap_or(self.state);
        next.is_some()
    }

    fn without_prefix<'m>(&mut self, message: &'m [u8]) -> Option<&'m [u8]> {
        let message = message.strip_suffix(b"\r").unwrap_or(message);
        match std::mem::replace(&mut self.prefix, Prefix::None) {
            Prefix::None => Some(message),
            Prefix::Maybe(prefix) => match message.strip_prefix(&*prefix) {
                Some(line) if role(line) == Role::Body => {
                    self.prefix = Prefix::Every(prefix);
                    Some(line)
                }
                _ => Some(message),
            },
            Prefix::Every(prefix) => {
                let line = match message.strip_prefix(&*prefix) {
                    // A blank line may have lost the prefix's last space.
                    None => (message == prefix.trim_ascii_end()).then_some(&message[..0]),
                    line => line,
                };
                self.prefix = Prefix::Every(prefix);
                line
            }
        }
    }

    /// A line at column 0 after the `Type: message` line.
    fn trailer(&self, line: &[u8]) -> Option<State> {
        if line.starts_with(b"[") && TRAILERS.iter().any(|start| line.starts_with(start)) {
            Some(after_bracket(line, MAX_STATEMENT))
        } else if line == b"\"\"\"" {
            // multiprocessing quotes the traceback of the other process so.
            Some(State::Chained)
        } else {
            let field = self.validation
                && matches!(self.state, State::Message)
                && line.len() <= 128
                && line
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']'));
            let trailer = TRAILERS.iter().any(|start| line.starts_with(start));
            (field || trailer).then_some(State::Message)
        }
    }
}

fn statement(left: u16, line: &[u8], role: Role) -> Option<State> {
    (left > 0 && role != Role::Head && !is_level_head(line)).then(|| after_bracket(line, left - 1))
}

fn after_bracket(line: &[u8], left: u16) -> State {
    if line.ends_with(b"]") { State::Message } else { State::Statement(left) }
}

/// What stands before a traceback's head, and the state after it. A group has no line at column 0 that ends it.
fn split_head(line: &[u8]) -> Option<(&[u8], State)> {
    let before = &line[..head_at(line)?];
    Some(match before.strip_suffix(GROUP) {
        Some(before) => (before.strip_suffix(b"  ").unwrap_or(before), State::Message),
        None => (before, State::Frames),
    })
}

fn head_at(text: &[u8]) -> Option<usize> {
    memchr_iter(b'(', text).find_map(|parenthesis| {
        let start = parenthesis.checked_sub(b"Traceback ".len())?;
        text[start..].starts_with(HEAD).then_some(start)
    })
}

/// `ERROR:…`: capitals and a colon.
fn is_level_head(line: &[u8]) -> bool {
    let level = line.iter().position(|byte| !byte.is_ascii_uppercase());
    level.is_some_and(|end| is_level(&line[..end]) && line[end] == b':')
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
        if let Some((before, state)) = split_head(line)
            && role(line) == Role::Head
        {
            if !before.is_empty() {
                prefix = before;
            }
            reading.open = true;
            reading.grouped = matches!(state, State::Message);
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
        let installed = [&b"site-packages"[..], b"dist-packages", b"/lib/python3."];
        if !frame.file.starts_with(b"<") && !installed.iter().any(|part| memmem::find(frame.file, part).is_some()) {
            self.own = Some(frame);
        }
    }
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
    use super::*;
    use proptest::prelude::*;

    const CHAINED: &str = "\
ERROR:jobs.sync:❌ Traceback: Traceback (most recent call last):
  File \"/app/jobs/sync.py\", line 14, in pull
    return rows[key]
           ~~~~^^^^^
KeyError: 'balance'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/app/jobs/sync.py\", line 16, in pull
    raise SyncError(key)
  File \"/usr/lib/python3.12/site-packages/retry/api.py\", line 90, in call
    return f()
  [Previous line repeated 3 more times]
jobs.errors.SyncError: balance: not there";

    const GROUP_TEXT: &str = "\
  + Exception Group Traceback (most recent call last):
  |   File \"/app/main.py\", line 9, in run
  |     async with TaskGroup() as tasks:
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Exception Group Traceback (most recent call last):
    |   File \"/app/feed.py\", line 3, in a
    | ExceptionGroup: inner (1 sub-exception)
    +-+---------------- 1 ----------------
      | Traceback (most recent call last):
      |   File \"/app/feed.py\", line 5, in b
      | asyncio.exceptions.TimeoutError: slow
      +------------------------------------
    +---------------- 2 ----------------
    | ValueError: two
    +------------------------------------";

    const SQL: &str = "\
Traceback (most recent call last):
  File \"/app/db.py\", line 3, in save
    session.commit()
sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key value
DETAIL:  Key (name)=(x) already exists.

[SQL: INSERT INTO bots (name)
VALUES (%(name)s)

RETURNING bots.id]
[parameters: {'name': 'x'}]
(Background on this error at: https://sqlalche.me/e/20/gkpj)";

    const PYDANTIC: &str = "\
Traceback (most recent call last):
  File \"/app/models.py\", line 30, in load
    return Bot(**row)
pydantic_core._pydantic_core.ValidationError: 2 validation errors for Bot
legs.0.size
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.8/v/missing
symbol
  Field required [type=missing, input_value={}, input_type=dict]";

    /// How many lines after the first continue the traceback.
    fn accepted(text: &str) -> usize {
        let mut lines = text.lines();
        let mut stack = Stack::begin(lines.next().unwrap_or_default().as_bytes());
        lines.take_while(|line| stack.accepts(line.as_bytes())).count()
    }

    fn read(text: &str) -> (String, String, String, String) {
        let read = traceback(text.as_bytes()).expect("a traceback");
        let place = read.place.map(|place| place.to_string());
        (read.kind, read.message, place.unwrap_or_default(), read.cause.unwrap_or_default())
    }

    fn is(kind: &str, message: &str, place: &str, cause: &str) -> (String, String, String, String) {
        (kind.into(), message.into(), place.into(), cause.into())
    }

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

    #[test]
    fn an_entry_ends_where_the_traceback_ends() {
        for text in [CHAINED, GROUP_TEXT, SQL, PYDANTIC] {
            let lines = text.lines().count() - 1;
            assert_eq!(accepted(text), lines, "{text}");
            for stranger in [
                "ERROR:app:next",
                "INFO:     Started",
                "✅ Routes loaded",
                "ERROR:app:Traceback (most recent call last):",
                "next_field",
            ] {
                let lines = lines + usize::from(text == PYDANTIC && stranger == "next_field");
                assert_eq!(accepted(&format!("{text}\n{stranger}")), lines, "{stranger}");
            }
            assert_eq!(accepted(&format!("{text}\n\n\nTypeError: other")), lines + 2);
        }
        let unfinished_sql = SQL.replace("bots.id]", "bots.id");
        assert_eq!(accepted(&format!("{unfinished_sql}\nWARNING:app:next")), 12 - 1);
    }

    #[test]
    fn a_prefix_must_be_on_all_lines_or_on_the_first_alone() {
        let prefixed: Vec<String> = CHAINED.lines().skip(8).map(|line| format!("ERROR:app:{line}")).collect();
        let text = prefixed.join("\n");
        assert_eq!(accepted(&text), 6);
        assert_eq!(accepted(&format!("{text}\nERROR:app:\nERROR:app:next: one")), 7);
        assert_eq!(accepted(&format!("{text}\n  indented")), 6);
        assert_eq!(read(&text), is("jobs.errors.SyncError", "balance: not there", "/app/jobs/sync.py:16 in pull", ""));
        assert_eq!(accepted(&CHAINED.replace("\nKeyError", "\nERROR:jobs.sync:KeyError")), 3);
    }

    #[test]
    fn records_of_many_lines() {
        let (head, rest) = CHAINED.split_at(CHAINED.find("KeyError").unwrap_or_default());
        let mut stack = Stack::begin(head.trim_end().as_bytes());
        assert!(stack.accepts(rest.as_bytes()));
        assert!(stack.accepts(b""));
        assert!(!Stack::begin(CHAINED.as_bytes()).accepts(b"ValueError: another"));
    }

    #[test]
    fn tracebacks() {
        assert_eq!(
            read(CHAINED),
            is("jobs.errors.SyncError", "balance: not there", "/app/jobs/sync.py:16 in pull", "KeyError")
        );
        assert_eq!(
            read(GROUP_TEXT),
            is(
                "ExceptionGroup",
                "unhandled errors in a TaskGroup (2 sub-exceptions)",
                "/app/main.py:9 in run",
                "asyncio.exceptions.TimeoutError"
            )
        );
        let installed = GROUP_TEXT.replace("/app/main.py", "/venv/lib/python3.12/site-packages/anyio/x.py");
        assert_eq!(read(&installed).2, "/app/feed.py:5 in b");
        assert_eq!(read(PYDANTIC).1, "2 validation errors for Bot");
        assert_eq!(read(SQL).2, "/app/db.py:3 in save");
        let syntax = "Traceback (most recent call last):\n  File \"/app/a.py\", line 2\n    def\n       ^\nSyntaxError: invalid syntax";
        assert_eq!(read(syntax), is("SyntaxError", "invalid syntax", "/app/a.py:2", ""));
        let bare = "Error: not this\nTraceback (most recent call last):\r\n  File \"<string>\", line 1, in <module>\r\nKeyboardInterrupt\r\n";
        assert_eq!(read(bare), is("KeyboardInterrupt", "", "<string>:1 in <module>", ""));
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

    proptest! {
        #[test]
        fn never_panics(text in r#"(Traceback \(most recent call last\):|\n| {2}|  \+ Exception Group |\+-\+--|\| |File "a", line |1|, in f|Error|: |\[SQL: |\]|é){0,24}"#, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for text in [text.as_bytes(), &bytes] {
                let _ = traceback(text);
                let mut stack = Stack::begin(text);
                let _ = (stack.accepts(text), stack.accepts(&bytes));
            }
        }
    }
}
