//! Checks of values that no schema can say, all of them in one go.

use super::images::{ImageSource, Images};
use super::library::Library;
use super::networks::NetworkPoint;
use super::place::FieldPath;
use crate::error::suggestion;

/// What was found wrong so far.
#[derive(Debug)]
pub struct Checks<'l> {
    found: Vec<(FieldPath, String)>,
    library: Option<&'l Library>,
}

impl<'l> Checks<'l> {
    /// Nothing yet. Names of files are looked up in the library, if there is one.
    pub fn new(library: Option<&'l Library>) -> Self {
        Self { found: Vec::new(), library }
    }

    /// Notes that a field is wrong.
    pub fn report(&mut self, path: &FieldPath, message: &str) {
        self.found.push((path.clone(), format!("{path} {message}")));
    }

    /// A value has to be one of those.
    pub fn one_of(&mut self, path: &FieldPath, value: &str, known: &[&str]) {
        if !known.contains(&value) {
            let names: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
            let meant = suggestion(value, &names);
            self.report(path, &format!("is `{value}`{meant}; expected one of: {}", known.join(", ")));
        }
    }

    /// A file of a kind has to be there.
    pub fn name(&mut self, kind: &str, path: &FieldPath, name: &str) {
        if let Some(known) = self.library.and_then(|library| library.names(kind))
            && !known.iter().any(|known| known == name)
        {
            let meant = suggestion(name, &known);
            let message =
                format!("{path}: there is no {kind} `{name}`{meant}; there are: {}", known.join(", "));
            self.found.push((path.clone(), message));
        }
    }

    /// A network's images, which stand in the field `images` of what stands at a path.
    pub fn images(&mut self, path: &FieldPath, network: &str, images: &Images) {
        let path = path.field("images");
        if images.of.is_some() && images.set != ImageSource::Golden {
            let message = "names whose golden inputs to take; it goes with `set: golden` only";
            self.report(&path.field("of"), message);
        }
        if images.set == ImageSource::Golden {
            let of = images.of.as_deref().unwrap_or(network);
            if let Some(lack) = self.library.and_then(|library| library.lack_of_golden_images(of)) {
                self.found.push((path.clone(), format!("{path}: {lack}")));
            }
        }
    }

    /// Networks with their images.
    pub fn points(&mut self, path: &FieldPath, points: &[NetworkPoint]) {
        for (index, point) in points.iter().enumerate() {
            self.images(&path.item(index), &point.network, &point.images);
        }
    }

    /// Everything that was found.
    pub fn into_found(self) -> Vec<(FieldPath, String)> {
        self.found
    }
}
