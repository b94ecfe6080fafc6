//! Walks the members of one JSON object without building it.
//!
//! A log line needs three or four of its members; a general parse of all of them costs more than everything else done
//! to the line. The walker steps from member to member and hands out slices of the line; strings stay escaped until
//! somebody reads them.

use std::borrow::Cow;

use memchr::memchr2;

use super::escape::unescape;

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

/// Steps through `[value, …]` up to its end, or to where it is no JSON.
pub struct Elements<'a>(Members<'a>);

impl<'a> Elements<'a> {
    /// `list` must begin with the list's bracket.
    pub fn new(list: &'a [u8]) -> Self {
        Elements(Members::new(list))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let walk = &mut self.0;
        walk.skip_blanks();
        match (walk.line.get(walk.at), walk.state) {
            (Some(b','), State::Next) => {
                walk.at += 1;
                walk.skip_blanks();
            }
            (_, State::First) => walk.state = State::Next,
            _ => return None,
        }
        walk.value().ok()
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn walks_elements_up_to_the_end() {
        for (list, expected) in [
            (r#"[ 1 ,"a", {"b":[2]} ] 3"#, &["1", "a", r#"{"b":[2]}"#][..]),
            ("[]", &[]),
            ("[1 2]", &["1"]),
            ("[1,", &["1"]),
        ] {
            let elements: Vec<_> = Elements::new(list.as_bytes()).map(|value| value.raw()).collect();
            assert_eq!(elements, expected.iter().map(|text| text.as_bytes()).collect::<Vec<_>>(), "{list}");
        }
    }

    #[test]
    fn broken_objects_are_told() {
        for line in
            [r#"{"a":"#, r#"{"a":1"#, r#"{"a" 1}"#, r#"{"a":1 "b":2}"#, r#"{'a':1}"#, r#"{"a":"x"#, "{", r#"{"a":}"#]
        {
            assert!(Members::new(line.as_bytes()).any(|step| step.is_err()), "{line}");
        }
    }

    proptest! {
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
