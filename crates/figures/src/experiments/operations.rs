//! Operation counts by network and way of sharing.

use tables::Table;

use super::distinct;
use crate::{Axis, Bar, Figure, FigureError, GroupedBars, Role, Series};

/// Bars of the convolutions' operations, from the table `operations`.
///
/// # Errors
/// If the table lacks a column.
pub fn operations(title: &str, table: &Table) -> Result<Figure, FigureError> {
    let (networks, ways) = (table.text("network")?, table.text("sharing")?);
    let (convolution, operations) = (table.flag("convolution")?, table.integer("operations")?);
    let series_names = distinct(&ways);
    let total = |network: &str, way: &str| {
        let rows =
            (0..table.rows()).filter(|&row| networks[row] == network && ways[row] == way && convolution[row]);
        rows.map(|row| operations[row]).sum::<i64>() as f64 / 1e3
    };
    let series = series_names.iter().enumerate().map(|(index, &way)| {
        let (name, role) = match way {
            "none" => ("unrolled", Role::Other),
            "per-channel" => ("shared within a channel (the paper's flow)", Role::RtmAp),
            "cross-channel" => ("shared across channels", Role::Distinct(2)),
            "per-channel bound" => ("bound of sharing within a channel", Role::Guide),
            other => (other, Role::Distinct(index as u8)),
        };
        Series::new(name, role)
    });
    let chart = GroupedBars {
        axis: Axis::linear("operations of the convolutions", "thousand"),
        series: series.collect(),
        categories: distinct(&networks)
            .into_iter()
            .map(|network| {
                let bars = series_names.iter().map(|way| Some(Bar::new(total(network, way)))).collect();
                (network.to_owned(), bars)
            })
            .collect(),
        references: Vec::new(),
        height: 320.0,
    };
    Ok(Figure::new(title, chart)
        .subtitle(
            "An operation is one addition or subtraction of words, in all rows at once. Lower is better.",
        )
        .caption("An accumulate counts for each slice of weights (output, input channel) that is not empty."))
}
