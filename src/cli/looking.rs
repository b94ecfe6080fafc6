//! Those who look at a run while it goes on: on a page, on a dashboard.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::answering::Answering;
use super::intake::Intake;
use super::options::Read;
use super::outputs::Outputs;
use super::progress::Progress;
use super::run::UsageError;
use super::signals::Stop;
use super::tui::{Dashboard, Shared};
use super::{serve, tui};
use crate::mask::Masking;
use crate::serve::Server;
use crate::session::Session;
use crate::snapshot::Recorder;

/// What is written to standard output while its terminal shows a dashboard.
pub type Held = Arc<Mutex<Vec<u8>>>;

/// How often it is looked whether the last one has gone.
const PATIENCE: Duration = Duration::from_millis(50);

pub struct Looking {
    answering: Option<Answering>,
    server: Option<Server>,
    dashboard: Option<Dashboard>,
    shared: Option<Arc<Shared>>,
    masking: Masking,
    /// All that is to be read is there.
    is_saved: bool,
}

/// Where standard output is to wait, if it is: a dashboard needs a terminal.
pub fn held(read: &Read) -> Result<Option<Held>> {
    if read.tui && !io::stdout().is_terminal() {
        return Err(UsageError("--tui shows a dashboard in a terminal, and standard output is none".into()).into());
    }
    Ok(read.tui.then(Held::default))
}

impl Looking {
    /// Shows the run, if that is asked for.
    pub fn start(
        read: &Read,
        session: &Session,
        plan: &str,
        outputs: &mut Outputs,
        progress: &mut Progress,
        stop: &Stop,
        is_saved: bool,
    ) -> Result<Looking> {
        let masking = read.redact.masking();
        let (mut server, mut dashboard, mut shared) = (None, None, None);
        let answering = Answering::of(read);
        if read.is_looked_at() {
            let recorder = Recorder::new(&session.engine, plan, masking);
            let asked = answering.as_ref().map(|answering| answering.asked(session));
            server = serve::start(read, recorder.snapshots(), asked.clone(), &progress.aside())?;
            if read.tui {
                let board = Arc::new(Shared::default());
                progress.show_on(Arc::clone(&board));
                let snapshots = recorder.snapshots();
                dashboard = Some(tui::Dashboard::start(snapshots, asked, read.tz, Arc::clone(&board), stop.clone())?);
                shared = Some(board);
            }
            outputs.record(recorder);
        }
        Ok(Looking { answering, server, dashboard, shared, masking, is_saved })
    }

    /// Shows the newest lines, too.
    pub fn follow(&self, intake: &mut Intake) {
        if let Some(shared) = &self.shared {
            intake.show_on(Arc::clone(shared), self.masking);
        }
    }

    /// Whether somebody has answered since the last call.
    pub fn were_answered(&self) -> bool {
        self.answering.as_ref().is_some_and(Answering::has_news)
    }

    /// Lets them look at the end for as long as they want: of a saved log that is what there is to see, and a dashboard is closed by
    /// who looks at it.
    pub fn end(self, held: Option<Held>, progress: &Progress, stop: &Stop) {
        let is_open = || self.dashboard.as_ref().is_some_and(Dashboard::is_open);
        while !stop.is_asked() && (is_open() || self.server.is_some() && self.is_saved) {
            std::thread::sleep(PATIENCE);
        }
        if let Some(server) = self.server {
            server.stop();
        }
        let Some(dashboard) = self.dashboard else { return };
        let warnings = dashboard.close();
        if let Some(held) = held {
            let held = held.lock().unwrap_or_else(PoisonError::into_inner);
            let mut out = io::stdout().lock();
            // Nobody is left to read it when this fails.
            let _ = out.write_all(&held).and_then(|()| out.flush());
        }
        warnings.iter().for_each(|warning| progress.aside().warn(warning));
    }
}
