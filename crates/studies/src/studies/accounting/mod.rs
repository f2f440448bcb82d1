//! From the full accounting to the claim: what has to be left out, or changed about the baseline, until the ratio is the claimed one.

mod families;
mod figure;
mod prices;
mod term;

use std::sync::Arc;

use figures::Figure;
use rtm_ap::{Pricing, ProcessorDesign, ProcessorParameters, SearchModel};
use schemars::JsonSchema;
use serde::Deserialize;
use system::{System, Workload};
use tables::{Schema, Table, TypedRow};
use technology::{Energy, TechnologyFile};
use workspace::stages::{Declared, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::images::Images;
use crate::loaded::{network, workload};
use crate::machine::Flow;
use crate::names::{NetworkName, ProcessorName};
use crate::run::{FlowRun, MachineRun};
use crate::systems::{CrossbarPoint, WeightPrecision, microjoules};
use crate::technologies;
use families::{FamilyRow, Landing, families};
use prices::{PriceChange, PriceRow};
use term::{Account, Term};

/// From the full accounting to the claim.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountingStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images that feed executed events.
    images: Images,
    /// How the network is compiled and run.
    flow: Flow,
    /// The technology file of the associative processor.
    #[schemars(with = "ProcessorName")]
    technology: String,
    /// How searches are charged; the ladder shows the first.
    #[schemars(length(min = 1))]
    search_models: Vec<SearchModel>,
    /// The ratio that the claim states.
    claimed_ratio: f64,
    /// From where to where a ratio counts as near the claim.
    near: (f64, f64),
    /// The largest share of movement that the claim about movement allows.
    most_movement: f64,
    /// What is left out, step by step, in this order.
    #[schemars(length(min = 1))]
    terms: Vec<Term>,
    /// The baselines: the first is that of the full accounting, the others are taken in this order once everything is left out.
    #[schemars(length(min = 1))]
    crossbars: Vec<CrossbarPoint>,
    /// Energies that others published, taken after them.
    #[serde(default)]
    published: Vec<Quotation>,
    /// Prices and ways to run the machine, each changed alone.
    #[serde(default)]
    prices: Vec<PriceChange>,
}

/// An energy of the network that others published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Quotation {
    /// The name in tables and figures.
    name: String,
    /// Technology node, nm.
    node_nm: f64,
    /// What its weights are.
    weights: WeightPrecision,
    /// Bits of its activations.
    activation_bits: u32,
    /// Energy of one image, µJ.
    energy_uj: f64,
    /// Where it comes from.
    #[serde(rename = "source")]
    _source: String,
}

tables::table! {
    /// Step by step from the full accounting: each leaves out one more term of the RTM-AP's energy, then the baseline is changed.
    pub struct LadderRow: "ladder" {
        /// The step, from 0 for the full accounting.
        step: u32,
        /// What it leaves out, or the baseline that it takes.
        change: String,
        /// `full`, `left out` or `baseline`.
        kind: String,
        /// How searches are charged.
        search_model: String,
        /// The baseline.
        baseline: String,
        /// Energy of the RTM-AP for one image, as far as it is counted.
        energy: f64 = "uJ",
        /// Energy of the baseline.
        baseline_energy: f64 = "uJ",
        /// Energy of the baseline over energy of the RTM-AP.
        ratio: f64,
        /// Share of movement in what is counted.
        movement_share: f64,
    }
}

/// A baseline with its energy.
struct Against {
    name: String,
    node_nm: f64,
    weights: WeightPrecision,
    activation_bits: u32,
    /// µJ.
    energy: f64,
}

impl Study for AccountingStudy {
    const NAME: &'static str = "accounting";
    const MEANING: &'static str = "From the full accounting to the claim.";
    const TABLES: &'static [&'static Schema] = &[LadderRow::SCHEMA, FamilyRow::SCHEMA, PriceRow::SCHEMA];
    type Stages = FlowRun;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
        let (low, high) = self.near;
        if !(low > 0.0 && low < self.claimed_ratio && self.claimed_ratio < high) {
            let claimed = self.claimed_ratio;
            checks.report(
                &path.field("near"),
                &format!("from {low} to {high}; expected a range around {claimed}"),
            );
        }
        for (index, term) in self.terms.iter().enumerate() {
            if self.terms[..index].contains(term) {
                checks.report(&path.field("terms").item(index), &format!("`{term}` is left out already"));
            }
        }
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        vec![&mut self.network, &mut self.images, &mut self.flow]
    }

    fn trim(&mut self) {
        self.images.at_most(1);
    }

    fn stages(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Self::Stages, Failure> {
        FlowRun::declare(&self.network, &self.flow, &self.images, inputs, declared)
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        run: &FlowRun,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let run = run.of(inputs, results)?;
        let bits = network(inputs, &self.network)?.description.activation_bits;
        let own = workload(inputs, &self.network, &self.images, WeightPrecision::Ternary, bits)?;
        let ledger = Ledger {
            study: self,
            run: &run,
            file: technologies::processor(inputs, &self.technology)?,
            own: &own,
        };
        let baselines = self.baselines(inputs)?;
        let mut ladder = Vec::new();
        for &model in &self.search_models {
            ladder.extend(ledger.ladder(model, &baselines)?);
        }
        let landings = ledger.landings(&baselines)?;
        let families = families(&landings, self.most_movement);
        let prices = ledger.prices(inputs, self.search_models[0], &baselines[0])?;
        let summary = self.summary(&ladder, &families, landings.len());
        Ok((vec![Table::of(ladder)?, Table::of(families)?, Table::of(prices)?], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let focus = figure::Focus {
            claimed: self.claimed_ratio,
            near: self.near,
            technology: &self.technology,
            network: &self.network,
        };
        Ok(figure::accounting(
            &manifest.title,
            focus,
            &rows_of(tables)?,
            &rows_of(tables)?,
            &rows_of(tables)?,
        ))
    }
}

impl AccountingStudy {
    fn baselines(&self, inputs: &Inputs<'_>) -> Result<Vec<Against>, Failure> {
        let mut baselines = Vec::new();
        for point in &self.crossbars {
            let energy = point.report(inputs, &self.network, &self.images)?.energy();
            baselines.push(Against {
                name: point.name.clone(),
                node_nm: point.system(inputs)?.node_nm(),
                weights: point.weights,
                activation_bits: point.activation_bits,
                energy: microjoules(energy),
            });
        }
        baselines.extend(self.published.iter().map(|point| Against {
            name: point.name.clone(),
            node_nm: point.node_nm,
            weights: point.weights,
            activation_bits: point.activation_bits,
            energy: point.energy_uj,
        }));
        Ok(baselines)
    }

    fn summary(&self, ladder: &[LadderRow], families: &[FamilyRow], landings: usize) -> Vec<String> {
        let step = |row: &LadderRow| {
            format!(
                "{}: {:.1} µJ against {:.1} µJ, {:.3} x",
                row.change, row.energy, row.baseline_energy, row.ratio
            )
        };
        let first = ladder.iter().filter(|row| row.search_model == self.search_models[0].name());
        let mut lines: Vec<String> = first.map(step).collect();
        let (low, high) = self.near;
        lines.push(format!(
            "{landings} combinations land between {low} and {high} x, in {} families",
            families.len()
        ));
        lines
    }
}

/// What is accounted for, and how.
struct Ledger<'a> {
    study: &'a AccountingStudy,
    run: &'a MachineRun,
    file: Arc<TechnologyFile<ProcessorDesign>>,
    own: &'a Workload,
}

impl Ledger<'_> {
    /// The full account at a node.
    fn full(&self, node_nm: f64) -> Result<Account, Failure> {
        let parameters = ProcessorParameters::varied(
            &self.file.parameters,
            node_nm,
            self.study.flow.machine.0.geometry.domains(),
        )?;
        let bits = f64::from(self.own.precision.activation_bits);
        let operation = self.study.flow.operation.unwrap_or(self.file.design.operation());
        Ok(Account {
            parameters,
            events: self.run.events.clone(),
            input_bits: self.own.shapes().map(|shape| shape.input.len() as f64 * bits).collect(),
            padding_rows: operation.padding_rows,
        })
    }

    /// How the machine charges; the account's prices take the place of these.
    fn pricing<'p>(&self, model: SearchModel, parameters: &'p ProcessorParameters) -> Pricing<'p> {
        Pricing {
            geometry: self.study.flow.machine.0.geometry,
            parameters,
            model,
            operation: self.study.flow.operation.unwrap_or(self.file.design.operation()),
            kept: self.run.kept,
        }
    }

    /// Energy, µJ, and the share of movement.
    fn charged(&self, account: &Account, model: SearchModel) -> (f64, f64) {
        let pricing = self.pricing(model, &account.parameters);
        let (total, movement) = account.energy(&pricing, self.run.processors());
        let share = if total > Energy::ZERO { movement / total } else { 0.0 };
        (microjoules(total), share)
    }

    fn ladder(&self, model: SearchModel, baselines: &[Against]) -> Result<Vec<LadderRow>, Failure> {
        let first = &baselines[0];
        let mut account = self.full(first.node_nm)?;
        let row = |step: usize, change: &str, kind: &str, against: &Against, (energy, share): (f64, f64)| {
            LadderRow {
                step: step as u32,
                change: change.to_owned(),
                kind: kind.to_owned(),
                search_model: model.name().into(),
                baseline: against.name.clone(),
                energy,
                baseline_energy: against.energy,
                ratio: against.energy / energy,
                movement_share: share,
            }
        };
        let mut rows = vec![row(0, "everything counted", "full", first, self.charged(&account, model))];
        for &term in &self.study.terms {
            account = account.without(term);
            rows.push(row(rows.len(), term.name(), "left out", first, self.charged(&account, model)));
        }
        for against in &baselines[1..] {
            let account = self
                .study
                .terms
                .iter()
                .fold(self.full(against.node_nm)?, |account, &term| account.without(term));
            rows.push(row(rows.len(), &against.name, "baseline", against, self.charged(&account, model)));
        }
        Ok(rows)
    }

    /// Every set of terms left out, against every baseline, under every search model, that lands near the claim.
    fn landings(&self, baselines: &[Against]) -> Result<Vec<Landing>, Failure> {
        let (low, high) = self.study.near;
        let mut landings = Vec::new();
        for against in baselines {
            let full = self.full(against.node_nm)?;
            for &model in &self.study.search_models {
                for set in 0..1_u32 << Term::ALL.len() {
                    let is_left_out = |(bit, _): &(usize, Term)| set >> bit & 1 == 1;
                    let left_out: Vec<Term> =
                        Term::ALL.into_iter().enumerate().filter(is_left_out).map(|(_, term)| term).collect();
                    let account = left_out.iter().fold(full.clone(), |account, &term| account.without(term));
                    let (energy, movement_share) = self.charged(&account, model);
                    let ratio = against.energy / energy;
                    if ratio >= low && ratio <= high {
                        landings.push(Landing {
                            model,
                            baseline: against.name.clone(),
                            weights: against.weights,
                            activation_bits: against.activation_bits,
                            left_out,
                            ratio,
                            energy,
                            baseline_energy: against.energy,
                            movement_share,
                        });
                    }
                }
            }
        }
        Ok(landings)
    }
}
