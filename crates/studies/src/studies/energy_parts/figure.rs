//! Where the energy goes.

use super::PartRow;
use crate::drawing::{distinct, part_role};
use figures::{Figure, Series, Stack, StackedBars, Stacking, three_digits};

/// Shares of energy by part.
pub fn energy_parts(title: &str, rows: &[PartRow]) -> Figure {
    let parts = distinct(rows.iter().map(|row| row.part.as_str()));
    let stack = |bar: (&str, &str, Option<&str>)| {
        let energy = |part: &&str| {
            let of_part = rows.iter().filter(|row| bar_of(row) == bar && row.part == *part);
            of_part.map(|row| row.energy).sum::<f64>()
        };
        let values: Vec<f64> = parts.iter().map(energy).collect();
        let (_, configuration, model) = bar;
        Stack {
            label: model.map_or(configuration.to_owned(), |model| format!("{configuration}, {model}")),
            total: format!("{} µJ", three_digits(values.iter().sum())),
            parts: values,
        }
    };
    let groups = distinct(rows.iter().map(|row| &row.system)).into_iter().map(|system| {
        let bars = distinct(rows.iter().filter(|row| row.system == *system).map(bar_of));
        (system.clone(), bars.into_iter().map(stack).collect())
    });
    let chart = StackedBars {
        quantity: "share of the energy of one image".to_owned(),
        stacking: Stacking::Shares,
        parts: parts.iter().map(|part| Series::new(*part, part_role(part))).collect(),
        groups: groups.collect(),
    };
    Figure::new(title, chart)
        .subtitle("Total energies stand at the right.")
        .caption(
            "RTM-AP: “movement” is data between buffer and arrays with the buffer’s accesses; shifts move data inside the \
             arrays. Crossbar: “conversion” holds the converters and the columns’ currents.",
        )
        .caption("Events of the RTM-AP are executed on the golden images (Fashion-MNIST, scaled up).")
}

/// The bar that a row is a part of: its system, configuration and search model.
fn bar_of(row: &PartRow) -> (&str, &str, Option<&str>) {
    (&row.system, &row.configuration, row.search_model.as_deref())
}
