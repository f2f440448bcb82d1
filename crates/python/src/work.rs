//! Work that takes time: on a thread of its own, while the caller's waits without the interpreter's lock, looks for signals and tells
//! of progress.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use workspace::{Failure, Observer, Watch};

use crate::errors::raised;

/// How often a waiting caller looks for signals.
const POLL: Duration = Duration::from_millis(50);
/// How long it waits for work that was told to stop.
const GRACE: Duration = Duration::from_secs(3);
/// As much as a program's first thread has: what it runs was written for that.
const STACK: usize = 8 << 20;

/// What is called with a bar's number, its name, steps done, steps in all (0 if not known), and whether it has ended.
static PROGRESS: OnceLock<Py<PyAny>> = OnceLock::new();

/// Has a function called with the progress of all work.
#[pyfunction]
pub fn set_progress(callback: Py<PyAny>) {
    let _ = PROGRESS.set(callback);
    workspace::observe(&Told);
}

thread_local! {
    static JOB: RefCell<Option<Arc<Job>>> = const { RefCell::new(None) };
}

/// One call from Python.
#[derive(Default)]
struct Job {
    stopped: AtomicBool,
    bars: Mutex<Vec<Bar>>,
}

#[derive(Clone)]
struct Bar {
    what: &'static str,
    position: u64,
    length: u64,
    has_ended: bool,
    has_changed: bool,
}

/// What work that was told to stop unwinds with.
struct Stopped;

/// Tells jobs of the bars that are begun on their threads.
struct Told;

impl Observer for Told {
    fn begin(&self, what: &'static str, length: u64) -> Option<Box<dyn Watch>> {
        let job = JOB.with_borrow(Clone::clone)?;
        let place = job.change(|bars| {
            bars.push(Bar { what, position: 0, length, has_ended: false, has_changed: true });
            bars.len() - 1
        });
        Some(Box::new(Followed { job, place }))
    }
}

struct Followed {
    job: Arc<Job>,
    place: usize,
}

impl Watch for Followed {
    fn moved(&self, position: u64, length: u64) {
        if self.job.stopped.load(Ordering::Relaxed) {
            // Not a panic: nothing is printed, and every thread that takes part hands it on.
            resume_unwind(Box::new(Stopped));
        }
        self.change(|bar| (bar.position, bar.length) = (position, length));
    }

    fn finished(&self) {
        self.change(|bar| bar.has_ended = true);
    }
}

impl Followed {
    fn change(&self, change: impl FnOnce(&mut Bar)) {
        self.job.change(|bars| {
            if let Some(bar) = bars.get_mut(self.place) {
                change(bar);
                bar.has_changed = true;
            }
        });
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.finished();
    }
}

impl Job {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Bar>) -> T) -> T {
        // Entries are whole at any time: a thread that unwound leaves nothing half done.
        change(&mut self.bars.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells Python what has changed since the last time.
    fn tell(&self, py: Python<'_>) -> PyResult<()> {
        let Some(progress) = PROGRESS.get() else { return Ok(()) };
        let changed = self.change(|bars| {
            let all = bars.iter_mut().enumerate().filter(|(_, bar)| bar.has_changed);
            all.map(|(place, bar)| (place, (std::mem::take(&mut bar.has_changed), bar.clone()).1))
                .collect::<Vec<_>>()
        });
        let job = std::ptr::from_ref(self).addr();
        for (place, bar) in changed {
            progress.call1(py, ((job, place), bar.what, bar.position, bar.length, bar.has_ended))?;
        }
        Ok(())
    }
}

/// Does work, and gives what it gives. A signal that Python answers with an exception, as Ctrl-C, stops the work at its next step.
///
/// # Errors
/// What the work says, as an exception of the package; what a signal's handler raised.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> PyResult<T> {
    let job = Arc::new(Job::default());
    let (done, waiting) = mpsc::sync_channel(1);
    let of_thread = Arc::clone(&job);
    std::thread::Builder::new().name("tritrack".into()).stack_size(STACK).spawn(move || {
        JOB.set(Some(of_thread));
        // Whoever waits has given up if nobody takes it.
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
    })?;
    // Nobody else takes this lock: it lets the receiver cross to where the interpreter's lock is not held.
    let waiting = Mutex::new(waiting);
    let wait = |for_so_long: Duration| {
        py.detach(|| waiting.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(for_so_long))
    };
    loop {
        let heard = wait(POLL);
        let told = py.check_signals().and_then(|()| job.tell(py));
        match (heard, told) {
            (Ok(outcome), Ok(())) => return ended(py, outcome),
            (Ok(_), Err(error)) => return Err(error),
            (Err(RecvTimeoutError::Timeout), Ok(())) => {}
            (Err(RecvTimeoutError::Timeout), Err(error)) => {
                job.stopped.store(true, Ordering::Relaxed);
                let _ = wait(GRACE);
                let _ = job.tell(py);
                return Err(error);
            }
            (Err(RecvTimeoutError::Disconnected), _) => {
                return Err(PyRuntimeError::new_err("the thread of the work ended without a word"));
            }
        }
    }
}

fn ended<T>(py: Python<'_>, outcome: Result<Result<T, Failure>, Box<dyn Any + Send>>) -> PyResult<T> {
    match outcome {
        Ok(result) => result.map_err(|error| raised(py, &error)),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            Err(PyRuntimeError::new_err(format!("a mistake in tritrack, please report it: {said}")))
        }
    }
}
