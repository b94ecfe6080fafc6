//! Levels, and the head of a message that states one.
//!
//! A level word at the head of a message wins over the level the platform gave the line: Railway calls everything on
//! standard error an error, and Python logs there.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    /// A level by any of its usual names, in any case, or by pino's and Python's numbers.
    pub fn from_name(name: &[u8]) -> Option<Level> {
        // As Railway writes them, in JSON and for people.
        match name {
            b"info" | b"INFO" => return Some(Level::Info),
            b"error" | b"ERRO" => return Some(Level::Error),
            b"warn" | b"WARN" => return Some(Level::Warning),
            b"debug" | b"DBUG" => return Some(Level::Debug),
            _ => {}
        }
        let mut upper = [0; LONGEST_WORD];
        let upper = upper.get_mut(..name.len())?;
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        Level::from_upper_name(upper)
    }

    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "critical",
        }
    }

    fn from_upper_name(name: &[u8]) -> Option<Level> {
        Some(match name {
            b"TRACE" | b"DEBUG" | b"DBUG" | b"VERBOSE" | b"10" | b"20" => Level::Debug,
            b"INFO" | b"NOTICE" | b"LOG" | b"SUCCESS" | b"30" => Level::Info,
            b"WARN" | b"WARNING" | b"40" => Level::Warning,
            b"ERROR" | b"ERRO" | b"ERR" | b"SEVERE" | b"50" => Level::Error,
            b"CRITICAL" | b"CRIT" | b"FATAL" | b"PANIC" | b"ALERT" | b"EMERG" | b"EMERGENCY" | b"60" => Level::Critical,
            _ => return None,
        })
    }
}

/// What stands before the text proper: `LEVEL:logger:`, `LEVEL:   `, `[LEVEL] `, `name - LEVEL - ` and the like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head<'a> {
    pub level: Option<Level>,
    pub logger: Option<&'a [u8]>,
    /// Where the text proper begins.
    pub length: usize,
}

/// The longest level word, and so where a search for one may stop.
const LONGEST_WORD: usize = 9;

/// Whether the head of a message is one of the usual ones that state a level below `level`: quicker than reading it.
pub fn is_usual_below(level: Level, message: &[u8]) -> bool {
    USUAL.iter().any(|(word, stated)| *stated < level && message.starts_with(word))
}

/// Reads the head of a message.
pub fn head(message: &[u8]) -> Head<'_> {
    match message.first() {
        Some(b'A'..=b'Z') => upper_word(message),
        Some(b'[') => brackets(message),
        Some(b'a'..=b'z') => lower_word(message).or_else(|| dashes(message)).unwrap_or_default(),
        Some(b'-' | b'|' | b' ') => {
            // What follows a time: `2025-08-25 13:26:31,123 - name - LEVEL - text`, `… | LEVEL | name:f:1 - text`.
            let skipped = message.iter().take_while(|byte| matches!(byte, b'-' | b'|' | b' ')).count();
            let separated = message[..skipped].iter().any(|byte| *byte != b' ');
            let inner = if separated { head_after_time(&message[skipped..]) } else { Head::default() };
            if inner.length == 0 { inner } else { Head { length: inner.length + skipped, ..inner } }
        }
        _ => Head::default(),
    }
}

fn head_after_time(message: &[u8]) -> Head<'_> {
    let word = upper_word(message);
    if word.level.is_some() { word } else { dashes(message).unwrap_or_default() }
}

/// `LEVEL:logger:text`, `LEVEL:    text`, `LEVEL text`, `LEVEL | text`, `LEVEL - text`.
fn upper_word(message: &[u8]) -> Head<'_> {
    let usual = USUAL.iter().find(|(word, _)| message.starts_with(word));
    let (level, length) = match usual {
        Some((word, level)) => (*level, word.len() - 1),
        None => {
            let length = message.iter().take(LONGEST_WORD + 1).take_while(|byte| byte.is_ascii_uppercase()).count();
            let Some(level) = Level::from_upper_name(&message[..length]) else { return Head::default() };
            (level, length)
        }
    };
    let rest = &message[length..];
    match rest.first() {
        Some(b':') => {
            let (logger, used) = logger(&rest[1..]);
            let blanks = rest[1 + used..].iter().take_while(|byte| **byte == b' ').count();
            Head { level: Some(level), logger, length: length + 1 + used + blanks }
        }
        Some(b' ') => {
            let used = rest.iter().take_while(|byte| matches!(byte, b' ' | b'-' | b'|')).count();
            Head { level: Some(level), logger: None, length: length + used }
        }
        None => Head { level: Some(level), logger: None, length },
        _ => Head::default(),
    }
}

/// How nearly all messages with a level begin.
const USUAL: [(&[u8], Level); 3] = [(b"INFO:", Level::Info), (b"WARNING:", Level::Warning), (b"ERROR:", Level::Error)];

/// The bytes of a logger's name.
const IN_LOGGER: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        let value = byte as u8;
        table[byte] = value.is_ascii_alphanumeric() || matches!(value, b'.' | b'_' | b'-' | b'/');
        byte += 1;
    }
    table
};

/// `logger:` as Python's logging writes it, directly after the level's colon; its length with the colon.
fn logger(rest: &[u8]) -> (Option<&[u8]>, usize) {
    let name = rest.iter().position(|byte| !IN_LOGGER[usize::from(*byte)]).unwrap_or(rest.len());
    if name > 0 && rest.get(name) == Some(&b':') { (Some(&rest[..name]), name + 1) } else { (None, 0) }
}

/// `info: text`, as JavaScript loggers write it.
fn lower_word(message: &[u8]) -> Option<Head<'_>> {
    let length = message.iter().take(LONGEST_WORD + 1).take_while(|byte| byte.is_ascii_lowercase()).count();
    let level = Level::from_name(&message[..length])?;
    message[length..].starts_with(b": ").then_some(Head { level: Some(level), logger: None, length: length + 2 })
}

/// `[LEVEL] text`, and gunicorn's `[time] [pid] [LEVEL] text`: up to three brackets, one of which is a level.
fn brackets(message: &[u8]) -> Head<'_> {
    let mut at = 0;
    for _ in 0..3 {
        if message.get(at) != Some(&b'[') {
            break;
        }
        let Some(close) = memchr::memchr(b']', &message[at..message.len().min(at + 40)]) else { break };
        let level = Level::from_name(&message[at + 1..at + close]).filter(|_| message[at + 1].is_ascii_alphabetic());
        at += close + 1;
        at += message[at..].iter().take_while(|byte| **byte == b' ').count();
        if level.is_some() {
            return Head { level, logger: None, length: at };
        }
    }
    Head::default()
}

/// `name - LEVEL - text`.
fn dashes(message: &[u8]) -> Option<Head<'_>> {
    let name = message.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')).count();
    let rest = message[name..].strip_prefix(b" - ")?;
    let word = upper_word(rest);
    word.level.map(|level| Head { level: Some(level), logger: Some(&message[..name]), length: name + 3 + word.length })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> (Option<Level>, Option<&str>, &str) {
        let head = head(message.as_bytes());
        (head.level, head.logger.map(|name| std::str::from_utf8(name).unwrap()), &message[head.length..])
    }

    #[test]
    fn heads_of_the_usual_loggers() {
        assert_eq!(read("INFO:services.auth_service:User"), (Some(Level::Info), Some("services.auth_service"), "User"));
        assert_eq!(read("INFO:     Started server"), (Some(Level::Info), None, "Started server"));
        assert_eq!(read("CRITICAL: Connection pool"), (Some(Level::Critical), None, "Connection pool"));
        assert_eq!(read("FATAL:  sorry, too many"), (Some(Level::Critical), None, "sorry, too many"));
        assert_eq!(read("[ERROR] no"), (Some(Level::Error), None, "no"));
        assert_eq!(
            read("[2025-08-25 13:26:31 +0000] [17] [CRITICAL] WORKER TIMEOUT"),
            (Some(Level::Critical), None, "WORKER TIMEOUT")
        );
        assert_eq!(read(" - app.db - ERROR - lost"), (Some(Level::Error), Some("app.db"), "lost"));
        assert_eq!(read(" | WARNING  | slow"), (Some(Level::Warning), None, "slow"));
        assert_eq!(read("error: failed"), (Some(Level::Error), None, "failed"));
    }

    #[test]
    fn what_only_looks_like_a_head() {
        for text in
            ["Error: x", "INFORMATION: x", "ERRORS:x", "error in handler", "[17] [2] x", "", "INFO", "  File \"x\""]
        {
            let (level, logger, rest) = read(text);
            assert!(text == "INFO" || (level.is_none() && rest == text), "{text}");
            assert_eq!(logger, None);
        }
    }

    #[test]
    fn the_logger_needs_its_colon() {
        assert_eq!(read("ERROR:just text with: colon"), (Some(Level::Error), None, "just text with: colon"));
    }
}
