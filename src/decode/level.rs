//! Levels, by the many names they have.

mod head;
mod letter;
mod logger;
mod own_words;
mod preamble;
pub(super) mod syslog;
#[cfg(test)]
mod tests;

pub use head::{Head, head, head_of, is_usual};
pub use logger::category_name;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

/// The longest word that stands for a level at the head of a message, and so where a search for one may stop.
const LONGEST_WORD: usize = 9;
/// The longest name of a level in a member: `Information`.
const LONGEST_NAME: usize = 11;

impl Level {
    /// A level by any of its usual names, in any case, or by pino's, Python's and Monolog's numbers. slog's steps between two
    /// levels (`INFO+2`) are of the lower one.
    pub fn from_name(name: &[u8]) -> Option<Level> {
        // As Railway writes them, in JSON and for people.
        match name {
            b"info" | b"INFO" => return Some(Level::Info),
            b"error" | b"ERRO" => return Some(Level::Error),
            b"warn" | b"WARN" => return Some(Level::Warning),
            b"debug" | b"DBUG" => return Some(Level::Debug),
            _ => {}
        }
        let name = match name.iter().position(|byte| matches!(byte, b'+' | b'-')) {
            Some(step) if step > 0 && step + 1 < name.len() && name[step + 1..].iter().all(u8::is_ascii_digit) => {
                &name[..step]
            }
            _ => name,
        };
        let mut upper = [0; LONGEST_NAME];
        let upper = upper.get_mut(..name.len())?;
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        Level::from_word(upper).or_else(|| match &*upper {
            // Google's, .NET's, winston's and MySQL's.
            b"DEFAULT" | b"INFORMATION" | b"HTTP" | b"SYSTEM" | b"NOTE" | b"STATUS" => Some(Level::Info),
            b"SILLY" | b"DETAIL" => Some(Level::Debug),
            b"EROR" | b"DPANIC" | b"FAILURE" => Some(Level::Error),
            number => Level::from_number(std::str::from_utf8(number).ok()?.parse().ok()?),
        })
    }

    /// pino's and bunyan's numbers, 10 to 60, which are Python's but for 10 and 20; Monolog's, 100 to 600; logback's, 5,000 to 40,000.
    fn from_number(number: u32) -> Option<Level> {
        Some(match number {
            10 | 20 | 100 | 5_000 | 10_000 => Level::Debug,
            30 | 200 | 250 | 20_000 => Level::Info,
            40 | 300 | 30_000 => Level::Warning,
            50 | 400 | 40_000 => Level::Error,
            60 | 500 | 550 | 600 => Level::Critical,
            _ => return None,
        })
    }

    /// OpenTelemetry's numbers of severity: four for each of trace, debug, info, warn, error and fatal.
    pub(super) fn from_severity_number(number: u32) -> Option<Level> {
        Some(match number {
            1..=8 => Level::Debug,
            9..=12 => Level::Info,
            13..=16 => Level::Warning,
            17..=20 => Level::Error,
            21..=24 => Level::Critical,
            _ => return None,
        })
    }

    /// syslog's severities (RFC 5424), 0 to 7 from the gravest on.
    pub(super) fn from_syslog_severity(severity: u32) -> Level {
        match severity {
            0..=2 => Level::Critical,
            3 => Level::Error,
            4 => Level::Warning,
            5 | 6 => Level::Info,
            _ => Level::Debug,
        }
    }

    /// Whether a member of this text is a logger's own word: Railway gives every line one of its four levels, by the stream it came
    /// on if the service said none.
    pub(super) fn is_stated_by(name: &[u8]) -> bool {
        !matches!(name, b"info" | b"error" | b"warn" | b"debug") && Level::from_name(name).is_some()
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

    /// A word in capitals that states a level wherever the head of a message has it.
    fn from_word(word: &[u8]) -> Option<Level> {
        Some(match word {
            b"TRACE" | b"TRC" | b"TRCE" | b"DEBUG" | b"DBG" | b"DBUG" | b"DEBU" | b"VERBOSE" | b"FINE" | b"FINER"
            | b"FINEST" => Level::Debug,
            b"INFO" | b"INF" | b"NOTICE" | b"LOG" | b"SUCCESS" => Level::Info,
            b"WARN" | b"WRN" | b"WARNING" => Level::Warning,
            b"ERROR" | b"ERRO" | b"ERR" | b"SEVERE" => Level::Error,
            b"CRITICAL" | b"CRIT" | b"FATAL" | b"FATA" | b"FTL" | b"PANIC" | b"PANI" | b"ALERT" | b"EMERG"
            | b"EMERGENCY" => Level::Critical,
            _ => return None,
        })
    }

    /// A level by its first letter, as klog, Ruby and MongoDB write it.
    pub(super) fn from_letter(letter: u8) -> Option<Level> {
        Some(match letter {
            b'T' | b'D' => Level::Debug,
            b'I' | b'N' | b'A' => Level::Info,
            b'W' => Level::Warning,
            b'E' => Level::Error,
            b'F' | b'C' => Level::Critical,
            _ => return None,
        })
    }
}
