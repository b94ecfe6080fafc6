//! The state of a run (`--state`): what was before is told again at its start, and what each turn comes to is written. One that cannot
//! be written any more is left as it is, with a warning, and the run goes on.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::actions::Actions;
use super::event::Event;
use super::outputs::Outputs;
use super::progress::Aside;
use super::run::UsageError;
use crate::judge::Notice;
use crate::mask::Masking;
use crate::notify::{Notifier, Prepared};
use crate::people::Said;
use crate::session::{Session, saved};
use crate::state::{self, Batch, Error, Input, Journal, State};
use crate::summary::ActionEvent;
use crate::text::escape;
use crate::time::Time;

/// How often it is looked whether somebody has said something.
const LOOK: Duration = Duration::from_secs(1);

pub struct Keep {
    /// `None` where none is asked for, or it has failed.
    state: Option<State>,
    pub journal: Journal,
    /// The events that were shown before this run.
    shown: BTreeSet<String>,
    /// What events are of.
    deployed_at: Option<Time>,
    /// Of the next notification.
    seq: i64,
    /// When it was last looked whether somebody has.
    looked: Option<Instant>,
    /// What was said and heard since the last turn.
    heard: Vec<i64>,
    has_ended: bool,
    /// Whether a state is asked for, whatever became of it.
    is_asked: bool,
    aside: Aside,
}

/// Opens the state that is asked for.
pub fn open(path: Option<&Path>) -> Result<Option<State>> {
    let Some(path) = path else { return Ok(None) };
    let state = State::open(path).map_err(usage)?;
    state.check().map_err(usage)?;
    Ok(Some(state))
}

/// What is asked for wrongly has an exit status of its own.
pub fn usage(error: Error) -> anyhow::Error {
    if error.is_usage() { UsageError(error.to_string()).into() } else { error.into() }
}

impl Keep {
    pub fn new(state: Option<State>, aside: Aside) -> Keep {
        let (journal, shown) = (Journal::default(), BTreeSet::new());
        Keep {
            is_asked: state.is_some(),
            state,
            journal,
            shown,
            deployed_at: None,
            seq: 1,
            looked: None,
            heard: Vec::new(),
            has_ended: false,
            aside,
        }
    }

    /// Goes on from where the state ends. Of what was shown, what is written whole at the end is told again. `can_be_read_again` are
    /// sources that give what was missed.
    pub fn go_on(
        &mut self,
        session: &mut Session,
        outputs: &mut Outputs,
        notifier: &mut Option<Notifier>,
        actions: &mut Actions,
        masking: Masking,
        can_be_read_again: bool,
    ) -> Result<()> {
        let Some(mut state) = self.state.take() else { return Ok(()) };
        let is_new = state.is_new().map_err(usage)?;
        // Before the deployments, which ask what was done for them.
        for line in state.said().map_err(usage)? {
            if let Ok(Said::Action(deed)) = serde_json::from_str(&line) {
                actions.did(deed);
            }
        }
        let mut missed = Vec::new();
        let shown = resume(&mut state, session, masking, |row, event| {
            if let Some(notifier) = notifier {
                event.prepare(notifier);
            }
            event.note(actions);
            let is_shown = row.shown == Some(true);
            outputs.recall(is_shown);
            event.show(outputs);
            outputs.recall(false);
            missed.extend((row.shown == Some(false)).then(|| row.clone()));
        });
        self.shown = shown.map_err(usage)?;
        self.deployed_at = session.engine.judge.deployment.as_ref().map(|deployment| deployment.at);
        let waiting = state.notifications().map_err(usage)?;
        self.seq = waiting.last().map_or(1, |last| last.seq + 1);
        if let Some(notifier) = notifier {
            waiting.iter().for_each(|waiting| notifier.again(waiting));
        }
        let mut known = state.known().map_err(usage)?;
        session.open_again();
        self.journal.keep(true);
        self.state = Some(state);
        self.shown(missed);
        if is_new {
            // With what it is compared with.
            self.write(&Batch { saved: session.save(), ..Batch::default() });
        }
        if can_be_read_again {
            self.journal.measure(&known, session.engine.judge.records.map(|(first, _)| first));
        } else {
            for (at, lane) in session.engine.gather.lanes.iter().enumerate() {
                let known = (!is_new).then(|| known.remove(&*lane.label).unwrap_or_default());
                self.journal.follow(at, &lane.label, known);
            }
        }
        if !is_new && let Some(state) = &self.state {
            let reached = session.engine.latest().map_or(String::new(), |latest| format!(", at {latest}"));
            self.aside.warn(&format!("goes on from {}{reached}", state.name()));
        }
        Ok(())
    }

    /// Takes in what people have said, now and then.
    pub fn hear(&mut self, session: &mut Session) {
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK);
        let Some(state) = self.state.as_mut().filter(|_| is_due) else { return };
        self.looked = Some(Instant::now());
        let mut wrong = Vec::new();
        match state.waiting() {
            Ok(waiting) => {
                for said in waiting {
                    self.journal.said(&said.line);
                    wrong.extend(session.engine.hear(&said.line).err());
                    self.heard.push(said.seq);
                }
            }
            Err(error) => return self.fail(&error),
        }
        wrong.iter().for_each(|error| self.aside.warn(&escape(&error.to_string())));
    }

    /// Writes what a turn came to, then shows and sends what happened in it.
    pub fn turn(
        &mut self,
        session: &mut Session,
        outputs: &mut Outputs,
        notifier: &mut Option<Notifier>,
        actions: &mut Actions,
        masking: Masking,
    ) {
        let events = Event::take(&mut session.engine, masking);
        let mut prepared: Vec<Prepared> = Vec::new();
        let mut written = Vec::new();
        let mut deployed_at = self.deployed_at;
        for (event, notice) in &events {
            if let Event::Deployed(deployment) = event {
                deployed_at = Some(deployment.at);
            }
            let row = if self.state.is_some() { self.row(event, notice, deployed_at) } else { None };
            let is_shown = row.as_ref().is_some_and(|row| row.shown == Some(true));
            if let Some(notifier) = notifier {
                // One that was shown was sent, too, or waits; but who is told of it is to be known.
                let of_event = event.prepare(notifier);
                prepared.extend(of_event.into_iter().filter(|_| !is_shown));
            }
            event.note(actions);
            written.extend(row);
        }
        if self.state.is_some() {
            let notifications = self.number(&mut prepared);
            let wants_saved = !self.has_ended && self.state.as_ref().is_some_and(State::wants_saved);
            let settled = notifier.as_ref().map(Notifier::take_settled).unwrap_or_default();
            let batch = Batch {
                given: std::mem::take(&mut self.journal.given),
                inputs: self.journal.take(),
                saved: if wants_saved { session.save() } else { None },
                events: &written,
                notifications: &notifications,
                settled: &settled,
                heard: &std::mem::take(&mut self.heard),
            };
            if !batch.is_empty() {
                self.write(&batch);
            }
        }
        let shown: Vec<state::Event> =
            events.iter().filter_map(|(event, notice)| self.show(event, notice, outputs)).collect();
        if let Some(notifier) = notifier {
            prepared.into_iter().for_each(|prepared| notifier.queue(prepared));
        }
        self.shown(shown);
        if self.state.is_none() {
            self.journal.keep(false);
        }
    }

    /// Hears what was said last; from then on nothing is written but what is shown: what the end of the input makes of a run is not to be gone on from.
    pub fn end(
        &mut self,
        session: &mut Session,
        outputs: &mut Outputs,
        notifier: &mut Option<Notifier>,
        actions: &mut Actions,
        masking: Masking,
    ) {
        self.looked = None;
        self.hear(session);
        self.turn(session, outputs, notifier, actions, masking);
        self.journal.keep(false);
        self.has_ended = true;
    }

    /// Shows and sends what an action does, which stands in a ledger of its own.
    pub fn action(&mut self, event: &ActionEvent, outputs: &mut Outputs, notifier: &mut Option<Notifier>) {
        outputs.action(event);
        let Some(notifier) = notifier else { return };
        let mut prepared = notifier.action(event);
        if self.state.is_some() {
            let notifications = self.number(&mut prepared);
            self.write(&Batch { notifications: &notifications, ..Batch::default() });
        }
        prepared.into_iter().for_each(|prepared| notifier.queue(prepared));
    }

    /// Numbers notifications, and gives them as the state keeps them.
    fn number(&mut self, prepared: &mut [Prepared]) -> Vec<state::Notification> {
        let numbered: Vec<_> = (self.seq..).zip(prepared).map(|(seq, prepared)| prepared.numbered(seq)).collect();
        self.seq += numbered.len() as i64;
        numbered
    }

    /// Takes note of notifications that were delivered after the last turn.
    pub fn settle(&mut self, settled: &[i64]) {
        if !settled.is_empty() {
            self.write(&Batch { settled, ..Batch::default() });
        }
    }

    /// An event as the state keeps it.
    fn row(&self, event: &Event, notice: &Notice, deployed_at: Option<Time>) -> Option<state::Event> {
        let key = event.key(deployed_at)?;
        let shown = event.is_shown().then(|| self.shown.contains(&key));
        let notice = if self.has_ended { None } else { Some(state::write_notice(notice)) };
        Some(state::Event { key, notice, shown })
    }

    /// Shows an event where it was not; of one that was not shown before gives what is to be taken note of.
    fn show(&mut self, event: &Event, notice: &Notice, outputs: &mut Outputs) -> Option<state::Event> {
        if let Event::Deployed(deployment) = event {
            self.deployed_at = Some(deployment.at);
        }
        let row = if self.is_asked { self.row(event, notice, self.deployed_at) } else { None };
        outputs.recall(row.as_ref().is_some_and(|row| row.shown == Some(true)));
        event.show(outputs);
        outputs.recall(false);
        row.filter(|row| row.shown == Some(false))
    }

    fn shown(&mut self, events: Vec<state::Event>) {
        let Some(state) = self.state.as_mut().filter(|_| !events.is_empty()) else { return };
        if let Err(error) = state.shown(&events) {
            self.fail(&error);
        }
    }

    fn write(&mut self, batch: &Batch<'_>) {
        let Some(state) = &mut self.state else { return };
        if let Err(error) = state.write(batch) {
            self.fail(&error);
        }
    }

    fn fail(&mut self, error: &Error) {
        self.state = None;
        let advice = "the run goes on without it, and started again it goes on from what was written by then";
        self.aside.warn(&format!("the state cannot be kept any more: {error}; {advice}"));
    }
}

/// Has a new session go on from where a state ends; `each` is given what happened until then. Gives what was shown of it.
///
/// # Errors
///
/// A state that cannot be read, or does not fit.
pub fn resume(
    state: &mut State,
    session: &mut Session,
    masking: Masking,
    mut each: impl FnMut(&state::Event, Event),
) -> Result<BTreeSet<String>, Error> {
    let damaged = |state: &State, because: String| Error::Damaged { name: state.name().into(), because };
    let rows = state.events()?;
    if let Some(saved) = state.saved()? {
        session.restore(&saved).map_err(|error| match error {
            saved::Error::OtherPatterns => state.other("choice of patterns".into()),
            error => damaged(state, error.to_string()),
        })?;
    }
    session.engine.judge.said_in(state.name());
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (row, bytes) in rows.iter().filter_map(|row| Some((row, row.notice.as_ref()?))) {
        let notice = state::read_notice(bytes).map_err(|error| damaged(state, error.to_string()))?;
        each(row, Event::new(&session.engine, &notice, masking));
        known.insert(&row.key);
    }
    let mut deployed_at = session.engine.judge.deployment.as_ref().map(|deployment| deployment.at);
    let mut mapper = session.mapper();
    state.inputs(|bytes| {
        let input = Input::read(bytes).map_err(|error| error.to_string())?;
        // What nobody knows was told of when it was said.
        let _ = session.apply(input, &mut mapper);
        Ok(())
    })?;
    // What comes of the inputs was written with them.
    let again = Event::take(&mut session.engine, masking).into_iter();
    let fresh = again.filter(|(event, _)| {
        if let Event::Deployed(deployment) = event {
            deployed_at = Some(deployment.at);
        }
        event.key(deployed_at).is_none_or(|key| !known.contains(&*key))
    });
    let fresh = fresh.map(|(_, notice)| notice).collect();
    session.engine.judge.take_back(fresh);
    Ok(rows.into_iter().filter(|row| row.shown == Some(true)).map(|row| row.key).collect())
}
