//! Progress: on the terminal, shown on standard error and only if that is one, or with whoever has asked to be told.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Who is told of work in the place of the terminal: a program that runs the engine as a library.
pub trait Observer: Send + Sync {
    /// Work begins, on the thread that asked for it: what it is, and its steps, 0 if they are not known. `None` leaves it to the
    /// terminal.
    fn begin(&self, what: &'static str, length: u64) -> Option<Box<dyn Watch>>;
}

/// Follows one piece of work, from whichever threads do it.
pub trait Watch: Send + Sync {
    /// So many steps are done, of so many. A watch that unwinds from here stops the work.
    fn moved(&self, position: u64, length: u64);
    /// The work is done.
    fn finished(&self);
}

static OBSERVER: OnceLock<&'static dyn Observer> = OnceLock::new();

/// Has an observer told of all work of this process from now on; the first one stays.
pub fn observe(observer: &'static dyn Observer) {
    OBSERVER.get_or_init(|| observer);
}

/// Makes the bars of a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress;

impl Progress {
    /// A bar of known length.
    pub fn bar(self, what: &'static str, length: u64) -> Bar {
        Bar::begin(what, length, || {
            let style = ProgressStyle::with_template("  {msg} [{bar:30}] {pos}/{len}, {eta} left")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(length).with_style(style).with_message(what)
        })
    }

    /// A sign of life for work of unknown length.
    pub fn spinner(self, what: &'static str) -> Bar {
        Bar::begin(what, 0, || {
            let spinner = ProgressBar::new_spinner().with_message(what);
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        })
    }
}

/// The progress of one piece of work.
pub struct Bar {
    shown: ProgressBar,
    watch: Option<Box<dyn Watch>>,
}

impl Bar {
    fn begin(what: &'static str, length: u64, on_terminal: impl FnOnce() -> ProgressBar) -> Self {
        let watch = OBSERVER.get().and_then(|observer| observer.begin(what, length));
        let shown = match watch {
            Some(_) => ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden()),
            None => on_terminal(),
        };
        Self { shown, watch }
    }

    /// So many steps more are done.
    pub fn inc(&self, steps: u64) {
        self.shown.inc(steps);
        self.moved();
    }

    /// So many steps are done.
    pub fn set_position(&self, position: u64) {
        self.shown.set_position(position);
        self.moved();
    }

    /// There are so many steps.
    pub fn set_length(&self, length: u64) {
        self.shown.set_length(length);
        self.moved();
    }

    /// The work is done, and the terminal clear again.
    pub fn finish_and_clear(&self) {
        self.shown.finish_and_clear();
        if let Some(watch) = &self.watch {
            watch.finished();
        }
    }

    fn moved(&self) {
        if let Some(watch) = &self.watch {
            watch.moved(self.shown.position(), self.shown.length().unwrap_or(0));
        }
    }
}
