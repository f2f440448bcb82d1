//! What has to hold for any network and any crossbar.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail as the test itself may")]

use std::path::PathBuf;

use crossbar::{
    Activations, ColumnSampling, Converter, Counting, Crossbar, CrossbarError, Design, Gating, Grouping,
    LayerShape, Mapping, NetworkReport, Pool, Precision, WeightStatistics, ZeroSkipping, load_technology,
};
use network::{Shape, Window};
use proptest::prelude::*;
use technology::{ParameterSet, Quantity};

const TERNARY: WeightStatistics = WeightStatistics::Ternary { zeros: 0.5 };

fn technology() -> (Design, ParameterSet) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../experiments/technology/crossbar/neurosim-rram-22nm.yaml");
    let file = load_technology(&path).unwrap();
    (file.design, file.parameters)
}

fn evaluate(design: Design, layer: &LayerShape, precision: Precision) -> NetworkReport {
    Crossbar::new(design, &technology().1).unwrap().evaluate(std::slice::from_ref(layer), precision).unwrap()
}

fn ternary(activation_bits: u32) -> Precision {
    Precision { weights: TERNARY, activation_bits }
}

fn convolution(channels: usize, extent: usize, outputs: usize, kernel: usize, share: f64) -> LayerShape {
    LayerShape {
        name: "layer".to_owned(),
        input: Shape::new(channels, extent, extent),
        groups: 1,
        outputs,
        window: Window::new(kernel, kernel, 1, kernel / 2).unwrap(),
        pool: Pool::None,
        activations: Activations::SetBits { share },
    }
}

fn designs() -> impl Strategy<Value = Design> {
    (
        22.0..45.0_f64,
        prop::sample::select(vec![64_usize, 100, 128, 256]),
        1..=4_u32,
        prop::sample::select(vec![
            Converter::Flash { bits: 4 },
            Converter::Flash { bits: 6 },
            Converter::Successive { bits: 8 },
        ]),
        prop::sample::select(vec![Mapping::Unrolled, Mapping::SplitKernel]),
        prop::sample::select(vec![
            Counting::Corrected,
            Counting::NeurosimCompatible,
            Counting::NeurosimCompatiblePadded,
        ]),
    )
        .prop_map(|(node_nm, extent, cell_bits, converter, mapping, counting)| Design {
            node_nm,
            rows: extent,
            columns: extent,
            cell_bits,
            converter,
            mapping,
            counting,
            ..technology().0
        })
}

fn layers() -> impl Strategy<Value = LayerShape> {
    (1..600_usize, 1..40_usize, 1..600_usize, prop::sample::select(vec![1_usize, 3, 5]), 0.0..1.0_f64)
        .prop_map(|(channels, extent, outputs, kernel, share)| {
            convolution(channels, extent.max(kernel), outputs, kernel, share)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn every_number_is_finite_and_no_part_is_negative(design in designs(), layer in layers(), bits in 1..=8_u32) {
        let report = evaluate(design, &layer, ternary(bits));
        let layer = &report.layers[0];
        for (name, value) in layer.energy.named() {
            prop_assert!(value.base().is_finite() && value.base() >= 0.0, "{name} {value}");
        }
        for (name, value) in layer.latency.named() {
            prop_assert!(value.base().is_finite() && value.base() >= 0.0, "{name} {value}");
        }
        // DNN+NeuroSim counts what the tiles of other layers leak, and there are none.
        prop_assert_eq!(layer.leakage.base() > 0.0, design.counting == Counting::Corrected);
        prop_assert!(report.area.total().base() > 0.0);
        prop_assert!(layer.utilization > 0.0 && layer.utilization <= 1.0);
    }

    #[test]
    fn every_weight_has_a_cell_on_arrays_of_any_size(
        design in designs(), layers in prop::collection::vec(layers(), 1..6),
        rows in prop::sample::select(vec![16_usize, 64, 256, 1024]), columns in prop::sample::select(vec![32_usize, 128, 512]),
    ) {
        let design = Design { rows, columns, ..design };
        let (_, parameters) = technology();
        let report = Crossbar::new(design, &parameters).unwrap().evaluate(&layers, ternary(4)).unwrap();
        for (layer, report) in layers.iter().zip(&report.layers) {
            let cells = layer.rows() * layer.outputs * design.cells_per_weight(2);
            prop_assert!(report.subarrays * rows * columns >= cells * report.copies, "{report:?}");
            prop_assert!(report.energy.total().base().is_finite() && report.latency.total().base() > 0.0);
        }
        prop_assert_eq!(report.tiles > 0, true);
    }

    #[test]
    fn every_energy_grows_with_the_bits_of_activations(design in designs(), layer in layers(), bits in 1..8_u32) {
        let fewer = evaluate(design, &layer, ternary(bits)).layers[0].energy;
        let more = evaluate(design, &layer, ternary(bits + 1)).layers[0].energy;
        for ((name, fewer), (_, more)) in fewer.named().zip(more.named()) {
            prop_assert!(more >= fewer, "{name}: {fewer} to {more}");
        }
        prop_assert!(more.total() > fewer.total());
    }

    #[test]
    fn more_zeros_never_cost_energy(design in designs(), layer in layers(), share in 0.0..1.0_f64, factor in 0.0..1.0_f64) {
        let of = |share| LayerShape { activations: Activations::SetBits { share }, ..layer.clone() };
        let dense = evaluate(design, &of(share), ternary(4)).total_energy();
        let sparse = evaluate(design, &of(share * factor), ternary(4)).total_energy();
        prop_assert!(sparse <= dense, "{sparse} {dense}");
    }

    #[test]
    fn skipping_gating_and_holding_never_cost_energy(design in designs(), layer in layers()) {
        let all = evaluate(design, &layer, ternary(4)).layers[0].energy;
        for variant in [
            Design { zero_skipping: ZeroSkipping::EmptyPlanes, ..design },
            Design { gating: Gating::Segments, ..design },
            Design { column_sampling: ColumnSampling::Held, ..design },
        ] {
            let saved = evaluate(variant, &layer, ternary(4)).layers[0].energy;
            for ((name, saved), (_, all)) in saved.named().zip(all.named()) {
                prop_assert!(saved <= all, "{name}: {saved} {all}");
            }
        }
    }

    #[test]
    fn twice_the_positions_cost_twice_the_energy(
        design in designs(), channels in 1..600_usize, outputs in 1..600_usize,
    ) {
        let small = convolution(channels, 12, outputs, 1, 0.2);
        let large = LayerShape { input: Shape::new(channels, 24, 12), ..small.clone() };
        let small = evaluate(design, &small, ternary(4)).layers[0].energy;
        let large = evaluate(design, &large, ternary(4)).layers[0].energy;
        for ((name, small), (_, large)) in small.named().zip(large.named()) {
            prop_assert!((large.base() - 2.0 * small.base()).abs() <= 1e-9 * large.base(), "{name}: {small} {large}");
        }
    }

    #[test]
    fn a_layer_costs_the_arrays_as_much_as_its_two_halves(
        channels in 1..600_usize, blocks in 1..4_usize, kernel in prop::sample::select(vec![1_usize, 3]),
    ) {
        // The same elements for both; chosen automatically they would grow with the matrix.
        let grouping = Grouping::Fixed { element_side: 4, tile_side: 8 };
        let design = Design { grouping, ..technology().0 };
        let half = convolution(channels, 9, blocks * design.columns, kernel, 0.2);
        let whole = LayerShape { outputs: half.outputs * 2, ..half.clone() };
        let half = evaluate(design, &half, ternary(4)).layers.remove(0);
        let whole = evaluate(design, &whole, ternary(4)).layers.remove(0);
        for (half, whole) in [
            (half.energy.conversion, whole.energy.conversion),
            (half.energy.drivers, whole.energy.drivers),
            (half.energy.accumulation, whole.energy.accumulation),
        ] {
            prop_assert!((whole.base() - 2.0 * half.base()).abs() <= 1e-9 * whole.base(), "{half} {whole}");
        }
        prop_assert_eq!(whole.conversions, 2.0 * half.conversions);
    }

    #[test]
    fn real_taps_are_those_that_the_window_finds_inside_the_input(
        height in 1..12_usize, width in 1..12_usize, kernel in 1..6_usize, stride in 1..4_usize, padding in 0..6_usize,
    ) {
        prop_assume!(padding < kernel);
        let window = Window::new(kernel, kernel, stride, padding).unwrap();
        let input = Shape::new(1, height, width);
        let Some((rows, columns)) = window.output(input) else { return Ok(()) };
        let layer = LayerShape { window, input, ..convolution(1, 1, 1, 1, 0.5) };
        let inside = (0..rows * columns)
            .flat_map(|p| (0..kernel * kernel).map(move |t| ((p / columns, p % columns), (t / kernel, t % kernel))))
            .filter(|&(position, tap)| window.source(input, position, tap).is_some())
            .count();
        let expected = inside as f64 / (rows * columns * kernel * kernel) as f64;
        prop_assert!((layer.real_tap_share().unwrap() - expected).abs() < 1e-12);
    }
}

#[test]
fn counting_padding_adds_the_vectors_at_the_border() {
    let (design, _) = technology();
    let layer = convolution(128, 7, 128, 3, 0.2);
    let vectors = |counting| evaluate(Design { counting, ..design }, &layer, ternary(4)).layers[0].vectors;
    assert_eq!(vectors(Counting::NeurosimCompatible), 25);
    assert_eq!(vectors(Counting::NeurosimCompatiblePadded), 49);
    assert_eq!(vectors(Counting::Corrected), 49);
}

#[test]
fn a_wider_weight_takes_more_cells_and_columns() {
    let (design, _) = technology();
    let layer = convolution(128, 8, 128, 3, 0.2);
    let conversions =
        |weights| evaluate(design, &layer, Precision { weights, activation_bits: 4 }).layers[0].conversions;
    assert_eq!(conversions(WeightStatistics::Symmetric { bits: 8 }), 4.0 * conversions(TERNARY));
    // Positions x planes x taps x columns: 64 · 4 · 9 · 128.
    assert_eq!(conversions(TERNARY), 294_912.0);
}

#[test]
fn the_driver_of_a_row_costs_as_much_however_long_its_word_line_is() {
    let (design, _) = technology();
    let layer = convolution(128, 8, 64, 3, 0.2);
    let drivers =
        |columns| evaluate(Design { columns, ..design }, &layer, ternary(4)).layers[0].energy.drivers;
    assert_eq!(drivers(128), drivers(256));
    // Its pass gates open anew for each group of columns.
    let turns = |columns_per_converter| {
        let design = Design { columns_per_converter, ..design };
        evaluate(design, &layer, ternary(4)).layers[0].energy.drivers
    };
    assert!((turns(16) / turns(8) - 2.0).abs() < 1e-12);
}

#[test]
fn a_step_takes_longer_in_a_larger_subarray_and_with_more_levels() {
    let (design, _) = technology();
    let layer = convolution(64, 8, 64, 3, 0.2);
    let step = |extent, converter| {
        let design = Design { rows: extent, columns: extent, converter, ..design };
        let report = evaluate(design, &layer, ternary(4));
        let layer = &report.layers[0];
        // A read takes four planes in eight turns, shared by the copies.
        layer.latency.conversion.base() * layer.copies as f64 / (layer.vectors * 4 * 8) as f64
    };
    let flash = |bits| Converter::Flash { bits };
    assert!((step(128, flash(5)) - 2.039).abs() < 0.005, "{}", step(128, flash(5)));
    // As measured at 256 x 256, and with converters of 5 and 8 steps.
    assert!((step(256, flash(5)) / 2.935 - 1.0).abs() < 0.01, "{}", step(256, flash(5)));
    for (bits, measured) in [(5, 8.85), (8, 13.05)] {
        let modelled = step(128, Converter::Successive { bits });
        assert!((modelled / measured - 1.0).abs() < 0.01, "{bits} bits: {modelled}");
    }
    assert!(step(128, flash(6)) > step(128, flash(5)));
}

#[test]
fn leakage_follows_what_a_converter_is_built_of() {
    let (design, _) = technology();
    let layer = convolution(128, 8, 128, 3, 0.2);
    let power = |converter| {
        let report = evaluate(Design { converter, ..design }, &layer, ternary(4));
        report.layers[0].leakage / report.layers[0].latency.total()
    };
    let (flash, successive) = (power(Converter::Flash { bits: 5 }), power(Converter::Successive { bits: 5 }));
    assert!(flash > successive && power(Converter::Successive { bits: 8 }) > successive);
    assert!(
        power(Converter::Flash { bits: 8 }) / flash > power(Converter::Successive { bits: 8 }) / successive
    );
}

#[test]
fn idle_tiles_leak_as_what_they_are() {
    let (design, _) = technology();
    let layers = [convolution(128, 8, 128, 3, 0.2), convolution(256, 1, 10, 1, 0.2)];
    let crossbar =
        Crossbar::new(Design { counting: Counting::Corrected, ..design }, &technology().1).unwrap();
    let report = crossbar.evaluate(&layers, ternary(4)).unwrap();
    let powers = report.layers.iter().map(|layer| layer.leakage / layer.latency.total());
    let powers: Vec<f64> = powers.map(|power| power.base()).collect();
    // The whole chip leaks, whichever layer is computed.
    assert!((powers[0] / powers[1] - 1.0).abs() < 1e-12, "{powers:?}");
}

#[test]
fn a_node_between_two_others_costs_energy_between_theirs() {
    let (design, _) = technology();
    let layer = convolution(128, 8, 128, 3, 0.2);
    let energy = |node_nm| evaluate(Design { node_nm, ..design }, &layer, ternary(4)).layers[0].energy;
    let (smallest, between, largest) = (energy(22.0), energy(28.0), energy(45.0));
    for (((name, a), (_, b)), (_, c)) in smallest.named().zip(between.named()).zip(largest.named()) {
        assert!(a < b && b < c, "{name}: {a} {b} {c}");
    }
}

#[test]
fn what_cannot_be_built_or_computed_is_said() {
    let (design, parameters) = technology();
    for (design, expected) in [
        (Design { rows: 0, ..design }, "`rows, columns` is 0 x 128"),
        (Design { cell_bits: 9, ..design }, "`cell_bits` is 9"),
        (Design { node_nm: f64::NAN, ..design }, "`node_nm` is NaN"),
        (Design { columns_per_converter: 129, ..design }, "`columns_per_converter` is 129"),
        (
            Design { grouping: Grouping::Fixed { element_side: 3, tile_side: 8 }, ..design },
            "must be a multiple",
        ),
        (Design { converter: Converter::Flash { bits: 0 }, ..design }, "`converter.bits` is 0"),
    ] {
        let message = Crossbar::new(design, &parameters).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let zero = parameters.with_value("cell.on_resistance", 0.0).unwrap();
    let message = Crossbar::new(design, &zero).unwrap_err().to_string();
    assert!(message.contains("cell.on_resistance"), "{message}");
    let crossbar = Crossbar::new(design, &parameters).unwrap();
    assert!(matches!(crossbar.evaluate(&[], ternary(4)), Err(CrossbarError::NoLayer)));
    let layer = convolution(8, 8, 8, 3, 0.5);
    assert!(matches!(
        crossbar.evaluate(std::slice::from_ref(&layer), ternary(0)),
        Err(CrossbarError::Precision { what: "activations", found: 0, .. })
    ));
    let one_bit = Precision { weights: WeightStatistics::Symmetric { bits: 1 }, activation_bits: 4 };
    assert!(matches!(
        crossbar.evaluate(std::slice::from_ref(&layer), one_bit),
        Err(CrossbarError::Precision { what: "weights", found: 1, .. })
    ));
    let huge = LayerShape { input: Shape::new(usize::MAX, 8, 8), ..layer };
    assert!(matches!(crossbar.evaluate(&[huge], ternary(4)), Err(CrossbarError::Layer { .. })));
}

#[test]
fn a_depthwise_convolution_stands_along_the_diagonals_of_subarrays() {
    let (design, _) = technology();
    let design = Design {
        mapping: Mapping::Unrolled,
        counting: Counting::Corrected,
        grouping: Grouping::Fixed { element_side: 1, tile_side: 2 },
        ..design
    };
    let depthwise = LayerShape { groups: 140, ..convolution(140, 14, 140, 3, 0.3) };
    let report = evaluate(design, &depthwise, ternary(4));
    let layer = &report.layers[0];
    // 14 channels of 9 rows fit into 128 rows: 10 subarrays, in tiles of 4. Of the 126 rows and 14 columns that are used, each column
    // holds weights in 9 rows.
    assert_eq!((layer.subarrays, report.tiles), (12, 3));
    let filled = 14.0 * 9.0 / (128.0 * 128.0);
    assert!((layer.utilization - filled).abs() < 1e-12, "{}", layer.utilization);
    // Every output is converted once in every bit plane.
    assert!((layer.conversions - 196.0 * 4.0 * 140.0).abs() < 1e-6, "{}", layer.conversions);
    // The same weights written out as a whole matrix, zeros and all, are converted ten times as often.
    let dense = evaluate(design, &LayerShape { groups: 1, ..depthwise }, ternary(4));
    assert!((dense.layers[0].conversions / layer.conversions - 10.0).abs() < 1e-9);
    assert!(report.total_energy() < dense.total_energy());
}

#[test]
fn groups_that_fill_subarrays_cost_as_much_as_layers_of_their_own() {
    let (design, _) = technology();
    for mapping in [Mapping::Unrolled, Mapping::SplitKernel] {
        let design = Design {
            mapping,
            counting: Counting::Corrected,
            grouping: Grouping::Fixed { element_side: 2, tile_side: 2 },
            ..design
        };
        let one = convolution(129, 14, 200, 3, 0.3);
        let four = LayerShape { groups: 4, ..convolution(516, 14, 800, 3, 0.3) };
        let layers = vec![one; 4];
        let crossbar = Crossbar::new(design, &technology().1).unwrap();
        let apart = crossbar.evaluate(&layers, ternary(4)).unwrap();
        let grouped = crossbar.evaluate(std::slice::from_ref(&four), ternary(4)).unwrap();
        assert_eq!(grouped.tiles, apart.tiles);
        let total =
            |report: &NetworkReport| report.layers.iter().map(|l| l.energy.total().base()).sum::<f64>();
        let (grouped, apart) = (total(&grouped), total(&apart));
        assert!((grouped / apart - 1.0).abs() < 1e-9, "{mapping:?}: {grouped} {apart}");
    }
}

#[test]
fn groups_that_channels_do_not_fall_into_are_refused() {
    let (design, parameters) = technology();
    let crossbar = Crossbar::new(design, &parameters).unwrap();
    for groups in [0, 3] {
        let layer = LayerShape { groups, ..convolution(64, 8, 32, 3, 0.3) };
        let refused = crossbar.evaluate(&[layer], ternary(4)).unwrap_err().to_string();
        assert!(refused.contains("expected a divisor of 64 inputs and of 32 outputs"), "{refused}");
    }
}

#[test]
fn the_largest_layer_that_is_covered_is_computed_on_the_smallest_arrays() {
    let (design, _) = technology();
    let layer = LayerShape {
        input: Shape::new(1 << 20, 1 << 16, 1 << 16),
        window: Window::new(256, 256, 1, 255).unwrap(),
        outputs: 1 << 20,
        ..convolution(1, 1, 1, 1, 0.5)
    };
    for mapping in [Mapping::Unrolled, Mapping::SplitKernel] {
        for counting in [Counting::Corrected, Counting::NeurosimCompatible] {
            let design = Design {
                rows: 1,
                columns: 1,
                columns_per_converter: 1,
                cell_bits: 1,
                mapping,
                counting,
                ..design
            };
            let precision =
                Precision { weights: WeightStatistics::Symmetric { bits: 16 }, activation_bits: 16 };
            let report = evaluate(design, &layer, precision);
            assert!(report.total_energy().base().is_finite() && report.total_energy().base() > 0.0);
        }
    }
}

#[test]
fn every_technology_file_of_the_folder_is_complete_and_computes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/crossbar");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    let layer = convolution(128, 8, 128, 3, 0.2);
    for path in files {
        let file = load_technology(&path).unwrap();
        assert_eq!(Some(file.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        assert_eq!(file.design.counting, Counting::Corrected, "{}", file.name);
        let report = Crossbar::new(file.design, &file.parameters)
            .unwrap()
            .evaluate(std::slice::from_ref(&layer), ternary(4))
            .unwrap();
        assert!(report.energy().named().all(|(_, part)| part.base() > 0.0), "{}", file.name);
    }
}
