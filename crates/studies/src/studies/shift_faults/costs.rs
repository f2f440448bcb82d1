//! What protection costs, and how long a protected machine goes without a silent corruption.

use faults::{FaultKind, FaultRates, Mitigation, Summary};
use rtm_ap::{Machine, Pricing, SearchModel};
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Table, TypedRow};
use technology::{Energy, Quantity, Time};
use workspace::{Failure, Inputs};

use super::ShiftFaultStudy;
use crate::images::Images;
use crate::names::ProcessorName;
use crate::run::{MachineRun, Run};
use crate::systems::{CrossbarPoint, Priced, microjoules, milliseconds, square_millimetres};
use crate::technologies;

/// How the costs of protection are told.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectionCosts {
    /// Images that feed executed events.
    pub images: Images,
    /// Technology of the associative processor.
    #[schemars(with = "ProcessorName")]
    technology: String,
    /// How searches are charged.
    search_model: SearchModel,
    /// The crossbar of the energy ratio.
    crossbar: CrossbarPoint,
}

tables::table! {
    /// What each protection costs at the literature's rates, and how long a machine that infers without pause goes without a silent
    /// corruption.
    pub struct ProtectionRow: "protection" {
        /// Name of the network.
        network: String,
        /// What protects the machine.
        mitigation: String,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Times that of the unprotected machine.
        energy_factor: f64,
        /// Latency for one image.
        latency: f64 = "ms",
        /// Times that of the unprotected machine.
        latency_factor: f64,
        /// Area of the arrays with their periphery.
        area: f64 = "mm2",
        /// Times that of the unprotected machine.
        area_factor: f64,
        /// Domains that a track has more.
        extra_domains: f64,
        /// Read-only ports that a track has more.
        extra_ports: f64,
        /// Energy of the crossbar over energy of the RTM-AP.
        ratio: f64,
        /// Whether every row passes its check within the runs that are allowed.
        finishes: String,
        /// Images times trials that the following rests on.
        inferences: u64,
        /// Probability that an inference is among the drawn ones.
        weight: f64,
        /// Share of inferences with a logit other than without faults.
        changed_logits: f64,
        /// Share of inferences with another class than without faults, and nothing that says so.
        silent_corruptions: f64,
        /// Lower end of its interval: the wider of a bootstrap over images and Clopper-Pearson's, which takes inferences for independent.
        silent_low: f64,
        /// Upper end of it, in the same way.
        silent_high: f64,
        /// Mean time to a silent corruption of a machine that infers without pause; none if none was seen.
        mttf: Option<f64> = "s",
        /// The same at the upper end of the interval.
        mttf_low: f64 = "s",
        /// Silent corruptions in 1e9 hours of inference without pause; none if none was seen.
        fit: Option<f64>,
        /// The same at the upper end of the interval.
        fit_high: f64,
        /// Confidence of the interval.
        confidence: f64,
    }
}

impl ProtectionCosts {
    /// The table, and a line for each protection.
    ///
    /// # Errors
    /// If an input is missing or wrong.
    pub(super) fn table(
        &self,
        study: &ShiftFaultStudy,
        inputs: &Inputs<'_>,
        run: &MachineRun,
        literature: &FaultRates,
        ran: &[(Mitigation, Summary)],
        summary: &mut Vec<String>,
    ) -> Result<Table, Failure> {
        let priced = Priced::by(inputs, &self.technology, study.machine)?;
        let pricing = priced.on(study.machine, self.search_model, run.kept);
        let stated = technologies::literature_rates(inputs, &study.rates)?;
        let crossbar_energy = self.crossbar_energy(study, inputs)?;
        let machine = Run::of(&study.network, study.machine, &self.images).machine(inputs)?;
        let of = |mitigation: Mitigation| {
            let overhead = mitigation.overhead(&machine);
            let (energy, latency) =
                protected_cost(run, &machine, &pricing, mitigation, &study.faults, literature);
            let (geometry, parameters) = (pricing.geometry, pricing.parameters);
            let area = overhead.area(run.processors(), geometry, parameters, stated.port_area);
            (energy, latency, area, overhead)
        };
        let (bare_energy, bare_latency, bare_area, _) = of(Mitigation::None);
        let mut table = Table::new(ProtectionRow::SCHEMA);
        for (mitigation, result) in ran {
            let (energy, latency, area, overhead) = of(*mitigation);
            let (silent, most) = (result.silent_corruptions, result.silent_corruptions_interval.high);
            let seconds = latency.base() * 1e-9;
            let fit = |silent: f64| 1e9 * silent / seconds * 3600.0;
            let (energy_factor, ratio) = (energy / bare_energy, crossbar_energy / energy);
            table.push(ProtectionRow {
                network: study.network.clone(),
                mitigation: mitigation.name().to_string(),
                energy: microjoules(energy),
                energy_factor,
                latency: milliseconds(latency),
                latency_factor: latency / bare_latency,
                area: square_millimetres(area),
                area_factor: area / bare_area,
                extra_domains: overhead.domains,
                extra_ports: overhead.ports,
                ratio,
                finishes: (if result.given_up == 0 { "yes" } else { "no" }).into(),
                inferences: result.inferences,
                weight: result.weight,
                changed_logits: result.changed_logits,
                silent_corruptions: silent,
                silent_low: result.silent_corruptions_interval.low,
                silent_high: most,
                mttf: (silent > 0.0).then(|| seconds / silent),
                mttf_low: seconds / most,
                fit: (silent > 0.0).then(|| fit(silent)),
                fit_high: fit(most),
                confidence: study.confidence,
            })?;
            let every = match silent > 0.0 {
                true => format!("one every {:.3e} s", seconds / silent),
                false => "none seen".to_owned(),
            };
            summary.push(format!(
                "{mitigation}, at the literature's rates: {energy_factor:.2} x the energy, ratio {ratio:.4}, {silent:.2e} (up to \
                 {most:.2e}) silent corruptions an inference, {every} without pause",
            ));
        }
        Ok(table)
    }

    fn crossbar_energy(&self, study: &ShiftFaultStudy, inputs: &Inputs<'_>) -> Result<Energy, Failure> {
        let report = self.crossbar.report(inputs, &study.network, &self.images)?;
        Ok(report.layers().iter().map(system::LayerReport::energy).sum())
    }
}

/// Energy and latency of one image under a protection.
pub fn protected_cost(
    run: &MachineRun,
    machine: &Machine,
    pricing: &Pricing<'_>,
    mitigation: Mitigation,
    kinds: &[FaultKind],
    rates: &FaultRates,
) -> (Energy, Time) {
    let processors = (run.processors() as f64 * mitigation.overhead(machine).arrays) as u64;
    let mut total = (Energy::ZERO, Time::ZERO);
    for (layer, events) in machine.layers().iter().zip(&run.events) {
        let events = mitigation.events(layer, *events, kinds, rates);
        let cost = pricing.cost(&events, processors);
        total = (total.0 + cost.energy.total(), total.1 + cost.latency);
    }
    total
}
