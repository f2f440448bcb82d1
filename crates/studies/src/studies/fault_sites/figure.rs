//! What one fault does, by layer and by bit.

use super::{BitRow, LayerRow};
use crate::drawing::distinct;
use figures::{
    Axis, Bar, Curve, CurvePoint, Curves, Figure, GroupedBars, Marker, Panel, Role, Series, three_digits,
};

/// Bars by layer and curves by bit.
pub fn fault_sites(title: &str, by_layer: &[LayerRow], by_bit: &[BitRow]) -> Figure {
    let bars = bars(by_layer);
    let inferences = by_layer.first().map_or(0, |row| row.inferences);
    let confidence = by_layer.first().map_or(0.95, |row| row.confidence);
    let slips = by_layer.iter().filter(|row| row.fault == "out-of-step-by-one");
    let worst = slips.max_by(|a, b| a.changed_answers.total_cmp(&b.changed_answers));
    let (layer, changed) = worst.map_or(("", 0.0), |row| (row.layer.as_str(), row.changed_answers));
    let mut figure = Figure::new(title, bars.clone());
    figure.panels = vec![
        Panel { heading: "One fault at a random place of a layer's run, by kind".into(), chart: bars.into() },
        Panel {
            heading: "One failed write to an accumulator, by layer and bit".into(),
            chart: curves(by_bit).into(),
        },
    ];
    figure
        .subtitle(format!(
            "Root mean square error of the logits, as a share of their length. {inferences} inferences a point, each with exactly one \
             fault; whiskers and bands are {} % intervals, bootstrapped over images.",
            three_digits(100.0 * confidence)
        ))
        .caption(format!(
            "Worst of all: one slip in {layer}, which changes {} % of the answers. Where a mark is missing, no fault of those drawn \
             changed any logit; an interval that begins at none is cut at a tenth of the value.",
            three_digits(100.0 * changed)
        ))
}

/// An error of the logits in percent with its interval, from their noise; none where there was none: it has no place on a
/// logarithmic axis, nor has an interval's end there.
fn error(noise: f64, low: f64, high: f64) -> Option<(f64, (f64, f64))> {
    let percent = |noise: f64| 100.0 * noise.sqrt();
    let value = percent(noise);
    let end = if low > 0.0 { percent(low) } else { 0.1 * value };
    (value > 0.0).then(|| (value, (end, percent(high))))
}

fn bars(rows: &[LayerRow]) -> GroupedBars {
    let kinds = distinct(rows.iter().map(|row| &row.fault));
    let categories = distinct(rows.iter().map(|row| &row.layer)).into_iter().map(|layer| {
        let bars = kinds.iter().map(|kind| {
            let row = rows.iter().find(|row| row.layer == *layer && row.fault == **kind)?;
            let (value, interval) = error(row.noise, row.noise_low, row.noise_high)?;
            Some(Bar { value, interval: Some(interval) })
        });
        (layer.clone(), bars.collect())
    });
    let series = |(index, kind): (usize, &&String)| Series::new(fault(kind), Role::Distinct(index as u8));
    GroupedBars {
        axis: Axis::log("error of the logits", "%"),
        series: kinds.iter().enumerate().map(series).collect(),
        categories: categories.collect(),
        references: Vec::new(),
        height: 260.0,
    }
}

fn curves(rows: &[BitRow]) -> Curves {
    let markers = [Marker::Disc, Marker::Square, Marker::Diamond, Marker::Triangle];
    let point = |row: &BitRow| {
        let (y, interval) = error(row.noise, row.noise_low, row.noise_high)?;
        Some(CurvePoint { x: f64::from(row.bit), y, interval: Some(interval) })
    };
    let layers = distinct(rows.iter().map(|row| row.layer.as_str()));
    let curves = layers.into_iter().enumerate().map(|(index, layer)| Curve {
        series: Series::new(layer, Role::Distinct(index as u8)).marked(markers[index % markers.len()]),
        points: rows.iter().filter(|row| row.layer == layer).filter_map(point).collect(),
    });
    Curves {
        x: Axis::linear("bit of the accumulator that keeps its old value, 0 the least significant", ""),
        y: Axis::log("error of the logits", "%"),
        curves: curves.filter(|curve| !curve.points.is_empty()).collect(),
        at_x: Vec::new(),
        at_y: Vec::new(),
        height: 300.0,
    }
}

/// How a figure calls a kind of fault.
fn fault(name: &str) -> String {
    match name {
        "out-of-step-by-one" => "track slips by one domain".to_owned(),
        "pinning" => "wall is pinned".to_owned(),
        "write-failure" => "write fails".to_owned(),
        "search-miss" => "search misses a match".to_owned(),
        "search-false-match" => "search finds a mismatch".to_owned(),
        other => other.replace('-', " "),
    }
}
