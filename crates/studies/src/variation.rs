//! An experiment with something of the user's own in it: another technology, network, images or array, and results beside those of
//! the experiment as it stands.

use std::any::Any;
use std::path::{Path, PathBuf};

use compiler::{Carry, Geometry, Layout, Options, Sharing};
use workspace::{Failure, FileKind, Inputs, Manifest, Substitute, Workspace, WorkspaceError};
use yaml::{Document, Scalar, Value};

use crate::error::StudyError;
use crate::images::{ImageSource, Images};
use crate::loaded::{NETWORKS, check_form, network};
use crate::machine::{Flow, MachineSettings};
use crate::quick;
use crate::registry::FILES;
use crate::technologies;

/// What is varied.
#[derive(Debug, Clone, Default)]
pub struct Variation {
    /// Technology files, each in the place of one of the workspace: `FILE`, `NAME=FILE` or `KIND/NAME=FILE`.
    pub technology: Vec<String>,
    /// Another network of the workspace.
    pub network: Option<String>,
    /// Other images.
    pub images: Option<ImageSource>,
    /// Changes of the array or the compiler's options, `FIELD=VALUE`.
    pub machine: Vec<String>,
    /// Whether every experiment is trimmed.
    pub quick: bool,
    /// The name of the results' folder.
    pub label: Option<String>,
}

impl Variation {
    /// Whether nothing is varied.
    pub fn is_empty(&self) -> bool {
        self.technology.is_empty()
            && self.network.is_none()
            && self.images.is_none()
            && self.machine.is_empty()
            && !self.quick
            && self.label.is_none()
    }

    /// The workspace with the variation's technologies, whose results go to a place of their own.
    ///
    /// # Errors
    /// If a file stands in for no technology, or its name cannot be one of a folder.
    pub fn workspace(&self, workspace: &Workspace) -> Result<Workspace, Failure> {
        let substitutes =
            self.technology.iter().map(|text| substitute(workspace, text)).collect::<Result<Vec<_>, _>>()?;
        let label = match &self.label {
            Some(label) => label.clone(),
            None => self.default_label(&substitutes),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if label.is_empty() || label.starts_with('.') || !label.chars().all(legal) {
            let message = format!("--label {label}: expected letters, digits, `-`, `_` and `.`");
            return Err(WorkspaceError::argument(message).into());
        }
        Ok(workspace.clone().varied(label, substitutes))
    }

    fn default_label(&self, substitutes: &[Substitute]) -> String {
        let stem = |substitute: &Substitute| {
            substitute.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let parts = substitutes.iter().map(stem).chain(self.network.clone());
        let parts = parts.chain(self.images.map(|images| images.to_string()));
        let parts = parts.chain(self.machine.iter().map(|change| change.replace('=', "")));
        let parts: Vec<String> = parts.chain(self.quick.then(|| "quick".to_owned())).collect();
        parts.join("-")
    }

    /// The manifest with the variation in it.
    ///
    /// # Errors
    /// If the study has no place for it, or it is wrong.
    pub fn apply(&self, manifest: &mut Manifest, inputs: &Inputs<'_>) -> Result<(), Failure> {
        let mut said = Vec::new();
        if let Some(name) = &self.network {
            self.apply_network(name, manifest, inputs)?;
            said.push(format!("network {name}"));
        }
        if let Some(set) = self.images {
            let images = points::<Images>(manifest);
            if images.is_empty() {
                return Err(no_place(manifest, "--images", "one set of images"));
            }
            for images in images {
                (images.set, images.of) = (set, None);
            }
            said.push(format!("images {set}"));
        }
        if !self.machine.is_empty() {
            for machine in points::<MachineSettings>(manifest) {
                machine.0 = changed(machine.0, &self.machine, false)?;
            }
            for flow in points::<Flow>(manifest) {
                flow.machine.0 = changed(flow.machine.0, &self.machine, true)?;
            }
            if points::<MachineSettings>(manifest).is_empty() && points::<Flow>(manifest).is_empty() {
                return Err(no_place(manifest, "--machine", "a machine"));
            }
            said.push(self.machine.join(", "));
        }
        for substitute in inputs.workspace().substitutes() {
            used(manifest, substitute)?;
            said.push(format!("technology {} from {}", substitute.name, file_name(&substitute.file)));
        }
        if self.quick {
            manifest.study.trim();
            said.push(quick::SAID.to_owned());
        }
        let said = said.join("; ");
        // A title names the network that it was written for.
        manifest.title = match &self.network {
            Some(_) => format!("{} with {said}", manifest.id),
            None => format!("{} — varied: {said}", manifest.title),
        };
        manifest.hash = workspace::digest(format!("{}\n{said}", manifest.hash).as_bytes());
        Ok(())
    }

    fn apply_network(&self, name: &str, manifest: &mut Manifest, inputs: &Inputs<'_>) -> Result<(), Failure> {
        let known = inputs.workspace().names(NETWORKS)?;
        if !known.iter().any(|known| known == name) {
            return Err(WorkspaceError::UnknownName { kind: "network", name: name.to_owned(), known }.into());
        }
        let networks = points::<String>(manifest);
        if networks.is_empty() {
            return Err(no_place(manifest, "--network", "one network"));
        }
        networks.into_iter().for_each(|network| name.clone_into(network));
        let has_golden = network(inputs, name)?.description.golden.is_some();
        let golden = |images: &&mut Images| images.set == ImageSource::Golden;
        for images in points::<Images>(manifest).into_iter().filter(golden) {
            if self.images.is_none() && !(has_golden && images.of.is_none()) {
                (images.set, images.of) = (ImageSource::FashionMnist, None);
            }
        }
        manifest.study.substituted();
        Ok(())
    }
}

/// The places of a study where something of a type fits; texts are names of networks.
fn points<T: Any>(manifest: &mut Manifest) -> Vec<&mut T> {
    manifest.study.points().into_iter().filter_map(|point| point.downcast_mut()).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn no_place(manifest: &Manifest, option: &str, what: &str) -> Failure {
    let (experiment, option, what) = (manifest.id.clone(), option.to_owned(), format!("is not about {what}"));
    StudyError::NoPlace { experiment, option, what }.into()
}

/// A technology that an experiment does not name would change nothing of it but its title.
fn used(manifest: &Manifest, substitute: &Substitute) -> Result<(), StudyError> {
    let kind = FILES.iter().find(|file| file.technology() == Some(&substitute.kind));
    let kind = kind.map_or("technology", |file| file.name);
    if manifest.named.contains(&(kind.to_owned(), substitute.name.clone())) {
        return Ok(());
    }
    let named = manifest.named.iter().filter(|(known, _)| known == kind).map(|(_, name)| name.as_str());
    let named: Vec<&str> = named.collect();
    let there = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
    Err(StudyError::NoPlace {
        experiment: manifest.id.clone(),
        option: format!("--technology {}", substitute.file.display()),
        what: format!("names no {kind} `{}` (of that kind it names: {there})", substitute.name),
    })
}

/// The kinds of technology files, as their folders are called.
fn technology_kinds() -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(FileKind::technology)
}

/// `FILE`, `NAME=FILE` or `KIND/NAME=FILE`.
fn substitute(workspace: &Workspace, text: &str) -> Result<Substitute, Failure> {
    let wrong = |message: String| WorkspaceError::argument(format!("--technology {text}: {message}"));
    let (stated, file) = match text.split_once('=') {
        Some((stated, file)) => (Some(stated), PathBuf::from(file)),
        None => (None, PathBuf::from(text)),
    };
    // A run from another folder has to find it again.
    let file = std::path::absolute(&file)
        .map_err(|source| WorkspaceError::Unreadable { path: file.clone(), source })?;
    let name = match stated {
        Some(stated) => stated.to_owned(),
        None => name_in(&file)?.ok_or_else(|| wrong("is no technology file: it has no `name`".into()))?,
    };
    let (kinds, name): (Vec<&str>, &str) = match name.split_once('/') {
        Some((kind, name)) => (technology_kinds().filter(|known| *known == kind).collect(), name),
        None => (technology_kinds().collect(), &name),
    };
    let is_known =
        |kind: &&str| workspace.technology_names(kind).is_ok_and(|names| names.iter().any(|n| n == name));
    let found: Vec<&str> = kinds.into_iter().filter(is_known).collect();
    match found[..] {
        [kind] => {
            is_whole(workspace, kind, &file)?;
            Ok(Substitute { kind: kind.to_owned(), name: name.to_owned(), file })
        }
        [] => {
            let all = technology_kinds().flat_map(|kind| {
                let names = workspace.technology_names(kind).unwrap_or_default();
                names.into_iter().map(move |name| format!("{kind}/{name}"))
            });
            Err(Failure::from(wrong(format!(
                "there is no technology `{name}` whose place it could take; say which with NAME=FILE; there are: {}",
                all.collect::<Vec<_>>().join(", ")
            ))))
        }
        _ => {
            let message =
                format!("`{name}` is a name of {}; say which with KIND/NAME=FILE", found.join(", "));
            Err(wrong(message).into())
        }
    }
}

/// The name that a technology file gives itself, if it does.
fn name_in(file: &Path) -> Result<Option<String>, Failure> {
    let text = files::read_text(file)
        .map_err(|source| WorkspaceError::Unreadable { path: file.to_owned(), source })?;
    let document = Document::parse(&text, file)?;
    Ok(match document.root().field("name").map(|node| &node.value) {
        Some(Value::Scalar(Scalar::Text(name))) => Some(name.clone()),
        _ => None,
    })
}

/// Reads a technology file as a study will, so that what is wrong with it is said before anything is computed.
fn is_whole(workspace: &Workspace, kind: &str, file: &Path) -> Result<(), Failure> {
    let Some(of_kind) = FILES.iter().find(|file| file.technology() == Some(kind)) else { return Ok(()) };
    check_form(workspace, kind, file)?;
    if let Some(read) = of_kind.parameters {
        read(file, Some(&technologies::libraries(workspace)))?;
    }
    Ok(())
}

/// Options with `FIELD=VALUE` changes; a flow is its way of sharing and its layout, so these stay.
fn changed(mut options: Options, changes: &[String], is_flow: bool) -> Result<Options, WorkspaceError> {
    let geometry = options.geometry;
    let [mut rows, mut columns, mut domains] =
        [geometry.rows(), geometry.columns(), geometry.domains()].map(|extent| extent as u64);
    let mut carry = geometry.carry();
    for change in changes {
        let wrong = |message: String| WorkspaceError::argument(format!("--machine {change}: {message}"));
        let (field, value) = change.split_once('=').ok_or_else(|| wrong("expected FIELD=VALUE".into()))?;
        let number = || value.parse::<u64>().map_err(|error| wrong(error.to_string()));
        match field {
            "rows" => rows = number()?,
            "columns" => columns = number()?,
            "domains" => domains = number()?,
            "carry" => carry = value.parse::<Carry>().map_err(|error| wrong(error.to_string()))?,
            "outputs_per_processor" => {
                let outputs = usize::try_from(number()?).map_err(|error| wrong(error.to_string()))?;
                options.outputs_per_processor = (outputs > 0).then_some(outputs);
            }
            "sharing" => {
                let sharing = value.parse::<Sharing>().map_err(|error| wrong(error.to_string()))?;
                options.sharing = if is_flow { options.sharing } else { sharing };
            }
            "layout" => {
                let layout = value.parse::<Layout>().map_err(|error| wrong(error.to_string()))?;
                options.layout = if is_flow { options.layout } else { layout };
            }
            _ => {
                let known = "rows, columns, domains, carry, sharing, layout, outputs_per_processor";
                return Err(wrong(format!("there is no field `{field}`; there are: {known}")));
            }
        }
    }
    options.geometry = Geometry::new(rows, columns, domains)
        .map_err(|error| WorkspaceError::argument(format!("--machine: {error}")))?
        .with_carry(carry);
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            geometry: Geometry::new(256, 256, 64).unwrap(),
            sharing: Sharing::PerChannel,
            layout: Layout::Along,
            outputs_per_processor: None,
        }
    }

    #[test]
    fn a_machine_changes_in_the_fields_that_are_named_and_a_flow_keeps_what_it_stands_for() {
        let changes =
            ["rows=128", "layout=tiled", "carry=latch", "outputs_per_processor=8"].map(String::from);
        let machine = changed(options(), &changes, false).unwrap();
        assert_eq!((machine.geometry.rows(), machine.geometry.columns()), (128, 256));
        assert_eq!(machine.geometry.carry(), Carry::Latch);
        assert_eq!((machine.layout, machine.outputs_per_processor), (Layout::Tiled, Some(8)));
        let flow = changed(options(), &changes, true).unwrap();
        assert_eq!((flow.geometry.rows(), flow.layout), (128, Layout::Along));
    }

    #[test]
    fn a_wrong_change_says_what_may_be_changed() {
        for (change, words) in [
            ("rows", "expected FIELD=VALUE"),
            ("row=3", "there is no field `row`; there are: rows, columns"),
            ("rows=many", "invalid digit"),
            ("layout=diagonal", "--machine layout=diagonal"),
            ("carry=drawer", "--machine carry=drawer: `drawer` is not a place of the carry"),
            ("domains=0", "--machine: "),
        ] {
            let error = changed(options(), &[change.to_owned()], false).unwrap_err().to_string();
            assert!(error.contains(words), "{change}: {error}");
        }
    }
}
