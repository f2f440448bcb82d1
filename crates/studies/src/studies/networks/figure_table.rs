//! Every network on every system, as numbers.

use super::figure::with_quotations;
use super::{NetworkRow, QuotedRow};
use crate::drawing::distinct;
use crate::systems::PROCESSOR;
use figures::{Figure, TextTable, three_digits};

/// A table to read.
pub fn network_table(title: &str, rows: &[NetworkRow], quoted: &[QuotedRow]) -> Figure {
    let mut lines = Vec::new();
    for network in distinct(rows.iter().map(|row| &row.network)) {
        let of_network: Vec<&NetworkRow> = rows.iter().filter(|row| row.network == *network).collect();
        let Some(first) = of_network.first() else { continue };
        lines.push(vec![format!(
            "{network}: {} % of the weights zero, {}-bit activations",
            three_digits(100.0 * first.weight_sparsity),
            first.activation_bits
        )]);
        lines.extend(of_network.into_iter().map(cells));
    }
    let header = [
        ("system", ""),
        ("energy", "µJ"),
        ("latency", "ms"),
        ("energy × latency", "µJ ms"),
        ("power", "mW"),
        ("area", "mm²"),
        ("arrays", ""),
        ("crossbar / this", "energy"),
    ];
    let header = header.map(|(name, unit)| (name.to_owned(), unit.to_owned())).to_vec();
    let chart = TextTable { header, rows: lines };
    let figure = Figure::new(title, chart)
        .subtitle("One image, nominal parameters. The last column is the energy of the crossbar over that of the row: above 1 the row needs less.")
        .caption(
            "RTM-AP: events executed on the golden images (Fashion-MNIST, fitted to the network); area with the memory of the program. \
             The crossbar and the digital reference have the network’s ternary weights and bits of activations.",
        );
    with_quotations(figure, quoted)
}

fn cells(row: &NetworkRow) -> Vec<String> {
    let mut name = match row.system.as_str() {
        PROCESSOR => format!("RTM-AP {}", row.configuration),
        _ => row.configuration.clone(),
    };
    for part in [&row.flow, &row.search_model].into_iter().flatten() {
        name += &format!(", {part}");
    }
    vec![
        name,
        three_digits(row.energy),
        three_digits(row.latency),
        three_digits(row.energy_delay),
        three_digits(row.power),
        three_digits(row.area),
        row.arrays.to_string(),
        three_digits(row.energy_ratio),
    ]
}
