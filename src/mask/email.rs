//! E-mail addresses, which are masked when somebody asks for it.

use std::ops::Range;

/// Bytes of the part before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// Finds the addresses in a text; one that the end of the text cuts off counts, too.
pub fn addresses(text: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut done = 0;
    let plain = memchr::memchr_iter(b'@', text).map(|at| (at, 1));
    let encoded = memchr::memmem::find_iter(text, b"%40").map(|at| (at, 3));
    let mut marks: Vec<(usize, usize)> = plain.chain(encoded).collect();
    marks.sort_unstable();
    for (at, length) in marks {
        let before = &text[done.max(at.saturating_sub(LONGEST_LOCAL))..at];
        let is_local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._+-!#$&*~^".contains(byte) || **byte >= 0x80;
        let local = before.iter().rev().take_while(is_local).count();
        let start = at - local;
        let behind = &text[at + length..];
        let is_domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte) || **byte >= 0x80;
        let domain = behind.iter().take_while(is_domain).count();
        let name = behind[..domain].strip_suffix(b".").unwrap_or(&behind[..domain]);
        let is_cut = !name.is_empty() && at + length + domain == text.len();
        let is_whole =
            memchr::memrchr(b'.', name).is_some_and(|dot| name[dot + 1..].iter().any(u8::is_ascii_alphabetic));
        if local > 0 && (is_whole || is_cut) {
            done = at + length + name.len();
            found.push(start..done);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_where_they_stand() {
        for (text, expected) in [
            ("mail to Bob.Smith+x@mail.example.com, failed", vec!["Bob.Smith+x@mail.example.com"]),
            ("<bob@example.com>; ann@example.org.", vec!["bob@example.com", "ann@example.org"]),
            ("/users/bob%40example.com/x", vec!["bob%40example.com"]),
            ("cut bob@exam", vec!["bob@exam"]),
            ("decorator @app.route, pkg@1.2.3/x, @scope/x a @ b", vec![]),
        ] {
            let found: Vec<&str> = addresses(text.as_bytes()).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
