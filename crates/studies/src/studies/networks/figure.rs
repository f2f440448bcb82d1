//! Every network on both systems.

use super::drawn_weights::DrawnWeightsRow;
use super::{NetworkRow, QuotedRow};
use crate::drawing::{DIGITAL, distinct, technology_role};
use figures::{Axis, Bar, Figure, GroupedBars, Panel, Role, Series, significant};

/// Bars of energy, latency and their product by network; energies that others published are told below. Of several search models
/// the first is shown.
pub fn networks(title: &str, rows: &[NetworkRow], quoted: &[QuotedRow]) -> Figure {
    let costs = Costs::new(rows);
    let energy = costs.panel("Energy", Axis::log("energy of an image", "µJ"), |row| row.energy);
    let latency = costs.panel("Latency", Axis::log("latency of an image", "ms"), |row| row.latency);
    let product_axis = Axis::log("energy × latency", "µJ ms");
    let product = costs.panel("Energy times latency", product_axis, |row| row.energy_delay);
    let mut figure = Figure::new(title, energy.chart.clone())
        .subtitle("One image. Logarithmic axes: the ends of the bars count, not their lengths. Lower is better.")
        .caption(
            "The crossbar has the network’s ternary weights and as many bits of activations. RTM-AP: events of the program \
             executed on the golden images (Fashion-MNIST, fitted to the network). Nominal parameters.",
        );
    if let Some(model) = costs.shown_model {
        figure =
            figure.caption(format!("Searches are charged by the model {model}; the table has the others."));
    }
    figure.panels = vec![energy, latency, product];
    with_quotations(figure, quoted)
}

/// A figure that tells below what others published, a sentence each.
pub fn with_quotations(figure: Figure, quoted: &[QuotedRow]) -> Figure {
    quoted.iter().fold(figure, |figure, row| {
        let QuotedRow { name, network, mark, source, energy } = row;
        let energy = significant(*energy, 4);
        figure.caption(format!("Quoted, not compared ({mark}): {name}, {network}, {energy} µJ; {source}."))
    })
}

/// Bars of energy, latency and area of networks from shapes alone, and of what sharing leaves of the operations of trained and of
/// drawn weights.
pub fn networks_from_shapes(title: &str, rows: &[NetworkRow], drawn: &[DrawnWeightsRow]) -> Figure {
    let costs = Costs::new(rows);
    let energy = costs.panel("Energy", Axis::log("energy of an image", "mJ"), |row| row.energy / 1e3);
    let latency = costs.panel("Latency", Axis::log("latency of an image", "ms"), |row| row.latency);
    let area = costs.panel("Area", Axis::log("area of the arrays", "mm²"), |row| row.area);
    let arrays = costs.panel(
        "Arrays: associative processors, subarrays of the crossbar, one array of units",
        Axis::log("number of arrays", ""),
        |row| row.arrays as f64,
    );
    let mut figure = Figure::new(title, energy.chart.clone())
        .subtitle(
            "One image of 224 × 224. Logarithmic axes: the ends of the bars count, not their lengths. Lower is better.",
        )
        .caption(
            "ImageNet’s shapes with ternary weights drawn at a sparsity of 0.80: for costs, not for accuracy. RTM-AP: events expected \
             from the program and the share of set bits in the activations. Nominal parameters.",
        );
    if let Some(model) = costs.shown_model {
        figure =
            figure.caption(format!("Searches are charged by the model {model}; the table has the others."));
    }
    figure.panels = vec![energy, latency, area, arrays];
    if !drawn.is_empty() {
        figure.panels.push(trained_against_drawn(drawn));
        figure = figure.caption(
            "Trained weights share more subexpressions than weights drawn at every layer’s own sparsity, so RTM-AP’s costs above are \
             higher than those of trained networks would be: the last panel says by how much on networks that are trained. \
             Convolutions of 1 × 1, most of MobileNetV2 and half of ResNet-50, share nothing within a channel, trained or drawn.",
        );
    }
    figure
}

fn trained_against_drawn(rows: &[DrawnWeightsRow]) -> Panel {
    let bars = |row: &DrawnWeightsRow| {
        let bar = |share: f64| Some(Bar::new(100.0 * share));
        (row.network.clone(), vec![bar(row.trained_share), bar(row.drawn_share)])
    };
    let chart = GroupedBars {
        axis: Axis::linear("operations left", "%"),
        series: vec![
            Series::new("trained weights", Role::RtmAp),
            Series::new("drawn weights of the same shapes and sparsities", Role::Distinct(2)),
        ],
        categories: rows.iter().filter(|row| row.layer == "convolutions").map(bars).collect(),
        references: Vec::new(),
        height: 230.0,
    };
    let heading =
        "What sharing within a channel leaves of the convolutions’ operations, trained against drawn weights"
            .to_owned();
    Panel { heading, chart: chart.into() }
}

/// What series tell apart: the system, its configuration and the way to compile.
type Key<'r> = (&'r str, &'r str, Option<&'r str>);

fn key_of(row: &NetworkRow) -> Key<'_> {
    (&row.system, &row.configuration, row.flow.as_deref())
}

/// The rows with the series that they belong to, ready to be drawn quantity by quantity.
struct Costs<'r> {
    rows: &'r [NetworkRow],
    keys: Vec<Key<'r>>,
    series: Vec<Series>,
    shown_model: Option<&'r str>,
}

impl<'r> Costs<'r> {
    fn new(rows: &'r [NetworkRow]) -> Self {
        let keys = distinct(rows.iter().map(key_of));
        let flows = distinct(rows.iter().filter_map(|row| row.flow.as_deref()));
        let series = keys.iter().map(|&(system, configuration, flow)| match flow {
            Some(flow) => {
                let is_first = flows.first() == Some(&flow);
                let role =
                    if is_first { technology_role(configuration) } else { further_flow(configuration) };
                Series::new(format!("{system}, {configuration}, {flow}"), role)
            }
            None if system == "digital" => Series::new(configuration, DIGITAL),
            None => Series::new(configuration, Role::Crossbar),
        });
        let shown_model = rows.iter().find_map(|row| row.search_model.as_deref());
        Self { rows, series: series.collect(), keys, shown_model }
    }

    /// Bars of a quantity.
    fn panel(&self, heading: &str, axis: Axis, value: impl Fn(&NetworkRow) -> f64) -> Panel {
        let is_shown =
            |row: &NetworkRow| row.search_model.is_none() || row.search_model.as_deref() == self.shown_model;
        let categories = distinct(self.rows.iter().map(|row| &row.network)).into_iter().map(|name| {
            let bar = |key: &Key<'_>| {
                let is_of = |row: &&NetworkRow| row.network == *name && key_of(row) == *key && is_shown(row);
                self.rows.iter().find(is_of).map(|row| Bar::new(value(row)))
            };
            (name.clone(), self.keys.iter().map(bar).collect())
        });
        let (categories, series) = (categories.collect(), self.series.clone());
        let chart = GroupedBars { axis, series, categories, references: Vec::new(), height: 230.0 };
        Panel { heading: heading.to_owned(), chart: chart.into() }
    }
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
