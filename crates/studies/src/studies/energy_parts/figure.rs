//! Where the energy goes.

use tables::Table;

use crate::drawing::distinct;
use figures::{Figure, FigureError, Role, Series, Stack, StackedBars, Stacking, three_digits};

/// Shares of energy by part, from the table `parts`.
///
/// # Errors
/// If the table lacks a column.
pub fn energy_parts(title: &str, table: &Table) -> Result<Figure, FigureError> {
    let (systems, configurations) = (table.text("system")?, table.text("configuration")?);
    let (models, parts) = (table.optional_text("search_model")?, table.text("part")?);
    let energies = table.real("energy")?;
    let names = distinct(&parts);
    let keys: Vec<(&str, &str, Option<&str>)> =
        (0..table.rows()).map(|row| (systems[row], configurations[row], models[row].as_deref())).collect();
    let stack = |key: (&str, &str, Option<&str>)| {
        let energy = |part: &&str| {
            let rows = (0..table.rows()).filter(|&row| keys[row] == key && parts[row] == *part);
            rows.map(|row| energies[row]).sum::<f64>()
        };
        let values: Vec<f64> = names.iter().map(energy).collect();
        let (_, configuration, model) = key;
        Stack {
            label: model.map_or(configuration.to_owned(), |model| format!("{configuration}, {model}")),
            total: format!("{} µJ", three_digits(values.iter().sum())),
            parts: values,
        }
    };
    let groups = distinct(&systems)
        .into_iter()
        .map(|system| {
            let of_system = distinct(&keys).into_iter().filter(|key| key.0 == system);
            (system.to_owned(), of_system.map(stack).collect())
        })
        .collect();
    let chart = StackedBars {
        quantity: "share of the energy of one image".to_owned(),
        stacking: Stacking::Shares,
        parts: names.iter().map(|name| Series::new(*name, role(name))).collect(),
        groups,
    };
    Ok(Figure::new(title, chart)
        .subtitle("Total energies stand at the right.")
        .caption(
            "RTM-AP: “movement” is data between buffer and arrays with the buffer’s accesses; shifts move data inside the \
             arrays. Crossbar: “conversion” holds the converters and the columns’ currents.",
        )
        .caption("Events of the RTM-AP are executed on the golden images (Fashion-MNIST, scaled up)."))
}

fn role(part: &str) -> Role {
    match part {
        "search" => Role::Search,
        "write" => Role::Write,
        "read" => Role::Array,
        "shift" => Role::Shift,
        "program" => Role::Program,
        "movement" => Role::Movement,
        "periphery" => Role::Periphery,
        "drivers" => Role::Other,
        "leakage" => Role::Leakage,
        "conversion" => Role::Adc,
        "accumulation" => Role::Accumulation,
        "buffers" => Role::Buffer,
        "interconnect" => Role::Interconnect,
        _ => Role::Other,
    }
}
