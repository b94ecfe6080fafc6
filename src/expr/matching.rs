//! How a label's text is matched: globs and anchored regexes, the same wherever a label test is evaluated.

use regex::bytes::{Regex, RegexBuilder};

/// Whether `text` as a whole matches `pattern`, in which `*` stands for any run of bytes (`/` and none included) and
/// every other byte for itself. Takes at most the product of the lengths.
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // The last star, and where the text that it swallows ends.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(byte), _) if *byte == text[t] => {
                p += 1;
                t += 1;
            }
            (_, Some((at, swallowed))) => {
                star = Some((at, swallowed + 1));
                p = at + 1;
                t = swallowed + 1;
            }
            (_, None) => return false,
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The regex that matches a label's whole text. Like those of the patterns it knows ASCII classes and boundaries only.
///
/// # Errors
/// When `pattern` is no regex, or compiles to something enormous.
pub fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    // On its own first, so that `a)|(b` is an error and not a way out of the anchors.
    RegexBuilder::new(pattern).unicode(false).build()?;
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).unicode(false).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_the_whole_text() {
        for (pattern, text, matches) in [
            ("/api/user/*", "/api/user/exchanges/7", true),
            ("/api/user/*", "/v2/api/user/", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-c-", false),
            ("*ab", "aaab", true),
            ("a?c", "abc", false),
            ("é*", "ete", false),
            ("é*", "évier", true),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), matches, "{pattern} {text}");
        }
        assert!(!glob("*a".repeat(200).as_bytes(), "a".repeat(199).as_bytes()));
    }

    #[test]
    fn regexes_match_the_whole_text() {
        let regex = anchored("a|bc").unwrap();
        assert!(regex.is_match(b"a") && regex.is_match(b"bc"));
        assert!(!regex.is_match(b"ab") && !regex.is_match(b"abc") && !regex.is_match(b"a\n"));
        assert!(anchored("a)|(b").is_err());
        assert!(anchored("(").is_err());
    }
}
