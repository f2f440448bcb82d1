//! Faults of associative processors in racetrack memory, injected into the bit-exact execution, and Monte Carlo studies of
//! what they do to a network's answers.
//!
//! Each kind of fault is a model with a rate and a mechanism ([`FaultModel`]); each protection says what it leaves of the
//! faults and what it costs ([`Mitigation`]). Faults are drawn by their hazard, not by trying every shift; only rows that a fault
//! strikes are executed, those of many inferences together, and only what they change is inferred again ([`Campaign`]). Random
//! streams are ChaCha, keyed by the experiment's seed and the place of the draw, never by a thread. The crate does not know how
//! results are stored.

mod batch;
mod campaign;
mod cluster;
mod endurance;
mod interval;
mod mitigation;
mod models;
mod rates;
mod sampling;
mod sequential;
mod stream;
mod summary;

pub use campaign::{Campaign, CampaignError, CleanRun, FaultPoint, PreparedPoint, Record};
pub use cluster::{cluster_bootstrap, design_effect, percentile_interval};
pub use endurance::{Endurance, LiteratureEndurance, MemoryCell, years};
pub use interval::{Interval, IntervalError, clopper_pearson, wilson};
pub use mitigation::{MOST_RUNS, Mitigation, Overhead, UnknownMitigation};
pub use models::{
    AccumulatorBit, FaultKind, FaultModel, MissedSlip, OutOfStep, Pinning, SearchError, StrikeSource,
    StuckCell, WriteFailure, draw_stuck_cells,
};
pub use rates::{FaultRates, LiteratureRates, RatesError, TrainRates};
pub use sampling::{HazardMap, Sampling};
pub use sequential::ConfidenceSequence;
pub use stream::Stream;
pub use summary::{Summary, drop_sequence};
