//! What people answer while they look at a run, on its page or its dashboard: it goes into the file of `--answers` or the state of the
//! run, which hears it there.

use std::sync::Arc;

use super::clock::now;
use super::ledger::Ledger;
use super::options::Read;
use crate::people::{Asked, Item, SIGNAL, Said};
use crate::rules::plan::Manual;
use crate::session::Session;

/// What can be answered and reported, where there is something to record it in.
pub fn asked(read: &Read, session: &Session) -> Option<Asked> {
    let ledger = Ledger::of(read)?;
    let judge = &session.engine.judge;
    let item = |item: &Manual| Item { id: item.id.get_ref().clone(), what: item.what.clone(), ask: item.ask.clone() };
    let classes = judge.library.classes.iter();
    Some(Asked {
        items: judge.rules.manual.iter().map(item).collect(),
        signals: classes.filter_map(|class| class.name.strip_prefix(SIGNAL).map(String::from)).collect(),
        triggers: judge.rules.triggers.iter().map(|trigger| trigger.id.clone()).collect(),
        record: Arc::new(move |said: &Said| ledger.record(said).map_err(|error| format!("{error:#}"))),
        now,
    })
}
