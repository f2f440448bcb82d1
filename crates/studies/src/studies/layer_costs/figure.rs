//! Energy and latency layer by layer, both systems.

use super::LayerRow;
use crate::drawing::{distinct, technology_role};
use crate::systems::CROSSBAR;
use figures::{Axis, Bar, Chart, Figure, GroupedBars, Panel, Role, Series};

/// What bars of layers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerQuantity {
    /// Energy.
    Energy,
    /// Latency, and the arrays that work.
    Latency,
}

/// Bars by layer.
pub fn layer_costs(title: &str, shown: LayerQuantity, rows: &[LayerRow]) -> Figure {
    let bars = LayerBars::new(rows);
    let panels = match shown {
        LayerQuantity::Energy => {
            vec![bars.panel("Energy", Axis::log("energy of a layer", "µJ"), |row| row.energy)]
        }
        LayerQuantity::Latency => vec![
            bars.panel("Latency", Axis::log("latency of a layer", "ms"), |row| row.latency),
            bars.panel(
                "Arrays that work in the layer, or hold its weights",
                Axis::log("arrays", ""),
                |row| row.arrays as f64,
            ),
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
    figure
}

/// What series tell apart: the system, its configuration and the search model.
type Key<'r> = (&'r str, &'r str, Option<&'r str>);

fn key_of(row: &LayerRow) -> Key<'_> {
    (&row.system, &row.configuration, row.search_model.as_deref())
}

/// The rows with the series that they belong to.
struct LayerBars<'r> {
    rows: &'r [LayerRow],
    keys: Vec<Key<'r>>,
    series: Vec<Series>,
}

impl<'r> LayerBars<'r> {
    fn new(rows: &'r [LayerRow]) -> Self {
        let keys = distinct(rows.iter().map(key_of));
        let mut crossbars = [Role::Crossbar, Role::Distinct(5)].into_iter().cycle();
        let series = keys.iter().map(|&(system, configuration, model)| {
            let name = match model {
                Some(model) => format!("{system}, {configuration}, {model}"),
                None => configuration.to_owned(),
            };
            let role = match system {
                CROSSBAR => crossbars.next().unwrap_or(Role::Crossbar),
                _ => technology_role(configuration),
            };
            Series::new(name, role)
        });
        Self { rows, series: series.collect(), keys }
    }

    fn panel(&self, heading: &str, axis: Axis, value: impl Fn(&LayerRow) -> f64) -> Panel {
        let categories = distinct(self.rows.iter().map(|row| &row.layer)).into_iter().map(|layer| {
            let bar = |key: &Key<'_>| {
                let row = self.rows.iter().find(|row| row.layer == *layer && key_of(row) == *key);
                row.map(|row| Bar::new(value(row)))
            };
            (layer.clone(), self.keys.iter().map(bar).collect())
        });
        let (categories, series) = (categories.collect(), self.series.clone());
        let chart = GroupedBars { axis, series, categories, references: Vec::new(), height: 300.0 };
        Panel { heading: heading.to_owned(), chart: chart.into() }
    }
}
