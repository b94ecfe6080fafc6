//! Surveys an input: how many entries of each class it has, and what is in it that no pattern knows.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use super::entries::{Content, Entries, Entry};
use crate::classify::View;
use crate::classify::library::Library;
use crate::classify::shape;

/// Distinct shapes that are kept; what comes after is counted together. Real logs have a few hundred.
const MOST_SHAPES: usize = 20_000;
/// Bytes of an example that are kept.
const LONGEST_EXAMPLE: usize = 400;

/// What an input is made of.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub lines: u64,
    /// Lines that are, or begin, an entry of some class.
    pub classified: u64,
    /// Lines that are entries of no class.
    pub unclassified: u64,
    /// Lines that belong to an entry begun by an earlier line.
    pub merged: u64,
    pub blank: u64,
    pub malformed: u64,
    pub too_long: u64,
    /// (class, events), most first. An entry of several classes stands in each.
    pub classes: Vec<(String, u64)>,
    /// The shapes of unclassified entries, most frequent first.
    pub shapes: Vec<Shape>,
    /// Unclassified entries whose shape came after as many others as are kept.
    pub crowded_out: u64,
}

/// Unclassified entries that look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    pub logger: String,
    pub shape: String,
    pub count: u64,
    /// The first of them: its message, its secrets masked, and its line, counted from 1.
    pub example: String,
    pub line_number: u64,
}

/// Surveys an input of any length: what could be read of it, and whether that was all.
pub fn survey(library: &Arc<Library>, stream: impl Read) -> (Survey, io::Result<()>) {
    let mut survey = Survey::default();
    let mut classes = library.classes.map(|_, _| 0);
    let mut shapes = HashMap::new();
    let ended = Entries::new(library).read(stream, |_, entry| {
        survey.lines += entry.records;
        survey.merged += entry.records - 1;
        match entry.content {
            Content::TooLong => return survey.too_long += 1,
            Content::Malformed => return survey.malformed += 1,
            Content::Blank => return survey.blank += 1,
            Content::Line(_) | Content::Assembled(_) => {}
        }
        for event in entry.events {
            classes[event.class] += 1;
        }
        if entry.events.is_empty() {
            survey.unclassified += 1;
            survey.crowded_out += u64::from(!add(&mut shapes, entry));
        } else {
            survey.classified += 1;
        }
    });
    let names = library.classes.iter().map(|class| class.name.clone());
    survey.classes = names.zip(classes.iter().copied()).filter(|(_, count)| *count > 0).collect();
    survey.classes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    survey.shapes = shapes.into_values().collect();
    survey.shapes.sort_by(|a, b| b.count.cmp(&a.count).then(a.line_number.cmp(&b.line_number)));
    (survey, ended)
}

/// Counts an entry under its logger and shape; `false` when that would be one shape too many.
fn add(shapes: &mut HashMap<(String, String), Shape>, entry: &Entry<'_>) -> bool {
    let read = entry.inspect(|_, subject| {
        let view = View::new(subject);
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut shape = String::new();
        let body = view.masked_body();
        shape::shape(body, &mut shape);
        let example = &body[..body.len().min(LONGEST_EXAMPLE)];
        (view.logger.map(text).unwrap_or_default(), shape, text(example))
    });
    let Some((logger, shape, example)) = read else { return false };
    let room = shapes.len() < MOST_SHAPES;
    match shapes.entry((logger, shape)) {
        std::collections::hash_map::Entry::Occupied(mut known) => known.get_mut().count += 1,
        std::collections::hash_map::Entry::Vacant(place) if room => {
            let (logger, shape) = place.key().clone();
            place.insert(Shape { logger, shape, count: 1, example, line_number: entry.line_number });
        }
        std::collections::hash_map::Entry::Vacant(_) => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_counted_once_and_shapes_are_grouped() {
        let pack = "[[pattern]]\nclass = 'shop.sale'\nabout = ''\nmatch = 'sold'\n";
        let library = Arc::new(Library::compile([("shop.toml", pack)]).unwrap());
        let text = "sold\nINFO:a:run 1 ok\n\nINFO:a:run 2 ok\nINFO:b:run 3 ok\n{\"x\nTraceback (most recent call last):\n  \
                    File \"/a.py\", line 1, in f\nKeyError: 'x'\n";
        let survey = survey(&library, text.as_bytes()).0;
        let counts =
            [survey.classified, survey.unclassified, survey.merged, survey.blank, survey.malformed, survey.too_long];
        assert_eq!(counts, [1, 4, 2, 1, 1, 0]);
        assert_eq!(survey.lines, counts.iter().sum::<u64>());
        assert_eq!(survey.classes, [("shop.sale".to_string(), 1)]);
        let first = Shape {
            logger: "a".into(),
            shape: "run N ok".into(),
            count: 2,
            example: "run 1 ok".into(),
            line_number: 2,
        };
        assert_eq!((&survey.shapes[0], survey.shapes.len(), survey.crowded_out), (&first, 3, 0));
    }
}
