//! What the engine has noticed, ready to be told.

use serde_json::{Value, json};

use super::actions::Actions;
use super::outputs::Outputs;
use crate::deployment::Deployment;
use crate::engine::Engine;
use crate::judge::Notice;
use crate::mask::Masking;
use crate::notify::{Notifier, Prepared};
use crate::output::json::Object;
use crate::rules::plan::Kind;
use crate::summary::{CheckpointEvent, TriggerEvent, VerdictEvent};
use crate::time::Time;

/// Something that happened.
pub enum Event {
    Deployed(Deployment),
    Trigger(Box<TriggerEvent>),
    Verdict(VerdictEvent),
    Reached(CheckpointEvent),
}

impl Event {
    /// What happened since the engine was last asked, each with what it is made of.
    pub fn take(engine: &mut Engine, masking: Masking) -> Vec<(Event, Notice)> {
        let notices = engine.take_notices();
        notices.into_iter().map(|notice| (Event::new(engine, &notice, masking), notice)).collect()
    }

    pub fn new(engine: &Engine, notice: &Notice, masking: Masking) -> Event {
        match notice {
            Notice::Deployed(deployment) => Event::Deployed(deployment.clone()),
            Notice::Change(change, cause) => {
                Event::Trigger(Box::new(TriggerEvent::new(engine, change, *cause, masking)))
            }
            Notice::Verdict(ruling) => Event::Verdict(VerdictEvent::new(ruling)),
            Notice::Reached(reached) => Event::Reached(CheckpointEvent::new(engine, reached, masking)),
        }
    }

    pub fn show(&self, outputs: &mut Outputs) {
        match self {
            Event::Deployed(deployment) => outputs.deployed(deployment.clone()),
            Event::Trigger(event) => outputs.trigger(event),
            Event::Verdict(event) => outputs.verdict(event),
            Event::Reached(event) => outputs.reached(event),
        }
    }

    /// Lets the actions of a plan know of it.
    pub fn note(&self, actions: &mut Actions) {
        match self {
            Event::Deployed(deployment) => actions.deployed(deployment),
            Event::Trigger(event) => actions.trigger(event),
            Event::Verdict(_) | Event::Reached(_) => {}
        }
    }

    /// What the receivers of notifications are to be sent of it.
    pub fn prepare(&self, notifier: &mut Notifier) -> Vec<Prepared> {
        match self {
            Event::Deployed(deployment) => {
                notifier.deployed(deployment);
                Vec::new()
            }
            Event::Trigger(event) => notifier.trigger(event),
            Event::Verdict(event) => notifier.verdict(event),
            Event::Reached(event) => notifier.reached(event),
        }
    }

    /// What a state tells it from others by. Of a deployment it is known what happens under it, so its own is another one.
    pub fn key(&self, deployed_at: Option<Time>) -> Option<String> {
        let object = match self {
            Event::Deployed(deployment) => {
                return Some(json!(["deployed", deployment.at, deployment.from]).to_string());
            }
            Event::Trigger(event) => Object::Trigger(event),
            Event::Verdict(event) => Object::Verdict(event),
            Event::Reached(event) => match event.kind {
                Kind::Checkpoint => Object::Checkpoint(event),
                Kind::Success => Object::Success(event),
            },
        };
        let event: Value = serde_json::to_value(&object).ok()?;
        let members = ["type", "id", "group", "at", "state", "status", "verdict"].map(|member| &event[member]);
        Some(json!([deployed_at, members]).to_string())
    }

    /// Whether it is shown by itself: a deployment is with what happens under it.
    pub fn is_shown(&self) -> bool {
        !matches!(self, Event::Deployed(_))
    }
}
