//! Several services in one run: each is judged for itself, too, by an engine that gets its lines alone.

use std::ops::Range;
use std::sync::Arc;

use super::{Error, Session};
use crate::engine::Engine;
use crate::external::External;
use crate::gather;
use crate::map::Fragment;
use crate::rules::plan::Moment;
use crate::rules::verdict::Verdict;
use crate::summary::ServiceVerdict;
use crate::time::Time;

/// A service, and the engine that judges it.
pub struct Service {
    label: String,
    pub(super) engine: Engine,
    /// What was measured before its first line.
    pub(super) early: Vec<External>,
}

impl Session {
    /// Has the services of the sources be judged apart: of the first source the first one, and so on. Before the first line.
    pub fn judge_apart(
        &mut self,
        labels: &[String],
        deployed_at: Option<Moment>,
        range: gather::Range,
    ) -> Result<(), Error> {
        for label in labels {
            let library = Arc::clone(&self.engine.judge.library);
            let mut own = Session::new(self.plan.clone(), library, deployed_at, range)?;
            own.add_remote_source(label);
            self.services.push(Service { label: label.clone(), engine: own.engine, early: Vec::new() });
        }
        Ok(())
    }

    /// Takes the next fragment of a source, one of several logs of a platform.
    pub fn feed(&mut self, logs: Range<usize>, source: usize, fragment: Fragment) {
        if let Some(service) = self.services.get_mut(source) {
            service.feed(fragment.clone());
        }
        self.engine.feed_of(logs, source, fragment);
    }

    /// The source has ended.
    pub fn close(&mut self, source: usize) {
        self.apart(source, |engine| engine.close(0));
        self.engine.close(source);
    }

    /// Moves the clock of a source that is connected but silent.
    pub fn advance(&mut self, source: usize, to: Time) {
        self.apart(source, |engine| engine.advance(0, to));
        self.engine.advance(source, to);
    }

    /// Lines of a source may be missing before what it gives next.
    pub fn lose(&mut self, source: usize) {
        self.apart(source, |engine| engine.lose(0));
        self.engine.lose(source);
    }

    /// Takes in an event that no line tells: of the service that it names, or of all.
    pub fn external(&mut self, event: &External) {
        let named = event.labels.get("service");
        for service in self.services.iter_mut().filter(|service| named.is_none_or(|named| *named == service.label)) {
            match service.engine.latest() {
                Some(_) => service.engine.external(event),
                None => service.early.push(event.clone()),
            }
        }
        self.engine.external(event);
    }

    /// Closes all that is open, and gives what is to be said of each service.
    pub fn finish(&mut self) -> Vec<ServiceVerdict> {
        self.engine.finish();
        self.services.iter_mut().map(Service::finish).collect()
    }

    fn apart(&mut self, source: usize, what: impl FnOnce(&mut Engine)) {
        if let Some(service) = self.services.get_mut(source) {
            what(&mut service.engine);
            // What happens is told of all services together.
            service.engine.take_notices();
        }
    }
}

impl Service {
    fn feed(&mut self, fragment: Fragment) {
        if self.engine.latest().is_none() {
            let begins = fragment.lines.iter().filter_map(|line| line.time).min();
            let since_then = |event: &External| begins.is_some_and(|begins| event.at >= begins);
            self.early.drain(..).filter(since_then).for_each(|event| self.engine.external(&event));
        }
        self.engine.feed(0, fragment);
        // What happens is told of all services together.
        self.engine.take_notices();
    }

    fn finish(&mut self) -> ServiceVerdict {
        self.engine.finish();
        let judge = &self.engine.judge;
        let end = judge.evaluated_until().unwrap_or_default();
        let (verdict, reasons, _) = judge.verdict(end);
        ServiceVerdict {
            service: self.label.clone(),
            verdict,
            complete: judge.is_complete(end),
            reasons,
            deployed_at: judge.deployment.as_ref().map(|deployment| deployment.at),
        }
    }
}

/// The verdict of all: what is bad about one service is bad, whatever the others do; that too little is known of one is not.
pub fn of_all(verdict: Verdict, services: &[ServiceVerdict]) -> Verdict {
    let bad = services.iter().map(|service| service.verdict).filter(|verdict| *verdict >= Verdict::Investigate);
    bad.fold(verdict, Verdict::max)
}
