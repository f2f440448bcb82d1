//! What the model says about a layer and a network.

use std::ops::{Add, AddAssign};

use technology::{Area, Energy, Time};

macro_rules! parts {
    ($(#[doc = $doc:literal])* $name:ident of $quantity:ident { $(#[doc = $part:literal] $field:ident,)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct $name {
            $(#[doc = $part] pub $field: $quantity,)*
        }
        impl $name {
            /// The names of the parts, in order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// The parts with their names, in order.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, $quantity)> {
                [$((stringify!($field), self.$field)),*].into_iter()
            }

            /// The sum of the parts.
            pub fn total(&self) -> $quantity {
                self.named().map(|(_, part)| part).sum()
            }
        }
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self { $($field: self.$field + other.$field,)* }
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }
    };
}

parts! {
    /// Dynamic energy by part.
    EnergyParts of Energy {
        /// Converters, with the current of the columns and the charging of the word lines.
        conversion,
        /// Shift-adders and adder trees.
        accumulation,
        /// Word-line drivers and switches.
        drivers,
        /// Buffers and registers.
        buffers,
        /// Wires between subarrays, elements, tiles and the global buffer.
        interconnect,
    }
}

parts! {
    /// Latency by part; the parts follow one another.
    LatencyParts of Time {
        /// Reading the columns.
        conversion,
        /// Shift-adders and adder trees.
        accumulation,
        /// Buffers.
        buffers,
        /// Interconnect.
        interconnect,
    }
}

parts! {
    /// Area by part.
    AreaParts of Area {
        /// Cells.
        cells,
        /// Word-line drivers and switches.
        drivers,
        /// Converters.
        converters,
        /// Shift-adders.
        accumulation,
        /// Buffers, adder trees and control of the processing elements.
        elements,
    }
}

/// What the model says about one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerReport {
    /// The layer's name.
    pub name: String,
    /// Subarrays that stand in the layer's tiles.
    pub subarrays: usize,
    /// Copies of the weights in them.
    pub copies: usize,
    /// The share of cells, in the subarrays that hold a copy, that hold weights.
    pub utilization: f64,
    /// Vectors that are multiplied.
    pub vectors: usize,
    /// Conversions of columns.
    pub conversions: f64,
    /// Dynamic energy.
    pub energy: EnergyParts,
    /// Leakage of the whole chip while this layer is computed.
    pub leakage: Energy,
    /// Latency.
    pub latency: LatencyParts,
}

impl LayerReport {
    /// Dynamic energy and leakage.
    pub fn total_energy(&self) -> Energy {
        self.energy.total() + self.leakage
    }
}

/// What the model says about a network whose layers are computed one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkReport {
    /// The layers, in order.
    pub layers: Vec<LayerReport>,
    /// Tiles of the chip.
    pub tiles: usize,
    /// The chip's area.
    pub area: AreaParts,
}

impl NetworkReport {
    /// Dynamic energy of all layers.
    pub fn energy(&self) -> EnergyParts {
        self.layers.iter().fold(EnergyParts::default(), |sum, layer| sum + layer.energy)
    }

    /// Leakage over all layers.
    pub fn leakage(&self) -> Energy {
        self.layers.iter().map(|layer| layer.leakage).sum()
    }

    /// Latency of all layers, one after the other.
    pub fn latency(&self) -> LatencyParts {
        self.layers.iter().fold(LatencyParts::default(), |sum, layer| sum + layer.latency)
    }

    /// Dynamic energy and leakage.
    pub fn total_energy(&self) -> Energy {
        self.energy().total() + self.leakage()
    }
}
