//! Every network on every system, as numbers.

use tables::Table;

use crate::drawing::{distinct, quotations};
use figures::{Figure, FigureError, TextTable, three_digits};

/// A table to read, from the tables `networks` and `quoted`.
///
/// # Errors
/// If a table lacks a column.
pub fn network_table(title: &str, table: &Table, quoted: &Table) -> Result<Figure, FigureError> {
    let (networks, systems) = (table.text("network")?, table.text("system")?);
    let (configurations, flows) = (table.text("configuration")?, table.optional_text("flow")?);
    let models = table.optional_text("search_model")?;
    let (bits, sparsities) = (table.integer("activation_bits")?, table.real("weight_sparsity")?);
    let arrays = table.integer("arrays")?;
    let numbers = ["energy", "latency", "energy_delay", "power", "area", "energy_ratio"]
        .map(|column| table.real(column))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for network in distinct(&networks) {
        let of_network: Vec<usize> = (0..table.rows()).filter(|&row| networks[row] == network).collect();
        let Some(&first) = of_network.first() else { continue };
        rows.push(vec![format!(
            "{network}: {} % of the weights zero, {}-bit activations",
            three_digits(100.0 * sparsities[first]),
            bits[first]
        )]);
        for &row in &of_network {
            let mut name = match systems[row] {
                "RTM-AP" => format!("RTM-AP {}", configurations[row]),
                _ => configurations[row].to_owned(),
            };
            for part in [&flows[row], &models[row]].into_iter().flatten() {
                name += &format!(", {part}");
            }
            let mut cells = vec![name];
            cells.extend(numbers.iter().map(|values| three_digits(values[row])));
            cells.insert(6, arrays[row].to_string());
            rows.push(cells);
        }
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
    let chart = TextTable { header, rows };
    let mut figure = Figure::new(title, chart)
        .subtitle("One image, nominal parameters. The last column is the energy of the crossbar over that of the row: above 1 the row needs less.")
        .caption(
            "RTM-AP: events executed on the golden images (Fashion-MNIST, fitted to the network); area with the memory of the program. \
             The crossbar and the digital reference have the network’s ternary weights and bits of activations.",
        );
    for quotation in quotations(quoted)? {
        figure = figure.caption(quotation);
    }
    Ok(figure)
}
