//! Every network on both systems.

use tables::Table;

use crate::drawing::{DIGITAL, distinct, quotations, technology_role};
use figures::{Axis, Bar, Figure, FigureError, GroupedBars, Panel, Role, Series};

/// Bars of energy, latency and their product by network, from the table `networks`; energies that others published, from the
/// table `quoted`, are told below. Of several search models the first is shown.
///
/// # Errors
/// If the table lacks a column.
pub fn networks(title: &str, table: &Table, quoted: &Table) -> Result<Figure, FigureError> {
    let costs = Costs::new(table)?;
    let energy = costs.panel("Energy", Axis::log("energy of an image", "µJ"), "energy", 1.0)?;
    let latency = costs.panel("Latency", Axis::log("latency of an image", "ms"), "latency", 1.0)?;
    let product =
        costs.panel("Energy times latency", Axis::log("energy × latency", "µJ ms"), "energy_delay", 1.0)?;
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
    for quotation in quotations(quoted)? {
        figure = figure.caption(quotation);
    }
    figure.panels = vec![energy, latency, product];
    Ok(figure)
}

/// Bars of energy, latency and area of networks from shapes alone, from the table `networks`, and of what sharing leaves of the
/// operations of trained and of drawn weights, from the table `drawn_weights`.
///
/// # Errors
/// If a table lacks a column.
pub fn networks_from_shapes(title: &str, table: &Table, drawn: &Table) -> Result<Figure, FigureError> {
    let costs = Costs::new(table)?;
    let energy = costs.panel("Energy", Axis::log("energy of an image", "mJ"), "energy", 1e3)?;
    let latency = costs.panel("Latency", Axis::log("latency of an image", "ms"), "latency", 1.0)?;
    let area = costs.panel("Area", Axis::log("area of the arrays", "mm²"), "area", 1.0)?;
    let arrays = costs.panel(
        "Arrays: associative processors, subarrays of the crossbar, one array of units",
        Axis::log("number of arrays", ""),
        "arrays",
        1.0,
    )?;
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
        figure.panels.push(trained_against_drawn(drawn)?);
        figure = figure.caption(
            "Trained weights share more subexpressions than weights drawn at every layer’s own sparsity, so RTM-AP’s costs above are \
             higher than those of trained networks would be: the last panel says by how much on networks that are trained. \
             Convolutions of 1 × 1, most of MobileNetV2 and half of ResNet-50, share nothing within a channel, trained or drawn.",
        );
    }
    Ok(figure)
}

fn trained_against_drawn(table: &Table) -> Result<Panel, FigureError> {
    let (names, layers) = (table.text("network")?, table.text("layer")?);
    let (trained, drawn) = (table.real("trained_share")?, table.real("drawn_share")?);
    let totals = (0..table.rows()).filter(|&row| layers[row] == "convolutions");
    let bars = |row: usize| vec![Some(Bar::new(100.0 * trained[row])), Some(Bar::new(100.0 * drawn[row]))];
    let chart = GroupedBars {
        axis: Axis::linear("operations left", "%"),
        series: vec![
            Series::new("trained weights", Role::RtmAp),
            Series::new("drawn weights of the same shapes and sparsities", Role::Distinct(2)),
        ],
        categories: totals.map(|row| (names[row].to_owned(), bars(row))).collect(),
        references: Vec::new(),
        height: 230.0,
    };
    let heading =
        "What sharing within a channel leaves of the convolutions’ operations, trained against drawn weights"
            .to_owned();
    Ok(Panel { heading, chart: chart.into() })
}

/// The table `networks`, ready to be drawn column by column.
struct Costs<'t> {
    table: &'t Table,
    names: Vec<&'t str>,
    keys: Vec<(&'t str, &'t str, Option<&'t str>)>,
    /// The rows of each series.
    wanted: Vec<(&'t str, &'t str, Option<&'t str>)>,
    series: Vec<Series>,
    models: &'t [Option<String>],
    shown_model: Option<&'t str>,
}

impl<'t> Costs<'t> {
    fn new(table: &'t Table) -> Result<Self, FigureError> {
        let (names, systems) = (table.text("network")?, table.text("system")?);
        let (configurations, flows) = (table.text("configuration")?, table.optional_text("flow")?);
        let models = table.optional_text("search_model")?;
        let shown_model = models.iter().flatten().next().map(String::as_str);
        let keys: Vec<(&str, &str, Option<&str>)> =
            (0..table.rows()).map(|row| (systems[row], configurations[row], flows[row].as_deref())).collect();
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
        Ok(Self { table, names, keys, wanted, series, models, shown_model })
    }

    /// Bars of a column, `per` of whose unit are one of the axis'.
    fn panel(&self, heading: &str, axis: Axis, column: &str, per: f64) -> Result<Panel, FigureError> {
        let values: Vec<f64> = match column {
            "arrays" => self.table.integer(column)?.into_iter().map(|count| count as f64).collect(),
            _ => self.table.real(column)?,
        };
        let is_shown =
            |row: usize| self.models[row].as_deref().is_none_or(|model| Some(model) == self.shown_model);
        let categories = distinct(&self.names).into_iter().map(|name| {
            let bar = |key| {
                let row = (0..self.table.rows())
                    .find(|&row| self.names[row] == name && self.keys[row] == key && is_shown(row));
                row.map(|row| Bar::new(values[row] / per))
            };
            (name.to_owned(), self.wanted.iter().map(|&key| bar(key)).collect())
        });
        let (categories, series) = (categories.collect(), self.series.clone());
        let chart = GroupedBars { axis, series, categories, references: Vec::new(), height: 230.0 };
        Ok(Panel { heading: heading.to_owned(), chart: chart.into() })
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
