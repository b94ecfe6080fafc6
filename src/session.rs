//! Session: a plan and a library made into an engine and its mappers.

pub mod samples;
pub mod saved;
pub mod services;

use std::path::Path;
use std::sync::Arc;

use crate::baseline::{self, Baseline, MadeOf};
use crate::classify::{Classifier, Interest, Library, Routes, library};
use crate::deployment::{Deployment, From};
use crate::engine::Engine;
use crate::gather::Range;
use crate::map::Mapper;
use crate::report::Report;
use crate::rules::Rules;
use crate::rules::plan::{self, Moment, Plan};
use crate::timeline::Timeline;

/// Why there can be no session.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pattern library is wrong.
    #[error(transparent)]
    Library(#[from] library::Error),
    /// The plan is wrong.
    #[error(transparent)]
    Plan(#[from] plan::Error),
}

/// Everything that is read and checked before the first line of input.
pub struct Session {
    /// The plan, as written.
    pub plan: Plan,
    /// What lines are given to, and what has come of them.
    pub engine: Engine,
    /// What deployments are compared with, where that is not what comes before them in the input.
    pub compared_with: Option<MadeOf>,
    /// Those that are judged apart.
    services: Vec<services::Service>,
    classifier: Arc<crate::classify::Shared>,
}

impl Session {
    /// `deployed_at` beats the plan's own time. A library can be shared by any number of sessions.
    pub fn new(
        plan: Plan,
        library: impl Into<Arc<Library>>,
        deployed_at: Option<Moment>,
        range: Range,
    ) -> Result<Session, Error> {
        let library = library.into();
        let mut timeline = Timeline::default();
        let mut interest = Interest::none(&library);
        let rules = Rules::compile(&plan, &library, &mut timeline, &mut interest)?;
        plan.receivers(None)?;
        plan.probes(None)?;
        plan.actions()?;
        let report = Report::new(Arc::clone(&library));
        report.interested(&mut interest);
        crate::classify::interested(&library, &mut interest);
        let routes = Routes::new(&plan.routes());
        let classifier = Classifier::new(library, routes, interest);
        let shared = Arc::clone(&classifier.shared);
        let fixed = match (deployed_at, plan.document.plan.at) {
            (Some(Moment::At(at)), _) => Some(Deployment { at, from: From::Given, shown_by: None }),
            (None, Some(Moment::At(at))) => Some(Deployment { at, from: From::Plan, shown_by: None }),
            _ => None,
        };
        let engine = Engine::new(classifier, timeline, rules, report, fixed, range);
        Ok(Session { plan, engine, compared_with: None, services: Vec::new(), classifier: shared })
    }

    /// The session of a plan by name or file, with its own patterns and the packs of some folders beside the built-in ones.
    pub fn load(
        plan: &str,
        packs: &[impl AsRef<Path>],
        deployed_at: Option<Moment>,
        range: Range,
    ) -> Result<Session, Error> {
        let plan = Plan::load(plan)?;
        let library = plan.library(packs)?;
        Session::new(plan, library, deployed_at, range)
    }

    /// Compares deployments with a saved baseline, in place of what comes before them in the input; `path` is where it stands.
    pub fn compare_with(&mut self, baseline: &Baseline, path: &str) -> Result<(), baseline::Error> {
        let judge = &mut self.engine.judge;
        judge.past = Some(baseline.past(&self.plan, &judge.library, path)?);
        Ok(())
    }

    /// A mapper for another thread.
    pub fn mapper(&self) -> Mapper {
        Mapper::new(Classifier::sharing(Arc::clone(&self.classifier)), Some(self.engine.gather.needs()))
    }

    /// Adds a source of files or a pipe, with the plan's lateness.
    pub fn add_source(&mut self, label: &str) -> usize {
        /// Seconds: lines of one service arrive in order but for threads that race to write.
        const LATENESS: i64 = 2;
        self.engine.add_source(label.into(), self.plan.document.plan.lateness(LATENESS))
    }

    /// Adds a source of a platform's API, with the plan's lateness; and how many nanoseconds that is.
    pub fn add_remote_source(&mut self, label: &str) -> (usize, i64) {
        /// Seconds: the platform gathers lines from several machines, and looks for new ones every few seconds.
        const LATENESS: i64 = 10;
        let lateness = self.plan.document.plan.lateness(LATENESS);
        (self.engine.add_source(label.into(), lateness), lateness)
    }
}
