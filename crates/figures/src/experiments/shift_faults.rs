//! Accuracy against the rate of shift faults.

use tables::Table;

use super::distinct;
use crate::{
    Axis, Curve, CurvePoint, Curves, Figure, FigureError, Marker, Reference, Role, Series, three_digits,
};

/// Curves of top-1 accuracy with their intervals, from the table `accuracy`.
///
/// # Errors
/// If the table lacks a column.
pub fn shift_faults(title: &str, table: &Table) -> Result<Figure, FigureError> {
    let realignments = table.text("realignment")?;
    let (rates, slips) = (table.real("rate")?, table.real("expected_slips")?);
    let (accuracy, low, high) =
        (table.real("accuracy")?, table.real("accuracy_low")?, table.real("accuracy_high")?);
    let markers = [Marker::Disc, Marker::Square, Marker::Diamond, Marker::Triangle];
    let curves =
        distinct(&realignments).into_iter().zip(markers).enumerate().map(|(index, (name, marker))| {
            let label = match name {
                "none" => "unprotected".to_owned(),
                "realign-each-load" => "tracks re-aligned whenever windows are loaded".to_owned(),
                other => other.to_owned(),
            };
            Curve {
                series: Series::new(label, Role::Distinct(index as u8)).marked(marker),
                points: (0..table.rows())
                    .filter(|&row| realignments[row] == name)
                    .map(|row| CurvePoint {
                        x: rates[row],
                        y: 100.0 * accuracy[row],
                        interval: Some((100.0 * low[row], 100.0 * high[row])),
                    })
                    .collect(),
            }
        });
    let literature = table.real("literature_rate")?.first().copied().unwrap_or(1e-5);
    let clean = table.real("clean_accuracy")?.first().copied().unwrap_or(0.0);
    let one_slip = rates.iter().zip(&slips).map(|(rate, slips)| rate / slips).next().unwrap_or(literature);
    let chart = Curves {
        x: Axis::log("probability that a shift by one domain leaves a track out of step", ""),
        y: Axis::linear("top-1 accuracy", "%").at_least(0.0, 100.0),
        curves: curves.collect(),
        at_x: vec![
            Reference::new(one_slip, "one slip an image", Role::Guide),
            Reference::new(literature, "literature", Role::Claim),
        ],
        at_y: vec![
            Reference::new(100.0 * clean, "without faults", Role::Guide),
            Reference::new(10.0, "chance", Role::Guide),
        ],
        height: 360.0,
    };
    let inferences = table.integer("inferences")?.first().copied().unwrap_or(0);
    let confidence = table.real("confidence")?.first().copied().unwrap_or(0.95);
    Ok(Figure::new(title, chart)
        .subtitle(format!(
            "Slips strike single tracks in the bit-exact execution and persist. {inferences} inferences a point; bands are {} % \
             Clopper-Pearson intervals.",
            three_digits(100.0 * confidence)
        ))
        .caption(format!(
            "At the literature's {literature:e} a shift, {} slips are expected in one image.",
            three_digits(literature / one_slip)
        )))
}
