//! What the report makes of the events of a class.

use crate::classify::definition::Parser;
use crate::classify::wellknown;
use crate::classify::{ClassId, Library, Severity};

/// What a class is to the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Other,
    /// Tells how much memory or how many processors are used, for whoever draws that.
    Usage,
    /// Indices of method, route, status and duration.
    Request([usize; 4]),
    /// Grouped by all labels that are kept, the message (at this index) by its shape.
    Exception(Option<usize>),
    Error,
    /// Grouped by class alone: a pattern knows what it is.
    Known,
}

impl Role {
    pub fn of(library: &Library, id: ClassId) -> Role {
        let class = &library.classes[id];
        let parsers = || library.patterns.iter().filter(|pattern| pattern.class == id).map(|pattern| pattern.parser);
        let any = |wanted: &[Parser]| parsers().any(|parser| parser.is_some_and(|parser| wanted.contains(&parser)));
        let label = |name: &str| class.labels.iter().position(|label| label == name);
        if class.name == wellknown::REQUEST {
            let duration = class.values.iter().position(|(name, _)| name == "duration");
            return match (label("method"), label("route"), label("status"), duration) {
                (Some(method), Some(route), Some(status), Some(duration)) => {
                    Role::Request([method, route, status, duration])
                }
                _ => Role::Other,
            };
        }
        if wellknown::MEMORY.iter().chain([&wellknown::CPU]).any(|(name, ..)| *name == class.name) {
            return Role::Usage;
        }
        if any(&[Parser::Level]) {
            return Role::Error;
        }
        if parsers().flatten().any(Parser::reads_failures) {
            // The class of its language tells of every failure; the special ones beside it, and that of all, would tell twice.
            let is_reported = class.name.ends_with(".exception") && !any(&[Parser::Failure]);
            return if is_reported { Role::Exception(label("message")) } else { Role::Other };
        }
        let requests = any(&[Parser::AccessLine, Parser::Edge, Parser::Request]);
        if !requests && class.severity >= Severity::Warning { Role::Known } else { Role::Other }
    }
}
