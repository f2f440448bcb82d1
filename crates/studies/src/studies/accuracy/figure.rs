//! Accuracy on digital and on analog hardware.

use super::AccuracyRow;
use crate::drawing::distinct;
use crate::systems::{CROSSBAR, PROCESSOR};
use figures::{
    Axis, Figure, Interval, IntervalChart, IntervalGroup, IntervalRow, Role, Series, three_digits,
};

/// Top-1 accuracies with their intervals, a group for each network.
pub fn accuracies(title: &str, confidence: f64, rows: &[AccuracyRow]) -> Figure {
    let series = vec![
        Series::new("documented", Role::Other),
        Series::new("integer inference", Role::Distinct(5)),
        Series::new("RTM-AP", Role::RtmAp),
        Series::new("crossbar", Role::Crossbar),
    ];
    let of_row = |row: &AccuracyRow| {
        let percent = |share: f64| 100.0 * share;
        let median = percent(row.accuracy);
        let mut intervals = vec![None; series.len()];
        intervals[lane(row)] = Some(Interval {
            low: row.accuracy_low.map_or(median, percent).min(median),
            median,
            high: row.accuracy_high.map_or(median, percent).max(median),
            nominal: None,
        });
        IntervalRow { label: label(row), intervals }
    };
    let groups = distinct(rows.iter().map(|row| &row.network)).into_iter().map(|network| {
        let of_network = || rows.iter().filter(|row| row.network == *network);
        let measured = of_network().find(|row| row.origin == "measured");
        let on = measured.map_or(String::new(), |row| format!(" on {}", row.data));
        IntervalGroup { heading: format!("{network}{on}"), rows: of_network().map(of_row).collect() }
    });
    let chart = IntervalChart {
        axis: Axis::linear("top-1 accuracy", "%").at_least(0.0, 100.0),
        meaning: format!("accuracy [{} % interval]", three_digits(100.0 * confidence)),
        groups: groups.collect(),
        series,
        references: Vec::new(),
        sides: None,
    };
    Figure::new(title, chart)
        .subtitle(
            "RTM-AP executes the integer network bit for bit: equal by construction, and checked on every value of every image. \
             The crossbar rounds partial sums in its converters; its cells and wires are ideal here.",
        )
        .caption(
            "Float and quantized networks were trained for different times, so their distance is not the cost of quantization. \
             Crossbars classify the first of the same images.",
        )
}

/// The series that a row belongs to.
fn lane(row: &AccuracyRow) -> usize {
    match (row.origin.as_str(), row.system.as_str()) {
        ("documented", _) => 0,
        (_, PROCESSOR) => 2,
        (_, CROSSBAR) => 3,
        _ => 1,
    }
}

fn label(row: &AccuracyRow) -> String {
    let name = match row.configuration.as_str() {
        "" => row.system.clone(),
        configuration => format!("{}, {configuration}", row.system),
    };
    match (row.origin.as_str(), row.images, row.changed_answers) {
        ("documented", _, _) => format!("{name} (documented)"),
        (_, Some(images), Some(changed)) if lane(row) > 1 => {
            format!("{name}: {changed} of {images} answers changed")
        }
        (_, Some(images), _) => format!("{name}, {images} images"),
        _ => name,
    }
}
