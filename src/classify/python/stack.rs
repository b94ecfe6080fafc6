//! How far a traceback goes, decided line by line.

use memchr::memmem;

use super::{Head, Role, is_level, role, split_head};
use crate::classify::trace::{Follows, begins_with_type};

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

/// Decides, line by line, how far a traceback goes.
#[derive(Debug, Clone)]
pub struct Stack {
    prefix: Prefix,
    state: State,
    /// The message is pydantic's, whose fields stand at column 0.
    validation: bool,
    /// It is an exception group, whose lines stand behind bars.
    group: bool,
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

impl State {
    fn after(head: &Head<'_>) -> Self {
        if head.group { Self::Message } else { Self::Frames }
    }
}

impl Stack {
    /// Starts at the message of role [`Role::Head`], which may hold more lines of the traceback, or all of them.
    #[must_use]
    pub fn begin(head: &[u8]) -> Self {
        let mut lines = head.split(|&byte| byte == b'\n');
        let head = lines.find_map(split_head);
        let (prefix, state) = match &head {
            Some(head) if head.before.is_empty() => (Prefix::None, State::after(head)),
            Some(head) => (Prefix::Maybe(head.before.into()), State::after(head)),
            None => (Prefix::None, State::Frames),
        };
        let group = head.is_some_and(|head| head.group);
        let mut stack = Self { prefix, state, validation: false, group };
        for line in lines {
            stack.accepts_line(line, Follows::Directly);
        }
        stack
    }

    /// Whether the exception has been named, and no further one is expected.
    pub fn is_named(&self) -> bool {
        !matches!(self.state, State::Frames | State::Chained) || self.group
    }

    /// Whether it is an exception group.
    pub fn is_group(&self) -> bool {
        self.group
    }

    /// Whether `message`, which follows the one before in this way, continues the traceback. After the first `false` the
    /// traceback has ended.
    pub fn accepts(&mut self, message: &[u8], follows: Follows) -> bool {
        let mut lines = message.split(|&byte| byte == b'\n');
        let accepted = lines.next().is_some_and(|line| self.accepts_line(line, follows));
        if accepted {
            for line in lines {
                self.accepts_line(line, Follows::Directly);
            }
        }
        accepted
    }

    fn accepts_line(&mut self, message: &[u8], follows: Follows) -> bool {
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
                let head = split_head(line).filter(|head| head.before.is_empty());
                self.group = head.as_ref().is_some_and(|head| head.group);
                head.map(|head| State::after(&head))
            }
            // The exception is named: what is not of its message is the next thing that the service says.
            (State::Message, Role::Body) => {
                (follows != Follows::Later || self.in_group(line)).then_some(State::Message)
            }
            (State::Message | State::Gap, Role::Blank) => Some(State::Gap),
            (State::Message | State::Gap, Role::Chain) => Some(State::Chained),
            (State::Message | State::Gap, role @ (Role::Final | Role::Other)) => self.trailer(line).or_else(|| {
                let names_another = role == Role::Final && begins_with_type(line);
                (follows == Follows::Directly && !names_another && !is_level_head(line)).then_some(self.state)
            }),
            (State::Gap, Role::Body) if follows == Follows::Directly => Some(State::Gap),
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

    /// Behind the bars of an exception group.
    fn in_group(&self, line: &[u8]) -> bool {
        self.group && matches!(line.trim_ascii_start(), [b'|' | b'+', ..])
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

/// `ERROR:…`: capitals and a colon.
fn is_level_head(line: &[u8]) -> bool {
    let level = line.iter().position(|byte| !byte.is_ascii_uppercase());
    level.is_some_and(|end| is_level(&line[..end]) && line[end] == b':')
}

#[cfg(test)]
mod tests {
    use super::super::test_tracebacks::{CHAINED, GROUP, PYDANTIC, SQL};
    use super::*;

    /// How many lines after the first continue the traceback.
    fn accepted(text: &str) -> usize {
        let mut lines = text.lines();
        let mut stack = Stack::begin(lines.next().unwrap_or_default().as_bytes());
        lines.take_while(|line| stack.accepts(line.as_bytes(), Follows::Untold)).count()
    }

    #[test]
    fn an_entry_ends_where_the_traceback_ends() {
        for text in [CHAINED, GROUP, SQL, PYDANTIC] {
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
        assert_eq!(accepted(&CHAINED.replace("\nKeyError", "\nERROR:jobs.sync:KeyError")), 3);
    }

    #[test]
    fn records_of_many_lines() {
        let (head, rest) = CHAINED.split_at(CHAINED.find("KeyError").unwrap_or_default());
        let mut stack = Stack::begin(head.trim_end().as_bytes());
        assert!(stack.accepts(rest.as_bytes(), Follows::Untold));
        assert!(stack.accepts(b"", Follows::Untold));
        assert!(!Stack::begin(CHAINED.as_bytes()).accepts(b"ValueError: another", Follows::Untold));
    }
}
