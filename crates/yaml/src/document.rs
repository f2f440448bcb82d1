//! A file on its way from text to values.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::error::{FileError, Problem};
use crate::place::{FieldPath, Node, Place};
use crate::schema::schema_of;
use crate::validate::{Files, validate};

/// A YAML file with what is wrong with it so far.
#[derive(Debug)]
pub struct Document<'t> {
    text: &'t str,
    path: PathBuf,
    root: Node,
    problems: Vec<Problem>,
    named: BTreeSet<(String, String)>,
}

impl<'t> Document<'t> {
    /// Reads a text; `path` is for messages.
    ///
    /// # Errors
    /// If it is not YAML.
    pub fn parse(text: &'t str, path: &Path) -> Result<Self, FileError> {
        match Node::parse(text) {
            Ok(root) => {
                Ok(Self { text, path: path.to_owned(), root, problems: Vec::new(), named: BTreeSet::new() })
            }
            Err((place, message)) => {
                let problems = vec![Problem::new(text, place, message)];
                Err(FileError::Rejected { path: path.to_owned(), problems })
            }
        }
    }

    /// The whole file.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Notes everything in which the file is not of the form of `T`, and returns the schema of that form.
    pub fn validate<T: JsonSchema>(&mut self, files: Option<&dyn Files>) -> serde_json::Value {
        let schema = schema_of::<T>();
        self.hold_against(&schema, files);
        schema
    }

    /// Notes everything in which the file differs from what a schema asks for.
    pub fn hold_against(&mut self, schema: &serde_json::Value, files: Option<&dyn Files>) {
        let validated = validate(&self.root, schema, files);
        self.named.extend(validated.named);
        for (place, message) in validated.found {
            self.problems.push(Problem::new(self.text, place, message));
        }
    }

    /// The files that it names where a schema that it was held against says so, by kind and name.
    pub fn named(&self) -> &BTreeSet<(String, String)> {
        &self.named
    }

    /// Notes that something is wrong with a field.
    pub fn report(&mut self, field: &FieldPath, message: String) {
        self.problems.push(Problem::new(self.text, self.root.place_of(field), message));
    }

    /// The values.
    ///
    /// # Errors
    /// If anything was noted, or a value cannot be, which no schema says.
    pub fn values<T: DeserializeOwned>(&mut self) -> Result<T, FileError> {
        self.read_by(|text| serde_yaml::from_str(text))
    }

    /// What a reader makes of the text.
    ///
    /// # Errors
    /// As [`Document::values`].
    pub fn read_by<T>(
        &mut self,
        read: impl FnOnce(&str) -> Result<T, serde_yaml::Error>,
    ) -> Result<T, FileError> {
        if !self.problems.is_empty() {
            return Err(self.rejection());
        }
        read(self.text).map_err(|error| {
            let place = error.location().map(|place| Place { line: place.line(), column: place.column() });
            let message = error.to_string();
            // The library repeats the place at the end of its message.
            let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
            self.problems.push(Problem::new(self.text, place.unwrap_or(self.root.place), message));
            self.rejection()
        })
    }

    /// Rejects the file if there is anything.
    ///
    /// # Errors
    /// If there is.
    pub fn reject_if_any(&mut self, found: Vec<(FieldPath, String)>) -> Result<(), FileError> {
        found.into_iter().for_each(|(field, message)| self.report(&field, message));
        if self.problems.is_empty() { Ok(()) } else { Err(self.rejection()) }
    }

    /// Everything that was noted, in the order of the lines.
    pub fn rejection(&mut self) -> FileError {
        let mut problems = std::mem::take(&mut self.problems);
        problems.sort_by_key(|problem| problem.place);
        problems.dedup();
        FileError::Rejected { path: self.path.clone(), problems }
    }
}
