//! The regexes of label tests, the same wherever a test is evaluated.

use std::cell::RefCell;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;

/// The regex that matches a label's whole text. Like those of the patterns it knows ASCII classes and boundaries only.
///
/// # Errors
/// When `pattern` is no regex, or compiles to something enormous.
pub fn anchored(pattern: &str) -> Result<Regex, regex::Error> {
    LATEST.with_borrow_mut(|latest| {
        if let Some((_, regex)) = latest.iter().find(|(known, _)| known == pattern) {
            return Ok(regex.clone());
        }
        let regex = build(pattern)?;
        if latest.len() == MOST_LATEST {
            latest.remove(0);
        }
        latest.push((pattern.to_owned(), regex.clone()));
        Ok(regex)
    })
}

/// How many of the latest regexes are kept: a plan has few.
const MOST_LATEST: usize = 16;

thread_local! {
    /// The latest regexes. Each is wanted several times while a plan is read, and building one takes a millisecond.
    static LATEST: RefCell<Vec<(String, Regex)>> = const { RefCell::new(Vec::new()) };
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    // On its own first, so that `a)|(b` is an error and not a way out of the anchors.
    let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    parsed.map_err(|error| regex::Error::Syntax(error.to_string()))?;
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
        for wrong in ["(", "a)|(b", "[z-a]", r"\p{Nope}"] {
            let expected = RegexBuilder::new(wrong).unicode(false).build().unwrap_err().to_string();
            assert_eq!(anchored(wrong).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn of_many_regexes_each_is_its_own() {
        for _ in 0..2 {
            for number in 0..2 * MOST_LATEST {
                let regex = anchored(&format!("a{number}|b")).unwrap();
                let other = format!("a{}", number + 1);
                assert!(regex.is_match(format!("a{number}").as_bytes()) && !regex.is_match(other.as_bytes()));
            }
        }
    }
}
