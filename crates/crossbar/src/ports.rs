//! The words that a chip moves in a step: the banks and ports of its buffers and the wires of its trees.
//!
//! Sizes are those of DNN+NeuroSim V1.3 as delivered (its manual): banks of 32 words of 32 bits in a tile, of 128 words of 128 bits in the
//! global buffer, at most 2 048 wires from the global buffer. A bank stores or loads one word in a step. A tile's buffer that
//! is smaller than a bank is as wide as one value of each element.

use crate::grouping::Placement;
use crate::model::Chip;
use crate::placed::Placed;

/// The ports of the chip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChipPorts {
    /// Wires from the global buffer.
    pub wires: f64,
    /// Bits that the global buffer stores or loads in a step.
    pub global: f64,
}

impl ChipPorts {
    /// Bits of a word of the global buffer.
    const WORD: f64 = 128.0;
    /// Bits of one of its banks.
    const BANK: f64 = 16_384.0;
    /// The most wires from it.
    const WIRES: f64 = 2_048.0;

    pub(crate) fn new(placed: &Placed) -> Self {
        let design = &placed.design;
        // Each layer would have wires for the rows of a tile and the converters of its columns; halved until they are few enough.
        let of_tile = |placement: &Placement| {
            let along = if placement.split {
                placement.element_side * placed.organisation.elements_along_tile(true)
            } else {
                placed.organisation.tile_side
            };
            (along * design.rows) as f64 * (1.0 + 1.0 / design.columns_per_converter as f64)
        };
        let mut wires: f64 = placed.layers.iter().map(|layer| of_tile(&layer.placement)).sum();
        while wires > Self::WIRES {
            wires /= 2.0;
        }
        let bits = placed.largest_input as f64 * f64::from(placed.precision.activation_bits);
        let banks = (bits / Self::BANK).ceil().min((wires / Self::WORD).ceil()).max(1.0);
        Self { wires: wires.max(1.0), global: banks * Self::WORD }
    }
}

/// The ports of a tile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TilePorts {
    /// Wires between a tile's edge and its elements.
    pub wires: f64,
    /// Bits of the buffer of inputs.
    pub input_bits: f64,
    /// Bits of the buffer of sums.
    pub sum_bits: f64,
    /// Bits of inputs that are stored or loaded in a step.
    pub input: f64,
    /// The same of sums.
    pub sum: f64,
}

impl TilePorts {
    /// Bits of a word of a tile's buffer.
    const WORD: f64 = 32.0;
    /// Bits of one of its banks.
    pub(crate) const BANK: f64 = 1_024.0;

    pub(crate) fn new(chip: &Chip<'_>, placement: &Placement) -> Self {
        let design = chip.design;
        let (_, planes) = chip.bits();
        // Elements whose words stand side by side.
        let lanes = |split: bool| {
            (if split { placement.matrices } else { chip.organisation.elements_along_tile(false) }) as f64
        };
        let width = lanes(placement.split) * design.rows as f64;
        let input_bits = width * planes;
        let sum = bits_of_sum(chip, placement);
        let sum_bits = lanes(placement.split) * sum * design.converters() as f64;
        let word = |bits: f64, value: f64| if bits < Self::BANK { value } else { Self::WORD };
        let (input_word, sum_word) = (word(input_bits, width), word(sum_bits, lanes(placement.split) * sum));
        let banks = |bits: f64, word: f64| (bits / Self::BANK).ceil().min((width / word).ceil()).max(1.0);
        // DNN+NeuroSim gives the tiles of split layers as many banks as the others have.
        let banked = lanes(placement.split && chip.corrected());
        let banked_inputs = banked * design.rows as f64 * planes;
        let banked_sums = banked * sum * design.converters() as f64;
        Self {
            wires: width,
            input_bits,
            sum_bits,
            input: input_word * banks(banked_inputs, input_word),
            sum: sum_word * banks(banked_sums, sum_word),
        }
    }
}

/// Bits of a sum as it leaves a processing element. DNN+NeuroSim takes one more for each cell of a weight, whatever a cell holds.
pub(crate) fn bits_of_sum(chip: &Chip<'_>, placement: &Placement) -> f64 {
    let (conversion, planes) = chip.bits();
    let cells = if chip.corrected() {
        chip.design.cell_shift_bits(chip.cells_per_weight)
    } else {
        chip.cells_per_weight as f64 + 1.0
    };
    conversion + planes + cells + f64::from(placement.element_side.next_power_of_two().ilog2())
}
