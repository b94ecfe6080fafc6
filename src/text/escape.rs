//! Text on its way to a terminal or into the log of a CI: control characters made visible, commands broken.

use std::borrow::Cow;
use std::io::{self, Write};

/// The text as a terminal may show it: control characters, and those that reorder text, become visible escapes.
pub fn escape(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    // A joiner inside an emoji is shown as it is meant.
    let escaped = |c: char| harmful(c) && c != '\u{200d}';
    if !text.chars().any(escaped) {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if escaped(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// A line as GitHub's runner does not take it for a command. It looks for `::` where a line begins, blanks left aside, and
/// for `##[` wherever it stands.
pub fn without_commands(line: &str) -> Cow<'_, str> {
    let start = first_shown(line);
    if !line[start..].starts_with("::") && !line.contains("##[") {
        return Cow::Borrowed(line);
    }
    let broken = match line[start..].strip_prefix("::") {
        Some(rest) => format!("{}: :{rest}", &line[..start]),
        None => line.to_string(),
    };
    Cow::Owned(broken.replace("##[", "## ["))
}

/// Where a line begins for somebody who skips white space, what has no width, and colours.
fn first_shown(line: &str) -> usize {
    let is_skipped = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut rest = line;
    loop {
        let shown = rest.trim_start_matches(is_skipped);
        // A colour, of which only the escape byte was skipped.
        let colour = shown.strip_prefix('[').filter(|_| line[..line.len() - shown.len()].ends_with('\x1b'));
        match colour
            .and_then(|colour| colour.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m'))
        {
            Some(behind) => rest = behind,
            None => return line.len() - shown.len(),
        }
    }
}

/// Writes lines [without commands](without_commands).
pub struct NoCommands<W: Write> {
    out: W,
    /// The begin of a line.
    line: Vec<u8>,
}

impl<W: Write> NoCommands<W> {
    pub fn new(out: W) -> Self {
        NoCommands { out, line: Vec::new() }
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = String::from_utf8_lossy(&self.line);
        // Other line ends than `\n` begin a line, too.
        let parts: Vec<Cow<'_, str>> = line.split('\r').map(without_commands).collect();
        let result = self.out.write_all(parts.join("\r").as_bytes());
        self.line.clear();
        result
    }
}

impl<W: Write> Write for NoCommands<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.write_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_line()?;
        self.out.flush()
    }
}

impl<W: Write> Drop for NoCommands<W> {
    fn drop(&mut self) {
        // Who wants to know whether it was written flushes.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_move_the_cursor() {
        assert_eq!(escape("a\x1b[2Jb\r\n\u{202e}c"), "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{202e}c");
        assert_eq!(escape("⚠️ 🔥 ñ"), "⚠️ 🔥 ñ");
    }

    #[test]
    fn no_line_is_a_command() {
        for (line, expected) in [
            ("::error::x", ": :error::x"),
            ("  ::error title=x::y", "  : :error title=x::y"),
            ("\u{a0}\u{2003}\u{feff}\u{200b}\t::x", "\u{a0}\u{2003}\u{feff}\u{200b}\t: :x"),
            ("\x1b[1;31m  ::x\x1b[0m", "\x1b[1;31m  : :x\x1b[0m"),
            ("a ##[error]x ::", "a ## [error]x ::"),
            (":::x ##[##[", ": ::x ## [## ["),
            ("a::b", "a::b"),
            ("", ""),
        ] {
            assert_eq!(without_commands(line), expected);
            assert_eq!(without_commands(expected), expected);
        }
        let mut out = Vec::new();
        let mut writer = NoCommands::new(&mut out);
        writer.write_all(b"a\n ").unwrap();
        writer.write_all(b"::x\r\n::y").unwrap();
        drop(writer);
        assert_eq!(String::from_utf8(out).unwrap(), "a\n : :x\r\n: :y");
    }
}
