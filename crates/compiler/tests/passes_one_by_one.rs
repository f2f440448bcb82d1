//! The passes by name: they make what `compile_layer` makes, every stage is verified, read back from its text, and a wrong stage
//! is found out.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use ap_program::{CheckedProgram, Geometry, Program};
use compiler::flow::{self, Flow};
use compiler::ir::{LayerWeights, Stage, StageKind, Verification};
use compiler::pass::{Pass, Settings};
use compiler::passes::{Emit, Fold, Place, Schedule, Share, Split};
use compiler::{Layout, Options, Sharing, compile_layer};
use network::TernaryWeights;
use proptest::prelude::*;

fn options(sharing: Sharing, layout: Layout) -> Options {
    let geometry = Geometry::new(64, 32, 64).unwrap();
    Options { geometry, sharing, layout, outputs_per_processor: None }
}

/// Layers with filters of nothing, of one tap, and the same filter or its negative again.
fn layer() -> impl Strategy<Value = LayerWeights> {
    let kernel = prop_oneof![Just((1, 1)), Just((3, 3)), Just((7, 7)), Just((1, 5))];
    (1_usize..8, 1_usize..4, kernel, 1_u32..9, 0_u32..60, any::<u64>()).prop_map(
        |(outputs, inputs, (height, width), bits, density, seed)| {
            let size = inputs * height * width;
            let mut state = seed;
            let mut random = |below: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % below
            };
            let mut values: Vec<i8> = Vec::new();
            for output in 0..outputs {
                let filter: Vec<i8> = match random(6) {
                    0 => vec![0; size],
                    1 => {
                        let tap = random(size as u64) as usize;
                        (0..size).map(|place| i8::from(place == tap)).collect()
                    }
                    kind @ (2 | 3) if output > 0 => {
                        let earlier = random(output as u64) as usize * size;
                        let sign = if kind == 2 { 1 } else { -1 };
                        values[earlier..earlier + size].iter().map(|weight| sign * weight).collect()
                    }
                    _ => (0..size)
                        .map(|_| if random(100) < u64::from(density) { random(2) as i8 * 2 - 1 } else { 0 })
                        .collect(),
                };
                values.extend(filter);
            }
            let weights = TernaryWeights::new([outputs, inputs, height, width], values).unwrap();
            LayerWeights {
                layer: "random".into(),
                input_maximum: (1 << bits) - 1,
                weights: Arc::new(weights),
            }
        },
    )
}

/// Every stage after the weights.
fn stages(from: &LayerWeights, settings: &Settings, passes: &[Pass]) -> Vec<(Pass, Stage)> {
    let mut stage = Stage::Weights(from.clone());
    let run = |&pass: &Pass| {
        stage = pass.run(stage.clone(), settings).unwrap();
        (pass, stage.clone())
    };
    passes.iter().map(run).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_passes_make_what_the_compiler_makes_and_every_stage_is_right(from in layer()) {
        for (sharing, layout) in Sharing::ALL.into_iter().flat_map(|s| Layout::ALL.map(|l| (s, l))) {
            let options = options(sharing, layout);
            let Ok(compiled) = compile_layer("random", &from.weights, from.input_maximum, &options) else { continue };
            let Flow { passes, parts } = compiled.flow;
            flow::check_order(&passes).unwrap();
            let mut programs = Vec::new();
            for settings in parts {
                for (pass, stage) in stages(&from, &settings, &passes) {
                    stage.verify(&from, &settings).unwrap_or_else(|error| panic!("after {pass}: {error}\n{stage}"));
                    prop_assert_eq!(Stage::parse(&stage.to_string()).unwrap(), stage.clone());
                    if let Stage::Program(program) = stage {
                        programs.push(program);
                    }
                }
            }
            let compiled = compiled.programs.into_iter().map(CheckedProgram::into_program);
            prop_assert_eq!(programs, compiled.collect::<Vec<_>>());
        }
    }

    /// A change of one word in a stage's text is either refused, verified to mean the same, or found out; it never panics.
    #[test]
    fn a_stage_with_one_word_changed_is_refused_or_found_out(from in layer(), place: prop::sample::Index, other: prop::sample::Index) {
        let options = options(Sharing::PerChannel, Layout::Along);
        let settings = Settings::unlimited(&from.weights, &Options { geometry: Geometry::new(64, 256, 64).unwrap(), ..options });
        let Ok(sums) = Pass::of::<Fold>().run(Stage::Weights(from.clone()), &settings) else { panic!("folds") };
        let shared = Pass::of::<Share>().run(sums, &settings).unwrap();
        let mut stages = vec![shared.clone()];
        if let Ok(words) = Pass::of::<Schedule>().run(shared, &settings) {
            stages.extend(Pass::of::<Place>().run(words.clone(), &settings));
            stages.push(words);
        }
        for stage in stages {
            let text = stage.to_string();
            let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
            let (at, with) = (place.index(words.len()), other.index(words.len()));
            let mut changed = words.clone();
            changed[at] = words[with];
            let changed = changed.concat();
            if let Ok(parsed) = Stage::parse(&changed) {
                prop_assert_eq!(Stage::parse(&parsed.to_string()).unwrap(), parsed.clone());
                let verdict = parsed.verify(&from, &settings);
                // What is verified computes the weights, and so does the program that is made of it.
                if verdict.is_ok() {
                    let mut last = parsed;
                    for pass in [Pass::of::<Schedule>(), Pass::of::<Place>(), Pass::of::<Emit>()] {
                        if pass.stages().0 == last.kind() {
                            match pass.run(last.clone(), &settings) {
                                Ok(stage) => last = stage,
                                Err(_) => return Ok(()),
                            }
                        }
                    }
                    prop_assert_eq!(last.verify(&from, &settings), Ok(()), "{}", changed);
                }
            }
        }
    }

    /// Texts cut, repeated and shuffled by characters: the readers give a stage or an error.
    #[test]
    fn no_text_makes_a_reader_panic(from in layer(), edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..6, any::<char>()), 1..12)) {
        let options = options(Sharing::PerChannel, Layout::Along);
        let settings = Settings::unlimited(&from.weights, &Options { geometry: Geometry::new(64, 256, 64).unwrap(), ..options });
        let mut all = vec![Stage::Weights(from.clone())];
        all.extend(stages(&from, &settings, &[Pass::of::<Fold>(), Pass::of::<Share>(), Pass::of::<Schedule>()]).into_iter().map(|(_, stage)| stage));
        if let Ok(compiled) = compile_layer("random", &from.weights, from.input_maximum, &options) {
            all.extend(compiled.programs.into_iter().take(1).map(|p| Stage::Program(p.into_program())));
        }
        for stage in all {
            let mut text: Vec<char> = stage.to_string().chars().collect();
            for &(at, edit, character) in &edits {
                if text.is_empty() {
                    break;
                }
                let at = at.index(text.len());
                match edit {
                    0 => { text.remove(at); }
                    1 => text.insert(at, character),
                    2 => text[at] = char::from(b'0' + (character as u32 % 10) as u8),
                    3 => text.truncate(at.max(1)),
                    4 => { let end = text.len().min(at + 7); let copy = text[at..end].to_vec(); text.splice(at..at, copy); }
                    _ => text[at] = '\n',
                }
            }
            let text: String = text.into_iter().collect();
            if let Ok(parsed) = Stage::parse(&text) {
                prop_assert_eq!(Stage::parse(&parsed.to_string()).unwrap(), parsed);
            }
            let _ = text.parse::<Program>();
        }
    }
}

#[test]
fn passes_out_of_order_are_refused_with_what_is_missing() {
    let refused = |passes: &[Pass]| flow::check_order(passes).unwrap_err().to_string();
    assert_eq!(
        refused(&[Pass::of::<Fold>(), Pass::of::<Place>()]),
        "pass `place` works on words, but was given sums; words are made by: schedule"
    );
    assert_eq!(
        refused(&[Pass::of::<Share>()]),
        "pass `share` works on sums, but was given weights; sums are made by: fold"
    );
    assert_eq!(
        refused(&[Pass::of::<Fold>(), Pass::of::<Fold>()]),
        "pass `fold` works on weights, but was given sums; weights are what comes first"
    );
    let unknown = "cse".parse::<Pass>().unwrap_err().to_string();
    assert!(
        unknown.starts_with("`cse` is no pass; there are:\n  fold            unrolls constant"),
        "{unknown}"
    );
    assert_eq!(unknown.lines().count(), 1 + Pass::ALL.len());
}

#[test]
fn a_wrong_word_is_named_with_its_line_and_column() {
    for (text, expected) in [
        ("", "line 1, column 1: found the end of the text, expected `weights`"),
        ("sums", "line 1, column 1: found `sums`, expected `weights`, `layer`"),
        (
            "layer a inputs 0..=15 outputs 0\ngroup\n  t0 = tap 0,0\n",
            "line 3, column 12: found `0,0`, expected a window element",
        ),
        (
            "layer a inputs 0..=15 outputs 0\ngroup\n  t0 = tap 0,0,0\n  y1 += +t0\n",
            "line 4, column 3: found `y1`, expected one of the layer's outputs",
        ),
        (
            "layer a inputs 0..=15 outputs 0\ngroup\n  t0 = tap 0,0,0\n  y0 +=\n",
            "line 4, column 8: found the end of the line, expected a term above",
        ),
        ("words\n  v0 = temporary u0\ndo\n", "line 2, column 18: found `u0`, expected a format"),
        (
            "words\n  v0 = temporary u4\ndo\n  v0 = v1 + v0\n",
            "line 4, column 8: found `v1`, expected a value above",
        ),
    ] {
        let message = Stage::parse(text).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

/// The layer `y0 = x0 - x1` with inputs of 4 bits, up to a stage of words that is given as text.
fn verdict(words: &str) -> String {
    let from = LayerWeights {
        layer: "difference".into(),
        input_maximum: 15,
        weights: Arc::new(TernaryWeights::new([1, 2, 1, 1], vec![1, -1]).unwrap()),
    };
    let settings = Settings::unlimited(&from.weights, &options(Sharing::None, Layout::Along));
    let stage = Stage::parse(words).unwrap();
    stage.verify(&from, &settings).map_or_else(|error| error.to_string(), |()| "right".to_owned())
}

#[test]
fn a_word_has_the_bits_that_it_needs_and_no_more() {
    let words = |accumulator: &str, input: &str| {
        format!(
            "words\n v0 = accumulator y0 {accumulator}\n v1 = input 0,0,0 {input}\n v2 = input 1,0,0 u4\ndo\n \
             clear v0\n load v1\n v0 += v1\n load v2\n v0 -= v2\n store v0\n"
        )
    };
    assert_eq!(verdict(&words("s5", "u4")), "right");
    assert_eq!(verdict(&words("s4", "u4")), "v0 reaches 0 to 15, which s4 does not hold");
    assert_eq!(verdict(&words("u5", "u4")), "v0 reaches -15 to 15, which u5 does not hold");
    assert_eq!(verdict(&words("s6", "u4")), "v0 reaches no more than -15 to 15, for which s6 is too wide");
    assert_eq!(verdict(&words("s5", "s5")), "v1 reaches no more than 0 to 15, for which s5 is too wide");
    assert_eq!(
        verdict(&words("s255", "u4")),
        "v0 reaches no more than -15 to 15, for which s255 is too wide"
    );
}

#[test]
fn a_wrong_order_of_operations_is_found_out() {
    let words = |operations: &str| {
        format!(
            "words\n v0 = accumulator y0 s5\n v1 = input 0,0,0 u4\n v2 = input 1,0,0 u4\ndo\n{}",
            operations.replace(", ", "\n") + "\n"
        )
    };
    let right = "clear v0, load v1, load v2, v0 += v1, v0 -= v2, store v0";
    assert_eq!(verdict(&words(right)), "right");
    for (from, to, expected) in [
        ("load v2, ", "", "operation 3 uses v2, which is not there at that point"),
        ("v0 += v1, ", "", "output 0: window element 0,0,0 counts 0 times where its weight is 1"),
        ("v0 -= v2", "v0 -= v0", "operation 4 uses v0 beside itself, which is not there at that point"),
        ("load v2", "load v0", "operation 2 uses v0 as an input, which is not there at that point"),
        (", store v0", "", "output 0 is stored 0 times; expected once"),
        ("store v0", "store v0, store v0", "output 0 is stored 2 times; expected once"),
    ] {
        assert_eq!(verdict(&words(&right.replacen(from, to, 1))), expected);
    }
}

#[test]
fn a_layer_too_large_for_the_passes_order_names_the_pass() {
    let from = LayerWeights {
        layer: "sum".into(),
        input_maximum: 255,
        weights: Arc::new(TernaryWeights::new([1, 1, 1, 2], vec![1, 1]).unwrap()),
    };
    let narrow =
        Options { geometry: Geometry::new(64, 32, 4).unwrap(), ..options(Sharing::None, Layout::Along) };
    let settings = Settings::unlimited(&from.weights, &narrow);
    let run = |passes: &[Pass]| {
        let stage = flow::run_passes(passes, &from, &settings, Verification::EveryPass, |_, _| {});
        stage.map(|stage| stage.kind()).map_err(|error| error.to_string())
    };
    assert_eq!(run(&[Pass::of::<Fold>(), Pass::of::<Schedule>()]), Ok(StageKind::Words));
    let placed = run(&[Pass::of::<Fold>(), Pass::of::<Schedule>(), Pass::of::<Place>()]);
    assert_eq!(placed, Err("pass `place`: a word of 9 bits does not fit a track of 4 domains".into()));
    let split = run(&[Pass::of::<Fold>(), Pass::of::<Split>()]).unwrap_err();
    assert!(split.starts_with("pass `split` works on blocks of outputs"), "{split}");
}
