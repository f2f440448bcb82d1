//! From the reference node to the design's: the energy of logic follows the gate capacitance, a stated power of the node
//! (transistors get narrower, and their capacitance for a width smaller), and the supply squared; a wire's capacitance for a
//! length does not depend on the node (about 0.2 fF/µm at every node of the ITRS), only the supply counts; areas follow the node
//! squared; leakage the width of the transistors and the supply; times a stated power of the node.

use technology::{Quantity, Voltage};

use crate::{CrossbarError, CrossbarParameters, Design};

/// The factors from the reference node to a design's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaling {
    /// The supply.
    pub supply: Voltage,
    /// Energy of logic.
    pub logic: f64,
    /// Capacitance of a gate.
    pub gate: f64,
    /// Capacitance of a wire that spans a number of cells.
    pub cell_wire: f64,
    /// Area.
    pub area: f64,
    /// Time.
    pub delay: f64,
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
        let supply = parameters.reference_supply + parameters.supply_slope * (design.node_nm - reference_nm);
        if supply.base() <= 0.0 || parameters.reference_supply.base() <= 0.0 {
            return Err(CrossbarError::Parameter {
                path: "scaling.reference_supply",
                found: supply.to_string(),
                expected: "the supply at the design's node must lie above zero",
            });
        }
        let size = design.node_nm / reference_nm;
        let volts = supply / parameters.reference_supply;
        let gate = libm::pow(size, parameters.gate_exponent.base());
        Ok(Self {
            supply,
            logic: gate * volts * volts,
            gate,
            cell_wire: size,
            area: size * size,
            delay: libm::pow(size, parameters.delay_exponent.base()),
            leakage: size * volts,
        })
    }
}
