//! Checks of values that no schema can say, all of them in one go.

use crate::catalog::Catalog;
use names::suggestion;
use yaml::{FieldPath, Files};

/// What was found wrong so far.
#[derive(Debug)]
pub struct Checks<'c> {
    found: Vec<(FieldPath, String)>,
    catalog: Option<&'c Catalog>,
}

impl<'c> Checks<'c> {
    /// Nothing yet. Names of files are looked up in the catalog, if there is one.
    pub fn new(catalog: Option<&'c Catalog>) -> Self {
        Self { found: Vec::new(), catalog }
    }

    /// The files that there are, if they are looked up.
    pub fn catalog(&self) -> Option<&'c Catalog> {
        self.catalog
    }

    /// Notes that a field is wrong; the message begins with the field.
    pub fn report(&mut self, path: &FieldPath, message: &str) {
        self.found.push((path.clone(), format!("{path} {message}")));
    }

    /// Notes what is wrong with a field, after a colon.
    pub fn note(&mut self, path: &FieldPath, message: &str) {
        self.found.push((path.clone(), format!("{path}: {message}")));
    }

    /// A value has to be one of those.
    pub fn one_of(&mut self, path: &FieldPath, value: &str, known: &[&str]) {
        if !known.contains(&value) {
            let names: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
            let meant = suggestion(value, &names);
            self.report(path, &format!("is `{value}`{meant}; expected one of: {}", known.join(", ")));
        }
    }

    /// A file of a kind has to be there.
    pub fn name(&mut self, kind: &str, path: &FieldPath, name: &str) {
        if let Some(known) = self.catalog.and_then(|catalog| catalog.names(kind))
            && !known.iter().any(|known| known == name)
        {
            let meant = suggestion(name, &known);
            self.note(path, &format!("there is no {kind} `{name}`{meant}; there are: {}", known.join(", ")));
        }
    }

    /// Everything that was found.
    pub fn into_found(self) -> Vec<(FieldPath, String)> {
        self.found
    }
}
