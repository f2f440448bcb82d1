//! Every network on both systems.

use tables::Table;

use super::{DIGITAL, distinct, quotations, technology_role};
use crate::{Axis, Bar, Figure, FigureError, GroupedBars, Panel, Role, Series};

/// Bars of energy, latency and their product by network, from the table `networks`; energies that others published, from the
/// table `quoted`, are told below. Of several search models the first is shown.
///
/// # Errors
/// If the table lacks a column.
pub fn networks(title: &str, table: &Table, quoted: &Table) -> Result<Figure, FigureError> {
    let (names, systems) = (table.text("network")?, table.text("system")?);
    let (configurations, flows) = (table.text("configuration")?, table.optional_text("flow")?);
    let models = table.optional_text("search_model")?;
    let shown = models.iter().flatten().next().map(String::as_str);
    let keys: Vec<(&str, &str, Option<&str>)> =
        (0..table.rows()).map(|row| (systems[row], configurations[row], flows[row].as_deref())).collect();
    let is_shown = |row: usize| models[row].as_deref().is_none_or(|model| Some(model) == shown);
    let wanted = distinct(&keys);
    let flow_names: Vec<&str> = flows.iter().flatten().map(String::as_str).collect();
    let all_flows = distinct(&flow_names);
    let series: Vec<Series> = wanted
        .iter()
        .map(|&(system, configuration, flow)| match flow {
            Some(flow) => {
                let place = all_flows.iter().position(|&known| known == flow).unwrap_or(0);
                let role =
                    if place == 0 { technology_role(configuration) } else { further_flow(configuration) };
                Series::new(format!("{system}, {configuration}, {flow}"), role)
            }
            None if system == "digital" => Series::new(configuration, DIGITAL),
            None => Series::new(configuration, Role::Crossbar),
        })
        .collect();
    let panel = |heading: &str, axis: Axis, column: &str| -> Result<Panel, FigureError> {
        let values = table.real(column)?;
        let categories = distinct(&names).into_iter().map(|name| {
            let bar = |key| {
                let row =
                    (0..table.rows()).find(|&row| names[row] == name && keys[row] == key && is_shown(row));
                row.map(|row| Bar::new(values[row]))
            };
            (name.to_owned(), wanted.iter().map(|&key| bar(key)).collect())
        });
        let categories = categories.collect();
        let chart =
            GroupedBars { axis, series: series.clone(), categories, references: Vec::new(), height: 230.0 };
        Ok(Panel { heading: heading.to_owned(), chart: chart.into() })
    };
    let energy = panel("Energy", Axis::log("energy of an image", "µJ"), "energy")?;
    let latency = panel("Latency", Axis::log("latency of an image", "ms"), "latency")?;
    let product = panel("Energy times latency", Axis::log("energy × latency", "µJ ms"), "energy_delay")?;
    let mut figure = Figure::new(title, energy.chart.clone())
        .subtitle("One image. Logarithmic axes: the ends of the bars count, not their lengths. Lower is better.")
        .caption(
            "The crossbar has the network’s ternary weights and as many bits of activations. RTM-AP: events of the program \
             executed on the golden images (Fashion-MNIST, fitted to the network). Nominal parameters.",
        );
    if let Some(model) = shown {
        figure =
            figure.caption(format!("Searches are charged by the model {model}; the table has the others."));
    }
    for quotation in quotations(quoted)? {
        figure = figure.caption(quotation);
    }
    figure.panels = vec![energy, latency, product];
    Ok(figure)
}

/// The colour of a technology under another way to compile than the first.
fn further_flow(technology: &str) -> Role {
    match technology {
        "paper-like" => Role::Distinct(4),
        "bare-track" => Role::Distinct(7),
        "conservative" => Role::Distinct(5),
        _ => Role::Other,
    }
}
