//! Operation counts by network and way of sharing.

use super::{OnArraysRow, OperationsRow};
use crate::drawing::distinct;
use figures::{Axis, Bar, Figure, GroupedBars, Panel, Role, Series};

/// Bars of the convolutions' operations and of the energy on arrays.
pub fn operations(title: &str, rows: &[OperationsRow], on_arrays: &[OnArraysRow]) -> Figure {
    let ways = distinct(rows.iter().map(|row| &row.sharing));
    let categories = distinct(rows.iter().map(|row| &row.network)).into_iter().map(|network| {
        let bar = |way: &&String| {
            let of_way = || rows.iter().filter(|row| row.network == *network && row.sharing == **way);
            let operations: usize = of_way().filter(|row| row.convolution).map(|row| row.operations).sum();
            of_way().next().map(|_| Bar::new(operations as f64 / 1e3))
        };
        (network.clone(), ways.iter().map(bar).collect())
    });
    let chart = GroupedBars {
        axis: Axis::linear("operations of the convolutions", "thousand"),
        series: ways.iter().map(|way| series(way)).collect(),
        categories: categories.collect(),
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
            chart: energies(on_arrays).into(),
        });
        figure = figure.caption(
            "Without limits an output is one sum over all channels. Arrays hold fewer terms, so channels are shared in groups.",
        );
    }
    figure
}

fn energies(rows: &[OnArraysRow]) -> GroupedBars {
    let ways = distinct(rows.iter().map(|row| &row.sharing));
    let categories = distinct(rows.iter().map(|row| &row.network)).into_iter().map(|network| {
        let bar = |way: &&String| {
            let row = rows.iter().find(|row| row.network == *network && row.sharing == **way)?;
            Some(Bar::new(row.relative_energy))
        };
        (network.clone(), ways.iter().map(bar).collect())
    });
    GroupedBars {
        axis: Axis::linear("relative energy", ""),
        series: ways.iter().map(|way| series(way)).collect(),
        categories: categories.collect(),
        references: Vec::new(),
        height: 240.0,
    }
}

/// A way of sharing looks the same in both panels.
fn series(way: &str) -> Series {
    let (name, role) = match way {
        "none" => ("unrolled", Role::Other),
        "per-channel" => ("shared within a channel (as the paper does)", Role::RtmAp),
        "cross-channel" => ("shared across channels", Role::Distinct(2)),
        "cross-channel, unlimited" => ("shared across channels, no limits of an array", Role::Distinct(3)),
        "per-channel bound" => ("bound of sharing within a channel", Role::Guide),
        other => (other, Role::Distinct(4)),
    };
    Series::new(name, role)
}
