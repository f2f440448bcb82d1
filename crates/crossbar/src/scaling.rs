//! From the reference node to the design's, by the rules of [`technology::node`] with the constants of the technology file.

use technology::node::{NodeFactors, Supply};
use technology::{Quantity, Voltage};

use crate::{CrossbarError, CrossbarParameters, Design};

/// The factors from the reference node to a design's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaling {
    pub supply: Voltage,
    /// The supply as a share of that at the reference node.
    pub supply_ratio: f64,
    /// Energy of logic.
    pub logic: f64,
    /// Capacitance of a gate.
    pub gate: f64,
    /// Capacitance of a wire that spans a number of cells.
    pub cell_wire: f64,
    /// Area.
    pub area: f64,
    /// Delay of a gate.
    pub delay: f64,
    /// Delay of a wire of the same length with its repeaters: as the root of a gate's delay times the resistance of the wire for a
    /// length, which falls with the square of its width; its capacitance for a length stays.
    pub wire_delay: f64,
    /// Leakage power.
    pub leakage: f64,
}

impl Scaling {
    pub(crate) fn new(design: &Design, parameters: &CrossbarParameters) -> Result<Self, CrossbarError> {
        // Lengths are kept in µm.
        let reference_nm = parameters.reference_node.base() * 1e3;
        if reference_nm <= 0.0 {
            return Err(CrossbarError::Parameter {
                path: "scaling.reference_node",
                found: format!("{reference_nm} nm"),
                expected: "must lie above zero",
            });
        }
        let line = Supply {
            node_nm: reference_nm,
            at_node: parameters.reference_supply.base(),
            slope: parameters.supply_slope.base(),
        };
        let supply = Voltage::volts(line.at(design.node_nm));
        if supply.base() <= 0.0 || parameters.reference_supply.base() <= 0.0 {
            return Err(CrossbarError::Parameter {
                path: "scaling.reference_supply",
                found: supply.to_string(),
                expected: "the supply at the design's node must lie above zero",
            });
        }
        let factors = NodeFactors::new(reference_nm, design.node_nm, &line, parameters.gate_exponent.base());
        let delay = factors.delay(parameters.delay_exponent.base());
        Ok(Self {
            supply,
            supply_ratio: factors.supply,
            logic: factors.logic,
            gate: factors.gate,
            cell_wire: factors.size,
            area: factors.area,
            delay,
            wire_delay: libm::sqrt(delay / factors.area),
            leakage: factors.leakage,
        })
    }
}
