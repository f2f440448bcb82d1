//! The headline: the ratio against every baseline.

use super::break_even::BreakEvenRow;
use super::flows::FlowRow;
use super::pairs::PairRow;
use super::replication::ReplicationRow;
use super::{RatioRow, Shown, SystemRow};
use crate::drawing::{distinct, search_marker, technology_role};
use figures::{
    Axis, Figure, HeatMap, Interval, IntervalChart, IntervalGroup, IntervalRow, MapPoint, Marker, Panel,
    Reference, Role, Scatter, ScatterPoint, ScatterSeries, Series, Sides, three_digits,
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
    /// What the figure shows, in this order.
    pub shown: &'a [Shown],
}

/// The rows that a figure of ratios is drawn from; there may be none of those after the first two.
#[derive(Debug, Clone, Copy)]
pub struct RatioRows<'a> {
    /// Ratios by baseline, technology, search model and prior.
    pub ratios: &'a [RatioRow],
    /// What stands beside the energy.
    pub systems: &'a [SystemRow],
    /// Pairs of equals.
    pub pairs: &'a [PairRow],
    /// Ways to compile.
    pub flows: &'a [FlowRow],
    /// Outputs split over more processors.
    pub replication: &'a [ReplicationRow],
    /// The ratio over two energies.
    pub break_even: &'a [BreakEvenRow],
}

/// A pair of energies that is marked on a map.
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
pub fn energy_ratio(
    title: &str,
    focus: RatioFocus<'_>,
    rows: RatioRows<'_>,
    points: &[NamedPoint],
) -> Figure {
    let ratios = Ratios { rows: rows.ratios, focus };
    let mut panels = Vec::new();
    for shown in focus.shown {
        match shown {
            Shown::Pairs if !rows.pairs.is_empty() => panels.push(Panel {
                heading: format!("RTM-AP {} against", focus.technology),
                chart: ratios.of_pairs(rows.pairs).into(),
            }),
            Shown::Baselines => panels.push(Panel {
                heading: format!("RTM-AP ({}) against every stated baseline", focus.technology),
                chart: ratios.against_every_baseline().into(),
            }),
            Shown::Technologies => panels.push(Panel {
                heading: format!(
                    "Every technology of the RTM-AP against the crossbar {}, under both priors",
                    focus.baseline
                ),
                chart: ratios.of_every_technology().into(),
            }),
            Shown::Flows if !rows.flows.is_empty() => panels.push(Panel {
                heading: format!("RTM-AP {}, against {}", focus.technology, focus.baseline),
                chart: ratios.of_flows(rows.flows).into(),
            }),
            Shown::Replication if !rows.replication.is_empty() => panels.push(Panel {
                heading: "Fewer outputs a processor, more processors".to_owned(),
                chart: replication_chart(focus, rows.replication, rows.systems).into(),
            }),
            Shown::BreakEven => panels.extend(maps(focus, rows.break_even, points)),
            Shown::Pairs | Shown::Flows | Shown::Replication => {}
        }
    }
    let first = match panels.first() {
        Some(panel) => panel.chart.clone(),
        None => ratios.against_every_baseline().into(),
    };
    let mut figure = Figure::new(title, first)
        .subtitle(finding(focus, rows, points))
        .caption(format!(
            "Energy of a baseline over energy of the RTM-AP at the same node, for one image; the claim is {}×. Rings: nominal \
             parameters; filled marks: median of the draws; lines: 5 to 95 % of the draws from the parameters’ ranges.",
            focus.claimed
        ))
        .caption(beside_energy(rows.systems, focus))
        .caption(
            "Published baselines have no spread of their own. Events are executed on the golden images (Fashion-MNIST, scaled \
             up to 224 x 224); those of split outputs are expected. Components that both systems are built of are drawn once for \
             both.",
        );
    if !panels.is_empty() {
        figure.panels = panels;
    }
    figure
}

/// What the first part of the figure says, in a sentence.
fn finding(focus: RatioFocus<'_>, rows: RatioRows<'_>, points: &[NamedPoint]) -> String {
    let of_model = |model: &str| model == focus.search_model;
    match focus.shown.first() {
        Some(Shown::Pairs) if !rows.pairs.is_empty() => {
            let pairs: Vec<&PairRow> = rows.pairs.iter().filter(|row| of_model(&row.search_model)).collect();
            let best = pairs.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio));
            let reaching = pairs.iter().filter(|row| row.ratio >= focus.claimed).count();
            let plain = pairs.first().map_or(f64::NAN, |row| row.ratio);
            let said = match reaching {
                0 => format!("No pair reaches {}×", focus.claimed),
                some => format!("{some} of {} pairs reach {}×", pairs.len(), focus.claimed),
            };
            let best = best.map_or(String::new(), |row| {
                format!("; the highest, {}, is {}×", row.pair, three_digits(row.ratio))
            });
            format!("{said}: the plain pair stands at {}×{best}.", three_digits(plain))
        }
        Some(Shown::Flows) if !rows.flows.is_empty() => {
            let flows = rows.flows.iter().filter(|row| of_model(&row.search_model));
            let best = flows.max_by(|a, b| a.ratio.total_cmp(&b.ratio));
            best.map_or(String::new(), |row| {
                format!(
                    "The best is “{}”: {}× at {} µJ an image.",
                    row.flow,
                    three_digits(row.ratio),
                    three_digits(row.energy)
                )
            })
        }
        Some(Shown::Replication) => {
            let fastest = rows.replication.iter().min_by(|a, b| a.latency.total_cmp(&b.latency));
            fastest.map_or(String::new(), |row| {
                format!(
                    "{} processors take {} ms and {} µJ an image: time is bought with area, not with energy efficiency.",
                    row.processors,
                    three_digits(row.latency),
                    three_digits(row.energy)
                )
            })
        }
        Some(Shown::BreakEven) => {
            let within =
                points.iter().filter(|point| ratio_at(rows.break_even, point) >= focus.claimed).count();
            format!(
                "Below the lines {}× would be reached if everything but shifts and searches were free; {within} of the {} marked pairs of \
                 energies lie there.",
                focus.claimed,
                points.len()
            )
        }
        _ => {
            let rows = rows
                .ratios
                .iter()
                .filter(|row| row.technology == focus.technology && of_model(&row.search_model));
            let best = rows.max_by(|a, b| a.ratio.total_cmp(&b.ratio));
            best.map_or(String::new(), |row| {
                format!(
                    "The highest ratio, {}×, is against {}; the claim is {}×.",
                    three_digits(row.ratio),
                    row.baseline,
                    focus.claimed
                )
            })
        }
    }
}

/// The highest ratio of all flows at the place of a map that lies nearest to a point, everything but shifts and searches free.
fn ratio_at(rows: &[BreakEvenRow], point: &NamedPoint) -> f64 {
    let away = |row: &BreakEvenRow| {
        let steps = [row.shift / point.x, row.search / point.y].map(libm::log);
        steps[0] * steps[0] + steps[1] * steps[1]
    };
    let free = || rows.iter().filter(|row| row.others == "free");
    let nearest = free().map(away).fold(f64::INFINITY, f64::min);
    free().filter(|row| away(row) <= nearest).map(|row| row.ratio).fold(0.0, f64::max)
}

/// Energy against latency of ever more processors, and the baseline.
fn replication_chart(focus: RatioFocus<'_>, rows: &[ReplicationRow], systems: &[SystemRow]) -> Scatter {
    let point = |row: &ReplicationRow| {
        let equal = match row.iso.as_str() {
            "" => String::new(),
            iso => {
                let area = three_digits(row.area);
                format!(", {area} mm², equal {}", iso.replace("nearest latency", "latency (nearest)"))
            }
        };
        ScatterPoint { x: row.latency, y: row.energy, label: format!("{} APs{equal}", row.processors) }
    };
    let flows = distinct(rows.iter().map(|row| row.flow.as_str()));
    let of_flows = flows.into_iter().enumerate().map(|(index, flow)| {
        let role = if index == 0 { technology_role(focus.technology) } else { Role::Distinct(4) };
        ScatterSeries {
            series: Series::new(flow, role),
            points: rows.iter().filter(|row| row.flow == flow).map(point).collect(),
        }
    });
    let baseline = systems.iter().find(|row| row.configuration == focus.baseline);
    let of_baseline = baseline.map(|row| ScatterSeries {
        series: Series::new(format!("crossbar {}", focus.baseline), Role::Crossbar).marked(Marker::Square),
        points: vec![ScatterPoint {
            x: row.latency,
            y: row.energy,
            label: format!("crossbar, {} mm²", three_digits(row.area)),
        }],
    });
    Scatter {
        x: Axis::log("latency of an image", "ms"),
        y: Axis::log("energy of an image", "µJ"),
        series: of_flows.chain(of_baseline).collect(),
        front: None,
        height: 320.0,
    }
}

/// A map for every flow.
fn maps(focus: RatioFocus<'_>, rows: &[BreakEvenRow], points: &[NamedPoint]) -> Vec<Panel> {
    let free = || rows.iter().filter(|row| row.others == "free");
    let panel = |flow: &String| Panel {
        heading: format!(
            "What shifts and searches would have to cost for {}× against {}, if everything else were free: {flow}",
            focus.claimed, focus.baseline
        ),
        chart: map(focus, free().filter(|row| row.flow == *flow), points).into(),
    };
    distinct(free().map(|row| &row.flow)).into_iter().map(panel).collect()
}

/// A map of the ratio for a flow, everything but shifts and searches free: above the line the claim is out of reach, whatever the
/// rest costs. Rows come search by search, each with all shifts.
fn map<'r>(
    focus: RatioFocus<'_>,
    rows: impl Iterator<Item = &'r BreakEvenRow> + Clone,
    points: &[NamedPoint],
) -> HeatMap {
    let xs = distinct(rows.clone().map(|row| row.shift));
    let ys = distinct(rows.clone().map(|row| row.search));
    let ratios: Vec<Option<f64>> = rows.map(|row| Some(row.ratio)).collect();
    let point = |point: &NamedPoint| MapPoint {
        x: point.x,
        y: point.y,
        label: point.name.clone(),
        role: Role::Claim,
        marker: Marker::Ring,
    };
    HeatMap {
        x: Axis::log("energy of a shift, a track and step", "pJ"),
        values: ratios.chunks(xs.len().max(1)).map(<[_]>::to_vec).collect(),
        xs,
        y: Axis::log("energy of a search, a bit", "fJ"),
        ys,
        value: Axis::log("energy-efficiency ratio", "×"),
        level: Some(Sides {
            at: focus.claimed,
            below: ("claim missed".to_owned(), Role::Crossbar),
            above: ("claim reached".to_owned(), Role::RtmAp),
        }),
        level_label: format!("{}×", focus.claimed),
        points: points.iter().map(point).collect(),
        height: 300.0,
    }
}

/// Ratios by baseline, technology, search model and prior, and what of them stands in the foreground.
#[derive(Clone, Copy)]
struct Ratios<'a> {
    rows: &'a [RatioRow],
    focus: RatioFocus<'a>,
}

impl<'a> Ratios<'a> {
    fn models(self) -> Vec<&'a str> {
        distinct(self.rows.iter().map(|row| row.search_model.as_str()))
    }

    /// Intervals against a baseline, one for each search model; under a prior, or under the first.
    fn intervals(self, baseline: &str, technology: &str, prior: Option<&str>) -> Vec<Option<Interval>> {
        let interval = |model: &str| {
            let row = self.rows.iter().find(|row| {
                row.baseline == baseline
                    && row.technology == technology
                    && row.search_model == model
                    && prior.is_none_or(|prior| row.prior == prior)
            })?;
            Some(spread(row.ratio, [row.ratio_p05, row.ratio_p50, row.ratio_p95]))
        };
        self.models().into_iter().map(interval).collect()
    }

    /// A chart with a series for each search model.
    fn chart(self, groups: Vec<IntervalGroup>) -> IntervalChart {
        let series = self.models().into_iter().enumerate().map(|(index, model)| {
            let role = if index == 0 { technology_role(self.focus.technology) } else { Role::Distinct(4) };
            Series::new(format!("search model {model}"), role).marked(search_marker(model))
        });
        chart(self.focus, series.collect(), groups)
    }

    fn against_every_baseline(self) -> IntervalChart {
        let baselines = distinct(self.rows.iter().map(|row| &row.baseline)).into_iter();
        let firsts: Vec<&RatioRow> =
            baselines.filter_map(|name| self.rows.iter().find(|row| row.baseline == *name)).collect();
        let against = |row: &&RatioRow| IntervalRow {
            label: format!("{}: {} µJ", row.baseline, three_digits(row.baseline_energy)),
            intervals: self.intervals(&row.baseline, self.focus.technology, None),
        };
        let group = |origin: &str, heading: &str| IntervalGroup {
            heading: heading.to_owned(),
            rows: firsts.iter().filter(|row| row.origin == origin).map(against).collect(),
        };
        let groups = [
            group("model", "Crossbar model of this project"),
            group("digital", "Digital reference: an array of multiply-accumulate units"),
            group("published", "Measured or published by others"),
        ];
        self.chart(groups.into_iter().filter(|group| !group.rows.is_empty()).collect())
    }

    fn of_every_technology(self) -> IntervalChart {
        let priors = distinct(self.rows.iter().map(|row| &row.prior));
        let technologies = distinct(self.rows.iter().map(|row| &row.technology));
        let rows = technologies.into_iter().flat_map(|technology| {
            priors.iter().map(move |prior| IntervalRow {
                label: format!("{technology}, {prior} prior"),
                intervals: self.intervals(self.focus.baseline, technology, Some(prior)),
            })
        });
        self.chart(vec![IntervalGroup { heading: String::new(), rows: rows.collect() }])
    }

    /// The ratio by pair.
    fn of_pairs(self, pairs: &[PairRow]) -> IntervalChart {
        let rows = distinct(pairs.iter().map(|row| &row.pair)).into_iter().map(|pair| {
            let of_pair = || pairs.iter().filter(|row| row.pair == *pair);
            let interval = |model: &str| {
                let row = of_pair().find(|row| row.search_model == model)?;
                Some(spread(row.ratio, [row.ratio_p05, row.ratio_p50, row.ratio_p95]))
            };
            let energies = of_pair().next().map_or(String::new(), |row| {
                format!(": {} against {} µJ", three_digits(row.energy), three_digits(row.baseline_energy))
            });
            IntervalRow {
                label: format!("{pair}{energies}"),
                intervals: self.models().into_iter().map(interval).collect(),
            }
        });
        self.chart(vec![IntervalGroup { heading: String::new(), rows: rows.collect() }])
    }

    /// The ratio by way to compile.
    fn of_flows(self, flows: &[FlowRow]) -> IntervalChart {
        let rows = distinct(flows.iter().map(|row| &row.flow)).into_iter().map(|flow| {
            let of_flow = || flows.iter().filter(|row| row.flow == *flow);
            let interval = |model: &str| {
                let row = of_flow().find(|row| row.search_model == model)?;
                Some(spread(row.ratio, [row.ratio_p05, row.ratio_p50, row.ratio_p95]))
            };
            let energies: Vec<String> = of_flow().map(|row| three_digits(row.energy)).collect();
            IntervalRow {
                label: format!("{flow}: {} µJ", energies.join(", ")),
                intervals: self.models().into_iter().map(interval).collect(),
            }
        });
        self.chart(vec![IntervalGroup { heading: String::new(), rows: rows.collect() }])
    }
}

/// A nominal ratio with the 5 %, 50 % and 95 % points of its draws.
fn spread(nominal: f64, [low, median, high]: [f64; 3]) -> Interval {
    Interval { low, median, high, nominal: Some(nominal) }
}

fn chart(focus: RatioFocus<'_>, series: Vec<Series>, groups: Vec<IntervalGroup>) -> IntervalChart {
    IntervalChart {
        axis: Axis::log("energy-efficiency ratio, baseline over RTM-AP", "×"),
        meaning: "nominal ○ · median [5 %, 95 %]".to_owned(),
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
fn beside_energy(systems: &[SystemRow], focus: RatioFocus<'_>) -> String {
    let of = |name: &str, what: &str| {
        let row = systems.iter().find(|row| row.configuration == name)?;
        let program = row
            .program_bytes
            .map_or(String::new(), |bytes| format!(", a program of {} MB", three_digits(bytes as f64 / 1e6)));
        Some(format!(
            "{what} ({name}): {} µJ, {} ms, {} mm², {} arrays{program}",
            three_digits(row.energy),
            three_digits(row.latency),
            three_digits(row.area),
            row.arrays,
        ))
    };
    let parts = [of(focus.technology, "RTM-AP"), of(focus.baseline, "crossbar")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("At nominal parameters. {}.", parts.join(". "))
}
