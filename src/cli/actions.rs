//! The actions of a plan in a live run: begun when they are due, each on a thread of its own, and recorded before and after.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::json;

use super::clock::now;
use super::ledger::Ledger;
use super::options::Read;
use super::rollback::Step;
use super::run::UsageError;
use crate::deployment::Deployment;
use crate::escalation::{Due, Escalation};
use crate::people::{Deed, DeedState, Said};
use crate::rules::plan::{Action, Does};
use crate::session::Session;
use crate::subprocess;
use crate::summary::{ActionEvent, ActionState, TriggerEvent};
use crate::time::Time;

/// A run that is further behind the clock than this reads what was, for which nothing is done any more. Seconds.
const BEHIND: i64 = 60;
/// How long a program may take.
const LONGEST: Duration = Duration::from_secs(60);
/// How long an action that was begun is waited for at the end of a run.
const END: Duration = Duration::from_secs(70);

/// Goes back to an earlier deployment.
pub type RollBack = Box<dyn Fn(&RollBackAsked<'_>) -> Result<()> + Send + Sync>;

/// What a rollback is asked for with.
pub struct RollBackAsked<'a> {
    /// When the deployment that is judged began.
    pub deployed_at: Time,
    /// Ids and commits of deployments that are not gone back to.
    pub faulty: &'a BTreeSet<String>,
    /// Is told what will be done before it is; an error keeps it from being done.
    pub begin: &'a dyn Fn(&Step) -> Result<()>,
}

pub struct Actions {
    escalation: Escalation,
    /// Nothing is done in a replay.
    is_live: bool,
    /// Whether actions that have taken off their own safety catch may be done.
    are_allowed: bool,
    ledger: Option<Ledger>,
    roll_back: Option<Arc<RollBack>>,
    outcomes: (Sender<Outcome>, Receiver<Outcome>),
    /// How many were begun and have not ended.
    open: usize,
}

/// What the thread of an action has to say.
struct Outcome {
    event: ActionEvent,
    deed: Option<Deed>,
}

impl Actions {
    pub fn new(
        actions: Vec<Action>,
        read: &Read,
        is_saved: bool,
        roll_back: Option<RollBack>,
    ) -> Result<Actions, UsageError> {
        let ledger = Ledger::of(read);
        if read.allow_actions && ledger.is_none() {
            let why = "--allow-actions needs --answers or --state, to record in what is done";
            return Err(UsageError(why.into()));
        }
        let rolls_back = |action: &&Action| action.does == Does::RailwayRollback && action.execute;
        if let (Some(action), true, None) =
            (actions.iter().find(rolls_back), read.allow_actions && !is_saved, &roll_back)
        {
            return Err(UsageError(format!(
                "action {} rolls a service back, which takes `logwatch watch` of one service",
                action.id
            )));
        }
        Ok(Actions {
            escalation: Escalation::new(actions, Vec::new()),
            is_live: !is_saved,
            are_allowed: read.allow_actions,
            ledger,
            roll_back: roll_back.map(Arc::new),
            outcomes: unbounded(),
            open: 0,
        })
    }

    /// Takes note of what an action of an earlier run did.
    pub fn did(&mut self, deed: Deed) {
        self.escalation.did(deed);
    }

    pub fn deployed(&mut self, deployment: &Deployment) {
        self.escalation.deployed(deployment);
    }

    pub fn trigger(&mut self, event: &TriggerEvent) {
        self.escalation.trigger(event);
    }

    /// Begins what is due, and says what has become of the rest. The clock that stamps the log is so many nanoseconds ahead of this
    /// machine's; deployments and what is done about them are told by the same.
    pub fn turn(&mut self, session: &Session, ahead: i64) -> Vec<ActionEvent> {
        let mut events = self.news();
        let Some(tick) = session.engine.judge.evaluated_until().filter(|_| self.is_live) else { return events };
        if log_now(ahead).second() - tick.second() > BEHIND {
            return events;
        }
        let rules = &session.engine.judge.rules;
        for due in self.escalation.due(tick, |trigger, since| rules.ack(trigger, since).is_some()) {
            events.extend(self.begin(due, ahead, session));
        }
        events
    }

    /// Waits for what was begun.
    pub fn finish(&mut self, is_at_once: impl Fn() -> bool) -> Vec<ActionEvent> {
        let deadline = Instant::now() + END;
        let mut events = self.news();
        while self.open > 0 && Instant::now() < deadline && !is_at_once() {
            thread::sleep(Duration::from_millis(10));
            events.extend(self.news());
        }
        events
    }

    fn news(&mut self) -> Vec<ActionEvent> {
        let mut events = Vec::new();
        while let Ok(Outcome { event, deed }) = self.outcomes.1.try_recv() {
            self.open -= usize::from(event.state != ActionState::Started);
            deed.into_iter().for_each(|deed| self.escalation.did(deed));
            events.push(event);
        }
        events
    }

    /// Begins an action; or gives back at once why not, or what it asks.
    fn begin(&mut self, due: Due, ahead: i64, session: &Session) -> Option<ActionEvent> {
        let Due { action, event, at, deployed_at, held } = due;
        let outcome = |state, does: String, because: Option<String>| ActionEvent {
            id: action.id.clone(),
            trigger: event.id.clone(),
            at,
            state,
            does,
            because,
        };
        let does = in_words(&action.does);
        if let Does::Ask(questions) = &action.does {
            return Some(outcome(ActionState::Held, does, Some(questions.join("; "))));
        }
        let held = held.map(String::from).or_else(|| match (action.execute, self.are_allowed) {
            (true, true) => None,
            (false, _) => Some("the plan does not say `execute = true`".into()),
            (true, false) => Some("--allow-actions is not given".into()),
        });
        let ledger = match (held, &self.ledger) {
            (Some(because), _) => return Some(outcome(ActionState::Held, does, Some(because))),
            (None, Some(ledger)) => ledger.clone(),
            (None, None) => {
                return Some(outcome(
                    ActionState::Held,
                    does,
                    Some("neither --answers nor --state is given to record it in".into()),
                ));
            }
        };
        let faulty = self.escalation.faulty(&event.id);
        let plan = session.plan.document.plan.id.to_lowercase();
        let body = json!({"v": 1, "plan": plan, "action": action.id, "deployed_at": deployed_at, "event": event});
        let doing = Doing {
            deed: Deed {
                at: String::new(),
                id: action.id.clone(),
                trigger: event.id.clone(),
                deployed_at: deployed_at.to_string(),
                state: DeedState::Started,
                from: None,
                commit: None,
                to: None,
                because: None,
            },
            does: action.does.clone(),
            in_words: does.clone(),
            body: body.to_string(),
            ledger,
            deployed_at,
            due: at,
            ahead,
            faulty,
            roll_back: self.roll_back.clone(),
            outcomes: self.outcomes.0.clone(),
        };
        match thread::Builder::new().name("action".into()).spawn(move || doing.run()) {
            Ok(_) => {
                self.open += 1;
                None
            }
            Err(error) => Some(outcome(ActionState::Failed, does, Some(error.to_string()))),
        }
    }
}

/// An action on its thread.
struct Doing {
    deed: Deed,
    does: Does,
    in_words: String,
    /// What a program gets.
    body: String,
    ledger: Ledger,
    deployed_at: Time,
    due: Time,
    /// How far the log's clock is ahead of this machine's, in nanoseconds.
    ahead: i64,
    faulty: BTreeSet<String>,
    roll_back: Option<Arc<RollBack>>,
    outcomes: Sender<Outcome>,
}

impl Doing {
    fn run(self) {
        let (state, because) = match self.act() {
            Ok(()) => (DeedState::Done, None),
            Err(error) => (DeedState::Failed, Some(format!("{error:#}"))),
        };
        // That it was done or not is told, whether it could be recorded or not.
        let recorded = self.record(state, None, because.clone()).err().map(|error| format!("{error:#}"));
        let why = [because, recorded].into_iter().flatten().collect::<Vec<_>>().join("; ");
        self.tell(state, None, Some(why).filter(|why| !why.is_empty()));
    }

    fn act(&self) -> Result<()> {
        match &self.does {
            Does::Ask(_) => Ok(()),
            Does::Command(words) => {
                self.record(DeedState::Started, None, None)?;
                self.tell(DeedState::Started, None, None);
                let start = Instant::now();
                let ended = subprocess::run(words, &self.body, || start.elapsed() < LONGEST)?;
                match ended.status.success() {
                    true => Ok(()),
                    false => Err(anyhow!("the program ended with {}", ended.status)),
                }
            }
            Does::RailwayRollback => {
                let roll_back = self.roll_back.as_ref().ok_or_else(|| anyhow!("nothing to roll back is followed"))?;
                let begin = |step: &Step| {
                    self.record(DeedState::Started, Some(step), None)?;
                    self.tell(DeedState::Started, Some(step), None);
                    Ok(())
                };
                roll_back(&RollBackAsked { deployed_at: self.deployed_at, faulty: &self.faulty, begin: &begin })
            }
        }
    }

    /// The time by the log's clock, as far as it is known: nothing is done before it is due.
    fn now(&self) -> Time {
        log_now(self.ahead).max(self.due)
    }

    fn deed(&self, state: DeedState, step: Option<&Step>, because: Option<String>) -> Deed {
        Deed {
            at: self.now().to_string(),
            state,
            from: step.map(|step| step.from.clone()),
            commit: step.and_then(|step| step.commit.clone()),
            to: step.map(|step| step.to.clone()),
            because,
            ..self.deed.clone()
        }
    }

    /// What stands in the ledger is on the disk before anything is done.
    fn record(&self, state: DeedState, step: Option<&Step>, because: Option<String>) -> Result<()> {
        self.ledger.record(&Said::Action(self.deed(state, step, because)))
    }

    fn tell(&self, state: DeedState, step: Option<&Step>, because: Option<String>) {
        let deed = self.deed(state, step, because.clone());
        let to = step.map_or(String::new(), |step| format!(", from {} to {}", step.from, step.to));
        let event = ActionEvent {
            id: self.deed.id.clone(),
            trigger: self.deed.trigger.clone(),
            at: self.now(),
            state: match state {
                DeedState::Started => ActionState::Started,
                DeedState::Done => ActionState::Done,
                DeedState::Failed => ActionState::Failed,
            },
            does: self.in_words.clone() + &to,
            because,
        };
        // The run may have ended without it.
        let _ = self.outcomes.send(Outcome { event, deed: Some(deed) });
    }
}

/// The time by the clock that stamps the log.
fn log_now(ahead: i64) -> Time {
    now().saturating_add(ahead)
}

fn in_words(does: &Does) -> String {
    match does {
        Does::RailwayRollback => "goes back to an earlier deployment".into(),
        Does::Ask(_) => "asks the manual checks".into(),
        Does::Command(words) => format!("runs {}", words.first().map_or("nothing", String::as_str)),
    }
}
