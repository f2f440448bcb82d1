//! Accuracy against the rate of shift faults, by protection.

use tables::Table;

use crate::drawing::distinct;
use figures::{
    Axis, Curve, CurvePoint, Curves, Figure, FigureError, Marker, Reference, Role, Series, three_digits,
};

/// Curves of top-1 accuracy with their intervals, from the table `accuracy`.
///
/// # Errors
/// If the table lacks a column.
pub fn shift_faults(title: &str, table: &Table) -> Result<Figure, FigureError> {
    let mitigations = table.text("mitigation")?;
    let (rates, slips) = (table.real("rate")?, table.real("expected_slips")?);
    let accuracy = table.real("accuracy")?;
    // The band is that of the drop: what faults add to the uncertainty, not what the choice of images does.
    let (least, most) = (table.real("drop_low")?, table.real("drop_high")?);
    let clean = table.real("clean_accuracy")?.first().copied().unwrap_or(0.0);
    let markers = [Marker::Disc, Marker::Square, Marker::Diamond, Marker::Triangle];
    let curves = distinct(&mitigations).into_iter().enumerate().map(|(index, name)| Curve {
        series: Series::new(protection(name), Role::Distinct(index as u8))
            .marked(markers[index % markers.len()]),
        points: (0..table.rows())
            .filter(|&row| mitigations[row] == name)
            .map(|row| CurvePoint {
                x: rates[row],
                y: 100.0 * accuracy[row],
                interval: Some((
                    100.0 * (clean - most[row]).clamp(0.0, accuracy[row]),
                    100.0 * (clean - least[row]).clamp(accuracy[row], 1.0),
                )),
            })
            .collect(),
    });
    let literature = table.real("literature_rate")?.first().copied().unwrap_or(1e-5);
    // Slips are proportional to the rate as long as both are small.
    let one_slip = rates.iter().zip(&slips).map(|(rate, slips)| rate / slips).next().unwrap_or(literature);
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
    let images =
        table.integer("inferences")?.first().zip(table.integer("trials")?.first()).map_or(0, |(i, t)| i / t);
    let trials = table.integer("trials")?.iter().copied().max().unwrap_or(0);
    let confidence = table.real("confidence")?.first().copied().unwrap_or(0.95);
    Ok(Figure::new(title, chart)
        .subtitle(format!(
            "Slips strike single tracks in the bit-exact execution and persist until something re-aligns the track. {images} images, \
             up to {trials} trials a point; bands are {} % intervals of the loss, bootstrapped over images.",
            three_digits(100.0 * confidence)
        ))
        .caption(format!(
            "At the literature's {literature:e} a shift, {} slips are expected in one image. Up to {} expected faults an image that \
             the protection does not correct, inferences with at least one are drawn and weighted; under a majority of three all are.",
            three_digits(literature / one_slip),
            three_digits(rare(table)?),
        )))
}

/// The most expected faults at which only struck inferences were drawn.
fn rare(table: &Table) -> Result<f64, FigureError> {
    let (sampling, expected) = (table.text("sampling")?, table.real("expected_faults")?);
    let struck = sampling.iter().zip(&expected).filter(|(sampling, _)| **sampling == "struck");
    Ok(struck.map(|(_, &expected)| expected).fold(0.0, f64::max))
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
