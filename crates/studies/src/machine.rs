//! The associative processor and the ways to compile for it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use compiler::{Carry, Geometry, Layout, Options, Sharing};
use rtm_ap::{ActivationsAt, Operation};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de};
use workspace::Checks;
use yaml::FieldPath;

/// The array and the compiler's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MachineSettings(pub Options);

/// The associative processor and the options of the compiler.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenMachine {
    /// Rows of an array.
    #[schemars(range(min = 1, max = 4096))]
    rows: u64,
    /// Columns of an array.
    #[schemars(range(min = 4, max = 4096))]
    columns: u64,
    /// Domains of a track.
    #[schemars(range(min = 1, max = 128))]
    domains: u64,
    /// Where the carry of additions is kept.
    #[serde(default)]
    carry: Carry,
    /// How subexpressions are shared.
    sharing: Sharing,
    /// How words lie in the array.
    layout: Layout,
    /// The most outputs that one processor computes; as many as fit if left out.
    #[schemars(range(min = 1))]
    outputs_per_processor: Option<usize>,
}

impl JsonSchema for MachineSettings {
    fn schema_name() -> Cow<'static, str> {
        "Machine".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        WrittenMachine::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for MachineSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenMachine::deserialize(deserializer)?;
        let geometry =
            Geometry::new(written.rows, written.columns, written.domains).map_err(de::Error::custom)?;
        let geometry = geometry.with_carry(written.carry);
        if written.outputs_per_processor == Some(0) {
            return Err(de::Error::custom("outputs_per_processor must be at least 1"));
        }
        let WrittenMachine { sharing, layout, outputs_per_processor, .. } = written;
        Ok(Self(Options { geometry, sharing, layout, outputs_per_processor }))
    }
}

/// A way to compile, by name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// The name in tables and figures.
    pub name: String,
    /// The associative processor and the compiler's options.
    pub machine: MachineSettings,
    /// Where activations are requantized and pooled; at the periphery if left out.
    #[serde(default)]
    pub activations: ActivationsAt,
    /// How the machine is run; as the technology says, one image at a time, if left out.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Layers that are compiled in another way than the machine says, by name.
    #[serde(default)]
    pub layers: BTreeMap<String, Way>,
}

impl Flow {
    /// Where every layer has to be compiled alike, says so of a flow at a path that does not.
    pub fn check_alike(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        if !self.layers.is_empty() {
            checks.report(path, "every layer is compiled alike here; leave `layers` out");
        }
    }
}

/// A way to compile a layer, whatever the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// How words lie in the array.
    pub layout: Layout,
    /// How subexpressions are shared.
    pub sharing: Sharing,
    /// The most outputs that one processor computes; as many as fit if left out.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub outputs_per_processor: Option<usize>,
}

impl Way {
    /// The compiler's options for an array.
    pub fn on(self, geometry: Geometry) -> Options {
        let Self { layout, sharing, outputs_per_processor } = self;
        Options { geometry, sharing, layout, outputs_per_processor }
    }
}

impl From<Options> for Way {
    fn from(options: Options) -> Self {
        let Options { sharing, layout, outputs_per_processor, .. } = options;
        Self { layout, sharing, outputs_per_processor }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.layout, self.sharing)?;
        match self.outputs_per_processor {
            None => Ok(()),
            Some(outputs) => write!(f, ", {outputs} outputs a processor"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_keeps_the_carry_in_a_column_unless_it_is_told_otherwise() {
        let read = |carry: &str| {
            let text = format!(
                "{{\"rows\": 256, \"columns\": 256, \"domains\": 64, {carry}\"sharing\": \"none\", \"layout\": \"along\"}}"
            );
            serde_json::from_str::<MachineSettings>(&text).map(|machine| machine.0.geometry.carry())
        };
        assert_eq!(read("").unwrap(), Carry::Column);
        assert_eq!(read("\"carry\": \"latch\", ").unwrap(), Carry::Latch);
        assert!(read("\"carry\": \"drawer\", ").is_err());
    }
}
