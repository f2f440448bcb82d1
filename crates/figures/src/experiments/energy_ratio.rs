//! The headline: the ratio against every baseline.

use tables::Table;

use super::{distinct, search_marker, technology_role};
use crate::{
    Axis, Figure, FigureError, Interval, IntervalChart, IntervalGroup, IntervalRow, Panel, Reference, Role,
    Series, Sides, three_digits,
};

/// What a figure of ratios puts in the foreground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioFocus<'a> {
    /// The ratio that is claimed.
    pub claimed: f64,
    /// The baseline that every technology is held against.
    pub baseline: &'a str,
    /// The technology that is held against every baseline.
    pub technology: &'a str,
}

/// Ratios with their intervals, from the tables `ratios`, `systems` and `flows`.
///
/// # Errors
/// If a table lacks a column.
pub fn energy_ratio(
    title: &str,
    focus: RatioFocus<'_>,
    ratios: &Table,
    systems: &Table,
    flows: &Table,
) -> Result<Figure, FigureError> {
    let rows = Rows::of(ratios)?;
    let against_all = rows.against_every_baseline(focus);
    let technologies = rows.of_every_technology(focus);
    let mut figure = Figure::new(title, against_all.clone())
        .subtitle(format!(
            "Energy of a crossbar over energy of the RTM-AP for one image; the claim is {}×. Lines span 5 to 95 % of the draws \
             from the parameters’ ranges.",
            focus.claimed
        ))
        .caption(beside_energy(systems, focus)?)
        .caption(
            "Published baselines have no spread of their own. Events are executed on the golden images (Fashion-MNIST, scaled \
             up to 224 x 224).",
        );
    figure.panels = vec![
        Panel {
            heading: format!("RTM-AP ({}) against every stated crossbar", focus.technology),
            chart: against_all.into(),
        },
        Panel {
            heading: format!("Every technology of the RTM-AP against the crossbar {}", focus.baseline),
            chart: technologies.into(),
        },
    ];
    if !flows.is_empty() {
        figure.panels.push(Panel {
            heading: format!(
                "What each way to compile adds (RTM-AP {}, against {})",
                focus.technology, focus.baseline
            ),
            chart: flow_chart(focus, flows, &rows)?.into(),
        });
    }
    Ok(figure)
}

/// The ratio by way to compile.
fn flow_chart(focus: RatioFocus<'_>, flows: &Table, rows: &Rows<'_>) -> Result<IntervalChart, FigureError> {
    let (names, models, energies) = (flows.text("flow")?, flows.text("search_model")?, flows.real("energy")?);
    let (low, median, high) = (flows.real("ratio_p05")?, flows.real("ratio_p50")?, flows.real("ratio_p95")?);
    let flow_rows = distinct(&names).into_iter().map(|name| {
        let of_model = |model: &str| (0..names.len()).find(|&row| names[row] == name && models[row] == model);
        let interval = |row: usize| Interval { low: low[row], median: median[row], high: high[row] };
        let intervals: Vec<Option<Interval>> =
            distinct(&rows.models).into_iter().map(|model| of_model(model).map(interval)).collect();
        let energies: Vec<String> = (0..names.len())
            .filter(|&row| names[row] == name)
            .map(|row| three_digits(energies[row]))
            .collect();
        IntervalRow { label: format!("{name}: {} µJ", energies.join(", ")), intervals }
    });
    let group = IntervalGroup { heading: String::new(), rows: flow_rows.collect() };
    Ok(chart(focus, rows.series(focus.technology), vec![group]))
}

struct Rows<'t> {
    baselines: Vec<&'t str>,
    origins: Vec<&'t str>,
    energies: Vec<f64>,
    technologies: Vec<&'t str>,
    models: Vec<&'t str>,
    intervals: Vec<Interval>,
}

impl<'t> Rows<'t> {
    fn of(table: &'t Table) -> Result<Self, FigureError> {
        let (low, median, high) =
            (table.real("ratio_p05")?, table.real("ratio_p50")?, table.real("ratio_p95")?);
        let intervals = low.iter().zip(&median).zip(&high);
        Ok(Self {
            baselines: table.text("baseline")?,
            origins: table.text("origin")?,
            energies: table.real("baseline_energy")?,
            technologies: table.text("technology")?,
            models: table.text("search_model")?,
            intervals: intervals.map(|((&low, &median), &high)| Interval { low, median, high }).collect(),
        })
    }

    fn interval(&self, baseline: &str, technology: &str, model: &str) -> Option<Interval> {
        let row = (0..self.intervals.len()).find(|&row| {
            self.baselines[row] == baseline
                && self.technologies[row] == technology
                && self.models[row] == model
        });
        row.map(|row| self.intervals[row])
    }

    fn series(&self, technology: &str) -> Vec<Series> {
        let models = distinct(&self.models).into_iter().enumerate();
        models
            .map(|(index, model)| {
                let role = if index == 0 { technology_role(technology) } else { Role::Distinct(4) };
                Series::new(format!("search model {model}"), role).marked(search_marker(model))
            })
            .collect()
    }

    fn against_every_baseline(&self, focus: RatioFocus<'_>) -> IntervalChart {
        let group = |origin: &str, heading: &str| IntervalGroup {
            heading: heading.to_owned(),
            rows: distinct(&self.baselines)
                .into_iter()
                .filter_map(|baseline| {
                    let row = self.baselines.iter().position(|&name| name == baseline)?;
                    (self.origins[row] == origin).then(|| IntervalRow {
                        label: format!("{baseline}: {} µJ", three_digits(self.energies[row])),
                        intervals: distinct(&self.models)
                            .into_iter()
                            .map(|model| self.interval(baseline, focus.technology, model))
                            .collect(),
                    })
                })
                .collect(),
        };
        let groups = [
            group("model", "Crossbar model of this project"),
            group("published", "Measured or published by others"),
        ];
        chart(
            focus,
            self.series(focus.technology),
            groups.into_iter().filter(|g| !g.rows.is_empty()).collect(),
        )
    }

    fn of_every_technology(&self, focus: RatioFocus<'_>) -> IntervalChart {
        let rows = distinct(&self.technologies).into_iter().map(|technology| IntervalRow {
            label: technology.to_owned(),
            intervals: distinct(&self.models)
                .into_iter()
                .map(|model| self.interval(focus.baseline, technology, model))
                .collect(),
        });
        let group = IntervalGroup { heading: String::new(), rows: rows.collect() };
        chart(focus, self.series(focus.technology), vec![group])
    }
}

fn chart(focus: RatioFocus<'_>, series: Vec<Series>, groups: Vec<IntervalGroup>) -> IntervalChart {
    IntervalChart {
        axis: Axis::log("energy-efficiency ratio, crossbar over RTM-AP", "×"),
        meaning: "median [5 %, 95 %]".to_owned(),
        series,
        groups,
        references: vec![
            Reference::new(1.0, "parity 1×", Role::Guide),
            Reference::new(focus.claimed, format!("claim {}×", focus.claimed), Role::Claim),
        ],
        sides: Some(Sides {
            at: 1.0,
            below: ("crossbar better".to_owned(), Role::Crossbar),
            above: ("RTM-AP better".to_owned(), Role::RtmAp),
        }),
    }
}

/// Latency, area and arrays of the two systems in focus.
fn beside_energy(systems: &Table, focus: RatioFocus<'_>) -> Result<String, FigureError> {
    let (names, energies) = (systems.text("configuration")?, systems.real("energy")?);
    let (latencies, areas) = (systems.real("latency")?, systems.real("area")?);
    let (arrays, programs) = (systems.integer("arrays")?, systems.optional_integer("program_bytes")?);
    let mut parts = Vec::new();
    for (name, what) in [(focus.technology, "RTM-AP"), (focus.baseline, "crossbar")] {
        if let Some(row) = names.iter().position(|&known| known == name) {
            let program = programs[row].map_or(String::new(), |bytes| {
                format!(", a program of {} MB", three_digits(bytes as f64 / 1e6))
            });
            parts.push(format!(
                "{what} ({name}): {} µJ, {} ms, {} mm², {} arrays{program}",
                three_digits(energies[row]),
                three_digits(latencies[row]),
                three_digits(areas[row]),
                arrays[row],
            ));
        }
    }
    Ok(format!("At nominal parameters. {}.", parts.join(". ")))
}
