//! What the dashboard shows, and what keys do to that.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::course::Course;
use super::lists::{self, Entry};
use crate::people::{Asked, Said, Verdict};
use crate::snapshot::Snapshot;
use crate::tail::TailLine;
use crate::zone::Zone;

/// Steps of the time that Shift and an arrow key go.
const FAR: i64 = 10;
/// Entries that a page of a list goes.
const PAGE: usize = 10;

/// A list of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Triggers,
    Why,
    Routes,
    Lines,
    Checks,
}

pub const TABS: [(Tab, &str); 5] = [
    (Tab::Triggers, "Triggers"),
    (Tab::Why, "Why"),
    (Tab::Routes, "Routes"),
    (Tab::Lines, "Lines"),
    (Tab::Checks, "Checks"),
];

/// What a key asks of whoever drives the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Nothing,
    /// The run is to end.
    Quit,
    /// The terminal is wanted for something else.
    Suspend,
}

pub struct App {
    pub snapshot: Arc<Snapshot>,
    /// The newest lines, unless they are held.
    pub lines: Vec<TailLine>,
    pub zone: Zone,
    pub course: Course,
    /// The second that is looked at; `None` for the newest.
    pub cursor: Option<i64>,
    /// Which of the lists, by its place in their row.
    pub tab: usize,
    /// By tab: which entry is looked at, counted from the top; of the lines `None` for the newest.
    pub selected: [Option<usize>; TABS.len()],
    /// Only entries that hold this.
    pub filter: String,
    /// Whether the filter is being written.
    pub is_filtering: bool,
    /// Whether new lines are held back.
    pub is_paused: bool,
    /// Whether the entry that is looked at is shown whole, and from which of its rows on.
    pub opened: Option<u16>,
    pub shows_keys: bool,
    /// What was done last, or could not be.
    pub message: Option<String>,
    /// The warning that was shown last.
    pub warned: Option<String>,
    /// What is read, and how that goes.
    pub status: String,
    asked: Option<Asked>,
}

impl App {
    pub fn new(snapshot: Arc<Snapshot>, zone: Zone, asked: Option<Asked>) -> App {
        App {
            course: Course::of(&snapshot.summary.history),
            snapshot,
            lines: Vec::new(),
            zone,
            cursor: None,
            tab: 0,
            selected: [None; TABS.len()],
            filter: String::new(),
            is_filtering: false,
            is_paused: false,
            opened: None,
            shows_keys: false,
            message: None,
            warned: None,
            status: String::new(),
            asked,
        }
    }

    /// Takes in how the run stands.
    pub fn see(&mut self, snapshot: Arc<Snapshot>) {
        self.course = Course::of(&snapshot.summary.history);
        self.snapshot = snapshot;
    }

    /// Takes in the newest lines.
    pub fn hear(&mut self, lines: Vec<TailLine>) {
        if !self.is_paused {
            self.lines = lines;
        }
    }

    pub fn tab(&self) -> Tab {
        TABS[self.tab].0
    }

    /// The entries of the list that is shown.
    pub fn entries(&self) -> Vec<Entry> {
        let items = self.asked.as_ref().map_or(&[][..], |asked| &asked.items);
        let mut entries = lists::entries(self, items);
        let wanted = self.filter.to_lowercase();
        entries.retain(|entry| wanted.is_empty() || entry.text().to_lowercase().contains(&wanted));
        entries
    }

    /// Which of so many entries is looked at.
    pub fn at(&self, entries: usize) -> Option<usize> {
        let newest = if self.tab() == Tab::Lines { entries.checked_sub(1) } else { Some(0) };
        self.selected[self.tab].map(|at| at.min(entries.saturating_sub(1))).or(newest).filter(|_| entries > 0)
    }

    pub fn press(&mut self, key: KeyEvent) -> Wish {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control => return Wish::Quit,
            KeyCode::Char('z') if is_control => return Wish::Suspend,
            _ if self.is_filtering => self.write_filter(key.code),
            _ if self.shows_keys => self.shows_keys = false,
            KeyCode::Char('q') => return Wish::Quit,
            code => self.go(code, key.modifiers),
        }
        Wish::Nothing
    }

    fn write_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(letter) => self.filter.push(letter),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Enter => self.is_filtering = false,
            KeyCode::Esc => {
                self.is_filtering = false;
                self.filter.clear();
            }
            _ => {}
        }
        self.selected[self.tab] = None;
    }

    fn go(&mut self, code: KeyCode, modifiers: KeyModifiers) {
        self.message = None;
        let step = if modifiers.contains(KeyModifiers::SHIFT) { FAR } else { 1 };
        match code {
            KeyCode::Char('?') => self.shows_keys = true,
            KeyCode::Tab => self.turn_to((self.tab + 1) % TABS.len()),
            KeyCode::BackTab => self.turn_to((self.tab + TABS.len() - 1) % TABS.len()),
            KeyCode::Char(digit @ '1'..='5') => self.turn_to(digit as usize - '1' as usize),
            KeyCode::Left => self.cursor = self.course.step(self.cursor, -step),
            KeyCode::Right => self.cursor = self.course.step(self.cursor, step),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::PageUp => self.scroll(-(PAGE as i64)),
            KeyCode::PageDown => self.scroll(PAGE as i64),
            KeyCode::Home | KeyCode::Char('g') => self.scroll(i64::MIN),
            KeyCode::End | KeyCode::Char('G') => self.scroll(i64::MAX),
            KeyCode::Enter => self.opened = if self.opened.is_some() { None } else { Some(0) },
            KeyCode::Char('/') => {
                self.is_filtering = true;
                self.filter.clear();
            }
            KeyCode::Char(' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('p') => self.answer(Verdict::Pass),
            KeyCode::Char('f') => self.answer(Verdict::Fail),
            KeyCode::Char('a') => self.acknowledge(),
            // One thing after the other is taken back.
            KeyCode::Esc if self.opened.is_some() => self.opened = None,
            KeyCode::Esc if !self.filter.is_empty() => self.filter.clear(),
            KeyCode::Esc => self.cursor = None,
            _ => {}
        }
    }

    fn turn_to(&mut self, tab: usize) {
        self.tab = tab;
        self.opened = None;
    }

    fn scroll(&mut self, by: i64) {
        if let Some(row) = self.opened {
            self.opened = Some((i64::from(row).saturating_add(by)).clamp(0, 1_000) as u16);
            return;
        }
        let count = self.entries().len();
        let Some(at) = self.at(count) else { return };
        let to = (at as i64).saturating_add(by).clamp(0, count as i64 - 1) as usize;
        // At the end of the lines what comes is followed.
        let follows = self.tab() == Tab::Lines && to + 1 == count;
        self.selected[self.tab] = (!follows).then_some(to);
    }

    /// Records the answer to the manual check that is looked at.
    fn answer(&mut self, status: Verdict) {
        if self.tab() != Tab::Checks {
            return;
        }
        let word = if status == Verdict::Pass { "as it should be" } else { "not as it should be" };
        self.message = Some(match self.id() {
            None => "that is no manual check".into(),
            Some(item) => {
                self.record(&format!("{item} is {word}"), |at| Said::Check { at, item, status, by: None, note: None })
            }
        });
    }

    /// Records that somebody is at the trigger that is looked at.
    fn acknowledge(&mut self) {
        if self.tab() != Tab::Triggers {
            return;
        }
        self.message = Some(match self.id() {
            None => "that is how it stood then: Esc shows how it stands".into(),
            Some(id) => self.record(&format!("somebody is at {id}"), |at| Said::Ack { at, id, by: None, note: None }),
        });
    }

    /// The trigger, or the manual check, that is looked at.
    fn id(&self) -> Option<String> {
        let entries = self.entries();
        entries.get(self.at(entries.len())?)?.id.clone()
    }

    fn record(&self, what: &str, said: impl FnOnce(String) -> Said) -> String {
        let Some(asked) = &self.asked else { return "nothing is recorded: start the run with --answers FILE".into() };
        match (asked.record)(&said((asked.now)().to_string())) {
            Ok(()) => format!("recorded: {what}"),
            Err(why) => why,
        }
    }
}
