//! What a plan has done when triggers fire: `[[action]]`, checked before a run.

use serde::Deserialize;
use toml::Spanned;

use super::{Error, Plan, Severity, Span};
use crate::expr::suggest::nearest;

/// An `[[action]]` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub id: Spanned<String>,
    /// Severities, or ids of triggers.
    pub on: Spanned<Vec<String>>,
    /// How long such a trigger must have fired with nobody acknowledging it.
    #[serde(default)]
    pub after: Span,
    #[serde(rename = "do")]
    pub deed: Option<Spanned<BuiltIn>>,
    /// A program and its arguments, run without a shell.
    pub command: Option<Spanned<Vec<String>>>,
    /// The safety catch: without it the action is only told of.
    #[serde(default)]
    pub execute: bool,
}

/// What the program knows to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// The service goes back to its newest earlier deployment.
    RailwayRollback,
    /// The plan's manual items are asked.
    Ask,
}

/// An action that is ready to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    pub id: String,
    pub severities: Vec<Severity>,
    /// Ids.
    pub triggers: Vec<String>,
    /// Seconds.
    pub after: i64,
    pub does: Does,
    pub execute: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    RailwayRollback,
    /// What to ask, a question each.
    Ask(Vec<String>),
    Command(Vec<String>),
}

impl Plan {
    /// The actions: those of the plan it extends but for those of an id of its own, then its own.
    ///
    /// # Errors
    ///
    /// Tables that say nothing clear, each with its place.
    pub fn actions(&self) -> Result<Vec<Action>, Error> {
        let mut all = self.base.as_ref().map_or(Ok(Vec::new()), |base| base.actions())?;
        let own = &self.document.actions;
        all.retain(|known| own.iter().all(|action| *action.id.get_ref() != known.id));
        let triggers = self.triggers()?;
        let ids: Vec<&str> = triggers.iter().map(|trigger| trigger.id).collect();
        for (at, written) in own.iter().enumerate() {
            let id = written.id.get_ref();
            if own[..at].iter().any(|known| known.id.get_ref() == id) {
                return Err(self.error(&written.id, format!("two actions are called `{id}`")));
            }
            if written.on.get_ref().is_empty() {
                return Err(self.error(&written.on, "`on` is empty: nothing would ever be done".into()));
            }
            let (mut severities, mut named) = (Vec::new(), Vec::new());
            for on in written.on.get_ref() {
                match on.as_str() {
                    "rollback" => severities.push(Severity::Rollback),
                    "investigate" => severities.push(Severity::Investigate),
                    trigger if ids.contains(&trigger) => named.push(on.clone()),
                    _ => {
                        let near = nearest(on, ids.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
                        let what = format!("`{on}` is no trigger, nor `rollback` or `investigate`");
                        return Err(self.error(&written.on, what + &near.unwrap_or_default()));
                    }
                }
            }
            let does = self.does(written)?;
            let (after, execute) = (written.after.0, written.execute);
            all.push(Action { id: id.clone(), severities, triggers: named, after, does, execute });
        }
        Ok(all)
    }

    fn does(&self, written: &Written) -> Result<Does, Error> {
        match (&written.deed, &written.command) {
            (Some(deed), None) => match deed.get_ref() {
                BuiltIn::RailwayRollback => Ok(Does::RailwayRollback),
                BuiltIn::Ask => {
                    let manual = self.manual()?;
                    if manual.is_empty() {
                        return Err(self.error(deed, "the plan has no `[[manual]]` to ask".into()));
                    }
                    let question =
                        |item: &super::Manual| format!("{}: {} ({})", item.id.get_ref(), item.what, item.ask);
                    Ok(Does::Ask(manual.iter().map(question).collect()))
                }
            },
            (None, Some(command)) if command.get_ref().first().is_some_and(|program| !program.is_empty()) => {
                Ok(Does::Command(command.get_ref().clone()))
            }
            (None, Some(command)) => {
                Err(self.error(command, "`command` is empty; name a program and its arguments".into()))
            }
            _ => Err(self.error(&written.id, "an `[[action]]` has one of `do` and `command`".into())),
        }
    }
}

impl Action {
    /// Whether it is for a trigger of this id and severity.
    pub fn is_for(&self, trigger: &str, severity: Severity) -> bool {
        self.severities.contains(&severity) || self.triggers.iter().any(|id| id == trigger)
    }
}
