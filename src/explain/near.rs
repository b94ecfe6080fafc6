//! Patterns that came near: something of theirs stands in an entry, and something they need does not.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;

use regex::bytes::RegexBuilder;
use regex_syntax::hir::{Hir, HirKind};

use super::captures;
use crate::classify::Classifier;
use crate::classify::definition::{Origin, Parser};
use crate::classify::exception::lossy;
use crate::classify::library::{LabelGlob, Library, Pattern};
use crate::classify::{Event, Via};
use crate::classify::{Miss, View};
use crate::decode::Level;
use crate::mask::mask;

/// Characters of the text behind a partial match that are shown.
const SHOWN: usize = 40;

/// A pattern that did not match, although something of it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    pub class: String,
    pub origin: Origin,
    /// What is there, and what is missing.
    pub why: String,
}

/// The patterns of other classes than the entry's that came near.
pub(super) fn near(classifier: &mut Classifier, events: &[Event], view: &View<'_>) -> Vec<Near> {
    let shared = Arc::clone(&classifier.shared);
    let library = &shared.library;
    let request = events.iter().filter(|event| event.via != Via::None).max_by_key(|event| event.labels.len());
    let mut near = Vec::new();
    for (index, pattern) in library.patterns.iter().enumerate() {
        if events.iter().any(|event| event.class == pattern.class) {
            continue;
        }
        let why = match (&pattern.regex, request) {
            (None, Some(request)) => near_request(library, pattern, request),
            (Some(_), None) => near_text(classifier, index, pattern, view),
            (None, None) if view.exception.is_some() && view.is_read_by(pattern) => {
                near_text(classifier, index, pattern, view)
            }
            _ => None,
        };
        near.extend(why.map(|why| Near {
            class: library.classes[pattern.class].name.clone(),
            origin: pattern.origin.clone(),
            why,
        }));
    }
    near
}

/// Why a pattern for requests does not match one that meets all of its conditions but one.
fn near_request(library: &Library, pattern: &Pattern, request: &Event) -> Option<String> {
    let takes = match pattern.parser? {
        Parser::Request => true,
        Parser::AccessLine => request.via == Via::Access,
        Parser::Edge => request.via == Via::Edge,
        _ => false,
    };
    let class = &library.classes[request.class];
    let value = |name: &str| {
        let index = class.labels.iter().position(|label| label == name)?;
        request.labels[index].as_deref()
    };
    let fits = |(name, glob): &&(String, LabelGlob)| value(name).is_some_and(|value| glob.is_match(value.as_bytes()));
    let missing: Vec<_> = pattern.label_globs.iter().filter(|condition| !fits(condition)).collect();
    match missing[..] {
        // Most patterns for requests miss nearly every request; one short of several conditions is near.
        [(name, glob)] if takes && pattern.label_globs.len() > 1 => Some(label_is(name, value(name), glob)),
        _ => None,
    }
}

/// Why a pattern does not match a text that holds one of its literals, or a failure in the language it reads.
fn near_text(classifier: &mut Classifier, index: usize, pattern: &Pattern, view: &View<'_>) -> Option<String> {
    let text = view.subject.text;
    let literal = match pattern.required.any.as_slice() {
        [] if pattern.regex.is_some() => return None,
        [] => None,
        literals => Some(literals.iter().find(|literal| memchr::memmem::find(text, literal).is_some())?),
    };
    let missing = match classifier.try_pattern(index, view).err()? {
        Miss::Level => {
            let least = pattern.level.unwrap_or(Level::Warning).name();
            format!("the level is {}, and should be at least {least}", view.level.map_or("not known", Level::name))
        }
        Miss::Logger => {
            let glob = pattern.logger.as_ref().map(ToString::to_string).unwrap_or_default();
            match view.logger {
                Some(logger) => format!("the logger is {}, not {glob}", lossy(logger)),
                None => format!("no logger is named, and it should be {glob}"),
            }
        }
        Miss::Attribute(at) => {
            let (name, glob) = pattern.attributes.get(at)?;
            match view.subject.attributes.get(name) {
                Some(value) => {
                    // With its name, which tells that it is secret.
                    mask(&format!("attribute {name}={}", lossy(&value))).replacen('=', " is ", 1)
                        + &format!(", not {glob}")
                }
                None => format!("there is no attribute {name}; it should be {glob}"),
            }
        }
        Miss::Regex if !pattern.raw && pattern.regex.as_ref().is_some_and(|regex| regex.is_match(text)) => {
            "the regex fits only with the LEVEL:logger: head, which needs raw = true".into()
        }
        Miss::Regex => {
            return Some(farthest(pattern, view).unwrap_or_else(|| match literal {
                Some(literal) => format!("\"{}\" is there, but the regex does not fit", lossy(literal)),
                None => "the regex does not fit".into(),
            }));
        }
        Miss::Label { others_fit: false, .. } if literal.is_none() => return None,
        Miss::Label { index, .. } => {
            let (name, glob) = pattern.label_globs.get(index)?;
            let captures = captures(pattern, view);
            let captured = captures.iter().find(|(capture, _)| capture == name).map(|(_, value)| value.as_str());
            let member = || view.masked_member(pattern.parser?, name, "").map(|value| lossy(&value));
            let value = captured.map(Cow::Borrowed).or_else(|| member().map(Cow::Owned));
            label_is(name, value.as_deref(), glob)
        }
    };
    Some(match literal {
        Some(literal) => format!("\"{}\" is there, but {missing}", lossy(literal)),
        None => missing,
    })
}

fn label_is(name: &str, value: Option<&str>, glob: &impl Display) -> String {
    match value {
        Some(value) => format!("label {name} is {value}, not {glob}"),
        None => format!("there is no label {name}; it should be {glob}"),
    }
}

/// How far a regex that does not match gets: the longest run of its parts, from its first, that is in the text.
fn farthest(pattern: &Pattern, view: &View<'_>) -> Option<String> {
    let text = view.searched(pattern);
    let regex = pattern.regex.as_ref()?.as_str();
    let syntax = regex_syntax::ParserBuilder::new().unicode(pattern.unicode).utf8(false).build().parse(regex).ok()?;
    let HirKind::Concat(parts) = syntax.kind() else { return None };
    let found = (1..parts.len()).rev().find_map(|count| {
        let beginning = Hir::concat(parts[..count].to_vec()).to_string();
        let regex = RegexBuilder::new(&beginning).unicode(pattern.unicode).build().ok()?;
        regex.find(text).filter(|found| !found.is_empty()).map(|found| found.range())
    })?;
    let behind: String = lossy(&view.masked_part(pattern, found.end..text.len())).chars().take(SHOWN).collect();
    let fitting = lossy(&view.masked_part(pattern, found));
    Some(match behind.is_empty() {
        true => format!("the regex fits \"{fitting}\" but not the end of the message behind it"),
        false => format!("the regex fits \"{fitting}\" but not \"{behind}\" behind it"),
    })
}
