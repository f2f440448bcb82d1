//! What one fault does, by layer and by bit.

use tables::Table;

use crate::drawing::distinct;
use figures::{
    Axis, Bar, Curve, CurvePoint, Curves, Figure, FigureError, GroupedBars, Marker, Panel, Role, Series,
    three_digits,
};

/// An error with its interval; none where there was none.
type Error = Option<(f64, f64, f64)>;

/// Bars by layer and curves by bit, from the tables `by_layer` and `by_bit`.
///
/// # Errors
/// If a table lacks a column.
pub fn fault_sites(title: &str, by_layer: &Table, by_bit: &Table) -> Result<Figure, FigureError> {
    let (layers, faults) = (by_layer.text("layer")?, by_layer.text("fault")?);
    let errors = |table: &Table| -> Result<Vec<Error>, FigureError> {
        let (noise, low, high) = (table.real("noise")?, table.real("noise_low")?, table.real("noise_high")?);
        let percent = |noise: f64| 100.0 * noise.sqrt();
        let of_row = |row: usize| {
            // No error has no place on a logarithmic axis; nor has an interval's end there.
            let value = percent(noise[row]);
            let end = if low[row] > 0.0 { percent(low[row]) } else { 0.1 * value };
            (value > 0.0).then(|| (value, end, percent(high[row])))
        };
        Ok((0..table.rows()).map(of_row).collect())
    };
    let of_layers = errors(by_layer)?;
    let kinds = distinct(&faults);
    let categories = distinct(&layers).into_iter().map(|layer| {
        let bars = kinds.iter().map(|kind| {
            let row = (0..by_layer.rows()).find(|&row| layers[row] == layer && faults[row] == *kind)?;
            of_layers[row].map(|(value, low, high)| Bar { value, interval: Some((low, high)) })
        });
        (layer.to_owned(), bars.collect())
    });
    let bars = GroupedBars {
        axis: Axis::log("error of the logits", "%"),
        series: kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| Series::new(fault(kind), Role::Distinct(index as u8)))
            .collect(),
        categories: categories.collect(),
        references: Vec::new(),
        height: 260.0,
    };
    let (layers, bits) = (by_bit.text("layer")?, by_bit.integer("bit")?);
    let of_bits = errors(by_bit)?;
    let markers = [Marker::Disc, Marker::Square, Marker::Diamond, Marker::Triangle];
    let curves = distinct(&layers).into_iter().enumerate().map(|(index, layer)| Curve {
        series: Series::new(layer, Role::Distinct(index as u8)).marked(markers[index % markers.len()]),
        points: (0..by_bit.rows())
            .filter(|&row| layers[row] == layer)
            .filter_map(|row| {
                let (y, low, high) = of_bits[row]?;
                Some(CurvePoint { x: bits[row] as f64, y, interval: Some((low, high)) })
            })
            .collect(),
    });
    let curves = curves.filter(|curve| !curve.points.is_empty());
    let curves = Curves {
        x: Axis::linear("bit of the accumulator that keeps its old value, 0 the least significant", ""),
        y: Axis::log("error of the logits", "%"),
        curves: curves.collect(),
        at_x: Vec::new(),
        at_y: Vec::new(),
        height: 300.0,
    };
    let inferences = by_layer.integer("inferences")?.first().copied().unwrap_or(0);
    let confidence = by_layer.real("confidence")?.first().copied().unwrap_or(0.95);
    let changed = by_layer.real("changed_answers")?;
    let places = by_layer.text("layer")?;
    let slips = (0..by_layer.rows()).filter(|&row| faults[row] == "out-of-step-by-one");
    let worst = slips.max_by(|&a, &b| changed[a].total_cmp(&changed[b]));
    let worst = worst.map_or(("", 0.0), |row| (places[row], changed[row]));
    let mut figure = Figure::new(title, bars.clone());
    figure.panels = vec![
        Panel { heading: "One fault at a random place of a layer's run, by kind".into(), chart: bars.into() },
        Panel {
            heading: "One failed write to an accumulator, by layer and bit".into(),
            chart: curves.into(),
        },
    ];
    Ok(figure.subtitle(format!(
        "Root mean square error of the logits, as a share of their length. {inferences} inferences a point, each with exactly one \
         fault; whiskers and bands are {} % intervals, bootstrapped over images.",
        three_digits(100.0 * confidence)
    ))
    .caption(format!(
        "Worst of all: one slip in {}, which changes {} % of the answers. Where a mark is missing, no fault of those drawn changed \
         any logit; an interval that begins at none is cut at a tenth of the value.",
        worst.0,
        three_digits(100.0 * worst.1)
    )))
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
