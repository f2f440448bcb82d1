//! Folders of picture files, in subfolders by class as ImageNet's are, or all in one.

use std::path::{Path, PathBuf};

use network::ImageSet;
use rayon::prelude::*;

use crate::decode::Picture;
use crate::error::DataError;
use crate::open::{BrokenFiles, Opened, Reading, Skipped};

/// The endings of the files that are read, in lower case: those of torchvision's `ImageFolder`, and `pbm`.
const ENDINGS: [&str; 10] = ["jpg", "jpeg", "png", "ppm", "pgm", "pbm", "bmp", "tif", "tiff", "webp"];
/// How deep folders may lie in a class's.
const DEEPEST: usize = 16;

/// A file with its class, where subfolders give one.
struct Entry {
    path: PathBuf,
    class: Option<u16>,
}

/// Reads the folder's images, if it has any.
///
/// A class's number is its subfolder's place in the order of names, as torchvision's `ImageFolder` counts, whether it holds a picture or
/// not; its pictures may lie in folders of their own. Images come class by class in turn, each in the order of file names, so that the
/// first n of them have classes in equal parts.
pub(crate) fn load(folder: &Path, reading: &Reading) -> Result<Option<Opened>, DataError> {
    let Listed { classes, entries, notes } = entries(folder)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let channels = reading.shape.channels;
    if channels != 1 && channels != 3 {
        let reason = format!(
            "pictures have one channel or three; the network reads {channels} (give its images as .npy or .safetensors)"
        );
        return Err(DataError::format(folder, reason));
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
            let pixels = Picture::load(&entry.path).and_then(|picture| {
                let fitted = reading.fitting.apply(&picture, reading.shape);
                fitted.map_err(|reason| DataError::format(&entry.path, reason))
            });
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
    Ok(Some(Opened { images, classes, skipped, notes }))
}

/// What lies in a folder.
struct Listed {
    /// The names of the classes, by number.
    classes: Vec<String>,
    entries: Vec<Entry>,
    /// What a user should know about the numbers.
    notes: Vec<String>,
}

fn entries(folder: &Path) -> Result<Listed, DataError> {
    let Files { subfolders, pictures, .. } = Files::of(folder)?;
    let (mut classes, mut by_class, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut files = Vec::new();
    for subfolder in &subfolders {
        let class = u16::try_from(classes.len())
            .map_err(|_| DataError::format(folder, format!("more than {} classes", u16::MAX)))?;
        let name = subfolder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (mut found, mut others) = (Vec::new(), Vec::new());
        collect(subfolder, 0, &mut found, &mut others)?;
        match others.first() {
            Some(first) => notes.push(format!(
                "class folder `{name}` (number {class}): {} files are not read, being no pictures of a kind that is; the first: {}",
                others.len(),
                first.display()
            )),
            None if found.is_empty() => {
                notes.push(format!("class folder `{name}` holds no pictures; it keeps its number, {class}"));
            }
            None => {}
        }
        classes.push(name);
        files.push(found.len());
        by_class.push(found.into_iter().map(move |path| Entry { path, class: Some(class) }));
    }
    if files.iter().all(|&files| files == 0) {
        let entries: Vec<Entry> = pictures.into_iter().map(|path| Entry { path, class: None }).collect();
        // Folders without pictures beside pictures are no classes.
        return Ok(Listed { classes: Vec::new(), entries, notes: Vec::new() });
    }
    if let Some(stray) = pictures.first() {
        let reason = "lies beside class folders; an image belongs into one of them, or all lie in one folder without classes";
        return Err(DataError::format(stray, reason));
    }
    notes.extend(numbers_as_text(&classes));
    let mut entries = Vec::new();
    loop {
        let before = entries.len();
        entries.extend(by_class.iter_mut().filter_map(Iterator::next));
        if entries.len() == before {
            return Ok(Listed { classes, entries, notes });
        }
    }
}

/// Says so, once, if folders named by numbers have other numbers than their names.
fn numbers_as_text(classes: &[String]) -> Option<String> {
    let is_other =
        |(number, name): (usize, &String)| name.parse::<usize>().is_ok_and(|named| named != number);
    let are_numbers = classes.iter().all(|name| name.parse::<usize>().is_ok());
    let (number, name) =
        classes.iter().enumerate().find(|&(number, name)| are_numbers && is_other((number, name)))?;
    Some(format!(
        "class folders are numbered in the order of their names as text, as torchvision does: `{name}` is class {number}; \
         name them with leading zeros (`007`) if their names are the numbers"
    ))
}

/// All pictures of a class, and the files that are none, folder by folder.
fn collect(
    folder: &Path,
    depth: usize,
    pictures: &mut Vec<PathBuf>,
    others: &mut Vec<PathBuf>,
) -> Result<(), DataError> {
    if depth > DEEPEST {
        let reason = format!("lies more than {DEEPEST} folders deep in a class's folder");
        return Err(DataError::format(folder, reason));
    }
    let files = Files::of(folder)?;
    pictures.extend(files.pictures);
    others.extend(files.others);
    files.subfolders.iter().try_for_each(|subfolder| collect(subfolder, depth + 1, pictures, others))
}

/// Subfolders, pictures and other files, each in the order of their names; what begins with a dot is left out.
struct Files {
    subfolders: Vec<PathBuf>,
    pictures: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

impl Files {
    fn of(folder: &Path) -> Result<Self, DataError> {
        let failed = DataError::read(folder);
        let (mut subfolders, mut pictures, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for entry in std::fs::read_dir(folder).map_err(&failed)? {
            let path = entry.map_err(&failed)?.path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            if hidden {
            } else if path.is_dir() {
                subfolders.push(path);
            } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
                pictures.push(path);
            } else {
                others.push(path);
            }
        }
        [&mut subfolders, &mut pictures, &mut others].into_iter().for_each(|paths| paths.sort());
        Ok(Self { subfolders, pictures, others })
    }
}
