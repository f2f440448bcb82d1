//! The converters at the foot of the columns.
//!
//! While a converter works, the column's current flows for a share of the time. Energy = converter itself + read voltage ×
//! column current × time × that share; the current is the sum over the active rows of the cells' mean conductance. It flows as long at any
//! node, as cell and read voltage stay, but from the supply: the mirrors of a flash converter pass it on, with an energy in proportion to
//! the supply, and the capacitors of a successive one are charged by it to the supply, with its square. (Circuit simulations of
//! DNN+NeuroSim V1.3 at 22, 32, 45 and 65 nm give, for the same column, 1, 1.03, 1.19 and 1.54 in flash converters and 1, 1.10, 1.39 and 1.68
//! in successive ones; the supplies are 0.85, 0.9, 1.0 and 1.1 V.)
//!
//! Before it works, a decoder opens the pass gates of the columns whose turn it is. They carry a column's whole current, so they are as wide as
//! its cells conduct, and a line of the decoder opens one of each group: the time grows with the rows, the converters and with what a
//! cell conducts at the mean of its resistances. What gates take grows with the node as a gate's delay; converters keep their clock.

use technology::{Area, Energy, Quantity, Time};

use crate::scaling::Scaling;
use crate::{Converter, CrossbarParameters, Design};

/// What one conversion costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Conversion {
    /// Energy without any current in the column.
    pub fixed: Energy,
    /// Energy that every active row adds.
    pub active_row: Energy,
    /// Time, with that to select the columns.
    pub time: Time,
    /// Area of the converter.
    pub area: Area,
}

impl Conversion {
    pub(crate) fn new(
        design: &Design,
        mean_cell_code: f64,
        parameters: &CrossbarParameters,
        scaling: &Scaling,
    ) -> Self {
        let (on, off) = (1.0 / parameters.on_resistance.base(), 1.0 / parameters.off_resistance.base());
        let conductance = off + mean_cell_code * (on - off);
        // V² · S = W = 1e3 mW.
        let row_power = technology::Power::milliwatts(
            parameters.read_voltage.base() * parameters.read_voltage.base() * conductance * 1e3,
        );
        // Conductance in mS.
        let mean = 2.0 / (parameters.on_resistance.base() + parameters.off_resistance.base());
        let opened = (design.rows * design.converters()) as f64 * mean * 1e3;
        let select = (parameters.select + parameters.select_load * opened) * scaling.delay;
        match design.converter {
            Converter::Flash { bits } => {
                let levels = f64::from(1_u32 << bits.min(12));
                let encode = parameters.flash_encode * levels * scaling.delay;
                Self {
                    fixed: parameters.flash_level * levels * scaling.logic,
                    active_row: row_power
                        * parameters.flash_time
                        * (parameters.flash_duty.base() * scaling.supply_ratio),
                    time: parameters.flash_time + encode + select,
                    area: parameters.flash_area
                        * 16.0
                        * libm::pow(levels / 16.0, parameters.flash_area_exponent.base())
                        * scaling.area,
                }
            }
            Converter::Successive { bits } => {
                let bits = f64::from(bits);
                // The sample is a step too.
                let steps = bits + 1.0;
                Self {
                    fixed: parameters.successive_step * steps * scaling.logic,
                    active_row: row_power
                        * parameters.successive_time
                        * (steps
                            * parameters.successive_duty.base()
                            * scaling.supply_ratio
                            * scaling.supply_ratio),
                    time: parameters.successive_time * steps + select,
                    area: (parameters.successive_area + parameters.successive_bit_area * bits) * scaling.area,
                }
            }
        }
    }
}
