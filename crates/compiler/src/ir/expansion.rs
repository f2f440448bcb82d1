//! Values as sums of window elements with whole-number factors: what outputs are compared with the weights by.

use std::collections::BTreeMap;

use ap_program::Tap;

use super::{LayerWeights, VerificationError};

/// A sum of window elements with factors; those of 0 are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expansion {
    factors: BTreeMap<Tap, i64>,
    /// The sum of the factors above 0.
    added: i64,
    /// The sum of the factors below 0, without the sign.
    subtracted: i64,
}

impl Expansion {
    pub(super) fn of(tap: Tap) -> Self {
        Self { factors: BTreeMap::from([(tap, 1)]), added: 1, subtracted: 0 }
    }

    pub(super) fn add(&mut self, other: &Self, subtract: bool) {
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
    pub(super) fn range(&self, maximum: u32) -> (i64, i64) {
        (-self.subtracted * i64::from(maximum), self.added * i64::from(maximum))
    }

    /// Compares with an output's weights.
    pub(super) fn verify(&self, output: u32, from: &LayerWeights) -> Result<(), VerificationError> {
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

pub(super) fn stored_once(stored: &[u32], outputs: &[u32]) -> Result<(), VerificationError> {
    let mut times: BTreeMap<u32, usize> = outputs.iter().map(|&output| (output, 0)).collect();
    for &output in stored {
        *times.entry(output).or_insert(usize::MAX / 2) += 1;
    }
    match times.into_iter().find(|&(_, times)| times != 1) {
        None => Ok(()),
        Some((output, times)) => Err(VerificationError::Stored { output, times: times % (usize::MAX / 2) }),
    }
}
