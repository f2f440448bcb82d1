//! What each parameter's range does to the ratio at one point, all others at their nominal values.

mod figure;

use figures::Figure;
use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;
use system::{System, SystemError};
use tables::{Schema, Table, TypedRow};
use technology::{ComponentParameters, Parameter, ParameterSet, Parameters};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::images::Images;
use crate::loaded::{network, workload};
use crate::machine::MachineSettings;
use crate::names::{NetworkName, ProcessorName};
use crate::run::{Executed, MachineRun, Run};
use crate::systems::{CrossbarPoint, WeightPrecision, events_of, processor};
use crate::technologies;

/// What each parameter's range does to the ratio.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivityStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images that feed executed events.
    images: Images,
    /// The associative processor.
    machine: MachineSettings,
    /// The technology file of the associative processor.
    #[schemars(with = "ProcessorName")]
    technology: String,
    /// How searches are charged.
    search_model: SearchModel,
    /// The crossbar to compare with.
    crossbar: CrossbarPoint,
    /// The ratio that the claim states.
    claimed_ratio: f64,
    /// How many parameters the figure shows, the widest swings first.
    #[schemars(range(min = 1))]
    shown: usize,
}

tables::table! {
    /// The ratio, energy of the crossbar over energy of the RTM-AP for one image, with one parameter at an end of its range and
    /// all others at their nominal values; the widest swing first.
    pub struct SensitivityRow: "sensitivity" {
        /// Whose parameter it is: `RTM-AP` or `crossbar`, or `both` for a component.
        system: String,
        /// Path of the parameter in the technology file.
        parameter: String,
        /// What the parameter is.
        meaning: String,
        /// Unit of its values.
        unit: String,
        /// Its nominal value, in that unit.
        value: f64,
        /// Its 5 % point, in that unit.
        low: f64,
        /// Its 95 % point, in that unit.
        high: f64,
        /// How far the value can be trusted.
        mark: String,
        /// Ratio with all parameters at their nominal values.
        ratio: f64,
        /// Ratio with the parameter at its 5 % point.
        ratio_at_low: f64,
        /// Ratio with the parameter at its 95 % point.
        ratio_at_high: f64,
        /// Largest over smallest of the three ratios.
        swing: f64,
    }
}

/// The system of a component, in the table.
const BOTH: &str = "both";

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

impl Study for SensitivityStudy {
    const NAME: &'static str = "sensitivity";
    const MEANING: &'static str = "What each parameter's range does to the ratio.";
    const TABLES: &'static [&'static Schema] = &[SensitivityRow::SCHEMA];
    type Stages = Promise<MachineRun>;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        vec![&mut self.network, &mut self.images, &mut self.machine]
    }

    fn trim(&mut self) {
        self.images.at_most(1);
    }

    fn stages(
        &self,
        _: &Manifest,
        _: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Promise<MachineRun>, Failure> {
        Ok(declared.stage(Executed(Run::of(&self.network, self.machine, &self.images))))
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        run: &Promise<MachineRun>,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let events = events_of(&self.network, self.machine, &*results.of(*run)?);
        let file = technologies::processor(inputs, &self.technology)?;
        let processor = processor(&file, &self.technology, self.search_model, &events);
        let crossbar = self.crossbar.system(inputs)?;
        let of = |weights, bits| workload(inputs, &self.network, &self.images, weights, bits);
        let bits = network(inputs, &self.network)?.description.activation_bits;
        let (own, at_baseline) =
            (of(WeightPrecision::Ternary, bits)?, of(self.crossbar.weights, self.crossbar.activation_bits)?);
        let (below, above) = (processor.prepare(&own)?, crossbar.prepare(&at_baseline)?);
        let processor_energy = below.energy(processor.parameters())?;
        let crossbar_energy = above.energy(crossbar.parameters())?;
        let nominal = crossbar_energy / processor_energy;
        let mut swings = swings(&processor, |set| Ok(crossbar_energy / below.energy(set)?))?;
        swings.extend(self::swings(&crossbar, |set| Ok(above.energy(set)? / processor_energy))?);
        swings.extend(common_swings([processor.parameters(), crossbar.parameters()], |sets| {
            Ok(above.energy(&sets[1])? / below.energy(&sets[0])?)
        })?);
        swings.sort_by(|a, b| b.width(nominal).total_cmp(&a.width(nominal)));
        let table = Table::of(swings.iter().map(|swing| SensitivityRow {
            system: swing.system.into(),
            parameter: swing.path.clone(),
            meaning: swing.meaning.clone(),
            unit: swing.parameter.unit.clone(),
            value: swing.parameter.value,
            low: swing.parameter.low,
            high: swing.parameter.high,
            mark: swing.parameter.mark.name().into(),
            ratio: nominal,
            ratio_at_low: swing.at_low,
            ratio_at_high: swing.at_high,
            swing: swing.width(nominal),
        }))?;
        Ok((vec![table], self.summary(nominal, &swings)))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let focus = figure::SensitivityFocus {
            claimed: self.claimed_ratio,
            baseline: &self.crossbar.name,
            technology: &self.technology,
            search_model: self.search_model.name(),
            shown: self.shown,
        };
        Ok(figure::sensitivity(&manifest.title, focus, &rows_of(tables)?)?)
    }
}

/// Every component that both systems are built of, at both ends of its range in both; `ratio` gives the ratio for both sets.
fn common_swings(
    sets: [&ParameterSet; 2],
    ratio: impl Fn(&[ParameterSet; 2]) -> Result<f64, SystemError>,
) -> Result<Vec<Swing>, Failure> {
    let mut swings = Vec::new();
    for path in ParameterSet::component_paths() {
        let Some(parameter) = sets[0].get(&path).or(sets[1].get(&path)) else { continue };
        let moved = |end: fn(&Parameter) -> f64| -> Result<f64, Failure> {
            let of = |set: &ParameterSet| match set.get(&path) {
                Some(parameter) => set.with_value(&path, end(parameter)),
                None => Ok(set.clone()),
            };
            Ok(ratio(&[of(sets[0])?, of(sets[1])?])?)
        };
        let declared =
            ComponentParameters::DECLARATIONS.iter().find(|declared| path.ends_with(declared.path));
        swings.push(Swing {
            system: BOTH,
            meaning: declared.map_or(String::new(), |declared| declared.meaning.to_owned()),
            parameter: parameter.clone(),
            at_low: moved(|parameter| parameter.low)?,
            at_high: moved(|parameter| parameter.high)?,
            path,
        });
    }
    Ok(swings)
}

/// Every parameter of a system alone at both ends of its range; `ratio` gives the ratio for a set.
fn swings(
    system: &dyn System,
    ratio: impl Fn(&ParameterSet) -> Result<f64, SystemError>,
) -> Result<Vec<Swing>, Failure> {
    let (parameters, declarations) = (system.parameters(), system.declarations());
    let mut swings = Vec::new();
    for (path, parameter) in parameters.iter() {
        let Some(declared) = declarations.iter().find(|declaration| declaration.path == path) else {
            continue;
        };
        swings.push(Swing {
            system: system.kind(),
            path: path.to_owned(),
            meaning: declared.meaning.to_owned(),
            parameter: parameter.clone(),
            at_low: ratio(&parameters.with_value(path, parameter.low)?)?,
            at_high: ratio(&parameters.with_value(path, parameter.high)?)?,
        });
    }
    Ok(swings)
}

impl SensitivityStudy {
    fn summary(&self, nominal: f64, swings: &[Swing]) -> Vec<String> {
        let mut lines = vec![format!(
            "nominal: {nominal:.4} x against {}, technology {}, search {}",
            self.crossbar.name,
            self.technology,
            self.search_model.name()
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
            swings.iter().filter(|swing| swing.at_low.max(swing.at_high) >= self.claimed_ratio).count();
        lines.push(format!(
            "{reaching} of {} parameters reach the claimed {} x on their own",
            swings.len(),
            self.claimed_ratio
        ));
        lines
    }
}
