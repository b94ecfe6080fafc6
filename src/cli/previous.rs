//! `logwatch watch --baseline previous`: the log of the deployment before, read through the API to compare with.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};

use super::baseline;
use super::intake::Intake;
use super::options::Read;
use super::progress::Progress;
use super::watch::{ran, usage};
use crate::baseline::Baseline;
use crate::gather::{Bound, Range};
use crate::source::railway::{Deployment, Kinds, Railway, Target, Watching};
use crate::time::{SECOND, Time};

/// What stands in place of a file.
pub const PREVIOUS: &str = "previous";
/// Seconds of its log that are read, the last ones.
const LONGEST: i64 = 6 * 3_600;

/// Whether it is asked for.
pub fn is_asked(read: &Read) -> bool {
    read.baseline.as_deref() == Some(Path::new(PREVIOUS))
}

/// Reads what the deployment before `newest` wrote, and the requests that it had.
pub fn read(
    railway: Railway,
    target: &Target,
    newest: &Deployment,
    kinds: Kinds,
    read: &Read,
) -> Result<(Baseline, String)> {
    let [service] = &target.services[..] else {
        return Err(anyhow!("the deployment before is that of one service; name one"));
    };
    let deployments = railway.deployments(target, &service.id).map_err(usage)?;
    let is_before = |deployment: &&Deployment| ran(deployment) && deployment.created() < newest.created();
    let previous =
        deployments.iter().find(is_before).ok_or_else(|| anyhow!("there is no deployment before {}", newest.id))?;
    let until = newest.created().ok_or_else(|| anyhow!("nobody knows when {} was created", newest.id))?;
    let earliest = until.saturating_add(-LONGEST * SECOND);
    let since = previous.created().unwrap_or(earliest).max(earliest);
    let range = Range { since: None, until: Some(Bound::At(until)) };
    let session = baseline::before_all(&read.plan, &read.patterns, range)?;
    let (labels, id) = (vec![service.name.clone()], previous.id.clone());
    let watching = watching(target, kinds, &id, since, until);
    let followed = railway.follow(watching)?;
    let progress = Progress::following(&labels, &followed.link, read.quiet, read.verbose, read.tz);
    let baseline = baseline::of_session(session, progress, |session, record, aside| {
        let mut intake = Intake::start(session, Vec::new(), 1, aside)?;
        intake.follow(session, &labels, followed, record)?;
        Ok(intake)
    });
    Ok((baseline?, format!("deployment {id}")))
}

fn watching(target: &Target, kinds: Kinds, id: &str, since: Time, until: Time) -> Watching {
    let deployment = Some(id.to_string());
    let known = BTreeMap::new();
    Watching { target: target.clone(), kinds, filter: None, deployment, since, until: Some(until), known }
}
