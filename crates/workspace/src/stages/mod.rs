//! The stages of which experiments are made, what each is made from, and the store that keeps what they gave.
//!
//! Below an experiment lie stages that take most of the time. A study declares them ([`Declared`]) before anything is computed; the
//! engine computes those whose results are not kept, and the study is given these [`Results`] and no others. Each stage has a
//! [`Key`]: a fingerprint of everything that its result depends on, the sources of the crates that compute it included. What a stage
//! gave is kept under its key, and taken from there by whoever asks for the same stage again, in any experiment and any later run.

mod declared;
mod series;
mod shard;
mod stage;
mod store;

pub use declared::{Declared, Promise, Results};
pub use series::{Ran, Series, Unit};
pub use shard::Shard;
pub(crate) use stage::Source;
pub use stage::Stage;
pub use store::{Key, Presence, StageKind, StageStore, Use};
