//! The progress bar of a long replay: on standard error, only in a terminal, only when there is something to wait for. And
//! warnings, which go there, too.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::source::Opened;

/// A replay shorter than this needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar over the stored bytes of all inputs.
pub struct Progress {
    bar: ProgressBar,
    positions: Vec<Arc<AtomicU64>>,
    began: Instant,
    /// Shown once there is something to wait for.
    wanted: bool,
}

impl Progress {
    pub fn new(inputs: &[Opened], quiet: bool) -> Self {
        let total: Option<u64> = inputs.iter().map(|input| input.size).sum();
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = "{bar:30} {bytes}/{total_bytes}  {binary_bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let positions = inputs.iter().map(|input| Arc::clone(&input.position)).collect();
        Progress { bar, positions, began: Instant::now(), wanted: total.is_some() && !quiet }
    }

    pub fn aside(&self) -> Aside {
        Aside(self.bar.clone())
    }

    pub fn update(&mut self) {
        if self.wanted && self.began.elapsed() > PATIENCE {
            self.wanted = false;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if !self.bar.is_hidden() {
            self.bar.set_position(self.positions.iter().map(|position| position.load(Ordering::Relaxed)).sum());
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Prints while the progress bar steps aside.
#[derive(Clone)]
pub struct Aside(ProgressBar);

impl Aside {
    pub fn print(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Says on standard error what goes wrong while the run goes on.
    pub fn warn(&self, message: &str) {
        // Nobody is left to tell when this fails.
        self.print(|| drop(writeln!(io::stderr(), "logwatch: {message}")));
    }
}
