//! What a traceback or a JavaScript stack says: the failure's type, its message and where it happened.

use std::fmt;

use crate::mask::mask;

/// One failure, read from the text of an assembled entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The type as printed, with its module where the language prints it: `sqlalchemy.exc.TimeoutError`. Never empty.
    pub kind: String,
    /// The first line of the message; empty when none was printed.
    pub message: String,
    /// The frame to look at first, or `None` when no frame was printed or the text was cut off before it.
    pub place: Option<Place>,
    /// The type of the failure that came first, when this one was raised because of, or as the wrapper of, another.
    pub cause: Option<String>,
}

impl Exception {
    /// The same, each text with its own secrets masked.
    pub fn masked(&self) -> Exception {
        let masked = |text: &String| mask(text).into_owned();
        let place = self.place.as_ref().map(|place| Place {
            file: masked(&place.file),
            line: place.line,
            function: masked(&place.function),
        });
        Exception {
            kind: masked(&self.kind),
            message: masked(&self.message),
            place,
            cause: self.cause.as_ref().map(masked),
        }
    }
}

/// A frame of a stack. Displayed as `file:line in function`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    /// Counted from 1.
    pub line: u32,
    /// Empty where the language names none (a Python `SyntaxError`).
    pub function: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if !self.function.is_empty() {
            write!(f, " in {}", self.function)?;
        }
        Ok(())
    }
}

/// Log bytes as text, invalid UTF-8 replaced.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_like_an_editor_link() {
        let mut place = Place { file: "/app/pool.py".into(), line: 12, function: "checkout".into() };
        assert_eq!(place.to_string(), "/app/pool.py:12 in checkout");
        place.function.clear();
        assert_eq!(place.to_string(), "/app/pool.py:12");
    }
}
