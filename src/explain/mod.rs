//! Explains entries: what each was read as, which patterns matched it, and which came near.

pub(crate) mod entries;
pub(crate) mod near;
pub mod samples;
pub(crate) mod survey;

use std::io::{self, Read};
use std::sync::Arc;

use crate::classify::Classifier;
use crate::classify::access_line;
use crate::classify::definition::{Origin, ValueUnit};
use crate::classify::exception::lossy;
use crate::classify::library::{Library, Pattern, Value};
use crate::classify::trace::Language;
use crate::classify::{Event, NO_VALUE};
use crate::classify::{Subject, View};
use crate::decode::{Attributes, Level, Record};
use crate::mask::mask;
use crate::time::Time;
use entries::{Content, Entries, Entry};
use near::{Near, near};

/// What one entry of the input is, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Of its first line, counted from 1.
    pub line_number: u64,
    /// The line of its last record; between the two may be lines of others.
    pub last_line: u64,
    /// How many records it is made of.
    pub records: u64,
    /// What it was read as, in words: `JSON record`, `Python traceback`, `malformed JSON` …
    pub kind: &'static str,
    /// As it says.
    pub time: Option<Time>,
    /// The level the record states beside its message.
    pub raw_level: Option<Level>,
    /// The level that counts: that of the message's head, else the record's.
    pub level: Option<Level>,
    /// Who wrote it, where it says so.
    pub logger: Option<String>,
    /// The message without its head; of an edge record its method, target and status. Here and below secrets are masked.
    pub message: String,
    /// The patterns that took it.
    pub matches: Vec<Match>,
    /// The patterns that nearly did.
    pub near: Vec<Near>,
}

/// A pattern that matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The class of the event.
    pub class: String,
    /// Where the pattern is written.
    pub origin: Origin,
    /// (name, value) of the labels it gave.
    pub labels: Vec<(String, String)>,
    /// (name, value, unit) as written in the log.
    pub values: Vec<(String, f64, ValueUnit)>,
    /// Named captures of its regex, as they stand in the message.
    pub captures: Vec<(String, String)>,
}

/// Explains every entry of a text, in the order of their first lines. Keeps them all: for a few lines, not for a file.
pub fn explain(library: &Arc<Library>, text: impl Read) -> io::Result<Vec<Explanation>> {
    let mut explanations = Vec::new();
    Entries::new(library).read(text, |classifier, entry| explanations.push(of_entry(classifier, entry)))?;
    explanations.sort_by_key(|explanation| explanation.line_number);
    Ok(explanations)
}

/// What an entry is, and why.
pub fn of_entry(classifier: &mut Classifier, entry: &Entry<'_>) -> Explanation {
    let nothing = |kind| Explanation {
        line_number: *entry.lines.start(),
        last_line: *entry.lines.end(),
        records: entry.records,
        kind,
        time: None,
        raw_level: None,
        level: None,
        logger: None,
        message: String::new(),
        matches: Vec::new(),
        near: Vec::new(),
    };
    let read = entry.inspect(|record, subject| {
        let view = View::new(subject);
        let message = match &record.edge {
            None => lossy(view.masked_body()),
            Some(edge) => {
                let said = format!("{} {} {}", lossy(&edge.method.read()), lossy(&edge.target.read()), edge.status);
                mask(&said).into_owned()
            }
        };
        Explanation {
            time: record.time,
            raw_level: record.raw_level,
            level: view.level,
            logger: view.logger.map(lossy),
            message,
            matches: entry.events.iter().map(|event| matched(&classifier.shared.library, event, &view)).collect(),
            near: near(classifier, entry.events, &view),
            ..nothing(kind(record, subject, &view))
        }
    });
    read.unwrap_or_else(|| {
        nothing(match entry.content {
            Content::TooLong => "line over 1 MiB: not classified",
            Content::Malformed => "JSON that breaks off or breaks the rules",
            _ => "blank line",
        })
    })
}

fn kind(record: &Record<'_>, subject: Subject<'_>, view: &View<'_>) -> &'static str {
    match (&record.edge, record.attributes, subject.language) {
        (Some(_), Attributes::Json(_), _) => "HTTP log record, JSON",
        (Some(_), ..) => "HTTP log record, text",
        (None, _, Some(language)) if view.exception.is_some() => match language {
            Language::Python => "Python traceback",
            Language::Javascript => "JavaScript failure",
            Language::Java => "Java failure",
            Language::Go => "Go failure",
            Language::Rust => "Rust failure",
            Language::Ruby => "Ruby failure",
            Language::Php => "PHP failure",
            Language::Dotnet => ".NET failure",
            Language::Elixir => "Elixir failure",
        },
        (None, Attributes::Json(_), _) if record.request.as_ref().is_some_and(|request| request.status.is_some()) => {
            "request, JSON"
        }
        (None, Attributes::Json(_), _) => "JSON record",
        (None, Attributes::Logfmt(_), _) => "logfmt line",
        (None, Attributes::None, _) if access_line::access_line(subject.text).is_some() => "access line",
        (None, Attributes::None, _) if subject.text.starts_with(b"{") => "text line: a JSON object without a message",
        (None, Attributes::None, _) => "text line",
    }
}

fn matched(library: &Library, event: &Event, view: &View<'_>) -> Match {
    let pattern = &library.patterns[event.pattern as usize];
    let class = &library.classes[pattern.class];
    let labels = class.labels.iter().zip(&event.labels);
    let value = |value: &Value| {
        let got = event.values[value.index];
        (got != NO_VALUE).then(|| (value.name.clone(), got as f64 / value.scale, value.unit))
    };
    Match {
        class: class.name.clone(),
        origin: pattern.origin.clone(),
        labels: labels.filter_map(|(name, value)| Some((name.clone(), value.as_deref()?.to_string()))).collect(),
        values: pattern.values.iter().filter_map(value).collect(),
        captures: captures(pattern, view),
    }
}

pub(super) fn captures(pattern: &Pattern, view: &View<'_>) -> Vec<(String, String)> {
    let Some(regex) = &pattern.regex else { return Vec::new() };
    let text = view.searched(pattern);
    let named = regex.named_captures(text).into_iter().flatten();
    named.map(|(name, place)| (name.to_string(), lossy(&view.masked_part(pattern, place)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = r#"
[[pattern]]
class  = "http.request"
about  = ""
parser = "access-line"
labels = ["method", "path", "query", "route", "status", "client", "via"]

[[pattern]]
class  = "shop.order"
about  = ""
parser = "access-line"
where  = { label = { method = "POST", path = "/orders" } }

[[pattern]]
class  = "shop.sale"
about  = ""
match  = 'sold (?<count>\d+) (?<item>\w+) in (?<time>\d+) ms'
labels = ["item"]
values = { time = { capture = "time", unit = "ms" } }

[[pattern]]
class = "shop.loss"
about = ""
match = 'lost (?<item>\w+)'
where = { level = "error", logger = "shop.*", label = { item = "a*" } }

[[pattern]]
class = "shop.logged"
about = ""
match = '^INFO:shop:'

[[pattern]]
class  = "shop.missing"
about  = ""
parser = "traceback"
where  = { label = { type = "KeyError", message = "*item*" } }

[[pattern]]
class  = "app.error"
about  = ""
parser = "level"
where  = { level = "error" }
labels = ["logger"]
"#;

    fn all(text: &str) -> Vec<Explanation> {
        let library = Arc::new(Library::compile([("shop.toml", PACK)]).unwrap());
        explain(&library, text.as_bytes()).unwrap()
    }

    fn one(text: &str) -> Explanation {
        let mut all = all(text);
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    fn near(text: &str) -> Vec<(String, String)> {
        one(text).near.into_iter().map(|near| (near.class, near.why)).collect()
    }

    #[test]
    fn a_match_is_shown_with_all_it_gives() {
        let line =
            r#"{"timestamp":"2025-08-25T13:26:31Z","level":"error","message":"INFO:shop:sold 3 apples in 20 ms"}"#;
        let explanation = one(line);
        assert_eq!(explanation.kind, "JSON record");
        assert_eq!((explanation.raw_level, explanation.level), (Some(Level::Error), Some(Level::Info)));
        assert_eq!(
            (explanation.logger.as_deref(), explanation.message.as_str()),
            (Some("shop"), "sold 3 apples in 20 ms")
        );
        let [found] = &explanation.matches[..] else { panic!("{explanation:?}") };
        assert_eq!((found.class.as_str(), found.origin.line), ("shop.sale", 15));
        assert_eq!(found.labels, [("item".to_string(), "apples".to_string())]);
        assert_eq!(found.values, [("time".to_string(), 20.0, ValueUnit::Milliseconds)]);
        assert_eq!(found.captures.len(), 3);
    }

    #[test]
    fn near_misses_say_what_is_missing() {
        for (text, class, why) in [
            ("sold out in 3 ms", "shop.sale", "the regex fits \"sold \" but not \"out in 3 ms\" behind it"),
            (
                "INFO:shop:lost apples",
                "shop.loss",
                "\"lost \" is there, but the level is info, and should be at least error",
            ),
            ("ERROR:bar:lost apples", "shop.loss", "\"lost \" is there, but the logger is bar, not shop.*"),
            ("ERROR:shop.a:lost pears", "shop.loss", "\"lost \" is there, but label item is pears, not a*"),
            (
                "INFO:shop:open",
                "shop.logged",
                "\"INFO:shop:\" is there, but the regex fits only with the LEVEL:logger: head, which needs raw = true",
            ),
            (
                "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\n    x\nKeyError: 'price'",
                "shop.missing",
                "label message is 'price', not *item*",
            ),
            (
                r#"INFO:     10.0.0.1:40112 - "POST /refunds HTTP/1.1" 200 OK"#,
                "shop.order",
                "label path is /refunds, not /orders",
            ),
        ] {
            let near = near(text);
            assert!(near.contains(&(class.to_string(), why.to_string())), "{text}: {near:?}");
        }
        for far in ["bought 3 apples", r#"INFO:     10.0.0.1:40112 - "GET /refunds HTTP/1.1" 200 OK"#] {
            assert_eq!(near(far), [], "{far}");
        }
    }

    #[test]
    fn entries_are_in_the_order_of_their_first_lines() {
        let text = "Traceback (most recent call last):\n  File \"/a.py\", line 1, in f\nKeyError: 'price'\n\n{\"broken";
        let read: Vec<_> = all(text).iter().map(|entry| (entry.line_number, entry.records, entry.kind)).collect();
        let malformed = "JSON that breaks off or breaks the rules";
        assert_eq!(read, [(1, 3, "Python traceback"), (4, 1, "blank line"), (5, 1, malformed)]);
    }

    #[test]
    fn what_nothing_knows_is_explained_by_its_level() {
        let explanation = one("ERROR:jobs:no such job");
        assert_eq!(explanation.matches[0].class, "app.error");
        assert!(one("INFO:jobs:ran").matches.is_empty());
    }
}
