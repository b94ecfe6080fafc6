//! `--serve`: the page of a run, while it goes on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::clock::now;
use super::options::Read;
use super::progress::Aside;
use super::run::UsageError;
use crate::output::escape;
use crate::output::html::Item;
use crate::people::{People, SIGNAL, Said};
use crate::rules::plan::Manual;
use crate::serve::{Access, Answers, Served, Server};
use crate::session::Session;
use crate::snapshot::Snapshots;

/// The server of a run, and whether somebody has answered since the run looked last.
pub struct Serving {
    server: Server,
    answers: Option<PathBuf>,
    answered: Arc<AtomicBool>,
}

impl Serving {
    /// Begins to serve, if that is asked for.
    pub fn start(read: &Read, session: &Session, snapshots: Snapshots, aside: &Aside) -> Result<Option<Serving>> {
        let Some(address) = read.serve else { return Ok(None) };
        let token = std::env::var("LOGWATCH_TOKEN").ok();
        let access = Access::new(address, token.as_deref()).map_err(UsageError)?;
        let answered = Arc::new(AtomicBool::new(false));
        let answers = read.answers.as_deref().map(|path| answers(session, path, &answered));
        let served = Served { snapshots, zone: read.tz, answers };
        let server = Server::start(address, access, served).with_context(|| format!("cannot serve at {address}"))?;
        aside.warn(&format!("the page is at http://{}/", server.address));
        Ok(Some(Serving { server, answers: read.answers.clone(), answered }))
    }

    /// Takes in what was answered on the page since the last call.
    pub fn hear(&self, session: &mut Session, aside: &Aside) {
        let Some(path) = self.answers.as_deref().filter(|_| self.answered.swap(false, Ordering::AcqRel)) else {
            return;
        };
        let heard = People::load(path).and_then(|people| session.engine.judge.hear(people));
        if let Err(error) = heard {
            aside.warn(&format!("{error}; what was answered last is not counted"));
        }
    }

    pub fn stop(self) {
        self.server.stop();
    }
}

/// What can be answered, and the file that it is recorded in.
fn answers(session: &Session, path: &Path, answered: &Arc<AtomicBool>) -> Answers {
    let judge = &session.engine.judge;
    let item = |item: &Manual| Item { id: item.id.get_ref().clone(), what: item.what.clone(), ask: item.ask.clone() };
    let classes = judge.library.classes.iter();
    let (path, answered) = (path.to_path_buf(), Arc::clone(answered));
    let record = move |said: &Said| {
        said.append(&path).map_err(|error| format!("cannot write {}: {error}", escape(&path.display().to_string())))?;
        answered.store(true, Ordering::Release);
        Ok(())
    };
    Answers {
        items: judge.rules.manual.iter().map(item).collect(),
        signals: classes.filter_map(|class| class.name.strip_prefix(SIGNAL).map(String::from)).collect(),
        record: Arc::new(record),
        now,
    }
}
