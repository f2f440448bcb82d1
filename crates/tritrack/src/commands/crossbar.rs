//! `tritrack crossbar`: what the crossbar model says of a network, with any parameter or design field changed.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use crossbar::{
    Counting, Crossbar, CrossbarParameters, Design, LayerReport, LayerShape, NetworkReport, Precision,
    WeightStatistics,
};
use serde_json::{Map, Value, json};
use serde_yaml::Value as Yaml;
use studies::images::{ImageSource, Images};
use studies::loaded::{NETWORKS, network, weight_sparsity, workload};
use studies::systems::WeightPrecision;
use tables::Table;
use technology::{Parameters, Quantity, TechnologyFile};
use workspace::{Failure, Inputs, Workspace, WorkspaceError};

use super::{Format, print_table};
use crate::choice::Choice;
use crate::error::CommandError;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack crossbar resnet18-s80-a4 --technology neurosim-rram-22nm --set design.node_nm=45
  tritrack crossbar layers.yaml --technology isaac-like --weights 8-bit --activation-bits 8 --format json

A file of layer shapes is a list of layers; only `input` (channels, height, width) and `outputs` are needed:
  - {name: stem, input: [3, 224, 224], outputs: 64, kernel: 7, stride: 2, padding: 3, pool: 2}
  - {name: fc, input: [512, 1, 1], outputs: 1000, activations: {kind: rectified, zeros: 0.5, mean: 0.25}}
`pool` is the extent of the pool that follows, or `global`; activations are `{kind: uniform}`, `{kind: set_bits, share: 0.2}` or
rectified. Fields of the design are, for example, design.rows, design.cell_bits, design.converter.kind (flash, successive),
design.mapping (unrolled, split_kernel), design.zero_skipping (empty_planes), design.gating (segments).";

/// What to compute, on which crossbar.
#[derive(Debug, Args)]
pub struct CrossbarArguments {
    /// A network of `experiments/networks` by name, or a file of layer shapes
    #[arg(value_name = "NETWORK | SHAPES.yaml")]
    pub network: String,

    /// A technology of `experiments/technology/crossbar` by name, or a file
    #[arg(long, value_name = "NAME | FILE.yaml")]
    pub technology: String,

    /// Change a parameter (`cell.on_resistance=12`, in the file's unit) or a field of the design (`design.rows=256`)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub settings: Vec<Setting>,

    /// Whose counting
    #[arg(long, value_parser = Choice::<Mode>::default(), default_value_t = Mode::Corrected)]
    pub mode: Mode,

    /// What the weights are
    #[arg(long, value_parser = Choice::<WeightPrecision>::default(), default_value_t = WeightPrecision::Ternary)]
    pub weights: WeightPrecision,

    /// Share of the ternary weights that are 0; by default the network's own, and one half for a file of shapes
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub zero_weights: Option<f64>,

    /// Bits of the activations; by default the network's own
    #[arg(long, value_name = "BITS")]
    pub activation_bits: Option<u32>,

    /// The form of the output
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    pub format: Format,
}

names::names! {
    /// What is counted: see [`Counting`].
    pub enum Mode: "a way to count" {
        /// What happens: padded positions, active rows, mapped columns
        Corrected = "corrected",
        /// As DNN+NeuroSim counts: no padding, a quarter of all rows driven, accumulators for every column
        NeurosimCompatible = "neurosim-compatible",
        /// The same with the padded output positions
        NeurosimCompatiblePadded = "neurosim-compatible-padded",
    }
}

impl From<Mode> for Counting {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Corrected => Self::Corrected,
            Mode::NeurosimCompatible => Self::NeurosimCompatible,
            Mode::NeurosimCompatiblePadded => Self::NeurosimCompatiblePadded,
        }
    }
}

tables::table! {
    /// What every layer of a network costs on a crossbar, for one image; the last row is their sum.
    pub struct CrossbarLayerRow: "crossbar_layers" {
        /// Name of the layer, or `total`.
        layer: String,
        /// Subarrays that hold its weights, copies included.
        arrays: usize,
        /// Energy of converters, with the current of columns and the charging of word lines.
        conversion: f64 = "pJ",
        /// Energy of shift-adders and adder trees.
        accumulation: f64 = "pJ",
        /// Energy of word-line drivers and switches.
        drivers: f64 = "pJ",
        /// Energy of buffers and registers.
        buffers: f64 = "pJ",
        /// Energy of wires between subarrays, elements, tiles and the global buffer.
        interconnect: f64 = "pJ",
        /// Leakage over the layer's time.
        leakage: f64 = "pJ",
        /// All of these.
        energy: f64 = "pJ",
        /// Time of the layer.
        latency: f64 = "ns",
    }
}

/// A parameter or a design field with its new value, `path=value`.
#[derive(Debug, Clone)]
pub struct Setting {
    path: String,
    value: String,
}

impl std::str::FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((path, value)) if !path.trim().is_empty() && !value.trim().is_empty() => {
                Ok(Self { path: path.trim().to_owned(), value: value.trim().to_owned() })
            }
            _ => Err("expected `path=value`, for example design.rows=256".to_owned()),
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

/// Images over which the statistics of a network's activations are taken.
const IMAGES: usize = 2;

/// Evaluates the crossbar and writes what it costs, layer by layer.
///
/// # Errors
/// If a name is not known, a file is wrong, or the model does not cover what is asked.
pub fn run(
    workspace: &Workspace,
    arguments: &CrossbarArguments,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let (layers, zeros, own_bits) = layers(workspace, &arguments.network)?;
    let technology = technology(workspace, arguments)?;
    let activation_bits = (arguments.activation_bits.or(own_bits))
        .ok_or_else(|| CommandError::NoActivationBits(arguments.network.clone()))?;
    let weights = match arguments.weights {
        WeightPrecision::Ternary => {
            WeightStatistics::Ternary { zeros: arguments.zero_weights.unwrap_or(zeros) }
        }
        WeightPrecision::EightBit => WeightStatistics::Symmetric { bits: 8 },
    };
    let crossbar = Crossbar::new(technology.design, &technology.parameters)?;
    let report = crossbar.evaluate(&layers, Precision { weights, activation_bits })?;
    let text = match arguments.format {
        Format::Text => {
            let weights = arguments.weights.name();
            let heading = format!(
                "{} on {}: {weights} weights, {activation_bits}-bit activations, {} nm\n",
                arguments.network, technology.name, technology.design.node_nm
            );
            heading + &as_text(&report)
        }
        Format::Json => {
            let mut object = as_json(&report);
            object.insert("network".into(), json!(arguments.network));
            object.insert("technology".into(), json!(technology.name));
            object.insert("node_nm".into(), json!(technology.design.node_nm));
            object.insert("mode".into(), json!(arguments.mode.name()));
            object.insert("weights".into(), json!(arguments.weights.name()));
            object.insert("activation_bits".into(), json!(activation_bits));
            format!("{:#}\n", Value::Object(object))
        }
        Format::Csv | Format::Parquet => return print_table(&as_table(&report)?, arguments.format, output),
    };
    // A reader that went away is no error.
    let _ = output.write_all(text.as_bytes());
    Ok(())
}

/// The layers, the share of zero weights, and the bits of the activations where they are known.
fn layers(workspace: &Workspace, name: &str) -> Result<(Vec<LayerShape>, f64, Option<u32>), Failure> {
    if let Some(path) = as_path(name) {
        return Ok((crossbar::load_shapes(&path)?, 0.5, None));
    }
    let known = workspace.names(NETWORKS)?;
    if !known.iter().any(|known| known == name) {
        return Err(WorkspaceError::UnknownName { kind: "network", name: name.to_owned(), known }.into());
    }
    let inputs = Inputs::new(workspace);
    let loaded = network(&inputs, name)?;
    let set =
        if loaded.description.golden.is_some() { ImageSource::Golden } else { ImageSource::FashionMnist };
    let bits = loaded.description.activation_bits;
    let workload = workload(&inputs, name, &Images::of(set, IMAGES), WeightPrecision::Ternary, bits)?;
    Ok((workload.shapes().cloned().collect(), weight_sparsity(&loaded.network), Some(bits)))
}

/// What is written like a file's path is one; anything else is a name.
fn as_path(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let is_path =
        path.components().count() > 1 || path.extension().is_some_and(|e| e == "yaml" || e == "yml");
    is_path.then(|| path.to_owned())
}

/// The technology with the mode and the settings applied.
fn technology(
    workspace: &Workspace,
    arguments: &CrossbarArguments,
) -> Result<TechnologyFile<Design>, Failure> {
    let name = &arguments.technology;
    let path = match as_path(name) {
        Some(path) => path,
        None => {
            let known = workspace.technology_names("crossbar")?;
            if !known.contains(name) {
                let (kind, name) = ("crossbar technology", name.clone());
                return Err(WorkspaceError::UnknownName { kind, name, known }.into());
            }
            workspace.technology("crossbar", name)
        }
    };
    let mut file = crossbar::load_technology_with(&path, Some(&studies::technologies::libraries(workspace)))?;
    let (of_design, of_parameters): (Vec<&Setting>, Vec<&Setting>) =
        arguments.settings.iter().partition(|setting| setting.path.starts_with(DESIGN));
    for Setting { path, value } in of_parameters {
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => {
                file.parameters = file.parameters.with_value(path, number)?;
            }
            _ => {
                let known = file.parameters.get(path);
                let unit = known.map_or(String::new(), |parameter| format!(" in {}", parameter.unit));
                let message = format!("expected a number{unit} that is not below zero");
                return Err(CommandError::Setting { settings: format!("{path}={value}"), message }.into());
            }
        }
    }
    file.design.counting = arguments.mode.into();
    if !of_design.is_empty() {
        file.design = changed_design(&path, arguments.mode, &of_design)?;
    }
    Ok(file)
}

/// What the paths of design fields begin with.
const DESIGN: &str = "design.";

/// The design of a file with fields set; they get their types when all are set, because some are valid only together.
fn changed_design(path: &Path, mode: Mode, settings: &[&Setting]) -> Result<Design, Failure> {
    let said: Vec<String> =
        settings.iter().map(|setting| format!("{}={}", setting.path, setting.value)).collect();
    let refused = |message| Failure::from(CommandError::Setting { settings: said.join(", "), message });
    let mut design = TechnologyFile::<Yaml>::load(path, &[CrossbarParameters::DECLARATIONS])?.design;
    let counting = mode.name().replace('-', "_");
    set_field(&mut design, "counting", &counting).map_err(refused)?;
    for setting in settings {
        let field = setting.path.strip_prefix(DESIGN).unwrap_or(&setting.path);
        set_field(&mut design, field, &setting.value).map_err(refused)?;
    }
    serde_yaml::from_value(design).map_err(|error| refused(error.to_string()))
}

/// Sets a field of a design that may lie in a part of it, such as `converter.bits`.
///
/// # Errors
/// If the value is no YAML, or the field lies in one that has no parts.
pub fn set_field(design: &mut Yaml, field: &str, value: &str) -> Result<(), String> {
    let value: Yaml = serde_yaml::from_str(value).map_err(|error| error.to_string())?;
    let mut place = design;
    for name in field.split('.') {
        let Yaml::Mapping(fields) = place else {
            return Err(format!("`{name}` is looked for in a field that has no parts"));
        };
        place = fields.entry(Yaml::String(name.to_owned())).or_insert(Yaml::Null);
    }
    *place = value;
    Ok(())
}

/// A layer's or the network's energy by part with leakage, pJ, and latency, ns.
struct Line {
    name: String,
    arrays: usize,
    energies: Vec<f64>,
    energy: f64,
    latency: f64,
}

impl Line {
    fn of(layer: &LayerReport) -> Self {
        Self {
            name: layer.name.clone(),
            arrays: layer.subarrays,
            energies: layer
                .energy
                .named()
                .map(|(_, part)| part.base())
                .chain([layer.leakage.base()])
                .collect(),
            energy: layer.total_energy().base(),
            latency: layer.latency.total().base(),
        }
    }

    fn total(report: &NetworkReport) -> Self {
        let energy = report.energy();
        Self {
            name: "total".to_owned(),
            arrays: report.layers.iter().map(|layer| layer.subarrays).sum(),
            energies: energy.named().map(|(_, part)| part.base()).chain([report.leakage().base()]).collect(),
            energy: report.total_energy().base(),
            latency: report.latency().total().base(),
        }
    }

    fn cells(self) -> Vec<String> {
        let mut cells = vec![self.name, self.arrays.to_string()];
        cells.extend(
            self.energies.iter().chain([&self.energy, &self.latency]).map(|value| format!("{value:.1}")),
        );
        cells
    }
}

/// What a network costs, a row for each layer and one for all of them.
///
/// # Errors
/// If a row does not fit the schema: a mistake here.
pub fn as_table(report: &NetworkReport) -> Result<Table, Failure> {
    let row = |line: Line| {
        let part = |place: usize| line.energies.get(place).copied().unwrap_or_default();
        CrossbarLayerRow {
            layer: line.name.clone(),
            arrays: line.arrays,
            conversion: part(0),
            accumulation: part(1),
            drivers: part(2),
            buffers: part(3),
            interconnect: part(4),
            leakage: part(5),
            energy: line.energy,
            latency: line.latency,
        }
    };
    Ok(Table::of(report.layers.iter().map(Line::of).chain([Line::total(report)]).map(row))?)
}

fn as_text(report: &NetworkReport) -> String {
    let parts = crossbar::EnergyParts::NAMES.iter().copied().chain(["leakage", "energy"]);
    let mut header = vec!["layer".to_owned(), "arrays".to_owned()];
    header.extend(parts.map(|part| format!("{part} [pJ]")));
    header.push("latency [ns]".to_owned());
    let mut rows = vec![header];
    rows.extend(report.layers.iter().map(|layer| Line::of(layer).cells()));
    rows.push(Line::total(report).cells());
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        text += &(cells.collect::<Vec<_>>().join("  ") + "\n");
    }
    text + &format!("{} tiles, {:.4} mm2\n", report.tiles, report.area.total().base() * 1e-6)
}

fn as_json(report: &NetworkReport) -> Map<String, Value> {
    let layers = report.layers.iter().map(|layer| {
        let mut energy = named(layer.energy.named());
        energy.insert("leakage".into(), json!(layer.leakage.base()));
        energy.insert("total".into(), json!(layer.total_energy().base()));
        let mut latency = named(layer.latency.named());
        latency.insert("total".into(), json!(layer.latency.total().base()));
        json!({
            "name": layer.name,
            "arrays": layer.subarrays,
            "copies": layer.copies,
            "utilization": layer.utilization,
            "vectors": layer.vectors,
            "conversions": layer.conversions,
            "energy_pj": energy,
            "latency_ns": latency,
        })
    });
    let mut energy = named(report.energy().named());
    energy.insert("leakage".into(), json!(report.leakage().base()));
    energy.insert("total".into(), json!(report.total_energy().base()));
    let mut latency = named(report.latency().named());
    latency.insert("total".into(), json!(report.latency().total().base()));
    let mut area = Map::new();
    area.extend(report.area.named().map(|(part, value)| (part.to_owned(), json!(value.base() * 1e-6))));
    area.insert("total".into(), json!(report.area.total().base() * 1e-6));
    let total = json!({
        "arrays": report.layers.iter().map(|layer| layer.subarrays).sum::<usize>(),
        "tiles": report.tiles,
        "energy_pj": energy,
        "latency_ns": latency,
        "area_mm2": area,
    });
    Map::from_iter([("layers".to_owned(), Value::Array(layers.collect())), ("total".to_owned(), total)])
}

/// Parts with their names, in base units.
fn named<Q: Quantity>(parts: impl Iterator<Item = (&'static str, Q)>) -> Map<String, Value> {
    parts.map(|(name, part)| (name.to_owned(), json!(part.base()))).collect()
}
