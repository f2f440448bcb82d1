//! The converters at the foot of the columns.
//!
//! While a converter works, the column's current flows for a share of the time. Energy = converter itself + read voltage ×
//! column current × time × that share; the current is the sum over the active rows of the cells' mean conductance.

use technology::{Area, Energy, Quantity, Time};

use crate::scaling::Scaling;
use crate::{Converter, CrossbarParameters};

/// What one conversion costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Conversion {
    /// Energy without any current in the column.
    pub fixed: Energy,
    /// Energy that every active row adds.
    pub active_row: Energy,
    /// Time.
    pub time: Time,
    /// Area of the converter.
    pub area: Area,
}

impl Conversion {
    pub(crate) fn new(
        converter: Converter,
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
        match converter {
            Converter::Flash { bits } => {
                let levels = f64::from(1_u32 << bits.min(12));
                let time = parameters.flash_time * scaling.delay;
                Self {
                    fixed: parameters.flash_level * levels * scaling.logic,
                    // The time of the current follows the cell and the read voltage, not the node.
                    active_row: row_power * parameters.flash_time * parameters.flash_duty.base(),
                    time,
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
                        * (steps * parameters.successive_duty.base()),
                    time: parameters.successive_time * steps * scaling.delay,
                    area: (parameters.successive_area + parameters.successive_bit_area * bits) * scaling.area,
                }
            }
        }
    }
}
