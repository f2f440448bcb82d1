//! Axes: from values to places, and the ticks between.

use crate::error::FigureError;
use crate::number::{power_of_ten, shortest};
use crate::role::Colour;
use crate::scene::{Align, Rect, Scene, TextStyle};

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal distances for equal differences.
    Linear,
    /// Equal distances for equal ratios; positive values only.
    Log,
}

/// What an axis shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The quantity, such as `energy for one image`.
    pub label: String,
    /// The unit, such as `µJ`; empty for a ratio or a count.
    pub unit: String,
    /// How values are spread.
    pub scale: Scale,
    /// What the axis holds at least; it is longer where the data reach beyond, so that nothing is cut off.
    pub at_least: Option<(f64, f64)>,
}

impl Axis {
    /// A linear axis that fits the data.
    pub fn linear(label: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { label: label.into(), unit: unit.into(), scale: Scale::Linear, at_least: None }
    }

    /// A logarithmic axis that fits the data.
    pub fn log(label: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { label: label.into(), unit: unit.into(), scale: Scale::Log, at_least: None }
    }

    /// The same axis, at least from `low` to `high`.
    #[must_use]
    pub fn at_least(mut self, low: f64, high: f64) -> Self {
        self.at_least = Some((low, high));
        self
    }

    /// The label with its unit: `energy [pJ]`.
    pub(crate) fn title(&self) -> String {
        if self.unit.is_empty() { self.label.clone() } else { format!("{} [{}]", self.label, self.unit) }
    }

    /// Checks that `value` has a place on the axis; `what` says where it stands.
    pub(crate) fn check(&self, value: f64, what: impl FnOnce() -> String) -> Result<f64, FigureError> {
        if !value.is_finite() {
            Err(FigureError::NotFinite { what: what(), value })
        } else if self.scale == Scale::Log && value <= 0.0 {
            Err(FigureError::NotPositive { what: what(), value, axis: self.label.clone() })
        } else {
            Ok(value)
        }
    }

    /// The axis with its ends, which hold all `values` (checked before) and a margin.
    pub(crate) fn fit(&self, values: impl IntoIterator<Item = f64>) -> Result<FittedAxis<'_>, FigureError> {
        if let Some((low, high)) = self.at_least {
            self.check(low, || "the axis' low end".to_owned())?;
            self.check(high, || "the axis' high end".to_owned())?;
            if low >= high {
                return Err(FigureError::Range { axis: self.label.clone(), low, high });
            }
        }
        let data = values.into_iter().fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = match (data, self.at_least) {
            (None, None) => return Err(FigureError::Empty { what: "values" }),
            (None, Some(wanted)) => wanted,
            (Some((low, high)), None) => self.widened(low, high),
            (Some((low, high)), Some(wanted)) => {
                // An end that holds the data stays as it was wanted; the other gets its margin.
                let all = (low.min(wanted.0), high.max(wanted.1));
                let wide = self.widened(all.0, all.1);
                (
                    if low < wanted.0 { wide.0 } else { wanted.0 },
                    if high > wanted.1 { wide.1 } else { wanted.1 },
                )
            }
        };
        let bent = (self.bend(low), self.bend(high));
        // Extreme values may leave no room between the ends.
        if !(bent.1 - bent.0).is_normal() || bent.1 <= bent.0 {
            return Err(FigureError::Range { axis: self.label.clone(), low, high });
        }
        Ok(FittedAxis { axis: self, low, high, bent })
    }

    /// The ends with a margin, and some room where all values are equal.
    fn widened(&self, low: f64, high: f64) -> (f64, f64) {
        match self.scale {
            Scale::Log => {
                let margin = (libm::log10(high / low) * 0.04).max(0.05);
                let factor = libm::pow(10.0, margin);
                (low / factor, high * factor)
            }
            Scale::Linear => {
                let span = high - low;
                let margin = if span > 0.0 { span * 0.04 } else { (high.abs() * 0.1).max(1e-3) };
                // Zero is an end of its own for what cannot be negative.
                let floor = if low >= 0.0 && low - margin < 0.0 { 0.0 } else { low - margin };
                (floor, high + margin)
            }
        }
    }

    fn bend(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log => libm::log10(value),
        }
    }
}

/// A tick: its value and its label, or no label for a line between those.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub label: Option<String>,
}

/// An axis with ends.
#[derive(Debug, Clone)]
pub(crate) struct FittedAxis<'a> {
    pub axis: &'a Axis,
    pub low: f64,
    pub high: f64,
    bent: (f64, f64),
}

impl FittedAxis<'_> {
    /// Where `value` lies between the ends: 0 at the low one, 1 at the high one, beyond for values outside.
    pub(crate) fn share(&self, value: f64) -> f64 {
        (self.axis.bend(value) - self.bent.0) / (self.bent.1 - self.bent.0)
    }

    /// The place of `value` in `plot`, from left to right.
    pub(crate) fn across(&self, plot: &Rect, value: f64) -> f64 {
        plot.x + plot.width * self.share(value).clamp(0.0, 1.0)
    }

    /// The place of `value` in `plot`, from bottom to top.
    pub(crate) fn up(&self, plot: &Rect, value: f64) -> f64 {
        plot.bottom() - plot.height * self.share(value).clamp(0.0, 1.0)
    }

    /// Ticks for an axis of `length` pixels, whose labels take `room` pixels each by the measure given.
    fn ticks(&self, length: f64, room: impl Fn(&str) -> f64) -> Vec<Tick> {
        match self.axis.scale {
            Scale::Linear => self.linear_ticks(length, room),
            Scale::Log => self.log_ticks(length, room),
        }
    }

    fn linear_ticks(&self, length: f64, room: impl Fn(&str) -> f64) -> Vec<Tick> {
        let span = self.high - self.low;
        let start = libm::floor(libm::log10(span / 20.0)) as i32;
        // From fine to coarse, the first steps whose labels have room.
        let steps = (start..start + 4).flat_map(|exponent| [(1, exponent), (2, exponent), (5, exponent)]);
        let mut last = Vec::new();
        for (factor, exponent) in steps {
            let power = libm::pow(10.0, f64::from(exponent.abs()));
            // Dividing by a power of ten is exact where multiplying by its inverse is not.
            let value = |k: f64| {
                if exponent < 0 { k * f64::from(factor) / power } else { k * f64::from(factor) * power }
            };
            let step = value(1.0);
            let (from, to) = (libm::ceil(self.low / step - 1e-9), libm::floor(self.high / step + 1e-9));
            let count = (to - from + 1.0).max(0.0) as usize;
            if count > 200 {
                continue;
            }
            last = (0..count)
                .map(|index| value(from + index as f64))
                .map(|value| Tick { value, label: Some(shortest(value)) })
                .collect();
            let widest = last.iter().filter_map(|tick| tick.label.as_deref()).map(&room).fold(0.0, f64::max);
            if length * step / span >= widest && count <= 12 {
                break;
            }
        }
        last
    }

    fn log_ticks(&self, length: f64, room: impl Fn(&str) -> f64) -> Vec<Tick> {
        let (first, last) = (libm::floor(self.bent.0) as i32, libm::ceil(self.bent.1) as i32);
        let decades = self.bent.1 - self.bent.0;
        // Plain digits only when all labels can have them.
        let plain = self.low >= 0.8e-3 && self.high < 1.2e5;
        let within = |value: f64| (self.low * (1.0 - 1e-9)..=self.high * (1.0 + 1e-9)).contains(&value);
        let label = |factor: f64, exponent: i32, value: f64| {
            if factor == 1.0 { power_of_ten(exponent, plain) } else { shortest(value) }
        };
        let at = |factor: f64, exponent: i32| {
            let power = libm::pow(10.0, f64::from(exponent.abs()));
            if exponent < 0 { factor / power } else { factor * power }
        };
        let candidates = |factors: &[f64], every: i32| -> Vec<Tick> {
            (first..=last)
                .filter(|exponent| exponent.rem_euclid(every) == 0)
                .flat_map(|exponent| factors.iter().map(move |&factor| (factor, exponent)))
                .map(|(factor, exponent)| (factor, exponent, at(factor, exponent)))
                .filter(|&(_, _, value)| within(value))
                .map(|(factor, exponent, value)| Tick { value, label: Some(label(factor, exponent, value)) })
                .collect()
        };
        let fits = |ticks: &[Tick]| {
            ticks.iter().zip(ticks.iter().skip(1)).all(|(a, b)| {
                let needed =
                    [a, b].into_iter().filter_map(|t| t.label.as_deref()).map(&room).fold(0.0, f64::max);
                length * (self.share(b.value) - self.share(a.value)) >= needed
            })
        };
        let tenths: Vec<f64> = (10..100).map(|tenth| f64::from(tenth) / 10.0).collect();
        let halves: Vec<f64> = (2..20).map(|half| f64::from(half) / 2.0).collect();
        let choices: [(&[f64], i32); 12] = [
            (&[1.0], 96),
            (&[1.0], 48),
            (&[1.0], 12),
            (&[1.0], 6),
            (&[1.0], 3),
            (&[1.0], 2),
            (&[1.0], 1),
            (&[1.0, 3.0], 1),
            (&[1.0, 2.0, 5.0], 1),
            (&[1.0, 2.0, 3.0, 4.0, 6.0, 8.0], 1),
            (&halves, 1),
            (&tenths, 1),
        ];
        let mut labelled: Vec<Tick> = Vec::new();
        for (factors, every) in choices {
            let ticks = candidates(factors, every);
            let enough = labelled.len() >= 3 && (factors.len() > 1 || labelled.len() >= 5);
            if enough || !fits(&ticks) {
                continue;
            }
            if ticks.len() > labelled.len() {
                labelled = ticks;
            }
        }
        // Lines between the labels show that the spacing is logarithmic.
        let between: &[f64] =
            if decades <= 8.0 { &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0] } else { &[1.0] };
        let mut ticks = labelled;
        for tick in candidates(between, 1) {
            if !ticks.iter().any(|other| (other.value - tick.value).abs() <= 1e-9 * tick.value) {
                ticks.push(Tick { value: tick.value, label: None });
            }
        }
        ticks.sort_by(|a, b| a.value.total_cmp(&b.value));
        ticks
    }

    /// The colour of the grid line at a tick; lines between labels only where they are few.
    fn grid_colour(&self, tick: &Tick) -> Option<Colour> {
        match tick.label {
            Some(_) => Some(Colour::GRID),
            None => (self.bent.1 - self.bent.0 <= 3.0).then_some(Colour::FAINT),
        }
    }

    fn ticks_across(&self, scene: &Scene<'_>, length: f64) -> Vec<Tick> {
        self.ticks(length, |label| scene.width(label, TextStyle::TICK) + 16.0)
    }

    fn ticks_up(&self, length: f64) -> Vec<Tick> {
        self.ticks(length, |_| 32.0)
    }

    /// Draws the grid, the labels and the title of a horizontal axis under `plot`; gives the height they take.
    pub(crate) fn draw_across(&self, scene: &mut Scene<'_>, plot: &Rect) -> f64 {
        let ticks = self.ticks_across(scene, plot.width);
        for tick in &ticks {
            let x = self.across(plot, tick.value);
            if let Some(colour) = self.grid_colour(tick) {
                scene.line((x, plot.y), (x, plot.bottom()), 1.0, colour);
            }
        }
        for tick in &ticks {
            let x = self.across(plot, tick.value);
            let length = if tick.label.is_some() { 5.0 } else { 3.0 };
            scene.line((x, plot.bottom()), (x, plot.bottom() + length), 1.0, Colour::AXIS);
            if let Some(label) = &tick.label {
                scene.text(label, (x, plot.bottom() + 18.0), Align::Middle, TextStyle::TICK);
            }
        }
        scene.line((plot.x, plot.bottom()), (plot.right(), plot.bottom()), 1.0, Colour::AXIS);
        let middle = plot.x + plot.width / 2.0;
        scene.text(&self.axis.title(), (middle, plot.bottom() + 38.0), Align::Middle, TextStyle::LABEL);
        44.0
    }

    /// The width that the labels and the title of a vertical axis take beside a plot of `height` pixels.
    pub(crate) fn width_up(&self, scene: &Scene<'_>, height: f64) -> f64 {
        let ticks = self.ticks_up(height);
        scene.widest(ticks.iter().filter_map(|tick| tick.label.as_deref()), TextStyle::TICK) + 34.0
    }

    /// Draws the grid, the labels and the title of a vertical axis to the left of `plot`.
    pub(crate) fn draw_up(&self, scene: &mut Scene<'_>, plot: &Rect) {
        let ticks = self.ticks_up(plot.height);
        for tick in &ticks {
            let y = self.up(plot, tick.value);
            if let Some(colour) = self.grid_colour(tick) {
                scene.line((plot.x, y), (plot.right(), y), 1.0, colour);
            }
        }
        for tick in &ticks {
            let y = self.up(plot, tick.value);
            let length = if tick.label.is_some() { 5.0 } else { 3.0 };
            scene.line((plot.x - length, y), (plot.x, y), 1.0, Colour::AXIS);
            if let Some(label) = &tick.label {
                scene.text_beside(label, (plot.x - 9.0, y), Align::End, TextStyle::TICK);
            }
        }
        scene.line((plot.x, plot.y), (plot.x, plot.bottom()), 1.0, Colour::AXIS);
        let x = plot.x - self.width_up(scene, plot.height) + 12.0;
        let middle = plot.y + plot.height / 2.0;
        scene.text_upwards(&self.axis.title(), (x, middle), Align::Middle, TextStyle::LABEL);
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;
    use crate::error::FigureError;

    fn labels(axis: &Axis, values: [f64; 2]) -> Result<Vec<String>, FigureError> {
        let fitted = axis.fit(values)?;
        Ok(fitted.ticks(600.0, |_| 60.0).into_iter().filter_map(|tick| tick.label).collect())
    }

    #[test]
    fn log_labels_suit_the_span() -> Result<(), FigureError> {
        let log = Axis::log("ratio", "");
        assert_eq!(labels(&log, [0.02, 50.0])?, ["0.1", "1", "10"].map(str::to_owned));
        assert_eq!(labels(&log, [1e-9, 1e-3])?.first().map(String::as_str), Some("10⁻⁹"));
        let narrow = labels(&log, [1.1, 4.0])?;
        assert!(narrow.len() >= 3, "{narrow:?}");
        let tiny = labels(&log, [7.4, 7.6])?;
        assert!(tiny.len() >= 2, "{tiny:?}");
        Ok(())
    }

    #[test]
    fn linear_labels_are_round_and_inside() -> Result<(), FigureError> {
        let percent = Axis::linear("top-1", "%").at_least(0.0, 100.0);
        assert_eq!(labels(&percent, [0.0, 0.0])?.last().map(String::as_str), Some("100"));
        let small = labels(&Axis::linear("energy", "pJ"), [0.11, 0.29])?;
        assert!(small.iter().all(|label| label.len() <= 5), "{small:?}");
        Ok(())
    }

    #[test]
    fn an_axis_is_longer_than_asked_where_the_data_are() -> Result<(), FigureError> {
        let percent = Axis::linear("top-1", "%").at_least(0.0, 100.0);
        let inside = percent.fit([3.0, 97.0])?;
        assert_eq!((inside.low, inside.high), (0.0, 100.0));
        let beyond = percent.fit([3.0, 120.0])?;
        assert!(beyond.low == 0.0 && beyond.high > 120.0);
        Ok(())
    }

    #[test]
    fn a_value_without_a_place_is_named() {
        let log = Axis::log("energy", "pJ");
        let error = log.check(0.0, || "row 3".to_owned()).err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some("row 3: 0 has no place on the logarithmic axis `energy`"));
        assert!(matches!(log.check(f64::NAN, String::new), Err(FigureError::NotFinite { .. })));
        assert!(matches!(log.clone().at_least(3.0, 2.0).fit([1.0]), Err(FigureError::Range { .. })));
        assert!(matches!(log.fit([]), Err(FigureError::Empty { .. })));
    }
}
