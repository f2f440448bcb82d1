//! Every kind of chart, drawn from the gallery's samples, and data that cannot be drawn.

#[path = "../examples/gallery/samples.rs"]
mod samples;

use std::error::Error;

use figures::{
    Axis, Bar, Chart, Curve, CurvePoint, Curves, DotGroup, DotPlot, DotRow, Figure, FigureError, GroupedBars,
    HeatMap, Interval, IntervalChart, IntervalGroup, IntervalRow, Marker, Role, Scatter, ScatterPoint,
    ScatterSeries, Series, Stack, StackedBars, Stacking, Swing, Tornado,
};
use proptest::prelude::*;

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn no_text_overlaps_another_or_leaves_the_page() -> Outcome {
    for (name, figure) in samples::all() {
        assert_eq!(figure.crowded_texts()?, Vec::<String>::new(), "{name}");
    }
    Ok(())
}

#[test]
fn overlapping_texts_are_complained_about() -> Outcome {
    let mut figure = samples::all().swap_remove(0).1;
    // A legend entry wider than the page.
    if let Some(Chart::Intervals(chart)) = figure.panels.first_mut().map(|panel| &mut panel.chart)
        && let Some(series) = chart.series.first_mut()
    {
        series.name = "w".repeat(200);
    }
    let complaints = figure.crowded_texts()?;
    assert!(complaints.iter().any(|complaint| complaint.ends_with("leaves the page")), "{complaints:?}");
    Ok(())
}

#[test]
fn the_same_figure_gives_the_same_bytes() -> Outcome {
    for (name, figure) in samples::all() {
        assert_eq!(figure.svg()?, figure.clone().svg()?, "{name}");
    }
    let (_, figure) = samples::all().swap_remove(0);
    assert_eq!(figure.png()?, figure.clone().png()?);
    Ok(())
}

#[test]
fn every_label_is_in_the_svg_and_text_is_escaped() -> Outcome {
    let expected = [
        ("intervals", vec!["claim 7.5×", "parity 1×", "Crossbar with 8-bit converters", "9.30 [4.19, 19.5]"]),
        ("dots", vec!["−20 %", "as measured", "Predicted", "1.04", "model over measurement [×]"]),
        ("layers", vec!["layer4.1.conv2", "fc", "energy for one image [µJ]", "crossbar"]),
        ("few_bars", vec!["98.2", "chance", "digits, small network"]),
        ("shares", vec!["12.4 µJ", "80 %", "movement between arrays", "share of energy for one image [%]"]),
        ("amounts", vec!["150", "188 µJ"]),
        ("curves", vec!["published fault rate", "without faults", "both", "10⁻⁶", "shift faults per shift"]),
        ("break_even", vec!["break-even", "device of 2015", "energy of a shift [pJ]", "crossbar better"]),
        ("tornado", vec!["nominal 4.20", "converter energy", "0.5 – 4 pJ", "1.40 → 11.0"]),
        ("pareto", vec!["Pareto front", "512 × 35", "latency [µs]"]),
        ("side_by_side", vec!["a. Energy", "b. Latency"]),
    ];
    let figures = samples::all();
    for (name, labels) in expected {
        let (_, figure) = figures.iter().find(|(other, _)| *other == name).ok_or(name)?;
        let svg = figure.svg()?;
        for label in labels {
            assert!(svg.contains(&format!("\n{label}\n")), "{name}: {label}");
        }
        assert!(svg.contains("<desc>manifest 0123abcd &amp; inputs &lt;4567ef&gt;, seed 7</desc>"), "{name}");
        assert!(svg.contains(&format!("<title>{}</title>", figure.title)), "{name}");
        assert!(svg.contains("font-family=\"DejaVu Sans, "), "{name}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
    Ok(())
}

#[test]
fn no_text_is_smaller_than_eleven_pixels() -> Outcome {
    for (name, figure) in samples::all() {
        let svg = figure.svg()?;
        for part in svg.split("font-size=\"").skip(1) {
            let size: f64 = part.split('"').next().unwrap_or_default().parse()?;
            assert!(size >= 110.0, "{name}: {size} tenths of a pixel");
        }
    }
    Ok(())
}

#[test]
fn a_png_has_twice_the_size_of_the_svg_and_is_not_blank() -> Outcome {
    for (name, figure) in samples::all() {
        let svg = figure.svg()?;
        let png = figure.png()?;
        let mut reader = png::Decoder::new(png.as_slice()).read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels)?;
        let header = format!("<svg width=\"{}\" height=\"{}\"", info.width / 2, info.height / 2);
        assert!(svg.starts_with(&header), "{name}: {header}");
        assert_eq!(info.width, 2000, "{name}");
        let coloured = pixels.chunks(3).filter(|pixel| pixel.iter().any(|&channel| channel < 0xf0)).count();
        assert!(coloured > 5000, "{name}: {coloured}");
        assert!(pixels.starts_with(&[0xff; 300]), "{name}: the margin is white");
    }
    Ok(())
}

#[test]
fn a_figure_is_written_as_both_files() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (name, figure) = samples::all().swap_remove(0);
    figure.write(&folder.path().join("new"), name)?;
    assert_eq!(std::fs::read_to_string(folder.path().join("new/intervals.svg"))?, figure.svg()?);
    assert_eq!(std::fs::read(folder.path().join("new/intervals.png"))?, figure.png()?);
    std::fs::write(folder.path().join("file"), "")?;
    let error = figure.write(&folder.path().join("file"), name);
    assert!(matches!(error, Err(FigureError::Table(_))), "{error:?}");
    Ok(())
}

fn series() -> Vec<Series> {
    vec![Series::new("one", Role::RtmAp)]
}

/// A chart of every kind that holds the same three values, in this order where it matters.
fn charts(axis: &Axis, [low, middle, high]: [f64; 3]) -> Vec<Chart> {
    let axis = || axis.clone();
    let x = || Axis::linear("place", "");
    vec![
        IntervalChart {
            axis: axis(),
            meaning: String::new(),
            series: series(),
            groups: vec![IntervalGroup {
                heading: "group".into(),
                rows: vec![IntervalRow {
                    label: "row".into(),
                    intervals: vec![Some(Interval { low, median: middle, high, nominal: None })],
                }],
            }],
            references: Vec::new(),
            sides: None,
        }
        .into(),
        DotPlot {
            axis: axis(),
            series: vec![Series::new("one", Role::RtmAp); 3],
            groups: vec![DotGroup {
                heading: "group".into(),
                rows: vec![DotRow { label: "row".into(), values: [low, middle, high].map(Some).to_vec() }],
            }],
            references: Vec::new(),
            band: None,
        }
        .into(),
        GroupedBars {
            axis: axis(),
            series: series(),
            categories: vec![("row".into(), vec![Some(Bar { value: middle, interval: Some((low, high)) })])],
            references: Vec::new(),
            height: 200.0,
        }
        .into(),
        Curves {
            x: x(),
            y: axis(),
            curves: vec![Curve {
                series: Series::new("row", Role::RtmAp),
                points: vec![CurvePoint { x: 1.0, y: middle, interval: Some((low, high)) }],
            }],
            at_x: Vec::new(),
            at_y: Vec::new(),
            height: 200.0,
        }
        .into(),
        HeatMap {
            x: x(),
            xs: vec![1.0, 2.0],
            y: x(),
            ys: vec![1.0, 2.0],
            value: axis(),
            values: vec![vec![Some(low), Some(middle)], vec![Some(high), None]],
            level: None,
            level_label: String::new(),
            points: Vec::new(),
            height: 200.0,
        }
        .into(),
        Tornado {
            axis: axis(),
            nominal: middle,
            swings: vec![Swing { label: "row".into(), range: String::new(), at_low: low, at_high: high }],
            references: Vec::new(),
            sides: None,
        }
        .into(),
        Scatter {
            x: axis(),
            y: axis(),
            series: vec![ScatterSeries {
                series: Series::new("row", Role::RtmAp).marked(Marker::Ring),
                points: vec![
                    ScatterPoint { x: low, y: middle, label: "row".into() },
                    ScatterPoint { x: high, y: high, label: String::new() },
                ],
            }],
            front: None,
            height: 200.0,
        }
        .into(),
    ]
}

#[test]
fn a_value_without_a_place_on_the_axis_is_a_named_error() {
    for value in [0.0, -3.0] {
        for chart in charts(&Axis::log("energy", "pJ"), [value, 5.0, 6.0]) {
            let error = Figure::new("t", chart.clone()).svg();
            assert!(
                matches!(&error, Err(FigureError::NotPositive { axis, .. }) if axis == "energy"),
                "{chart:?}: {error:?}"
            );
        }
    }
    for value in [f64::NAN, f64::INFINITY] {
        for chart in charts(&Axis::linear("energy", "pJ"), [1.0, value, 6.0]) {
            let error = Figure::new("t", chart.clone()).svg();
            assert!(matches!(&error, Err(FigureError::NotFinite { .. })), "{chart:?}: {error:?}");
        }
    }
}

#[test]
fn a_chart_without_data_is_an_error() {
    let axis = || Axis::log("energy", "pJ");
    let empty: Vec<Chart> = vec![
        IntervalChart {
            axis: axis(),
            meaning: String::new(),
            series: series(),
            groups: Vec::new(),
            references: Vec::new(),
            sides: None,
        }
        .into(),
        DotPlot { axis: axis(), series: series(), groups: Vec::new(), references: Vec::new(), band: None }
            .into(),
        GroupedBars {
            axis: axis(),
            series: series(),
            categories: Vec::new(),
            references: Vec::new(),
            height: 1.0,
        }
        .into(),
        StackedBars {
            quantity: String::new(),
            stacking: Stacking::Shares,
            parts: series(),
            groups: Vec::new(),
        }
        .into(),
        Curves { x: axis(), y: axis(), curves: Vec::new(), at_x: Vec::new(), at_y: Vec::new(), height: 1.0 }
            .into(),
        HeatMap {
            x: axis(),
            xs: vec![1.0, 2.0],
            y: axis(),
            ys: vec![1.0, 2.0],
            value: axis(),
            values: vec![vec![None, None], vec![None, None]],
            level: None,
            level_label: String::new(),
            points: Vec::new(),
            height: 1.0,
        }
        .into(),
        Tornado { axis: axis(), nominal: 1.0, swings: Vec::new(), references: Vec::new(), sides: None }
            .into(),
        Scatter { x: axis(), y: axis(), series: Vec::new(), front: None, height: 1.0 }.into(),
    ];
    for chart in empty {
        let error = Figure::new("t", chart.clone()).svg();
        assert!(matches!(&error, Err(FigureError::Empty { .. })), "{chart:?}: {error:?}");
    }
}

#[test]
fn parts_that_are_negative_or_too_few_or_add_up_to_nothing_are_errors() {
    let drawn = |parts: Vec<f64>| {
        let stack = Stack { label: "system".into(), total: String::new(), parts };
        let chart = StackedBars {
            quantity: "energy".into(),
            stacking: Stacking::Shares,
            parts: vec![Series::new("search", Role::Search), Series::new("write", Role::Write)],
            groups: vec![(String::new(), vec![stack])],
        };
        Figure::new("t", chart).svg()
    };
    assert!(matches!(drawn(vec![1.0, -1.0]), Err(FigureError::Negative { .. })));
    assert!(matches!(drawn(vec![1.0]), Err(FigureError::Length { expected: 2, found: 1, .. })));
    assert!(matches!(drawn(vec![0.0, 0.0]), Err(FigureError::NotPositive { .. })));
    assert!(drawn(vec![1.0, 0.0]).is_ok());
}

#[test]
fn an_interval_out_of_order_is_an_error() {
    let chart = charts(&Axis::linear("energy", "pJ"), [4.0, 3.0, 6.0]).swap_remove(0);
    let error = Figure::new("t", chart).svg().err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("group row, one: 4 – 3 – 6 is not in ascending order"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_three_numbers_are_drawn_or_refused(
        mut values in proptest::array::uniform3(proptest::num::f64::ANY),
        log in any::<bool>(),
        sorted in any::<bool>(),
    ) {
        if sorted {
            values.sort_by(f64::total_cmp);
        }
        let axis = if log { Axis::log("energy", "pJ") } else { Axis::linear("energy", "pJ") };
        for chart in charts(&axis, values) {
            if let Ok(svg) = Figure::new("t", chart).svg() {
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
            }
        }
    }
}
