//! The headline: the ratio against every baseline.

use tables::Table;

use crate::drawing::{distinct, search_marker, technology_role};
use figures::{
    Axis, Figure, FigureError, HeatMap, Interval, IntervalChart, IntervalGroup, IntervalRow, MapPoint,
    Marker, Panel, Reference, Role, Scatter, ScatterPoint, ScatterSeries, Series, Sides, three_digits,
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
    /// The search model that the headline is under.
    pub search_model: &'a str,
}

/// The tables that a figure of ratios is drawn from; those after the first two may be empty.
#[derive(Debug, Clone, Copy)]
pub struct RatioTables<'a> {
    /// Ratios by baseline, technology, search model and prior.
    pub ratios: &'a Table,
    /// What stands beside the energy.
    pub systems: &'a Table,
    /// Ways to compile.
    pub flows: &'a Table,
    /// Outputs split over more processors.
    pub replication: &'a Table,
    /// The ratio over two energies.
    pub break_even: &'a Table,
}

/// A point of the literature on a map.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPoint {
    /// The name beside it.
    pub name: String,
    /// The place along the horizontal axis.
    pub x: f64,
    /// The place along the vertical axis.
    pub y: f64,
}

/// Ratios with their intervals, what other ways to compile and more processors give, and the break-even.
///
/// # Errors
/// If a table lacks a column.
pub fn energy_ratio(
    title: &str,
    focus: RatioFocus<'_>,
    tables: RatioTables<'_>,
    points: &[NamedPoint],
) -> Result<Figure, FigureError> {
    let rows = Rows::of(tables.ratios)?;
    let against_all = rows.against_every_baseline(focus);
    let technologies = rows.of_every_technology(focus);
    let mut figure = Figure::new(title, against_all.clone())
        .subtitle(format!(
            "Energy of a baseline over energy of the RTM-AP at the same node, for one image; the claim is {}×. Lines span 5 to 95 % of \
             the draws from the parameters’ ranges.",
            focus.claimed
        ))
        .caption(beside_energy(tables.systems, focus)?)
        .caption(
            "Published baselines have no spread of their own. Events are executed on the golden images (Fashion-MNIST, scaled \
             up to 224 x 224); those of split outputs are expected. Wires, logic with its supply, static memory and leakage are drawn \
             once for both systems.",
        );
    figure.panels = vec![
        Panel {
            heading: format!("RTM-AP ({}) against every stated baseline", focus.technology),
            chart: against_all.into(),
        },
        Panel {
            heading: format!(
                "Every technology of the RTM-AP against the crossbar {}, under both priors",
                focus.baseline
            ),
            chart: technologies.into(),
        },
    ];
    if !tables.flows.is_empty() {
        figure.panels.push(Panel {
            heading: format!(
                "What each way to compile adds (RTM-AP {}, against {})",
                focus.technology, focus.baseline
            ),
            chart: flow_chart(focus, tables.flows, &rows)?.into(),
        });
    }
    if !tables.replication.is_empty() {
        figure.panels.push(Panel {
            heading: "At equal area and towards equal latency: fewer outputs a processor, more processors"
                .to_owned(),
            chart: replication_chart(focus, tables)?.into(),
        });
    }
    figure.panels.extend(maps(focus, tables.break_even, points)?);
    Ok(figure)
}

/// Energy against latency of ever more processors, and the baseline.
fn replication_chart(focus: RatioFocus<'_>, tables: RatioTables<'_>) -> Result<Scatter, FigureError> {
    let table = tables.replication;
    let (flows, isos) = (table.text("flow")?, table.text("iso")?);
    let (energies, latencies) = (table.real("energy")?, table.real("latency")?);
    let (areas, processors) = (table.real("area")?, table.integer("processors")?);
    let series_of = |(index, flow): (usize, &str)| ScatterSeries {
        series: Series::new(
            flow,
            if index == 0 { technology_role(focus.technology) } else { Role::Distinct(4) },
        ),
        points: (0..table.rows())
            .filter(|&row| flows[row] == flow)
            .map(|row| {
                let iso = match isos[row] {
                    "" => String::new(),
                    iso => format!(", equal {}", iso.replace("nearest latency", "latency (nearest)")),
                };
                let area = three_digits(areas[row]);
                let area = if iso.is_empty() { String::new() } else { format!(", {area} mm²") };
                let label = format!("{} APs{area}{iso}", processors[row]);
                ScatterPoint { x: latencies[row], y: energies[row], label }
            })
            .collect(),
    };
    let mut series: Vec<ScatterSeries> = distinct(&flows).into_iter().enumerate().map(series_of).collect();
    let systems = tables.systems;
    let (names, energy) = (systems.text("configuration")?, systems.real("energy")?);
    let (latency, area) = (systems.real("latency")?, systems.real("area")?);
    if let Some(row) = names.iter().position(|&name| name == focus.baseline) {
        series.push(ScatterSeries {
            series: Series::new(format!("crossbar {}", focus.baseline), Role::Crossbar)
                .marked(Marker::Square),
            points: vec![ScatterPoint {
                x: latency[row],
                y: energy[row],
                label: format!("crossbar, {} mm²", three_digits(area[row])),
            }],
        });
    }
    Ok(Scatter {
        x: Axis::log("latency of an image", "ms"),
        y: Axis::log("energy of an image", "µJ"),
        series,
        front: None,
        height: 320.0,
    })
}

/// A map of the ratio for every flow, everything but shifts and searches free: above the line the claim is out of reach, whatever the
/// rest costs.
fn maps(focus: RatioFocus<'_>, table: &Table, points: &[NamedPoint]) -> Result<Vec<Panel>, FigureError> {
    let (flows, others) = (table.text("flow")?, table.text("others")?);
    let (shifts, searches) = (table.real("shift")?, table.real("search")?);
    let ratios = table.real("ratio")?;
    let keys: Vec<(&str, &str)> = flows.iter().copied().zip(others.iter().copied()).collect();
    let map = |key: (&str, &str)| {
        let of_key: Vec<usize> = (0..table.rows()).filter(|&row| keys[row] == key).collect();
        let along = |values: &[f64]| distinct(&of_key.iter().map(|&row| values[row]).collect::<Vec<f64>>());
        let (xs, ys) = (along(&shifts), along(&searches));
        let rows =
            of_key.chunks(xs.len().max(1)).map(|row| row.iter().map(|&row| Some(ratios[row])).collect());
        let values: Vec<Vec<Option<f64>>> = rows.collect();
        let map = HeatMap {
            x: Axis::log("energy of a shift, a track and step", "pJ"),
            xs,
            y: Axis::log("energy of a search, a bit", "fJ"),
            ys,
            value: Axis::log("energy-efficiency ratio", "×"),
            values,
            level: Some(Sides {
                at: focus.claimed,
                below: ("claim missed".to_owned(), Role::Crossbar),
                above: ("claim reached".to_owned(), Role::RtmAp),
            }),
            level_label: format!("{}×", focus.claimed),
            points: points
                .iter()
                .map(|point| MapPoint {
                    x: point.x,
                    y: point.y,
                    label: point.name.clone(),
                    role: Role::Claim,
                    marker: Marker::Ring,
                })
                .collect(),
            height: 300.0,
        };
        Panel {
            heading: format!(
                "What shifts and searches would have to cost for {}× against {}, if everything else were free: {}",
                focus.claimed, focus.baseline, key.0
            ),
            chart: map.into(),
        }
    };
    Ok(distinct(&keys).into_iter().filter(|key| key.1 == "free").map(map).collect())
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
    priors: Vec<&'t str>,
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
            priors: table.text("prior")?,
            intervals: intervals.map(|((&low, &median), &high)| Interval { low, median, high }).collect(),
        })
    }

    /// Under a prior, or under the first.
    fn interval(
        &self,
        baseline: &str,
        technology: &str,
        model: &str,
        prior: Option<&str>,
    ) -> Option<Interval> {
        let row = (0..self.intervals.len()).find(|&row| {
            self.baselines[row] == baseline
                && self.technologies[row] == technology
                && self.models[row] == model
                && prior.is_none_or(|prior| self.priors[row] == prior)
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
                            .map(|model| self.interval(baseline, focus.technology, model, None))
                            .collect(),
                    })
                })
                .collect(),
        };
        let groups = [
            group("model", "Crossbar model of this project"),
            group("digital", "Digital reference: an array of multiply-accumulate units"),
            group("published", "Measured or published by others"),
        ];
        chart(
            focus,
            self.series(focus.technology),
            groups.into_iter().filter(|g| !g.rows.is_empty()).collect(),
        )
    }

    fn of_every_technology(&self, focus: RatioFocus<'_>) -> IntervalChart {
        let models = distinct(&self.models);
        let priors = distinct(&self.priors);
        let rows = distinct(&self.technologies).into_iter().flat_map(|technology| {
            let models = &models;
            priors.iter().map(move |prior| IntervalRow {
                label: format!("{technology}, {prior} prior"),
                intervals: models
                    .iter()
                    .map(|model| self.interval(focus.baseline, technology, model, Some(prior)))
                    .collect(),
            })
        });
        let group = IntervalGroup { heading: String::new(), rows: rows.collect() };
        chart(focus, self.series(focus.technology), vec![group])
    }
}

fn chart(focus: RatioFocus<'_>, series: Vec<Series>, groups: Vec<IntervalGroup>) -> IntervalChart {
    IntervalChart {
        axis: Axis::log("energy-efficiency ratio, baseline over RTM-AP", "×"),
        meaning: "median [5 %, 95 %]".to_owned(),
        series,
        groups,
        references: vec![
            Reference::new(1.0, "parity 1×", Role::Guide),
            Reference::new(focus.claimed, format!("claim {}×", focus.claimed), Role::Claim),
        ],
        sides: Some(Sides {
            at: 1.0,
            below: ("baseline better".to_owned(), Role::Crossbar),
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
