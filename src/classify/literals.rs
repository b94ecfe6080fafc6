//! The literal a regex cannot match without.
//!
//! A regex run on every line is what makes log tools slow. Nearly every useful pattern holds some fixed text that must
//! stand in any match, though; one scan for all of these texts tells which few patterns are worth running.

use regex_syntax::hir::{Hir, HirKind};

/// Texts shorter than this are so common that looking for them saves nothing.
const SHORTEST: usize = 3;
/// More alternatives than this crowd out the other patterns' literals.
const MOST: usize = 32;

/// Texts of which at least one stands in every match, or `None` when nothing of use must.
pub fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    best(hir).filter(|set| shortest(set) >= SHORTEST && set.len() <= MOST)
}

fn best(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => longest_plain_run(&literal.0).map(|run| vec![run]),
        HirKind::Capture(capture) => best(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        // Longer is rarer, up to a point; fewer alternatives are cheaper to look for; of equals, the first.
        HirKind::Concat(parts) => {
            parts.iter().rev().filter_map(best).max_by_key(|set| (shortest(set).min(16), usize::MAX - set.len()))
        }
        HirKind::Alternation(branches) => {
            let sets: Option<Vec<_>> = branches.iter().map(best).collect();
            sets.map(|sets| sets.concat())
        }
        _ => None,
    }
}

/// The longest part of a literal that stands in raw JSON text as it stands in the message: without quotes, backslashes
/// and control characters, which JSON escapes.
fn longest_plain_run(literal: &[u8]) -> Option<Vec<u8>> {
    literal
        .split(|byte| matches!(byte, b'"' | b'\\') || byte.is_ascii_control())
        .rev()
        .max_by_key(|run| run.len())
        .filter(|run| !run.is_empty())
        .map(<[u8]>::to_vec)
}

fn shortest(set: &[Vec<u8>]) -> usize {
    set.iter().map(Vec::len).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(regex: &str) -> Option<Vec<String>> {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap();
        required(&hir).map(|set| set.into_iter().map(|text| String::from_utf8(text).unwrap()).collect())
    }

    fn some(texts: &[&str]) -> Option<Vec<String>> {
        Some(texts.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn finds_the_text_that_must_be_there() {
        assert_eq!(of(r"QueuePool limit of size (\d+) overflow"), some(&["QueuePool limit of size "]));
        assert_eq!(of(r"Using (intelligent|static) fallback for (\w+)"), some(&[" fallback for "]));
        assert_eq!(of(r"(?:deadlock detected|too many clients)"), some(&["deadlock detected", "too many clients"]));
        assert_eq!(of(r"(?:abcdef)+x?"), some(&["abcdef"]));
        assert_eq!(of(r#"name "session" is not"#), some(&["session"]));
    }

    #[test]
    fn knows_when_there_is_none() {
        for regex in [r"\d+", r"a|bcdef", r"(?i)timeout", r"(?:abcdef)?", ".*", ""] {
            assert_eq!(of(regex), None, "{regex}");
        }
    }
}
