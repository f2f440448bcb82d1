//! Crossbar technology files.

use std::path::Path;

use technology::{Parameters, TechnologyFile};

use crate::{CrossbarError, CrossbarParameters, Design};

/// Reads a crossbar's technology file and checks that it gives exactly the parameters that the model needs.
///
/// # Errors
/// If the file cannot be read, is not of the form, or describes a design that cannot be built.
pub fn load_technology(path: &Path) -> Result<TechnologyFile<Design>, CrossbarError> {
    load_technology_with(path, None)
}

/// The same with the component libraries in a folder of their own.
///
/// # Errors
/// As [`load_technology`].
pub fn load_technology_with(
    path: &Path,
    libraries: Option<&Path>,
) -> Result<TechnologyFile<Design>, CrossbarError> {
    let declared = |_: &Design| CrossbarParameters::DECLARATIONS.to_vec();
    let file = TechnologyFile::<Design>::load_as(path, libraries, declared)?;
    file.design.check()?;
    Ok(file)
}
