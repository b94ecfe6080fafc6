//! The text that a regex cannot match without.
//!
//! A regex run on every line is what makes log tools slow. Nearly every useful pattern holds some fixed text that must
//! stand in any match, though; one scan for all of these texts tells which few patterns are worth running, and where a
//! match can begin.

use std::ops::RangeInclusive;

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
    pub any: Vec<Literal>,
    /// Of each of these sets at least one text stands in every match, too. The least likely ones come first.
    pub beside: Vec<Vec<Vec<u8>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub text: Vec<u8>,
    /// How many bytes stand between the begin of a match and this text in it; `None`: any number.
    pub lead: Option<RangeInclusive<usize>>,
}

pub fn required(hir: &Hir) -> Required {
    let mut sets = Vec::new();
    collect(hir, Some(0..=0), &mut sets);
    // Longer is rarer, up to a point; fewer alternatives are cheaper to look for; of equals, the first.
    let rank = |set: &Vec<Literal>| (shortest(set).min(16), usize::MAX - set.len());
    let fits = |set: &Vec<Literal>| shortest(set) >= SHORTEST && set.len() <= MOST;
    let best = (0..sets.len()).rev().filter(|at| fits(&sets[*at])).max_by_key(|at| rank(&sets[*at]));
    let any = best.map(|at| sets.remove(at)).unwrap_or_default();
    // What comes late in a regex tells it from its like.
    let beside = sets.into_iter().rev().filter(|set| shortest(set) >= SHORTEST_BESIDE && set.len() <= MOST_BESIDE);
    let beside = beside.take(MOST_BESIDE).map(|set| set.into_iter().map(|literal| literal.text).collect());
    Required { any, beside: beside.collect() }
}

/// Appends the sets of literals of which one must stand in a match of `hir`, which begins `lead` bytes after the match.
fn collect(hir: &Hir, lead: Option<RangeInclusive<usize>>, sets: &mut Vec<Vec<Literal>>) {
    match hir.kind() {
        HirKind::Literal(literal) => sets.push(vec![Literal { text: literal.0.to_vec(), lead }]),
        HirKind::Capture(capture) => collect(&capture.sub, lead, sets),
        // Its first time, that is.
        HirKind::Repetition(repetition) if repetition.min > 0 => collect(&repetition.sub, lead, sets),
        HirKind::Concat(parts) => {
            let mut lead = lead;
            for part in parts {
                collect(part, lead.clone(), sets);
                let length = part.properties().minimum_len().zip(part.properties().maximum_len());
                lead = lead.zip(length).map(|(lead, (least, most))| lead.start() + least..=lead.end() + most);
            }
        }
        HirKind::Alternation(branches) => {
            let of = |branch: &Hir| {
                let mut sets = Vec::new();
                collect(branch, lead.clone(), &mut sets);
                sets.into_iter().rev().max_by_key(|set| (shortest(set).min(16), usize::MAX - set.len()))
            };
            let all: Option<Vec<_>> = branches.iter().map(of).collect();
            sets.extend(all.map(|all| all.concat()));
        }
        _ => {}
    }
}

fn shortest(set: &[Literal]) -> usize {
    set.iter().map(|literal| literal.text.len()).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(regex: &str) -> Hir {
        regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).unwrap()
    }

    /// The texts with their leads, and the others.
    fn expected(any: &[(&str, Option<RangeInclusive<usize>>)], beside: &[&[&str]]) -> Required {
        let literal = |(text, lead): &(&str, Option<RangeInclusive<usize>>)| Literal {
            text: text.as_bytes().into(),
            lead: lead.clone(),
        };
        let texts = |set: &&[&str]| set.iter().map(|text| text.as_bytes().into()).collect();
        Required { any: any.iter().map(literal).collect(), beside: beside.iter().map(texts).collect() }
    }

    #[test]
    fn finds_the_text_that_must_be_there() {
        for (regex, any, beside) in [
            (
                r"QueuePool limit of size (\d+) overflow",
                &[("QueuePool limit of size ", Some(0..=0))][..],
                &[&[" overflow"][..]][..],
            ),
            (
                r"Using (intelligent|static) fallback for (\w+)",
                &[(" fallback for ", Some(12..=17))],
                &[&["intelligent", "static"], &["Using "]],
            ),
            (
                r"(?:deadlock detected|too many clients)",
                &[("deadlock detected", Some(0..=0)), ("too many clients", Some(0..=0))],
                &[],
            ),
            (r"(?:abcdef)+x?", &[("abcdef", Some(0..=0))], &[]),
            (r#"name "session" is not"#, &[(r#"name "session" is not"#, Some(0..=0))], &[]),
            (r"\b[Tt]imeframe .*30s", &[("imeframe ", Some(1..=1))], &[&["30s"]]),
            (r"a.*bcd", &[("bcd", None)], &[]),
        ] {
            assert_eq!(required(&parse(regex)), expected(any, beside), "{regex}");
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
            // Places may overlap.
            let here = |text: &[u8], literal: &[u8]| -> Vec<usize> {
                (0..text.len()).filter(|at| text[*at..].starts_with(literal)).collect()
            };
            if let Some(found) = compiled.find(text.as_bytes()) {
                // One of the places is as far behind the begin of the match as the lead says.
                let begins = |literal: &Literal, at: usize| match &literal.lead {
                    Some(lead) => at.checked_sub(found.start()).is_some_and(|behind| lead.contains(&behind)),
                    None => at >= found.start(),
                };
                let of = |literal: &Literal| here(text.as_bytes(), &literal.text).into_iter().any(|at| begins(literal, at));
                prop_assert!(any.is_empty() || any.iter().any(of), "{:?}", any);
                prop_assert!(beside.iter().all(|set| set.iter().any(|literal| !here(text.as_bytes(), literal).is_empty())));
            }
        }
    }
}
