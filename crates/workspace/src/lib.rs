//! The engine of a declarative workspace: from manifests to tables, figures, claims and a report.
//!
//! A [`Registry`] says which kinds of studies and of files there are; the engine knows none of them. It reads YAML with the place of
//! every value ([`yaml`](::yaml)), has studies declare their [`stages`], computes those whose results are not kept, and writes what a study
//! makes of them, each table with its provenance. What is written can be verified byte for byte, compared with other results, held
//! against [`claims`] and shown on one page.

mod catalog;
mod checks;
pub mod claims;
mod comparison;
mod error;
mod folders;
mod inputs;
mod manifest;
mod picture;
mod plan;
mod program;
mod progress;
mod registry;
pub mod report;
mod reproduce;
mod shards;
pub mod stages;
mod state;
mod study;
mod verify;

pub use catalog::{Catalog, FileKind, FileSchema, ReadParameters};
pub use checks::Checks;
pub use comparison::{ChangeRow, Comparison, Sides};
pub use error::{Failure, WorkspaceError};
pub use files::digest;
pub use folders::{Substitute, Workspace};
pub use inputs::{Inputs, Reading};
pub use plan::{Plan, PlannedStage, State};
pub use program::Program;
pub use progress::{Bar, Observer, Progress, Watch, observe};
pub use registry::{Registry, SchemaKind};
pub use reproduce::{Mode, Product, chosen, locked, outcome, produce, provenance, reproduce};
pub use shards::{ShardFlaw, merge, missing_shards, run_shard, shards_folder, with_series};
pub use stages::Shard;
pub use state::{Lock, Reason, is_users_input, staleness, users_input};
pub use study::{AnyStudy, Manifest, Outcome, Study, StudyKind, rows_of};
pub use verify::verify;
