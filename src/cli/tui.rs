//! `--tui`: the dashboard of a run, on a thread of its own. While it is shown nothing else is written to the terminal: what is to be
//! said waits until the terminal is as it was.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use crossterm::event::{self, Event, KeyEventKind};
use crossterm::execute;
use crossterm::terminal::{Clear, ClearType, is_raw_mode_enabled};
use ratatui::DefaultTerminal;
use signal_hook::consts::SIGCONT;

use super::signals::Stop;
use crate::output::tui::{App, Wish, draw};
use crate::people::Asked;
use crate::snapshot::Snapshots;
use crate::tail::Tail;
use crate::zone::Zone;

/// How long a key is waited for before the screen is drawn anew, if there is something new.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the run and the dashboard share.
#[derive(Default)]
pub struct Shared {
    tail: Mutex<Tail>,
    status: Mutex<String>,
    /// What is to be said once the terminal is as it was; the last of it is shown meanwhile.
    warnings: Mutex<Vec<String>>,
    /// The dashboard is to end, or has.
    ended: AtomicBool,
}

pub struct Dashboard {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Shared {
    pub fn tail(&self) -> MutexGuard<'_, Tail> {
        locked(&self.tail)
    }

    pub fn say(&self, status: String) {
        *locked(&self.status) = status;
    }

    /// Keeps a warning for later; `false` if the terminal is free for it.
    pub fn warn(&self, message: &str) -> bool {
        let is_shown = !self.ended.load(Ordering::Acquire);
        if is_shown {
            locked(&self.warnings).push(message.into());
        }
        is_shown
    }

    fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.warnings))
    }
}

/// What a thread that panicked has left is whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dashboard {
    /// Takes the terminal, and shows the run in it; who ends the dashboard ends the run.
    pub fn start(
        snapshots: Snapshots,
        asked: Option<Asked>,
        zone: Zone,
        shared: Arc<Shared>,
        stop: Stop,
    ) -> Result<Self> {
        let continued = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGCONT, Arc::clone(&continued))?;
        let terminal = ratatui::try_init().context("cannot show a dashboard")?;
        let app = App::new(Arc::clone(&snapshots.borrow()), zone, asked);
        let of_thread = Arc::clone(&shared);
        let run = move || {
            let shown = Show { app, snapshots, shared: Arc::clone(&of_thread), continued }.run(terminal);
            ratatui::restore();
            if let Err(error) = shown {
                of_thread.warn(&format!("the dashboard cannot be shown any more: {error}"));
            }
            stop.ask();
        };
        let thread = thread::Builder::new().name("tui".into()).spawn(run).inspect_err(|_| ratatui::restore())?;
        Ok(Dashboard { shared, thread })
    }

    /// Whether somebody still looks.
    pub fn is_open(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Gives the terminal back, and what was to be said meanwhile.
    pub fn close(self) -> Vec<String> {
        self.shared.ended.store(true, Ordering::Release);
        // A panic was told by its hook.
        let _ = self.thread.join();
        self.shared.take_warnings()
    }
}

struct Show {
    app: App,
    snapshots: Snapshots,
    shared: Arc<Shared>,
    /// The process was stopped, and goes on: the screen holds something else.
    continued: Arc<AtomicBool>,
}

impl Show {
    fn run(mut self, mut terminal: DefaultTerminal) -> io::Result<()> {
        let mut seen = 0;
        let mut is_new = true;
        while !self.shared.ended.load(Ordering::Acquire) {
            if self.continued.swap(false, Ordering::AcqRel) {
                terminal = ratatui::try_init()?;
                execute!(io::stdout(), Clear(ClearType::All))?;
                is_new = true;
            }
            is_new |= self.look(&mut seen);
            if std::mem::take(&mut is_new) {
                terminal.draw(|frame| draw(frame, &self.app))?;
            }
            if !event::poll(PATIENCE)? {
                continue;
            }
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => match self.app.press(key) {
                    Wish::Quit => return Ok(()),
                    Wish::Suspend => {
                        suspend()?;
                        self.continued.store(true, Ordering::Release);
                    }
                    Wish::Nothing => {}
                },
                _ => {}
            }
            is_new = true;
        }
        Ok(())
    }

    /// Takes in what is new, and tells whether anything is.
    fn look(&mut self, seen: &mut u64) -> bool {
        let mut is_new = false;
        // The last one can be seen when nobody makes more.
        let newest = Arc::clone(&self.snapshots.borrow());
        if newest.number != self.app.snapshot.number {
            self.app.see(newest);
            is_new = true;
        }
        let tail = self.shared.tail();
        let newest = tail.lines().back().map_or(0, |line| line.number);
        if newest != *seen {
            *seen = newest;
            self.app.hear(tail.lines().iter().cloned().collect());
            is_new = true;
        }
        drop(tail);
        let status = locked(&self.shared.status);
        if *status != self.app.status {
            self.app.status.clone_from(&status);
            is_new = true;
        }
        let warning = locked(&self.shared.warnings).last().cloned();
        if warning.is_some() && self.app.message.is_none() && self.app.warned != warning {
            self.app.message.clone_from(&warning);
            self.app.warned = warning;
            is_new = true;
        }
        is_new
    }
}

/// Makes the terminal what it was, for a process that cannot end in order.
pub fn give_back() {
    if is_raw_mode_enabled().unwrap_or(false) {
        ratatui::restore();
    }
}

/// Stops the process, as a shell's user expects of Ctrl-Z, with the terminal as it was.
fn suspend() -> io::Result<()> {
    ratatui::try_restore()?;
    #[cfg(unix)]
    {
        /// The signal may reach another thread first.
        const TO_STOP: Duration = Duration::from_millis(50);
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(0), nix::sys::signal::Signal::SIGTSTP)?;
        thread::sleep(TO_STOP);
    }
    Ok(())
}
