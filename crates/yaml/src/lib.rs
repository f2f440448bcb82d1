//! YAML, read with the place of every value, and written.
//!
//! A file is read in two passes. The first holds it against the JSON Schema of its type and reports everything that differs, names of
//! files that are not there included. Only a file in which nothing differs becomes values, and they are checked for what no schema can
//! say. Every message has its place.

mod document;
mod error;
mod place;
mod schema;
mod validate;
mod write;

pub use document::Document;
pub use error::{FileError, Problem};
pub use place::{FieldPath, Key, Node, Place, Scalar, Value};
pub use schema::{schema_of, without_pointers};
pub use validate::{Files, NAME_OF};
pub use write::Tree;
