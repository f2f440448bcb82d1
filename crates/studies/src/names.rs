//! Values that are names: of files of the workspace, and of choices of other crates that are no plain lists. Types here exist for the
//! schemas alone.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use compiler::lut::Features;
use faults::Mitigation;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::json;
use yaml::NAME_OF;

macro_rules! names_of_files {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {
        $($(#[$doc])*
        pub struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", NAME_OF: $kind })
            }
        })*
    };
}

names_of_files! {
    /// A network's description.
    NetworkName = "network";
    /// A checkpoint among the networks' files.
    WeightsName = "checkpoint";
    /// A technology of the associative processor.
    ProcessorName = "processor technology";
    /// A technology of a crossbar.
    CrossbarName = "crossbar technology";
    /// A library of components.
    ComponentsName = "component library";
    /// A technology of a digital array.
    DigitalName = "digital technology";
    /// A file of fault rates.
    FaultRatesName = "file of fault rates";
    /// A file of endurances.
    EnduranceName = "file of endurances";
    /// A file of analog non-idealities.
    AnalogName = "file of analog non-idealities";
    /// A folder of others' results.
    ReferencesName = "folder of references";
}

/// A choice of another crate that is written by its name, and has more names than a list can hold.
pub struct Choice<T>(PhantomData<T>);

impl JsonSchema for Choice<Features> {
    fn schema_name() -> Cow<'static, str> {
        "Features".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<String> =
            Features::all().chain([Features::FULL_KEYS]).map(|features| features.to_string()).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

impl JsonSchema for Choice<Mitigation> {
    fn schema_name() -> Cow<'static, str> {
        "Mitigation".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let named = json!({ "type": "string", "enum": Mitigation::NAMES });
        let counted = Mitigation::FAMILIES
            .iter()
            .map(|family| json!({ "type": "string", "pattern": format!("^{family}-[0-9]+$") }));
        json_schema!({ "anyOf": std::iter::once(named).chain(counted).collect::<Vec<_>>() })
    }
}

/// What is told by its name.
///
/// # Errors
/// If there is nothing of that name.
pub fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// A list of things that are told by their names.
///
/// # Errors
/// If there is nothing of one of the names.
pub fn parsed_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(de::Error::custom)).collect()
}
