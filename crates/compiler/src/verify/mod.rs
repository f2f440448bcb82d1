//! Proofs that a stage of the compilation still computes what the weights say, and keeps the rules of its representation.
//!
//! Sums and words are expanded symbolically: every value is a sum of window elements with whole-number factors, and what an
//! output gets is compared with the weights. So the proof holds for all inputs. Programs are run on random ones.

mod places;
mod sums;
mod words;

use std::collections::BTreeMap;

use ap_program::Tap;

use crate::check::{self, CheckError};
use crate::flow::{LayerWeights, PlacedWords, Settings, Stage, Words};

/// What a stage has wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerificationError {
    /// An output is not what the weights say.
    #[error("output {output}: window element {tap} counts {found} times where its weight is {expected}")]
    Weight {
        /// The output.
        output: u32,
        /// The element.
        tap: Tap,
        /// How often it is counted.
        found: i64,
        /// Its weight.
        expected: i64,
    },
    /// The outputs are not those that are to be computed.
    #[error("the sums are for outputs {found:?}; expected {expected:?}")]
    Outputs {
        /// Those of the sums.
        found: Vec<u32>,
        /// Those that are to be computed.
        expected: Vec<u32>,
    },
    /// A term or value is used that does not exist, or not yet.
    #[error("{user} uses {used}, which is not there at that point")]
    NotThere {
        /// Who uses it.
        user: String,
        /// What is used.
        used: String,
    },
    /// Two window elements of a group are the same.
    #[error("window element {0} stands twice in a group")]
    RepeatedTap(Tap),
    /// Terms of a sum are not in ascending order, or a sum has none.
    #[error("the sum for output {output} in group {group} has no terms, or terms out of order")]
    Terms {
        /// The output.
        output: u32,
        /// The group, counted from 0.
        group: usize,
    },
    /// A word can take values that its format does not hold.
    #[error("{value} reaches {least} to {most}, which {format} does not hold")]
    Format {
        /// The value.
        value: String,
        /// Its least value.
        least: i64,
        /// Its largest value.
        most: i64,
        /// The format.
        format: String,
    },
    /// A word has bits that none of its values needs.
    #[error("{value} reaches no more than {least} to {most}, for which {format} is too wide")]
    TooWide {
        /// The value.
        value: String,
        /// Its least value.
        least: i64,
        /// Its largest value.
        most: i64,
        /// The format.
        format: String,
    },
    /// An output is computed and never stored, or stored more than once.
    #[error("output {output} is stored {times} times; expected once")]
    Stored {
        /// The output.
        output: u32,
        /// How often.
        times: usize,
    },
    /// A word lies outside of the array, or not in as many bits as its format has.
    #[error("{value} at {place} does not fit its format or the array")]
    Place {
        /// The value.
        value: String,
        /// Where it lies.
        place: String,
    },
    /// Two words of one operation lie in the same column.
    #[error("operation {operation}: {value} and {other} meet in column {column}")]
    SharedColumn {
        /// Counted from 0.
        operation: usize,
        /// A value.
        value: String,
        /// The other.
        other: String,
        /// The column.
        column: usize,
    },
    /// A word is read after another took its cells.
    #[error("operation {operation} reads {value}, but its cells were given to something else")]
    Overwritten {
        /// Counted from 0.
        operation: usize,
        /// The value.
        value: String,
    },
    /// The program breaks a rule of the machine or computes something else.
    #[error(transparent)]
    Program(#[from] CheckError),
}

/// Whether stages are verified while a layer is compiled. Programs are the same either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verification {
    /// They are taken as they come.
    Skipped,
    /// Every stage is, after the pass that made it.
    EveryPass,
}

impl Verification {
    /// Builds with debug assertions, so the tests, verify everything that they compile.
    pub const fn of_this_build() -> Self {
        if cfg!(debug_assertions) { Self::EveryPass } else { Self::Skipped }
    }
}

/// Checks a stage of a layer's compilation.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(stage: &Stage, from: &LayerWeights, settings: &Settings) -> Result<(), VerificationError> {
    match stage {
        Stage::Weights(_) => Ok(()),
        Stage::Sums(sums) => sums::verify(sums, from, &settings.outputs),
        Stage::Words(Words(schedule)) => words::verify(schedule, from, &settings.outputs),
        Stage::Placed(PlacedWords { schedule, placement }) => {
            words::verify(schedule, from, &settings.outputs)?;
            places::verify(schedule, placement, settings.geometry)
        }
        Stage::Program(program) => {
            let stored: Vec<u32> = program.outputs().map(|(output, _)| output).collect();
            stored_once(&stored, &settings.outputs)?;
            Ok(check::check(program, &from.weights, from.input_maximum, CHECK_SEED)?)
        }
    }
}

/// Any seed would do; one makes a failure appear again.
const CHECK_SEED: u64 = 1;

/// A sum of window elements with factors; those of 0 are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Expansion {
    factors: BTreeMap<Tap, i64>,
    /// The sum of the factors above 0.
    added: i64,
    /// The sum of the factors below 0, without the sign.
    subtracted: i64,
}

impl Expansion {
    fn of(tap: Tap) -> Self {
        Self { factors: BTreeMap::from([(tap, 1)]), added: 1, subtracted: 0 }
    }

    fn add(&mut self, other: &Self, subtract: bool) {
        for (&tap, &factor) in &other.factors {
            let place = self.factors.entry(tap).or_insert(0);
            let before = *place;
            *place += if subtract { -factor } else { factor };
            let after = *place;
            if after == 0 {
                self.factors.remove(&tap);
            }
            self.added += after.max(0) - before.max(0);
            self.subtracted += (-after).max(0) - (-before).max(0);
        }
    }

    /// The least and the largest value if every element ranges over `0..=maximum`.
    fn range(&self, maximum: u32) -> (i64, i64) {
        (-self.subtracted * i64::from(maximum), self.added * i64::from(maximum))
    }

    /// Compares with an output's weights.
    fn verify(&self, output: u32, from: &LayerWeights) -> Result<(), VerificationError> {
        let weights = &from.weights;
        let width = weights.kernel_width();
        let mut expected = BTreeMap::new();
        for input in 0..weights.inputs() {
            for (place, &weight) in weights.slice(output as usize, input).iter().enumerate() {
                if weight != 0 {
                    let (row, column) = ((place / width) as u8, (place % width) as u8);
                    expected.insert(Tap { channel: input as u32, row, column }, i64::from(weight));
                }
            }
        }
        if self.factors == expected {
            return Ok(());
        }
        let of = |factors: &BTreeMap<Tap, i64>, tap| factors.get(&tap).copied().unwrap_or(0);
        let wrong = self
            .factors
            .keys()
            .chain(expected.keys())
            .find(|&&tap| of(&self.factors, tap) != of(&expected, tap));
        match wrong {
            None => Ok(()),
            Some(&tap) => {
                let (found, expected) = (of(&self.factors, tap), of(&expected, tap));
                Err(VerificationError::Weight { output, tap, found, expected })
            }
        }
    }
}

fn stored_once(stored: &[u32], outputs: &[u32]) -> Result<(), VerificationError> {
    let mut times: BTreeMap<u32, usize> = outputs.iter().map(|&output| (output, 0)).collect();
    for &output in stored {
        *times.entry(output).or_insert(usize::MAX / 2) += 1;
    }
    match times.into_iter().find(|&(_, times)| times != 1) {
        None => Ok(()),
        Some((output, times)) => Err(VerificationError::Stored { output, times: times % (usize::MAX / 2) }),
    }
}
