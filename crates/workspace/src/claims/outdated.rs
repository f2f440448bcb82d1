//! Tables that are not what their experiment would give now.

use std::collections::{BTreeMap, BTreeSet};

use tables::read_parquet;

use crate::claims::file::Claims;
use crate::error::Failure;
use crate::folders::Workspace;
use crate::registry::Registry;
use crate::reproduce::INPUT;
use crate::state::is_users_input;

/// The tables that claims and findings take numbers from whose manifest or inputs have changed since: by name, with what has.
///
/// # Errors
/// If a table or a manifest cannot be read.
pub fn outdated(
    registry: &Registry,
    workspace: &Workspace,
    claims: &Claims,
) -> Result<BTreeMap<String, String>, Failure> {
    let tables: BTreeSet<&str> = claims.queries().map(|query| query.table.as_str()).collect();
    let mut outdated = BTreeMap::new();
    for name in tables {
        let Some((experiment, table)) = name.split_once('/') else { continue };
        let manifest = registry.manifest(workspace, experiment)?;
        let made_from = read_parquet(&workspace.result(experiment, table))?;
        if let Some(what) = changed(workspace, &manifest.hash, made_from.provenance()) {
            outdated.insert(name.to_owned(), what);
        }
    }
    Ok(outdated)
}

/// What has changed of all that a table was made from; nothing is said of what its user brought.
fn changed(workspace: &Workspace, manifest: &str, provenance: &BTreeMap<String, String>) -> Option<String> {
    let known = |hash: &str| format!("blake3 {hash}");
    if provenance.get("manifest").is_none_or(|hash| *hash != known(manifest)) {
        return Some("its manifest has changed since".to_owned());
    }
    let inputs = provenance.iter().filter_map(|(key, hash)| Some((key.strip_prefix(INPUT)?, hash)));
    let is_other = |(input, hash): &(&str, &String)| {
        let bytes = files::read(&workspace.root().join(input));
        bytes.ok().is_none_or(|bytes| known(&files::digest(&bytes)) != **hash)
    };
    let mut inputs = inputs.filter(|(input, _)| !is_users_input(input));
    inputs.find(is_other).map(|(input, _)| format!("its input {input} has changed since"))
}
