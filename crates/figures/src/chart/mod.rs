//! The kinds of charts, one file each: plain data, checked and drawn on demand.

mod check;
mod curves;
mod dots;
mod grouped_bars;
mod heat_map;
mod intervals;
mod rows;
mod scatter;
mod stacked_bars;
mod text_table;
mod tornado;

pub use curves::{Curve, CurvePoint, Curves};
pub use dots::{DotGroup, DotPlot, DotRow};
pub use grouped_bars::{Bar, GroupedBars};
pub use heat_map::{HeatMap, MapPoint};
pub use intervals::{Interval, IntervalChart, IntervalGroup, IntervalRow};
pub use rows::RowGroup;
pub use scatter::{Better, Front, Scatter, ScatterPoint, ScatterSeries};
pub use stacked_bars::{Stack, StackedBars, Stacking};
pub use text_table::TextTable;
pub use tornado::{Swing, Tornado};

use crate::error::FigureError;
use crate::scene::{Point, Scene};

/// A chart of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Medians with intervals, row by row.
    Intervals(IntervalChart),
    /// Marks under each other, row by row.
    Dots(DotPlot),
    /// Bars side by side in categories.
    GroupedBars(GroupedBars),
    /// Bars of parts.
    StackedBars(StackedBars),
    /// Lines with bands.
    Curves(Curves),
    /// Values over two axes.
    HeatMap(HeatMap),
    /// What each parameter's range does to one result.
    Tornado(Tornado),
    /// Points over two axes.
    Scatter(Scatter),
    /// Numbers to read.
    Text(TextTable),
}

impl Chart {
    /// Draws the chart from `at` (its top left) with `width`; gives its height.
    pub(crate) fn draw(&self, scene: &mut Scene<'_>, at: Point, width: f64) -> Result<f64, FigureError> {
        match self {
            Self::Intervals(chart) => chart.draw(scene, at, width),
            Self::Dots(chart) => chart.draw(scene, at, width),
            Self::GroupedBars(chart) => chart.draw(scene, at, width),
            Self::StackedBars(chart) => chart.draw(scene, at, width),
            Self::Curves(chart) => chart.draw(scene, at, width),
            Self::HeatMap(chart) => chart.draw(scene, at, width),
            Self::Tornado(chart) => chart.draw(scene, at, width),
            Self::Scatter(chart) => chart.draw(scene, at, width),
            Self::Text(chart) => chart.draw(scene, at, width),
        }
    }
}

macro_rules! chart_from {
    ($($kind:ident($data:ty)),*) => {
        $(impl From<$data> for Chart {
            fn from(chart: $data) -> Self {
                Self::$kind(chart)
            }
        })*
    };
}
chart_from!(
    Intervals(IntervalChart),
    Dots(DotPlot),
    GroupedBars(GroupedBars),
    StackedBars(StackedBars),
    Curves(Curves),
    HeatMap(HeatMap),
    Tornado(Tornado),
    Scatter(Scatter),
    Text(TextTable)
);
