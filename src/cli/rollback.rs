//! `logwatch rollback`: which deployment a service would go back to, and going back.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Result, anyhow};

use super::options::RollbackOptions;
use super::run::UsageError;
use super::watch::{connect, usage, wanted};
use crate::source::railway::{Deployment, Railway, Target};
use crate::text::escape;
use crate::time::Time;

/// Shows what it would do, and does it if that is asked for.
pub fn rollback(options: &RollbackOptions, out: &mut dyn Write) -> Result<i32> {
    let railway = connect(&options.place)?;
    let target = railway.find(&wanted(&options.place, vec![options.service.clone()])).map_err(usage)?;
    let [service] = &target.services[..] else {
        return Err(UsageError("name one service".into()).into());
    };
    let deployments = railway.deployments(&target, &service.id).map_err(usage)?;
    let running = running(&railway, &target, &deployments)?;
    let earlier = match &options.to {
        Some(id) => named(&deployments, id)?,
        None => newest_earlier(&deployments, running, |_| false)?,
    };
    if running.is_some_and(|running| running.id == earlier.id) {
        return Err(UsageError(format!("{} is the deployment that runs", earlier.id)).into());
    }
    let (name, environment, project) = (&service.name, &target.environment.name, &target.project.name);
    writeln!(out, "{} in {} of {}", escape(name), escape(environment), escape(project))?;
    match running {
        Some(running) => writeln!(out, "  runs      {}", shown(running))?,
        None => writeln!(out, "  runs      nothing")?,
    }
    writeln!(out, "  goes to   {}", shown(earlier))?;
    writeln!(
        out,
        "The variables of that deployment are restored, too, and the next push deploys the newer code again."
    )?;
    if !options.execute {
        writeln!(out, "Nothing was done; --execute does it.")?;
        return Ok(0);
    }
    // Written before, so that it is known even if the answer never comes.
    out.flush()?;
    railway.roll_back(&earlier.id).map_err(usage)?;
    writeln!(out, "Railway rolls back to {}; `logwatch watch {}` shows how it does.", earlier.id, escape(name))?;
    Ok(0)
}

/// A rollback that an action does: from what is judged to the newest earlier deployment that is not known to be faulty.
#[derive(Debug)]
pub(super) struct Step {
    pub from: String,
    pub commit: Option<String>,
    pub to: String,
}

/// What there is to do for the deployment of this time, on a service that a watch follows. `faulty` has ids and commits.
pub(super) fn step(railway: &Railway, target: &Target, deployed_at: Time, faulty: &BTreeSet<String>) -> Result<Step> {
    let [service] = &target.services[..] else { return Err(anyhow!("a rollback is of one service")) };
    let deployments = railway.deployments(target, &service.id)?;
    let running = running(railway, target, &deployments)?.ok_or_else(|| anyhow!("no deployment of it runs"))?;
    // It is created before its processes start.
    if running.created().is_some_and(|created| created > deployed_at) {
        return Err(anyhow!("another deployment runs by now, {}", running.id));
    }
    let commit = |deployment: &Deployment| Some(deployment.meta.as_ref()?["commitHash"].as_str()?.to_string());
    let is_faulty = |deployment: &Deployment| {
        faulty.contains(&deployment.id) || commit(deployment).is_some_and(|own| faulty.contains(&own))
    };
    let earlier = newest_earlier(&deployments, Some(running), is_faulty)?;
    Ok(Step { from: running.id.clone(), commit: commit(running), to: earlier.id.clone() })
}

/// The newest deployment that runs; where none does, the newest that did.
fn running<'a>(railway: &Railway, target: &Target, deployments: &'a [Deployment]) -> Result<Option<&'a Deployment>> {
    let active = railway.active(target).map_err(usage)?;
    let is_active = |deployment: &&Deployment| active.iter().any(|other| other.id == deployment.id);
    let ran = |deployment: &&Deployment| matches!(deployment.status.as_str(), "SUCCESS" | "CRASHED" | "SLEEPING");
    Ok(deployments.iter().find(is_active).or_else(|| deployments.iter().find(ran)))
}

fn named<'a>(deployments: &'a [Deployment], id: &str) -> Result<&'a Deployment> {
    let found = deployments.iter().find(|deployment| deployment.id == id);
    let found = found.ok_or_else(|| UsageError(format!("the service has no deployment {}", escape(id))))?;
    match found.can_rollback {
        true => Ok(found),
        false => Err(UsageError(format!(
            "Railway cannot roll back to {}: its image is kept for a limited time{}",
            found.id,
            others(deployments)
        ))
        .into()),
    }
}

/// `is_faulty` tells of deployments that are not gone back to.
fn newest_earlier<'a>(
    deployments: &'a [Deployment],
    running: Option<&Deployment>,
    is_faulty: impl Fn(&Deployment) -> bool,
) -> Result<&'a Deployment> {
    let is_earlier = |deployment: &&Deployment| {
        deployment.can_rollback
            && !is_faulty(deployment)
            && running.is_none_or(|running| deployment.id != running.id && deployment.created() < running.created())
    };
    let found = deployments.iter().find(is_earlier);
    found.ok_or_else(|| UsageError("there is no earlier deployment that Railway can roll back to".into()).into())
}

/// `d-2  2026-11-30T12:00:00Z  SUCCESS  abc1234 a change`
fn shown(deployment: &Deployment) -> String {
    let created = deployment.created().map_or("at an unknown time".into(), |created| created.to_string());
    let meta = |name: &str| deployment.meta.as_ref().and_then(|meta| meta[name].as_str()).unwrap_or_default();
    let commit: String = meta("commitHash").chars().take(7).collect();
    let message = meta("commitMessage").lines().next().unwrap_or_default();
    let text = format!("{}  {created}  {}  {commit} {message}", deployment.id, deployment.status);
    escape(text.trim_end())
}

/// Where it can go instead.
fn others(deployments: &[Deployment]) -> String {
    let ids: Vec<&str> =
        deployments.iter().filter(|other| other.can_rollback).map(|other| other.id.as_str()).take(5).collect();
    if ids.is_empty() { String::new() } else { format!("; it can to {}", ids.join(", ")) }
}
