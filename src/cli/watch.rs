//! `logwatch watch`: services on Railway, followed live.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::actions::RollBack;
use super::intake::Intake;
use super::options::{LogKind, PlaceOptions, Read, WatchOptions};
use super::progress::Progress;
use super::range::{Deployed, End};
use super::run::{Run, UsageError};
use super::signals::Stop;
use super::{keep, overwrite, previous, rollback, run, setup};
use crate::gather::{Bound, Range};
use crate::rules::plan::Moment;
use crate::session::Session;
use crate::source::railway::{Deployment, Error, Kinds, Railway, State, Target, Wanted, Watching};
use crate::state::Setup;
use crate::text::escape;
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
    let mut state = keep::open(read.state.as_deref())?;
    let known = state.as_ref().map(|state| state.setup()).transpose().map_err(keep::usage)?.flatten();
    // Before anything is asked for: a plan that is wrong is told at once.
    let checked = Session::load(&read.plan, &read.patterns, None, Range::default()).map_err(UsageError::from)?;
    run::check(&checked.plan, read, false)?;
    let services = [&options.services[..], &options.more_services].concat();
    let target = railway.find(&wanted(&options.place, services)).map_err(usage)?;
    // By the clock of the platform, which has answered by now.
    let now = known.as_ref().map_or_else(|| railway.now(), |known| known.began);
    let deployed_at = read.deployed_at.map(|deployed: Deployed| deployed.moment(now, read.tz));
    let load = |range| Session::load(&read.plan, &read.patterns, deployed_at, range).map_err(UsageError::from);
    if read.record.is_some() && target.services.len() > 1 {
        return Err(
            UsageError("--record keeps one service; name one, or record each in a run of its own".into()).into()
        );
    }
    let begun = match &state {
        Some(state) => Some(setup::setup(read, asked(options, &target), state, now)?),
        None => None,
    };
    let newest = if known.is_some() { None } else { newest(&railway, &target)? };
    let (reference, deployment) = match &known {
        Some(known) => (known.reference, known.deployment.clone()),
        None => {
            let reference = deployed_at.and_then(moment).or_else(|| newest.as_ref().and_then(Deployment::created));
            (reference, only(options, &target, newest.as_ref())?)
        }
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
    let has = |kind| options.logs.contains(&kind);
    let kinds = Kinds {
        app: has(LogKind::App),
        http: has(LogKind::Http),
        build: has(LogKind::Build),
        network: has(LogKind::Network),
        dns: has(LogKind::Dns),
    };
    // One that goes on is compared with what it began with, which stands in its state.
    let has_begun =
        state.as_ref().map(crate::state::State::has_begun).transpose().map_err(keep::usage)?.unwrap_or(false);
    if previous::is_asked(read) && !has_begun {
        let reference = reference.ok_or_else(|| UsageError("the service was never deployed here".into()))?;
        let (baseline, name) = previous::read(connect(&options.place)?, &target, reference, kinds, read)?;
        session.compare_with(&baseline, &name).map_err(|error| UsageError(error.to_string()))?;
        session.compared_with = Some(baseline.made_of(name));
    }
    let labels: Vec<String> = target.services.iter().map(|service| service.name.clone()).collect();
    // What a baseline holds is of all of them together.
    let apart = labels.len() > 1 && read.baseline.is_none();
    if apart {
        session.judge_apart(&labels, deployed_at, range).map_err(UsageError::from)?;
    }
    let mut logs = BTreeMap::new();
    if let (Some(state), Some(begun)) = (&mut state, begun) {
        let until = until.map(Bound::At);
        let (deployment, sources) = (deployment.clone(), labels.clone());
        let begun = Setup { sources, reference, deployment, since: None, until, apart, ..begun };
        state.begin(&begun).map_err(keep::usage)?;
        logs = state.known().map_err(keep::usage)?;
    }
    let roll_back = match &target.services[..] {
        [_] => Some(roll_back(&options.place, target.clone())),
        _ => None,
    };
    let followed = railway.follow(Watching {
        target,
        kinds,
        filter: options.filter.clone(),
        deployment,
        since,
        until,
        known: logs,
    })?;
    let progress = Progress::following(&labels, &followed.link, read.quiet, read.verbose, read.tz);
    let link = Arc::clone(&followed.link);
    let run = Run {
        read,
        stop: &stop,
        session,
        progress,
        labels: labels.clone(),
        is_saved: false,
        state,
        can_be_read_again: true,
        roll_back,
    };
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

/// What a state is of, beside the plan.
fn asked(options: &WatchOptions, target: &Target) -> Vec<(String, String)> {
    let services: Vec<&str> = target.services.iter().map(|service| service.id.as_str()).collect();
    let names: Vec<&str> = target.services.iter().map(|service| service.name.as_str()).collect();
    let mut logs: Vec<String> = options.logs.iter().map(|log| format!("{log:?}").to_lowercase()).collect();
    logs.sort();
    [
        ("source", "railway".to_string()),
        ("project", format!("{} {}", target.project.name, target.project.id)),
        ("environment", format!("{} {}", target.environment.name, target.environment.id)),
        ("choice of services", format!("{}: {}", names.join(", "), services.join(", "))),
        ("--logs", logs.join(",")),
        ("--filter", options.filter.clone().unwrap_or_default()),
        ("--deployment", options.deployment.clone().unwrap_or_default()),
    ]
    .map(|(name, value)| (name.to_string(), value))
    .to_vec()
}

fn moment(deployed_at: Moment) -> Option<Time> {
    match deployed_at {
        Moment::At(at) => Some(at),
        Moment::Auto => None,
    }
}

/// The one deployment that is asked for.
fn only(options: &WatchOptions, target: &Target, newest: Option<&Deployment>) -> Result<Option<String>> {
    match (options.deployment.as_deref(), newest, &target.services[..]) {
        (None, ..) => Ok(None),
        (Some("latest"), Some(newest), [_]) => Ok(Some(newest.id.clone())),
        (Some("latest"), None, [_]) => Err(UsageError("the service was never deployed here".into()).into()),
        (Some("latest"), ..) => Err(UsageError("--deployment latest is of one service; name one".into()).into()),
        (Some(id), ..) => Ok(Some(id.to_string())),
    }
}

/// Goes back, on a connection of its own.
fn roll_back(place: &PlaceOptions, target: Target) -> RollBack {
    let token_file = place.token_file.clone();
    Box::new(move |asked| {
        let railway = connect_with(token_file.as_deref())?;
        let step = rollback::step(&railway, &target, asked.deployed_at, asked.faulty)?;
        (asked.begin)(&step)?;
        Ok(railway.roll_back(&step.to)?)
    })
}

/// Where the reading begins that nobody has asked to begin elsewhere.
fn read_from(deployed: Option<Time>, now: Time) -> Time {
    let before = |time: Time, seconds: i64| time.saturating_add(-seconds * SECOND);
    before(deployed.unwrap_or(now), BASELINE).max(before(now, LONGEST))
}

pub(super) fn connect(place: &PlaceOptions) -> Result<Railway> {
    connect_with(place.token_file.as_deref())
}

fn connect_with(token_file: Option<&Path>) -> Result<Railway> {
    Railway::connect(token_file, |name| std::env::var(name).ok()).map_err(usage)
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
        if let Some(deployment) = deployments.into_iter().find(ran)
            && newest.as_ref().is_none_or(|newest| newest.created() < deployment.created())
        {
            newest = Some(deployment);
        }
    }
    Ok(newest)
}

/// Whether its processes run or did.
pub(super) fn ran(deployment: &Deployment) -> bool {
    matches!(
        deployment.status.as_str(),
        "SUCCESS" | "DEPLOYING" | "CRASHED" | "SLEEPING" | "REMOVING" | "REMOVED" | "FAILED"
    )
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
