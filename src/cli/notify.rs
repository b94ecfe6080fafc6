//! `logwatch notify test`, and the notifications of a run.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;

use super::clock::now;
use super::progress::Aside;
use super::run::UsageError;
use crate::notify::{self, Notifier, Subject};
use crate::rules::plan::{Plan, Receiver};
use crate::text::escape;

/// Sends a sample to each receiver of a plan, and says what became of it.
pub fn test(name: &str, out: &mut dyn Write) -> Result<i32> {
    let plan = Plan::load(name).map_err(|error| UsageError(error.to_string()))?;
    let receivers = receivers(&plan)?;
    if receivers.is_empty() {
        return Err(UsageError(format!("{}: the plan has no [[notify]]", escape(name))).into());
    }
    let subject = Subject { plan: plan.document.plan.id.to_lowercase(), ..Subject::default() };
    let mut failed = 0;
    for receiver in &receivers {
        let became = match notify::test(receiver, &subject) {
            Ok(()) => "delivered".into(),
            Err(why) => {
                failed += 1;
                format!("not delivered: {}", escape(&why))
            }
        };
        writeln!(out, "{}: {became}", receiver.name)?;
        out.flush()?;
    }
    Ok(i32::from(failed > 0))
}

/// Who is told of a run, with their addresses; nobody in a replay, unless that is asked for.
pub(super) fn of_run(plan: &Plan, is_saved: bool, is_asked: bool) -> Result<Vec<Receiver>> {
    if is_saved && !is_asked { Ok(Vec::new()) } else { receivers(plan) }
}

/// Begins to send, if anybody is to be told.
pub(super) fn start(receivers: Vec<Receiver>, subject: Subject, aside: Aside) -> Result<Option<Notifier>> {
    if receivers.is_empty() {
        return Ok(None);
    }
    let warn = Arc::new(move |message: &str| aside.warn(&escape(message)));
    Notifier::start(receivers, subject, now, warn).map(Some).map_err(anyhow::Error::msg)
}

fn receivers(plan: &Plan) -> Result<Vec<Receiver>> {
    let variable = |name: &str| std::env::var(name).ok();
    Ok(plan.receivers(Some(&variable)).map_err(|error| UsageError(error.to_string()))?)
}
