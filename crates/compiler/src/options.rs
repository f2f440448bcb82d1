//! What the compiler is asked for.

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

names::names! {
    /// How words lie in the array.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum Layout: "a layout" {
        /// As a flow without layout would do it: words along the tracks, accumulators one a column as far as there are columns, and
        /// after every operation the tracks of its words rewound. What the other layouts are measured against.
        Naive = "naive",
        /// Every word in successive domains of one column.
        Along = "along",
        /// Every word in successive columns at one domain, loops tiled so that few words leave the ports.
        Tiled = "tiled",
        /// For each layer whichever takes fewer searches and track steps together.
        Best = "best",
    }
}
