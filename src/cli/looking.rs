//! Those who look at a run while it goes on: on a page, on a dashboard, elsewhere by what is sent there.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use super::intake::Intake;
use super::options::Read;
#[cfg(feature = "otlp")]
use super::otlp;
use super::outputs::Outputs;
use super::progress::Progress;
use super::run::UsageError;
use super::signals::Stop;
use super::tui::{Dashboard, Shared};
use super::{answering, serve, tui};
use crate::mask::Masking;
#[cfg(feature = "otlp")]
use crate::otlp::Exporter;
use crate::serve::Server;
use crate::session::Session;
use crate::snapshot::Recorder;

/// What is written to standard output while its terminal shows a dashboard.
pub type Held = Arc<Mutex<Vec<u8>>>;

/// How often it is looked whether the last one has gone.
const PATIENCE: Duration = Duration::from_millis(50);

pub struct Looking {
    #[cfg(feature = "otlp")]
    exporter: Option<Exporter>,
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
        #[cfg(feature = "otlp")]
        let (config, mut exporter) = (otlp::config(is_saved)?, None);
        #[cfg(feature = "otlp")]
        let is_sent = config.is_some();
        #[cfg(not(feature = "otlp"))]
        let is_sent = false;
        if read.is_looked_at() || is_sent {
            let recorder = Recorder::new(&session.engine, plan, masking);
            let asked = answering::asked(read, session);
            server = serve::start(read, recorder.snapshots(), asked.clone(), &progress.aside())?;
            if read.tui {
                let board = Arc::new(Shared::default());
                progress.show_on(Arc::clone(&board));
                let snapshots = recorder.snapshots();
                dashboard = Some(tui::Dashboard::start(snapshots, asked, read.tz, Arc::clone(&board), stop.clone())?);
                shared = Some(board);
            }
            #[cfg(feature = "otlp")]
            if let Some(config) = config {
                exporter = Some(otlp::start(config, recorder.snapshots(), progress.aside())?);
            }
            outputs.record(recorder);
        }
        Ok(Looking {
            #[cfg(feature = "otlp")]
            exporter,
            server,
            dashboard,
            shared,
            masking,
            is_saved,
        })
    }

    /// Shows the newest lines, too.
    pub fn follow(&self, intake: &mut Intake) {
        if let Some(shared) = &self.shared {
            intake.show_on(Arc::clone(shared), self.masking);
        }
    }

    /// Lets them look at the end for as long as they want: of a saved log that is what there is to see, and a dashboard is closed by
    /// who looks at it.
    pub fn end(self, held: Option<Held>, progress: &Progress, stop: &Stop) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = self.exporter {
            exporter.finish(|| stop.is_at_once());
        }
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
