//! Metrics and events, sent by OpenTelemetry's protocol where its environment variables name a receiver.

use std::sync::Arc;

use anyhow::Result;

use super::progress::Aside;
use super::run::UsageError;
use crate::otlp::{Config, Exporter};
use crate::snapshot::Snapshots;
use crate::text::escape;

/// What the environment asks for; nothing of a replay, which is of what was.
pub fn config(is_saved: bool) -> Result<Option<Config>> {
    if is_saved {
        return Ok(None);
    }
    Ok(Config::of(&|name| std::env::var(name).ok()).map_err(UsageError)?)
}

/// Begins to send.
pub fn start(config: Config, snapshots: Snapshots, aside: Aside) -> Result<Exporter> {
    let warn = Arc::new(move |message: &str| aside.warn(&escape(message)));
    Exporter::start(config, snapshots, warn).map_err(anyhow::Error::msg)
}
