//! `logwatch watch`: services on Railway, followed live.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::intake::Intake;
use super::options::{LogKind, PlaceOptions, Read, WatchOptions};
use super::overwrite;
use super::progress::Progress;
use super::range::{Deployed, End};
use super::run::{Run, UsageError};
use super::signals::Stop;
use crate::gather::{Bound, Range};
use crate::output::escape;
use crate::rules::plan::Moment;
use crate::session::Session;
use crate::source::railway::{Deployment, Error, Kinds, Railway, State, Target, Wanted, Watching};
use crate::time::{SECOND, Time};

/// Seconds before the deployment, of which its baseline is made.
const BASELINE: i64 = 3_600;
/// Seconds that are read back where nobody asks for more: of an old deployment all would be days.
const LONGEST: i64 = 6 * 3_600;

/// Follows until a signal, or the end that is asked for, and gives the exit status.
pub fn watch(options: &WatchOptions, read: &Read, out: &mut dyn Write) -> Result<i32> {
    let railway = connect(&options.place)?;
    if options.list {
        list(&railway, out)?;
        return Ok(0);
    }
    let stop = Stop::on_signals()?;
    overwrite::refuse(read, &[])?;
    // Before anything is asked for: a plan that is wrong is told at once.
    let now = railway.now();
    let deployed_at = read.deployed_at.map(|deployed: Deployed| deployed.moment(now, read.tz));
    let load = |range| Session::load(&read.plan, &read.patterns, deployed_at, range).map_err(UsageError::from);
    load(Range::default())?;
    let services = [&options.services[..], &options.more_services].concat();
    let target = railway.find(&wanted(&options.place, services)).map_err(usage)?;
    if read.record.is_some() && target.services.len() > 1 {
        return Err(
            UsageError("--record keeps one service; name one, or record each in a run of its own".into()).into()
        );
    }
    let newest = newest(&railway, &target)?;
    let deployment = match options.deployment.as_deref() {
        None => None,
        Some("latest") => match (&newest, &target.services[..]) {
            (Some(newest), [_]) => Some(newest.id.clone()),
            (_, [_]) => return Err(UsageError("the service was never deployed here".into()).into()),
            _ => return Err(UsageError("--deployment latest is of one service; name one".into()).into()),
        },
        Some(id) => Some(id.to_string()),
    };
    let now = railway.now();
    let reference = match deployed_at {
        Some(Moment::At(at)) => Some(at),
        _ => newest.as_ref().and_then(Deployment::created),
    };
    let at = |end: End| match end.bound(now, read.tz) {
        Bound::At(time) => Ok(time),
        Bound::AfterDeployment(seconds) => {
            reference.map(|at| at.saturating_add(seconds.saturating_mul(SECOND))).ok_or_else(|| {
                UsageError("a range that counts from the deployment needs one; the service has none here".into())
            })
        }
    };
    let since = read.since.map(at).transpose()?.unwrap_or_else(|| read_from(reference, now));
    let until = read.until.map(at).transpose()?;
    let range = Range { since: None, until: until.map(Bound::At) };
    let mut session = load(range)?;
    let labels: Vec<String> = target.services.iter().map(|service| service.name.clone()).collect();
    if labels.len() > 1 {
        session.judge_apart(&labels, deployed_at, range).map_err(UsageError::from)?;
    }
    let has = |kind| options.logs.contains(&kind);
    let kinds = Kinds {
        app: has(LogKind::App),
        http: has(LogKind::Http),
        network: has(LogKind::Network),
        dns: has(LogKind::Dns),
    };
    let followed =
        railway.follow(Watching { target, kinds, filter: options.filter.clone(), deployment, since, until })?;
    let progress = Progress::following(&labels, &followed.link, read.quiet, read.verbose, read.tz);
    let link = Arc::clone(&followed.link);
    let run = Run { read, stop: &stop, session, progress, labels: labels.clone(), is_saved: false };
    let (status, _) = run.drive(|session, record, aside| {
        let mut intake = Intake::start(session, Vec::new(), 1, aside)?;
        intake.follow(session, &labels, followed, record)?;
        Ok(intake)
    })?;
    if read.verbose {
        let State { repeated, found_late, reconnects, .. } = link.look();
        // Nobody is left to tell when this fails.
        let _ = writeln!(
            std::io::stderr(),
            "logwatch: {repeated} records came twice, which is on purpose; {found_late} were stored late; connected again {reconnects} times"
        );
    }
    Ok(status)
}

/// Where the reading begins that nobody has asked to begin elsewhere.
fn read_from(deployed: Option<Time>, now: Time) -> Time {
    let before = |time: Time, seconds: i64| time.saturating_add(-seconds * SECOND);
    before(deployed.unwrap_or(now), BASELINE).max(before(now, LONGEST))
}

pub(super) fn connect(place: &PlaceOptions) -> Result<Railway> {
    let railway = Railway::connect(place.token_file.as_deref().map(Path::new), |name| std::env::var(name).ok());
    railway.map_err(usage)
}

pub(super) fn wanted(place: &PlaceOptions, services: Vec<String>) -> Wanted {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Wanted {
        project: place.project.clone(),
        environment: place.environment.clone(),
        default: (variable("RAILWAY_PROJECT_ID"), variable("RAILWAY_ENVIRONMENT_ID")),
        services,
        own_service: variable("RAILWAY_SERVICE_ID"),
    }
}

/// What was asked for wrongly is told as a mistake of usage, with its exit status.
pub(super) fn usage(error: Error) -> anyhow::Error {
    match error {
        Error::Asked(message) => UsageError(message).into(),
        other => other.into(),
    }
}

/// The newest deployment of the services that runs or did.
fn newest(railway: &Railway, target: &Target) -> Result<Option<Deployment>> {
    let mut newest: Option<Deployment> = None;
    for service in &target.services {
        let deployments = railway.deployments(target, &service.id).map_err(usage)?;
        let ran = |deployment: &Deployment| {
            matches!(
                deployment.status.as_str(),
                "SUCCESS" | "DEPLOYING" | "CRASHED" | "SLEEPING" | "REMOVING" | "REMOVED" | "FAILED"
            )
        };
        if let Some(deployment) = deployments.into_iter().find(ran)
            && newest.as_ref().is_none_or(|newest| newest.created() < deployment.created())
        {
            newest = Some(deployment);
        }
    }
    Ok(newest)
}

/// Shows what the token can see: projects, their environments, their services.
fn list(railway: &Railway, out: &mut dyn Write) -> Result<()> {
    let projects = railway.visible().map_err(usage)?;
    let named = projects.iter().flat_map(|project| [&project.environments[..], &project.services].concat());
    let width = named.map(|named| escape(&named.name).chars().count()).max().unwrap_or(0);
    for project in projects {
        writeln!(out, "project {}   {}", escape(&project.own.name), escape(&project.own.id))?;
        for (what, all) in [("environment", project.environments), ("service", project.services)] {
            for one in all {
                writeln!(out, "  {what:<11}  {:<width$}   {}", escape(&one.name), escape(&one.id))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_begins_an_hour_before_the_deployment_and_not_days_ago() {
        let at = |hours: i64| Time::from_second(1_756_000_000 + hours * 3_600);
        assert_eq!(read_from(Some(at(0)), at(2)), at(-1));
        assert_eq!(read_from(Some(at(0)), at(50)), at(44));
        assert_eq!(read_from(None, at(0)), at(-1));
    }
}
