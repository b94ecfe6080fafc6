//! One pass over a text for all that is secret in it. Every byte is read a bounded number of times.

use std::ops::Range;

use super::name::Callback;
use super::pem;
use super::punctuation::{Mark, mark};
use super::rules::rules;
use super::url::{self, Runs, WRITINGS};
use super::value;
use crate::decode::level;

/// What stands behind the password in a data source name of Go's MySQL driver.
const NETWORKS: [&[u8]; 2] = [b"@tcp(", b"@unix("];

/// Finds the secrets of a text, in no order.
pub fn secrets(text: &[u8]) -> Vec<Range<usize>> {
    // A name on another line is no logger's.
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    let head = level::head(line).length;
    let mut scan = Scan {
        text,
        at: 0,
        head,
        runs: Runs::default(),
        before: 0..0,
        words: Vec::new(),
        ends_no_key: false,
        has_data_source: None,
        callback: None,
        found: Vec::new(),
    };
    match pem::body(text) {
        Some(body) => scan.found.push(body),
        None => scan.run(),
    }
    scan.found
}

pub struct Scan<'t> {
    pub text: &'t [u8],
    pub at: usize,
    /// Where the text proper begins: the name of a logger before it has no value.
    pub head: usize,
    runs: Runs,
    /// The name before, which may be the first word of this one.
    pub before: Range<usize>,
    pub words: Vec<u8>,
    /// Whether no key of PEM ends behind this place.
    ends_no_key: bool,
    /// Whether the text has a [`NETWORKS`], once that was asked.
    has_data_source: Option<bool>,
    /// What the text tells of the end of a sign-in, once that was asked.
    pub callback: Option<Callback>,
    found: Vec<Range<usize>>,
}

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => self.word(),
                b':' | b'%' if self.url() => {}
                b'%' | b'\\' => self.encoded(),
                b'-' if self.text[self.at..].starts_with(pem::BEGIN) => self.pem(),
                b'$' => {
                    if !self.token(self.at) {
                        self.at += 1;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    pub fn hide(&mut self, range: Range<usize>) {
        if range.start < range.end {
            self.found.push(range);
        }
    }

    /// A percent-encoded byte, or an escape.
    fn encoded(&mut self) {
        let Some(Mark { length, .. }) = mark(self.text, self.at) else { return };
        if length == 2 && self.text[self.at] == b'\\' && self.text[self.at + 1].is_ascii_alphabetic() {
            // `\t` in a text, but `C:\token` has none.
            let at = self.at;
            self.at = at + 1;
            if self.name(at + 1) || self.token(at + 1) {
                return;
            }
            self.at = at;
        }
        self.at += length;
    }

    fn pem(&mut self) {
        match pem::key(&self.text[self.at..], &mut self.ends_no_key) {
            Some((inside, end)) => {
                let at = self.at;
                self.hide(at + inside.start..at + inside.end);
                self.at += end;
            }
            None => self.at += pem::BEGIN.len(),
        }
    }

    /// Whether a URL's scheme ends here. The rest of the URL is read like other text.
    fn url(&mut self) -> bool {
        let Some(writing) = WRITINGS.iter().find(|writing| self.text[self.at..].starts_with(writing.separator)) else {
            return false;
        };
        let found = url::credentials(self.text, self.at, writing, &mut self.runs);
        self.at += writing.separator.len();
        for range in found.into_iter().flatten().flatten() {
            self.at = range.end;
            self.hide(range);
        }
        true
    }

    /// A run of letters, digits and what may join them.
    fn word(&mut self) {
        let start = self.at;
        let end = end_of_word(self.text, start);
        if self.name(start) {
            return;
        }
        // Tokens begin where no letter or digit goes before.
        let mut place = start;
        loop {
            let begins = place == start || !self.text[place - 1].is_ascii_alphanumeric();
            if begins && self.token(place) {
                return;
            }
            place += 1;
            if place >= end {
                break;
            }
        }
        if self.bot(start, end) || self.scheme(start, end) || self.data_source(start, end) {
            return;
        }
        self.before = start..end;
        self.at = end;
    }

    /// Whether a token begins at `start`.
    fn token(&mut self, start: usize) -> bool {
        let Some((length, kept)) = rules().token(&self.text[start..]) else { return false };
        self.hide(start + kept..start + length);
        self.at = start + length;
        true
    }

    /// `bot123456:AA…`, as Telegram has it in its URLs.
    fn bot(&mut self, start: usize, end: usize) -> bool {
        let name = &self.text[start..end];
        let digits = name.strip_prefix(b"bot").unwrap_or(name);
        let least = if digits.len() < name.len() { 12 } else { 30 };
        let colon = mark(self.text, end).filter(|mark| mark.byte == b':' && digits.len() >= 6);
        let Some(colon) = colon.filter(|_| digits.iter().all(u8::is_ascii_digit)) else { return false };
        let start = end + colon.length;
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let length = self.text[start..].iter().take_while(is_part).count();
        let is_token = self.text[start..].starts_with(b"AA") || digits.len() < name.len();
        if length < least || !is_token {
            return false;
        }
        self.hide(start..start + length);
        self.at = start + length;
        true
    }

    /// `Bearer …` and `Basic …` where no name tells.
    fn scheme(&mut self, start: usize, end: usize) -> bool {
        let name = &self.text[start..end];
        if !name.eq_ignore_ascii_case(b"bearer") && !name.eq_ignore_ascii_case(b"basic") {
            return false;
        }
        let Some(from) = value::behind_scheme(self.text, start) else { return false };
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(byte);
        let length = self.text[from..].iter().take_while(is_part).count();
        let token = &self.text[from..from + length];
        let mixed =
            token[1.min(length)..].iter().any(u8::is_ascii_uppercase) && token.iter().any(u8::is_ascii_lowercase);
        let looks_secret =
            length >= 8 && (mixed || length >= 20 || token.iter().any(|byte| byte.is_ascii_digit() || *byte == b'='));
        if !looks_secret {
            return false;
        }
        self.hide(from..from + length);
        self.at = from + length;
        true
    }

    /// `user:password@tcp(host)`, as Go's MySQL driver has it.
    fn data_source(&mut self, start: usize, end: usize) -> bool {
        const LONGEST: usize = 128;
        let begins = self.text.get(end) == Some(&b':') && start < end;
        let any = |text: &[u8]| NETWORKS.iter().any(|network| memchr::memmem::find(text, network).is_some());
        if !begins || !*self.has_data_source.get_or_insert_with(|| any(self.text)) {
            return false;
        }
        let rest = &self.text[end + 1..(end + 1 + LONGEST).min(self.text.len())];
        let rest = &rest[..rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len())];
        let found = NETWORKS.iter().find_map(|network| memchr::memmem::find(rest, network));
        let Some(length) = found.filter(|length| !value::is_harmless(&rest[..*length])) else { return false };
        self.hide(end + 1..end + 1 + length);
        self.at = end + 1 + length;
        true
    }
}

/// Where a run of letters, digits, and single marks between them ends.
pub fn end_of_word(text: &[u8], start: usize) -> usize {
    let mut end = start;
    while let Some(&byte) = text.get(end) {
        let joins = matches!(byte, b'.' | b'-')
            && text.get(end + 1).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_');
        if !(byte.is_ascii_alphanumeric() || byte == b'_' || joins) {
            break;
        }
        end += 1;
    }
    end
}
