//! Digital faults beside analog non-idealities.

use super::ComparisonRow;
use crate::drawing::distinct;
use crate::studies::shift_faults::protection;
use crate::systems::PROCESSOR;
use figures::{
    Axis, Figure, Interval, IntervalChart, IntervalGroup, IntervalRow, Reference, Role, Series, three_digits,
};

/// Accuracies with their intervals, in groups of a system and its protection.
pub fn fault_comparison(title: &str, rows: &[ComparisonRow]) -> Figure {
    let groups = distinct(rows.iter().map(place_of)).into_iter().map(|place| {
        let of_place = || rows.iter().filter(|row| place_of(row) == place);
        let (system, configuration) = place;
        let is_processor = system == PROCESSOR;
        let name = if is_processor { protection(configuration) } else { configuration.to_owned() };
        let cost = of_place().next().map_or(0.0, |row| row.energy);
        let interval = |row: &ComparisonRow| {
            let percent = |share: f64| 100.0 * share;
            let interval = Interval {
                low: percent(row.accuracy_low.min(row.accuracy)),
                median: percent(row.accuracy),
                high: percent(row.accuracy_high.max(row.accuracy)),
                nominal: None,
            };
            let of = |wanted: bool| (wanted == is_processor).then_some(interval);
            IntervalRow { label: row.faults.clone(), intervals: vec![of(true), of(false)] }
        };
        IntervalGroup {
            heading: format!("{system}, {name}: {} µJ an image", three_digits(cost)),
            rows: of_place().map(interval).collect(),
        }
    });
    let first = rows.first();
    let clean = first.map_or(0.0, |row| row.clean_accuracy);
    let confidence = first.map_or(0.95, |row| row.confidence);
    let inferences = first.map_or(0, |row| row.inferences);
    let chart = IntervalChart {
        axis: Axis::linear("top-1 accuracy", "%").at_least(0.0, 100.0),
        meaning: format!("mean [{} % interval]", three_digits(100.0 * confidence)),
        series: vec![Series::new("RTM-AP", Role::RtmAp), Series::new("crossbar", Role::Crossbar)],
        groups: groups.collect(),
        references: vec![
            Reference::new(100.0 * clean, "without faults", Role::Guide),
            Reference::new(10.0, "chance", Role::Guide),
        ],
        sides: None,
    };
    Figure::new(title, chart)
        .subtitle(format!(
            "Both systems classify the same images, {inferences} inferences a row; faults strike the RTM-AP's bit-exact execution, and \
             the crossbar's cells, wires and converters its partial sums. Intervals are bootstrapped over images and over \
             trials, each of which has cells or faults of its own."
        ))
        .caption(
            "Fault rates and non-idealities are those of experiments/technology/faults and experiments/technology/analog, each with its \
             source and range.",
        )
}

/// Where faults strike: the system and its configuration.
fn place_of(row: &ComparisonRow) -> (&str, &str) {
    (&row.system, &row.configuration)
}
