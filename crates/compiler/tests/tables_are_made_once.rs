//! The look-up tables are made when they are first asked for, by whichever thread asks; alone in its binary, so that it is first.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use compiler::lut::{LutKind, standard_luts};
use rayon::prelude::*;

/// A thread that makes the tables must not need a worker of the pool: all of them may be waiting for it.
#[test]
fn threads_and_workers_that_ask_at_the_same_time_all_get_the_tables() {
    const ASKERS: usize = 8;
    let tables = || standard_luts(compiler::Carry::Column).unwrap().len();
    let (done, finished) = mpsc::channel();
    let together = Arc::new(Barrier::new(ASKERS));
    for asker in 0..ASKERS {
        let (done, together) = (done.clone(), Arc::clone(&together));
        std::thread::spawn(move || {
            together.wait();
            let counts = match asker % 2 {
                0 => vec![tables()],
                _ => (0..64).into_par_iter().map(|_| tables()).collect(),
            };
            done.send(counts).unwrap();
        });
    }
    for _ in 0..ASKERS {
        let counts = finished.recv_timeout(Duration::from_secs(60)).expect("an asker waits for ever");
        assert!(counts.iter().all(|&count| count == LutKind::ALL.len()), "{counts:?}");
    }
}
