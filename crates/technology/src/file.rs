//! Technology files: YAML with a name, a design and parameters in sections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use yaml::{FieldPath, Node, Place};

use crate::parameter::{Checked, Written as WrittenParameter};
use crate::{Bill, Declaration, Library, ParameterSet, TechnologyError};

/// A technology file: what the hardware is (`design`, a type of the model's own) and what its parts cost (`parameters`).
#[derive(Debug, Clone, PartialEq)]
pub struct TechnologyFile<D> {
    /// The name that manifests and tables use.
    pub name: String,
    /// One line for a figure's legend.
    pub title: String,
    /// The choices that are not numbers with a range.
    pub design: D,
    /// The component library that prices what the system shares with others, if it has one.
    pub components: Option<PathBuf>,
    /// The numbers, those of the component library included.
    pub parameters: ParameterSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<D> {
    name: String,
    title: String,
    components: Option<String>,
    design: D,
    parameters: BTreeMap<String, BTreeMap<String, WrittenParameter>>,
}

impl<D: DeserializeOwned> TechnologyFile<D> {
    /// Reads a file and checks it against what the model declares. The library that it names stands beside its folder.
    ///
    /// # Errors
    /// If the file cannot be read, is not of the form, or does not give exactly what is declared.
    pub fn load(path: &Path, declarations: &[&[Declaration]]) -> Result<Self, TechnologyError> {
        Self::load_as(path, None, |_| declarations.concat())
    }

    /// Reads a file whose design decides which parameters it has to give. The library that it names stands in the given folder, or
    /// else beside its own.
    ///
    /// # Errors
    /// If the file cannot be read, is not of the form, or does not give exactly what is declared.
    pub fn load_as(
        path: &Path,
        libraries: Option<&Path>,
        declarations: impl FnOnce(&D) -> Vec<Declaration>,
    ) -> Result<Self, TechnologyError> {
        Self::parse_as(&read(path)?, path, libraries, declarations)
    }

    /// Reads a file that may leave out what it does not have: a library.
    pub(crate) fn load_parts(path: &Path, declarations: &[Declaration]) -> Result<Self, TechnologyError> {
        let text = read(path)?;
        let file = Self::parse_unchecked(&text, path, None)?;
        file.checked(&text, path, |set| set.check_given(declarations))
    }

    /// Reads the text of a file; `path` is for the messages, and for the library beside it.
    ///
    /// # Errors
    /// If the text is not of the form or does not give exactly what is declared.
    pub fn parse(text: &str, path: &Path, declarations: &[&[Declaration]]) -> Result<Self, TechnologyError> {
        Self::parse_as(text, path, None, |_| declarations.concat())
    }

    fn parse_as(
        text: &str,
        path: &Path,
        libraries: Option<&Path>,
        declarations: impl FnOnce(&D) -> Vec<Declaration>,
    ) -> Result<Self, TechnologyError> {
        let file = Self::parse_unchecked(text, path, libraries)?;
        let declared = declarations(&file.design);
        file.checked(text, path, |set| set.check(&declared))
    }

    fn parse_unchecked(text: &str, path: &Path, libraries: Option<&Path>) -> Result<Self, TechnologyError> {
        // The other reader has no bound of its own.
        if let Err((Place { line, column }, message)) = Node::parse(text) {
            return Err(TechnologyError::Malformed { path: path.to_owned(), line, column, message });
        }
        let written: Written<D> = serde_yaml::from_str(text).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
            TechnologyError::Malformed { path: path.to_owned(), line, column, message: error.to_string() }
        })?;
        let malformed = |path_in_file: &str, message: String| {
            let (line, column) = place(text, path_in_file).unwrap_or((0, 0));
            let message = format!("`{path_in_file}`: {message}");
            TechnologyError::Malformed { path: path.to_owned(), line, column, message }
        };
        let (mut parameters, mut unpriced) = (BTreeMap::new(), Vec::new());
        for (section, of_section) in written.parameters {
            for (name, parameter) in of_section {
                let path_in_file = format!("{section}.{name}");
                match parameter.checked().map_err(|message| malformed(&path_in_file, message))? {
                    Checked::Valued(parameter) => {
                        parameters.insert(path_in_file, parameter);
                    }
                    Checked::Billed(part) => unpriced.push((path_in_file, part)),
                }
            }
        }
        let mut parameters = ParameterSet::new(written.name.clone(), parameters);
        let mut components = None;
        if let Some(name) = written.components {
            let library_path = match libraries {
                Some(folder) => folder.join(format!("{name}.yaml")),
                None => Library::beside(path, &name),
            };
            Library::load(&library_path)?.put_into(&mut parameters);
            components = Some(library_path);
        }
        for (path_in_file, part) in unpriced {
            let nominal = Bill::sum(&part.counts, &parameters, part.dimension);
            let nominal = nominal.map_err(|message| malformed(&path_in_file, message))?;
            parameters.insert(path_in_file, part.priced(nominal));
        }
        Ok(Self { name: written.name, title: written.title, design: written.design, components, parameters })
    }

    /// The file, if its parameters pass a check; what does not is told with its place.
    fn checked(
        self,
        text: &str,
        path: &Path,
        check: impl FnOnce(&ParameterSet) -> Result<(), TechnologyError>,
    ) -> Result<Self, TechnologyError> {
        check(&self.parameters).map_err(|error| match &error {
            TechnologyError::Unknown { path: at, .. }
            | TechnologyError::WrongUnit { path: at, .. }
            | TechnologyError::OwnPrice { path: at, .. } => {
                let (line, column) = place(text, at).unwrap_or((0, 0));
                let message = error.to_string();
                TechnologyError::Malformed { path: path.to_owned(), line, column, message }
            }
            _ => error,
        })?;
        Ok(self)
    }
}

impl<D: Clone> TechnologyFile<D> {
    /// The same system with another library's components. A file without bills stays as it is.
    #[must_use]
    pub fn with_components(&self, library: &Library) -> Self {
        let mut file = self.clone();
        if file.components.is_some() {
            library.put_into(&mut file.parameters);
            file.parameters.follow_components();
        }
        file
    }
}

fn read(path: &Path) -> Result<String, TechnologyError> {
    files::read_text(path).map_err(|source| TechnologyError::Unreadable { path: path.to_owned(), source })
}

/// The line and column at which a parameter stands in a file's text, counted from 1.
fn place(text: &str, path_in_file: &str) -> Option<(usize, usize)> {
    let path = path_in_file.split('.').fold(FieldPath::of("parameters"), |path, name| path.field(name));
    let Place { line, column } = Node::parse(text).ok()?.place_of_name(&path);
    Some((line, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Energy, Parameters, Prior, Quantity};

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
        let geometric_middle = file.parameters.at_quantiles(Prior::Flat, |_| 0.5);
        assert!((geometric_middle.get("search.compare").unwrap().value - 3.0).abs() < 1e-12);
        let low = file.parameters.at_quantiles(Prior::Flat, |_| 0.05);
        assert!((low.get("search.compare").unwrap().value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn both_priors_keep_the_ends_and_the_middle_of_a_range() {
        let file = parse("compare: {value: 3, unit: fJ/bit, low: 1, high: 9, source: a book, mark: memory}")
            .unwrap();
        let compare = file.parameters.get("search.compare").unwrap();
        for prior in [Prior::Flat, Prior::Peaked] {
            for (quantile, expected) in [(0.05, 1.0), (0.5, 3.0), (0.95, 9.0)] {
                let value = compare.at_quantile(prior, quantile);
                assert!((value - expected).abs() < 1e-9, "{prior:?} {quantile}: {value}");
            }
        }
        // A quarter of the draws lies below; under the peaked prior they lie closer to the middle.
        assert!(compare.at_quantile(Prior::Flat, 0.25) < compare.at_quantile(Prior::Peaked, 0.25));
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
        assert!(message.to_string().starts_with("example.yaml:6:5: `search.compare`: value 30"), "{message}");
        let message =
            parse("compare: {value: 3, unit: ns/bit, low: 1, high: 9, source: a, mark: memory}").unwrap_err();
        assert!(message.to_string().starts_with("example.yaml:6:5: "), "{message}");
    }
}
