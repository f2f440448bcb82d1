//! The files that a manifest can name.

use std::path::{Path, PathBuf};

/// The folder `experiments/`.
#[derive(Debug, Clone)]
pub struct Library {
    folder: PathBuf,
}

impl Library {
    /// The files beside a manifest.
    pub fn beside(manifest: &Path) -> Self {
        Self { folder: manifest.parent().unwrap_or(Path::new("")).to_owned() }
    }

    /// The names that there are of a kind of file (see [`super::names`]), sorted; nothing if the folder cannot be read.
    pub fn names(&self, kind: &str) -> Option<Vec<String>> {
        let (folder, ending) = match kind {
            "network" => ("networks", Some(".yaml")),
            "checkpoint" => ("networks", Some(".safetensors.zst")),
            "processor technology" => ("technology/rtm-ap", Some(".yaml")),
            "crossbar technology" => ("technology/crossbar", Some(".yaml")),
            "digital technology" => ("technology/digital", Some(".yaml")),
            "file of fault rates" => ("technology/faults", Some(".yaml")),
            "file of endurances" => ("technology/endurance", Some(".yaml")),
            "file of analog non-idealities" => ("technology/analog", Some(".yaml")),
            "folder of references" => ("references", None),
            _ => return None,
        };
        let entries = std::fs::read_dir(self.folder.join(folder)).ok()?.flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                match ending {
                    Some(ending) => name.strip_suffix(ending).map(str::to_owned),
                    None => entry.path().is_dir().then_some(name),
                }
            })
            .collect();
        names.sort();
        Some(names)
    }

    /// Why the golden images of a network cannot be had, if they cannot.
    pub fn lack_of_golden_images(&self, network: &str) -> Option<String> {
        let networks = self.folder.join("networks");
        let text = std::fs::read_to_string(networks.join(format!("{network}.yaml"))).ok()?;
        let description: serde_yaml::Value = serde_yaml::from_str(&text).ok()?;
        match description.get("golden").and_then(serde_yaml::Value::as_str) {
            None => Some(format!(
                "network `{network}` has no golden images; name with `of` a network that has, or another set"
            )),
            Some(file) if !networks.join(file).is_file() => {
                Some(format!("the golden images of network `{network}` are not there: `{file}`"))
            }
            Some(_) => None,
        }
    }
}
