//! What charts of several kinds ask of their data.

use crate::axis::Axis;
use crate::error::FigureError;
use crate::series::{Reference, Sides};

/// Something has to be there.
pub(super) fn any<T>(mut items: impl Iterator<Item = T>, what: &'static str) -> Result<(), FigureError> {
    items.next().map(drop).ok_or(FigureError::Empty { what })
}

/// Lists that belong together are equally long.
pub(super) fn length(
    expected: usize,
    found: usize,
    what: impl FnOnce() -> String,
) -> Result<(), FigureError> {
    if expected == found { Ok(()) } else { Err(FigureError::Length { what: what(), expected, found }) }
}

/// An interval has a place on the axis and holds its middle.
pub(super) fn interval(
    axis: &Axis,
    [low, middle, high]: [f64; 3],
    what: impl Fn() -> String,
) -> Result<(), FigureError> {
    for value in [low, middle, high] {
        axis.check(value, &what)?;
    }
    if low <= middle && middle <= high {
        Ok(())
    } else {
        Err(FigureError::Order { what: what(), low, middle, high })
    }
}

/// Places along an axis ascend.
pub(super) fn ascending(
    places: impl Iterator<Item = f64> + Clone,
    what: impl FnOnce() -> String,
) -> Result<(), FigureError> {
    match places.clone().zip(places.skip(1)).find(|(a, b)| a >= b) {
        Some((a, b)) => Err(FigureError::Order { what: what(), low: a, middle: b, high: b }),
        None => Ok(()),
    }
}

/// Reference lines have a place on the axis.
pub(super) fn references(axis: &Axis, references: &[Reference]) -> Result<(), FigureError> {
    references
        .iter()
        .try_for_each(|reference| axis.check(reference.value, || reference.label.clone()).map(drop))
}

/// The value between two sides has a place on the axis.
pub(super) fn sides(axis: &Axis, sides: Option<&Sides>) -> Result<(), FigureError> {
    sides.map_or(Ok(()), |sides| axis.check(sides.at, || "the value between the sides".to_owned()).map(drop))
}
