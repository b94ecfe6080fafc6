//! What loggers put between the begin of a line and its level: times, process ids, threads, names.
//!
//! `2025-09-02 08:00:00,123 - app.db - ERROR - text`, `[2025-09-02 08:00:01,000: INFO/MainProcess] text`,
//! `[time] [17] [api] [ERROR] text`, `time [info     ] text`, `time UTC [6] LOG:  text`, `[time] production.ERROR: text`,
//! `time host app[17]: ERROR text`. A part at a time is stepped over until one states the level.

use super::logger::is_in_logger;
use super::{Head, Level, head, letter, own_words};
use crate::time::{Time, written};

/// Times, brackets and names that may stand before a level; no logger has more.
const MOST_PARTS: usize = 7;
/// The longest bracket that is looked through for its end.
pub(super) const LONGEST_BRACKET: usize = 80;
/// The longest name between a time and a level.
const LONGEST_NAME: usize = 80;

/// What Postgres says beside an error, on lines of their own.
const PARTS_OF_AN_ERROR: [&[u8]; 5] = [b"DETAIL:  ", b"HINT:  ", b"STATEMENT:  ", b"CONTEXT:  ", b"QUERY:  "];

/// Marks that Next.js and consola write in place of a level.
const MARKS: [(&[u8], Level); 8] = [
    ("⨯ ".as_bytes(), Level::Error),
    ("✖ ".as_bytes(), Level::Error),
    ("⚠ ".as_bytes(), Level::Warning),
    ("✓ ".as_bytes(), Level::Info),
    ("✔ ".as_bytes(), Level::Info),
    ("○ ".as_bytes(), Level::Info),
    ("ℹ ".as_bytes(), Level::Info),
    ("▲ ".as_bytes(), Level::Info),
];

/// Reads a head that begins with anything but a level; `timed` if a time stood before it and was taken off. Where no level is
/// stated, the head is the time alone.
pub(super) fn read(message: &[u8], timed: bool) -> Head<'_> {
    let of_own_form = letter::ruby(message)
        .or_else(|| letter::tornado(message))
        .or_else(|| letter::jupyter(message))
        .or_else(|| letter::redis(message));
    if let Some(head) = of_own_form {
        return head;
    }
    let mut walk =
        Walk { message, at: 0, after_time: timed, is_separated: false, time: None, text: 0, name: None, words: 0 };
    match walk.run() {
        Some(head) => Head { time: head.time.or(walk.time), ..head },
        None => Head { time: walk.time, length: walk.text, ..Head::default() },
    }
}

/// `[ 71 ] {0b5f} <Error> Logger: text`, as ClickHouse writes it behind a time: thread, query and level.
fn clickhouse(message: &[u8]) -> Option<Head<'_>> {
    let thread = message.strip_prefix(b"[ ")?;
    let open = memchr::memmem::find(&thread[..thread.len().min(LONGEST_BRACKET)], b" ] {")? + 4;
    let close = memchr::memmem::find(&thread[open..thread.len().min(open + LONGEST_BRACKET)], b"} <")?;
    let at = open + close + 3;
    let length = thread[at..].iter().take(super::LONGEST_NAME + 1).position(|byte| *byte == b'>')?;
    let level = Level::from_name(&thread[at..at + length])?;
    let text = thread[at + length + 1..].strip_prefix(b" ")?;
    Some(Head::stated(level, message.len() - text.len()))
}

/// How far the head is read.
struct Walk<'a> {
    message: &'a [u8],
    at: usize,
    /// Whether a time stands somewhere before.
    after_time: bool,
    /// Whether a dash, a bar or a tabulator stands directly before.
    is_separated: bool,
    time: Option<Time>,
    /// Where the text begins if no level is stated: behind the time.
    text: usize,
    /// The last name between separators.
    name: Option<&'a [u8]>,
    /// Names that are nothing but letters: words of a sentence may stand there, too.
    words: usize,
}

impl<'a> Walk<'a> {
    fn run(&mut self) -> Option<Head<'a>> {
        for _ in 0..MOST_PARTS {
            self.separators();
            let rest = &self.message[self.at..];
            if self.after_time
                && let Some(head) = clickhouse(rest).or_else(|| letter::gitea(rest))
            {
                return Some(Head { length: self.at + head.length, ..head });
            }
            let found = match rest.first()? {
                b'[' => self.bracket()?,
                b'(' | b'{' => self.group()?,
                b'0'..=b'9' => self.number()?,
                b'A'..=b'Z' => self.capital()?,
                b'a'..=b'z' | b'_' => self.small()?,
                0x80.. => {
                    let mark = MARKS.iter().find(|(mark, _)| rest.starts_with(mark));
                    return mark.map(|(mark, level)| Head::stated(*level, self.at + mark.len()));
                }
                _ => return None,
            };
            if let Some(head) = found {
                return Some(Head { logger: head.logger.or(self.name), ..head });
            }
        }
        None
    }

    fn separators(&mut self) {
        let rest = &self.message[self.at..];
        let is_separator = |byte: &u8| {
            matches!(byte, b' ' | b'-' | b'|' | b'\t') || (*byte == b':' && (self.at > 0 || self.after_time))
        };
        let length = rest.iter().take_while(|byte| is_separator(byte)).count();
        self.is_separated = rest[..length].iter().any(|byte| *byte != b' ') || (self.at == 0 && self.after_time);
        self.at += length;
    }

    /// Steps over a time.
    fn step_over(&mut self, found: written::Written, length: usize) {
        self.time = self.time.or(found.time);
        self.after_time = true;
        let is_first = self.message[..self.at].iter().all(|byte| matches!(byte, b' ' | b'-' | b'|' | b'\t'));
        self.at += length;
        if is_first {
            self.text = self.at + self.message[self.at..].iter().take_while(|byte| **byte == b' ').count();
        }
    }

    /// A time; of the two lines that Java's own logging writes the first one holds no more than it and a place.
    fn time(&mut self, found: written::Written) -> Option<Head<'a>> {
        self.step_over(found, found.length);
        own_words::of_java(&self.message[self.at..]).then(|| Head::stated(Level::Info, self.text))
    }

    /// `[…]`: a level, a time, or anything that is stepped over.
    fn bracket(&mut self) -> Option<Option<Head<'a>>> {
        let rest = &self.message[self.at..];
        let close = memchr::memchr(b']', &rest[..rest.len().min(LONGEST_BRACKET)])?;
        let inner = rest[1..close].trim_ascii();
        let found = written::at_start(inner);
        let behind = found.map_or(inner, |found| &inner[found.length..]);
        let end = self.at + close + 1;
        if let Some((level, logger)) = in_bracket(behind) {
            let time = found.and_then(|found| found.time);
            let colon = usize::from(self.message.get(end) == Some(&b':'));
            let head = Head { logger, time, ..Head::stated(level, end) };
            return Some(Some(head.ending(self.message, end + colon)));
        }
        match found {
            Some(found) => self.step_over(found, close + 1),
            None => self.at = end,
        }
        Some(None)
    }

    /// `(…)` or `{…}`: a time, or behind one anything.
    fn group(&mut self) -> Option<Option<Head<'a>>> {
        let rest = &self.message[self.at..];
        let closing = if rest[0] == b'(' { b')' } else { b'}' };
        let close = memchr::memchr(closing, &rest[..rest.len().min(LONGEST_BRACKET)])?;
        match written::at_start(&rest[1..close]) {
            Some(found) => self.step_over(found, close + 1),
            None => {
                self.after_time.then_some(())?;
                self.at += close + 1;
            }
        }
        Some(None)
    }

    /// A time, a process id, or a name that begins with a digit.
    fn number(&mut self) -> Option<Option<Head<'a>>> {
        let rest = &self.message[self.at..];
        if let Some(found) = written::at_start(rest) {
            return Some(self.time(found));
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if matches!(rest.get(digits), Some(b' ' | b'\t')) {
            (self.at > 0 || self.after_time).then_some(())?;
            (self.words == 0).then_some(())?;
            self.at += digits;
            return Some(None);
        }
        self.name()
    }

    /// What begins with a capital: a level, a month, a letter that is a level, a name.
    fn capital(&mut self) -> Option<Option<Head<'a>>> {
        let rest = &self.message[self.at..];
        let found = head::upper_word(rest);
        if found.level.is_some() {
            // In a source line that stands alone a name may be one of a level.
            let is_code = self.at > 0 && !self.after_time && rest[found.length..].starts_with(b"=");
            return (!is_code).then(|| Some(found.behind(self.at)));
        }
        if self.at > 0 && PARTS_OF_AN_ERROR.iter().any(|word| rest.starts_with(word)) {
            return Some(Some(Head::stated(Level::Info, self.at)));
        }
        if self.after_time
            && let Some(found) = letter::alone(rest)
        {
            return Some(Some(found.behind(self.at)));
        }
        if let Some(found) = written::at_start(rest) {
            return Some(self.time(found));
        }
        self.any(rest)
    }

    fn small(&mut self) -> Option<Option<Head<'a>>> {
        let rest = &self.message[self.at..];
        if let Some(found) = head::lower_word(rest, self.after_time) {
            return Some(Some(found.behind(self.at)));
        }
        // zap's console writes small letters between tabulators.
        let word = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        if self.is_separated
            && rest.get(word) == Some(&b'\t')
            && let Some(level) = Level::from_name(&rest[..word])
        {
            return Some(Some(Head::stated(level, self.at + word).ending(self.message, self.at + word)));
        }
        self.any(rest)
    }

    fn any(&mut self, rest: &'a [u8]) -> Option<Option<Head<'a>>> {
        if let Some(head) = monolog(rest) {
            return Some(Some(head.behind(self.at)));
        }
        self.name()
    }

    /// Steps over a name: behind a time any that looks like one, else one before a separator or a time.
    fn name(&mut self) -> Option<Option<Head<'a>>> {
        let rest = &self.message[self.at..];
        let length = rest.iter().take(LONGEST_NAME + 1).take_while(|byte| is_in_name(**byte)).count();
        (1..=LONGEST_NAME).contains(&length).then_some(())?;
        let behind = &rest[length..];
        let is_separated = [&b" - "[..], b" | ", b"\t"].iter().any(|separator| behind.starts_with(separator));
        let is_word = rest[..length].iter().all(u8::is_ascii_alphabetic);
        if is_separated || (self.is_separated && matches!(behind, [b'|', ..])) {
            self.name = Some(&rest[..length]);
        } else {
            let before_time = || {
                let time = behind.iter().position(|byte| !matches!(byte, b' ' | b'|'));
                time.is_some_and(|at| written::at_start(&behind[at..]).is_some())
            };
            (matches!(behind, [b' ', ..]) && (self.after_time || before_time())).then_some(())?;
            self.words += usize::from(is_word);
            (self.words <= 1).then_some(())?;
            // A name before its level: `shop.jobs ERROR text`.
            let is_logger = !is_word && rest[..length].iter().all(|byte| is_in_logger(*byte));
            self.name = if is_logger && !rest[0].is_ascii_digit() { Some(&rest[..length]) } else { self.name };
        }
        self.at += length;
        Some(None)
    }
}

/// The bytes of names, places, hosts and pairs before a level.
pub(super) fn is_in_name(byte: u8) -> bool {
    is_in_logger(byte) || matches!(byte, b':' | b'[' | b']' | b'@' | b'#' | b'$' | b'=' | b'+' | b'*' | b'%')
}

/// The level in a bracket, alone (`INFO    `), behind a time (Celery, Serilog), before a logger (`env_logger`) or behind a module
/// (Apache).
fn in_bracket(inner: &[u8]) -> Option<(Level, Option<&[u8]>)> {
    let inner = inner.strip_prefix(b":").unwrap_or(inner).trim_ascii();
    let length = inner.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, rest) = inner.split_at(length);
    if let Some((module, level)) = split_once(inner, b':')
        && !module.is_empty()
        && module.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
        && level.iter().all(u8::is_ascii_lowercase)
    {
        return Some((Level::from_name(level)?, Some(module)));
    }
    let level = Level::from_name(word)?;
    match rest.first() {
        None => Some((level, None)),
        Some(b'/') if word.iter().all(u8::is_ascii_uppercase) => Some((level, None)),
        Some(b' ') if word.iter().all(u8::is_ascii_uppercase) => {
            let logger = rest.trim_ascii();
            let is_name = logger.iter().all(|byte| is_in_logger(*byte) || *byte == b':');
            is_name.then_some((level, Some(logger)))
        }
        _ => None,
    }
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    memchr::memchr(at, text).map(|place| (&text[..place], &text[place + 1..]))
}

/// `channel.LEVEL: text`, as Monolog and Laravel write it.
fn monolog(rest: &[u8]) -> Option<Head<'_>> {
    let dot = rest.iter().take(40).position(|byte| *byte == b'.')?;
    rest[..dot].iter().all(|byte| is_in_logger(*byte)).then_some(())?;
    let head = head::upper_word(&rest[dot + 1..]);
    let is_stated =
        head.level.is_some() && rest[dot + 1..].iter().find(|byte| !byte.is_ascii_uppercase()) == Some(&b':');
    is_stated.then_some(Head { logger: Some(&rest[..dot]), ..head.behind(dot + 1) })
}
