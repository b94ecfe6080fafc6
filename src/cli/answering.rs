//! What people answer while a run goes on, on its page or its dashboard: it goes into the file of `--answers`, and counts at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::clock::now;
use super::options::Read;
use crate::people::{Asked, Item, SIGNAL, Said};
use crate::rules::plan::Manual;
use crate::session::Session;
use crate::text::escape;

/// The file, and whether somebody has answered since the run looked last.
pub struct Answering {
    path: PathBuf,
    answered: Arc<AtomicBool>,
}

impl Answering {
    /// Where a file is named, and somebody can be asked.
    pub fn of(read: &Read) -> Option<Answering> {
        let path = read.answers.clone().filter(|_| read.is_looked_at())?;
        Some(Answering { path, answered: Arc::default() })
    }

    /// What can be answered and reported.
    pub fn asked(&self, session: &Session) -> Asked {
        let judge = &session.engine.judge;
        let item =
            |item: &Manual| Item { id: item.id.get_ref().clone(), what: item.what.clone(), ask: item.ask.clone() };
        let classes = judge.library.classes.iter();
        let (path, answered) = (self.path.clone(), Arc::clone(&self.answered));
        let record = move |said: &Said| {
            let shown = || escape(&path.display().to_string());
            said.append(&path).map_err(|error| format!("cannot write {}: {error}", shown()))?;
            answered.store(true, Ordering::Release);
            Ok(())
        };
        Asked {
            items: judge.rules.manual.iter().map(item).collect(),
            signals: classes.filter_map(|class| class.name.strip_prefix(SIGNAL).map(String::from)).collect(),
            record: Arc::new(record),
            now,
        }
    }

    /// Whether somebody has answered since the last call.
    pub fn has_news(&self) -> bool {
        self.answered.swap(false, Ordering::AcqRel)
    }
}
