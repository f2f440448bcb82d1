//! A study: what an experiment computes, in one type; and the manifest that it is a part of.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Debug;

use figures::Figure;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tables::Table;

use crate::checks::Checks;
use crate::error::{Failure, WorkspaceError};
use crate::inputs::Inputs;
use crate::stages::{Declared, Results};
use yaml::FieldPath;

/// One experiment.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The name: that of the file, of the results' folder and of the figure.
    pub id: String,
    /// The figure's title.
    pub title: String,
    /// Keys every random stream.
    pub seed: u64,
    /// What is computed.
    pub study: Box<dyn AnyStudy>,
    /// BLAKE3 of the file.
    pub hash: String,
    /// The files that it names, by kind and name.
    pub named: BTreeSet<(String, String)>,
}

impl Manifest {
    /// The names of data that the user has to bring, each once; `None` if it needs none.
    pub fn users_data_named(&self) -> Option<String> {
        let mut names = self.study.users_data();
        names.dedup();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

/// What a study gives.
#[derive(Debug)]
pub struct Outcome {
    /// The results.
    pub tables: Vec<Table>,
    /// The picture of them.
    pub figure: Figure,
    /// What they say, a line each.
    pub summary: Vec<String>,
}

/// A kind of study: its part of a manifest, the stages that it is made of, its tables and its figure.
///
/// An experiment runs in three steps. The study declares stages; the engine computes those whose results are not kept; the study
/// makes tables from these results, and its figure from the tables. So what a plan says is what happens, and a run can be
/// interrupted, divided over machines, or taken from another run's results without the study knowing.
pub trait Study: DeserializeOwned + JsonSchema + Clone + Debug + Send + Sync + 'static {
    /// The name of its field in a manifest.
    const NAME: &'static str;
    /// What it computes, in a line.
    const MEANING: &'static str;
    /// Its tables, in the order in which they are documented.
    const TABLES: &'static [&'static tables::Schema];
    /// The stages that it declares, to ask for their results by.
    type Stages;

    /// Checks what no schema can say; the study stands at `path`.
    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>);

    /// The places where something of the user's own fits in. What fits is told by the type.
    fn points(&mut self) -> Vec<&mut dyn Any> {
        Vec::new()
    }

    /// Leaves out what holds for what the manifest names alone, once something else takes its place.
    fn substituted(&mut self) {}

    /// Trims it: what is left is a study of the same kind that takes seconds, whose numbers are not those of claims.
    fn trim(&mut self);

    /// Data that the user has to bring for it, by name.
    fn users_data(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Declares stages.
    ///
    /// # Errors
    /// If an input that they depend on is missing or wrong.
    fn stages(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Self::Stages, Failure>;

    /// Makes its tables from the results of its stages, with the lines that sum them up.
    ///
    /// # Errors
    /// If an input is missing or wrong, or a model refuses.
    fn tables(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Self::Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure>;

    /// Draws its figure from its tables alone.
    ///
    /// # Errors
    /// If they cannot be drawn.
    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure>;
}

/// The rows of a type; none, where a study made no such table.
///
/// # Errors
/// If the table is of another form.
pub fn rows_of<R: tables::TypedRow>(tables: &[Table]) -> Result<Vec<R>, tables::TableError> {
    match tables.iter().find(|table| table.name() == R::SCHEMA.name()) {
        Some(table) => table.typed(),
        None => Ok(Vec::new()),
    }
}

/// A study of some kind, as the engine runs it.
pub trait AnyStudy: Debug + Send + Sync {
    /// The name of its field in a manifest.
    fn name(&self) -> &'static str;
    /// See [`Study::check`].
    fn check(&self, checks: &mut Checks<'_>);
    /// See [`Study::points`].
    fn points(&mut self) -> Vec<&mut dyn Any>;
    /// See [`Study::substituted`].
    fn substituted(&mut self);
    /// See [`Study::trim`].
    fn trim(&mut self);
    /// See [`Study::users_data`].
    fn users_data(&self) -> Vec<&'static str>;
    /// Declares its stages.
    ///
    /// # Errors
    /// If an input that they depend on is missing or wrong.
    fn declare(&self, manifest: &Manifest, inputs: &Inputs<'_>) -> Result<Declared, Failure>;
    /// Makes its tables and draws its figure; the results come from `compute`, which is given the stages.
    ///
    /// # Errors
    /// If anything of it fails.
    fn run(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        compute: &mut dyn FnMut(Declared) -> Result<Results, Failure>,
    ) -> Result<Outcome, Failure>;
    /// A copy.
    fn boxed(&self) -> Box<dyn AnyStudy>;
}

impl<S: Study> AnyStudy for S {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn check(&self, checks: &mut Checks<'_>) {
        Study::check(self, &FieldPath::of(S::NAME), checks);
    }

    fn points(&mut self) -> Vec<&mut dyn Any> {
        Study::points(self)
    }

    fn substituted(&mut self) {
        Study::substituted(self);
    }

    fn trim(&mut self) {
        Study::trim(self);
    }

    fn users_data(&self) -> Vec<&'static str> {
        Study::users_data(self)
    }

    fn declare(&self, manifest: &Manifest, inputs: &Inputs<'_>) -> Result<Declared, Failure> {
        let mut declared = Declared::default();
        self.stages(manifest, inputs, &mut declared)?;
        Ok(declared)
    }

    fn run(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        compute: &mut dyn FnMut(Declared) -> Result<Results, Failure>,
    ) -> Result<Outcome, Failure> {
        let mut declared = Declared::default();
        let stages = self.stages(manifest, inputs, &mut declared)?;
        let results = compute(declared)?;
        let (tables, summary) = self.tables(manifest, inputs, &stages, &results)?;
        if let Some(table) = tables.iter().find(|table| !S::TABLES.iter().any(|s| s.name() == table.name())) {
            let message =
                format!("the study `{}` makes a table `{}` that it does not declare", S::NAME, table.name());
            return Err(WorkspaceError::argument(message).into());
        }
        let figure = self.figure(manifest, &tables)?;
        Ok(Outcome { tables, figure, summary })
    }

    fn boxed(&self) -> Box<dyn AnyStudy> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn AnyStudy> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

/// A kind of study in the registry.
#[derive(Debug, Clone, Copy)]
pub struct StudyKind {
    /// The name of its field in a manifest.
    pub name: &'static str,
    /// What it computes, in a line.
    pub meaning: &'static str,
    pub tables: &'static [&'static tables::Schema],
    /// The schema of its part of a manifest.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads a manifest that has it.
    pub(crate) read: fn(&str) -> Result<Written, serde_yaml::Error>,
}

impl StudyKind {
    /// The kind of a type of studies.
    pub const fn of<S: Study>() -> Self {
        Self {
            name: S::NAME,
            meaning: S::MEANING,
            tables: S::TABLES,
            schema: |generator| generator.subschema_for::<S>(),
            read: |text| serde_yaml::from_str::<WrittenWith<S>>(text).map(|written| written.0),
        }
    }
}

/// What a manifest says.
pub(crate) struct Written {
    pub id: String,
    pub title: String,
    pub seed: u64,
    /// The study; none where its field is empty.
    pub study: Option<Box<dyn AnyStudy>>,
}

/// A manifest with a study of a kind.
struct WrittenWith<S>(Written, std::marker::PhantomData<S>);

impl<'de, S: Study> Deserialize<'de> for WrittenWith<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<S>(std::marker::PhantomData<S>);

        impl<'de, S: Study> Visitor<'de> for Fields<S> {
            type Value = WrittenWith<S>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("the fields of a manifest")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut written = Written { id: String::new(), title: String::new(), seed: 0, study: None };
                while let Some(field) = map.next_key::<String>()? {
                    match field.as_str() {
                        "id" => written.id = map.next_value()?,
                        "title" => written.title = map.next_value()?,
                        "seed" => written.seed = map.next_value()?,
                        name if name == S::NAME => {
                            let study = map.next_value::<Option<S>>()?;
                            written.study = study.map(|study| Box::new(study) as Box<dyn AnyStudy>);
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(WrittenWith(written, std::marker::PhantomData))
            }
        }
        deserializer.deserialize_map(Fields(std::marker::PhantomData))
    }
}
