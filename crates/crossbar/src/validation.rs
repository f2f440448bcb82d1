//! The model against measured runs of DNN+NeuroSim, layer by layer and part by part.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use technology::{Energy, Quantity};

use crate::{
    Converter, Counting, Crossbar, CrossbarError, Design, Interconnect, LayerReport, Mapping, Precision,
    WeightStatistics, load_shapes, load_technology,
};

/// The name that stands for the sum over all layers.
pub const TOTAL: &str = "total";

/// A quantity of a layer or of a whole case, as measured and as modelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The measured case.
    pub case: String,
    /// How far parameters were set from this case.
    pub calibrated: Calibration,
    /// The layer's name; [`TOTAL`] for the sum over layers.
    pub layer: String,
    /// What is compared.
    pub part: Part,
    /// In the part's unit.
    pub measured: f64,
    /// In the part's unit.
    pub modelled: f64,
}

impl Comparison {
    /// Modelled over measured.
    pub fn ratio(&self) -> f64 {
        self.modelled / self.measured
    }
}

names::names! {
    /// How far parameters were set from a measured case.
    pub enum Calibration: "how far parameters were set" {
        /// Those of most parts.
        Largely = "largely",
        /// Those of a few parts, or only how one depends on bits or on the node.
        InPart = "in part" | "in_part",
        /// None: the case is predicted.
        Not = "not",
    }
}

names::names! {
    /// What is compared.
    #[derive(PartialOrd, Ord)]
    pub enum Part: "a part of a measured case" {
        /// Dynamic energy, pJ.
        Energy = "energy",
        /// Converters with the array, pJ.
        Conversion = "conversion",
        /// Accumulation, pJ.
        Accumulation = "accumulation",
        /// Buffers, pJ.
        Buffers = "buffers",
        /// Interconnect, pJ.
        Interconnect = "interconnect",
        /// Everything else that is dynamic, pJ.
        Other = "other",
        /// Leakage, pJ.
        Leakage = "leakage",
        /// Latency, ns.
        Latency = "latency",
        /// Subarrays allocated.
        Subarrays = "subarrays",
    }
}

impl Part {
    /// The unit of its values.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Latency => "ns",
            Self::Subarrays => "1",
            _ => "pJ",
        }
    }

    fn measured(self, layer: &MeasuredLayer) -> f64 {
        match self {
            Self::Energy => layer.energy_pj,
            Self::Conversion => layer.conversion_pj,
            Self::Accumulation => layer.accumulation_pj,
            Self::Buffers => layer.buffers_pj,
            Self::Interconnect => layer.interconnect_pj,
            Self::Other => {
                layer.energy_pj
                    - layer.conversion_pj
                    - layer.accumulation_pj
                    - layer.buffers_pj
                    - layer.interconnect_pj
            }
            Self::Leakage => layer.leakage_pj,
            Self::Latency => layer.latency_ns,
            Self::Subarrays => layer.subarrays,
        }
    }

    fn modelled(self, layer: &LayerReport) -> f64 {
        match self {
            Self::Energy => layer.energy.total().base(),
            Self::Conversion => layer.energy.conversion.base(),
            Self::Accumulation => layer.energy.accumulation.base(),
            Self::Buffers => layer.energy.buffers.base(),
            Self::Interconnect => layer.energy.interconnect.base(),
            Self::Other => layer.energy.drivers.base(),
            Self::Leakage => layer.leakage.base(),
            Self::Latency => layer.latency.total().base(),
            Self::Subarrays => layer.subarrays as f64,
        }
    }
}

/// One row of the measured data that is compared.
#[derive(Debug, Clone, PartialEq)]
struct MeasuredLayer {
    case: String,
    /// Its place in the network, from 1.
    layer: usize,
    subarrays: f64,
    energy_pj: f64,
    leakage_pj: f64,
    conversion_pj: f64,
    accumulation_pj: f64,
    buffers_pj: f64,
    interconnect_pj: f64,
    latency_ns: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    technology: String,
    /// What the case changes of the technology file's design.
    #[serde(default)]
    design: CaseDesign,
    shapes: String,
    weights: CaseWeights,
    activation_bits: u32,
    padding: CasePadding,
    calibrated: Calibration,
}

/// The choices of a design in which a case may differ from its technology file.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseDesign {
    node_nm: Option<f64>,
    rows: Option<usize>,
    columns: Option<usize>,
    converter: Option<Converter>,
    mapping: Option<Mapping>,
    interconnect: Option<Interconnect>,
}

impl CaseDesign {
    fn of(self, design: Design) -> Design {
        Design {
            node_nm: self.node_nm.unwrap_or(design.node_nm),
            rows: self.rows.unwrap_or(design.rows),
            columns: self.columns.unwrap_or(design.columns),
            converter: self.converter.unwrap_or(design.converter),
            mapping: self.mapping.unwrap_or(design.mapping),
            interconnect: self.interconnect.unwrap_or(design.interconnect),
            ..design
        }
    }
}

impl Case {
    fn technology_file(&self, technologies: &Path) -> PathBuf {
        technologies.join(format!("{}.yaml", self.technology))
    }

    fn shapes_file(&self, references: &Path) -> PathBuf {
        references.join(format!("{}.yaml", self.shapes))
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CaseWeights {
    Ternary,
    EightBits,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CasePadding {
    Ignored,
    Counted,
}

/// Models every case that `cases.yaml` in the folder of references lists, and compares it with `measured.csv` there: for each
/// case a row for every part of the whole, then of every layer that was measured, in the order of the files. Where not all
/// layers were measured, the whole is the sum of those that were. `technologies` is the folder of
/// crossbar technology files.
///
/// # Errors
/// If a file cannot be read or is not of its form, or a case has a layer that its shapes do not have, or none.
pub fn validate(references: &Path, technologies: &Path) -> Result<Vec<Comparison>, CrossbarError> {
    let measured_path = references.join("measured.csv");
    let measured = parse_measured(&read(&measured_path)?, &measured_path)?;
    let cases = cases(references)?;
    let mut comparisons = Vec::new();
    for case in &cases {
        let layers: Vec<&MeasuredLayer> = measured.iter().filter(|row| row.case == case.case).collect();
        let technology = load_technology(&case.technology_file(technologies))?;
        let mut design = case.design.of(technology.design);
        design.counting = match case.padding {
            CasePadding::Ignored => Counting::NeurosimCompatible,
            CasePadding::Counted => Counting::NeurosimCompatiblePadded,
        };
        let shapes = load_shapes(&case.shapes_file(references))?;
        let precision = Precision {
            weights: match case.weights {
                CaseWeights::Ternary => WeightStatistics::Ternary { zeros: 0.5 },
                CaseWeights::EightBits => WeightStatistics::Symmetric { bits: 8 },
            },
            activation_bits: case.activation_bits,
        };
        let report = Crossbar::new(design, &technology.parameters)?.evaluate(&shapes, precision)?;
        let malformed = |message| CrossbarError::Malformed { path: measured_path.clone(), line: 0, message };
        if layers.is_empty() {
            return Err(malformed(format!("there is no layer of case `{}`", case.case)));
        }
        let pairs = layers
            .iter()
            .map(|&measured| {
                let modelled = measured.layer.checked_sub(1).and_then(|index| report.layers.get(index));
                modelled.map(|modelled| (measured, modelled)).ok_or_else(|| {
                    malformed(format!(
                        "case `{}` has a layer {}, its shapes {} layers",
                        case.case,
                        measured.layer,
                        shapes.len()
                    ))
                })
            })
            .collect::<Result<Vec<_>, CrossbarError>>()?;
        let row = |layer: &str, part, measured, modelled| Comparison {
            case: case.case.clone(),
            calibrated: case.calibrated,
            layer: layer.to_owned(),
            part,
            measured,
            modelled,
        };
        for part in Part::ALL {
            let measured = pairs.iter().map(|(layer, _)| part.measured(layer)).sum();
            let modelled = pairs.iter().map(|(_, layer)| part.modelled(layer)).sum();
            comparisons.push(row(TOTAL, part, measured, modelled));
        }
        for (measured, modelled) in pairs {
            comparisons.extend(
                Part::ALL
                    .map(|part| row(&modelled.name, part, part.measured(measured), part.modelled(modelled))),
            );
        }
    }
    Ok(comparisons)
}

/// The files that [`validate`] reads, sorted.
///
/// # Errors
/// If `cases.yaml` cannot be read or is not of its form.
pub fn files(references: &Path, technologies: &Path) -> Result<Vec<PathBuf>, CrossbarError> {
    let mut files = vec![references.join("measured.csv"), references.join(CASES)];
    for case in cases(references)? {
        files.extend([case.technology_file(technologies), case.shapes_file(references)]);
    }
    files.sort();
    files.dedup();
    Ok(files)
}

const CASES: &str = "cases.yaml";

fn cases(references: &Path) -> Result<Vec<Case>, CrossbarError> {
    let path = references.join(CASES);
    serde_yaml::from_str(&read(&path)?).map_err(|error| CrossbarError::Malformed {
        line: error.location().map_or(0, |place| place.line()),
        message: error.to_string(),
        path,
    })
}

/// The measured energy of a case of `measured.csv` in the folder of references, leakage included.
///
/// # Errors
/// If the file cannot be read or is not of its form, or has no such case.
pub fn measured_total(references: &Path, case: &str) -> Result<Energy, CrossbarError> {
    let path = references.join("measured.csv");
    let measured = parse_measured(&read(&path)?, &path)?;
    let layers: Vec<&MeasuredLayer> = measured.iter().filter(|row| row.case == case).collect();
    if layers.is_empty() {
        let mut known: Vec<&str> = measured.iter().map(|row| row.case.as_str()).collect();
        known.dedup();
        let message = format!("there is no case `{case}`; there are: {}", known.join(", "));
        return Err(CrossbarError::Malformed { path, line: 0, message });
    }
    Ok(Energy::picojoules(layers.iter().map(|layer| layer.energy_pj + layer.leakage_pj).sum()))
}

fn read(path: &Path) -> Result<String, CrossbarError> {
    files::read_text(path).map_err(|source| CrossbarError::Unreadable { path: path.to_owned(), source })
}

/// Reads the measured table by the names of its columns.
fn parse_measured(text: &str, path: &Path) -> Result<Vec<MeasuredLayer>, CrossbarError> {
    let malformed =
        |line: usize, message: String| CrossbarError::Malformed { path: path.to_owned(), line, message };
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = lines.next().map(|(_, line)| line.split(',').collect()).unwrap_or_default();
    let column = |name: &str| {
        header.iter().position(|&h| h == name).ok_or_else(|| {
            malformed(1, format!("column `{name}` is missing; the columns are {}", header.join(", ")))
        })
    };
    let case = column("case")?;
    let layer = column("layer")?;
    let numbers = [
        column("arrays_alloc")?,
        column("energy_pJ")?,
        column("leakE_pJ")?,
        column("adc_pJ")?,
        column("acc_pJ")?,
        column("buf_pJ")?,
        column("ic_pJ")?,
        column("latency_ns")?,
    ];
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            let fields: Vec<&str> = line.split(',').collect();
            let field = |at: usize| {
                fields.get(at).copied().ok_or_else(|| {
                    malformed(
                        index + 1,
                        format!("{} fields, but the header has {}", fields.len(), header.len()),
                    )
                })
            };
            let mut values = [0.0; 8];
            for (value, &at) in values.iter_mut().zip(&numbers) {
                let text = field(at)?;
                *value =
                    text.parse().map_err(|_| malformed(index + 1, format!("`{text}` is not a number")))?;
            }
            let [
                subarrays,
                energy_pj,
                leakage_pj,
                conversion_pj,
                accumulation_pj,
                buffers_pj,
                interconnect_pj,
                latency_ns,
            ] = values;
            let place = field(layer)?;
            Ok(MeasuredLayer {
                case: field(case)?.to_owned(),
                layer: place
                    .parse()
                    .map_err(|_| malformed(index + 1, format!("`{place}` is not the number of a layer")))?,
                subarrays,
                energy_pj,
                leakage_pj,
                conversion_pj,
                accumulation_pj,
                buffers_pj,
                interconnect_pj,
                latency_ns,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "case,layer,arrays_alloc,energy_pJ,leakE_pJ,adc_pJ,acc_pJ,buf_pJ,ic_pJ,latency_ns";

    fn parse(text: &str) -> Result<Vec<MeasuredLayer>, String> {
        parse_measured(text, Path::new("measured.csv")).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name() {
        let swapped = HEADER.replace("acc_pJ,buf_pJ", "buf_pJ,acc_pJ");
        let layer = &parse(&format!("{swapped}\na,1,64,10,1,5,2,3,1,7\n")).unwrap()[0];
        assert_eq!((layer.buffers_pj, layer.accumulation_pj, layer.latency_ns), (2.0, 3.0, 7.0));
        assert_eq!(Part::Other.measured(layer), -1.0);
    }

    #[test]
    fn what_is_wrong_with_a_table_is_said_with_its_line() {
        for (text, expected) in [
            (HEADER.replace(",ic_pJ", ""), "measured.csv:1: column `ic_pJ` is missing"),
            (format!("{HEADER}\na,1,64,10,1,5,2,3,x,7"), "measured.csv:2: `x` is not a number"),
            (
                format!("{HEADER}\na,1,64,10,1,5,2,3,1,7\na,1,64,10"),
                "measured.csv:3: 4 fields, but the header has 10",
            ),
            (String::new(), "measured.csv:1: column `case` is missing"),
        ] {
            let message = parse(&text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
