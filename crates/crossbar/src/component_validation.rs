//! The components of a subarray against what other tools give for them, one by one: a check that does not pass through any mapping
//! or counting.

use std::path::Path;

use technology::{Parameters, Quantity};

use crate::array::Subarray;
use crate::scaling::Scaling;
use crate::{
    Converter, CrossbarError, CrossbarParameters, Design, Precision, WeightStatistics, load_technology,
};

/// A component as a tool gives it and as the model has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentComparison {
    pub tool: String,
    pub component: Component,
    /// The kind of converter; `none` where it does not matter.
    pub kind: String,
    /// Bits of the converter, or of the adder; cells along the row of a driver.
    pub bits: u32,
    /// Technology node, nm.
    pub node_nm: f64,
    /// As the tool gives it, in [`Component::unit`].
    pub stated: f64,
    /// As the model has it, in the same unit.
    pub modelled: f64,
}

impl ComponentComparison {
    /// Modelled over stated.
    pub fn ratio(&self) -> f64 {
        self.modelled / self.stated
    }
}

names::names! {
    /// What is compared.
    pub enum Component: "a component" {
        /// A conversion with the current of a column of which a quarter of the rows are active.
        Conversion = "conversion with column current" | "conversion",
        /// A conversion without any current.
        ConverterAlone = "converter alone" | "converter_alone",
        /// The area of a converter.
        ConverterArea = "converter area" | "converter_area",
        /// The word lines of a subarray of which a quarter of the rows are active.
        WordLines = "word lines" | "word_lines",
        /// The driver of an active row.
        Driver = "row driver" | "driver",
        /// A shift-add of one conversion.
        ShiftAdd = "shift-add" | "shift_add",
        /// An addition.
        Adder = "adder",
        /// The area of a subarray's cells.
        CellArea = "cell area" | "cell_area",
        /// The area of a subarray.
        SubarrayArea = "subarray area" | "subarray_area",
    }
}

impl Component {
    /// The unit of its values.
    pub fn unit(self) -> &'static str {
        match self {
            Self::ConverterArea | Self::CellArea | Self::SubarrayArea => "um2",
            _ => "fJ",
        }
    }
}

/// The file of components in the folder of references.
pub const FILE: &str = "components.csv";

/// The technology that the components are compared with.
pub const TECHNOLOGY: &str = "neurosim-rram-22nm";

/// Femtojoules in a picojoule.
const FEMTO: f64 = 1e3;

/// Compares every row of `components.csv` in the folder of references; `technologies` is the folder of crossbar technology files.
///
/// # Errors
/// If a file cannot be read or is not of its form.
pub fn validate_components(
    references: &Path,
    technologies: &Path,
) -> Result<Vec<ComponentComparison>, CrossbarError> {
    let path = references.join(FILE);
    let text =
        files::read_text(&path).map_err(|source| CrossbarError::Unreadable { path: path.clone(), source })?;
    let file = load_technology(&technologies.join(format!("{TECHNOLOGY}.yaml")))?;
    let parameters = CrossbarParameters::resolve(&file.parameters)?;
    let rows = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    rows.map(|(index, line)| {
        let malformed = |message| CrossbarError::Malformed { path: path.clone(), line: index + 1, message };
        let stated = Stated::parse(line).map_err(malformed)?;
        let modelled = stated.modelled(file.design, &parameters)?;
        Ok(ComponentComparison {
            tool: stated.tool,
            component: stated.component,
            kind: stated.kind,
            bits: stated.bits,
            node_nm: stated.node_nm,
            stated: stated.value,
            modelled,
        })
    })
    .collect()
}

/// A row of the file.
struct Stated {
    tool: String,
    component: Component,
    kind: String,
    bits: u32,
    node_nm: f64,
    value: f64,
}

impl Stated {
    fn parse(line: &str) -> Result<Self, String> {
        let fields: Vec<&str> = line.split(',').collect();
        let [tool, component, kind, bits, node, value, unit] = fields.as_slice() else {
            return Err(format!(
                "{} fields; expected tool, component, kind, bits, node, value, unit",
                fields.len()
            ));
        };
        let number = |text: &str| text.parse::<f64>().map_err(|_| format!("`{text}` is not a number"));
        let component: Component =
            component.parse().map_err(|_| format!("`{component}` is not a component"))?;
        if *unit != component.unit() {
            return Err(format!("a {} in `{unit}`; expected {}", component.name(), component.unit()));
        }
        Ok(Self {
            tool: (*tool).to_owned(),
            component,
            kind: (*kind).to_owned(),
            bits: bits.parse().map_err(|_| format!("`{bits}` is not a number of bits"))?,
            node_nm: number(node)?,
            value: number(value)?,
        })
    }

    fn modelled(&self, design: Design, parameters: &CrossbarParameters) -> Result<f64, CrossbarError> {
        let converter = match self.kind.as_str() {
            "flash" => Converter::Flash { bits: self.bits },
            "successive" => Converter::Successive { bits: self.bits },
            _ => design.converter,
        };
        let design = Design { node_nm: self.node_nm, converter, ..design };
        design.check()?;
        let scaling = Scaling::new(&design, parameters)?;
        // Half of ternary weights zero and 4-bit activations, as in the runs.
        let precision = Precision { weights: WeightStatistics::Ternary { zeros: 0.5 }, activation_bits: 4 };
        let subarray = Subarray::new(&design, parameters, &scaling, precision);
        let active_rows = design.rows as f64 / 4.0;
        let bits = f64::from(self.bits);
        Ok(match self.component {
            Component::Conversion => {
                (subarray.conversion.fixed + subarray.conversion.active_row * active_rows).base() * FEMTO
            }
            Component::ConverterAlone => subarray.conversion.fixed.base() * FEMTO,
            Component::ConverterArea => subarray.conversion.area.base(),
            Component::WordLines => subarray.word_line.base() * active_rows * FEMTO,
            Component::Driver => subarray.driver.base() * FEMTO,
            // Of a stated width where no converter is named.
            Component::ShiftAdd if self.kind == "none" => {
                (parameters.shift_add * bits * scaling.logic).base() * FEMTO
            }
            Component::ShiftAdd => subarray.shift_add.base() * FEMTO,
            Component::Adder => (parameters.adder * bits * scaling.logic).base() * FEMTO,
            Component::CellArea => subarray.cell_area.base(),
            Component::SubarrayArea => subarray.area().base(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_row_is_said() {
        for (line, expected) in [
            ("a tool,adder,none,8,22,8.6", "6 fields"),
            ("a tool,adders,none,8,22,8.6,fJ", "`adders` is not a component"),
            ("a tool,adder,none,8,22,8.6,um2", "expected fJ"),
            ("a tool,adder,none,x,22,8.6,fJ", "`x` is not a number of bits"),
        ] {
            let message = Stated::parse(line).err().unwrap();
            assert!(message.contains(expected), "{message}");
        }
    }
}
