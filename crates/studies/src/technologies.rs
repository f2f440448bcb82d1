//! Technology files of the workspace, by kind and name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use digital::ArrayDesign;
use faults::{FaultRates, LiteratureEndurance, LiteratureRates};
use rtm_ap::ProcessorDesign;
use technology::{Library, ParameterSet, Parameters, TechnologyFile};
use workspace::{Failure, Inputs, Workspace};

use crate::loaded::check_form;
use crate::studies::fault_comparison::AnalogParameters;

/// The kind of component libraries.
const COMPONENTS: &str = "components";

/// A technology of a kind, as its folder is called, checked against its schema and read.
fn load<T: Send + Sync + 'static>(
    inputs: &Inputs<'_>,
    kind: &'static str,
    name: &str,
    read: impl FnOnce(&Path) -> Result<T, Failure>,
) -> Result<Arc<T>, Failure> {
    let path = inputs.workspace().technology(kind, name);
    inputs.load(&format!("{kind} {}", path.display()), |reading| {
        check_form(inputs.workspace(), kind, &path)?;
        let file = read(&path)?;
        reading.note(&path)?;
        Ok(file)
    })
}

/// A technology of a system whose components stand in one of the workspace's libraries.
fn load_with_library<D: Send + Sync + 'static>(
    inputs: &Inputs<'_>,
    kind: &'static str,
    name: &str,
    read: impl FnOnce(&Path, &Path) -> Result<TechnologyFile<D>, Failure>,
) -> Result<Arc<TechnologyFile<D>>, Failure> {
    let path = inputs.workspace().technology(kind, name);
    let libraries = libraries(inputs.workspace());
    inputs.load(&format!("{kind} {}", path.display()), |reading| {
        check_form(inputs.workspace(), kind, &path)?;
        let file = read(&path, &libraries)?;
        reading.note(&path)?;
        if let Some(library) = &file.components {
            reading.note(library)?;
        }
        Ok(file)
    })
}

/// The workspace's folder of component libraries.
pub fn libraries(workspace: &Workspace) -> PathBuf {
    // Named like a file of the folder, so that the folder is known.
    workspace.technology(COMPONENTS, "any").with_file_name("")
}

/// A library of components.
///
/// # Errors
/// If it is missing or wrong.
pub fn components(inputs: &Inputs<'_>, name: &str) -> Result<Arc<Library>, Failure> {
    load(inputs, COMPONENTS, name, |path| Ok(Library::load(path)?))
}

/// A technology of the associative processor.
///
/// # Errors
/// If it is missing or wrong.
pub fn processor(inputs: &Inputs<'_>, name: &str) -> Result<Arc<TechnologyFile<ProcessorDesign>>, Failure> {
    load_with_library(inputs, "rtm-ap", name, |path, libraries| {
        Ok(rtm_ap::load_technology_with(path, Some(libraries))?)
    })
}

/// A technology of a crossbar, as it stands in its file.
///
/// # Errors
/// If it is missing or wrong.
pub fn crossbar(inputs: &Inputs<'_>, name: &str) -> Result<Arc<TechnologyFile<crossbar::Design>>, Failure> {
    load_with_library(inputs, "crossbar", name, |path, libraries| {
        Ok(::crossbar::load_technology_with(path, Some(libraries))?)
    })
}

/// A technology of a digital array, as it stands in its file.
///
/// # Errors
/// If it is missing or wrong.
pub fn digital(inputs: &Inputs<'_>, name: &str) -> Result<Arc<TechnologyFile<ArrayDesign>>, Failure> {
    load_with_library(inputs, "digital", name, |path, libraries| {
        Ok(::digital::load_technology_with(path, Some(libraries))?)
    })
}

/// The fault rates of a file, each a probability.
///
/// # Errors
/// If the file is missing or wrong, or a rate no probability.
pub fn fault_rates(inputs: &Inputs<'_>, name: &str) -> Result<FaultRates, Failure> {
    Ok(FaultRates::of(&*literature_rates(inputs, name)?)?)
}

/// A file of fault rates, with what stands beside them.
///
/// # Errors
/// If it is missing or wrong.
pub fn literature_rates(inputs: &Inputs<'_>, name: &str) -> Result<Arc<LiteratureRates>, Failure> {
    load(inputs, "faults", name, |path| {
        let file = TechnologyFile::<()>::load(path, &[LiteratureRates::DECLARATIONS])?;
        Ok(LiteratureRates::resolve(&file.parameters)?)
    })
}

/// A file of analog non-idealities.
///
/// # Errors
/// If it is missing or wrong.
pub fn analog(inputs: &Inputs<'_>, name: &str) -> Result<Arc<ParameterSet>, Failure> {
    load(inputs, "analog", name, |path| {
        Ok(TechnologyFile::<()>::load(path, &[AnalogParameters::DECLARATIONS])?.parameters)
    })
}

/// A file of endurances.
///
/// # Errors
/// If it is missing or wrong.
pub fn endurance(inputs: &Inputs<'_>, name: &str) -> Result<Arc<ParameterSet>, Failure> {
    load(inputs, "endurance", name, |path| {
        Ok(TechnologyFile::<()>::load(path, &[LiteratureEndurance::DECLARATIONS])?.parameters)
    })
}

/// A file or folder of others' results.
pub fn reference(inputs: &Inputs<'_>, name: &str) -> PathBuf {
    inputs.workspace().input("references", name)
}
