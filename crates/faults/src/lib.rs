//! Faults of associative processors in racetrack memory, injected into the bit-exact execution, and Monte Carlo studies of
//! what they do to a network's answers.
//!
//! Shift faults follow Zhang et al., "Hi-fi Playback" (ISCA 2015): a pulse train that moves a track may leave it one domain off,
//! with a probability that depends on the distance, and the track stays displaced. Random streams are ChaCha, keyed by the
//! experiment's seed and the place of the draw, never by a thread. The crate does not know how results are stored.

mod interval;
mod monte_carlo;
mod rates;
mod slips;
mod stream;

pub use interval::{Interval, IntervalError, clopper_pearson, wilson};
pub use monte_carlo::{FaultPoint, PointResult, Realignment, Study, StudyError};
pub use rates::{LiteratureRates, ShiftFaultRates};
pub use slips::RandomSlips;
pub use stream::Stream;
