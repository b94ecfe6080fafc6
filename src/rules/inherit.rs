//! What a plan comes to with the one it extends.

use std::collections::BTreeMap;

use toml::Spanned;

use super::plan::{Error, Kpi, Plan, Severity, Span, Trigger};

/// A trigger with all that it has of its own and inherits.
#[derive(Clone, Debug)]
pub struct Inherited<'a> {
    /// The plan that `when` is written in.
    pub plan: &'a Plan,
    pub id: &'a str,
    pub severity: Severity,
    pub level: Option<&'a str>,
    pub when: &'a Spanned<String>,
    pub hold: Span,
    pub confidence: Option<f64>,
    pub min_samples: u64,
    pub resolve_after: Span,
    pub about: Option<&'a str>,
    pub runbook: Option<&'a str>,
}

impl<'a> Inherited<'a> {
    fn new(plan: &'a Plan, written: &'a Trigger) -> Result<Self, Error> {
        let id = written.id.get_ref();
        let lacks = |member: &str| plan.error(&written.id, format!("trigger `{id}` lacks `{member}`"));
        let mut new = Inherited {
            plan,
            id,
            severity: Severity::Info,
            level: None,
            when: written.when.as_ref().ok_or_else(|| lacks("when"))?,
            hold: Span(0),
            confidence: None,
            min_samples: 1,
            resolve_after: Span(0),
            about: None,
            runbook: None,
        };
        if written.severity.is_none() && written.level.is_none() {
            return Err(lacks("severity"));
        }
        new.change(plan, written)?;
        Ok(new)
    }

    fn change(&mut self, plan: &'a Plan, written: &'a Trigger) -> Result<(), Error> {
        if let Some(when) = &written.when {
            (self.plan, self.when) = (plan, when);
        }
        match (written.severity, &written.level) {
            (None, None) => {}
            (Some(severity), None) => (self.severity, self.level) = (severity, None),
            (None, Some(level)) => {
                (self.severity, self.level) = (plan.level(level)?, Some(level.get_ref().as_str()));
            }
            (Some(_), Some(level)) => {
                return Err(
                    plan.error(level, "a trigger has a `severity` or a `level`; the level tells the severity".into())
                );
            }
        }
        self.hold = written.hold.unwrap_or(self.hold);
        self.confidence = written.confidence.or(self.confidence);
        self.min_samples = written.min_samples.unwrap_or(self.min_samples);
        self.resolve_after = written.resolve_after.unwrap_or(self.resolve_after);
        self.about = written.about.as_deref().or(self.about);
        self.runbook = written.runbook.as_deref().or(self.runbook);
        Ok(())
    }
}

impl Plan {
    /// The triggers: those of the plan it extends, changed or left out as this one says, then its own.
    pub fn triggers(&self) -> Result<Vec<Inherited<'_>>, Error> {
        let mut all = self.base.as_ref().map_or(Ok(Vec::new()), |base| base.triggers())?;
        let inherited = all.len();
        let mut off = Vec::new();
        let mut own: Vec<&str> = Vec::new();
        for written in &self.document.triggers {
            let id = written.id.get_ref().as_str();
            if own.contains(&id) {
                return Err(self.error(&written.id, format!("two triggers are called `{id}`")));
            }
            own.push(id);
            match all[..inherited].iter_mut().find(|known| known.id == id) {
                Some(_) if !written.enabled => off.push(id),
                Some(known) => known.change(self, written)?,
                None if written.enabled => all.push(Inherited::new(self, written)?),
                None => return Err(self.error(&written.id, format!("no trigger `{id}` is there to be switched off"))),
            }
        }
        all.retain(|trigger| !off.contains(&trigger.id));
        Ok(all)
    }

    /// The metrics by name, each with the plan it is written in.
    pub fn metrics(&self) -> BTreeMap<&str, (&Plan, &Spanned<String>)> {
        let mut all = self.base.as_ref().map_or_else(BTreeMap::new, |base| base.metrics());
        all.extend(self.document.metrics.iter().map(|(name, text)| (name.as_str(), (self, text))));
        all
    }

    /// The key figures, each with the plan it is written in; one of the same id takes the place of an inherited one.
    pub fn kpis(&self) -> Vec<(&Plan, &Kpi)> {
        let own = &self.document.kpis;
        let inherited = self.base.as_ref().map_or_else(Vec::new, |base| base.kpis());
        let is_kept = |(_, kpi): &(&Plan, &Kpi)| own.iter().all(|own| own.id.get_ref() != kpi.id.get_ref());
        inherited.into_iter().filter(is_kept).chain(own.iter().map(|kpi| (self, kpi))).collect()
    }

    /// The routes that it names, and those of the plans it extends.
    pub fn routes(&self) -> Vec<String> {
        let inherited = self.base.as_ref().map_or_else(Vec::new, |base| base.routes());
        inherited.into_iter().chain(self.document.plan.routes.iter().cloned()).collect()
    }
}
