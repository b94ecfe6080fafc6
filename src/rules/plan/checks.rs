//! What a plan asks at set times after the deployment: checkpoints, criteria of success, and what only a person can tell.

use serde::Deserialize;
use toml::Spanned;

use super::{Error, Plan, Severity, Span};
use crate::expr::suggest::nearest;

/// A `[[checkpoint]]`: checks that are looked at once, so long after the deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    pub id: Spanned<String>,
    pub title: String,
    pub at: Spanned<Span>,
    /// The window of expressions that name none; the plan's when left out.
    pub window: Option<Span>,
    #[serde(rename = "check", default)]
    pub checks: Vec<Check>,
}

/// A `[[success]]`: checks that are looked at from so long after the deployment on, until all of them hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    pub id: Spanned<String>,
    pub title: String,
    pub after: Spanned<Span>,
    /// The window of expressions that name none; the plan's when left out.
    pub window: Option<Span>,
    #[serde(rename = "check", default)]
    pub checks: Vec<Check>,
}

/// One thing that is looked at: an expression that must hold, triggers that must not have fired, or a question to a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub id: Spanned<String>,
    pub about: Option<String>,
    /// A comparison, or several.
    pub expect: Option<Spanned<String>>,
    /// Below this many samples a mean, a percentile or a ratio in `expect` is unknown.
    pub min_samples: Option<u64>,
    /// Ids of triggers.
    pub not_fired: Option<Vec<Spanned<String>>>,
    /// The id of a `[[manual]]`.
    pub manual: Option<Spanned<String>>,
}

/// What only a person can know; listed with whom or what to ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manual {
    pub id: Spanned<String>,
    pub what: String,
    pub ask: String,
}

/// A `[[level]]` of alarm that a plan names itself, and which of the program's own it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    pub id: Spanned<String>,
    pub severity: Severity,
}

/// What is to be done in the end, by the verdict.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Next {
    /// When the plan's duration is over, and all criteria of success that were reached are met.
    pub healthy: Vec<String>,
    pub investigate: Vec<String>,
    pub rollback: Vec<String>,
}

/// Whether the checks are looked at once, or until they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Checkpoint,
    Success,
}

/// A checkpoint or a criterion of success, with the plan it is written in.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    pub plan: &'a Plan,
    pub kind: Kind,
    pub id: &'a Spanned<String>,
    pub title: &'a str,
    /// After the deployment.
    pub after: &'a Spanned<Span>,
    pub window: Option<Span>,
    pub checks: &'a [Check],
}

impl Plan {
    /// Checkpoints, then criteria of success, each in the order of their times; one of the same id takes the place of an inherited one.
    pub fn checkpoints(&self) -> Result<Vec<Written<'_>>, Error> {
        let mut own: Vec<Written<'_>> = Vec::new();
        for Checkpoint { id, title, at, window, checks } in &self.document.checkpoints {
            own.push(Written { plan: self, kind: Kind::Checkpoint, id, title, after: at, window: *window, checks });
        }
        for Success { id, title, after, window, checks } in &self.document.successes {
            own.push(Written { plan: self, kind: Kind::Success, id, title, after, window: *window, checks });
        }
        for (at, written) in own.iter().enumerate() {
            if own[..at].iter().any(|known| known.id.get_ref() == written.id.get_ref()) {
                let id = written.id.get_ref();
                return Err(self.error(written.id, format!("two checkpoints or criteria of success are called `{id}`")));
            }
            if written.checks.is_empty() {
                return Err(self.error(written.id, format!("`{}` has no `check`", written.id.get_ref())));
            }
        }
        let inherited = self.base.as_ref().map_or(Ok(Vec::new()), |base| base.checkpoints())?;
        let is_kept = |known: &Written<'_>| own.iter().all(|own| own.id.get_ref() != known.id.get_ref());
        let mut all: Vec<_> = inherited.into_iter().filter(is_kept).collect();
        all.extend(own);
        all.sort_by_key(|written| (written.kind, *written.after.get_ref()));
        Ok(all)
    }

    /// What is to be done in the end; what the plan does not say is inherited.
    pub fn next(&self) -> Next {
        let inherited = self.base.as_ref().map(|base| base.next()).unwrap_or_default();
        let or = |own: &Vec<String>, inherited| if own.is_empty() { inherited } else { own.clone() };
        let own = &self.document.next;
        Next {
            healthy: or(&own.healthy, inherited.healthy),
            investigate: or(&own.investigate, inherited.investigate),
            rollback: or(&own.rollback, inherited.rollback),
        }
    }

    /// The severity of a level that the plan, or one that it extends, names.
    pub fn level(&self, name: &Spanned<String>) -> Result<Severity, Error> {
        let mut known: Vec<&Level> = Vec::new();
        let mut next = Some(self);
        while let Some(plan) = next {
            known.extend(&plan.document.levels);
            next = plan.base.as_deref();
        }
        let found = known.iter().find(|level| level.id.get_ref() == name.get_ref());
        found.map(|level| level.severity).ok_or_else(|| {
            let ids = || known.iter().map(|level| level.id.get_ref().as_str());
            let near = match nearest(name.get_ref(), ids()) {
                Some(near) => format!("; did you mean `{near}`?"),
                None => String::new(),
            };
            self.error(name, format!("no `[[level]]` is called `{}`{near}", name.get_ref()))
        })
    }

    /// The questions to people; one of the same id takes the place of an inherited one.
    pub fn manual(&self) -> Result<Vec<Manual>, Error> {
        let own = &self.document.manual;
        for (at, written) in own.iter().enumerate() {
            if own[..at].iter().any(|known| known.id.get_ref() == written.id.get_ref()) {
                return Err(self.error(&written.id, format!("two manual items are called `{}`", written.id.get_ref())));
            }
        }
        let inherited = self.base.as_ref().map_or(Ok(Vec::new()), |base| base.manual())?;
        let is_kept = |known: &Manual| own.iter().all(|own| own.id.get_ref() != known.id.get_ref());
        Ok(inherited.into_iter().filter(is_kept).chain(own.iter().cloned()).collect())
    }
}
