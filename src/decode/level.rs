//! Levels, and the head of a message that states one.
//!
//! A level word at the head of a message wins over the level the platform gave the line: Railway calls everything on
//! standard error an error, and Python logs there.

mod preamble;

use super::logfmt;

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
            b"TRACE" | b"TRC" | b"TRCE" | b"DEBUG" | b"DBG" | b"DBUG" | b"VERBOSE" | b"10" | b"20" => Level::Debug,
            b"INFO" | b"INF" | b"NOTICE" | b"LOG" | b"SUCCESS" | b"30" => Level::Info,
            b"WARN" | b"WRN" | b"WARNING" | b"40" => Level::Warning,
            b"ERROR" | b"ERRO" | b"ERR" | b"SEVERE" | b"50" => Level::Error,
            b"CRITICAL" | b"CRIT" | b"FATAL" | b"FTL" | b"PANIC" | b"ALERT" | b"EMERG" | b"EMERGENCY" | b"60" => {
                Level::Critical
            }
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
    let head = match message {
        [b'A'..=b'Z', b',', ..] | [b'[' | b'0'..=b'9', ..] => preamble::head(message),
        [b'A'..=b'Z', ..] => upper_word(message),
        [b'a'..=b'z', ..] => {
            let named = || npm(message).or_else(|| dashes(message)).or_else(|| pairs(message));
            lower_word(message).or_else(named).unwrap_or_default()
        }
        // What follows a time: `2025-08-25 13:26:31,123 - name - LEVEL - text`, `… | LEVEL | name:f:1 - text`.
        [b'-' | b'|', ..] | [b' ', b'-' | b'|', ..] => preamble::head(message),
        _ => Head::default(),
    };
    if head.level.is_some() { head } else { warning_of_a_runtime(message).unwrap_or_default() }
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
        Some(b' ' | b'\t') => {
            let used = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'|')).count();
            let (logger, named) = logger_before_text(&rest[used..]);
            Head { level: Some(level), logger, length: length + used + named }
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

fn is_in_logger(byte: u8) -> bool {
    IN_LOGGER[usize::from(byte)]
}

/// The logger between a level and the text, and its length with what ends it: `in module: `, as Flask writes it, a name with
/// dots before ` - `, ` : ` or `: `, and loguru's `name:function:line - `.
fn logger_before_text(rest: &[u8]) -> (Option<&[u8]>, usize) {
    let length_of = |text: &[u8]| text.iter().take_while(|byte| is_in_logger(**byte)).count();
    if let Some(module) = rest.strip_prefix(b"in ") {
        let length = length_of(module);
        let ends = length > 0 && module[length..].starts_with(b": ");
        return if ends { (Some(&module[..length]), 3 + length + 2) } else { (None, 0) };
    }
    let length = length_of(rest);
    let (name, behind) = rest.split_at(length);
    if !name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
        return (None, 0);
    }
    if let Some(place) = behind.strip_prefix(b":") {
        let place_length =
            place.iter().take_while(|byte| is_in_logger(**byte) || matches!(byte, b':' | b'<' | b'>')).count();
        let line = place[..place_length].rsplit(|byte| *byte == b':').next().unwrap_or_default();
        let has_line = place_length > line.len() && !line.is_empty() && line.iter().all(u8::is_ascii_digit);
        if has_line && place[place_length..].starts_with(b" - ") {
            return (Some(name), length + 1 + place_length + 3);
        }
    }
    if !name.contains(&b'.') || name.contains(&b'/') {
        return (None, 0);
    }
    let end = [&b" - "[..], b" : ", b": "].into_iter().find(|end| behind.starts_with(end));
    end.map_or((None, 0), |end| (Some(name), length + end.len()))
}

/// `info: text`, as JavaScript loggers write it, and ASP.NET, whose error is `fail`.
fn lower_word(message: &[u8]) -> Option<Head<'_>> {
    let length = message.iter().take(LONGEST_WORD + 1).take_while(|byte| byte.is_ascii_lowercase()).count();
    let level = match &message[..length] {
        b"fail" => Level::Error,
        word => Level::from_name(word)?,
    };
    message[length..].starts_with(b": ").then_some(Head { level: Some(level), logger: None, length: length + 2 })
}

/// `npm warn text`, `npm notice text`, `npm error text`, in small letters since npm 10, and `npm ERR! text`. All go to
/// standard error. The whole of it is the text.
fn npm(message: &[u8]) -> Option<Head<'_>> {
    let rest = message.strip_prefix(b"npm ")?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let level = Level::from_name(&rest[..length])?;
    let is_word = matches!(rest.get(length), Some(b' ' | b'!'));
    is_word.then_some(Head { level: Some(level), logger: None, length: 0 })
}

/// `time=… level=error msg=…`. The whole of it is the text.
fn pairs(message: &[u8]) -> Option<Head<'_>> {
    logfmt::level(message).map(|level| Head { level: Some(level), logger: None, length: 0 })
}

/// What Python and Node print of themselves on standard error: `x.py:12: UserWarning: text`, `(node:17) Warning: text`, and the
/// lines that belong to these. The whole of it is the text.
fn warning_of_a_runtime(message: &[u8]) -> Option<Head<'_>> {
    let level = match message {
        [b'(', ..] if message.starts_with(b"(Use `node --trace-") => Level::Info,
        [b'(', ..] if message.starts_with(b"(node:") => {
            let end = memchr::memmem::find(message, b"Warning: ")?;
            (end < LONGEST_PLACE).then_some(Level::Warning)?
        }
        [b' ', ..] if message.trim_ascii_start().starts_with(b"warnings.warn(") => Level::Info,
        [b'/' | b'<' | b'a'..=b'z', ..] => {
            let place = memchr::memmem::find(&message[..message.len().min(LONGEST_PLACE)], b".py:")? + 4;
            let digits = message[place..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let kind = message[place + digits..].strip_prefix(b": ").filter(|_| digits > 0)?;
            let length = kind.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
            (kind[..length].ends_with(b"Warning") && kind[length..].starts_with(b":")).then_some(Level::Warning)?
        }
        _ => return None,
    };
    Some(Head { level: Some(level), logger: None, length: 0 })
}

/// Where the name of a warning is looked for.
const LONGEST_PLACE: usize = 300;

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
        for text in [
            "Error: x",
            "INFORMATION: x",
            "ERRORS:x",
            "error in handler",
            "[17] [2] x",
            "",
            "INFO",
            "  File \"x\"",
            "2025-09-02 08:00:00 error rate is 0",
            "2025-09-02T08:00:00Z",
            "12 ERROR lines",
            "[error handler] x",
            "[a] b - c",
            "- ERRORS: 0",
            "1.2.3.4 - - [02/Sep/2025:08:00:33 +0000] x",
            "[",
            "2025-09-02 08:00:00 - ",
            "I, [",
            "npm run start",
            "app.py:12: done",
            "a.b - c",
            "[03/Feb/2026:10:11:12 +0000] \"GET\"",
        ] {
            let (level, logger, rest) = read(text);
            assert!(text == "INFO" || (level.is_none() && rest == text), "{text}");
            assert_eq!(logger, None);
        }
    }

    #[test]
    fn the_logger_needs_its_colon() {
        assert_eq!(read("ERROR:just text with: colon"), (Some(Level::Error), None, "just text with: colon"));
    }

    /// As the loggers of Railway's users write them, in a message of Railway's JSON and in text alike.
    #[test]
    fn heads_that_begin_with_a_time_or_a_bracket() {
        use Level::{Critical, Debug, Error, Info, Warning};
        for (message, level, logger, text) in [
            ("2026-11-25 08:05:57,434 - worker - INFO - job done", Info, Some("worker"), "job done"),
            ("2026-11-25 08:05:57,434 - shop.jobs - 17 - ERROR - lost", Error, Some("shop.jobs"), "lost"),
            ("2026-11-25 08:05:57,434 INFO job done", Info, None, "job done"),
            ("2026-11-25 08:05:57,434 ERROR shop.jobs: lost", Error, Some("shop.jobs"), "lost"),
            ("[2025-09-02 08:00:00,123] ERROR in app: lost", Error, Some("app"), "lost"),
            ("[2025-09-02 08:00:01,000: INFO/MainProcess] Task t received", Info, None, "Task t received"),
            ("[2025-09-02 08:00:01,000: WARNING/ForkPoolWorker-1] slow", Warning, None, "slow"),
            ("[2025-09-02 08:00:01,369] [6732] [api] [ERROR] {charge:81} refused", Error, None, "{charge:81} refused"),
            ("[2025-09-02 10:00:00 +0200] [1] [CRITICAL] WORKER TIMEOUT", Critical, None, "WORKER TIMEOUT"),
            ("2025-09-02 08:00:00.123 | INFO     | app.main:run:42 - started", Info, Some("app.main"), "started"),
            ("2025-09-02 08:00:00.123 | ERROR    | __main__:<module>:4 - lost", Error, Some("__main__"), "lost"),
            ("2025-09-02 08:00:00 [info     ] started   port=1", Info, None, "started   port=1"),
            ("2025-09-02T08:00:00.1Z [error    ] lost", Error, None, "lost"),
            ("[2025-08-25 13:50:01] [WARNING ] discord.gateway: slow", Warning, Some("discord.gateway"), "slow"),
            ("[02/Sep/2025 08:00:00] INFO [django.server:161] x", Info, None, "[django.server:161] x"),
            ("2025-09-02T08:00:00.123Z [warn]: slow", Warning, None, "slow"),
            ("2025-09-02T08:00:00.123Z error: lost", Error, None, "lost"),
            (
                "2026-06-10T08:00:00+0000 info HummingbirdApp: [Core] started",
                Info,
                Some("HummingbirdApp"),
                "[Core] started",
            ),
            (
                "[Nest] 17  - 09/02/2025, 8:00:00 AM     LOG [NestFactory] Starting",
                Info,
                None,
                "[NestFactory] Starting",
            ),
            ("[Nest] 17  - 09/02/2025, 8:00:00 AM   ERROR [Jobs] lost", Error, None, "[Jobs] lost"),
            ("2025-09-02 08:00:00,123 [main] INFO  com.foo.Bar - up", Info, Some("com.foo.Bar"), "up"),
            ("08:00:00.123 [main] ERROR com.foo.Bar - down", Error, Some("com.foo.Bar"), "down"),
            ("2025/09/02 08:00:02 [error] 31#31: *1 x", Error, None, "31#31: *1 x"),
            ("2025/09/02 08:00:02 INFO started port=1", Info, None, "started port=1"),
            ("2025-09-02T08:00:00.123Z\tINFO\tserver/main.go:12\tup", Info, None, "server/main.go:12\tup"),
            ("8:00AM INF up port=1", Info, None, "up port=1"),
            ("2025-09-02T08:00:00Z ERR lost", Error, None, "lost"),
            ("[08:00:00 WRN] slow", Warning, None, "slow"),
            ("[2025-09-02T08:00:00Z INFO  my_crate::web] up", Info, Some("my_crate::web"), "up"),
            ("2025-09-02T08:00:00.1Z  INFO my_crate: up", Info, None, "my_crate: up"),
            ("I, [2025-09-02T08:00:00.123456 #17]  INFO -- : up", Info, None, "up"),
            ("E, [2025-09-02T08:00:00.123456 #17] ERROR -- jobs: lost", Error, Some("jobs"), "lost"),
            ("[2025-09-02T08:00:00.123+00:00] production.ERROR: lost", Error, Some("production"), "lost"),
            ("[2025-09-02 08:00:00] local.DEBUG: x", Debug, Some("local"), "x"),
            ("2025-08-25 13:50:02.131 UTC [6] LOG:  checkpoint", Info, None, "checkpoint"),
            ("2025-08-25 13:50:02.131 UTC [6] FATAL:  sorry", Critical, None, "sorry"),
            ("2025-08-25 13:50:02.131 UTC [6] DETAIL:  Key", Info, None, "DETAIL:  Key"),
            ("fail: Shop.Jobs[0] lost", Error, None, "Shop.Jobs[0] lost"),
            ("npm warn config production", Warning, None, "npm warn config production"),
            ("npm ERR! code 1", Error, None, "npm ERR! code 1"),
            ("/app/x.py:12: DeprecationWarning: old", Warning, None, "/app/x.py:12: DeprecationWarning: old"),
            (
                "(node:17) [DEP0040] DeprecationWarning: old",
                Warning,
                None,
                "(node:17) [DEP0040] DeprecationWarning: old",
            ),
        ] {
            assert_eq!(read(message), (Some(level), logger, text), "{message}");
        }
    }
}
