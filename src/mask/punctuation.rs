//! Punctuation as it stands in a text that was quoted, escaped or encoded on its way into the log.

/// One punctuation mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What it stands for.
    pub byte: u8,
    /// Bytes it takes.
    pub length: usize,
}

/// Most backslashes before a mark: three levels of JSON in JSON put seven before a quote.
const MOST_BACKSLASHES: usize = 7;

/// HTML's names for what matters here.
const ENTITIES: [(&[u8], u8); 9] = [
    (b"&quot;", b'"'),
    (b"&#34;", b'"'),
    (b"&apos;", b'\''),
    (b"&#39;", b'\''),
    (b"&#x27;", b'\''),
    (b"&amp;", b'&'),
    (b"&lt;", b'<'),
    (b"&gt;", b'>'),
    (b"&#61;", b'='),
];

/// The mark at a place: the byte itself, or what an escape (`\"`, `\\\"`, `\u003d`, `\x22`), a percent-encoding (`%22`,
/// `%2522`) or an entity (`&quot;`) there stands for. `None` at the end of the text.
pub fn mark(text: &[u8], at: usize) -> Option<Mark> {
    let rest = text.get(at..)?;
    let encoded = match *rest.first()? {
        b'%' => percent(rest),
        b'\\' => backslash(rest),
        b'&' => ENTITIES
            .iter()
            .find_map(|(name, byte)| rest.starts_with(name).then_some(Mark { byte: *byte, length: name.len() })),
        _ => None,
    };
    encoded.or(Some(Mark { byte: rest[0], length: 1 }))
}

fn percent(rest: &[u8]) -> Option<Mark> {
    let skipped = if rest.starts_with(b"%25") && rest.get(3..5).is_some_and(is_hex) { 3 } else { 1 };
    Some(Mark { byte: hex(rest.get(skipped..skipped + 2)?)?, length: skipped + 2 })
}

fn backslash(rest: &[u8]) -> Option<Mark> {
    let count = rest.iter().take(MOST_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
    let (byte, more) = match *rest.get(count)? {
        byte @ (b'"' | b'\'' | b'/' | b'`') => (byte, 1),
        b'u' if rest.get(count + 1..count + 3) == Some(b"00") => (hex(rest.get(count + 3..count + 5)?)?, 5),
        b'x' => (hex(rest.get(count + 1..count + 3)?)?, 3),
        b'n' | b'r' => (b'\n', 1),
        b't' => (b' ', 1),
        _ => return None,
    };
    Some(Mark { byte, length: count + more })
}

/// Whether a text ends with an entity, the semicolon of which is none.
pub fn ends_with_entity(text: &[u8]) -> bool {
    ENTITIES.iter().any(|(name, _)| text.ends_with(name))
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_hexdigit)
}

fn hex(text: &[u8]) -> Option<u8> {
    // `from_str_radix` takes a sign, too.
    if !is_hex(text) {
        return None;
    }
    u8::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

/// Where blanks end, encoded ones too. A line end is none.
pub fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(Mark { byte: b' ' | b'\t', length }) = mark(text, at) {
        at += length;
    }
    at
}

/// Where a quoted text that opens at `open` with `quote` closes, on the same line. `None` where it does not.
///
/// In JSON within JSON a quote has `2ⁿ − 1` backslashes on level n, and each backslash of the text itself comes as `2ⁿ⁺¹`
/// before it.
pub fn closing(text: &[u8], open: usize, quote: Mark) -> Option<usize> {
    let start = open + quote.length;
    let opened = &text[open..start];
    let line = &text[start..];
    let is_sequence = matches!(opened, [b'%' | b'&', ..]) || !opened.ends_with(&[quote.byte]) || opened == b"\"\"";
    if is_sequence {
        let end = memchr::memmem::find(line, opened)?;
        return memchr::memchr(b'\n', &line[..end]).is_none().then_some(start + end);
    }
    let level = opened.len() - 1;
    for at in memchr::memchr2_iter(quote.byte, b'\n', line) {
        if line[at] == b'\n' {
            break;
        }
        let before = line[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        let is_doubled = before == 0
            && level == 0
            && at > 0
            && line.get(at + 1) == Some(&quote.byte)
            && line.get(at + 2).is_some_and(u8::is_ascii_alphanumeric);
        if before < level || (before % (2 * (level + 1)) == level && !is_doubled && !is_second(line, at, level)) {
            return Some(start + at - before.min(level));
        }
    }
    None
}

/// Whether a quote is the second of two that stand for one within a text.
fn is_second(line: &[u8], at: usize, level: usize) -> bool {
    level == 0 && at > 1 && line[at - 1] == line[at] && line.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_however_it_is_written() {
        for (text, byte) in [
            ("=", b'='),
            ("%3D", b'='),
            ("%253d", b'='),
            (r"\u003d", b'='),
            (r#"\""#, b'"'),
            (r#"\\\""#, b'"'),
            (r"\\u0022", b'"'),
            (r"\x22", b'"'),
            ("&quot;", b'"'),
            (r"\/", b'/'),
            ("%zz", b'%'),
            (r"\d", b'\\'),
            ("&x", b'&'),
        ] {
            let length = if matches!(byte, b'%' | b'\\' | b'&') { 1 } else { text.len() };
            assert_eq!(mark(text.as_bytes(), 0), Some(Mark { byte, length }), "{text}");
        }
        assert_eq!(mark(b"", 0), None);
        assert_eq!(mark(b"%", 0), Some(Mark { byte: b'%', length: 1 }));
    }

    #[test]
    fn a_quote_closes_on_its_own_level() {
        for (text, inside) in [
            (r#""a b" c"#, Some("a b")),
            (r#""a \" b""#, Some(r#"a \" b"#)),
            (r#""a \\" b""#, Some(r"a \\")),
            (r#"\"a\\\"b\" c"#, Some(r#"a\\\"b"#)),
            (r#"\"a" c"#, Some("a")),
            ("%22a%22b", Some("a")),
            ("'it''s' x", Some("it''s")),
            (r#""open"#, None),
            ("\"a\nb\"", None),
        ] {
            let quote = mark(text.as_bytes(), 0).unwrap();
            let close = closing(text.as_bytes(), 0, quote);
            assert_eq!(close.map(|close| &text[quote.length..close]), inside, "{text}");
        }
    }
}
