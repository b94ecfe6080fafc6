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

const COLUMNS: [&str; 4] = ["starts", "requests", "errors", "crashes"];

/// What stacks do not have, by column. No requests: databases, brokers, workers and what runs scripts answer none, and these
/// runtimes write no access log of their own. No errors: Redis knows no level above a warning.
const NOT_THERE: [(usize, &[&str]); 2] = [
    (
        1,
        &[
            ".NET",
            "Bun",
            "Celery",
            "Deno",
            "Go",
            "Kafka",
            "MongoDB",
            "MySQL",
            "Node.js",
            "npm",
            "PgBouncer",
            "PostgreSQL",
            "RabbitMQ",
            "Redis",
            "Rust",
        ],
    ),
    (2, &["Redis"]),
];

/// The column that a class is told in; `None` for those that are only named.
fn column(class: &str) -> Option<usize> {
    match class {
        wellknown::CONTAINER_STARTED | wellknown::STARTED | wellknown::READY => Some(0),
        wellknown::REQUEST => Some(1),
        wellknown::ERROR => Some(2),
        wellknown::EXITED => Some(3),
        _ if class.ends_with(".exception") => Some(3),
        _ => None,
    }
}

/// Tables in Markdown, a row a stack: of what runs by itself, and of what runs within it and has failures of its own alone.
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
    let names = |understood: &Understood<'_>| {
        understood.others.iter().map(|class| format!("`{class}`")).collect::<Vec<_>>().join(", ")
    };
    let (alone, within): (Vec<_>, Vec<_>) =
        stacks.iter().partition(|(_, understood)| understood.columns.contains(&true));
    let heads = COLUMNS.join(" | ");
    writeln!(out, "| stack | {heads} | and |\n| --- | {}--- |", ":-: | ".repeat(COLUMNS.len()))?;
    for ((_, stack), understood) in alone {
        let cell = |(column, is_understood)| match is_understood {
            true => "✓",
            false if NOT_THERE.iter().any(|(at, stacks)| *at == column && stacks.contains(stack)) => "–",
            false => "",
        };
        let cells = understood.columns.into_iter().enumerate().map(cell).collect::<Vec<_>>().join(" | ");
        writeln!(out, "| {stack} | {cells} | {} |", names(understood))?;
    }
    writeln!(out, "\n| library, tool | failures |\n| --- | --- |")?;
    for ((_, stack), understood) in within {
        writeln!(out, "| {stack} | {} |", names(understood))?;
    }
    Ok(())
}
