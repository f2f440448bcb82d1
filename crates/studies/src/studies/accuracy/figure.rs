//! Accuracy on digital and on analog hardware.

use tables::Table;

use crate::drawing::distinct;
use figures::{
    Axis, Figure, FigureError, Interval, IntervalChart, IntervalGroup, IntervalRow, Role, Series,
    three_digits,
};

/// Top-1 accuracies with their intervals, a group for each network, from the table `accuracies`.
///
/// # Errors
/// If the table lacks a column.
pub fn accuracies(title: &str, confidence: f64, table: &Table) -> Result<Figure, FigureError> {
    let (networks, systems) = (table.text("network")?, table.text("system")?);
    let (origins, configurations) = (table.text("origin")?, table.text("configuration")?);
    let (accuracy, images) = (table.real("accuracy")?, table.optional_integer("images")?);
    let (low, high) = (table.optional_real("accuracy_low")?, table.optional_real("accuracy_high")?);
    let changed = table.optional_integer("changed_answers")?;
    let data = table.text("data")?;
    let series = vec![
        Series::new("documented", Role::Other),
        Series::new("integer inference", Role::Distinct(5)),
        Series::new("RTM-AP", Role::RtmAp),
        Series::new("crossbar", Role::Crossbar),
    ];
    let lane = |row: usize| match (origins[row], systems[row]) {
        ("documented", _) => 0,
        (_, "RTM-AP") => 2,
        (_, "crossbar") => 3,
        _ => 1,
    };
    let label = |row: usize| {
        let name = match configurations[row] {
            "" => systems[row].to_owned(),
            configuration => format!("{}, {configuration}", systems[row]),
        };
        match (origins[row], images[row], changed[row]) {
            ("documented", _, _) => format!("{name} (documented)"),
            (_, Some(images), Some(changed)) if lane(row) > 1 => {
                format!("{name}: {changed} of {images} answers changed")
            }
            (_, Some(images), _) => format!("{name}, {images} images"),
            _ => name,
        }
    };
    let of_row = |row: usize| {
        let percent = |share: f64| 100.0 * share;
        let median = percent(accuracy[row]);
        let mut intervals = vec![None; series.len()];
        intervals[lane(row)] = Some(Interval {
            low: low[row].map_or(median, percent).min(median),
            median,
            high: high[row].map_or(median, percent).max(median),
        });
        IntervalRow { label: label(row), intervals }
    };
    let groups = distinct(&networks).into_iter().map(|network| {
        let rows: Vec<usize> = (0..table.rows()).filter(|&row| networks[row] == network).collect();
        let measured = rows.iter().find(|&&row| origins[row] == "measured");
        let on = measured.map_or(String::new(), |&row| format!(" on {}", data[row]));
        IntervalGroup { heading: format!("{network}{on}"), rows: rows.into_iter().map(of_row).collect() }
    });
    let chart = IntervalChart {
        axis: Axis::linear("top-1 accuracy", "%").at_least(0.0, 100.0),
        meaning: format!("accuracy [{} % interval]", three_digits(100.0 * confidence)),
        groups: groups.collect(),
        series,
        references: Vec::new(),
        sides: None,
    };
    Ok(Figure::new(title, chart)
        .subtitle(
            "RTM-AP executes the integer network bit for bit: equal by construction, and checked on every value of every image. \
             The crossbar rounds partial sums in its converters; its cells and wires are ideal here.",
        )
        .caption(
            "Float and quantized networks were trained for different times, so their distance is not the cost of quantization. \
             Crossbars classify the first of the same images.",
        ))
}
