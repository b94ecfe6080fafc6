//! Text whose line ends are written out (`\\n`), as JSON in JSON and `repr()` have it, or as blanks, as .NET's console has it.

use std::borrow::Cow;

/// How the second line of a trace begins then.
const WRITTEN: [&[u8]; 6] = [b"\\n    at ", b"\\n   at ", b"\\n  File ", b"\\n\\tat ", b"\\n\tat ", b"\\n#0 "];

/// A message of one line that holds a trace with its line ends written out (`\n`), as JSON in JSON and `repr()` have it, with
/// real ones.
#[must_use]
pub fn unfolded(message: &[u8]) -> Cow<'_, [u8]> {
    if is_of_dotnet_console(message) {
        return Cow::Owned(of_dotnet_console(message));
    }
    if memchr::memchr(b'\n', message).is_some()
        || !memchr::memchr_iter(b'\\', message).any(|at| WRITTEN.iter().any(|text| message[at..].starts_with(text)))
    {
        return Cow::Borrowed(message);
    }
    let mut out = Vec::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let slashes = rest[at..].iter().take_while(|byte| **byte == b'\\').count();
        let (byte, used) = match rest.get(at + slashes) {
            Some(b'n') => (b'\n', slashes + 1),
            Some(b't') => (b'\t', slashes + 1),
            Some(b'r') => (b'\r', slashes + 1),
            Some(quote @ (b'"' | b'\'')) => (*quote, slashes + 1),
            _ => (b'\\', slashes),
        };
        out.push(byte);
        rest = &rest[at + used..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Whether an exception of .NET stands in one line: a blank for each line end, and three more before each frame.
pub fn is_of_dotnet_console(text: &[u8]) -> bool {
    const FRAME: &[u8] = b"    at ";
    let Some(first) = memchr::memmem::find(text, FRAME) else { return false };
    let kind = text.split(|byte| matches!(byte, b':' | b' ')).next().unwrap_or_default();
    let is_frame = |frame: &[u8]| frame.split(|byte| *byte == b'(').next().is_some_and(|call| call.contains(&b'.'));
    memchr::memchr(b'\n', text).is_none() && kind.ends_with(b"Exception") && is_frame(&text[first + FRAME.len()..])
}

fn of_dotnet_console(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        let begins_line =
            [&b"    at "[..], b"    --- End of ", b"  ---> "].iter().any(|line| text[at..].starts_with(line));
        out.push(if begins_line { b'\n' } else { *byte });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        String::from_utf8_lossy(&unfolded(text.as_bytes())).into_owned()
    }

    #[test]
    fn a_trace_gets_its_lines() {
        assert_eq!(read(r"Error: a\n    at f (/app/a.js:1:2)"), "Error: a\n    at f (/app/a.js:1:2)");
        assert_eq!(
            read(r#"x:\\n  File \"/a.py\", line 1\\nKeyError: 'x'"#),
            "x:\n  File \"/a.py\", line 1\nKeyError: 'x'"
        );
        for text in [r"C:\new\table", r"one\ntwo", "Error: a\n    at f"] {
            assert_eq!(read(text), text);
        }
    }
}
