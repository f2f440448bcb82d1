//! How long cells last, and which columns wear.

use super::{LifetimeRow, WearRow};
use figures::{
    Axis, Curve, CurvePoint, Curves, Figure, Marker, Panel, Reference, Role, Series, three_digits,
};

/// Years against the inference rate, and writes by column.
pub fn lifetime(title: &str, lifetimes: &[LifetimeRow], wear: &[WearRow]) -> Figure {
    let mut written: Vec<&WearRow> = wear.iter().filter(|row| row.writes > 0.0).collect();
    written.sort_by(|a, b| b.writes.total_cmp(&a.writes).then(a.column.cmp(&b.column)));
    let mean = wear.iter().map(|row| row.writes).sum::<f64>() / wear.len().max(1) as f64;
    let hottest = written.first().copied().or(wear.first());
    let panel = |heading: &str, chart: Curves| Panel { heading: heading.to_owned(), chart: chart.into() };
    let mut figure = Figure::new(title, by_rate(lifetimes, "none"));
    figure.panels = vec![
        panel("Each column keeps its role", by_rate(lifetimes, "none")),
        panel(
            "Writes of a row spread evenly over its columns (wear levelling)",
            by_rate(lifetimes, "columns"),
        ),
        panel("Which columns wear", by_column(&written, mean)),
    ];
    figure
        .subtitle(
            "Writes to every cell are counted in the bit-exact execution. Lines: the endurance that the literature states; bands: its \
             5 to 95 % range. ReRAM and PCM stand for the same programs with one cell in the place of each domain.",
        )
        .caption(format!(
            "The hottest column ({}, column {}) takes {} % of a row's writes; {} of {} columns are written at all. Junctions \
             wear by every write of their track, domains by their own; the carry has one domain, so there both are the same.",
            hottest.map_or("", |row| &row.holds),
            hottest.map_or(0, |row| row.column),
            three_digits(100.0 * hottest.map_or(0.0, |row| row.share)),
            written.len(),
            wear.len(),
        ))
}

/// Years of every kind of cell, under a way of levelling.
fn by_rate(rows: &[LifetimeRow], levelling: &str) -> Curves {
    let most = rows.first().map_or(1.0, |row| row.most_inferences);
    let cells = [
        ("racetrack junction", Role::RtmAp, "racetrack: junction at the port"),
        ("racetrack domain", Role::Distinct(2), "racetrack: domain"),
        ("resistive cell", Role::Distinct(3), "ReRAM cell"),
        ("phase-change cell", Role::Distinct(4), "PCM cell"),
    ];
    let point = |row: &LifetimeRow| CurvePoint {
        x: row.inference_rate,
        y: row.years,
        interval: Some((row.years_low, row.years_high)),
    };
    let curves = cells.map(|(cell, role, name)| Curve {
        series: Series::new(name, role).marked(Marker::Disc),
        points: rows.iter().filter(|row| row.cell == cell && row.levelling == levelling).map(point).collect(),
    });
    Curves {
        x: Axis::log("inferences per second", ""),
        y: Axis::log("lifetime", "years").at_least(1e-9, 1e9),
        curves: curves.into(),
        at_x: vec![Reference::new(most, "one machine without pause", Role::Claim)],
        at_y: vec![Reference::new(10.0, "10 years", Role::Guide)],
        height: 300.0,
    }
}

/// Writes of the columns that are written, the most written first, and the mean of all columns.
fn by_column(written: &[&WearRow], mean: f64) -> Curves {
    let ranked = written.iter().enumerate().map(|(rank, row)| (rank + 1, row));
    let points = ranked.filter(|&(rank, _)| is_shown(rank)).map(|(rank, row)| CurvePoint {
        x: rank as f64,
        y: row.writes,
        interval: None,
    });
    Curves {
        x: Axis::log("columns, the most written first", ""),
        y: Axis::log("writes through a junction, one inference", ""),
        curves: vec![Curve {
            series: Series::new("mean of the processor's rows", Role::RtmAp),
            points: points.collect(),
        }],
        at_x: Vec::new(),
        at_y: vec![Reference::new(mean, "mean of all columns", Role::Guide)],
        height: 220.0,
    }
}

/// All of the first ten, and then a tenth more each time: what can be told apart on a logarithmic axis.
fn is_shown(rank: usize) -> bool {
    let step = |rank: usize| (25.0 * libm::log10(rank as f64)) as usize;
    rank <= 10 || step(rank) != step(rank - 1)
}
