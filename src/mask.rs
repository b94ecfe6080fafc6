//! Masking: what is secret in the text of a log is replaced by `***` before anything is made of it that is shown.
//!
//! Whole texts are masked, and only then cut, shaped or split into labels: a piece of a secret does not tell that it is
//! one. The rules are data, in `mask/rules.toml`.

mod email;
mod look;
mod name;
mod pem;
mod punctuation;
mod rules;
mod scan;
mod url;
mod value;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use look::may_hold;

/// What stands for a secret.
const MASK: &str = "***";

/// Where the secrets of a text are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Ascending, none empty, none next to another.
    ranges: Vec<Range<usize>>,
}

impl Secrets {
    /// Finds the secrets of a text, which should be all there is of it.
    pub fn of(text: &[u8]) -> Secrets {
        /// How often masking may bring to light what a secret hid; more than once takes a text made for it.
        const MOST: usize = 16;
        if !may_hold(text) {
            return Secrets::default();
        }
        let mut secrets = Secrets::new(scan::secrets(text));
        // What is masked once is not masked further when it is met again.
        for _ in 0..MOST {
            if secrets.is_empty() {
                return secrets;
            }
            let more = scan::secrets(&secrets.mask(text, 0..text.len()));
            let masks = secrets.masks();
            let more: Vec<Range<usize>> = more.into_iter().map(|range| secrets.unmasked(range, &masks)).collect();
            let all = Secrets::new([&secrets.ranges[..], &more].concat());
            if all == secrets {
                return secrets;
            }
            secrets = all;
        }
        // There is no telling where its secrets end.
        Secrets::new(std::iter::once(0..text.len()).collect())
    }

    /// Where the masks stand in the masked text.
    fn masks(&self) -> Vec<usize> {
        let (mut masked, mut done) = (0, 0);
        let place = |range: &Range<usize>| {
            let mask = masked + (range.start - done);
            (masked, done) = (mask + MASK.len(), range.end);
            mask
        };
        self.ranges.iter().map(place).collect()
    }

    /// The part of the text that a part of the masked text stands for, whose masks stand at `masks`.
    fn unmasked(&self, part: Range<usize>, masks: &[usize]) -> Range<usize> {
        // Behind so many masks the two texts are as far apart as behind the last of them.
        let behind = |masks_before: usize, place: usize| match masks_before.checked_sub(1) {
            Some(last) => self.ranges[last].end + (place - masks[last] - MASK.len()),
            None => place,
        };
        let before = masks.partition_point(|mask| mask + MASK.len() <= part.start);
        let start = match masks.get(before) {
            Some(mask) if *mask <= part.start => self.ranges[before].start,
            _ => behind(before, part.start),
        };
        let before = masks.partition_point(|mask| *mask < part.end);
        let end = match before.checked_sub(1) {
            Some(last) if part.end <= masks[last] + MASK.len() => self.ranges[last].end,
            _ => behind(before, part.end),
        };
        start..end
    }

    fn new(mut found: Vec<Range<usize>>) -> Secrets {
        found.sort_unstable_by_key(|range| range.start);
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        Secrets { ranges }
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// A part of the text, with what is secret in it masked.
    pub fn mask<'t>(&self, text: &'t [u8], part: Range<usize>) -> Cow<'t, [u8]> {
        let first = self.ranges.partition_point(|range| range.end <= part.start);
        let ranges = self.ranges[first..].iter().take_while(|range| range.start < part.end);
        let (mut masked, mut done) = (Vec::new(), part.start);
        for range in ranges {
            masked.extend_from_slice(&text[done..range.start.max(part.start)]);
            masked.extend_from_slice(MASK.as_bytes());
            done = range.end.min(part.end);
        }
        if done == part.start {
            return Cow::Borrowed(&text[part]);
        }
        masked.extend_from_slice(&text[done..part.end]);
        Cow::Owned(masked)
    }
}

/// The text with its secrets masked.
pub fn mask(text: &str) -> Cow<'_, str> {
    match mask_bytes(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // Secrets begin and end at ASCII, so what is left is UTF-8 still.
        Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
    }
}

/// The same of text that may be no UTF-8.
pub fn mask_bytes(text: &[u8]) -> Cow<'_, [u8]> {
    let secrets = Secrets::of(text);
    if secrets.is_empty() { Cow::Borrowed(text) } else { secrets.mask(text, 0..text.len()) }
}

/// What is masked beside secrets where text is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Masking {
    /// Addresses of e-mail.
    pub emails: bool,
}

impl Masking {
    /// The text as it may be shown.
    pub fn text(self, text: &str) -> String {
        let text = mask(text);
        if !self.emails {
            return text.into_owned();
        }
        let addresses = Secrets::new(email::addresses(text.as_bytes()));
        String::from_utf8_lossy(&addresses.mask(text.as_bytes(), 0..text.len())).into_owned()
    }
}

#[cfg(test)]
mod tests;
