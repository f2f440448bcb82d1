//! Values that are names: of files of the workspace, and of choices that other crates define. They exist for the schemas alone.

use std::borrow::Cow;
use std::marker::PhantomData;

use compiler::lut::Features;
use compiler::{Layout, Sharing};
use faults::{FaultKind, Mitigation};
use rtm_ap::ActivationsAt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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

/// A choice that is written by its name.
pub struct Choice<T>(PhantomData<T>);

/// What can be chosen.
pub trait Choices {
    /// The name of the choice in a schema.
    const NAME: &'static str;

    /// The names, as they are written.
    fn names() -> Vec<String>;
}

impl<T: Choices> JsonSchema for Choice<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": T::names() })
    }
}

macro_rules! choices {
    ($($choice:ty, $name:literal;)*) => {
        $(impl Choices for $choice {
            const NAME: &'static str = $name;
            fn names() -> Vec<String> {
                Self::ALL.into_iter().map(|choice| choice.name().to_owned()).collect()
            }
        })*
    };
}

choices! {
    Sharing, "Sharing";
    Layout, "Layout";
    ActivationsAt, "ActivationsAt";
    FaultKind, "FaultKind";
}

impl Choices for Features {
    const NAME: &'static str = "Features";
    fn names() -> Vec<String> {
        Self::all().chain([Self::FULL_KEYS]).map(|features| features.to_string()).collect()
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
