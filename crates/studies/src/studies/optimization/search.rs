//! The best machine of a space: on each array every layer takes the way that serves the whole best, and a bound says how much better any
//! choice could be.
//!
//! Layers would be independent of each other but for the memories: what a word of the program costs to fetch and to keep follows from the
//! size of all programs together. So the choice is repeated at the sizes that the last one gave until it stays, from several beginnings,
//! and then improved layer by layer. The bound takes for every layer its cheapest way at the smallest sizes that any choice has: cost
//! grows with them, so no choice is cheaper. Where time counts, energy and time are weighed at several prices: each gives a line beyond
//! which every choice lies (Lagrange).

use compiler::Geometry;
use rtm_ap::{Events, Kept, LayerDemand, LayerRows, Operation, Pricing, ProcessorParameters, SearchModel};

use crate::run::MachineRun;
use crate::systems::{microjoules, milliseconds, square_millimetres};

names::names! {
    /// What the best machine has the least of.
    pub enum Objective: "an objective", by default Energy {
        /// Energy of an image.
        Energy = "energy",
        /// Energy of an image times its latency.
        EnergyDelay = "energy-delay",
    }
}

impl Objective {
    /// Its value: µJ, or µJ·ms.
    pub fn of(self, energy: f64, latency: f64) -> f64 {
        match self {
            Self::Energy => energy,
            Self::EnergyDelay => energy * latency,
        }
    }
}

/// What is sought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    pub objective: Objective,
    /// The most latency of an image, ms.
    pub most_latency: Option<f64>,
    /// The most area, mm².
    pub most_area: Option<f64>,
}

/// How a machine's events are charged, but for its memories' sizes.
#[derive(Debug, Clone, Copy)]
pub struct Prices<'p> {
    pub parameters: &'p ProcessorParameters,
    pub model: SearchModel,
    pub operation: Operation,
}

/// An array with processors installed, and what every layer does on it in every way.
pub struct Array<'r> {
    geometry: Geometry,
    installed: u64,
    prices: Prices<'r>,
    runs: &'r [&'r MachineRun],
    /// By layer, then by way.
    events: Vec<Vec<Events>>,
    buffer_bits: u64,
}

/// A machine: an array with a way for every layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Of every layer, the place of its way.
    pub ways: Vec<usize>,
    /// µJ an image.
    pub energy: f64,
    /// ms an image.
    pub latency: f64,
    /// mm².
    pub area: f64,
    /// Of every layer, µJ and ms an image.
    pub layers: Vec<(f64, f64)>,
}

/// What an array has to offer.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The best machine that was found; none if there is none within the bounds.
    pub found: Option<Found>,
    /// What no choice of ways can fall below: infinite where none is within the bounds.
    pub bound: f64,
}

impl<'r> Array<'r> {
    /// An array of a geometry; the runs, one for each way, are of all layers on arrays of as many columns and domains, and so many rows.
    pub fn new(
        (geometry, installed): (Geometry, u64),
        prices: Prices<'r>,
        runs: &'r [&'r MachineRun],
        executed_rows: u64,
    ) -> Self {
        let layers = runs.first().map_or(0, |run| run.layers.len());
        let events_of = |run: &MachineRun, layer: usize| {
            let of_layer = &run.layers[layer];
            let rows = LayerRows {
                demand: &of_layer.demand,
                occupied: of_layer.occupied_rows,
                array: executed_rows,
                onto: geometry.rows() as u64,
            };
            run.events[layer].of_batch(rows, prices.operation.batch, installed)
        };
        let events =
            (0..layers).map(|layer| runs.iter().map(|run| events_of(run, layer)).collect()).collect();
        let buffer_bits = runs.first().map_or(0, |run| run.kept.buffer_bits);
        Self { geometry, installed, prices, runs, events, buffer_bits }
    }

    fn demand(&self, layer: usize, way: usize) -> &LayerDemand {
        &self.runs[way].layers[layer].demand
    }

    /// The sizes of the memories for a choice of ways.
    fn kept(&self, ways: &[usize]) -> Kept {
        let demands = ways.iter().enumerate().map(|(layer, &way)| self.demand(layer, way));
        let words: u64 = demands.clone().map(LayerDemand::words).sum();
        Kept::of(words as usize, demands, self.buffer_bits)
    }

    /// Sizes than which no choice has smaller ones.
    fn least_kept(&self) -> Kept {
        let ways = 0..self.runs.len();
        let least = |layer: usize, size: fn(&LayerDemand) -> u64| {
            ways.clone().map(|way| size(self.demand(layer, way))).min().unwrap_or(0)
        };
        let decoders =
            |demand: &LayerDemand| demand.programs.iter().map(|program| program.decoder_bits).sum::<u64>();
        let layers = 0..self.events.len();
        Kept {
            words: layers.clone().map(|layer| least(layer, LayerDemand::words)).sum::<u64>() as usize,
            encoded_bits: layers.clone().map(|layer| least(layer, LayerDemand::encoded_bits)).sum(),
            decoder_bits: layers.map(|layer| least(layer, decoders)).max().unwrap_or(0),
            buffer_bits: self.buffer_bits,
        }
    }

    fn pricing(&self, kept: Kept) -> Pricing<'r> {
        let Prices { parameters, model, operation } = self.prices;
        Pricing { geometry: self.geometry, parameters, model, operation, kept }
    }

    /// Energy and latency of an image in a layer.
    fn cost(&self, pricing: &Pricing<'_>, layer: usize, way: usize) -> (f64, f64) {
        let cost = pricing.cost(&self.events[layer][way], self.installed);
        let images = f64::from(self.prices.operation.batch.max(1));
        (microjoules(cost.energy.total()) / images, milliseconds(cost.latency) / images)
    }

    /// The costs of all layers in all ways, at sizes of the memories.
    fn costs(&self, kept: Kept) -> Vec<Vec<(f64, f64)>> {
        let pricing = self.pricing(kept);
        let of_layer = |layer| (0..self.runs.len()).map(|way| self.cost(&pricing, layer, way)).collect();
        (0..self.events.len()).map(of_layer).collect()
    }

    /// The machine with a choice of ways.
    pub fn machine(&self, ways: Vec<usize>) -> Found {
        let pricing = self.pricing(self.kept(&ways));
        let layers: Vec<(f64, f64)> =
            ways.iter().enumerate().map(|(layer, &way)| self.cost(&pricing, layer, way)).collect();
        Found {
            energy: layers.iter().map(|(energy, _)| energy).sum(),
            latency: layers.iter().map(|(_, latency)| latency).sum(),
            area: square_millimetres(pricing.chip_area(self.installed)),
            ways,
            layers,
        }
    }

    /// The choice that stays when energy and time are weighed, from a beginning.
    fn settled(&self, price: Price, beginning: Kept) -> Vec<usize> {
        let mut kept = beginning;
        let mut ways = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let again = cheapest(&self.costs(kept), price);
            if again == ways {
                break;
            }
            ways = again;
            kept = self.kept(&ways);
        }
        ways
    }

    /// The best machine on this array.
    pub fn best(&self, goal: Goal) -> Offer {
        if self.runs.is_empty() || self.events.is_empty() {
            return Offer { found: None, bound: f64::INFINITY };
        }
        let least = self.least_kept();
        let floor = self.costs(least);
        let smallest = square_millimetres(self.pricing(least).chip_area(self.installed));
        let fastest = weighed(&floor, Price::TIME);
        let out_of_reach = goal.most_area.is_some_and(|most| smallest > most)
            || goal.most_latency.is_some_and(|most| fastest > most);
        if out_of_reach {
            return Offer { found: None, bound: f64::INFINITY };
        }
        let frugal = self.machine(self.settled(Price::ENERGY, least));
        let weighs_time = goal.objective == Objective::EnergyDelay || goal.most_latency.is_some();
        let rate = frugal.energy / frugal.latency;
        let between =
            (-8..=24).map(|step| Price { energy: 1.0, time: rate * libm::exp2(f64::from(step) / 2.0) });
        let prices: Vec<Price> = match weighs_time {
            true => [Price::ENERGY].into_iter().chain(between).chain([Price::TIME]).collect(),
            false => vec![Price::ENERGY],
        };
        // Every way for all layers alike is a beginning, too: so none that can be picked by hand is better.
        let alike = (0..self.runs.len()).map(|way| vec![way; self.events.len()]);
        let settled = prices.iter().map(|&price| self.settled(price, least));
        let mut choices: Vec<Vec<usize>> = settled.chain(alike).collect();
        choices.dedup();
        let within = |found: &Found| {
            goal.most_latency.is_none_or(|most| found.latency <= most)
                && goal.most_area.is_none_or(|most| found.area <= most)
        };
        let best =
            choices.into_iter().map(|ways| self.machine(ways)).filter(within).min_by(|a, b| goal.order(a, b));
        let found = best.map(|found| self.improved(found, goal, within));
        let weights: Vec<(Price, f64)> =
            prices.iter().map(|&price| (price, weighed(&floor, price))).collect();
        Offer { found, bound: goal.bound(&weights) }
    }

    /// A machine in which no other way of a single layer is better.
    fn improved(&self, mut found: Found, goal: Goal, within: impl Fn(&Found) -> bool) -> Found {
        loop {
            let mut better: Option<Found> = None;
            for layer in 0..found.ways.len() {
                for way in (0..self.runs.len()).filter(|&way| way != found.ways[layer]) {
                    let mut ways = found.ways.clone();
                    ways[layer] = way;
                    let other = self.machine(ways);
                    let best = better.as_ref().unwrap_or(&found);
                    if within(&other) && goal.order(&other, best).is_lt() {
                        better = Some(other);
                    }
                }
            }
            match better {
                Some(other) => found = other,
                None => return found,
            }
        }
    }
}

/// Rounds after which a choice that does not stay is taken as it is.
const MOST_ROUNDS: usize = 8;

/// What a µJ and a ms weigh.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Price {
    energy: f64,
    time: f64,
}

impl Price {
    const ENERGY: Self = Self { energy: 1.0, time: 0.0 };
    const TIME: Self = Self { energy: 0.0, time: 1.0 };

    fn of(self, (energy, time): (f64, f64)) -> f64 {
        self.energy * energy + self.time * time
    }
}

impl Goal {
    /// Whether a machine is better: less of what is sought, and where that is the same, less area.
    pub fn order(self, a: &Found, b: &Found) -> std::cmp::Ordering {
        let value = |found: &Found| self.objective.of(found.energy, found.latency);
        value(a).total_cmp(&value(b)).then(a.area.total_cmp(&b.area))
    }

    /// What follows for the objective from the least that energy and time can weigh together, for prices from that of energy alone to that
    /// of time alone, each time dearer than the last.
    fn bound(self, weights: &[(Price, f64)]) -> f64 {
        match (self.objective, self.most_latency) {
            (Objective::Energy, None) => weights.first().map_or(0.0, |(_, least)| *least),
            // Time that is paid for within its bound takes no more than the bound times the price.
            (Objective::Energy, Some(most)) => {
                let energies = weights.iter().filter(|(price, _)| price.energy > 0.0);
                energies.map(|(price, least)| least - price.time * most).fold(0.0, f64::max)
            }
            // Energies and times lie beyond every line of equal weight; along a line their product is least at an end.
            (Objective::EnergyDelay, _) => {
                let corners = weights.windows(2).map(|pair| crossing(pair[0], pair[1]));
                corners.map(|(energy, latency)| energy * latency).fold(f64::INFINITY, f64::min)
            }
        }
    }
}

/// Where two lines of equal weight cross, as energy and latency.
fn crossing((a, least_a): (Price, f64), (b, least_b): (Price, f64)) -> (f64, f64) {
    let determinant = a.energy * b.time - a.time * b.energy;
    let energy = (least_a * b.time - least_b * a.time) / determinant;
    let latency = (a.energy * least_b - b.energy * least_a) / determinant;
    (energy.max(0.0), latency.max(0.0))
}

/// Of every layer the way that weighs least, the first of several.
fn cheapest(costs: &[Vec<(f64, f64)>], price: Price) -> Vec<usize> {
    let of_layer = |ways: &Vec<(f64, f64)>| {
        let order =
            |a: &(usize, &(f64, f64)), b: &(usize, &(f64, f64))| price.of(*a.1).total_cmp(&price.of(*b.1));
        ways.iter().enumerate().min_by(order).map_or(0, |(way, _)| way)
    };
    costs.iter().map(of_layer).collect()
}

/// The least that all layers can weigh.
fn weighed(costs: &[Vec<(f64, f64)>], price: Price) -> f64 {
    let least =
        |ways: &Vec<(f64, f64)>| ways.iter().map(|&cost| price.of(cost)).fold(f64::INFINITY, f64::min);
    costs.iter().map(least).sum()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use compiler::Geometry;
    use proptest::prelude::*;
    use rtm_ap::{
        IdleProcessors, PaddingRows, PerRows, ProgramDemand, ProgramEncoding, ProgramStore, SerialSteps,
    };
    use technology::Parameters;

    use super::*;
    use crate::run::RunLayer;

    /// A layer that a program of so many words computes in so many steps, in so many rows.
    fn layer() -> impl Strategy<Value = (u64, u64, u64)> {
        (1_u64..200_000, 1_u64..20_000, 1_u64..2000)
    }

    /// Runs of a network of a few layers, one for each way; what a layer brings to its outputs does not follow from its way.
    fn runs() -> impl Strategy<Value = Vec<MachineRun>> {
        (1_usize..4, 1_usize..4).prop_flat_map(|(ways, layers)| {
            let of_way = proptest::collection::vec(layer(), layers);
            proptest::collection::vec(of_way, ways).prop_map(|ways| ways.iter().map(|way| run(way)).collect())
        })
    }

    fn run(layers: &[(u64, u64, u64)]) -> MachineRun {
        let of_layer = |(index, &(words, steps, rows)): (usize, &(u64, u64, u64))| {
            let serial = SerialSteps {
                compares: steps,
                writes: steps / 2 + 1,
                shifts: words % 977,
                reads: 7,
                latch_writes: 0,
            };
            let program =
                ProgramDemand { words, serial, encoded_bits: 11 * words, decoder_bits: words % 1013 };
            let programs = vec![program; 1 + index];
            let processors = rows.div_ceil(256) * programs.len() as u64;
            let count = |factor: u64| {
                PerRows::uniform(
                    factor,
                    rtm_ap::RowCount { occupied: rows, physical: rows.div_ceil(256) * 256 },
                )
            };
            let events = Events {
                row_searches: count(steps),
                searched_bits: count(3 * steps),
                tagged_bits: count(steps / 3),
                track_steps: count(words % 5003),
                loaded_bits: (9 * rows) as f64,
                words_fetched: words as f64,
                words_broadcast: words as f64,
                processors,
                serial,
                ..Events::default()
            };
            let demand = LayerDemand { processors, programs, precharges: rtm_ap::Precharges::default() };
            let layer = RunLayer { name: index.to_string(), operations: 1, occupied_rows: rows, demand };
            (layer.demand.complete(events), layer)
        };
        let (events, layers): (Vec<Events>, Vec<RunLayer>) = layers.iter().enumerate().map(of_layer).unzip();
        let words = layers.iter().map(|layer| layer.demand.words()).sum::<u64>() as usize;
        let kept = Kept::of(words, layers.iter().map(|layer| &layer.demand), 5000);
        MachineRun { expected: events.clone(), events, layers, kept }
    }

    fn parameters() -> ProcessorParameters {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/rtm-ap/paper-like.yaml");
        ProcessorParameters::resolve(&rtm_ap::load_technology(&path).unwrap().parameters).unwrap()
    }

    /// Every choice of ways.
    fn choices(ways: usize, layers: usize) -> Vec<Vec<usize>> {
        let mut all = vec![Vec::new()];
        for _ in 0..layers {
            let longer = |choice: Vec<usize>| (0..ways).map(move |way| [choice.clone(), vec![way]].concat());
            all = all.into_iter().flat_map(longer).collect();
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_best_of_all_choices_is_found_or_nearly_and_none_falls_below_the_bound(
            runs in runs(),
            installed in 1_u64..40,
            batch in 1_u32..20,
            store in 0_usize..3,
            rows in prop::sample::select(vec![64_u64, 256, 512]),
            between in 0.0_f64..1.0,
        ) {
            let parameters = parameters();
            let operation = Operation {
                padding_rows: PaddingRows::Gated,
                idle_processors: IdleProcessors::Off,
                store: ProgramStore::ALL[store],
                encoding: if batch % 2 == 0 { ProgramEncoding::Words } else { ProgramEncoding::Compact },
                segments: rtm_ap::Segments::ONE,
                batch,
                processors: None,
            };
            let prices = Prices { parameters: &parameters, model: SearchModel::ActiveBits, operation };
            let runs: Vec<&MachineRun> = runs.iter().collect();
            let geometry = Geometry::new(rows, 256, 64).unwrap();
            let array = Array::new((geometry, installed), prices, &runs, 256);
            let all: Vec<Found> =
                choices(runs.len(), runs[0].layers.len()).into_iter().map(|ways| array.machine(ways)).collect();
            let [fastest, slowest] = [f64::min as fn(f64, f64) -> f64, f64::max]
                .map(|of| all.iter().map(|found| found.latency).reduce(of).unwrap());
            let most = fastest + between * (slowest - fastest);
            for (objective, most_latency) in
                [(Objective::Energy, None), (Objective::EnergyDelay, None), (Objective::Energy, Some(most))]
            {
                let goal = Goal { objective, most_latency, most_area: None };
                let value = |found: &Found| objective.of(found.energy, found.latency);
                let within = all.iter().filter(|found| most_latency.is_none_or(|most| found.latency <= most));
                let best = within.min_by(|a, b| goal.order(a, b)).unwrap();
                let offer = array.best(goal);
                let found = offer.found.unwrap();
                prop_assert_eq!(&array.machine(found.ways.clone()), &found);
                prop_assert!(offer.bound <= value(best) * (1.0 + 1e-12), "{} > {}", offer.bound, value(best));
                prop_assert!(value(&found) >= value(best) * (1.0 - 1e-12));
                // Only a bound on time may hide a choice that no price finds.
                let near = if most_latency.is_some() { 2.0 } else { 1.001 };
                prop_assert!(value(&found) <= near * value(best), "{} for {}", value(&found), value(best));
                for way in 0..runs.len() {
                    let alike = array.machine(vec![way; runs[0].layers.len()]);
                    let is_within = most_latency.is_none_or(|most| alike.latency <= most);
                    prop_assert!(!is_within || value(&found) <= value(&alike));
                }
            }
            let impossible = Goal { objective: Objective::Energy, most_latency: Some(0.5 * fastest), most_area: None };
            prop_assert_eq!(array.best(impossible), Offer { found: None, bound: f64::INFINITY });
        }
    }

    #[test]
    fn events_on_arrays_of_other_rows_are_those_of_an_execution_there() {
        let run = run(&[(1000, 300, 700)]);
        let parameters = parameters();
        let operation = Operation {
            padding_rows: PaddingRows::Gated,
            idle_processors: IdleProcessors::Off,
            store: ProgramStore::Racetrack,
            encoding: ProgramEncoding::Compact,
            segments: rtm_ap::Segments::ONE,
            batch: 1,
            processors: None,
        };
        let prices = Prices { parameters: &parameters, model: SearchModel::ActiveBits, operation };
        let on = |rows: u64| {
            Array::new((Geometry::new(rows, 256, 64).unwrap(), 100), prices, &[&run], 256).events[0][0]
        };
        assert_eq!(on(256), run.events[0]);
        let (half, double) = (on(128), on(512));
        assert_eq!((half.processors, on(256).processors, double.processors), (6, 3, 2));
        assert_eq!(half.row_searches.occupied, double.row_searches.occupied);
        assert_eq!((half.words_broadcast, double.words_broadcast), (2.0 * 1000.0, 1000.0 * 2.0 / 3.0));
        assert_eq!(half.words_fetched, double.words_fetched);
    }
}
