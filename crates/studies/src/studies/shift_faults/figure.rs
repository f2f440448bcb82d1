//! Accuracy against the rate of shift faults, by protection.

use super::AccuracyRow;
use crate::drawing::distinct;
use figures::{Axis, Curve, CurvePoint, Curves, Figure, Marker, Reference, Role, Series, three_digits};

/// Curves of top-1 accuracy with their intervals.
pub fn shift_faults(title: &str, rows: &[AccuracyRow]) -> Figure {
    let first = rows.first();
    let clean = first.map_or(0.0, |row| row.clean_accuracy);
    let markers = [Marker::Disc, Marker::Square, Marker::Diamond, Marker::Triangle];
    let mitigations = distinct(rows.iter().map(|row| row.mitigation.as_str())).into_iter().enumerate();
    let curves = mitigations.map(|(index, name)| Curve {
        series: Series::new(protection(name), Role::Distinct(index as u8))
            .marked(markers[index % markers.len()]),
        points: rows.iter().filter(|row| row.mitigation == name).map(|row| point(row, clean)).collect(),
    });
    let literature = first.map_or(1e-5, |row| row.literature_rate);
    // Slips are proportional to the rate as long as both are small.
    let one_slip = first.map_or(literature, |row| row.rate / row.expected_slips);
    let chart = Curves {
        x: Axis::log("probability that a shift by one domain leaves a track out of step", ""),
        y: Axis::linear("top-1 accuracy", "%").at_least(0.0, 100.0),
        curves: curves.collect(),
        at_x: vec![
            Reference::new(one_slip, "1 slip an image", Role::Guide),
            Reference::new(1000.0 * one_slip, "1 000 slips", Role::Guide),
            Reference::new(literature, "literature", Role::Claim),
        ],
        at_y: vec![
            Reference::new(100.0 * clean, "without faults", Role::Guide),
            Reference::new(10.0, "chance", Role::Guide),
        ],
        height: 380.0,
    };
    let images = first.map_or(0, |row| row.inferences / row.trials);
    let trials = rows.iter().map(|row| row.trials).max().unwrap_or(0);
    let confidence = first.map_or(0.95, |row| row.confidence);
    Figure::new(title, chart)
        .subtitle(format!(
            "Slips strike single tracks in the bit-exact execution and persist until something re-aligns the track. {images} images, \
             up to {trials} trials a point; bands are {} % intervals of the loss, bootstrapped over images.",
            three_digits(100.0 * confidence)
        ))
        .caption(format!(
            "At the literature's {literature:e} a shift, {} slips are expected in one image. Up to {} expected faults an image that \
             the protection does not correct, inferences with at least one are drawn and weighted; under a majority of three all are.",
            three_digits(literature / one_slip),
            three_digits(rare(rows)),
        ))
}

/// A point with the band of the drop: what faults add to the uncertainty, not what the choice of images does.
fn point(row: &AccuracyRow, clean: f64) -> CurvePoint {
    CurvePoint {
        x: row.rate,
        y: 100.0 * row.accuracy,
        interval: Some((
            100.0 * (clean - row.drop_high).clamp(0.0, row.accuracy),
            100.0 * (clean - row.drop_low).clamp(row.accuracy, 1.0),
        )),
    }
}

/// The most expected faults at which only struck inferences were drawn.
fn rare(rows: &[AccuracyRow]) -> f64 {
    let struck = rows.iter().filter(|row| row.sampling == "struck");
    struck.map(|row| row.expected_faults).fold(0.0, f64::max)
}

/// How a figure calls a protection.
pub fn protection(name: &str) -> String {
    match name {
        "none" => "unprotected".to_owned(),
        "realign-each-load" => "re-aligned whenever windows are loaded".to_owned(),
        "position-code" => "position code after every pulse train (p-ECC)".to_owned(),
        "check-and-repeat" => "checked at a layer's end, rows repeated".to_owned(),
        "majority-of-three" => "majority of three".to_owned(),
        other => other.replace('-', " "),
    }
}
