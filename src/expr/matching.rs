//! The regexes of label tests, the same wherever a test is evaluated.

use regex::bytes::{Regex, RegexBuilder};

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
    fn regexes_match_the_whole_text() {
        let regex = anchored("a|bc").unwrap();
        assert!(regex.is_match(b"a") && regex.is_match(b"bc"));
        assert!(!regex.is_match(b"ab") && !regex.is_match(b"abc") && !regex.is_match(b"a\n"));
        assert!(anchored("a)|(b").is_err());
        assert!(anchored("(").is_err());
    }
}
