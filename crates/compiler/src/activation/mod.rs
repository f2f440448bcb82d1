//! Programs for what lies between linear layers: requantization with its clamp (the ReLU), residual additions, pools.
//!
//! The flow that the compiler follows ends at the accumulators; what comes then is usually done by multipliers at the array's
//! periphery. These programs do it by the same searches and writes instead. Multipliers and offsets are constants, so they
//! are folded into the program like the weights: a product is a sum of shifted words, or, since a requantization to few bits
//! is a staircase, a comparison with the place of each stair. Words lie across columns at one domain where there are columns
//! enough, so that no track moves; otherwise each lies along a track of its own.
//!
//! A row holds one output position. Elements are named `K,A,P`: of channel `K`, addend `A`, the `P`-th sixteen bits. Signed
//! words are loaded with their last bit inverted, which makes them unsigned with an offset; an inverter at the port does it.

mod builder;
mod digits;
mod pool;
mod requantize;
mod shift_and_add;
mod tables;
mod thresholds;

pub use pool::{max_pool_program, sum_pool_program};
pub use requantize::{ChannelRequantization, RequantizationMethod, ScaledWord, requantization_program};

/// Why a program for activations cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActivationError {
    /// The words have no room, in whichever direction they lie.
    #[error(
        "{words} words of {bits} bits together, the longest of {longest}, do not fit an array of {geometry}: across they \
         need a column for each bit, along a column for each word and a domain for each bit"
    )]
    DoesNotFit {
        /// Words that are alive together.
        words: usize,
        /// Their bits.
        bits: usize,
        /// The longest one's.
        longest: usize,
        /// The array.
        geometry: crate::Geometry,
    },
    /// A pool's window of more rows or columns than its elements are told apart by.
    #[error("a pool of {height}x{width}; expected at most 255 rows and columns on the arrays")]
    Window {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// A value has more bits than an operand can have.
    #[error("a sum of {0} bits is needed; an operand has at most 255")]
    TooWide(u32),
    /// A table could not be synthesized.
    #[error(transparent)]
    Lut(#[from] crate::lut::SynthesisError),
}
