//! Energy and latency layer by layer, both systems.

use tables::Table;

use crate::drawing::{distinct, technology_role};
use figures::{Axis, Bar, Chart, Figure, FigureError, GroupedBars, Panel, Role, Series};

/// What bars of layers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerQuantity {
    /// Energy.
    Energy,
    /// Latency, and the arrays that work.
    Latency,
}

/// Bars by layer, from the table `layers`.
///
/// # Errors
/// If the table lacks a column.
pub fn layer_costs(title: &str, shown: LayerQuantity, table: &Table) -> Result<Figure, FigureError> {
    let (systems, configurations) = (table.text("system")?, table.text("configuration")?);
    let (models, layers) = (table.optional_text("search_model")?, table.text("layer")?);
    let keys: Vec<(&str, &str, Option<&str>)> =
        (0..table.rows()).map(|row| (systems[row], configurations[row], models[row].as_deref())).collect();
    let wanted = distinct(&keys);
    let mut crossbars = [Role::Crossbar, Role::Distinct(5)].into_iter().cycle();
    let series: Vec<Series> = wanted
        .iter()
        .map(|&(system, configuration, model)| {
            let name = match model {
                Some(model) => format!("{system}, {configuration}, {model}"),
                None => configuration.to_owned(),
            };
            let role = match system {
                "crossbar" => crossbars.next().unwrap_or(Role::Crossbar),
                _ => technology_role(configuration),
            };
            Series::new(name, role)
        })
        .collect();
    let panel = |heading: &str, axis: Axis, column: &str| -> Result<Panel, FigureError> {
        let values: Vec<f64> = match column {
            "arrays" => table.integer(column)?.into_iter().map(|count| count as f64).collect(),
            _ => table.real(column)?,
        };
        let categories = distinct(&layers)
            .into_iter()
            .map(|layer| {
                let bar = |key| {
                    let row = (0..table.rows()).find(|&row| layers[row] == layer && keys[row] == key);
                    row.map(|row| Bar::new(values[row]))
                };
                (layer.to_owned(), wanted.iter().map(|&key| bar(key)).collect())
            })
            .collect();
        let chart =
            GroupedBars { axis, series: series.clone(), categories, references: Vec::new(), height: 300.0 };
        Ok(Panel { heading: heading.to_owned(), chart: chart.into() })
    };
    let panels = match shown {
        LayerQuantity::Energy => vec![panel("Energy", Axis::log("energy of a layer", "µJ"), "energy")?],
        LayerQuantity::Latency => vec![
            panel("Latency", Axis::log("latency of a layer", "ms"), "latency")?,
            panel("Arrays that work in the layer, or hold its weights", Axis::log("arrays", ""), "arrays")?,
        ],
    };
    let mut figure = Figure::new(title, Chart::clone(&panels[0].chart))
        .subtitle("One image. Logarithmic axes: the ends of the bars count, not their lengths. Lower is better.")
        .caption("RTM-AP: events of the program executed on the golden images (Fashion-MNIST, scaled up). Crossbar: model.");
    if shown == LayerQuantity::Latency {
        figure = figure.caption(
            "Layers follow one another. The RTM-AP computes a layer’s outputs one after the other, in all rows at once: its time follows \
             the layer’s weights. The crossbar multiplies all weights at once, one output position after the other: its time follows the \
             positions, and the buffers that feed it.",
        );
    }
    figure.panels = panels;
    Ok(figure)
}
