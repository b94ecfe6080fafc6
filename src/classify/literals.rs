//! The text that a regex cannot match without.
//!
//! A regex run on every line is what makes log tools slow. Nearly every useful pattern holds some fixed text that must
//! stand in any match, though; one scan for all of these texts tells which few patterns are worth running.

use regex_syntax::hir::{Hir, HirKind};

/// Texts shorter than this are so common that looking for them in every line saves nothing.
const SHORTEST: usize = 3;
/// More alternatives than this crowd out the other patterns' literals.
const MOST: usize = 32;
/// Further texts are looked for one by one, which costs less than a regex for a few of them.
const MOST_BESIDE: usize = 4;
const SHORTEST_BESIDE: usize = 2;

/// What every match of a regex holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Required {
    /// At least one of these stands in every match, if there are any.
    pub any: Vec<Vec<u8>>,
    /// Of each of these sets at least one text stands in every match, too. The least likely ones come first.
    pub beside: Vec<Vec<Vec<u8>>>,
}

pub fn required(hir: &Hir) -> Required {
    let mut sets = Vec::new();
    collect(hir, &mut sets);
    // Longer is rarer, up to a point; fewer alternatives are cheaper to look for; of equals, the first.
    let rank = |set: &Vec<Vec<u8>>| (shortest(set).min(16), usize::MAX - set.len());
    let fits = |set: &Vec<Vec<u8>>| shortest(set) >= SHORTEST && set.len() <= MOST;
    let best = (0..sets.len()).rev().filter(|at| fits(&sets[*at])).max_by_key(|at| rank(&sets[*at]));
    let any = best.map(|at| sets.remove(at)).unwrap_or_default();
    // What comes late in a regex tells it from its like.
    let beside = sets.into_iter().rev().filter(|set| shortest(set) >= SHORTEST_BESIDE && set.len() <= MOST_BESIDE);
    Required { any, beside: beside.take(MOST_BESIDE).collect() }
}

/// Appends the sets of literals of which one must stand in a match of `hir`.
fn collect(hir: &Hir, sets: &mut Vec<Vec<Vec<u8>>>) {
    match hir.kind() {
        HirKind::Literal(literal) => sets.push(vec![literal.0.to_vec()]),
        HirKind::Capture(capture) => collect(&capture.sub, sets),
        HirKind::Repetition(repetition) if repetition.min > 0 => collect(&repetition.sub, sets),
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect(part, sets)),
        HirKind::Alternation(branches) => {
            let of = |branch: &Hir| {
                let mut sets = Vec::new();
                collect(branch, &mut sets);
                sets.into_iter().rev().max_by_key(|set| (shortest(set).min(16), usize::MAX - set.len()))
            };
            let all: Option<Vec<_>> = branches.iter().map(of).collect();
            sets.extend(all.map(|all| all.concat()));
        }
        _ => {}
    }
}

fn shortest(set: &[Vec<u8>]) -> usize {
    set.iter().map(Vec::len).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(regex: &str) -> Hir {
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap()
    }

    fn texts(set: &[&str]) -> Vec<Vec<u8>> {
        set.iter().map(|text| text.as_bytes().into()).collect()
    }

    #[test]
    fn finds_the_text_that_must_be_there() {
        for (regex, any, beside) in [
            (r"QueuePool limit of size (\d+) overflow", &["QueuePool limit of size "][..], &[&[" overflow"][..]][..]),
            (
                r"Using (intelligent|static) fallback for (\w+)",
                &[" fallback for "],
                &[&["intelligent", "static"], &["Using "]],
            ),
            (r"(?:deadlock detected|too many clients)", &["deadlock detected", "too many clients"], &[]),
            (r"(?:abcdef)+x?", &["abcdef"], &[]),
            (r#"name "session" is not"#, &[r#"name "session" is not"#], &[]),
            (r"\b[Tt]imeframe .*30s", &["imeframe "], &[&["30s"]]),
            (r"a.*bcd", &["bcd"], &[]),
        ] {
            let beside = beside.iter().map(|set| texts(set)).collect();
            assert_eq!(required(&parse(regex)), Required { any: texts(any), beside }, "{regex}");
        }
    }

    #[test]
    fn knows_when_there_is_none() {
        for regex in [r"\d+", r"a|bcdef", r"(?i)timeout", r"(?:abcdef)?", ".*", ""] {
            assert_eq!(required(&parse(regex)), Required::default(), "{regex}");
        }
    }

    proptest! {
        #[test]
        fn no_match_is_without_them(text in "[abc ]{0,40}", which in 0usize..6) {
            let regex = [r"abc", r"[ab]{0,3}cab\b", r"(?:ab|ba c)+a", r"a.{1,4}(?:bbb|cc )", r".*abb", r"c?(bca|acb)b.*ac"][which];
            let Required { any, beside } = required(&parse(regex));
            let compiled = regex::bytes::RegexBuilder::new(regex).unicode(false).build().unwrap();
            let here = |literal: &Vec<u8>| memchr::memmem::find(text.as_bytes(), literal).is_some();
            if compiled.is_match(text.as_bytes()) {
                prop_assert!(any.is_empty() || any.iter().any(here), "{:?}", any);
                prop_assert!(beside.iter().all(|set| set.iter().any(here)));
            }
        }
    }
}
