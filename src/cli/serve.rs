//! `--serve`: the page of a run, while it goes on.

use anyhow::{Context, Result};

use super::options::Read;
use super::progress::Aside;
use super::run::UsageError;
use crate::people::Asked;
use crate::serve::{Access, Served, Server};
use crate::snapshot::Snapshots;

/// Begins to serve, if that is asked for, and says where.
pub fn start(read: &Read, snapshots: Snapshots, asked: Option<Asked>, aside: &Aside) -> Result<Option<Server>> {
    let Some(address) = read.serve else { return Ok(None) };
    let token = std::env::var("LOGWATCH_TOKEN").ok();
    let access = Access::new(address, token.as_deref()).map_err(UsageError)?;
    let served = Served { snapshots, zone: read.tz, asked };
    let server = Server::start(address, access, served).with_context(|| format!("cannot serve at {address}"))?;
    aside.note(&format!("the page is at http://{}/", server.address));
    Ok(Some(server))
}
