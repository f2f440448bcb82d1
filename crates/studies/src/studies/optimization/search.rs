//! The best machine of a space: on each array every layer takes the way that serves the whole best, and a bound says how much better any
//! choice could be.
//!
//! Layers would be independent of each other but for the memories: what a word of the program costs to fetch and to keep follows from the
//! size of all programs together. So the choice is repeated at the sizes that the last one gave until it stays, from several beginnings,
//! and then improved layer by layer. The bound takes for every layer its cheapest way at the smallest sizes that any choice has: cost
//! grows with them, so no choice is cheaper. With a price on time in place of a bound on it (Lagrange), the same holds for
//! energy-delay, for `energy x delay >= min(energy + price x delay)^2 / (4 price)`.

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
        let bounds = prices.iter().map(|&price| goal.bound(price, weighed(&floor, price)));
        Offer { found, bound: bounds.fold(0.0, f64::max) }
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

    /// What follows for the objective from the least that energy and time can weigh together.
    fn bound(self, price: Price, least: f64) -> f64 {
        match self.objective {
            // Time is of no use to energy beyond its own bound.
            Objective::Energy if price.energy > 0.0 => {
                least - price.time * self.most_latency.filter(|_| price.time > 0.0).unwrap_or(0.0)
            }
            Objective::EnergyDelay if price.energy > 0.0 && price.time > 0.0 => {
                least * least / (4.0 * price.energy * price.time)
            }
            _ => 0.0,
        }
    }
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
