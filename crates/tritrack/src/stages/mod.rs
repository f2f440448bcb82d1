//! The stages of which experiments are made, what each is made from, and the store that keeps what they gave.
//!
//! Below an experiment lie stages that take most of the time: a network run on a machine, arrays of many shapes, the trials of a point.
//! Each has a [key](cache::Key): a fingerprint of everything that its result depends on, the sources of the crates that compute it
//! included. What a stage gave is kept under its key, and taken from there by whoever asks for the same stage again, in any
//! experiment and any later run.

pub mod cache;
pub mod plan;
pub mod run;
