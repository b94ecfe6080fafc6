//! The progress bar of a long replay: on standard error, only in a terminal, only when there is something to wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::source::Opened;

/// A bar over the stored bytes of all inputs.
pub struct Progress {
    bar: ProgressBar,
    positions: Vec<Arc<AtomicU64>>,
}

impl Progress {
    pub fn new(inputs: &[Opened], quiet: bool) -> Self {
        let total: Option<u64> = inputs.iter().map(|input| input.size).sum();
        let bar = match total {
            Some(total) if !quiet => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()),
            _ => ProgressBar::hidden(),
        };
        let template = "{bar:30} {bytes}/{total_bytes}  {binary_bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, positions: inputs.iter().map(|input| Arc::clone(&input.position)).collect() }
    }

    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    pub fn update(&self) {
        if !self.bar.is_hidden() {
            self.bar.set_position(self.positions.iter().map(|position| position.load(Ordering::Relaxed)).sum());
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
