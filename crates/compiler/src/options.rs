//! What the compiler is asked for.

use std::str::FromStr;

use ap_program::Geometry;

use crate::Sharing;

/// What the compiler is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Options {
    /// The array to compile for.
    pub geometry: Geometry,
    /// How subexpressions are shared.
    pub sharing: Sharing,
    /// How words lie in the array.
    pub layout: Layout,
    /// The most outputs that one associative processor computes; more are split, evenly, over several.
    pub outputs_per_processor: Option<usize>,
}

/// How words lie in the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layout {
    /// As a flow without layout would do it: words along the tracks, accumulators one a column as far as there are columns, and
    /// after every operation the tracks of its words rewound. What the other layouts are measured against.
    Naive,
    /// Every word in successive domains of one column.
    Along,
    /// Every word in successive columns at one domain, loops tiled so that few words leave the ports.
    Tiled,
    /// For each layer whichever takes fewer searches and track steps together.
    Best,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 4] = [Self::Naive, Self::Along, Self::Tiled, Self::Best];

    /// The name in manifests and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Along => "along",
            Self::Tiled => "tiled",
            Self::Best => "best",
        }
    }
}

/// A name that no layout has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a layout; there are: naive, along, tiled, best")]
pub struct UnknownLayout(String);

impl FromStr for Layout {
    type Err = UnknownLayout;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|layout| layout.name() == text)
            .ok_or_else(|| UnknownLayout(text.to_owned()))
    }
}
