//! From one technology node to another, by rules that all systems share:
//!
//! | what | factor |
//! |---|---|
//! | supply | a line over the node ([`Supply`]) |
//! | capacitance of a gate | node to the power of [`GATE_EXPONENT`]: the narrowest transistor gets narrower, and its capacitance for a width smaller |
//! | energy of logic and memory | that times supply squared |
//! | energy of wires that span cells | node times supply squared |
//! | energy of wires of the same length | supply squared: a wire's capacitance for a length does not depend on the node (about 0.2 fF/µm at every node of the ITRS) |
//! | leakage power | the width of the transistors, as the node, times supply |
//! | area | node squared |
//! | time of a step | node to the power of [`DELAY_EXPONENT`] |
//!
//! A technology file may give the constants of the rules itself; where it does not, they are those of this module. Each has a value, a
//! range and a source like any parameter, and stands here once.

/// A constant of a rule, with its 5 % and 95 % points and its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// What it is.
    pub meaning: &'static str,
    /// The value, in `unit`.
    pub value: f64,
    /// The 5 % point.
    pub low: f64,
    /// The 95 % point.
    pub high: f64,
    /// A unit of technology files.
    pub unit: &'static str,
    /// Where the value and its range come from.
    pub source: &'static str,
}

/// The node at which [`SUPPLY`] is given, nm.
pub const SUPPLY_NODE_NM: f64 = 22.0;

/// The supply at [`SUPPLY_NODE_NM`].
pub const SUPPLY: Constant = Constant {
    meaning: "Supply at 22 nm.",
    value: 0.85,
    low: 0.8,
    high: 0.9,
    unit: "V",
    source: "usual supply of low-standby-power logic at 22 nm, and that of the PTM low-power model",
};

/// The growth of the supply with the node.
pub const SUPPLY_SLOPE: Constant = Constant {
    meaning: "Change of the supply with the node.",
    value: 6.2e-3,
    low: 5e-3,
    high: 10e-3,
    unit: "V/nm",
    source: "supplies of the PTM low-power models: 0.85, 0.9 and 1.0 V at 22, 32 and 45 nm, as in DNN+NeuroSim V1.3, \
             Technology.cpp; high: roadmaps with 1.08 V at 45 nm",
};

/// The exponent of the node with which the gate capacitance of the narrowest transistor grows.
pub const GATE_EXPONENT: Constant = Constant {
    meaning: "Exponent of the node with which the gate capacitance of the narrowest transistor grows.",
    value: 1.4,
    low: 1.0,
    high: 1.5,
    unit: "1",
    source: "gate capacitance of the PTM low-power models: 1.32, 1.52 and 1.78 fF/um at 22, 32 and 45 nm, as in DNN+NeuroSim V1.3, \
             Technology.cpp, times the width; logic then grows 1.95 times from 22 to 32 nm, 1.82 to 1.9 measured between V1.3 runs; \
             low: the width alone",
};

/// The exponent of the node with which the time of a conversion, or of a search, grows.
pub const DELAY_EXPONENT: Constant = Constant {
    meaning: "Exponent of the node with which the time of a step grows.",
    value: 0.534,
    low: 0.4,
    high: 1.0,
    unit: "1",
    source: "2.039 to 2.491 ns a conversion from 22 to 32 nm, DNN+NeuroSim V1.3 runs",
};

/// Every constant of the rules.
pub const CONSTANTS: [&Constant; 4] = [&SUPPLY, &SUPPLY_SLOPE, &GATE_EXPONENT, &DELAY_EXPONENT];

/// The supply as a line over the node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supply {
    /// A node, nm.
    pub node_nm: f64,
    /// The supply there, in V or as a share of any other supply.
    pub at_node: f64,
    /// How much it grows with each nm.
    pub slope: f64,
}

impl Supply {
    /// The line of [`SUPPLY`] and [`SUPPLY_SLOPE`].
    pub const STATED: Self =
        Self { node_nm: SUPPLY_NODE_NM, at_node: SUPPLY.value, slope: SUPPLY_SLOPE.value };

    /// The line on which the supply at a node is so many times that at [`SUPPLY_NODE_NM`], as a share of the latter. A ratio at
    /// that node itself says nothing, and gives a supply that is no number.
    pub fn of_ratio(node_nm: f64, ratio: f64) -> Self {
        Self { node_nm: SUPPLY_NODE_NM, at_node: 1.0, slope: (ratio - 1.0) / (node_nm - SUPPLY_NODE_NM) }
    }

    /// The supply at a node.
    pub fn at(&self, node_nm: f64) -> f64 {
        self.at_node + self.slope * (node_nm - self.node_nm)
    }
}

/// The factors from one node to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeFactors {
    /// Feature size.
    pub size: f64,
    /// Supply.
    pub supply: f64,
    /// Capacitance of a gate.
    pub gate: f64,
    /// Energy of logic and memory.
    pub logic: f64,
    /// Energy of a wire that spans a number of cells.
    pub cell_wire: f64,
    /// Energy of a wire of the same length.
    pub wire: f64,
    /// Leakage power.
    pub leakage: f64,
    /// Area.
    pub area: f64,
}

impl NodeFactors {
    /// From a node to another, both in nm and above zero, under a supply that is above zero at both.
    pub fn new(from_nm: f64, to_nm: f64, supply: &Supply, gate_exponent: f64) -> Self {
        let size = to_nm / from_nm;
        let volts = supply.at(to_nm) / supply.at(from_nm);
        let gate = libm::pow(size, gate_exponent);
        Self {
            size,
            supply: volts,
            gate,
            logic: gate * volts * volts,
            cell_wire: size * volts * volts,
            wire: volts * volts,
            leakage: size * volts,
            area: size * size,
        }
    }

    /// From a node to another by the constants of this module.
    pub fn stated(from_nm: f64, to_nm: f64) -> Self {
        Self::new(from_nm, to_nm, &Supply::STATED, GATE_EXPONENT.value)
    }

    /// Time of a step whose exponent is given.
    pub fn delay(&self, exponent: f64) -> f64 {
        libm::pow(self.size, exponent)
    }
}
