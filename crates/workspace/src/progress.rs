//! Progress on the terminal: shown on standard error, and only if that is one.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Makes the bars of a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress;

impl Progress {
    /// A bar of known length.
    pub fn bar(self, what: &'static str, length: u64) -> ProgressBar {
        let style = ProgressStyle::with_template("  {msg} [{bar:30}] {pos}/{len}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(length).with_style(style).with_message(what)
    }

    /// A sign of life for work of unknown length.
    pub fn spinner(self, what: &'static str) -> ProgressBar {
        let spinner = ProgressBar::new_spinner().with_message(what);
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }
}
