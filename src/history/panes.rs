//! Panes of one width, one behind the other; those in which nothing happened are left out.

use std::collections::VecDeque;

use super::Pane;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Panes {
    /// Seconds, a power of two. Panes begin at multiples of it.
    width: i64,
    /// In the order of time.
    panes: VecDeque<Pane>,
}

impl Panes {
    pub fn new(width: i64) -> Self {
        Panes { width, panes: VecDeque::new() }
    }

    pub fn width(&self) -> i64 {
        self.width
    }

    pub fn iter(&self) -> impl Iterator<Item = &Pane> {
        self.panes.iter()
    }

    /// Where they begin, in seconds since the epoch.
    pub fn first(&self) -> Option<i64> {
        self.panes.front().map(|pane| pane.at)
    }

    /// Adds what happened in a second or in a narrower pane; not before the last one.
    pub fn add(&mut self, part: &Pane) {
        let at = part.at.div_euclid(self.width) * self.width;
        match self.panes.back_mut().filter(|last| last.at >= at) {
            Some(last) => last.merge(part),
            None => self.panes.push_back(Pane { at, ..part.clone() }),
        }
    }

    /// Gives up panes that begin before a second.
    pub fn drop_before(&mut self, second: i64) {
        while self.panes.front().is_some_and(|pane| pane.at < second) {
            self.panes.pop_front();
        }
    }

    /// How many there are room for, from the first to the last.
    pub fn places(&self) -> i64 {
        self.places_of(self.width)
    }

    fn places_of(&self, width: i64) -> i64 {
        let ends = self.panes.front().zip(self.panes.back());
        ends.map_or(0, |(first, last)| last.at.div_euclid(width) - first.at.div_euclid(width) + 1)
    }

    /// Joins neighbours until there is room for no more than so many, which are at least two.
    pub fn widen(&mut self, most: i64) {
        let mut width = self.width;
        while self.places_of(width) > most.max(2) {
            width *= 2;
        }
        if width > self.width {
            let mut wider = Panes::new(width);
            self.panes.iter().for_each(|pane| wider.add(pane));
            *self = wider;
        }
    }
}
