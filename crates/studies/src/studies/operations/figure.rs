//! Operation counts by network and way of sharing.

use tables::Table;

use crate::drawing::distinct;
use figures::{Axis, Bar, Figure, FigureError, GroupedBars, Panel, Role, Series};

/// Bars of the convolutions' operations and of the energy on arrays, from the tables `operations` and `on_arrays`.
///
/// # Errors
/// If a table lacks a column.
pub fn operations(title: &str, table: &Table, on_arrays: &Table) -> Result<Figure, FigureError> {
    let (networks, ways) = (table.text("network")?, table.text("sharing")?);
    let (convolution, operations) = (table.flag("convolution")?, table.integer("operations")?);
    let series_names = distinct(&ways);
    let total = |network: &str, way: &str| {
        let rows =
            (0..table.rows()).filter(|&row| networks[row] == network && ways[row] == way && convolution[row]);
        rows.map(|row| operations[row]).sum::<i64>() as f64 / 1e3
    };
    let chart = GroupedBars {
        axis: Axis::linear("operations of the convolutions", "thousand"),
        series: series_names.iter().map(|way| series(way)).collect(),
        categories: distinct(&networks)
            .into_iter()
            .map(|network| {
                let known = |way: &str| (0..table.rows()).any(|r| networks[r] == network && ways[r] == way);
                let bar = |&way: &&str| known(way).then(|| Bar::new(total(network, way)));
                let bars = series_names.iter().map(bar).collect();
                (network.to_owned(), bars)
            })
            .collect(),
        references: Vec::new(),
        height: 320.0,
    };
    let mut figure = Figure::new(title, chart)
        .subtitle(
            "An operation is one addition or subtraction of words, in all rows at once. Lower is better.",
        )
        .caption("An accumulate counts for each slice of weights (output, input channel) that is not empty.");
    if !on_arrays.is_empty() {
        figure.panels[0].heading = "Operations of the convolutions".into();
        figure.panels.push(Panel {
            heading: "Energy on arrays, with all layers, over that of the unrolled program".into(),
            chart: energies(on_arrays)?.into(),
        });
        figure = figure.caption(
            "Without limits an output is one sum over all channels. Arrays hold fewer terms, so channels are shared in groups.",
        );
    }
    Ok(figure)
}

fn energies(table: &Table) -> Result<GroupedBars, FigureError> {
    let (networks, ways) = (table.text("network")?, table.text("sharing")?);
    let values = table.real("relative_energy")?;
    let names = distinct(&ways);
    let categories = distinct(&networks).into_iter().map(|network| {
        let bar = |&way: &&str| {
            let row = (0..table.rows()).find(|&row| networks[row] == network && ways[row] == way)?;
            Some(Bar::new(values[row]))
        };
        (network.to_owned(), names.iter().map(bar).collect())
    });
    Ok(GroupedBars {
        axis: Axis::linear("relative energy", ""),
        series: names.iter().map(|way| series(way)).collect(),
        categories: categories.collect(),
        references: Vec::new(),
        height: 240.0,
    })
}

/// A way of sharing looks the same in both panels.
fn series(way: &str) -> Series {
    let (name, role) = match way {
        "none" => ("unrolled", Role::Other),
        "per-channel" => ("shared within a channel (the paper's flow)", Role::RtmAp),
        "cross-channel" => ("shared across channels", Role::Distinct(2)),
        "cross-channel, unlimited" => ("shared across channels, no limits of an array", Role::Distinct(3)),
        "per-channel bound" => ("bound of sharing within a channel", Role::Guide),
        other => (other, Role::Distinct(4)),
    };
    Series::new(name, role)
}
