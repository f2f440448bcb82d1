//! Bars side by side in categories, such as the layers of a network.

use crate::axis::{Axis, FittedAxis, Scale};
use crate::error::FigureError;
use crate::number::{count, three_digits};
use crate::place::spread;
use crate::role::Colour;
use crate::scene::{Align, Point, Rect, Scene, TextStyle};
use crate::series::{Key, Reference, Series, legend};

use super::check;

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Where the bar ends.
    pub value: f64,
    /// The interval around the value, drawn as a whisker.
    pub interval: Option<(f64, f64)>,
}

impl Bar {
    /// A bar without an interval.
    pub fn new(value: f64) -> Self {
        Self { value, interval: None }
    }
}

/// Vertical bars, grouped by category.
///
/// On a linear axis the bars begin at zero. On a logarithmic one, which has no zero, they begin at the axis' low end;
/// their lengths then say nothing, only their ends do.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupedBars {
    /// The vertical axis, with its unit.
    pub axis: Axis,
    /// The series, one bar each in every category.
    pub series: Vec<Series>,
    /// The categories from left to right, each with as many bars as there are series; `None` where there is no value.
    pub categories: Vec<(String, Vec<Option<Bar>>)>,
    /// Horizontal lines to compare with.
    pub references: Vec<Reference>,
    /// The height of the plot in pixels.
    pub height: f64,
}

const REFERENCE: TextStyle = TextStyle { size: 11.5, ..TextStyle::GROUP };

/// Bars with less room than this have no numbers on them.
const NUMBER_ROOM: f64 = 4.0;

impl GroupedBars {
    fn check(&self) -> Result<(), FigureError> {
        check::any(self.series.iter(), "series")?;
        check::any(self.categories.iter(), "categories")?;
        for (category, bars) in &self.categories {
            check::length(self.series.len(), bars.len(), || category.clone())?;
            for (series, bar) in self.series.iter().zip(bars) {
                let Some(bar) = bar else { continue };
                let (low, high) = bar.interval.unwrap_or((bar.value, bar.value));
                let what = || format!("{category}, {}", series.name);
                check::interval(&self.axis, [low, bar.value, high], what)?;
            }
        }
        check::references(&self.axis, &self.references)
    }

    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        self.check()?;
        let bars = || self.categories.iter().flat_map(|(_, bars)| bars).flatten();
        let ends = bars().flat_map(|bar| {
            let (low, high) = bar.interval.unwrap_or((bar.value, bar.value));
            [low, bar.value, high]
        });
        let zero = (self.axis.scale == Scale::Linear).then_some(0.0);
        let marks = self.references.iter().map(|reference| reference.value);
        let axis = self.axis.fit(ends.chain(zero).chain(marks))?;

        let mut y = top;
        if self.series.len() > 1 {
            y += legend(scene, &self.series, Key::Patch, (left, y), width);
        }
        // Room for numbers above the highest bar.
        y += 12.0;
        let plot_left = left + axis.width_up(scene, self.height);
        // Names of horizontal lines stand in a margin of their own: inside they would lie on bars.
        let named = scene.widest(self.references.iter().map(|r| r.label.as_str()), REFERENCE);
        let margin = if named > 0.0 { named + 8.0 } else { 0.0 };
        let plot = Rect { x: plot_left, y, width: left + width - margin - plot_left, height: self.height };
        axis.draw_up(scene, &plot);

        let slot = plot.width / self.categories.len() as f64;
        // Bars fill four fifths of a slot, but never become slabs.
        let bar_width = (slot * 0.8 / self.series.len() as f64).min(56.0);
        let base = axis.up(&plot, if self.axis.scale == Scale::Linear { 0.0 } else { axis.low });
        let said = if bars().all(|bar| bar.value.fract() == 0.0) { count } else { three_digits };
        let widest_number =
            bars().map(|bar| scene.width(&said(bar.value), TextStyle::NOTE)).fold(0.0, f64::max);
        let numbered = widest_number + NUMBER_ROOM <= bar_width;
        for (index, (_, bars)) in self.categories.iter().enumerate() {
            let middle = plot.x + slot * (index as f64 + 0.5);
            let first = middle - bar_width * self.series.len() as f64 / 2.0;
            for (place, (series, bar)) in self.series.iter().zip(bars).enumerate() {
                let Some(bar) = bar else { continue };
                let x = first + place as f64 * bar_width;
                let end = axis.up(&plot, bar.value);
                let colour = series.role.colour();
                let area = Rect { x, y: end.min(base), width: bar_width - 1.0, height: (end - base).abs() };
                scene.rect(area, colour);
                let mut upper = end.min(base);
                if let Some((low, high)) = bar.interval {
                    let x = x + (bar_width - 1.0) / 2.0;
                    let (low, high) = (axis.up(&plot, low), axis.up(&plot, high));
                    scene.line((x, low), (x, high), 1.5, Colour::BLACK);
                    let cap = (bar_width * 0.2).min(5.0);
                    for end in [low, high] {
                        scene.line((x - cap, end), (x + cap, end), 1.5, Colour::BLACK);
                    }
                    upper = upper.min(high);
                }
                if numbered {
                    let at = (x + (bar_width - 1.0) / 2.0, upper - 4.0);
                    let style = TextStyle::NOTE.in_colour(colour.ink());
                    scene.text(&said(bar.value), at, Align::Middle, style);
                }
            }
        }
        scene.line((plot.x, base), (plot.right(), base), 1.0, Colour::AXIS);
        self.draw_references(scene, &axis, &plot);
        Ok(plot.bottom() + self.draw_names(scene, &plot, slot) - top)
    }

    fn draw_references(&self, scene: &mut Scene<'_>, axis: &FittedAxis<'_>, plot: &Rect) {
        let lines: Vec<f64> =
            self.references.iter().map(|reference| axis.up(plot, reference.value)).collect();
        let heights = spread(&lines, REFERENCE.line_height(), plot.y, plot.bottom());
        for ((reference, line), height) in self.references.iter().zip(lines).zip(heights) {
            let colour = reference.role.colour();
            scene.dashed((plot.x, line), (plot.right(), line), 5.0, 1.5, colour);
            let at = (plot.right() + 8.0, height);
            scene.text_beside(&reference.label, at, Align::Start, REFERENCE.in_colour(colour.ink()));
        }
    }

    /// The categories' names under the plot, upright where they do not fit their slots; gives the height they take.
    fn draw_names(&self, scene: &mut Scene<'_>, plot: &Rect, slot: f64) -> f64 {
        let names = || self.categories.iter().map(|(name, _)| name.as_str());
        let style = TextStyle::TICK.in_colour(Colour::BLACK);
        let middle = |index: usize| plot.x + slot * (index as f64 + 0.5);
        let wrapped: Vec<Vec<String>> = names().map(|name| scene.wrap(name, slot - 6.0, style)).collect();
        let widest = scene.widest(wrapped.iter().flatten().map(String::as_str), style);
        if widest <= slot - 6.0 {
            for (index, lines) in wrapped.iter().enumerate() {
                for (line, text) in lines.iter().enumerate() {
                    let y = plot.bottom() + 17.0 + line as f64 * style.line_height();
                    scene.text(text, (middle(index), y), Align::Middle, style);
                }
            }
            let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
            10.0 + lines as f64 * style.line_height()
        } else {
            let widest = scene.widest(names(), style);
            for (index, name) in names().enumerate() {
                let at = (middle(index) + style.middle(), plot.bottom() + 8.0);
                scene.text_upwards(name, at, Align::End, style);
            }
            widest + 14.0
        }
    }
}
