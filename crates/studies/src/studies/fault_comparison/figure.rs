//! Digital faults beside analog non-idealities.

use tables::Table;

use crate::drawing::distinct;
use crate::studies::shift_faults::protection;
use figures::{
    Axis, Figure, FigureError, Interval, IntervalChart, IntervalGroup, IntervalRow, Reference, Role, Series,
    three_digits,
};

/// Accuracies with their intervals, in groups of a system and its protection, from the table `comparison`.
///
/// # Errors
/// If the table lacks a column.
pub fn fault_comparison(title: &str, table: &Table) -> Result<Figure, FigureError> {
    let (systems, configurations, faults) =
        (table.text("system")?, table.text("configuration")?, table.text("faults")?);
    let (accuracy, low, high) =
        (table.real("accuracy")?, table.real("accuracy_low")?, table.real("accuracy_high")?);
    let energy = table.real("energy")?;
    let places: Vec<(&str, &str)> = systems.iter().copied().zip(configurations.iter().copied()).collect();
    let groups = distinct(&places).into_iter().map(|place| {
        let rows: Vec<usize> = (0..table.rows()).filter(|&row| places[row] == place).collect();
        let (system, configuration) = place;
        let is_processor = system == "RTM-AP";
        let name = if is_processor { protection(configuration) } else { configuration.to_owned() };
        let cost = rows.first().map_or(0.0, |&row| energy[row]);
        IntervalGroup {
            heading: format!("{system}, {name}: {} µJ an image", three_digits(cost)),
            rows: rows
                .into_iter()
                .map(|row| {
                    let percent = |share: f64| 100.0 * share;
                    let interval = Interval {
                        low: percent(low[row].min(accuracy[row])),
                        median: percent(accuracy[row]),
                        high: percent(high[row].max(accuracy[row])),
                    };
                    let of = |wanted: bool| (wanted == is_processor).then_some(interval);
                    IntervalRow { label: faults[row].to_owned(), intervals: vec![of(true), of(false)] }
                })
                .collect(),
        }
    });
    let clean = table.real("clean_accuracy")?.first().copied().unwrap_or(0.0);
    let confidence = table.real("confidence")?.first().copied().unwrap_or(0.95);
    let inferences = table.integer("inferences")?.first().copied().unwrap_or(0);
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
    Ok(Figure::new(title, chart)
        .subtitle(format!(
            "Both systems classify the same images, {inferences} inferences a row; faults strike the RTM-AP's bit-exact execution, and \
             the crossbar's cells, wires and converters its partial sums. Intervals are bootstrapped over images."
        ))
        .caption(
            "Fault rates and non-idealities are those of experiments/technology/faults and experiments/technology/analog, each with its \
             source and range.",
        ))
}
