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
use crate::source::railway::{Kinds, Railway, Target, Watching};
use crate::text::escape;
use crate::time::{SECOND, Time};

/// What stands in place of a file.
pub const PREVIOUS: &str = "previous";
/// Seconds of its log that are read, the last ones.
const LONGEST: i64 = 6 * 3_600;

/// Whether it is asked for.
pub fn is_asked(read: &Read) -> bool {
    read.baseline.as_deref() == Some(Path::new(PREVIOUS))
}

/// Reads what the deployment wrote, and the requests that it had, before the one that was the newest at a time.
pub fn read(railway: Railway, target: &Target, at: Time, kinds: Kinds, read: &Read) -> Result<(Baseline, String)> {
    let [service] = &target.services[..] else {
        return Err(anyhow!("the deployment before is that of one service; name one"));
    };
    let deployments = railway.deployments(target, &service.id).map_err(usage)?;
    let mut known = deployments.iter().filter(|deployment| ran(deployment)).filter_map(|deployment| {
        deployment.created().filter(|created| *created <= at).map(|created| (deployment, created))
    });
    let (Some((_, until)), Some((previous, _))) = (known.next(), known.next()) else {
        return Err(anyhow!("{} has no deployment before the one that is watched", escape(&service.name)));
    };
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
