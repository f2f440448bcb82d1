//! One declaration, read and written in every way that the workspace knows.

use names::Named;
use schemars::JsonSchema;
use serde::Deserialize;

names::names! {
    /// What a crossbar's weights are.
    #[derive(PartialOrd, Ord)]
    pub enum Weights: "a precision of weights", by default Ternary {
        /// The network's own.
        Ternary = "ternary",
        /// Eight bits,
        /// in the same shapes.
        EightBit = "8-bit" | "eight_bit" | "8 bit",
        /// Sixteen.
        SixteenBit = "16-bit",
    }
}

/// The same with what serde and schemars derive, for comparison.
mod derived {
    /// What a crossbar's weights are.
    #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
    pub enum Weights {
        /// The network's own.
        #[serde(rename = "ternary")]
        Ternary,
        /// Eight bits,
        /// in the same shapes.
        #[serde(rename = "8-bit")]
        EightBit,
        /// Sixteen.
        #[serde(rename = "16-bit")]
        SixteenBit,
    }
}

#[test]
fn every_variant_is_found_by_the_name_that_it_prints() {
    for weights in Weights::ALL {
        assert_eq!(weights.to_string(), weights.name());
        assert_eq!(weights.name().parse(), Ok(weights));
        let json = serde_json::to_string(&weights).unwrap();
        assert_eq!(json, format!("\"{}\"", weights.name()));
        assert_eq!(serde_json::from_str::<Weights>(&json).unwrap(), weights);
        assert_eq!(serde_yaml::from_str::<Weights>(&json).unwrap(), weights);
    }
    assert_eq!(Weights::default(), Weights::Ternary);
    assert_eq!(Weights::VARIANTS.iter().map(|variant| variant.value).collect::<Vec<_>>(), Weights::ALL);
    assert_eq!(format!("[{:<9}]", Weights::EightBit), "[8-bit    ]");
}

#[test]
fn names_of_once_are_read_but_not_written() {
    assert_eq!("eight_bit".parse(), Ok(Weights::EightBit));
    assert_eq!(serde_yaml::from_str::<Weights>("8 bit").unwrap(), Weights::EightBit);
    let error = "eight".parse::<Weights>().unwrap_err();
    assert_eq!(error.to_string(), "`eight` is not a precision of weights; there are: ternary, 8-bit, 16-bit");
}

#[test]
fn mistakes_read_as_those_of_a_derived_enum() {
    for text in ["eight", "3", "[ternary]", "{ternary: 1}", "", "{ternary: 1, 8-bit: 2}"] {
        let by_hand = serde_yaml::from_str::<Weights>(text).map_err(|error| error.to_string());
        let derived = serde_yaml::from_str::<derived::Weights>(text).map_err(|error| error.to_string());
        assert_eq!(by_hand.unwrap_err(), derived.unwrap_err(), "{text}");
    }
}

#[test]
fn the_schema_is_the_one_that_is_derived() {
    #[derive(Deserialize, JsonSchema)]
    #[allow(dead_code)]
    struct File<T> {
        weights: T,
    }
    let by_hand = schemars::schema_for!(File<Weights>).to_value().to_string();
    let derived = schemars::schema_for!(File<derived::Weights>).to_value().to_string();
    assert_eq!(by_hand, derived);
}

#[test]
fn documentation_of_several_lines_is_what_a_variant_means() {
    assert_eq!(Weights::VARIANTS[1].meaning(), "Eight bits,\nin the same shapes.");
}
