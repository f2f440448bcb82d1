//! The crossbar model against measured runs of DNN+NeuroSim: every case, layer and part.

mod figure;

use crossbar::component_validation::{self, ComponentComparison};
use crossbar::validation::{Calibration, Comparison, Part, TOTAL};
use figures::Figure;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::names::ReferencesName;
use crate::technologies::reference;

/// The crossbar model against measured runs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossbarValidationStudy {
    /// The folder of measured runs among the references.
    #[schemars(with = "ReferencesName")]
    references: String,
}

tables::table! {
    /// The crossbar model against measured runs of DNN+NeuroSim, case by case, layer by layer and part by part.
    pub struct ComparisonRow: "comparisons" {
        /// Name of the measured case.
        case: String,
        /// How far parameters were set from the case: `largely`, `in part` or `not`; what is `not` is predicted.
        calibrated: String,
        /// Name of the layer; `total` for the sum over all layers.
        layer: String,
        /// What is compared; `energy` is dynamic energy, the sum of the parts that follow up to `other`.
        part: String,
        /// Unit of both values.
        unit: String,
        /// The measured value, in that unit.
        measured: f64,
        /// The modelled value, in that unit.
        modelled: f64,
        /// Modelled over measured; missing where nothing was measured.
        ratio: Option<f64>,
    }
}

tables::table! {
    /// Single components of the crossbar model against what other tools give for them, at the technology of the stock case.
    pub struct ComponentRow: "components" {
        /// The tool.
        tool: String,
        /// What is compared.
        component: String,
        /// Kind of converter; `none` where it does not matter.
        kind: String,
        /// Bits of the converter or the adder; cells along the row of a driver.
        bits: u32,
        /// Technology node.
        node: f64 = "nm",
        /// Unit of both values.
        unit: String,
        /// The tool's value, in that unit.
        stated: f64,
        /// The modelled value, in that unit.
        modelled: f64,
        /// Modelled over stated.
        ratio: f64,
    }
}

/// Up to which deviation the summary counts the model as close.
const CLOSE: f64 = 0.2;

impl Study for CrossbarValidationStudy {
    const NAME: &'static str = "crossbar_validation";
    const MEANING: &'static str = "The crossbar model against measured runs.";
    const TABLES: &'static [&'static Schema] = &[ComparisonRow::SCHEMA, ComponentRow::SCHEMA];
    type Stages = ();

    fn check(&self, _: &FieldPath, _: &mut Checks<'_>) {}

    fn trim(&mut self) {}

    fn stages(&self, _: &Manifest, _: &Inputs<'_>, _: &mut Declared) -> Result<(), Failure> {
        Ok(())
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        (): &(),
        _: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let references = reference(inputs, &self.references);
        let technologies = inputs.workspace().technologies("crossbar");
        let comparisons = inputs.load(&format!("against {}", self.references), |reading| {
            for file in crossbar::validation::files(&references, &technologies)? {
                reading.note(&file)?;
            }
            Ok(crossbar::validation::validate(&references, &technologies)?)
        })?;
        let components = inputs.load(&format!("against {}", self.references), |reading| {
            reading.note(&references.join(component_validation::FILE))?;
            Ok(component_validation::validate_components(&references, &technologies)?)
        })?;
        let table = Table::of(comparisons.iter().map(|row| ComparisonRow {
            case: row.case.clone(),
            calibrated: row.calibrated.name().into(),
            layer: row.layer.clone(),
            part: row.part.name().into(),
            unit: row.part.unit().into(),
            measured: row.measured,
            modelled: row.modelled,
            ratio: (row.measured != 0.0).then(|| row.ratio()),
        }))?;
        let component_table = Table::of(components.iter().map(|row| ComponentRow {
            tool: row.tool.clone(),
            component: row.component.name().into(),
            kind: row.kind.clone(),
            bits: row.bits,
            node: row.node_nm,
            unit: row.component.unit().into(),
            stated: row.stated,
            modelled: row.modelled,
            ratio: row.ratio(),
        }))?;
        let mut summary = summary(&comparisons);
        summary.extend(component_summary(&components));
        Ok((vec![table, component_table], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::crossbar_validation(&manifest.title, &rows_of(tables)?, &rows_of(tables)?))
    }
}

fn component_summary(components: &[ComponentComparison]) -> Vec<String> {
    let mut tools: Vec<&str> = components.iter().map(|row| row.tool.as_str()).collect();
    tools.dedup();
    let of_tool = |tool: &&str| {
        let ratios: Vec<f64> =
            components.iter().filter(|row| row.tool == *tool).map(ComponentComparison::ratio).collect();
        let close = ratios.iter().filter(|&&ratio| (ratio - 1.0).abs() <= CLOSE).count();
        format!("{close} of {} components of {tool} within {} %", ratios.len(), 100.0 * CLOSE)
    };
    tools.iter().map(of_tool).collect()
}

fn summary(comparisons: &[Comparison]) -> Vec<String> {
    let totals = |part: Part| comparisons.iter().filter(move |row| row.layer == TOTAL && row.part == part);
    let mut lines = Vec::new();
    for calibrated in [Calibration::Largely, Calibration::InPart, Calibration::Not] {
        let energies: Vec<f64> =
            totals(Part::Energy).filter(|row| row.calibrated == calibrated).map(Comparison::ratio).collect();
        let range = |values: &[f64]| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            format!("{low:.3} to {high:.3}")
        };
        if !energies.is_empty() {
            lines.push(format!(
                "parameters {} set from the case: energy {} of the measured in {} cases",
                calibrated.name(),
                range(&energies),
                energies.len()
            ));
        }
    }
    let far: Vec<String> = Part::ALL
        .into_iter()
        .flat_map(totals)
        .filter(|row| (row.ratio() - 1.0).abs() > CLOSE)
        .map(|row| format!("{} of {} ({:.3})", row.part.name(), row.case, row.ratio()))
        .collect();
    lines.push(format!(
        "totals off by more than {} %: {}",
        100.0 * CLOSE,
        if far.is_empty() { "none".to_owned() } else { far.join(", ") }
    ));
    lines
}
