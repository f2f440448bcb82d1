//! What can go wrong, said so that the user knows what to do.

use std::path::PathBuf;

use crate::manifest::ManifestError;

/// What can go wrong in a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Not in a workspace.
    #[error(
        "no folder `experiments` in {} or above it; change into a Tritrack workspace, or name one with --workspace or in TRITRACK_WORKSPACE",
        start.display()
    )]
    NoWorkspace {
        /// Where the search began.
        start: PathBuf,
    },
    /// No manifest of that name.
    #[error("there is no experiment `{id}`{}; there are: {}", suggestion(id, known), known.join(", "))]
    UnknownExperiment {
        /// The name.
        id: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// No layer of that name.
    #[error("there is no layer `{layer}`{}; there are: {}", suggestion(layer, known), known.join(", "))]
    UnknownLayer {
        /// The name.
        layer: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The machine and the integer reference differ: a mistake in one of them.
    #[error(
        "{network}: the machine's values for image {image} (counted from 0) are not those of the integer inference"
    )]
    NotTheReference {
        /// The network.
        network: String,
        /// The first image with such a value.
        image: usize,
    },
    /// Shards cannot be brought together.
    #[error(
        "shards of {experiment} cannot be merged:{list}\nrun them again, for example: for i in {indices}; do tritrack shard \
         {experiment} --index $i --count {count}; done\nor let `tritrack merge {experiment} --run-missing` do it"
    )]
    Shards {
        /// The experiment.
        experiment: String,
        /// Each file with what is wrong with it, a line each.
        list: String,
        /// Their numbers.
        indices: String,
        /// How many shards there are.
        count: u64,
    },
    /// An argument is wrong.
    #[error("{message}")]
    Argument {
        /// What was found and what was expected.
        message: String,
    },
    /// No network or technology of that name.
    #[error("there is no {kind} `{name}`{}; there are: {}", suggestion(name, known), known.join(", "))]
    UnknownName {
        /// What was looked for.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A parameter or a design field cannot be set so.
    #[error("--set {settings}: {message}")]
    Setting {
        /// What was to be set, as given.
        settings: String,
        /// What was expected.
        message: String,
    },
    /// A list of shapes does not say how many bits activations have.
    #[error("`{0}` does not say how many bits activations have; give --activation-bits")]
    NoActivationBits(String),
    /// A file or folder cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A network cannot be loaded.
    #[error(transparent)]
    Network(Box<network::NetworkError>),
    /// Images cannot be loaded.
    #[error(transparent)]
    Images(#[from] network::ImagesError),
    /// Images cannot be read.
    #[error(transparent)]
    Data(#[from] data_sets::DataError),
    /// An experiment names images without labels where it needs them.
    #[error("the image set `{0}` has no labels, so no accuracy can be measured on it")]
    NoLabels(String),
    /// Rates of faults cannot be used.
    #[error(transparent)]
    Rates(#[from] faults::RatesError),
    /// A number that a claim or a finding rests on is not there.
    #[error("{of}: {source}")]
    Claim {
        /// The claim or finding.
        of: String,
        /// Why.
        source: Box<crate::claims::QueryError>,
    },
    /// A check that was asked for fails.
    #[error("{message}")]
    Check {
        /// What differs.
        message: String,
    },
    /// Data that the repository may not carry was not named.
    #[error("this needs `{data}`, which may not be carried here; name where it lies with --data {data}=PATH")]
    NoData {
        /// The data's name.
        data: &'static str,
    },
    /// A network has no golden vectors.
    #[error("network `{0}` has no golden vectors; name a data set under `images` instead")]
    NoGolden(String),
    /// A technology file is wrong.
    #[error(transparent)]
    Technology(#[from] technology::TechnologyError),
    /// The compiler or the machine refuses.
    #[error(transparent)]
    Machine(#[from] rtm_ap::MachineError),
    /// The machine fails on an image.
    #[error(transparent)]
    Run(#[from] network::EvaluationError<rtm_ap::MachineError>),
    /// The reference inference refuses an image.
    #[error(transparent)]
    Inference(#[from] network::EvaluationError<std::convert::Infallible>),
    /// The crossbar model refuses.
    #[error(transparent)]
    Crossbar(#[from] crossbar::CrossbarError),
    /// The model of the digital reference refuses.
    #[error(transparent)]
    Digital(#[from] digital::DigitalError),
    /// A checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] network::CheckpointError),
    /// Weights cannot be made ternary.
    #[error(transparent)]
    Quantize(#[from] quantizer::QuantizeError),
    /// A model cannot be imported.
    #[error(transparent)]
    Import(#[from] onnx::ImportError),
    /// A float network cannot be read or written.
    #[error(transparent)]
    FloatNetwork(#[from] float_network::FloatFileError),
    /// A float network cannot be quantized.
    #[error(transparent)]
    PostTraining(#[from] quantizer::PostTrainingError),
    /// A rule of quantization is out of range.
    #[error(transparent)]
    QuantizationRule(#[from] quantizer::RuleError),
    /// A network cannot be programmed into a crossbar.
    #[error(transparent)]
    Analog(#[from] crossbar::execution::ExecutionError),
    /// A crossbar fails on an image.
    #[error(transparent)]
    AnalogRun(#[from] network::EvaluationError<crossbar::execution::ExecutionError>),
    /// A fault study fails.
    #[error(transparent)]
    Campaign(#[from] faults::CampaignError),
    /// A proportion has no interval.
    #[error(transparent)]
    Interval(#[from] faults::IntervalError),
    /// A table is wrong or cannot be written.
    #[error(transparent)]
    Table(#[from] tables::TableError),
    /// A figure cannot be drawn.
    #[error(transparent)]
    Figure(#[from] figures::FigureError),
}

impl From<network::NetworkError> for RunError {
    fn from(error: network::NetworkError) -> Self {
        // It is by far the largest.
        Self::Network(Box::new(error))
    }
}

/// `; did you mean ...?` if a known name is close.
pub fn suggestion(found: &str, known: &[String]) -> String {
    let closest = known.iter().map(|name| (edit_distance(found, name), name)).min();
    match closest {
        Some((distance, name)) if distance <= 1 + found.len() / 4 => format!(" (did you mean `{name}`?)"),
        _ => String::new(),
    }
}

/// Levenshtein's distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_gets_a_suggestion_and_a_stranger_none() {
        let known = ["fig2", "fig7", "table1"].map(String::from);
        assert_eq!(suggestion("gif7", &known), " (did you mean `fig7`?)");
        assert_eq!(suggestion("energy", &known), "");
    }
}
