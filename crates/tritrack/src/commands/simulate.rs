//! `tritrack simulate`: a network on the associative processor, image by image, with what it costs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use network::{Accuracy, Checkpoint, DataSet, ImageSet, Tensor, TensorValues};
use rtm_ap::{ActivationsAt, Events, Machine, ProcessorParameters, SearchModel, cost};
use tables::{Column, Schema, Table};
use technology::Parameters;

use super::{Format, MachineArguments, rendered};
use crate::error::RunError;
use crate::manifest::{ImageSource, Images};
use crate::models::Models;
use crate::progress::Progress;
use crate::studies::costs::{microjoules, milliseconds};

/// What is printed of every layer and of the whole.
pub static SIMULATION: Schema = Schema::new(
    "simulation",
    "Events and costs of a network on the associative processor, the mean of the images.",
    &[
        Column::text("layer", "Name of the layer; `total` for all of them."),
        Column::integer("processors", "", "Associative processors that take part."),
        Column::real("row_searches", "", "Searches in all rows."),
        Column::real("tagged_bits", "", "Bits written to rows that a search tagged, executed on the images."),
        Column::real(
            "expected_tagged_bits",
            "",
            "The same from the program and the share of set input bits alone.",
        ),
        Column::real("broadcast_bits", "", "Bits written to every row."),
        Column::real("track_steps", "", "Steps of tracks in all rows."),
        Column::real("loaded_bits", "", "Bits brought into rows."),
        Column::real("words", "", "Program words fetched."),
        Column::real("energy_active_bits", "uJ", "Energy with searches charged by active bits."),
        Column::real("energy_match_line", "uJ", "Energy with searches charged by match line."),
        Column::real("latency", "ms", "Latency."),
    ],
);

/// Arguments of `tritrack simulate`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// A network of the workspace, by name
    network: String,
    /// Images: `golden`, `fashion-mnist`, a safetensors file with `images` U8 [n, c, h, w] and perhaps `labels`, or a folder with CIFAR-10
    #[arg(long, value_name = "SET", default_value = "golden")]
    images: String,
    /// How many images, from the first on; all if left out
    #[arg(long)]
    count: Option<usize>,
    /// Technology of the associative processor
    #[arg(long, default_value = "paper-like")]
    technology: String,
    /// Where activations are requantized and pooled: periphery, or on the arrays by programs: shift-and-add, thresholds
    #[arg(long, value_name = "WHERE", default_value_t = ActivationsAt::Periphery)]
    activations: ActivationsAt,
    /// Write the logits, I64 [n, classes], to a safetensors file
    #[arg(long, value_name = "FILE")]
    logits: Option<PathBuf>,
    /// Write the table as Parquet
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// How the table is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    machine: MachineArguments,
}

/// Values of activations that are kept at once; it bounds the memory.
const VALUES_TOGETHER: usize = 12_000_000;

/// Runs the command.
///
/// # Errors
/// If the network or the images are not there, do not fit together, or a file cannot be written.
pub fn run(arguments: &Arguments, models: &Models<'_>, output: &mut impl Write) -> Result<(), RunError> {
    let loaded = models.network(&arguments.network)?;
    let options = arguments.machine.options()?;
    let file = models.processor_technology(&arguments.technology)?;
    let parameters = ProcessorParameters::resolve(&file.parameters)?;
    let network = &loaded.network;
    let set = match arguments.images.as_str() {
        "golden" => models.all_images(&loaded, ImageSource::Golden)?,
        "fashion-mnist" => models.all_images(&loaded, ImageSource::FashionMnist)?,
        path => {
            let path = Path::new(path);
            if path.is_dir() {
                ImageSet::load(DataSet::Cifar10, path)?
            } else {
                ImageSet::from_tensors(path)?
            }
        }
    };
    let set = set.first(arguments.count.unwrap_or(set.len()))?;
    let machine = Machine::compile(Arc::clone(network), &options)?.with_activations(arguments.activations)?;

    let values: usize =
        network.linear_layers().map(|(_, layer)| layer.input().len() + 2 * layer.output().len()).sum();
    let together = (VALUES_TOGETHER / values.max(1)).clamp(1, set.len().max(1));
    let bar = Progress.bar("executing images", set.len() as u64);
    let (mut logits, mut classes) = (Vec::new(), Vec::new());
    let mut mean: Vec<Events> = Vec::new();
    let mut done = 0;
    while done < set.len() {
        let count = together.min(set.len() - done);
        let images = models.fitted(&set, network.input().shape(), done..done + count)?;
        let run = machine.run_all(&images)?;
        for evaluation in &run.evaluations {
            logits.extend_from_slice(evaluation.logits());
            classes.push(evaluation.class());
        }
        let weight = count as f64 / set.len() as f64;
        if mean.is_empty() {
            mean.clone_from(&run.events);
            mean.iter_mut().for_each(|events| events.tagged_bits = rtm_ap::PerRows::default());
        }
        for (mean, events) in mean.iter_mut().zip(&run.events) {
            mean.tagged_bits += events.tagged_bits * weight;
        }
        done += count;
        bar.inc(count as u64);
    }
    bar.finish();

    if let Some(path) = &arguments.logits {
        let shape = vec![set.len(), network.classes()];
        let tensor = Tensor::new(shape, TensorValues::I64(logits))
            .map_err(|e| RunError::Argument { message: e.to_string() })?;
        let mut checkpoint = Checkpoint::new(path);
        checkpoint.insert("logits", tensor);
        checkpoint.save(path).map_err(network::NetworkError::from)?;
    }

    let sample = models.fitted(&set, network.input().shape(), 0..set.len().min(together))?;
    let statistics = network.activation_statistics(&sample)?;
    let expected = machine.expected_events(|layer, bit| {
        statistics.get(layer).map_or(0.5, |(_, statistics)| statistics.share_with_bit(bit))
    });
    let installed = mean.iter().map(|events| events.processors).max().unwrap_or(0);
    let mut table = Table::new(&SIMULATION);
    let (mut total, mut total_expected) = (Events::default(), Events::default());
    let mut push = |name: &str, events: &Events, expected: &Events| {
        let of =
            |model| cost(events, installed, options.geometry, &parameters, model, file.design.padding_rows);
        let (active, line) = (of(SearchModel::ActiveBits), of(SearchModel::MatchLine));
        table.push_row([
            ("layer", name.into()),
            ("processors", (events.processors as i64).into()),
            ("row_searches", events.row_searches.physical.into()),
            ("tagged_bits", events.tagged_bits.physical.into()),
            ("expected_tagged_bits", expected.tagged_bits.physical.into()),
            ("broadcast_bits", events.broadcast_bits.physical.into()),
            ("track_steps", events.track_steps.physical.into()),
            ("loaded_bits", events.loaded_bits.into()),
            ("words", events.words_fetched.into()),
            ("energy_active_bits", microjoules(active.energy.total()).into()),
            ("energy_match_line", microjoules(line.energy.total()).into()),
            ("latency", milliseconds(active.latency).into()),
        ])
    };
    for ((layer, events), expected) in machine.layers().iter().zip(&mean).zip(&expected) {
        push(&layer.compiled().name, events, expected)?;
        total += *events;
        total_expected += *expected;
    }
    push("total", &total, &total_expected)?;
    if let Some(path) = &arguments.parquet {
        tables::write_parquet(&table, path)?;
    }
    let _ = writeln!(output, "{}", rendered(&table, arguments.format).trim_end());
    if let (Some(labels), Format::Text) = (set.labels(), arguments.format) {
        let accuracy = Accuracy::of(classes, labels);
        let _ = writeln!(
            output,
            "top-1 on {} ({} images): {:.4} ({} correct)",
            set.name(),
            accuracy.images,
            accuracy.share(),
            accuracy.correct
        );
    }
    Ok(())
}

impl Models<'_> {
    /// Every image of a set that the workspace carries, as it is.
    fn all_images(
        &self,
        network: &crate::models::LoadedNetwork,
        set: ImageSource,
    ) -> Result<ImageSet, RunError> {
        self.image_set(network, &Images { set, of: None, count: usize::MAX })
    }

    /// Some images of a set, fitted to a network's input.
    fn fitted(
        &self,
        set: &ImageSet,
        shape: network::Shape,
        images: std::ops::Range<usize>,
    ) -> Result<Vec<network::FeatureMap>, RunError> {
        let pixels = images.clone().filter_map(|image| set.pixels(image)).flatten().copied().collect();
        let part = ImageSet::new(set.name(), set.shape(), pixels, None)?;
        Ok(part.fitted_to(shape)?.feature_maps())
    }
}
