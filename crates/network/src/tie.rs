//! What holds a description and its checkpoint together: each names the other's digest, so that neither is used with another.
//!
//! The description names that of the checkpoint's bytes, in `checkpoint_digest`. The checkpoint names that of the description's
//! structure, the fields that its tensors were made for: title, accuracies and the like may change. Pairs that are older than this
//! are named in a list beside them, [`LIST`].

use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::description::NetworkDescription;

/// The list, in the folder of the descriptions: a line for each, of its file's name, the digest of its structure and that of its
/// checkpoint.
pub const LIST: &str = "checkpoints.txt";
/// The key of a checkpoint's metadata under which the structure's digest stands.
const KEY: &str = "structure";
/// The fields of a description that a checkpoint is made for.
const STRUCTURE: [&str; 3] = ["input", "activation_bits", "layers"];

/// A description and a checkpoint that do not belong together.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: does not belong to its checkpoint {}: {by} names {what} {expected}, but it is {found}; take back the one that was changed, or make both again",
    description.display(),
    checkpoint.display()
)]
pub struct Untied {
    description: PathBuf,
    checkpoint: PathBuf,
    /// Who names a digest.
    by: &'static str,
    /// Of what.
    what: &'static str,
    expected: String,
    found: String,
}

/// BLAKE3 of a description's structure, by its text; none if that is no YAML.
pub fn structure_digest(text: &str) -> Option<String> {
    let whole: serde_json::Value = serde_yaml::from_str(text).ok()?;
    let structure: Vec<String> = STRUCTURE
        .into_iter()
        .filter_map(|field| Some(format!("{field}:{}", canonical(whole.get(field)?))))
        .collect();
    Some(files::digest(structure.concat().as_bytes()))
}

/// A value as JSON with sorted fields, whatever order they were written in.
fn canonical(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields = fields.into_iter().map(|(name, value)| format!("{name}:{}", canonical(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

/// Ties a checkpoint to a description, by its text.
pub fn tie(checkpoint: &mut Checkpoint, text: &str) {
    if let Some(digest) = structure_digest(text) {
        checkpoint.metadata_mut().insert(KEY.to_owned(), digest);
    }
}

/// Holds a description to its checkpoint.
///
/// # Errors
/// If one of them, or the list beside them, names another digest than the other one has.
pub(crate) fn check(
    path: &Path,
    text: &str,
    description: &NetworkDescription,
    checkpoint: &Checkpoint,
    checkpoint_digest: &str,
) -> Result<(), Box<Untied>> {
    let same = |by, what, expected: Option<&str>, found: &str| match expected {
        Some(expected) if expected != found => Err(Box::new(Untied {
            description: path.into(),
            checkpoint: checkpoint.path().into(),
            by,
            what,
            expected: expected.into(),
            found: found.into(),
        })),
        _ => Ok(()),
    };
    let structure = structure_digest(text).unwrap_or_default();
    let (it, its) = ("the checkpoint's digest", "the digest of the description's structure");
    same("the description", it, description.checkpoint_digest.as_deref(), checkpoint_digest)?;
    same("the checkpoint", its, checkpoint.metadata().get(KEY).map(String::as_str), &structure)?;
    let list = files::read_text(&path.with_file_name(LIST)).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let listed = list.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    match listed.into_iter().find(|words| words.first() == Some(&&*name)).as_deref() {
        Some([_, listed_structure, listed_checkpoint]) => {
            same("the list of checkpoints", its, Some(listed_structure), &structure)?;
            same("the list of checkpoints", it, Some(listed_checkpoint), checkpoint_digest)
        }
        _ => Ok(()),
    }
}
