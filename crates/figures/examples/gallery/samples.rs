//! One figure of every kind. All numbers are invented.

use figures::{
    Axis, Bar, Better, Curve, CurvePoint, Curves, DotGroup, DotPlot, DotRow, Figure, Front, GroupedBars,
    HeatMap, Interval, IntervalChart, IntervalGroup, IntervalRow, MapPoint, Marker, Panel, Reference, Role,
    Scatter, ScatterPoint, ScatterSeries, Series, Sides, Stack, StackedBars, Stacking, Swing, Tornado,
};

/// Every sample with its file name.
pub fn all() -> Vec<(&'static str, Figure)> {
    vec![
        ("intervals", intervals()),
        ("dots", dots()),
        ("layers", layers()),
        ("few_bars", few_bars()),
        ("shares", shares()),
        ("amounts", amounts()),
        ("curves", curves()),
        ("break_even", break_even()),
        ("ramp", ramp()),
        ("tornado", tornado()),
        ("pareto", pareto()),
        ("side_by_side", side_by_side()),
    ]
}

fn finished(figure: Figure) -> Figure {
    figure
        .subtitle("Invented data that shows what this kind of chart looks like; nothing here was measured.")
        .caption("Intervals: 5 – 95 % of 1000 draws over the parameters’ ranges. Technology: 22 nm, 0.8 V.")
        .caption("Not shown: rows that need a data set of the user’s own.")
        .provenance("manifest 0123abcd & inputs <4567ef>, seed 7")
}

fn sides() -> Option<Sides> {
    Some(Sides {
        at: 1.0,
        below: ("crossbar better".into(), Role::Crossbar),
        above: ("RTM-AP better".into(), Role::RtmAp),
    })
}

fn claim() -> Vec<Reference> {
    vec![Reference::new(1.0, "parity 1×", Role::Guide), Reference::new(7.5, "claim 7.5×", Role::Claim)]
}

fn intervals() -> Figure {
    let row = |label: &str, middle: f64| IntervalRow {
        label: label.into(),
        intervals: vec![
            Some(Interval { low: middle * 0.45, median: middle, high: middle * 2.1, nominal: None }),
            (middle > 0.2).then_some(Interval {
                low: middle * 0.2,
                median: middle * 0.35,
                high: middle * 0.8,
                nominal: None,
            }),
        ],
    };
    let chart = IntervalChart {
        axis: Axis::log("energy-efficiency ratio, RTM-AP to crossbar", "×"),
        meaning: "median [5 %, 95 %]".into(),
        series: vec![
            Series::new("parallel search", Role::Distinct(0)),
            Series::new("row-serial search", Role::Distinct(1)).marked(Marker::Diamond),
        ],
        groups: vec![
            IntervalGroup {
                heading: "Crossbar with 5-bit converters".into(),
                rows: vec![
                    row("128 × 128, dense", 9.3),
                    row("128 × 128, zeros skipped and segments gated", 3.1),
                ],
            },
            IntervalGroup {
                heading: "Crossbar with 8-bit converters".into(),
                rows: vec![row("128 × 128, dense", 31.0), row("256 × 256, dense", 14.0)],
            },
            IntervalGroup {
                heading: "Measured macro".into(),
                rows: vec![row("published macro, scaled to 22 nm with the stated rules", 0.12)],
            },
        ],
        references: claim(),
        sides: sides(),
    };
    finished(Figure::new("The ratio reaches 7.5 only against dense crossbars", chart))
}

fn dots() -> Figure {
    let row = |label: &str, energy: f64| DotRow {
        label: label.into(),
        values: vec![Some(energy), Some(energy * 0.94), (energy < 1.2).then_some(energy * 1.18)],
    };
    let chart = DotPlot {
        axis: Axis::log("model over measurement", "×").at_least(0.5, 2.0),
        series: vec![
            Series::new("energy", Role::RtmAp),
            Series::new("converters", Role::Adc).marked(Marker::Square),
            Series::new("latency", Role::Claim).marked(Marker::Ring),
        ],
        groups: vec![
            DotGroup {
                heading: "Set from the measurement".into(),
                rows: vec![row("first network", 1.0), row("second network, with wider inputs", 1.04)],
            },
            DotGroup { heading: "Predicted".into(), rows: vec![row("third network", 1.31)] },
        ],
        references: vec![
            Reference::new(0.8, "−20 %", Role::Guide),
            Reference::new(1.0, "as measured", Role::Guide),
            Reference::new(1.2, "+20 %", Role::Guide),
        ],
        band: Some((0.8, 1.2)),
    };
    finished(Figure::new("The model is within a fifth of most measurements", chart))
}

const LAYERS: [&str; 21] = [
    "conv1",
    "layer1.0.conv1",
    "layer1.0.conv2",
    "layer1.1.conv1",
    "layer1.1.conv2",
    "layer2.0.conv1",
    "layer2.0.conv2",
    "layer2.0.down",
    "layer2.1.conv1",
    "layer2.1.conv2",
    "layer3.0.conv1",
    "layer3.0.conv2",
    "layer3.0.down",
    "layer3.1.conv1",
    "layer3.1.conv2",
    "layer4.0.conv1",
    "layer4.0.conv2",
    "layer4.0.down",
    "layer4.1.conv1",
    "layer4.1.conv2",
    "fc",
];

fn layer_bars(axis: Axis) -> GroupedBars {
    let energy = |index: usize, scale: f64| {
        let value = scale * (1.0 + (index * 7 % 5) as f64) / (1.0 + index as f64 / 4.0);
        Some(Bar { value, interval: Some((value * 0.7, value * 1.4)) })
    };
    GroupedBars {
        axis,
        series: vec![Series::new("RTM-AP", Role::RtmAp), Series::new("crossbar", Role::Crossbar)],
        categories: LAYERS
            .iter()
            .enumerate()
            .map(|(index, name)| (name.to_string(), vec![energy(index, 0.9), energy(index + 1, 2.3)]))
            .collect(),
        references: Vec::new(),
        height: 300.0,
    }
}

fn layers() -> Figure {
    finished(Figure::new(
        "Energy of ResNet-18 layer by layer",
        layer_bars(Axis::log("energy for one image", "µJ")),
    ))
}

fn few_bars() -> Figure {
    let group = |name: &str, values: [f64; 3]| {
        let bar = |value: f64| Some(Bar { value, interval: Some((value - 1.3, value + 1.1)) });
        (name.to_owned(), values.map(bar).to_vec())
    };
    let chart = GroupedBars {
        axis: Axis::linear("top-1 accuracy", "%").at_least(0.0, 100.0),
        series: vec![
            Series::new("float", Role::Other),
            Series::new("ternary, exact", Role::RtmAp),
            Series::new("ternary through the converters", Role::Crossbar),
        ],
        categories: vec![
            group("digits, small network", [98.2, 97.4, 95.0]),
            group("VGG-9", [92.0, 90.1, 83.3]),
            group("ResNet-18", [69.7, 63.4, 47.0]),
        ],
        references: vec![Reference::new(10.0, "chance", Role::Guide)],
        height: 280.0,
    };
    finished(Figure::new("Accuracy survives the exact machine, not the converters", chart))
}

fn stacks() -> (Vec<Series>, Vec<(String, Vec<Stack>)>) {
    let parts = [
        ("search", Role::Search),
        ("write", Role::Write),
        ("shift", Role::Shift),
        ("program", Role::Program),
        ("movement between arrays", Role::Movement),
        ("array", Role::Array),
        ("converters", Role::Adc),
        ("accumulation", Role::Accumulation),
        ("buffers", Role::Buffer),
        ("interconnect", Role::Interconnect),
        ("periphery", Role::Periphery),
        ("leakage", Role::Leakage),
    ];
    let stack = |label: &str, total: &str, parts: [f64; 12]| Stack {
        label: label.into(),
        total: total.into(),
        parts: parts.to_vec(),
    };
    let ap = vec![
        stack("parallel search", "12.4 µJ", [2.1, 3.4, 3.9, 0.6, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.5]),
        stack("row-serial search", "48.1 µJ", [35.1, 3.4, 3.9, 0.6, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 2.2, 2.0]),
    ];
    let crossbar = vec![
        stack("5-bit converters", "61.0 µJ", [0.0, 0.0, 0.0, 0.0, 0.0, 6.0, 31.0, 7.0, 8.0, 5.0, 3.0, 1.0]),
        stack(
            "8-bit converters, zeros skipped",
            "188 µJ",
            [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 150.0, 9.0, 8.0, 5.0, 6.0, 1.0],
        ),
    ];
    let series = parts.map(|(name, role)| Series::new(name, role)).to_vec();
    (series, vec![("RTM-AP".into(), ap), ("Crossbar".into(), crossbar)])
}

fn shares() -> Figure {
    let (parts, groups) = stacks();
    let chart = StackedBars {
        quantity: "share of energy for one image".into(),
        stacking: Stacking::Shares,
        parts,
        groups,
    };
    finished(Figure::new("Shifts and writes decide the processor, converters the crossbar", chart))
}

fn amounts() -> Figure {
    let (parts, groups) = stacks();
    let axis = Axis::linear("energy for one image", "µJ");
    let chart = StackedBars { quantity: "energy".into(), stacking: Stacking::Amounts(axis), parts, groups };
    finished(Figure::new("The same parts as amounts", chart))
}

fn curves() -> Figure {
    let curve = |name: &str, role: Role, marker: Marker, knee: f64| {
        let points = (0..13)
            .map(|step| {
                let x = 10_f64.powf(-9.0 + f64::from(step) * 0.5);
                let y = 10.0 + 58.0 / (1.0 + (x / knee).powf(0.8));
                CurvePoint { x, y, interval: Some((y - 2.5, y + 2.0)) }
            })
            .collect();
        Curve { series: Series::new(name, role).marked(marker), points }
    };
    let chart = Curves {
        x: Axis::log("shift faults per shift", ""),
        y: Axis::linear("top-1 accuracy", "%").at_least(0.0, 100.0),
        curves: vec![
            curve("no mitigation", Role::Distinct(1), Marker::Disc, 1e-7),
            curve("guard domains", Role::Distinct(0), Marker::Square, 2e-6),
            curve("check after every layer", Role::Distinct(2), Marker::Diamond, 3e-6),
            curve("both", Role::Distinct(3), Marker::Triangle, 5e-5),
        ],
        at_x: vec![Reference::new(4.55e-5, "published fault rate", Role::Claim)],
        at_y: vec![
            Reference::new(10.0, "chance", Role::Guide),
            Reference::new(68.0, "without faults", Role::Guide),
        ],
        height: 360.0,
    };
    finished(Figure::new("Guard domains move the knee by a decade", chart))
}

fn map() -> HeatMap {
    let xs: Vec<f64> = (0..25).map(|i| 0.05 * 10_f64.powf(f64::from(i) / 12.0)).collect();
    let ys: Vec<f64> = (0..17).map(|j| 0.1 * 10_f64.powf(f64::from(j) / 8.0)).collect();
    let values = ys
        .iter()
        .map(|y| {
            let ratio = |x: &f64| 6.0 / (0.3 + x.powf(0.9)) / (0.5 + y);
            xs.iter().map(|x| (*x * *y < 30.0).then(|| ratio(x))).collect()
        })
        .collect();
    let point = |x: f64, y: f64, label: &str, role: Role, marker: Marker| MapPoint {
        x,
        y,
        label: label.into(),
        role,
        marker,
    };
    HeatMap {
        x: Axis::log("energy of a shift", "pJ"),
        xs,
        y: Axis::log("energy of a write", "pJ"),
        ys,
        value: Axis::log("energy-efficiency ratio", "×"),
        values,
        level: sides(),
        level_label: "break-even".into(),
        points: vec![
            point(0.3, 0.5, "nominal", Role::Claim, Marker::Disc),
            point(0.35, 0.55, "device of 2019", Role::Claim, Marker::Diamond),
            point(2.0, 4.0, "device of 2015", Role::Claim, Marker::Square),
        ],
        height: 420.0,
    }
}

fn break_even() -> Figure {
    finished(Figure::new("Where the racetrack processor stops paying off", map()))
}

fn ramp() -> Figure {
    let chart = HeatMap { level: None, level_label: String::new(), points: Vec::new(), ..map() };
    finished(Figure::new("The same map without a level", chart))
}

fn tornado() -> Figure {
    let swing = |label: &str, range: &str, at_low: f64, at_high: f64| Swing {
        label: label.into(),
        range: range.into(),
        at_low,
        at_high,
    };
    let chart = Tornado {
        axis: Axis::log("energy-efficiency ratio, RTM-AP to crossbar", "×"),
        nominal: 4.2,
        swings: vec![
            swing("energy of a write", "0.3 – 0.9 pJ", 5.0, 3.3),
            swing("energy of a shift", "0.1 – 0.6 pJ", 9.1, 2.2),
            swing("converter energy", "0.5 – 4 pJ", 1.4, 11.0),
            swing("supply voltage of both", "0.7 – 0.9 V", 4.4, 4.3),
            swing("leakage", "1 – 10 nW", 4.25, 4.1),
        ],
        references: claim(),
        sides: sides(),
    };
    finished(Figure::new("Converters and shifts decide the ratio", chart))
}

fn pareto() -> Figure {
    let series = |name: &str, role: Role, marker: Marker, seed: u32| {
        let points = (0..14_u32)
            .map(|index| {
                let spread = f64::from((index * 37 + seed * 11) % 17) / 17.0;
                let x = 0.8 * 10_f64.powf(f64::from(index) / 9.0) * (1.0 + spread);
                let y = 120.0 / x.powf(0.8) * (0.6 + spread);
                let label = if index % 3 == 0 {
                    format!("{} × {}", 64 << (index % 4), 32 + index)
                } else {
                    String::new()
                };
                ScatterPoint { x, y, label }
            })
            .collect();
        ScatterSeries { series: Series::new(name, role).marked(marker), points }
    };
    let chart = Scatter {
        x: Axis::log("energy for one image", "µJ"),
        y: Axis::log("latency", "µs"),
        series: vec![
            series("4 bits", Role::Distinct(0), Marker::Disc, 1),
            series("8 bits", Role::Distinct(1), Marker::Diamond, 5),
        ],
        front: Some(Front { x: Better::Lower, y: Better::Lower, name: "Pareto front".into() }),
        height: 420.0,
    };
    finished(Figure::new("Wider arrays trade energy for latency", chart))
}

fn side_by_side() -> Figure {
    let mut bars = layer_bars(Axis::log("energy for one image", "µJ"));
    bars.categories.truncate(8);
    let mut linear = layer_bars(Axis::linear("latency", "ms"));
    linear.categories.truncate(8);
    let mut figure = Figure::new("Two panels", bars.clone());
    figure.columns = 2;
    figure.panels = vec![
        Panel { heading: "a. Energy".into(), chart: bars.into() },
        Panel { heading: "b. Latency".into(), chart: linear.into() },
    ];
    finished(figure)
}
