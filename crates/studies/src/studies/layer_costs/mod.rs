//! Energy and latency of both systems, layer by layer.

mod figure;

use figures::Figure;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::costs::{CostStudy, Shown};
use crate::run::MachineRun;
use crate::systems::{microjoules, milliseconds};

/// See [`CostStudy`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LayerCostsStudy(CostStudy);

tables::table! {
    /// Energy, latency and arrays of every layer for one image, in both systems.
    pub struct LayerRow: "layers" {
        /// `RTM-AP` or `crossbar`.
        system: String,
        /// Technology of the RTM-AP, or name of the crossbar.
        configuration: String,
        /// How the RTM-AP's searches are charged.
        search_model: Option<String>,
        /// Name of the layer.
        layer: String,
        /// Energy of the layer, leakage included.
        energy: f64 = "uJ",
        /// Latency of the layer.
        latency: f64 = "ms",
        /// Associative processors that take part, or subarrays that hold the weights.
        arrays: u64,
    }
}

impl Study for LayerCostsStudy {
    const NAME: &'static str = "layer_costs";
    const MEANING: &'static str = "Energy, latency and area of both systems, layer by layer.";
    const TABLES: &'static [&'static Schema] = &[LayerRow::SCHEMA];
    type Stages = Promise<MachineRun>;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.0.check(path, checks);
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        self.0.points()
    }

    fn trim(&mut self) {
        self.0.trim();
    }

    fn stages(
        &self,
        _: &Manifest,
        _: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Promise<MachineRun>, Failure> {
        Ok(self.0.run(declared))
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        run: &Promise<MachineRun>,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut table = Table::new(LayerRow::SCHEMA);
        let mut summary = Vec::new();
        for system in &self.0.systems(inputs, &*results.of(*run)?)? {
            for layer in system.report.layers() {
                table.push(LayerRow {
                    system: system.system.into(),
                    configuration: system.configuration.clone(),
                    search_model: system.search_model.map(str::to_owned),
                    layer: layer.name.clone(),
                    energy: microjoules(layer.energy()),
                    latency: milliseconds(layer.latency),
                    arrays: layer.arrays,
                })?;
            }
            let model = system.search_model.map_or(String::new(), |model| format!(", {model}"));
            summary.push(format!(
                "{} ({}{model}): {:.4} µJ, {:.4} ms",
                system.system,
                system.configuration,
                system.report.layers().iter().map(|layer| microjoules(layer.energy())).sum::<f64>(),
                system.report.layers().iter().map(|layer| milliseconds(layer.latency)).sum::<f64>(),
            ));
        }
        Ok((vec![table], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let shown = match self.0.shown {
            Shown::Energy => figure::LayerQuantity::Energy,
            Shown::Latency => figure::LayerQuantity::Latency,
        };
        Ok(figure::layer_costs(&manifest.title, shown, &rows_of(tables)?))
    }
}
