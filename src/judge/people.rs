//! What people say, taken in beside the lines: reports are events of their second, answers are for the rules.

use std::io::Write;

use super::Judge;
use crate::classify::{ClassId, LabelSets};
use crate::expr::suggest::nearest;
use crate::people::{Ack, Answer, Error, People, SIGNAL, Signal};
use crate::second::Tally;
use crate::second::evidence::Evidence;
use crate::time::Time;
use crate::timeline::Tick;

/// The source of what people report, where evidence names one.
const PEOPLE: usize = usize::MAX;

impl Judge {
    /// Takes in what people said: before the first line, or in a live run as they say it. A report of a second that is complete counts
    /// in the next.
    ///
    /// # Errors
    /// A report of a class that the library does not have, an answer to what the plan does not ask, or an acknowledgement of no trigger.
    pub fn hear(&mut self, people: People) -> Result<(), Error> {
        let items: Vec<&str> = self.rules.manual.iter().map(|item| item.id.get_ref().as_str()).collect();
        for Answer { item, line, .. } in &people.answers {
            if !items.contains(&item.as_str()) {
                return Err(Error::unknown(&people.file, *line, unknown("manual item", item, &items)));
            }
        }
        let triggers: Vec<&str> = self.rules.triggers.iter().map(|trigger| trigger.id.as_str()).collect();
        for Ack { id, line, .. } in &people.acks {
            if !triggers.contains(&id.as_str()) {
                return Err(Error::unknown(&people.file, *line, unknown("trigger", id, &triggers)));
            }
        }
        let known: Vec<&str> =
            self.library.classes.iter().filter_map(|class| class.name.strip_prefix(SIGNAL)).collect();
        for signal in people.signals {
            let Some(class) = self.library.class_id(&format!("{SIGNAL}{}", signal.name)) else {
                return Err(Error::unknown(&people.file, signal.line, unknown("signal", &signal.name, &known)));
            };
            let at = self.next_tick.map_or(signal.at, |tick| signal.at.max(tick.time()));
            let place = self.signals.partition_point(|(known, _)| known.at <= at);
            self.signals.insert(place, (Signal { at, ..signal }, class));
        }
        self.rules.answers.extend(people.answers);
        self.rules.answers.sort_by_key(|answer| (answer.at, answer.line));
        self.rules.acks.extend(people.acks);
        self.people = people.file;
        self.observed.people = true;
        Ok(())
    }

    /// Names where people may say something. As long as nobody has, nothing is known of them.
    pub fn said_in(&mut self, place: &str) {
        self.people = place.into();
    }

    /// Takes in what one person says while the run goes on: a line of a file of answers. What is of a time that was judged already
    /// counts from the next second on.
    ///
    /// # Errors
    /// As for [`Judge::hear`].
    pub fn hear_now(&mut self, line: &str) -> Result<(), Error> {
        let mut said = People::parse(&self.people, line)?;
        let next = self.next_tick.map_or(Time(i64::MIN), Tick::time);
        said.answers.iter_mut().for_each(|answer| answer.at = answer.at.max(next));
        self.hear(said)
    }

    /// The file that what people said stands in, if a source is they.
    pub fn people(&self, source: usize) -> Option<&str> {
        (source == PEOPLE).then_some(&*self.people)
    }

    /// The first tick after the next report; [`Tick::NEVER`] if there is none.
    pub(super) fn next_signal(&self) -> Tick {
        self.signals.front().map_or(Tick::NEVER, |(signal, _)| Tick::after(signal.at.second()))
    }

    /// Adds what people reported in a second to its own events. What they reported before the first second is of no deployment that is
    /// judged.
    pub(super) fn hear_signals(&mut self, second: i64) {
        while self.next_signal() <= Tick::after(second) {
            let Some((signal, class)) = self.signals.pop_front() else { return };
            if signal.at.second() == second {
                self.add_signal(class, &signal);
            }
        }
    }

    fn add_signal(&mut self, class: ClassId, signal: &Signal) {
        let labels = &self.library.classes[class].labels;
        let mut sets = LabelSets::default();
        sets.push(class, labels.iter().map(|label| signal.by.as_deref().filter(|_| label == "by")));
        let said = [signal.by.as_deref(), signal.text.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let mut line = Vec::new();
        // A text is written into memory.
        let _ = write!(line, "{}", serde_json::json!({ "message": said }));
        let evidence = Evidence::new(signal.at, PEOPLE, signal.line, &line);
        let set = self.intern(&sets);
        self.own.extend(set.into_iter().map(|set| (set, Tally::one(evidence.clone()))));
    }
}

fn unknown(kind: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("no {kind} `{name}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("no {kind} `{name}`: there is none"),
        None => format!("no {kind} `{name}`; there is {}", known.join(", ")),
    }
}
