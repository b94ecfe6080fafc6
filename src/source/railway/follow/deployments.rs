//! Deployments: whose HTTP logs are read, and what becomes of them.

use std::time::Instant;

use super::super::budget::Purpose;
use super::super::log::{Kind, Log};
use super::super::output::Gone;
use super::super::pace::Delays;
use super::super::record::Record;
use super::super::target::{self, Deployment, Instance};
use super::listen::Ears;
use super::{Error, Follower, Watching};
use crate::external::External;
use crate::time::Time;

/// Deployments that got requests, or may.
fn serves(status: &str) -> bool {
    matches!(status, "SUCCESS" | "REMOVED" | "REMOVING" | "CRASHED" | "SLEEPING" | "DEPLOYING")
}

/// Deployments that will run soon, or not at all: it is worth looking at them more often.
fn is_coming(status: &str) -> bool {
    matches!(status, "QUEUED" | "INITIALIZING" | "BUILDING" | "DEPLOYING")
}

impl Follower {
    /// Finds the logs that are to be read: those of all deployments since the time that is asked for, and of those before it that
    /// ran then.
    pub(super) async fn find_logs(&mut self) -> Result<(), Gone> {
        let since = self.watching.since;
        let environment = self.watching.target.environment.id.clone();
        if self.watching.kinds.app {
            let filter = Some(self.watching.app_filter());
            let log = Log::new(Kind::App { environment }, self.names_deployments(), filter, since, true);
            self.logs.push(self.going_on(log));
        }
        self.find_logs_of_network();
        let mut delays = Delays::new(self.pace);
        let mut is_first = true;
        let mut found = None;
        while found.is_none() {
            match self.deployed().await {
                Ok(deployments) => found = Some(deployments),
                Err(error) => {
                    self.tell_broken(&error, std::mem::take(&mut is_first));
                    tokio::select! {
                        () = tokio::time::sleep(delays.next(&error)) => {}
                        () = self.output.chunks.closed() => return Err(Gone),
                    }
                }
            }
        }
        for (service, deployment, is_live) in found.into_iter().flatten() {
            self.deployments.insert(deployment.id.clone(), deployment.stands().to_string());
            let is_asked_for = self.watching.deployment.as_ref().is_none_or(|asked| *asked == deployment.id);
            let is_known = self.logs.iter().any(|log| log.kind.is_http_of(&deployment.id));
            if self.watching.kinds.http && is_asked_for && !is_known && (is_live || serves(&deployment.status)) {
                let from = deployment.created().map_or(since, |created| created.max(since));
                self.logs.push(self.http_log(service, deployment.id.clone(), from, is_live));
            }
            // One that was built before is none of what is asked for.
            let is_built_since = deployment.created().is_some_and(|created| created >= since);
            if self.watching.kinds.build && is_asked_for && is_built_since {
                let is_live = is_coming(&deployment.status);
                self.logs.push(self.build_log(service, deployment.id, since, is_live));
            }
        }
        Ok(())
    }

    /// What the platform sees itself, of one service or of all; Railway's filters are about what services write.
    fn find_logs_of_network(&mut self) {
        let Watching { target, kinds, since, .. } = &self.watching;
        let environment = target.environment.id.clone();
        let service = match &target.services[..] {
            [one] => Some(one.id.clone()),
            _ => None,
        };
        let network =
            kinds.network.then(|| Kind::Network { environment: environment.clone(), service: service.clone() });
        let dns = kinds.dns.then_some(Kind::Dns { environment, service });
        let logs = [network, dns].into_iter().flatten();
        let names = self.names_deployments();
        self.logs.extend(logs.map(|kind| Log::new(kind, names, None, *since, true)));
    }

    /// The deployments that may have something since the time that is asked for, and whether they run.
    async fn deployed(&self) -> Result<Vec<(usize, Deployment, bool)>, Error> {
        let since = self.watching.since;
        let instances = self.instances(Purpose::Needed).await?;
        let mut found = Vec::new();
        for (service, named) in self.watching.target.services.iter().enumerate() {
            let active: Vec<Deployment> = instances
                .iter()
                .filter(|instance| instance.service_id == named.id)
                .flat_map(|instance| instance.active().to_vec())
                .collect();
            let all = target::deployments(&self.client, &self.watching.target, &named.id, Some(since)).await?;
            let is_active = |id: &str| active.iter().any(|deployment| deployment.id == id);
            // The newest one that succeeded runs, whatever else is said.
            let newest = all.iter().find(|deployment| deployment.status == "SUCCESS" && !deployment.deployment_stopped);
            let newest = newest.map(|deployment| deployment.id.clone());
            let mut is_before = false;
            for deployment in all {
                let is_live = is_active(&deployment.id) || newest.as_ref() == Some(&deployment.id);
                // The one before the time ran then; those before that one did not, but for what is active.
                if is_live || !is_before {
                    is_before |=
                        deployment.created().is_some_and(|created| created < since) && serves(&deployment.status);
                    found.push((service, deployment, is_live));
                }
            }
            let is_missing = |deployment: &&Deployment| !found.iter().any(|(_, known, _)| known.id == deployment.id);
            let missing: Vec<Deployment> = active.iter().filter(is_missing).cloned().collect();
            found.extend(missing.into_iter().map(|deployment| (service, deployment, true)));
        }
        Ok(found)
    }

    async fn instances(&self, purpose: Purpose) -> Result<Vec<Instance>, Error> {
        let target = &self.watching.target;
        let asked = target::environment(&self.client, &target.environment.id, Some(&target.project.id), purpose);
        asked.await.map(|(_, instances)| instances)
    }

    fn http_log(&self, service: usize, deployment: String, from: Time, is_live: bool) -> Log {
        let kind = Kind::Http { service, deployment };
        self.going_on(Log::new(kind, self.names_deployments(), self.watching.filter.clone(), from, is_live))
    }

    fn build_log(&self, service: usize, deployment: String, from: Time, is_live: bool) -> Log {
        let kind = Kind::Build { service, deployment };
        self.going_on(Log::new(kind, false, self.watching.filter.clone(), from, is_live))
    }

    fn names_deployments(&self) -> bool {
        self.watching.target.services.len() == 1
    }

    /// The deployments that records of the apps' log name for the first time, each with its service and its first record's time.
    pub(super) fn unknown_deployments(&self, log: usize, records: &[Record]) -> Vec<(usize, String, Time)> {
        let mut unknown: Vec<(usize, String, Time)> = Vec::new();
        if !matches!(self.logs[log].kind, Kind::App { .. }) {
            return unknown;
        }
        for record in records {
            let (Some(id), Some(service)) = (&record.deployment, self.watching.service(&self.logs[log].kind, record))
            else {
                continue;
            };
            if !self.deployments.contains_key(id) && !unknown.iter().any(|(_, known, _)| known == id) {
                unknown.push((service, id.clone(), record.time));
            }
        }
        unknown
    }

    /// Follows the HTTP log of a deployment, too, from a time on.
    pub(super) async fn add_http(
        &mut self,
        ears: &Ears,
        service: usize,
        deployment: String,
        from: Time,
    ) -> Result<(), Gone> {
        self.deployments.entry(deployment.clone()).or_default();
        if !self.watching.kinds.http {
            return Ok(());
        }
        let log = self.http_log(service, deployment, from.max(self.watching.since), true);
        self.add(ears, log).await
    }

    /// Follows one more log of a deployment, unless it is followed or not asked for.
    async fn add(&mut self, ears: &Ears, mut log: Log) -> Result<(), Gone> {
        let is_of = |id: &String| log.kind.deployment() == Some(id);
        let is_asked_for = self.watching.deployment.as_ref().is_none_or(is_of);
        if !is_asked_for || self.logs.iter().any(|known| known.kind == log.kind) {
            return Ok(());
        }
        // One that is back is not read again.
        if let Some(left) = self.left.get(&log.name) {
            let from = log.from.max(left.saturating_add(1));
            (log.from, log.position, log.settled) = (from, from, from);
        }
        self.logs.push(log);
        let log = self.logs.len() - 1;
        let from = self.subscribe(ears, log).await;
        self.read_back(&[(log, from)], Vec::new()).await?;
        let settled = self.settled_before();
        self.logs[log].has_settled(settled);
        self.stand();
        Ok(())
    }

    /// Looks at what is deployed: a deployment that is new is followed, one that is gone is for a while.
    pub(super) async fn look_at_deployments(&mut self, ears: &Ears) -> Result<(), Gone> {
        self.deployments_seen = Instant::now();
        let Ok(instances) = self.instances(Purpose::Routine).await else { return Ok(()) };
        let services = self.watching.target.services.clone();
        let (mut running, mut coming) = (Vec::new(), Vec::new());
        self.is_deploying = false;
        for (service, named) in services.iter().enumerate() {
            for instance in instances.iter().filter(|instance| instance.service_id == named.id) {
                let next = instance.latest().filter(|latest| is_coming(&latest.status));
                for deployment in instance.active().iter().chain(next) {
                    self.note_status(&named.name, deployment);
                    if is_coming(&deployment.status) {
                        self.is_deploying = true;
                        coming.push(deployment.id.clone());
                        if self.watching.kinds.build {
                            let log = self.build_log(service, deployment.id.clone(), self.watching.since, true);
                            self.add(ears, log).await?;
                        }
                    }
                    if serves(&deployment.status) {
                        running.push(deployment.id.clone());
                        let from = deployment.created().unwrap_or(self.watching.since);
                        self.add_http(ears, service, deployment.id.clone(), from).await?;
                    }
                }
                // One that has failed, crashed or ended runs no more.
                if let Some(latest) = instance.latest().filter(|latest| self.is_known_otherwise(latest)) {
                    self.note_status(&named.name, latest);
                }
            }
        }
        let ends = Instant::now() + self.pace.drain;
        for log in &mut self.logs {
            let is_over = match &log.kind {
                // Where nothing is said to run that is not known.
                Kind::Http { deployment, .. } if !running.is_empty() => !running.contains(deployment),
                Kind::Build { deployment, .. } => !coming.contains(deployment),
                _ => continue,
            };
            log.ends = is_over.then(|| log.ends.unwrap_or(ends));
        }
        Ok(())
    }

    fn is_known_otherwise(&self, deployment: &Deployment) -> bool {
        self.deployments.get(&deployment.id).is_some_and(|known| known != deployment.stands())
    }

    /// Says when the status of a deployment changes.
    fn note_status(&mut self, service: &str, deployment: &Deployment) {
        let status = deployment.stands();
        let before = self.deployments.insert(deployment.id.clone(), status.to_string());
        if before.as_deref() == Some(status) {
            return;
        }
        let was = before.filter(|before| !before.is_empty()).map_or(String::new(), |before| format!(", was {before}"));
        let message = format!("{}: deployment {} is {status}{was}", crate::text::escape(service), deployment.id);
        let now = self.client.server_now();
        let at = deployment.changed().filter(|changed| *changed <= now && *changed >= self.watching.since);
        let event = External::new(at.unwrap_or(now), "railway.deployment", message.clone());
        let event = event.label("service", service).label("deployment", &deployment.id).label("status", status);
        // Nobody listens any more.
        let _ = self.events.send(event);
        self.link.say(message);
    }
}
