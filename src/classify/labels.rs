//! Label sets by what they hold: most events of a log have labels that were seen a moment ago.

use std::borrow::Cow;
use std::ops::Range;

use regex::bytes::Regex;

use super::by_class::ClassId;
use super::known::Known;
use super::label_set::{LabelSet, LabelSets};
use super::library::Label;

/// Distinct label sets a thread remembers from chunk to chunk; bounds its memory, not what it can see.
const MOST_REMEMBERED: usize = 16_384;
/// Bytes of a label's value that are kept.
const LONGEST_VALUE: usize = 256;

/// The label sets a thread has met, by the pattern that gave them and their values.
#[derive(Default)]
pub struct Labels {
    known: Known,
    sets: LabelSets,
    key: Vec<u8>,
    /// (index of the label in its class, place of the value in the key)
    places: Vec<(usize, Option<Range<usize>>)>,
    /// The places by index.
    in_order: Vec<Option<Range<usize>>>,
}

impl Labels {
    /// Begins a label set of an event that a pattern gives.
    pub fn begin(&mut self, pattern: usize) {
        self.key.clear();
        self.places.clear();
        self.key.extend_from_slice(&(pattern as u32).to_le_bytes());
    }

    /// Adds the value of the next label, if the event carries it; a class's labels come in the same order every time.
    pub fn add(&mut self, label: &Label, value: Option<&[u8]>) {
        let Some(value) = value else {
            self.key.push(0);
            self.places.push((label.index, None));
            return;
        };
        // The length before the value keeps keys of different values different.
        self.key.push(1);
        let length = self.key.len();
        self.key.extend_from_slice(&[0; 2]);
        let start = self.key.len();
        match &label.clean {
            Some((regex, replacement)) => self.key.extend_from_slice(&cleaned(value, regex, replacement)),
            None => self.key.extend_from_slice(&value[..value.len().min(LONGEST_VALUE)]),
        }
        let end = self.key.len();
        self.key[length..start].copy_from_slice(&((end - start) as u16).to_le_bytes());
        self.places.push((label.index, Some(start..end)));
    }

    /// The index of the label set, of a class with so many labels.
    pub fn finish(&mut self, class: ClassId, labels: usize) -> u32 {
        if let Some(known) = self.known.get(&self.key) {
            return known;
        }
        self.in_order.clear();
        self.in_order.resize(labels, None);
        for (index, place) in &self.places {
            self.in_order[*index].clone_from(place);
        }
        let values = self.in_order.iter().map(|place| Some(text(&self.key[place.clone()?])));
        let index = self.sets.push(class, values);
        self.known.insert(&self.key, index);
        index
    }

    pub fn get(&self, index: u32) -> LabelSet<'_> {
        self.sets.get(index)
    }

    /// How many indices are in use.
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Starts over if there are too many; whether it did, and indices given out before are void.
    pub fn trim(&mut self) -> bool {
        let crowded = self.known.len() > MOST_REMEMBERED;
        if crowded {
            self.known.clear();
            self.sets.clear();
        }
        crowded
    }
}

fn cleaned(value: &[u8], regex: &Regex, replacement: &str) -> Vec<u8> {
    let mut value = regex.replace(value, replacement.as_bytes()).into_owned();
    value.truncate(LONGEST_VALUE);
    value
}

/// A value as text; bytes that are no UTF-8 become U+FFFD, but for those of a character cut at the end.
fn text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(error) => {
            let value = error.error_len().map_or(&value[..error.valid_up_to()], |_| value);
            String::from_utf8_lossy(value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_labels_are_one_set_and_others_are_not() {
        let label = |index| Label { name: String::new(), index, group: None, clean: None };
        let mut labels = Labels::default();
        let mut set = |class, values: [Option<&str>; 2]| {
            labels.begin(class);
            for (index, value) in values.into_iter().enumerate() {
                labels.add(&label(index), value.map(str::as_bytes));
            }
            labels.finish(ClassId::of_any(class), 2)
        };
        let first = set(1, [Some("a"), None]);
        assert_eq!(first, set(1, [Some("a"), None]));
        for other in [
            set(2, [Some("a"), None]),
            set(1, [None, Some("a")]),
            set(1, [Some("a"), Some("")]),
            set(1, [Some(""), Some("a")]),
        ] {
            assert_ne!(first, other);
        }
        assert!(labels.get(first).values().eq([Some("a"), None]));
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        assert_eq!(&*text("é".repeat(3).as_bytes()[..5].as_ref()), "éé");
        assert_eq!(&*text(b"a\xffb"), "a\u{fffd}b");
    }
}
