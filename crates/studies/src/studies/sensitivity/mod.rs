//! What each parameter's range does to the ratio at one point, all others at their nominal values.

mod figure;

use crossbar::{CrossbarParameters, LayerShape};
use figures::Figure;
use rtm_ap::{Events, ProcessorDesign, ProcessorParameters, SearchModel, cost};
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use technology::{Declaration, Energy, Parameter, ParameterSet, Parameters, TechnologyFile};
use workspace::stages::{Declared, Promise, Results};
use workspace::yaml::FieldPath;
use workspace::{Checks, Failure, Inputs, Manifest, Study, table_of};

use crate::baselines::CrossbarPoint;
use crate::costs::{CROSSBAR, PROCESSOR};
use crate::images::Images;
use crate::loaded::{crossbar_layers, network, weight_sparsity};
use crate::machine::MachineSettings;
use crate::names::{NetworkName, ProcessorName};
use crate::run::{Executed, MachineRun, Run};
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
        /// Whose parameter it is: `RTM-AP` or `crossbar`.
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
        let both = Both {
            study: self,
            events: results.of(*run)?.total(),
            processor: TechnologyFile::clone(&*technologies::processor(inputs, &self.technology)?),
            crossbar: self.crossbar.technology(inputs)?,
            layers: crossbar_layers(inputs, &self.network, &self.images)?,
            sparsity: weight_sparsity(&network(inputs, &self.network)?.network),
        };
        let processor_energy = both.processor(&both.processor.parameters)?;
        let crossbar_energy = both.crossbar(&both.crossbar.parameters)?;
        let nominal = crossbar_energy / processor_energy;
        let of_processor = |set: &ParameterSet| Ok(crossbar_energy / both.processor(set)?);
        let of_crossbar = |set: &ParameterSet| Ok(both.crossbar(set)? / processor_energy);
        let mut swings =
            swings(PROCESSOR, &both.processor.parameters, ProcessorParameters::DECLARATIONS, of_processor)?;
        swings.extend(self::swings(
            CROSSBAR,
            &both.crossbar.parameters,
            CrossbarParameters::DECLARATIONS,
            of_crossbar,
        )?);
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
        Ok(figure::sensitivity(&manifest.title, focus, &table_of::<SensitivityRow>(tables))?)
    }
}

/// Both systems on the network.
struct Both<'s> {
    study: &'s SensitivityStudy,
    events: Events,
    processor: TechnologyFile<ProcessorDesign>,
    crossbar: TechnologyFile<crossbar::Design>,
    layers: Vec<LayerShape>,
    sparsity: f64,
}

impl Both<'_> {
    fn processor(&self, set: &ParameterSet) -> Result<Energy, Failure> {
        let design = &self.processor.design;
        let parameters = ProcessorParameters::varied(set, design.node_nm)?;
        let (geometry, model) = (self.study.machine.0.geometry, self.study.search_model);
        let (events, padding) = (&self.events, design.padding_rows);
        Ok(cost(events, events.processors, geometry, &parameters, model, padding).energy.total())
    }

    fn crossbar(&self, set: &ParameterSet) -> Result<Energy, Failure> {
        let file = TechnologyFile { parameters: set.clone(), ..self.crossbar.clone() };
        Ok(self.study.crossbar.report(&file, &self.layers, self.sparsity)?.total_energy())
    }
}

/// Every parameter of a set at both ends of its range; `ratio` gives the ratio for a set.
fn swings(
    system: &'static str,
    parameters: &ParameterSet,
    declarations: &[Declaration],
    ratio: impl Fn(&ParameterSet) -> Result<f64, Failure>,
) -> Result<Vec<Swing>, Failure> {
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
