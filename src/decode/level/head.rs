//! The head of a message: the time, the level and the logger that stand before the text proper.
//!
//! A level word at the head of a message wins over the level the platform gave the line: Railway calls everything on
//! standard error an error, and Python logs there.

use super::super::logfmt;
use super::{LONGEST_WORD, Level, letter, logger, own_words, preamble, syslog};
use crate::time::{Time, written};

/// What stands before the text proper: `LEVEL:logger:`, `LEVEL:   `, `[LEVEL] `, `time - name - LEVEL - ` and the like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head<'a> {
    pub level: Option<Level>,
    pub logger: Option<&'a [u8]>,
    pub time: Option<Time>,
    /// Where the text proper begins.
    pub length: usize,
}

impl<'a> Head<'a> {
    /// A level, and where the text begins.
    pub(super) fn stated(level: Level, length: usize) -> Self {
        Head { level: Some(level), length, ..Head::default() }
    }

    /// The same head behind so many bytes.
    pub(super) fn behind(self, before: usize) -> Self {
        Head { length: before + self.length, ..self }
    }

    /// The head of a message whose level ends before `at`, with the time and the logger that stand behind it.
    pub(super) fn ending(self, message: &'a [u8], at: usize) -> Self {
        let is_between = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'-' | b'|');
        let mut at = at + message[at..].iter().take_while(is_between).count();
        let mut time = self.time;
        if let Some((found, length)) = time_behind(&message[at..]) {
            time = time.or(found);
            at += length;
            at += message[at..].iter().take_while(|byte| is_between(byte) || **byte == b':').count();
            if let Some((name, used)) = logger::verbose_django(&message[at..]) {
                return Head { logger: self.logger.or(Some(name)), time, length: at + used, ..self };
            }
        }
        at += logger::process_and_threads(&message[at..]);
        let (name, used) = logger::before_text(&message[at..]);
        Head { logger: self.logger.or(name), time, length: at + used, ..self }
    }
}

/// A time behind a level, in brackets or not, and its length.
fn time_behind(rest: &[u8]) -> Option<(Option<Time>, usize)> {
    let (text, bracket) = match rest {
        [b'[', text @ ..] => (text, 1),
        _ => (rest, 0),
    };
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    let found = written::at_start(text)?;
    let closes = bracket == 0 || text.get(found.length) == Some(&b']');
    closes.then_some((found.time, found.length + 2 * bracket))
}

/// Whether the head of a message is one of the usual ones that state a level.
pub fn is_usual(message: &[u8]) -> bool {
    USUAL.iter().any(|(word, _)| message.starts_with(word))
}

/// Reads the head of a message.
pub fn head(message: &[u8]) -> Head<'_> {
    head_of(message, false)
}

/// Reads the head of a message; `timed` if a time stood before it and was taken off.
pub fn head_of(message: &[u8], timed: bool) -> Head<'_> {
    let head = match message {
        [b'A'..=b'Z', ..] => {
            let word = upper_word(message);
            if word.level.is_some() { word } else { letter::klog(message).unwrap_or_default() }
        }
        [b'a'..=b'z', ..] => lower_word(message, timed).or_else(|| own_words::named(message)).unwrap_or_default(),
        [b'<', ..] => syslog::read(message).unwrap_or_default(),
        _ => Head::default(),
    };
    let head = if head.level.is_some() { head } else { preamble::read(message, timed) };
    match head.level {
        Some(_) => own_words::of_php(message, head).unwrap_or(head),
        None => own_words::warning(&message[head.length..]).map_or(head, |level| Head { level: Some(level), ..head }),
    }
}

/// How nearly all messages with a level begin.
const USUAL: [(&[u8], Level); 3] = [(b"INFO:", Level::Info), (b"WARNING:", Level::Warning), (b"ERROR:", Level::Error)];

/// `LEVEL:logger:text`, `LEVEL:    text`, `LEVEL text`, `LEVEL | text`, `LEVEL - text`, `LEVEL|text`, `LEVEL[0017] text`.
pub(super) fn upper_word(message: &[u8]) -> Head<'_> {
    let usual = USUAL.iter().find(|(word, _)| message.starts_with(word));
    let (level, length) = match usual {
        Some((word, level)) => (*level, word.len() - 1),
        None => {
            let length = message.iter().take(LONGEST_WORD + 1).take_while(|byte| byte.is_ascii_uppercase()).count();
            let Some(level) = Level::from_word(&message[..length]) else { return Head::default() };
            (level, length)
        }
    };
    let rest = &message[length..];
    let head = Head::stated(level, length);
    match rest {
        [b':', rest @ ..] => {
            let (logger, used) = logger::after_colon(rest);
            Head { logger, ..head }.ending(message, length + 1 + used)
        }
        [b' ' | b'\t' | b'|', ..] => head.ending(message, length),
        // logrus has the seconds since the start or a time there.
        [b'[', b'0'..=b'9', ..] => {
            let close = memchr::memchr(b']', &rest[..rest.len().min(preamble::LONGEST_BRACKET)]);
            let time = written::at_start(&rest[1..]).and_then(|found| found.time);
            close.map_or(Head::default(), |close| Head { time, ..head }.ending(message, length + close + 1))
        }
        [] => head,
        _ => Head::default(),
    }
}

/// `info: text`, as JavaScript loggers write it, and ASP.NET, whose error is `fail`; `info - text` and `info | text`;
/// `info Logger: text`, as Swift's write it behind a time.
pub(super) fn lower_word(message: &[u8], timed: bool) -> Option<Head<'_>> {
    let length = message.iter().take(LONGEST_WORD + 1).take_while(|byte| byte.is_ascii_lowercase()).count();
    let level = match &message[..length] {
        b"fail" => Level::Error,
        word => Level::from_name(word)?,
    };
    let rest = &message[length..];
    let head = Head::stated(level, length);
    if rest.starts_with(b": ") {
        let (logger, used) = logger::category(&rest[2..]).map_or((None, 0), |(name, used)| (Some(name), used));
        return Some(Head { logger, length: length + 2 + used, ..head });
    }
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    if blanks > 0 && matches!(&rest[blanks..], [b'-' | b'|', b' ', ..]) {
        return Some(head.ending(message, length));
    }
    // Behind a level in small letters prose may stand, too: a name has to look like one.
    let (name, used) = logger::after_colon(rest.strip_prefix(b" ")?);
    let is_name =
        |name: &&[u8]| timed || name.iter().any(|byte| byte.is_ascii_uppercase() || matches!(byte, b'.' | b'_'));
    name.filter(is_name)?;
    let at = length + 1 + used;
    rest[1 + used..].starts_with(b" ").then(|| Head { logger: name, ..head }.ending(message, at))
}

/// The level that one of the first pairs of `key=value` states. The whole of it is the text.
pub(super) fn pairs(message: &[u8]) -> Option<Head<'_>> {
    logfmt::level(message).map(|level| Head::stated(level, 0))
}
