//! Runs the samples of a library: every pattern is tried on the lines that stand under it.
//!
//! A sample is read as the line or lines would be in a log, and classified by the whole library. So it also tells when
//! another pattern takes a line first, or when one failure is counted twice.

use std::io;
use std::sync::Arc;

use super::entries::Entries;
use crate::classify::Shared;
use crate::classify::definition::{Origin, Parser, Sample};
use crate::classify::library::{Library, Pattern};
use crate::classify::{Event, NO_VALUE};

/// How far a value may be from the one stated, as a part of it: rounding to the integer that is kept, no more.
const TOLERANCE: f64 = 1e-9;
/// Characters of a sample's line that are shown.
const SHOWN: usize = 80;

/// What came of one sample.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Where the sample stands.
    pub origin: Origin,
    /// The class of the pattern it stands under.
    pub class: String,
    /// Of the pattern's samples, counted from 1.
    pub number: usize,
    /// Its first line, cut at 80 characters.
    pub line: String,
    /// What was expected and what came; `None` when all is as stated.
    pub problem: Option<String>,
}

/// Something that is no mistake but worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where the pattern stands.
    pub origin: Origin,
    /// The class that the sample is of.
    pub class: String,
    /// What is wrong with it.
    pub text: &'static str,
}

/// Runs every sample of every pattern, in the order of the packs.
pub fn run(library: &Arc<Library>) -> Vec<Outcome> {
    let shared = Entries::new(library).classifier.shared;
    let samples = |(index, pattern): (usize, &'_ Pattern)| {
        let outcome = |(number, (origin, sample)): (usize, &(Origin, Sample))| Outcome {
            origin: origin.clone(),
            class: library.classes[pattern.class].name.clone(),
            number: number + 1,
            line: sample.line.get_ref().lines().next().unwrap_or_default().chars().take(SHOWN).collect(),
            problem: check(&shared, index, sample).err(),
        };
        pattern.samples.iter().enumerate().map(outcome).collect::<Vec<_>>()
    };
    library.patterns.iter().enumerate().flat_map(samples).collect()
}

/// Patterns that slow down every line, and patterns nobody tests.
pub fn warnings(library: &Library) -> Vec<Warning> {
    let warning = |pattern: &Pattern, text| Warning {
        origin: pattern.origin.clone(),
        class: library.classes[pattern.class].name.clone(),
        text,
    };
    let slow = |pattern: &&Pattern| pattern.regex.is_some() && pattern.required.any.is_empty();
    let slow = library.patterns.iter().filter(slow).map(|pattern| {
        warning(
            pattern,
            "no text of 3 characters or more must stand in every match, so it is tried on every line: slow",
        )
    });
    // No line tells the engine's own words, what people report, and what is measured.
    let tested = |pattern: &Pattern| pattern.samples.iter().any(|(_, sample)| sample.matches);
    let by_lines = library.patterns.iter().filter(|pattern| pattern.parser.is_none_or(Parser::reads_lines));
    let untested = by_lines.filter(|pattern| !tested(pattern));
    slow.chain(untested.map(|pattern| warning(pattern, "no sample that it matches"))).collect()
}

fn check(shared: &Arc<Shared>, index: usize, sample: &Sample) -> Result<(), String> {
    let library = &shared.library;
    let pattern = &library.patterns[index];
    let class = &library.classes[pattern.class].name;
    let mut events: Vec<Event> = Vec::new();
    Entries::sharing(Arc::clone(shared))
        .read(sample.line.get_ref().as_bytes(), |_, entry| events.extend_from_slice(entry.events))
        .map_err(|error: io::Error| error.to_string())?;
    let of_class: Vec<&Event> = events.iter().filter(|event| event.class == pattern.class).collect();
    let origin_of = |event: &Event| &library.patterns[event.pattern as usize].origin;
    match (sample.matches, of_class.as_slice()) {
        (false, []) => Ok(()),
        (false, [event, ..]) => {
            Err(format!("should not be {class}, but the pattern at {} matches it", origin_of(event)))
        }
        (true, []) if events.is_empty() => Err(format!("should be {class}, but nothing matches it")),
        (true, []) => {
            let mut others: Vec<&str> = events.iter().map(|event| library.classes[event.class].name.as_str()).collect();
            others.dedup();
            Err(format!("should be {class}, but is {}", others.join(" and ")))
        }
        (true, [event]) if event.pattern as usize != index => Err(format!(
            "should be matched by this pattern, but the one at {} of the same class takes it first",
            origin_of(event)
        )),
        (true, [event]) => check_members(pattern, event, sample),
        (true, several) => Err(format!("should be one event of {class}, but is {} of them", several.len())),
    }
}

fn check_members(pattern: &Pattern, event: &Event, sample: &Sample) -> Result<(), String> {
    for (name, expected) in &sample.labels {
        let label = pattern.labels.iter().find(|label| label.name == *name);
        let label = label
            .ok_or_else(|| format!("label `{name}` should be \"{expected}\", but the pattern gives no such label"))?;
        match event.labels[label.index].as_deref() {
            Some(value) if value == expected => {}
            Some(value) => return Err(format!("label `{name}` should be \"{expected}\", but is \"{value}\"")),
            None => return Err(format!("label `{name}` should be \"{expected}\", but the line gives none")),
        }
    }
    for (name, expected) in &sample.values {
        let value = pattern.values.iter().find(|value| value.name == *name);
        let value =
            value.ok_or_else(|| format!("value `{name}` should be {expected}, but the pattern gives no such value"))?;
        let unit = value.unit.suffix();
        let got = event.values[value.index];
        if got == NO_VALUE {
            return Err(format!("value `{name}` should be {expected}{unit}, but the line gives none"));
        }
        let got = got as f64 / value.scale;
        if (got - expected).abs() > TOLERANCE * expected.abs() {
            return Err(format!("value `{name}` should be {expected}{unit}, but is {got}{unit}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(pack: &str) -> Arc<Library> {
        Arc::new(Library::compile([("shop.toml", pack)]).unwrap())
    }

    const PACK: &str = r#"
[[pattern]]
class  = "shop.sale"
about  = "Something was sold"
match  = 'sold (?<count>\d+) (?<item>\w+)(?: for (?<price>[\d.]+) ms)?'
labels = ["item"]
values = { price = { capture = "price", unit = "ms" }, count = "count" }

[[pattern]]
class    = "app.error"
about    = "An error"
severity = "error"
parser   = "level"
where    = { level = "error" }
"#;

    fn problems(samples: &str) -> Vec<Option<String>> {
        let pack = PACK.replacen("\n\n[[pattern]]", &format!("\n{samples}\n\n[[pattern]]"), 1);
        run(&library(&pack)).into_iter().map(|outcome| outcome.problem).collect()
    }

    #[test]
    fn what_is_as_stated_has_no_problem() {
        let samples = r#"
[[pattern.sample]]
line   = 'INFO:shop:sold 3 apples for 0.30 ms'
labels = { item = "apples" }
values = { count = 3.0, price = 0.3 }
[[pattern.sample]]
line = '{"message":"sold 1 pear","level":"info"}'
[[pattern.sample]]
line = 'sold nothing'
matches = false
"#;
        assert_eq!(problems(samples), [None, None, None]);
    }

    #[test]
    fn problems_say_what_was_expected_and_what_came() {
        for (sample, problem) in [
            ("line = 'sold out'", "should be shop.sale, but nothing matches it"),
            ("line = 'ERROR: sold out'", "should be shop.sale, but is app.error"),
            (
                "line = 'sold 3 apples'\nmatches = false",
                "should not be shop.sale, but the pattern at shop.toml:3 matches it",
            ),
            (
                "line = 'sold 3 apples'\nlabels = { item = 'pears' }",
                "label `item` should be \"pears\", but is \"apples\"",
            ),
            (
                "line = 'sold 3 apples'\nlabels = { colour = 'red' }",
                "label `colour` should be \"red\", but the pattern gives no such label",
            ),
            (
                "line = 'sold 3 apples'\nvalues = { price = 1.5 }",
                "value `price` should be 1.5ms, but the line gives none",
            ),
            ("line = 'sold 3 apples for 2 ms'\nvalues = { price = 1.5 }", "value `price` should be 1.5ms, but is 2ms"),
            ("line = '''\nsold 3 apples\nsold 1 pear'''", "should be one event of shop.sale, but is 2 of them"),
        ] {
            assert_eq!(problems(&format!("[[pattern.sample]]\n{sample}")), [Some(problem.to_string())]);
        }
    }

    #[test]
    fn the_pattern_itself_must_match() {
        let pack = "[[pattern]]\nclass = 'a.b'\nabout = ''\nmatch = 'apple'\n\
                    [[pattern]]\nclass = 'a.b'\nabout = ''\nmatch = 'apple pie'\n[[pattern.sample]]\nline = 'an apple pie'\n";
        let outcomes = run(&library(pack));
        assert_eq!((outcomes[0].origin.to_string(), outcomes[0].number), ("shop.toml:10".into(), 1));
        let problem = outcomes[0].problem.as_deref().unwrap();
        assert_eq!(
            problem,
            "should be matched by this pattern, but the one at shop.toml:2 of the same class takes it first"
        );
    }

    #[test]
    fn slow_and_untested_patterns_are_told() {
        let pack = "[[pattern]]\nclass = 'a.b'\nabout = ''\nmatch = '\\d+'\n";
        let warnings = warnings(&library(pack));
        assert_eq!(warnings.len(), 2);
        assert!(warnings[0].text.ends_with("slow") && warnings[1].text == "no sample that it matches");
    }

    #[test]
    fn the_built_in_packs_are_as_stated() {
        let library = Arc::new(Library::load(&[] as &[&std::path::Path]).unwrap());
        let failed: Vec<String> = run(&library)
            .into_iter()
            .filter_map(|outcome| {
                outcome.problem.map(|problem| format!("{}: {}: {problem}", outcome.origin, outcome.line))
            })
            .collect();
        assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    }
}
