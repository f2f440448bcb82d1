//! Images as a user names them.

use std::io::Write;
use std::path::Path;

use clap::Args;
use data_sets::{BrokenFiles, Fitting, Reading};
use network::{DataSet, ImageSet};
use studies::images::{ImageSource, Images, image_set};
use studies::loaded::LoadedNetwork;
use workspace::{Failure, Inputs, WorkspaceError};

/// Which images, and how they are brought to the network's shape.
#[derive(Debug, Clone, Args)]
pub struct ImageArguments {
    /// Images: `golden`, `fashion-mnist`, or a path: a folder of class subfolders with pictures (JPEG, PNG, WebP, BMP, TIFF), a
    /// folder with Fashion-MNIST's or CIFAR-10's files, an IDX, `.npy`, CIFAR-10 `.bin`, or safetensors file with `images` U8 [n, c, h, w]
    #[arg(long, value_name = "SET", default_value = "golden")]
    images: String,
    /// How many images, from the first on; all if left out. Of a folder with classes, the classes take turns
    #[arg(long)]
    count: Option<usize>,
    /// Pictures: pixels of the shorter side before the middle is cut out, up to 16384; 8/7 of the network's image if left out,
    /// and pictures of the image's extents as they are
    #[arg(long, value_name = "PIXELS", conflicts_with = "stretch", value_parser = side)]
    shorter_side: Option<usize>,
    /// Pictures: scale both sides to the network's image instead of cutting the middle out
    #[arg(long)]
    stretch: bool,
    /// Pictures: leave out those that cannot be read, and name them, instead of stopping
    #[arg(long)]
    skip_broken: bool,
}

impl ImageArguments {
    /// The images, not yet fitted to the network's input where they have a shape of their own.
    ///
    /// # Errors
    /// If they are not there, damaged, or fewer than asked for.
    pub fn load(&self, inputs: &Inputs<'_>, network: &LoadedNetwork) -> Result<ImageSet, Failure> {
        let set = match self.images.as_str() {
            "golden" => of_workspace(inputs, network, ImageSource::Golden)?,
            "fashion-mnist" => of_workspace(inputs, network, ImageSource::FashionMnist)?,
            path => self.open(Path::new(path), network.network.input().shape())?,
        };
        set.check_labels(network.network.classes())?;
        self.chosen(&set)
    }

    /// The images for a network that is not one of the workspace yet.
    ///
    /// # Errors
    /// If they are not there, damaged, or fewer than asked for; such a network has no golden inputs.
    pub fn load_for(&self, inputs: &Inputs<'_>, shape: network::Shape) -> Result<ImageSet, Failure> {
        let set = match self.images.as_str() {
            "golden" => {
                let message =
                    "this network has no golden inputs; name images with --images, for example fashion-mnist";
                return Err(WorkspaceError::argument(message).into());
            }
            "fashion-mnist" => {
                data_sets::load(DataSet::FashionMnist, &inputs.workspace().input("data", "fashion-mnist"))?
            }
            path => self.open(Path::new(path), shape)?,
        };
        self.chosen(&set)
    }

    /// As many of them as are asked for.
    fn chosen(&self, set: &ImageSet) -> Result<ImageSet, Failure> {
        if set.is_empty() || self.count == Some(0) {
            return Err(WorkspaceError::argument("there are no images: at least one is needed").into());
        }
        Ok(set.first(self.count.unwrap_or(set.len()))?)
    }

    /// The images of a path.
    ///
    /// # Errors
    /// If they are not there or damaged.
    pub fn open(&self, path: &Path, shape: network::Shape) -> Result<ImageSet, Failure> {
        let reading = Reading {
            shape,
            fitting: match self.stretch {
                true => Fitting::Stretch,
                false => Fitting::Crop { shorter_side: self.shorter_side },
            },
            broken: if self.skip_broken { BrokenFiles::Skip } else { BrokenFiles::Refuse },
            limit: self.count.unwrap_or(usize::MAX),
        };
        let opened = data_sets::open(path, &reading)?;
        for note in &opened.notes {
            let _ = writeln!(std::io::stderr(), "note: {note}");
        }
        for skipped in &opened.skipped {
            let _ = writeln!(std::io::stderr(), "warning: left out: {}", skipped.reason);
        }
        Ok(opened.images)
    }
}

/// Every image of a set that the workspace carries, as it is.
fn of_workspace(inputs: &Inputs<'_>, network: &LoadedNetwork, set: ImageSource) -> Result<ImageSet, Failure> {
    Ok(image_set(inputs, network, &Images::of(set, usize::MAX))?.set.clone())
}

/// Pixels of a picture's side.
fn side(text: &str) -> Result<usize, String> {
    let pixels = text.parse::<usize>().ok().filter(|pixels| (1..=1 << 14).contains(pixels));
    pixels.ok_or_else(|| "expected 1 to 16384 pixels".to_owned())
}
