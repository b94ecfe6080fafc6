//! Shapes: messages without their variable parts, so that errors nobody wrote a pattern for can be grouped.
//!
//! | in the message | in the shape |
//! | --- | --- |
//! | numbers, dotted ones whole (`30.00`, `192.0.2.7`) | `N` |
//! | UUIDs, `0x…`, 8 or more hex digits, long mixed tokens | `H` |
//! | quoted text that is no plain identifier | `'…'` |
//! | e-mail addresses | `E` |
//! | the query of a path or URL | `?…` |
//! | a list of any of these | its first member |
//! | a JSON object at the end | its telling members, else `{…}` |
//!
//! It allocates only where invalid UTF-8 or the escapes of a JSON object must be replaced.

mod object;

use memchr::{memchr, memchr_iter};

/// Longest shape in bytes: enough to tell errors apart, short enough for one line of a report.
const MAX_SHAPE: usize = 240;

/// Bytes of free text that are read for a shape. Keeps the searches for closing quotes short in lines of a megabyte.
const MAX_READ: usize = 8 << 10;

/// Longest quoted identifier that is kept.
const MAX_IDENTIFIER: usize = 40;

/// Shortest run of letters and digits that is taken for a token even if it is not hex.
const MIN_TOKEN: usize = 16;

/// Replaces the content of `out` with the shape of `message`: at most 240 bytes, white space single, invalid UTF-8 replaced.
///
/// Identifiers in quotes stay (`name 'session' is not defined`): in Python's messages they are what the error is about.
pub fn shape(message: &[u8], out: &mut String) {
    out.clear();
    append(message, out, 0);
    let fits = |end: &usize| out.is_char_boundary(*end);
    out.truncate((0..=out.len().min(MAX_SHAPE)).rfind(fits).unwrap_or(0));
    out.truncate(out.trim_end().len());
}

fn append(message: &[u8], out: &mut String, depth: u8) {
    let message = message.trim_ascii();
    match object::split(message) {
        Some((text, object)) => {
            Scan::new(text, out).run();
            object::append(&object, out, depth);
        }
        None => Scan::new(message, out).run(),
    }
}

/// Appends what may still matter of `bytes`.
fn push_lossy(bytes: &[u8], out: &mut String) {
    let bytes = &bytes[..bytes.len().min(MAX_SHAPE)];
    match std::str::from_utf8(bytes) {
        Ok(text) => out.push_str(text),
        Err(_) => out.push_str(&String::from_utf8_lossy(bytes)),
    }
}

/// One pass over free text.
struct Scan<'t, 'o> {
    text: &'t [u8],
    at: usize,
    /// Where the current run without spaces, quotes and brackets began.
    run: usize,
    has_mail: bool,
    out: &'o mut String,
}

impl<'t, 'o> Scan<'t, 'o> {
    fn new(text: &'t [u8], out: &'o mut String) -> Self {
        let text = &text[..text.len().min(MAX_READ)];
        let has_mail = memchr(b'@', text).is_some();
        Self { text, at: 0, run: 0, has_mail, out }
    }

    fn run(mut self) {
        while self.out.len() < MAX_SHAPE
            && let Some(&byte) = self.text.get(self.at)
        {
            match byte {
                b'\'' | b'"' => self.quoted(byte),
                b'?' if memchr(b'/', &self.text[self.run..self.at]).is_some() => self.query(),
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                0x80.. => {
                    let end = self.end_of(self.at, |byte| byte >= 0x80);
                    push_lossy(&self.text[self.at..end], self.out);
                    self.at = end;
                }
                _ if byte.is_ascii_whitespace() || byte.is_ascii_control() => {
                    if !self.out.is_empty() && !self.out.ends_with(' ') {
                        self.out.push(' ');
                    }
                    self.start_run();
                }
                _ => {
                    self.out.push(char::from(byte));
                    if ends_run(byte) {
                        self.start_run();
                    } else {
                        self.at += 1;
                    }
                }
            }
        }
    }

    fn start_run(&mut self) {
        self.at += 1;
        self.run = self.at;
    }

    fn end_of(&self, from: usize, part: impl Fn(u8) -> bool) -> usize {
        let end = self.text[from..].iter().position(|&byte| !part(byte));
        end.map_or(self.text.len(), |end| from + end)
    }

    /// A mask, or nothing where it would be the next member of a list of the same.
    fn mask(&mut self, mask: &str) {
        let is_next = self.out.strip_suffix(", ").is_some_and(|list| list.ends_with(mask));
        if is_next {
            self.out.truncate(self.out.len() - 2);
        } else {
            self.out.push_str(mask);
        }
    }

    fn query(&mut self) {
        let end = self.end_of(self.at, |byte| !byte.is_ascii_whitespace() && !ends_run(byte));
        self.out.push_str(if end > self.at + 1 { "?…" } else { "?" });
        self.at = end;
    }

    fn quoted(&mut self, quote: u8) {
        let Some(close) = self.closing(quote) else {
            self.out.push(char::from(quote));
            self.start_run();
            return;
        };
        let inside = &self.text[self.at + 1..close];
        let dots = self.out.ends_with("named ");
        match std::str::from_utf8(inside) {
            Ok(name) if is_identifier(name, dots) => {
                self.out.push(char::from(quote));
                self.out.push_str(name);
                self.out.push(char::from(quote));
            }
            _ => self.mask("'…'"),
        }
        self.at = close;
        self.start_run();
    }

    /// Where the quoted text that opens here closes; `None` for an apostrophe.
    fn closing(&self, quote: u8) -> Option<usize> {
        let inside = |at: &usize| is_word(self.text[*at]);
        if let Some(before) = self.at.checked_sub(1).filter(inside) {
            // Python's `b'…'` and its kind.
            let is_prefix = matches!(self.text[before], b'b' | b'r' | b'u' | b'f')
                && before.checked_sub(1).filter(inside).is_none();
            if !is_prefix {
                return None;
            }
        }
        let from = self.at + 1;
        memchr_iter(quote, &self.text[from..]).map(|at| from + at).find(|&at| {
            let escaped = at > from && self.text[at - 1] == b'\\';
            !escaped && !self.text.get(at + 1).is_some_and(|&next| is_word(next))
        })
    }

    /// A run of ASCII letters, digits and `_`, and what belongs to it.
    fn word(&mut self) {
        let mut end = self.at;
        let mut has_digit = false;
        while let Some(&byte) = self.text.get(end).filter(|byte| is_word(**byte)) {
            has_digit |= byte.is_ascii_digit();
            end += 1;
        }
        // Nearly all words: neither a number nor a token nor part of an address, and no begin of a UUID.
        if !has_digit && !self.has_mail && self.text.get(end) != Some(&b'-') {
            push_lossy(&self.text[self.at..end], self.out);
            self.at = end;
            return;
        }
        if self.has_mail
            && let Some(end) = self.mail_end(end)
        {
            self.mask("E");
            self.at = end;
            return;
        }
        let word = &self.text[self.at..end];
        if let Some(end) = self.uuid_end().or(is_token(word).then_some(end)) {
            self.mask("H");
            self.at = end;
        } else if word.iter().all(u8::is_ascii_digit) {
            self.number(end);
        } else {
            self.mixed(end);
        }
    }

    /// Letters as they are, each run of digits as `N`.
    fn mixed(&mut self, end: usize) {
        let word = &self.text[self.at..end];
        for part in word.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
            if part[0].is_ascii_digit() {
                self.out.push('N');
            } else {
                push_lossy(part, self.out);
            }
        }
        self.at = end;
    }

    fn number(&mut self, mut end: usize) {
        while self.text.get(end) == Some(&b'.') && self.text.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = self.end_of(end + 1, |byte| byte.is_ascii_digit());
        }
        let signed = ["=-", " -", "(-", "[-", ":-"];
        if *self.out == "-" || signed.iter().any(|sign| self.out.ends_with(sign)) {
            self.out.pop();
        }
        self.mask("N");
        self.at = end;
    }

    fn mail_end(&self, word_end: usize) -> Option<usize> {
        let local = self.end_of(word_end, |byte| is_word(byte) || b".+-%".contains(&byte));
        if self.text.get(local) != Some(&b'@') {
            return None;
        }
        let end = self.end_of(local + 1, |byte| is_word(byte) || b".-".contains(&byte));
        let domain = &self.text[local + 1..end];
        let domain = domain.strip_suffix(b".").unwrap_or(domain);
        memchr(b'.', domain).map(|_| local + 1 + domain.len())
    }

    fn uuid_end(&self) -> Option<usize> {
        is_uuid(self.text.get(self.at..self.at + UUID)?).then_some(self.at + UUID)
    }
}

/// Bytes of a UUID.
pub(super) const UUID: usize = 36;

/// Whether a text of that length is a UUID, in letters of either case.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn ends_run(byte: u8) -> bool {
    matches!(byte, b'\'' | b'"' | b'(' | b')' | b'<' | b'>' | b'[' | b']')
}

fn is_identifier(text: &str, dots: bool) -> bool {
    let part = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || (dots && byte == b'.');
    !text.is_empty() && text.len() <= MAX_IDENTIFIER && text.bytes().all(part)
}

/// Hex ids, pointers and the longer tokens of other alphabets; what is all digits is a number.
fn is_token(word: &[u8]) -> bool {
    if let Some(hex) = word.strip_prefix(b"0x") {
        return hex.len() >= 4 && hex.iter().all(u8::is_ascii_hexdigit);
    }
    word.len() >= 8
        && word.iter().any(u8::is_ascii_digit)
        && word.iter().any(u8::is_ascii_alphabetic)
        && (word.iter().all(u8::is_ascii_hexdigit) || (word.len() >= MIN_TOKEN && memchr(b'_', word).is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(message: &str) -> String {
        let mut out = "left over".into();
        shape(message.as_bytes(), &mut out);
        out
    }

    #[test]
    fn values_are_masked_and_names_kept() {
        for (message, want) in [
            ("", ""),
            ("name 'session' is not defined", "name 'session' is not defined"),
            (
                "❌ Error: 'InstitutionalAnalysis' object has no attribute 'manipulation_risk'",
                "❌ Error: 'InstitutionalAnalysis' object has no attribute 'manipulation_risk'",
            ),
            ("No module named 'redis.asyncio'", "No module named 'redis.asyncio'"),
            ("column 'a1' of \"my table\" can't be 'x y'", "column '…' of '…' can't be '…'"),
            (
                "QueuePool limit of size 5 overflow 10 reached, timeout 30.00 (see https://sqlalche.me/e/20/3o7r)",
                "QueuePool limit of size N overflow N reached, timeout N (see https://sqlalche.me/e/N/NoNr)",
            ),
            ("User ann.lee+x@mail.example.com, 2nd try.", "User E, Nnd try."),
            ("order 6f1c1e0a-33d4-4b5e-9d55-0b6ad7a3c111 of f05b86a5 at 0x7f0cdcbca1d0", "order H of H at H"),
            ("deadbeef facade AKIAIOSFODNN7EXAMPLE", "deadbeef facade H"),
            ("GET /api/bots/17?limit=5&a=b failed? yes", "GET /api/bots/N?… failed? yes"),
            ("keys: ['5m', '1h', '4h'] ids (1, 2, -3) drift -0.5", "keys: ['…'] ids (N) drift N"),
            ("peer 192.0.2.7:4011 took 1.5s, 30s before", "peer N:N took Ns, Ns before"),
            ("a\n  b\t\u{0}c ", "a b c"),
            ("got b'\\x00\\xff' and u'' it's", "got b'…' and u'…' it's"),
            ("{'id': 'a 1', 'n': 2}", "{'id': '…', 'n': N}"),
            ("state {} end}", "state {} end}"),
        ] {
            assert_eq!(of(message), want, "{message}");
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let shape = of(&"é ".repeat(400));
        assert!((MAX_SHAPE - 4..=MAX_SHAPE).contains(&shape.len()));
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        let mut out = String::new();
        shape(b"bad \xff\xfe 7", &mut out);
        assert_eq!(out, "bad \u{fffd}\u{fffd} N");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_short_shape(text in r#"(\{|\}|"|'|: |, |a|1|é|@|\.|/|\?|\\|message|0x| ){0,40}"#, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut out = String::new();
            for text in [text.as_bytes(), &bytes] {
                shape(text, &mut out);
                prop_assert!(out.len() <= MAX_SHAPE);
            }
        }

        #[test]
        fn values_do_not_change_the_shape(a in any::<u32>(), b in 0.0..1e6_f64, id in "[0-9]a[0-9a-f]{6}", user in "[a-z]{1,8}[0-9]{0,3}") {
            let line = |a: u32, b: f64, id: &str, user: &str| of(&format!("{user}@example.com: order {id} of {a} failed after {b:.3}s (attempt {a}/3) 'no {user}'"));
            prop_assert_eq!(line(a, b, &id, &user), line(1, 0.5, "0a000000", "ann"));
        }
    }
}
