//! The crossbar model against measured runs of DNN+NeuroSim: every case, layer and part.

use crossbar::component_validation::ComponentComparison;
use crossbar::validation::{Calibration, Comparison, Part, TOTAL};
use tables::{Column, Schema, Table, Value};

use super::Outcome;
use crate::error::RunError;
use crate::manifest::{CrossbarValidationStudy, Manifest};
use crate::models::Models;

/// Model against measurement.
pub static COMPARISONS: Schema = Schema::new(
    "comparisons",
    "The crossbar model against measured runs of DNN+NeuroSim, case by case, layer by layer and part by part.",
    &[
        Column::text("case", "Name of the measured case."),
        Column::text(
            "calibrated",
            "How far parameters were set from the case: `largely`, `in part` or `not`; what is `not` is predicted.",
        ),
        Column::text("layer", "Name of the layer; `total` for the sum over all layers."),
        Column::text(
            "part",
            "What is compared; `energy` is dynamic energy, the sum of the parts that follow up to `other`.",
        ),
        Column::text("unit", "Unit of both values."),
        Column::real("measured", "", "The measured value, in that unit."),
        Column::real("modelled", "", "The modelled value, in that unit."),
        Column::real("ratio", "", "Modelled over measured; missing where nothing was measured.").optional(),
    ],
);

/// Components against other tools.
pub static COMPONENTS: Schema = Schema::new(
    "components",
    "Single components of the crossbar model against what other tools give for them, at the technology of the stock case.",
    &[
        Column::text("tool", "The tool."),
        Column::text("component", "What is compared."),
        Column::text("kind", "Kind of converter; `none` where it does not matter."),
        Column::integer("bits", "", "Bits of the converter or the adder; cells along the row of a driver."),
        Column::real("node", "nm", "Technology node."),
        Column::text("unit", "Unit of both values."),
        Column::real("stated", "", "The tool's value, in that unit."),
        Column::real("modelled", "", "The modelled value, in that unit."),
        Column::real("ratio", "", "Modelled over stated."),
    ],
);

/// Up to which deviation the summary counts the model as close.
const CLOSE: f64 = 0.2;

pub fn run(
    manifest: &Manifest,
    study: &CrossbarValidationStudy,
    models: &Models<'_>,
) -> Result<Outcome, RunError> {
    let comparisons = models.crossbar_validation(&study.references)?;
    let mut table = Table::new(&COMPARISONS);
    for row in &comparisons {
        table.push_row([
            ("case", row.case.as_str().into()),
            ("calibrated", row.calibrated.name().into()),
            ("layer", row.layer.as_str().into()),
            ("part", row.part.name().into()),
            ("unit", row.part.unit().into()),
            ("measured", row.measured.into()),
            ("modelled", row.modelled.into()),
            ("ratio", if row.measured == 0.0 { Value::Missing } else { row.ratio().into() }),
        ])?;
    }
    let components = models.crossbar_components(&study.references)?;
    let mut component_table = Table::new(&COMPONENTS);
    for row in &components {
        component_table.push_row([
            ("tool", row.tool.as_str().into()),
            ("component", row.component.name().into()),
            ("kind", row.kind.as_str().into()),
            ("bits", i64::from(row.bits).into()),
            ("node", row.node_nm.into()),
            ("unit", row.component.unit().into()),
            ("stated", row.stated.into()),
            ("modelled", row.modelled.into()),
            ("ratio", row.ratio().into()),
        ])?;
    }
    let figure = figures::crossbar_validation(&manifest.title, &table, &component_table)?;
    let mut summary = summary(&comparisons);
    summary.extend(component_summary(&components));
    Ok(Outcome { tables: vec![table, component_table], figure, summary })
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
