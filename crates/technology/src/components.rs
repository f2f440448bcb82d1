//! The components that all systems are built of, priced once.
//!
//! A flip-flop costs the same in a crossbar, an associative processor and a digital array. A library gives such prices at one node, and the
//! file of a system counts how many components a part takes (a [`Bill`]), so that a draw, a changed price and a change of node move all
//! systems together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::node::NodeFactors;
use crate::{
    Area, Capacitance, Declaration, Dimension, Energy, ParameterSet, Parameters, Power, TechnologyError,
    TechnologyFile, Voltage,
};

/// What components' paths begin with in the parameter set of a system.
const PREFIX: &str = "components.";

/// What a library is for.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LibraryDesign {
    /// The node that its prices are for, nm.
    pub node_nm: f64,
}

crate::parameters! {
    /// Prices of components. Energies are those of one use.
    pub struct ComponentParameters {
        /// Supply.
        supply: Voltage = "process.supply" per "",
        /// Energy of a gate with its share of clock and wires in a cycle in which it works (NAND2 equivalent).
        gate: Energy = "gate.access" per "gate",
        /// Leakage of a gate.
        gate_leakage: Power = "gate.leakage" per "gate",
        /// Area of a gate.
        gate_area: Area = "gate.area" per "gate",
        /// Energy to store one bit in a flip-flop.
        flip_flop: Energy = "flip_flop.access" per "bit",
        /// Leakage of a flip-flop.
        flip_flop_leakage: Power = "flip_flop.leakage" per "bit",
        /// Area of a flip-flop.
        flip_flop_area: Area = "flip_flop.area" per "bit",
        /// Energy of an adder for each bit.
        adder: Energy = "adder.access" per "bit",
        /// Area of an adder for each bit.
        adder_area: Area = "adder.area" per "bit",
        /// Energy of a multiplier for each product of two bits.
        multiplier: Energy = "multiplier.access" per "bit2",
        /// Energy to read or write one bit of a register file of some hundred bytes.
        register_file: Energy = "register_file.access" per "bit",
        /// Energy to read or write one bit of a static memory of 8 KiB.
        sram_8k: Energy = "sram_8k.access" per "bit",
        /// Energy to read or write one bit of a static memory of 32 KiB.
        sram_32k: Energy = "sram_32k.access" per "bit",
        /// Energy to read or write one bit of a static memory of 1 MiB.
        sram_1m: Energy = "sram_1m.access" per "bit",
        /// Leakage of a bit of static memory with its share of periphery.
        sram_leakage: Power = "sram.leakage" per "bit",
        /// Area of a bit of static memory with its share of periphery.
        sram_area: Area = "sram.area" per "bit",
        /// Energy to read or write one bit of a bank of embedded dynamic memory.
        edram: Energy = "edram.access" per "bit",
        /// Leakage and refresh of a bit of embedded dynamic memory.
        edram_leakage: Power = "edram.leakage" per "bit",
        /// Area of a bit of embedded dynamic memory with its share of periphery.
        edram_area: Area = "edram.area" per "bit",
        /// Capacitance of a wire.
        wire: Capacitance = "wire.capacitance" per "um",
    }
}

/// The energy of a charged wire follows from its capacitance and the supply.
const WIRE: &str = "wire.capacitance";
const SUPPLY: &str = "process.supply";
/// Its path, in energy per mm.
const CHARGED_WIRE: &str = "wire.charge";

/// A library of components.
#[derive(Debug, Clone, PartialEq)]
pub struct Library(TechnologyFile<LibraryDesign>);

impl Library {
    /// Reads a library.
    ///
    /// # Errors
    /// If the file cannot be read, is not of the form, or gives what is no component. It may leave
    /// components out: a system that counts them cannot stand on it then.
    pub fn load(path: &Path) -> Result<Self, TechnologyError> {
        TechnologyFile::load_parts(path, ComponentParameters::DECLARATIONS).map(Self)
    }

    /// The file.
    pub fn file(&self) -> &TechnologyFile<LibraryDesign> {
        &self.0
    }

    /// Where the library of a name stands: in the folder `components` in or beside the folder of a technology file.
    pub fn beside(technology_file: &Path, name: &str) -> PathBuf {
        let own = technology_file.parent().unwrap_or(Path::new("."));
        let within = |folder: &Path| folder.join("components").join(format!("{name}.yaml"));
        let beside = within(own.parent().unwrap_or(Path::new("..")));
        if within(own).is_file() { within(own) } else { beside }
    }

    /// Puts the components, at the node of a system's prices, into its set; its bills follow them.
    pub(crate) fn put_into(&self, set: &mut ParameterSet) {
        let own_nm = self.0.design.node_nm;
        let factors = NodeFactors::stated(own_nm, set.node_nm().unwrap_or(own_nm));
        for declaration in ComponentParameters::DECLARATIONS {
            if let Some(parameter) = self.0.parameters.get(declaration.path) {
                let factor = node_factor(declaration, &factors);
                set.insert(format!("{PREFIX}{}", declaration.path), parameter.times(factor));
            }
        }
    }
}

/// How a price moves from the library's node to a system's.
fn node_factor(declaration: &Declaration, factors: &NodeFactors) -> f64 {
    match declaration.dimension {
        Dimension::Energy => factors.logic,
        Dimension::Power => factors.leakage,
        Dimension::Area => factors.area,
        Dimension::Voltage => factors.supply,
        // A wire's capacitance for a length does not depend on the node.
        _ => 1.0,
    }
}

/// Whether a path of a system's parameter set is a component's.
pub(crate) fn is_component(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The paths that components have in the sets of systems.
pub(crate) fn component_paths() -> impl Iterator<Item = String> {
    ComponentParameters::DECLARATIONS.iter().map(|declaration| format!("{PREFIX}{}", declaration.path))
}

/// How many components a part takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// Components and how many of each, by the components' paths in the library.
    pub counts: BTreeMap<String, f64>,
    /// What they come to at the library's nominal prices, in the dimension's base unit.
    pub(crate) nominal: f64,
}

impl Bill {
    /// What the counted components come to with the prices of a set, in the dimension's base unit.
    pub(crate) fn sum(
        counts: &BTreeMap<String, f64>,
        set: &ParameterSet,
        dimension: Dimension,
    ) -> Result<f64, String> {
        let mut sum = 0.0;
        for (component, count) in counts {
            if !(count.is_finite() && *count > 0.0) {
                return Err(format!("{count} times `{component}`; expected a number above zero"));
            }
            let base =
                |path: &str| set.get(&format!("{PREFIX}{path}")).map(|p| (p.dimension(), p.base_value()));
            let price = match component.as_str() {
                // fF/µm times V² are fJ/µm, which are pJ/mm.
                CHARGED_WIRE => base(WIRE)
                    .zip(base(SUPPLY))
                    .map(|((_, wire), (_, volts))| (Dimension::Energy, wire * volts * volts)),
                _ => base(component),
            };
            match price {
                Some((found, price)) if found == dimension => sum += price * count,
                Some((found, _)) => {
                    return Err(format!(
                        "`{component}` is in {}, but the part is in {}",
                        found.base_unit(),
                        dimension.base_unit()
                    ));
                }
                None => {
                    let known: Vec<&str> = ComponentParameters::DECLARATIONS
                        .iter()
                        .filter(|declaration| declaration.dimension == dimension)
                        .map(|declaration| declaration.path)
                        .chain((dimension == Dimension::Energy).then_some(CHARGED_WIRE))
                        .collect();
                    return Err(format!(
                        "there is no component `{component}`; in {} there are: {}",
                        dimension.base_unit(),
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(sum)
    }
}
