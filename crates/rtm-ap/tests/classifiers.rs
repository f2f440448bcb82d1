//! Tiny versions of the classifiers that are exported most: which are imported, quantized and run, and whether `onnx.md` says so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "in a test, a panic is a failure that is told"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use compiler::{Geometry, Layout, Options, Sharing};

use float_network::FloatMap;
use network::{Checkpoint, ImageSet, Network, NetworkDescription, ReferenceEngine, Shape};
use onnx::{ImportError, ImportOptions, Imported, import_bytes};
use quantizer::{
    Correction, Factor, Fit, Granularity, PostTraining, StepRule, ThresholdRule, WeightRule, quantize_network,
};
use rtm_ap::Machine;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../onnx/tests/models/zoo")
}

/// What became of a model.
struct Row {
    name: String,
    imported: Result<f32, String>,
    quantized: Option<Result<f64, String>>,
}

fn row(name: &str) -> Row {
    let expected = Checkpoint::load(&folder().join(format!("{name}.expected.safetensors"))).unwrap();
    let (shape, pixels) = expected.shaped::<u8>("images").unwrap();
    let &[_, channels, height, width] = shape else { panic!("{shape:?}") };
    let images = ImageSet::new(name, Shape::new(channels, height, width), pixels.to_vec(), None).unwrap();
    let logits = expected.shaped::<f32>("logits").unwrap().1;
    let whole = std::fs::read(folder().join(format!("{name}.onnx.zst"))).unwrap();
    let whole = zstd::decode_all(whole.as_slice()).unwrap();
    let path = PathBuf::from(format!("{name}.onnx"));
    let imported = match import_bytes(&whole, &path, &ImportOptions::default()) {
        Ok(imported) => imported,
        Err(error) => return Row { name: name.into(), imported: Err(first(&error)), quantized: None },
    };
    let found: Vec<f32> = imported
        .network
        .infer(&imported.network.pixels().maps(&images))
        .unwrap()
        .iter()
        .flat_map(|map: &FloatMap| map.values().to_vec())
        .collect();
    let is_softmax = imported.notes.iter().any(|note| note.starts_with("Softmax"));
    let classes = logits.len() / images.len();
    let floats = found;
    let (expected, found) = (centred(logits, classes), centred(&floats, classes));
    // A softmax hides what is far below the largest: there, shares are compared.
    let difference = match is_softmax {
        true => apart(&shares(&expected, classes), &shares(&found, classes)),
        false => apart(&expected, &found),
    };
    // Fifty layers of random weights make much of the order in which single precision is added up.
    let limit = 3e-3;
    assert!(difference < limit, "{name}: {difference} from what onnxruntime computes");
    Row {
        name: name.into(),
        imported: Ok(difference),
        quantized: Some(quantized(&imported, &images, &floats, &found)),
    }
}

/// Signal over noise of the integer network's logits against the float network's, in decibels.
fn quantized(
    imported: &Imported,
    images: &ImageSet,
    floats: &[f32],
    expected: &[f32],
) -> Result<f64, String> {
    let options = PostTraining {
        weights: WeightRule::Same(ThresholdRule::Twn(Factor::PAPER)),
        granularity: Granularity::Filter,
        fit: Fit::Weights,
        bits: Some(8),
        steps: StepRule::MinMax,
        correction: Correction::None,
    };
    let quantized =
        quantize_network(&imported.network, images, &options, &mut |_, _| ()).map_err(|e| e.to_string())?;
    let text = quantized.file.text("made", "Made", "made.safetensors.zst", "");
    let description = NetworkDescription::parse(&text, Path::new("made.yaml")).map_err(|e| e.to_string())?;
    let network = Network::assemble(&description, &quantized.checkpoint).map_err(|e| e.to_string())?;
    let found = network.infer_all(&images.feature_maps()).unwrap();
    // What the quantizer computed is what the integers give, but for values that lie next to halfway between two of them: one that
    // falls the other way moves all that follows, within the noise.
    let reported = quantized.layers.last().and_then(|layer| layer.output_snr).unwrap();
    let logits: Vec<f32> = found.iter().flatten().map(|&logit| logit as f32 / (1 << 24) as f32).collect();
    let measured = noise(floats, &logits);
    assert!(
        (reported - measured).abs() < 4.0,
        "{}: {reported} dB reported, {measured} dB measured",
        images.name()
    );
    // And what the processor gives, value by value.
    let geometry = Geometry::new(256, 256, 64).unwrap();
    let options = Options {
        geometry,
        sharing: Sharing::PerChannel,
        layout: Layout::Along,
        outputs_per_processor: None,
    };
    let network = Arc::new(network);
    let machine = Machine::compile(Arc::clone(&network), &options).map_err(|error| error.to_string())?;
    let image = images.feature_map(0).unwrap();
    let run = machine.run(&image).map_err(|error| error.to_string())?;
    assert_eq!(
        run.evaluations[0],
        network.evaluate(&image, &mut ReferenceEngine).unwrap(),
        "{}",
        images.name()
    );
    let found: Vec<f32> = found.iter().flatten().map(|&logit| logit as f32 / (1 << 24) as f32).collect();
    let found = centred(&found, expected.len() / images.len());
    Ok(noise(expected, &found))
}

/// Signal over noise, in decibels.
fn noise(expected: &[f32], found: &[f32]) -> f64 {
    let signal: f64 = expected.iter().map(|&value| f64::from(value).powi(2)).sum();
    let noise: f64 = expected.iter().zip(found).map(|(&a, &b)| f64::from(a - b).powi(2)).sum();
    10.0 * (signal / noise).log10()
}

/// Logits less the mean of their image's: a softmax does not tell it.
fn centred(logits: &[f32], classes: usize) -> Vec<f32> {
    let of_image = |image: &[f32]| {
        let mean = image.iter().sum::<f32>() / image.len() as f32;
        image.iter().map(|logit| logit - mean).collect::<Vec<f32>>()
    };
    logits.chunks(classes).flat_map(of_image).collect()
}

/// What a softmax makes of the logits of each image.
fn shares(logits: &[f32], classes: usize) -> Vec<f32> {
    let of_image = |image: &[f32]| {
        let largest = image.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = image.iter().map(|logit| (logit - largest).exp()).collect();
        let sum: f32 = powers.iter().sum();
        powers.into_iter().map(|power| power / sum).collect::<Vec<f32>>()
    };
    logits.chunks(classes).flat_map(of_image).collect()
}

fn apart(expected: &[f32], found: &[f32]) -> f32 {
    assert_eq!(expected.len(), found.len());
    let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    expected.iter().zip(found).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs())) / largest
}

/// The first operator that is not supported.
fn first(error: &ImportError) -> String {
    match error {
        ImportError::Unsupported { problems, .. } => problems
            .first()
            .map_or(String::new(), |problem| format!("{}: {}", problem.operator, problem.reason)),
        other => other.to_string(),
    }
}

fn table() -> (String, usize) {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.to_string_lossy().strip_suffix(".onnx.zst")?.to_owned())).collect();
    names.sort();
    let rows: Vec<Row> = names.iter().map(|name| row(name)).collect();
    let mut text = String::from("| model | imported | quantized, run bit for bit |\n|---|---|---|\n");
    let mut works = 0;
    for Row { name, imported, quantized } in rows {
        let (imported, quantized) = match (imported, quantized) {
            (Ok(_), Some(Ok(snr))) => {
                // Eight bits keep at least this much of ternary weights, whatever the network.
                eprintln!("{name}: {snr:.1} dB");
                works += 1;
                ("yes".into(), "yes".into())
            }
            (Ok(_), Some(Err(reason))) => ("yes".into(), format!("no: {reason}")),
            (Err(reason), _) => (format!("no: {reason}"), String::new()),
            (Ok(_), None) => ("yes".into(), String::new()),
        };
        writeln!(text, "| {name} | {imported} | {quantized} |").unwrap();
    }
    (text, works)
}

#[test]
fn the_page_says_which_of_the_usual_classifiers_work() {
    let (table, works) = table();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../onnx/docs/onnx.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (begin, end) = (
        "<!-- classifiers: written by the test `classifiers` of the crate rtm-ap -->\n",
        "<!-- end of classifiers -->",
    );
    let (before, rest) = text.split_once(begin).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&page, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(found, table, "run again with UPDATE_GOLDEN=1");
    assert!(works >= 35, "{works}");
}
