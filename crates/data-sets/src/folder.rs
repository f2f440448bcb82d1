//! Folders of JPEG and PNG files, in subfolders by class as ImageNet's are, or all in one.

use std::path::{Path, PathBuf};

use network::ImageSet;
use rayon::prelude::*;

use crate::decode::Picture;
use crate::error::DataError;
use crate::open::{BrokenFiles, Opened, Reading, Skipped};

/// The endings of the files that are read, in lower case.
const ENDINGS: [&str; 3] = ["jpg", "jpeg", "png"];

/// A file with its class, where subfolders give one.
struct Entry {
    path: PathBuf,
    class: Option<u16>,
}

/// Reads the folder's images, if it has any.
///
/// A class's number is its subfolder's place in the order of names, as torchvision's `ImageFolder` counts. Images come class by class in
/// turn, each in the order of file names, so that the first n of them have classes in equal parts.
pub(crate) fn load(folder: &Path, reading: &Reading) -> Result<Option<Opened>, DataError> {
    let (classes, entries) = entries(folder)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let files = entries.len();
    let mut opened = Vec::new();
    let mut skipped = Vec::new();
    let mut remaining = entries.into_iter();
    // Broken files are made up for by later ones, so read on until there are enough.
    while opened.len() < reading.limit {
        let part: Vec<Entry> = remaining.by_ref().take((reading.limit - opened.len()).min(256)).collect();
        if part.is_empty() {
            break;
        }
        let pixels = |entry: Entry| {
            let pixels =
                Picture::load(&entry.path).map(|picture| reading.fitting.apply(&picture, reading.shape));
            (entry, pixels)
        };
        for (entry, pixels) in part.into_par_iter().map(pixels).collect::<Vec<_>>() {
            match (pixels, reading.broken) {
                (Ok(pixels), _) => opened.push((pixels, entry.class)),
                (Err(error), BrokenFiles::Refuse) => return Err(error),
                (Err(error), BrokenFiles::Skip) => {
                    skipped.push(Skipped { path: entry.path, reason: error.to_string() });
                }
            }
        }
    }
    if opened.is_empty() {
        let first = skipped.first().map(|skipped| skipped.reason.clone()).unwrap_or_default();
        return Err(DataError::AllBroken { path: folder.into(), files, first });
    }
    let labels: Option<Vec<u16>> = opened.iter().map(|(_, class)| *class).collect();
    let pixels = opened.into_iter().flat_map(|(pixels, _)| pixels).collect();
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let images = ImageSet::new(name.unwrap_or_else(|| "images".into()), reading.shape, pixels, labels)?;
    Ok(Some(Opened { images, classes, skipped }))
}

fn entries(folder: &Path) -> Result<(Vec<String>, Vec<Entry>), DataError> {
    let (subfolders, files) = list(folder)?;
    let mut classes = Vec::new();
    let mut by_class = Vec::new();
    for subfolder in subfolders {
        let (_, files) = list(&subfolder)?;
        if files.is_empty() {
            continue;
        }
        let class = u16::try_from(classes.len())
            .map_err(|_| DataError::format(folder, format!("more than {} classes", u16::MAX)))?;
        classes
            .push(subfolder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
        by_class.push(files.into_iter().map(move |path| Entry { path, class: Some(class) }));
    }
    if classes.is_empty() {
        return Ok((classes, files.into_iter().map(|path| Entry { path, class: None }).collect()));
    }
    if let Some(stray) = files.first() {
        let reason = "lies beside class folders; an image belongs into one of them, or all lie in one folder without classes";
        return Err(DataError::format(stray, reason));
    }
    let mut entries = Vec::new();
    loop {
        let before = entries.len();
        entries.extend(by_class.iter_mut().filter_map(Iterator::next));
        if entries.len() == before {
            return Ok((classes, entries));
        }
    }
}

/// Subfolders and image files, each in the order of their names; what begins with a dot is left out.
fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), DataError> {
    let failed = DataError::read(folder);
    let (mut subfolders, mut files) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        if hidden {
        } else if path.is_dir() {
            subfolders.push(path);
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            files.push(path);
        }
    }
    subfolders.sort();
    files.sort();
    Ok((subfolders, files))
}
