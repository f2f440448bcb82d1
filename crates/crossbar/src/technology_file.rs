//! Crossbar technology files.

use std::path::Path;

use technology::{Parameters, TechnologyFile};

use crate::{CrossbarError, CrossbarParameters, Design};

/// Reads a crossbar's technology file and checks that it gives exactly the parameters that the model needs.
///
/// # Errors
/// If the file cannot be read, is not of the form, or describes a design that cannot be built.
pub fn load_technology(path: &Path) -> Result<TechnologyFile<Design>, CrossbarError> {
    let file = TechnologyFile::<Design>::load(path, &[CrossbarParameters::DECLARATIONS])?;
    file.design.check()?;
    Ok(file)
}
