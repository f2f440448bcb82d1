//! Bars of parts: what a whole consists of, for several systems.

use crate::axis::{Axis, FittedAxis};
use crate::error::FigureError;
use crate::number::{significant, three_digits};
use crate::scene::{Align, Point, Rect, Scene, TextStyle};
use crate::series::{Key, Series, legend};

use super::check;

/// What the length of a bar says.
#[derive(Debug, Clone, PartialEq)]
pub enum Stacking {
    /// All bars are equally long, and parts are shares of their whole in percent.
    Shares,
    /// Parts keep their amounts along an axis, which must be linear: on a logarithmic one parts do not add up.
    Amounts(Axis),
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// What the bar is of.
    pub label: String,
    /// What stands at its end, such as the total with its unit; empty for nothing.
    pub total: String,
    /// As many amounts as the chart has parts, none negative.
    pub parts: Vec<f64>,
}

/// Horizontal bars of parts.
#[derive(Debug, Clone, PartialEq)]
pub struct StackedBars {
    /// What a whole is, for the axis: `share of energy`.
    pub quantity: String,
    /// What the bars' lengths say.
    pub stacking: Stacking,
    /// The parts, from left to right in every bar. Parts that are zero everywhere are left out of the legend.
    pub parts: Vec<Series>,
    /// The bars under their headings, from top to bottom; a heading may be empty.
    pub groups: Vec<(String, Vec<Stack>)>,
}

const BAR: f64 = 28.0;
const ROW: f64 = 38.0;
const HEADING: f64 = 24.0;

impl StackedBars {
    fn stacks(&self) -> impl Iterator<Item = &Stack> {
        self.groups.iter().flat_map(|(_, stacks)| stacks)
    }

    fn check(&self) -> Result<(), FigureError> {
        check::any(self.parts.iter(), "parts")?;
        check::any(self.stacks(), "bars")?;
        for stack in self.stacks() {
            check::length(self.parts.len(), stack.parts.len(), || stack.label.clone())?;
            for (series, &value) in self.parts.iter().zip(&stack.parts) {
                let what = || format!("{}, {}", stack.label, series.name);
                if !value.is_finite() {
                    return Err(FigureError::NotFinite { what: what(), value });
                }
                if value < 0.0 {
                    return Err(FigureError::Negative { what: what(), value });
                }
            }
            let whole: f64 = stack.parts.iter().sum();
            if self.stacking == Stacking::Shares && !whole.is_normal() {
                // Nothing has no shares.
                return Err(FigureError::NotPositive {
                    what: format!("{}, the whole", stack.label),
                    value: whole,
                    axis: self.quantity.clone(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn draw(
        &self,
        scene: &mut Scene<'_>,
        (left, top): Point,
        width: f64,
    ) -> Result<f64, FigureError> {
        self.check()?;
        let shares = Axis::linear(&self.quantity, "%").at_least(0.0, 100.0);
        let wholes = self.stacks().map(|stack| stack.parts.iter().sum::<f64>());
        let axis = match &self.stacking {
            Stacking::Shares => shares.fit([])?,
            Stacking::Amounts(axis) => axis.fit(wholes.chain([0.0]))?,
        };
        let used = self.parts.iter().enumerate().filter(|(index, _)| {
            self.stacks().any(|stack| stack.parts.get(*index).is_some_and(|&part| part > 0.0))
        });
        let mut y = top + legend(scene, used.map(|(_, part)| part), Key::Patch, (left, top), width);

        let labels: Vec<Vec<String>> =
            self.stacks().map(|stack| scene.wrap(&stack.label, width * 0.28, TextStyle::LABEL)).collect();
        let label_width = scene.widest(labels.iter().flatten().map(String::as_str), TextStyle::LABEL);
        let total_width = scene.widest(self.stacks().map(|stack| stack.total.as_str()), TextStyle::LABEL);
        let plot_left = left + label_width + 12.0;
        // The last label of the axis is centred on its end and needs some room too.
        let plot_right = left + width - (total_width + 10.0).max(18.0);
        let headings = self.groups.iter().filter(|(heading, _)| !heading.is_empty()).count();
        let height = self.stacks().count() as f64 * ROW + headings as f64 * HEADING + 6.0;
        let plot = Rect { x: plot_left, y, width: plot_right - plot_left, height };
        let below = axis.draw_across(scene, &plot);
        y += 4.0;
        let mut labels = labels.iter();
        for (heading, stacks) in &self.groups {
            if !heading.is_empty() {
                scene.text(heading, (left, y + 16.0), Align::Start, TextStyle::GROUP);
                y += HEADING;
            }
            for stack in stacks {
                let middle = y + ROW / 2.0;
                if let Some(label) = labels.next() {
                    scene.paragraph_beside(label, (left, middle), TextStyle::LABEL);
                }
                let end = self.draw_stack(scene, stack, &axis, &plot, middle);
                let at = match self.stacking {
                    Stacking::Shares => plot.right(),
                    Stacking::Amounts(_) => end,
                };
                scene.text_beside(&stack.total, (at + 8.0, middle), Align::Start, TextStyle::LABEL);
                y += ROW;
            }
        }
        Ok(plot.bottom() + below - top)
    }

    /// Draws one bar around the height `middle`; gives its right end.
    fn draw_stack(
        &self,
        scene: &mut Scene<'_>,
        stack: &Stack,
        axis: &FittedAxis<'_>,
        plot: &Rect,
        middle: f64,
    ) -> f64 {
        let whole: f64 = stack.parts.iter().sum();
        let mut below = 0.0;
        let mut end = plot.x;
        for (series, &part) in self.parts.iter().zip(&stack.parts) {
            let part = match self.stacking {
                Stacking::Shares => 100.0 * part / whole,
                Stacking::Amounts(_) => part,
            };
            let (from, to) = (axis.across(plot, below), axis.across(plot, below + part));
            below += part;
            end = to;
            // A hair of white sets parts apart.
            let area =
                Rect { x: from, y: middle - BAR / 2.0, width: (to - from - 1.0).max(0.0), height: BAR };
            if area.width <= 0.0 {
                continue;
            }
            let colour = series.role.colour();
            scene.rect(area, colour);
            let said = match self.stacking {
                Stacking::Shares => format!("{} %", significant(part, 2)),
                Stacking::Amounts(_) => three_digits(part),
            };
            let style = TextStyle::NOTE.in_colour(colour.text_on());
            if scene.width(&said, style) + 8.0 <= area.width {
                scene.text_beside(&said, (from + area.width / 2.0, middle), Align::Middle, style);
            }
        }
        end
    }
}
