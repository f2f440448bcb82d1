//! Technology files: YAML with a name, a design and parameters in sections.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Declaration, Parameter, ParameterSet, TechnologyError};

/// A technology file: what the hardware is (`design`, a type of the model's own) and what its parts cost (`parameters`).
#[derive(Debug, Clone, PartialEq)]
pub struct TechnologyFile<D> {
    /// The name that manifests and tables use.
    pub name: String,
    /// One line for a figure's legend.
    pub title: String,
    /// The choices that are not numbers with a range.
    pub design: D,
    /// The numbers.
    pub parameters: ParameterSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<D> {
    name: String,
    title: String,
    design: D,
    parameters: BTreeMap<String, BTreeMap<String, Parameter>>,
}

impl<D: DeserializeOwned> TechnologyFile<D> {
    /// Reads a file and checks it against what the model declares.
    ///
    /// # Errors
    /// If the file cannot be read, is not of the form, or does not give exactly what is declared.
    pub fn load(path: &Path, declarations: &[&[Declaration]]) -> Result<Self, TechnologyError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TechnologyError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path, declarations)
    }

    /// Reads the text of a file; `path` is for the messages.
    ///
    /// # Errors
    /// If the text is not of the form or does not give exactly what is declared.
    pub fn parse(text: &str, path: &Path, declarations: &[&[Declaration]]) -> Result<Self, TechnologyError> {
        let written: Written<D> = serde_yaml::from_str(text).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
            TechnologyError::Malformed { path: path.to_owned(), line, column, message: error.to_string() }
        })?;
        let parameters = written
            .parameters
            .into_iter()
            .flat_map(|(section, parameters)| {
                parameters.into_iter().map(move |(name, parameter)| (format!("{section}.{name}"), parameter))
            })
            .collect();
        let parameters = ParameterSet::new(written.name.clone(), parameters);
        parameters.check(declarations)?;
        Ok(Self { name: written.name, title: written.title, design: written.design, parameters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Energy, Parameters, Quantity};

    crate::parameters! {
        /// For the tests.
        pub struct Example {
            /// Energy of one compare.
            compare: Energy = "search.compare" per "bit",
        }
    }

    fn parse(line: &str) -> Result<TechnologyFile<()>, TechnologyError> {
        let text =
            format!("name: example\ntitle: An example\ndesign: null\nparameters:\n  search:\n    {line}\n");
        TechnologyFile::parse(&text, Path::new("example.yaml"), &[Example::DECLARATIONS])
    }

    #[test]
    fn a_value_is_converted_to_the_base_unit_of_its_type() {
        let file = parse("compare: {value: 3, unit: fJ/bit, low: 1, high: 9, source: a book, mark: memory}")
            .unwrap();
        let example = Example::resolve(&file.parameters).unwrap();
        assert_eq!(example.compare.base(), 0.003);
        let geometric_middle = file.parameters.at_quantiles(|_| 0.5);
        assert!((geometric_middle.get("search.compare").unwrap().value - 3.0).abs() < 1e-12);
        let low = file.parameters.at_quantiles(|_| 0.05);
        assert!((low.get("search.compare").unwrap().value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_wrong_with_a_parameter_is_said_with_its_place() {
        for (line, expected) in [
            (
                "compare: {value: 3, unit: fJ/bit, low: 1, high: 9, source: '', mark: memory}",
                "`source` is empty",
            ),
            ("compare: {value: 3, unit: fJ/bit, low: 1, high: 9, mark: memory}", "missing field `source`"),
            (
                "compare: {value: 30, unit: fJ/bit, low: 1, high: 9, source: a, mark: memory}",
                "outside its range 1 to 9",
            ),
            (
                "compare: {value: 3, unit: parsec, low: 1, high: 9, source: a, mark: memory}",
                "`parsec` is not a known",
            ),
            (
                "compare: {value: 3, unit: ns/bit, low: 1, high: 9, source: a, mark: memory}",
                "a multiple of `pJ/bit`",
            ),
            (
                "compare: {value: 3, unit: fJ/row, low: 1, high: 9, source: a, mark: memory}",
                "a multiple of `pJ/bit`",
            ),
            (
                "compare: {value: 0, unit: fJ/bit, low: 0, high: 9, source: a, mark: memory}",
                "must lie above zero",
            ),
            (
                "compares: {value: 3, unit: fJ/bit, low: 1, high: 9, source: a, mark: memory}",
                "`search.compares` is not",
            ),
        ] {
            let message = parse(line).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let message = parse("compare: {value: 30, unit: fJ/bit, low: 1, high: 9, source: a, mark: memory}")
            .unwrap_err();
        assert!(message.to_string().starts_with("example.yaml:6:"), "{message}");
    }
}
