//! Draws from the ranges of parameters. What both systems share is drawn once for both: a draw in which wires are dear is one in
//! which they are dear on either side.

use faults::Stream;
use rand::RngExt;
use rtm_ap::ProcessorParameters;
use technology::{ParameterSet, Prior};

/// A number that stands for a name.
fn stage(name: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

/// What components of one process have in common: in a draw in which one of them is dear, all are.
fn process_of(component: &str) -> &str {
    let memories =
        ["register_file.access", "sram_8k.access", "sram_32k.access", "sram_1m.access", "edram.access"];
    let [leakages, memory, logic] = PROCESSES;
    match component {
        leakage if leakage.ends_with(".leakage") => leakages,
        access if memories.iter().any(|name| access.ends_with(name)) => memory,
        access if access.ends_with(".access") => logic,
        other => other,
    }
}

/// What decides more than one component.
const PROCESSES: [&str; 3] = ["leakage", "memory", "logic"];

/// One draw of a technology's parameters: draw `trial` is the same in every experiment with the seed. Components stand at one quantile
/// in every system, whatever its library, and those that one process decides stand at it together.
pub fn drawn(parameters: &ParameterSet, prior: Prior, seed: u64, trial: u64) -> ParameterSet {
    let stream = |name: &str| Stream { seed, stage: stage(name), trial, unit: 0 }.generator();
    let mut own = stream(parameters.technology());
    let of_processes = PROCESSES.map(|process| stream(process).random::<f64>());
    parameters.at_quantiles(prior, |path| {
        if [ProcessorParameters::LATCH, ProcessorParameters::SEGMENT].iter().any(|of| path.starts_with(of)) {
            // What only some machines have is drawn apart, so that the draws of the others do not depend on it.
            return stream(&format!("{} {path}", parameters.technology())).random();
        }
        if !ParameterSet::is_component(path) {
            return own.random();
        }
        let process = process_of(path);
        match PROCESSES.iter().position(|known| *known == process) {
            Some(place) => of_processes[place],
            None => stream(process).random(),
        }
    })
}

/// 5 %, 50 % and 95 % points of ratios, and the share that reaches a level.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
    pub reaches: f64,
}

impl Spread {
    /// Of `above / below`, draw by draw; `above` stays at `nominal` where it was not drawn.
    pub fn of_ratios(nominal: f64, above: &[f64], below: &[f64], level: f64) -> Self {
        let ratio = |(draw, below): (usize, &f64)| above.get(draw).unwrap_or(&nominal) / below;
        let mut ratios: Vec<f64> = below.iter().enumerate().map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let count = ratios.len().max(1) as f64;
        let at =
            |share: f64| ratios.get((share * (count - 1.0)).round() as usize).copied().unwrap_or(f64::NAN);
        let reaches = ratios.iter().filter(|&&ratio| ratio >= level).count() as f64 / count;
        Self { low: at(0.05), median: at(0.5), high: at(0.95), reaches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: &str, name: &str) -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../experiments/technology/{kind}/{name}.yaml"))
    }

    #[test]
    fn what_is_shared_stands_at_one_quantile_in_both_systems() {
        let crossbar = crossbar::load_technology(&file("crossbar", "neurosim-rram-22nm")).unwrap().parameters;
        let processor = rtm_ap::load_technology(&file("rtm-ap", "paper-like")).unwrap().parameters;
        // Where a value stands in its range, on a logarithmic scale.
        let place = |set: &ParameterSet, path: &str| {
            let parameter = set.get(path).unwrap();
            (parameter.value / parameter.low).ln() / (parameter.high / parameter.low).ln()
        };
        for trial in 0..20 {
            let (a, b) = (drawn(&crossbar, Prior::Flat, 7, trial), drawn(&processor, Prior::Flat, 7, trial));
            for component in ["components.wire.capacitance", "components.flip_flop.leakage"] {
                assert!((place(&a, component) - place(&b, component)).abs() < 1e-9, "{component}");
                assert!((place(&a, component) - place(&b, "shift.step")).abs() > 1e-9);
            }
        }
    }

    #[test]
    fn a_draw_of_a_component_moves_what_is_made_of_it() {
        let processor = rtm_ap::load_technology(&file("rtm-ap", "paper-like")).unwrap().parameters;
        for trial in 0..20 {
            let set = drawn(&processor, Prior::Flat, 7, trial);
            let value = |path: &str| set.get(path).unwrap().base_value();
            let expected = value("components.sram.leakage");
            assert!((value("store.sram_leakage") / expected - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn what_one_process_decides_is_drawn_together() {
        let set = digital::load_technology(&file("digital", "mac-array")).unwrap().parameters;
        let place = |set: &ParameterSet, component: &str| {
            let parameter = set.get(&format!("components.{component}")).unwrap();
            (parameter.value / parameter.low).ln() / (parameter.high / parameter.low).ln()
        };
        for trial in 0..20 {
            let drawn = drawn(&set, Prior::Flat, 7, trial);
            let same = |a: &str, b: &str| (place(&drawn, a) - place(&drawn, b)).abs() < 1e-9;
            assert!(same("sram.leakage", "flip_flop.leakage") && same("adder.access", "multiplier.access"));
            assert!(!same("sram.leakage", "adder.access") && !same("sram_32k.access", "adder.access"));
        }
    }

    #[test]
    fn a_spread_is_that_of_the_ratios() {
        let below: Vec<f64> = (1..=101).map(|n| 1.0 / f64::from(n)).collect();
        let spread = Spread::of_ratios(1.0, &[], &below, 100.0);
        assert_eq!((spread.low, spread.median, spread.high), (6.0, 51.0, 96.0));
        assert!((spread.reaches - 2.0 / 101.0).abs() < 1e-12);
    }
}
