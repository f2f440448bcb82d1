//! What each parameter's range does to one result.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::number::three_digits;
use crate::role::{Colour, Role};
use crate::scene::{Align, Point, Rect, Scene, TextStyle};
use crate::series::{Halves, Key, Reference, ReferenceLabels, SIDES_HEIGHT, Series, Sides, legend};

use super::check;

/// One parameter at both ends of its range, all others at their nominal values.
#[derive(Debug, Clone, PartialEq)]
pub struct Swing {
    /// The parameter.
    pub label: String,
    /// Its range with the unit, such as `0.5 – 2 pJ`; stands under the label.
    pub range: String,
    /// The result with the parameter at its low end.
    pub at_low: f64,
    /// The result with the parameter at its high end.
    pub at_high: f64,
}

/// A tornado chart: the parameter with the widest swing on top.
#[derive(Debug, Clone, PartialEq)]
pub struct Tornado {
    /// The axis of the result, with its unit.
    pub axis: Axis,
    /// The result with every parameter at its nominal value.
    pub nominal: f64,
    /// The parameters, in any order.
    pub swings: Vec<Swing>,
    /// Vertical lines to compare with.
    pub references: Vec<Reference>,
    /// What the two sides of a value mean.
    pub sides: Option<Sides>,
}

const ROW: f64 = 36.0;
const BAR: f64 = 20.0;

impl Tornado {
    fn check(&self) -> Result<(), FigureError> {
        check::any(self.swings.iter(), "parameters")?;
        self.axis.check(self.nominal, || "the nominal result".to_owned())?;
        for swing in &self.swings {
            self.axis.check(swing.at_low, || format!("{} at its low end", swing.label))?;
            self.axis.check(swing.at_high, || format!("{} at its high end", swing.label))?;
        }
        check::references(&self.axis, &self.references)?;
        check::sides(&self.axis, self.sides.as_ref())
    }

    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        self.check()?;
        let results = self.swings.iter().flat_map(|swing| [swing.at_low, swing.at_high]);
        let marks = self.references.iter().map(|r| r.value).chain(self.sides.iter().map(|sides| sides.at));
        let axis = self.axis.fit(results.chain(marks).chain([self.nominal]))?;
        let reach = |swing: &Swing| {
            let ends = [swing.at_low, swing.at_high, self.nominal].map(|value| axis.share(value));
            ends.iter().copied().fold(f64::MIN, f64::max) - ends.iter().copied().fold(f64::MAX, f64::min)
        };
        let mut swings: Vec<&Swing> = self.swings.iter().collect();
        swings.sort_by(|a, b| reach(b).total_cmp(&reach(a)));

        let keys = [
            Series::new("parameter at its low end", Role::Low),
            Series::new("parameter at its high end", Role::High),
        ];
        let mut y = top + legend(scene, &keys, Key::Patch, (left, top), width);
        let label_style = TextStyle::LABEL;
        let labels = scene.widest(swings.iter().map(|swing| swing.label.as_str()), label_style);
        let ranges = scene.widest(swings.iter().map(|swing| swing.range.as_str()), TextStyle::NOTE);
        let said =
            |swing: &Swing| format!("{} → {}", three_digits(swing.at_low), three_digits(swing.at_high));
        let numbers: Vec<String> = swings.iter().map(|swing| said(swing)).collect();
        let heading = "low end → high end";
        let number_width = scene
            .widest(numbers.iter().map(String::as_str), label_style)
            .max(scene.width(heading, TextStyle::TICK));
        let label_width = labels.max(ranges).min(width * 0.55);
        let plot_left = left + label_width + 14.0;
        let plot_right = left + width - number_width - 16.0;
        let mut references = self.references.clone();
        references.push(Reference::new(
            self.nominal,
            format!("nominal {}", three_digits(self.nominal)),
            Role::Guide,
        ));
        let lines = ReferenceLabels::place(scene, &references, &axis, plot_left, plot_right);
        let strip = if self.sides.is_some() { SIDES_HEIGHT } else { 0.0 };
        y += lines.height() + strip;
        let plot =
            Rect { x: plot_left, y, width: plot_right - plot_left, height: swings.len() as f64 * ROW + 6.0 };
        let halves = self.sides.as_ref().map(|sides| Halves::of(sides, &axis, &plot));
        halves.iter().for_each(|halves| halves.shade(scene));
        let below = axis.draw_across(scene, &plot);
        scene.text(heading, (left + width, plot.y - 6.0), Align::End, TextStyle::TICK);
        let start = axis.across(&plot, self.nominal);
        for (index, (swing, number)) in swings.iter().zip(&numbers).enumerate() {
            let middle = plot.y + 3.0 + (index as f64 + 0.5) * ROW;
            scene.text(&swing.label, (left, middle - 1.0), Align::Start, label_style);
            scene.text(&swing.range, (left, middle + 12.5), Align::Start, TextStyle::NOTE);
            scene.text_beside(number, (left + width, middle), Align::End, label_style);
            let ends = [(swing.at_low, Role::Low), (swing.at_high, Role::High)];
            let same_side = (swing.at_low - self.nominal) * (swing.at_high - self.nominal) > 0.0;
            for (half, (value, role)) in ends.into_iter().enumerate() {
                let end = axis.across(&plot, value);
                // Two bars to the same side would hide one another: each gets half the height.
                let (from, height) =
                    if same_side { (half as f64 * BAR / 2.0, BAR / 2.0) } else { (0.0, BAR) };
                scene.rect(
                    Rect {
                        x: start.min(end),
                        y: middle - BAR / 2.0 + from,
                        width: (end - start).abs(),
                        height,
                    },
                    role.colour(),
                );
            }
            if index + 1 < swings.len() {
                let y = middle + ROW / 2.0;
                scene.line((left, y), (left + width, y), 1.0, Colour::FAINT);
            }
        }
        let raised = Rect { y: plot.y - strip, height: plot.height + strip, ..plot };
        lines.draw(scene, &references, &axis, &raised);
        halves.iter().for_each(|halves| halves.name(scene));
        Ok(plot.bottom() + below - top)
    }
}
