//! What each parameter's range does to the ratio at one point, all others at their nominal values.

use crossbar::CrossbarParameters;
use rtm_ap::{ProcessorParameters, cost};
use tables::{Column, Schema, Table};
use technology::{Declaration, Energy, Parameter, ParameterSet, Parameters};

use super::Outcome;
use super::costs::{CROSSBAR, PROCESSOR};
use crate::error::RunError;
use crate::manifest::{Manifest, SensitivityStudy};
use crate::models::{Models, crossbar_report, weight_sparsity};
use crate::progress::Progress;

/// Parameters and what their ranges do.
pub static SENSITIVITY: Schema = Schema::new(
    "sensitivity",
    "The ratio, energy of the crossbar over energy of the RTM-AP for one image, with one parameter at an end of its range and \
     all others at their nominal values; the widest swing first.",
    &[
        Column::text("system", "Whose parameter it is: `RTM-AP` or `crossbar`."),
        Column::text("parameter", "Path of the parameter in the technology file."),
        Column::text("meaning", "What the parameter is."),
        Column::text("unit", "Unit of its values."),
        Column::real("value", "", "Its nominal value, in that unit."),
        Column::real("low", "", "Its 5 % point, in that unit."),
        Column::real("high", "", "Its 95 % point, in that unit."),
        Column::text("mark", "How far the value can be trusted."),
        Column::real("ratio", "", "Ratio with all parameters at their nominal values."),
        Column::real("ratio_at_low", "", "Ratio with the parameter at its 5 % point."),
        Column::real("ratio_at_high", "", "Ratio with the parameter at its 95 % point."),
        Column::real("swing", "", "Largest over smallest of the three ratios."),
    ],
);

/// A parameter at both ends of its range.
struct Swing {
    system: &'static str,
    path: String,
    meaning: String,
    parameter: Parameter,
    at_low: f64,
    at_high: f64,
}

impl Swing {
    fn width(&self, nominal: f64) -> f64 {
        let ends = [self.at_low, self.at_high];
        ends.into_iter().fold(nominal, f64::max) / ends.into_iter().fold(nominal, f64::min)
    }
}

pub fn run(
    manifest: &Manifest,
    study: &SensitivityStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let bar = progress.spinner("compiling and executing the network");
    let options = study.machine.0;
    let run = models.run(&study.network, options, &study.images)?;
    let events = run.total();
    let processor_file = models.processor_technology(&study.technology)?;
    let processor = |set: &ParameterSet| -> Result<Energy, RunError> {
        let (parameters, padding) = (
            ProcessorParameters::varied(set, processor_file.design.node_nm)?,
            processor_file.design.padding_rows,
        );
        let model = study.search_model;
        Ok(cost(&events, events.processors, options.geometry, &parameters, model, padding).energy.total())
    };
    let mut crossbar_file = models.crossbar_technology(&study.crossbar)?;
    let layers = models.crossbar_layers(&study.network, &study.images)?;
    let sparsity = weight_sparsity(run.network());
    let crossbar_parameters = crossbar_file.parameters.clone();
    let mut crossbar = |set: &ParameterSet| -> Result<Energy, RunError> {
        crossbar_file.parameters = set.clone();
        Ok(crossbar_report(&crossbar_file, &study.crossbar, &layers, sparsity)?.total_energy())
    };

    let processor_energy = processor(&processor_file.parameters)?;
    let crossbar_energy = crossbar(&crossbar_parameters)?;
    let nominal = crossbar_energy / processor_energy;
    let mut swings =
        swings(PROCESSOR, &processor_file.parameters, ProcessorParameters::DECLARATIONS, |set| {
            Ok(crossbar_energy / processor(set)?)
        })?;
    swings.extend(self::swings(CROSSBAR, &crossbar_parameters, CrossbarParameters::DECLARATIONS, |set| {
        Ok(crossbar(set)? / processor_energy)
    })?);
    swings.sort_by(|a, b| b.width(nominal).total_cmp(&a.width(nominal)));
    bar.finish();

    let mut table = Table::new(&SENSITIVITY);
    for swing in &swings {
        table.push_row([
            ("system", swing.system.into()),
            ("parameter", swing.path.as_str().into()),
            ("meaning", swing.meaning.as_str().into()),
            ("unit", swing.parameter.unit.as_str().into()),
            ("value", swing.parameter.value.into()),
            ("low", swing.parameter.low.into()),
            ("high", swing.parameter.high.into()),
            ("mark", swing.parameter.mark.name().into()),
            ("ratio", nominal.into()),
            ("ratio_at_low", swing.at_low.into()),
            ("ratio_at_high", swing.at_high.into()),
            ("swing", swing.width(nominal).into()),
        ])?;
    }
    let focus = figures::SensitivityFocus {
        claimed: study.claimed_ratio,
        baseline: &study.crossbar.name,
        technology: &study.technology,
        search_model: study.search_model.name(),
        shown: study.shown,
    };
    let figure = figures::sensitivity(&manifest.title, focus, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary: summary(study, nominal, &swings) })
}

/// Every parameter of a set at both ends of its range; `ratio` gives the ratio for a set.
fn swings(
    system: &'static str,
    parameters: &ParameterSet,
    declarations: &[Declaration],
    mut ratio: impl FnMut(&ParameterSet) -> Result<f64, RunError>,
) -> Result<Vec<Swing>, RunError> {
    let mut swings = Vec::new();
    for (path, parameter) in parameters.iter() {
        let meaning = declarations.iter().find(|declaration| declaration.path == path);
        swings.push(Swing {
            system,
            path: path.to_owned(),
            meaning: meaning.map_or(String::new(), |declaration| declaration.meaning.to_owned()),
            parameter: parameter.clone(),
            at_low: ratio(&parameters.with_value(path, parameter.low)?)?,
            at_high: ratio(&parameters.with_value(path, parameter.high)?)?,
        });
    }
    Ok(swings)
}

fn summary(study: &SensitivityStudy, nominal: f64, swings: &[Swing]) -> Vec<String> {
    let mut lines = vec![format!(
        "nominal: {nominal:.4} x against {}, technology {}, search {}",
        study.crossbar.name,
        study.technology,
        study.search_model.name()
    )];
    for swing in swings.iter().take(3) {
        lines.push(format!(
            "{} {}, {} to {} {}: {:.4} to {:.4} x",
            swing.system,
            swing.path,
            swing.parameter.low,
            swing.parameter.high,
            swing.parameter.unit,
            swing.at_low,
            swing.at_high
        ));
    }
    let reaching =
        swings.iter().filter(|swing| swing.at_low.max(swing.at_high) >= study.claimed_ratio).count();
    lines.push(format!(
        "{reaching} of {} parameters reach the claimed {} x on their own",
        swings.len(),
        study.claimed_ratio
    ));
    lines
}
