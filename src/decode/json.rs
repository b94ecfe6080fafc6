//! Walks the members of one JSON object without building it.
//!
//! A log line needs three or four of its members; a general parse of all of them costs more than everything else done
//! to the line. The walker steps from member to member and hands out slices of the line; strings stay escaped until
//! somebody reads them.

use std::borrow::Cow;

use memchr::memchr2;
use wide::u8x16;

/// The raw text of a string, between its quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text<'a> {
    pub raw: &'a [u8],
    /// Whether `raw` holds a backslash, and so differs from what it says.
    pub escaped: bool,
}

impl<'a> Text<'a> {
    pub fn plain(raw: &'a [u8]) -> Self {
        Text { raw, escaped: false }
    }

    /// What the string says.
    pub fn read(self) -> Cow<'a, [u8]> {
        if self.escaped {
            let mut out = Vec::with_capacity(self.raw.len());
            unescape(self.raw, &mut out);
            Cow::Owned(out)
        } else {
            Cow::Borrowed(self.raw)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    String(Text<'a>),
    /// A number, `true`, `false`, `null`, an array or an object, as it stands.
    Other(&'a [u8]),
}

impl<'a> Value<'a> {
    pub fn text(self) -> Option<Text<'a>> {
        match self {
            Value::String(text) => Some(text),
            Value::Other(_) => None,
        }
    }

    /// The characters of a string or a bare scalar.
    pub fn raw(self) -> &'a [u8] {
        match self {
            Value::String(text) => text.raw,
            Value::Other(raw) => raw,
        }
    }
}

/// Steps through `{"key": value, …}`. Keys are given raw. `Err` when the text is no JSON object from where it stands;
/// values of other kinds than strings are only bracketed, not checked.
pub struct Members<'a> {
    line: &'a [u8],
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    First,
    Next,
    Done,
}

/// The text is no JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl<'a> Members<'a> {
    /// `line` must begin with the object's brace.
    pub fn new(line: &'a [u8]) -> Self {
        Members { line, at: 1, state: State::First }
    }

    /// Where the walk stands; after the last member, just behind the closing brace.
    pub fn position(&self) -> usize {
        self.at
    }

    fn skip_blanks(&mut self) {
        while matches!(self.line.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<Text<'a>, Broken> {
        if self.line.get(self.at) != Some(&b'"') {
            return Err(Broken);
        }
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            let hit = at + memchr2(b'"', b'\\', self.line.get(at..).ok_or(Broken)?).ok_or(Broken)?;
            if self.line[hit] == b'"' {
                self.at = hit + 1;
                return Ok(Text { raw: &self.line[start..hit], escaped });
            }
            escaped = true;
            at = hit + 2;
        }
    }

    fn value(&mut self) -> Result<Value<'a>, Broken> {
        let start = self.at;
        match self.line.get(start) {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{' | b'[') => {
                let mut depth = 0usize;
                loop {
                    match self.line.get(self.at).ok_or(Broken)? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Ok(Value::Other(&self.line[start..self.at]));
                    }
                }
            }
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                let rest = &self.line[start..];
                let length = rest.iter().position(|byte| !in_scalar(*byte)).ok_or(Broken)?;
                self.at = start + length;
                Ok(Value::Other(&rest[..length]))
            }
            _ => Err(Broken),
        }
    }

    fn step(&mut self) -> Result<Option<(&'a [u8], Value<'a>)>, Broken> {
        self.skip_blanks();
        match (self.line.get(self.at), self.state) {
            (Some(b'}'), State::First | State::Next) => {
                self.at += 1;
                self.state = State::Done;
                return Ok(None);
            }
            (_, State::Done) => return Ok(None),
            (Some(b','), State::Next) => {
                self.at += 1;
                self.skip_blanks();
            }
            (_, State::Next) => return Err(Broken),
            (_, State::First) => {}
        }
        let key = self.string()?;
        self.skip_blanks();
        if self.line.get(self.at) != Some(&b':') {
            return Err(Broken);
        }
        self.at += 1;
        self.skip_blanks();
        let value = self.value()?;
        self.state = State::Next;
        Ok(Some((key.raw, value)))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(&'a [u8], Value<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.state = State::Done;
        }
        step.transpose()
    }
}

/// Whether a byte can belong to a number, `true`, `false` or `null`.
pub fn in_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// The value of one top-level member.
pub fn member<'a>(object: &'a [u8], name: &str) -> Option<Value<'a>> {
    Members::new(object).map_while(Result::ok).find_map(|(key, value)| (key == name.as_bytes()).then_some(value))
}

/// Where the string that begins at the start of `text`, behind its quote, ends: the place of its other quote.
pub fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        // Most strings are shorter than what a general search takes to begin.
        at += match text.get(at..)?.first_chunk::<BLOCK>() {
            Some(block) => {
                first_of(block, |block| block.simd_eq(u8x16::splat(b'"')) | block.simd_eq(u8x16::splat(b'\\')))
            }
            None => text[at..].iter().position(|byte| matches!(byte, b'"' | b'\\'))?,
        };
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => {}
        }
    }
}

/// Appends what an escaped string says. A broken escape stands as it is; a lone surrogate becomes U+FFFD.
pub fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // No escape is shorter than what it says, so what is written never comes further than what is read.
    out.resize(start + raw.len(), 0);
    let written = unescape_into(raw, &mut out[start..]);
    out.truncate(start + written);
}

/// Writes what an escaped string says to the beginning of as many bytes; how many it took.
fn unescape_into(raw: &[u8], out: &mut [u8]) -> usize {
    let (mut at, mut end) = (0, 0);
    loop {
        while let (Some(text), Some(out)) = (raw[at..].first_chunk::<{ BLOCK + 1 }>(), out[end..].first_chunk_mut()) {
            // All of it is copied before it is known how much of it counts: that costs no more than one byte.
            *out = *text;
            let plain = first_of(text, |block| block.simd_eq(u8x16::splat(b'\\')));
            let says = match plain {
                0..BLOCK => SHORT_ESCAPES[usize::from(text[plain + 1])],
                _ => 0,
            };
            (at, end) = (at + plain, end + plain);
            match says {
                0 if plain < BLOCK => break,
                0 => {}
                says => {
                    out[plain] = says;
                    (at, end) = (at + 2, end + 1);
                }
            }
        }
        // The last bytes, and other escapes.
        let (says, length) = match raw[at..] {
            [] => return end,
            [b'\\', code, ..] if SHORT_ESCAPES[usize::from(code)] != 0 => (SHORT_ESCAPES[usize::from(code)], 2),
            [b'\\', b'u', ..] => match code_point(&raw[at..]) {
                Some((character, length)) => {
                    end += character.encode_utf8(&mut out[end..]).len();
                    at += length;
                    continue;
                }
                None => (b'\\', 1),
            },
            [byte, ..] => (byte, 1),
        };
        out[end] = says;
        (at, end) = (at + length, end + 1);
    }
}

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// How many bytes of a block stand before the first that is wanted.
fn first_of<const N: usize>(text: &[u8; N], wanted: impl Fn(u8x16) -> u8x16) -> usize {
    let block = text.first_chunk().map_or(u8x16::ZERO, |block| u8x16::new(*block));
    (wanted(block).to_bitmask() | 1 << BLOCK).trailing_zeros() as usize
}

/// By the byte behind the backslash: what the two say; 0 where they say nothing.
const SHORT_ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    (table[b'n' as usize], table[b't' as usize], table[b'r' as usize]) = (b'\n', b'\t', b'\r');
    (table[b'b' as usize], table[b'f' as usize]) = (8, 12);
    (table[b'"' as usize], table[b'\\' as usize], table[b'/' as usize]) = (b'"', b'\\', b'/');
    table
};

/// Reads `\uXXXX`, or a surrogate pair of them, at the start of `text`: the character, and its length in bytes.
fn code_point(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let [b'\\', b'u', hex @ ..] = text.get(at..)?.first_chunk::<6>()? else { return None };
        hex.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
    };
    let first = unit(0)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, 6));
    }
    if let (0xD800..0xDC00, Some(second @ 0xDC00..0xE000)) = (first, unit(6)) {
        let combined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Some((char::from_u32(combined)?, 12));
    }
    Some((char::REPLACEMENT_CHARACTER, 6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn says(text: &str) -> String {
        String::from_utf8(Text { raw: text.as_bytes(), escaped: true }.read().into_owned()).unwrap()
    }

    #[test]
    fn unescapes_as_json_does() {
        assert_eq!(says(r#"a\"b\\c\/d\n\u26a0\ufe0f \ud83d\udd25"#), "a\"b\\c/d\n⚠️ 🔥");
        assert_eq!(says(r"\ud83d alone"), "\u{fffd} alone");
        assert_eq!(says(r"\q \u12"), r"\q \u12");
    }

    #[test]
    fn walks_members_in_any_order_and_kind() {
        let line = br#"{ "a":1 ,"b":{"x":["}",{}]}, "c" : "q\"", "d":null,"e":[1,2] }"#;
        let members: Vec<_> = Members::new(line).map(Result::unwrap).map(|(key, value)| (key, value.raw())).collect();
        let expected: [(&[u8], &[u8]); 5] =
            [(b"a", b"1"), (b"b", br#"{"x":["}",{}]}"#), (b"c", br#"q\""#), (b"d", b"null"), (b"e", b"[1,2]")];
        assert_eq!(members, expected);
        assert_eq!(member(line, "d"), Some(Value::Other(b"null")));
    }

    #[test]
    fn broken_objects_are_told() {
        for line in
            [r#"{"a":"#, r#"{"a":1"#, r#"{"a" 1}"#, r#"{"a":1 "b":2}"#, r#"{'a':1}"#, r#"{"a":"x"#, "{", r#"{"a":}"#]
        {
            assert!(Members::new(line.as_bytes()).any(|step| step.is_err()), "{line}");
        }
    }

    /// The plain way.
    fn unescaped(raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < raw.len() {
            let simple = |code: &u8| br#"nntt""\\//rrbbff"#.as_chunks::<2>().0.iter().any(|[known, _]| known == code);
            let says = |code| {
                [(b'n', b'\n'), (b't', b'\t'), (b'r', b'\r'), (b'b', 8), (b'f', 12)]
                    .into_iter()
                    .find(|(known, _)| *known == code)
            };
            match (raw[at], raw.get(at + 1)) {
                (b'\\', Some(code)) if simple(code) => {
                    out.push(says(*code).map_or(*code, |(_, byte)| byte));
                    at += 2;
                }
                (b'\\', Some(b'u')) if code_point(&raw[at..]).is_some() => {
                    let (character, length) = code_point(&raw[at..]).unwrap();
                    out.extend_from_slice(character.to_string().as_bytes());
                    at += length;
                }
                (byte, _) => {
                    out.push(byte);
                    at += 1;
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn unescapes_block_by_block_as_byte_by_byte(text in r#"(a{0,20}|\\[nu"\\q]|\\u00e1|\\ud83d|\\udd25|é){0,12}"#) {
            let mut out = b"before".to_vec();
            unescape(text.as_bytes(), &mut out);
            prop_assert_eq!(out, [b"before", unescaped(text.as_bytes()).as_slice()].concat());
        }

        #[test]
        fn finds_the_quote_that_no_backslash_escapes(text in r#"(a{0,20}|\\|"){0,6}"#) {
            let text = text.as_bytes();
            let escaped = |at: usize| text[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
            let expected = (0..text.len()).find(|at| text[*at] == b'"' && !escaped(*at));
            prop_assert_eq!(closing_quote(text), expected);
        }

        #[test]
        fn reads_what_serde_json_wrote(text in ".*", number in any::<f64>()) {
            let number = if number.is_finite() { number } else { 0.0 };
            let line = serde_json::json!({"n": number, "text": text, "last": [text, number]}).to_string();
            let value = member(line.as_bytes(), "text").unwrap().text().unwrap();
            prop_assert_eq!(value.read().into_owned(), text.into_bytes());
            prop_assert_eq!(Members::new(line.as_bytes()).filter(|step| step.is_ok()).count(), 3);
        }

        #[test]
        fn never_panics(line in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut line = line;
            line.insert(0, b'{');
            for step in Members::new(&line) {
                if let Ok((_, Value::String(text))) = step { text.read(); }
            }
        }
    }
}
