//! `logwatch patterns list --format stacks`: what the library understands of each stack, told by the samples that name one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use crate::classify::Library;
use crate::classify::wellknown;

/// What is told of a stack.
#[derive(Default)]
struct Understood<'a> {
    columns: [bool; COLUMNS.len()],
    /// Classes beside those of the columns.
    others: BTreeSet<&'a str>,
}

const COLUMNS: [&str; 4] = ["starts", "requests", "errors", "failures with a stack"];

/// The column that a class is told in; `None` for those that are named.
fn column(class: &str) -> Option<usize> {
    match class {
        wellknown::CONTAINER_STARTED | wellknown::STARTED | wellknown::READY => Some(0),
        wellknown::REQUEST => Some(1),
        wellknown::ERROR => Some(2),
        _ if class.ends_with(".exception") => Some(3),
        _ => None,
    }
}

/// A table in Markdown, a row a stack.
pub fn stacks(library: &Library, out: &mut impl Write) -> io::Result<()> {
    let mut stacks: BTreeMap<(String, &str), Understood<'_>> = BTreeMap::new();
    for pattern in &library.patterns {
        let class = library.classes[pattern.class].name.as_str();
        for (_, sample) in pattern.samples.iter().filter(|(_, sample)| sample.matches) {
            for stack in sample.of.iter().flat_map(|of| of.split(", ")) {
                let understood = stacks.entry((stack.to_lowercase(), stack)).or_default();
                match column(class) {
                    Some(column) => understood.columns[column] = true,
                    None => drop(understood.others.insert(class)),
                }
            }
        }
    }
    let heads = COLUMNS.join(" | ");
    writeln!(out, "| stack | {heads} | and |\n| --- | {}--- |", ":-: | ".repeat(COLUMNS.len()))?;
    for ((_, stack), understood) in stacks {
        let cells = understood.columns.map(|is_told| if is_told { "✓" } else { "" }).join(" | ");
        let others: Vec<String> = understood.others.iter().map(|class| format!("`{class}`")).collect();
        writeln!(out, "| {stack} | {cells} | {} |", others.join(", "))?;
    }
    Ok(())
}
