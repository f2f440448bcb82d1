//! What must hold for any unit, parameter, file and node.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use proptest::prelude::*;
use technology::node::{
    CONSTANTS, DELAY_EXPONENT, NodeFactors, SUPPLY, SUPPLY_NODE_NM, SUPPLY_SLOPE, Supply,
};
use technology::{
    Dimension, Energy, Parameter, ParameterSet, Parameters, Prior, Quantity, TechnologyError, TechnologyFile,
    Time, parse_unit,
};

technology::parameters! {
    /// For the tests.
    pub struct Example {
        /// Energy of one compare.
        compare: Energy = "search.compare" per "bit",
        /// Time of one compare.
        time: Time = "search.time" per "",
    }
}

/// A file that gives the example's parameters, the first of them as stated.
fn text(value: f64, low: f64, high: f64, unit: &str, distribution: &str) -> String {
    format!(
        "name: example\ntitle: An example\ndesign: null\nparameters:\n  search:\n    compare: {{value: {value:?}, low: {low:?}, \
         high: {high:?}, unit: {unit}/bit, distribution: {distribution}, mark: memory, source: a book}}\n    time: {{value: 2, \
         low: 1, high: 3, unit: ns, mark: memory, source: a book}}\n"
    )
}

fn parse(text: &str) -> Result<ParameterSet, TechnologyError> {
    let file = TechnologyFile::<()>::parse(text, Path::new("example.yaml"), &[Example::DECLARATIONS])?;
    Ok(file.parameters)
}

fn compare(text: &str) -> Parameter {
    parse(text).unwrap().get("search.compare").unwrap().clone()
}

/// Prefixes of the SI with their powers of ten.
const PREFIXES: [(&str, i32); 9] =
    [("a", -18), ("f", -15), ("p", -12), ("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6)];
/// Symbols, what they measure, and the power with which a prefix counts.
const SYMBOLS: [(&str, Dimension, i32); 9] = [
    ("J", Dimension::Energy, 1),
    ("s", Dimension::Time, 1),
    ("W", Dimension::Power, 1),
    ("m2", Dimension::Area, 2),
    ("m", Dimension::Length, 1),
    ("ohm", Dimension::Resistance, 1),
    ("V", Dimension::Voltage, 1),
    ("F", Dimension::Capacitance, 1),
    ("A", Dimension::Current, 1),
];

#[test]
fn every_unit_is_as_many_base_units_as_its_prefix_says() {
    let mut known = 0;
    for (symbol, dimension, power) in SYMBOLS {
        let base = dimension.base_unit();
        let prefix_of = |unit: &str| {
            let prefix = unit.strip_suffix(symbol).unwrap();
            PREFIXES.iter().find(|(name, _)| *name == prefix).unwrap().1
        };
        for (prefix, exponent) in PREFIXES {
            let Some((found, factor, "")) = parse_unit(&format!("{prefix}{symbol}")) else { continue };
            known += 1;
            assert_eq!(found, dimension, "{prefix}{symbol}");
            let expected = 10_f64.powi((exponent - prefix_of(base)) * power);
            assert!((factor / expected - 1.0).abs() < 1e-12, "{prefix}{symbol}: {factor}");
        }
        assert_eq!(parse_unit(base), Some((dimension, 1.0, "")));
    }
    assert!(known > 30, "{known} units are known");
}

#[test]
fn every_constant_of_the_rules_between_nodes_has_a_unit_and_lies_in_its_range() {
    for constant in CONSTANTS {
        assert!(parse_unit(constant.unit).is_some(), "{constant:?}");
        assert!(constant.low <= constant.value && constant.value <= constant.high, "{constant:?}");
        assert!(!constant.source.is_empty() && constant.meaning.ends_with('.'), "{constant:?}");
    }
    // The line meets the supplies that it is drawn through.
    for (node_nm, volts) in [(22.0, 0.85), (32.0, 0.9), (45.0, 1.0)] {
        assert!((Supply::STATED.at(node_nm) / volts - 1.0).abs() < 0.015, "{node_nm} nm");
    }
    assert_eq!(Supply::STATED.at(SUPPLY_NODE_NM), SUPPLY.value);
    assert_eq!(Supply::STATED.slope, SUPPLY_SLOPE.value);
}

/// Every factor, that of a delay included.
fn all(factors: &NodeFactors) -> [f64; 9] {
    let NodeFactors { size, supply, gate, logic, cell_wire, wire, leakage, area } = *factors;
    [size, supply, gate, logic, cell_wire, wire, leakage, area, factors.delay(0.534)]
}

#[test]
fn from_22_to_32_nm_the_factors_are_those_of_the_sources() {
    let factors = NodeFactors::stated(22.0, 32.0);
    let near = |found: f64, expected: f64, tolerance: f64| {
        assert!((found / expected - 1.0).abs() < tolerance, "{found} {expected}");
    };
    let (size, volts) = (32.0 / 22.0, 0.912 / 0.85);
    near(factors.size, size, 1e-12);
    near(factors.supply, volts, 1e-12);
    // Capacitance of a gate for its width, fF/um, times the width; switched at the supply it is the energy of logic.
    near(factors.gate, 1.52 * 32.0 / (1.32 * 22.0), 0.02);
    near(factors.logic, 1.95, 0.005);
    near(factors.logic / factors.gate, 1.1512, 1e-4);
    near(factors.wire, 1.1512, 1e-4);
    near(factors.cell_wire, 1.6745, 1e-4);
    near(factors.leakage, 1.5606, 1e-4);
    near(factors.area, 1024.0 / 484.0, 1e-12);
    // The time of a conversion, ns.
    near(factors.delay(DELAY_EXPONENT.value), 2.491 / 2.039, 0.001);
}

proptest! {
    #[test]
    fn a_value_in_any_unit_is_that_many_base_units_and_back(
        value in 1e-3..1e3_f64,
        unit in prop::sample::select(vec!["aJ", "fJ", "pJ", "nJ", "uJ", "mJ"]),
    ) {
        let set = parse(&text(value, value, value, unit, "log_uniform")).unwrap();
        let compare = Example::resolve(&set).unwrap().compare;
        let (_, factor, _) = parse_unit(unit).unwrap();
        prop_assert_eq!(compare.base(), value * factor);
        // The same energy, written in base units.
        let base = compare.base();
        let written = parse(&text(base, base, base, Dimension::Energy.base_unit(), "log_uniform")).unwrap();
        prop_assert_eq!(Example::resolve(&written).unwrap().compare, compare);
        prop_assert_eq!(Energy::from_base(compare.base()), compare);
    }

    #[test]
    fn what_a_unit_is_counted_per_is_what_follows_the_first_slash(per in "[a-zA-Z0-9]{1,8}") {
        let unit = format!("fJ/{per}");
        prop_assert_eq!(parse_unit(&unit), Some((Dimension::Energy, 1e-3, per.as_str())));
    }

    #[test]
    fn quantiles_rise_and_stay_within_the_range_between_its_points(
        low in 1e-3..1e3_f64,
        width in 1.0..1e3_f64,
        place in 0.0..=1.0_f64,
        quantiles in prop::collection::vec(0.0..=1.0_f64, 2..20),
        distribution in prop::sample::select(vec!["log_uniform", "uniform"]),
    ) {
        let high = low * width;
        let parameter = compare(&text(low + place * (high - low), low, high, "pJ", distribution));
        let mut quantiles = quantiles;
        quantiles.sort_by(f64::total_cmp);
        for prior in [Prior::Flat, Prior::Peaked] {
            let values: Vec<f64> = quantiles.iter().map(|&q| parameter.at_quantile(prior, q)).collect();
            for pair in values.windows(2) {
                prop_assert!(pair[0] <= pair[1] * (1.0 + 1e-12), "{prior:?}: {pair:?}");
            }
            for (&quantile, &value) in quantiles.iter().zip(&values) {
                prop_assert!(value.is_finite());
                if (0.05..=0.95).contains(&quantile) {
                    prop_assert!(value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9), "{prior:?}: {value}");
                }
            }
            for (quantile, point) in [(0.05, low), (0.95, high)] {
                prop_assert!((parameter.at_quantile(prior, quantile) / point - 1.0).abs() < 1e-9);
            }
            // Both are symmetric: as far above the middle as below it.
            let at = |quantile| {
                let value = parameter.at_quantile(prior, quantile);
                if distribution == "uniform" { value } else { value.ln() }
            };
            let (below, middle, above) = (at(0.2), at(0.5), at(0.8));
            prop_assert!((below + above - 2.0 * middle).abs() <= 1e-9 * (1.0 + above.abs()));
        }
        // The middle is likelier under the peaked prior, the tails of both hold the same.
        let spread = |prior| parameter.at_quantile(prior, 0.75) - parameter.at_quantile(prior, 0.25);
        prop_assert!(spread(Prior::Peaked) <= spread(Prior::Flat) * (1.0 + 1e-12));
    }

    #[test]
    fn a_set_is_drawn_path_by_path_in_alphabetical_order(quantiles in prop::collection::vec(0.0..=1.0_f64, 2)) {
        let set = parse(&text(3.0, 1.0, 9.0, "pJ", "log_uniform")).unwrap();
        let mut asked = Vec::new();
        let drawn = set.at_quantiles(Prior::Flat, |path| {
            asked.push(path.to_owned());
            quantiles[asked.len() - 1]
        });
        prop_assert_eq!(&asked, &["search.compare", "search.time"]);
        for ((path, nominal), quantile) in set.iter().zip(&quantiles) {
            prop_assert_eq!(drawn.get(path).unwrap().value, nominal.at_quantile(Prior::Flat, *quantile));
        }
    }

    #[test]
    fn a_value_set_by_hand_is_taken_and_its_range_holds_it(value in -1e3..1e3_f64) {
        let set = parse(&text(3.0, 1.0, 9.0, "pJ", "uniform")).unwrap();
        let moved = set.with_value("search.compare", value).unwrap();
        let parameter = moved.get("search.compare").unwrap();
        prop_assert_eq!(parameter.value, value);
        prop_assert!(parameter.low <= value && value <= parameter.high);
        prop_assert!(parameter.low <= 1.0 && parameter.high >= 9.0);
        prop_assert_eq!(moved.get("search.time"), set.get("search.time"));
        prop_assert!(moved.check(Example::DECLARATIONS).is_ok());
    }

    #[test]
    fn no_text_is_more_than_an_error(text in "\\PC{0,200}") {
        if let Err(error) = parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn a_file_with_anything_cut_out_or_put_in_is_read_or_refused_with_a_message(
        at in any::<prop::sample::Index>(),
        cut in 0..40_usize,
        put in "[ -~\\n]{0,12}",
    ) {
        let whole = text(3.0, 1.0, 9.0, "pJ", "uniform");
        let start = at.index(whole.len());
        let mut changed = whole.clone();
        changed.replace_range(start..(start + cut).min(whole.len()), &put);
        match parse(&changed) {
            Ok(set) => {
                prop_assert!(set.check(Example::DECLARATIONS).is_ok());
                for (_, parameter) in set.iter() {
                    prop_assert!(parameter.low <= parameter.value && parameter.value <= parameter.high);
                    prop_assert!(!parameter.source.trim().is_empty());
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("example"), "{error}"),
        }
    }

    #[test]
    fn a_node_is_itself_and_a_way_over_another_node_leads_to_the_same_factors(
        nodes in prop::array::uniform3(7.0..130.0_f64),
        exponent in 1.0..1.5_f64,
    ) {
        let [a, b, c] = nodes;
        let between = |from, to| all(&NodeFactors::new(from, to, &Supply::STATED, exponent));
        prop_assert_eq!(between(a, a), [1.0; 9]);
        for ((first, second), direct) in between(a, b).iter().zip(between(b, c)).zip(between(a, c)) {
            prop_assert!((first * second / direct - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn every_factor_grows_with_the_node(from in 7.0..130.0_f64, to in 7.0..129.0_f64, more in 0.01..1.0_f64) {
        let (smaller, larger) = (NodeFactors::stated(from, to), NodeFactors::stated(from, to + more));
        for (smaller, larger) in all(&smaller).iter().zip(all(&larger)) {
            prop_assert!(*smaller < larger, "{smaller} {larger}");
        }
    }

    #[test]
    fn a_supply_given_as_a_ratio_has_that_ratio(node_nm in 23.0..130.0_f64, ratio in 1.0..2.0_f64) {
        let supply = Supply::of_ratio(node_nm, ratio);
        prop_assert_eq!(supply.at(SUPPLY_NODE_NM), 1.0);
        prop_assert!((supply.at(node_nm) - ratio).abs() < 1e-9);
    }
}
