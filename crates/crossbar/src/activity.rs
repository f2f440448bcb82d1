//! What a workload's bits are to a crossbar: the codes of its cells, and which precisions are covered.

use ::system::{Precision, WeightStatistics};

use crate::CrossbarError;
use crate::execution::WeightEncoding;

/// The mean of a cell's code as a share of its largest code, over the cells of a weight. Weights are stored with an offset
/// of half the range: ternary -1, 0, 1 as 1, 2, 3; a symmetric wide weight fills its cells to one half on the average. With differential
/// columns one of two holds the magnitude and the other nothing.
pub(crate) fn mean_cell_code(weights: WeightStatistics, cell_bits: u32, encoding: WeightEncoding) -> f64 {
    if encoding == WeightEncoding::Differential {
        return match weights {
            WeightStatistics::Symmetric { .. } => 0.25,
            WeightStatistics::Ternary { zeros } => {
                (1.0 - zeros.clamp(0.0, 1.0)) / 2.0 / f64::from((1_u32 << cell_bits.min(16)) - 1)
            }
        };
    }
    match weights {
        WeightStatistics::Symmetric { .. } => 0.5,
        WeightStatistics::Ternary { zeros } => {
            let zeros = zeros.clamp(0.0, 1.0);
            let codes = [(1_u32, (1.0 - zeros) / 2.0), (2, zeros), (3, (1.0 - zeros) / 2.0)];
            let largest = (1_u32 << cell_bits.min(16)) - 1;
            let cells = 2_u32.div_ceil(cell_bits.max(1));
            let sum: f64 = (0..cells)
                .flat_map(|cell| {
                    codes.map(|(code, share)| f64::from((code >> (cell * cell_bits)) & largest) * share)
                })
                .sum();
            sum / f64::from(cells) / f64::from(largest)
        }
    }
}

/// Whether the model covers a precision.
pub(crate) fn check(precision: Precision) -> Result<(), CrossbarError> {
    if !(1..=16).contains(&precision.activation_bits) {
        return Err(CrossbarError::Precision {
            what: "activations",
            found: precision.activation_bits,
            expected: "1 to 16 are covered",
        });
    }
    if !(2..=16).contains(&precision.weights.bits()) {
        return Err(CrossbarError::Precision {
            what: "weights",
            found: precision.weights.bits(),
            expected: "2 to 16 are covered",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ternary_codes_are_offset_by_two() {
        let ternary = WeightStatistics::Ternary { zeros: 0.5 };
        assert!((mean_cell_code(ternary, 2, WeightEncoding::Offset) - 2.0 / 3.0).abs() < 1e-12);
        // As two one-bit cells: 01, 10, 11 with shares 1/4, 1/2, 1/4.
        assert!((mean_cell_code(ternary, 1, WeightEncoding::Offset) - (0.5 + 0.75) / 2.0).abs() < 1e-12);
        assert!((mean_cell_code(ternary, 4, WeightEncoding::Offset) - 2.0 / 15.0).abs() < 1e-12);
        // A quarter of the weights in each of both columns.
        assert!((mean_cell_code(ternary, 1, WeightEncoding::Differential) - 0.25).abs() < 1e-12);
    }
}
