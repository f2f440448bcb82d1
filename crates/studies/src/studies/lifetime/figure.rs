//! How long cells last, and which columns wear.

use tables::Table;

use figures::{
    Axis, Curve, CurvePoint, Curves, Figure, FigureError, Marker, Panel, Reference, Role, Series,
    three_digits,
};

/// Years against the inference rate, and writes by column, from the tables `lifetimes` and `wear`.
///
/// # Errors
/// If a table lacks a column.
pub fn lifetime(title: &str, lifetimes: &Table, wear: &Table) -> Result<Figure, FigureError> {
    let (cells, levelling) = (lifetimes.text("cell")?, lifetimes.text("levelling")?);
    let (rates, years) = (lifetimes.real("inference_rate")?, lifetimes.real("years")?);
    let (low, high) = (lifetimes.real("years_low")?, lifetimes.real("years_high")?);
    let most = lifetimes.real("most_inferences")?.first().copied().unwrap_or(1.0);
    let kinds = [
        ("racetrack junction", Role::RtmAp, "racetrack: junction at the port"),
        ("racetrack domain", Role::Distinct(2), "racetrack: domain"),
        ("resistive cell", Role::Distinct(3), "ReRAM cell"),
        ("phase-change cell", Role::Distinct(4), "PCM cell"),
    ];
    let chart = |wanted: &str| {
        let curves = kinds.iter().map(|&(kind, role, name)| Curve {
            series: Series::new(name, role).marked(Marker::Disc),
            points: (0..lifetimes.rows())
                .filter(|&row| cells[row] == kind && levelling[row] == wanted)
                .map(|row| CurvePoint { x: rates[row], y: years[row], interval: Some((low[row], high[row])) })
                .collect(),
        });
        Curves {
            x: Axis::log("inferences per second", ""),
            y: Axis::log("lifetime", "years").at_least(1e-9, 1e9),
            curves: curves.collect(),
            at_x: vec![Reference::new(most, "one machine without pause", Role::Claim)],
            at_y: vec![Reference::new(10.0, "10 years", Role::Guide)],
            height: 300.0,
        }
    };
    let (columns, writes) = (wear.integer("column")?, wear.real("writes")?);
    let mut order: Vec<usize> = (0..wear.rows()).filter(|&row| writes[row] > 0.0).collect();
    order.sort_by(|&a, &b| writes[b].total_cmp(&writes[a]).then(columns[a].cmp(&columns[b])));
    let used = order.len();
    let by_column = Curves {
        x: Axis::log("columns, the most written first", ""),
        y: Axis::log("writes through a junction, one inference", ""),
        curves: vec![Curve {
            series: Series::new("mean of the processor's rows", Role::RtmAp),
            points: order
                .iter()
                .enumerate()
                .filter(|&(rank, _)| is_shown(rank + 1))
                .map(|(rank, &row)| CurvePoint { x: rank as f64 + 1.0, y: writes[row], interval: None })
                .collect(),
        }],
        at_x: Vec::new(),
        at_y: vec![Reference::new(
            writes.iter().sum::<f64>() / wear.rows().max(1) as f64,
            "mean of all columns",
            Role::Guide,
        )],
        height: 220.0,
    };
    let (holds, share) = (wear.text("holds")?, wear.real("share")?);
    let hottest = order.first().copied().unwrap_or(0);
    let panel = |heading: &str, chart: Curves| Panel { heading: heading.to_owned(), chart: chart.into() };
    let mut figure = Figure::new(title, chart("none"));
    figure.panels = vec![
        panel("Each column keeps its role", chart("none")),
        panel("Writes of a row spread evenly over its columns (wear levelling)", chart("columns")),
        panel("Which columns wear", by_column),
    ];
    Ok(figure
        .subtitle(
            "Writes to every cell are counted in the bit-exact execution. Lines: the endurance that the literature states; bands: its \
             5 to 95 % range. ReRAM and PCM stand for the same programs with one cell in the place of each domain.",
        )
        .caption(format!(
            "The hottest column ({}, column {}) takes {} % of a row's writes; {used} of {} columns are written at all. Junctions \
             wear by every write of their track, domains by their own; the carry has one domain, so there both are the same.",
            holds.get(hottest).copied().unwrap_or(""),
            columns.get(hottest).copied().unwrap_or(0),
            three_digits(100.0 * share.get(hottest).copied().unwrap_or(0.0)),
            wear.rows(),
        )))
}

/// All of the first ten, and then a tenth more each time: what can be told apart on a logarithmic axis.
fn is_shown(rank: usize) -> bool {
    let step = |rank: usize| (25.0 * libm::log10(rank as f64)) as usize;
    rank <= 10 || step(rank) != step(rank - 1)
}
