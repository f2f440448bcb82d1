//! The way from the full accounting to the claim, and the accountings that land there.

use figures::{
    Axis, DotGroup, DotPlot, DotRow, Figure, Interval, IntervalChart, IntervalGroup, IntervalRow, Marker,
    Panel, Reference, Role, Series, three_digits,
};

use super::families::FamilyRow;
use super::prices::PriceRow;
use super::{LadderRow, Term};
use crate::drawing::{distinct, search_marker};

/// What the figure is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Focus<'a> {
    /// The claimed ratio.
    pub claimed: f64,
    /// From where to where a ratio counts as near.
    pub near: (f64, f64),
    /// The technology of the associative processor, by name.
    pub technology: &'a str,
    /// The network, by name.
    pub network: &'a str,
}

/// Ladder, families and prices.
pub fn accounting(
    title: &str,
    focus: Focus<'_>,
    ladder: &[LadderRow],
    families: &[FamilyRow],
    prices: &[PriceRow],
) -> Figure {
    let chart = ladder_chart(focus, ladder);
    let mut figure = Figure::new(title, chart.clone())
        .subtitle(finding(focus, ladder))
        .caption(format!(
            "{}, technology {}, nominal prices. Terms are left out one after the other, in the order of the rows; then the baseline is \
             changed. What is left at the end is searches.",
            focus.network, focus.technology
        ));
    figure.panels = vec![Panel { heading: "Step by step".to_owned(), chart: chart.into() }];
    if !families.is_empty() {
        figure = figure.caption(
            "No family is known to be the paper’s. What would tell them apart: absolute energies, whether a breakdown has shifts and \
             leakage, the bits of the baseline’s weights and its converter.",
        );
        figure.panels.push(Panel {
            heading: format!(
                "Every combination of counted terms, baselines and search models between {} and {}×: energy of the RTM-AP by family",
                focus.near.0, focus.near.1
            ),
            chart: family_chart(families).into(),
        });
    }
    if prices.len() > 1 {
        let heading = "One price, or one way to run the machine, changed alone".to_owned();
        figure.panels.push(Panel { heading, chart: price_chart(focus, prices).into() });
    }
    figure
}

/// The first step at which the claim is reached.
fn finding(focus: Focus<'_>, ladder: &[LadderRow]) -> String {
    let model = ladder.first().map_or("", |row| row.search_model.as_str());
    let mut rows = ladder.iter().filter(|row| row.search_model == model);
    let Some(full) = rows.clone().next() else { return String::new() };
    let reached = rows.find(|row| row.ratio >= focus.claimed);
    let start = format!("With everything counted the ratio is {}×.", three_digits(full.ratio));
    match reached {
        Some(row) if row.kind == "left out" => format!(
            "{start} {}× is reached only when {} terms are left out, {} the last of them.",
            focus.claimed,
            row.step,
            in_words(&row.change)
        ),
        Some(row) => format!(
            "{start} {}× is reached only when nothing but searches is counted and the baseline is {}.",
            focus.claimed, row.baseline
        ),
        None => format!("{start} No step reaches {}×.", focus.claimed),
    }
}

fn in_words(term: &str) -> String {
    match term.parse::<Term>() {
        Ok(Term::PaddingRows) => "padding rows".to_owned(),
        Ok(Term::WindowLoads) => "repeated loads of windows".to_owned(),
        Ok(Term::Requantization) => "requantization and pools".to_owned(),
        _ => term.to_owned(),
    }
}

fn ladder_chart(focus: Focus<'_>, ladder: &[LadderRow]) -> DotPlot {
    let models = distinct(ladder.iter().map(|row| row.search_model.as_str()));
    let steps = distinct(ladder.iter().map(|row| (row.kind.as_str(), row.change.as_str())));
    let of_step = |&(kind, change): &(&str, &str)| {
        let found = |model: &str| {
            ladder.iter().find(|r| r.kind == kind && r.change == change && r.search_model == model)
        };
        let energy =
            found(models[0]).map_or(String::new(), |row| format!(": {} µJ", three_digits(row.energy)));
        let label = match kind {
            "left out" => format!("without {}{energy}", in_words(change)),
            "baseline" => format!("against {change}"),
            _ => format!("{change}{energy}"),
        };
        DotRow { label, values: models.iter().map(|model| found(model).map(|row| row.ratio)).collect() }
    };
    let group = |kinds: &[&str], heading: &str| DotGroup {
        heading: heading.to_owned(),
        rows: steps.iter().filter(|(kind, _)| kinds.contains(kind)).map(of_step).collect(),
    };
    let first = ladder.first().map_or("", |row| row.baseline.as_str());
    let groups = vec![
        group(&["full", "left out"], &format!("Against the crossbar {first}")),
        group(&["baseline"], "Searches alone, against another baseline"),
    ];
    let series = models.iter().enumerate().map(|(index, model)| {
        let role = if index == 0 { Role::RtmAp } else { Role::Distinct(4) };
        Series::new(format!("search model {model}"), role).marked(search_marker(model))
    });
    DotPlot {
        axis: Axis::log("energy-efficiency ratio, baseline over RTM-AP", "×"),
        series: series.collect(),
        groups: groups.into_iter().filter(|group| !group.rows.is_empty()).collect(),
        references: references(focus),
        band: Some(focus.near),
    }
}

fn references(focus: Focus<'_>) -> Vec<Reference> {
    vec![
        Reference::new(1.0, "parity 1×", Role::Guide),
        Reference::new(focus.claimed, format!("claim {}×", focus.claimed), Role::Claim),
    ]
}

fn family_chart(families: &[FamilyRow]) -> IntervalChart {
    let row = |row: &FamilyRow| IntervalRow {
        label: format!(
            "{}. against {}, {}; always left out: {}. {} combinations, {} with movement as claimed",
            row.family,
            row.baseline,
            row.search_model,
            row.left_out.split(", ").map(in_words).collect::<Vec<_>>().join(", "),
            row.combinations,
            row.few_movement
        ),
        intervals: vec![Some(Interval {
            low: row.energy_low,
            median: libm::sqrt(row.energy_low * row.energy_high),
            high: row.energy_high,
            nominal: None,
        })],
    };
    IntervalChart {
        axis: Axis::log("energy of an image on the RTM-AP, as far as it is counted", "µJ"),
        meaning: "middle [lowest, highest]".to_owned(),
        series: vec![Series::new("RTM-AP", Role::RtmAp).marked(Marker::Disc)],
        groups: vec![IntervalGroup { heading: String::new(), rows: families.iter().map(row).collect() }],
        references: Vec::new(),
        sides: None,
    }
}

fn price_chart(focus: Focus<'_>, prices: &[PriceRow]) -> DotPlot {
    let row = |row: &PriceRow| DotRow {
        label: format!("{}: {} µJ", row.change, three_digits(row.energy)),
        values: vec![Some(row.ratio)],
    };
    DotPlot {
        axis: Axis::log("energy-efficiency ratio, baseline over RTM-AP", "×"),
        series: vec![Series::new("RTM-AP", Role::RtmAp)],
        groups: vec![DotGroup { heading: String::new(), rows: prices.iter().map(row).collect() }],
        references: references(focus),
        band: None,
    }
}
