//! Figures: charts as plain data, drawn as SVG and PNG.
//!
//! A [`Figure`] is a title, one or more charts and the notes a reader needs. Charts are structs of plain data: medians
//! with intervals ([`IntervalChart`]), marks in rows ([`DotPlot`]), bars ([`GroupedBars`], [`StackedBars`]), lines with bands ([`Curves`]), maps
//! ([`HeatMap`]), swings ([`Tornado`]), points with a Pareto front ([`Scatter`]) and numbers to read ([`TextTable`]). Data that cannot be drawn, such as
//! a zero on a logarithmic axis, is an error that names the place, never a gap in the picture.
//!
//! What a mark stands for is its [`Role`], and a role has one colour in all figures. Text is set and measured with a
//! bundled font: no figure depends on the fonts of a machine, and margins are as wide as what stands in them. The same
//! figure gives the same SVG byte for byte.
//!
//! ```
//! use figures::{Axis, Figure, Reference, Role, Swing, Tornado};
//!
//! # fn main() -> Result<(), figures::FigureError> {
//! let chart = Tornado {
//!     axis: Axis::log("energy ratio, crossbar / RTM-AP", "×"),
//!     nominal: 4.2,
//!     swings: vec![Swing {
//!         label: "energy of a shift".into(),
//!         range: "0.1 – 0.6 pJ".into(),
//!         at_low: 6.1,
//!         at_high: 2.3,
//!     }],
//!     references: vec![Reference::new(7.5, "claim 7.5×", Role::Claim)],
//!     sides: None,
//! };
//! let figure = Figure::new("Shifts decide the ratio", chart).provenance("manifest 0123abcd, seed 7");
//! assert!(figure.svg()?.contains("claim 7.5×"));
//! # Ok(())
//! # }
//! ```
//!
//! This crate draws what tables say; it does not know how results were computed.

mod axis;
mod backend;
mod chart;
mod error;
mod figure;
mod font;
mod number;
mod place;
mod role;
mod scene;
mod series;

pub use axis::{Axis, Scale};
pub use chart::{
    Bar, Better, Chart, Curve, CurvePoint, Curves, DotGroup, DotPlot, DotRow, Front, GroupedBars, HeatMap,
    Interval, IntervalChart, IntervalGroup, IntervalRow, MapPoint, RowGroup, Scatter, ScatterPoint,
    ScatterSeries, Stack, StackedBars, Stacking, Swing, TextTable, Tornado,
};
pub use error::FigureError;
pub use figure::{Figure, Panel};
pub use number::{count, printed_unit, significant, three_digits};
pub use role::{Colour, Role};
pub use scene::Marker;
pub use series::{Reference, Series, Sides};
