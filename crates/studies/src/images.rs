//! Images, and the sets that they come from.

use std::sync::Arc;

use data_sets::Reading;
use network::{DataSet, FeatureMap, ImageSet};
use schemars::JsonSchema;
use serde::Deserialize;
use workspace::{Checks, Failure, Inputs, digest, users_input};
use yaml::{FieldPath, Node, Scalar, Value};

use crate::error::StudyError;
use crate::loaded::{LoadedNetwork, network};
use crate::names::NetworkName;

/// Where images come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// The set.
    pub set: ImageSource,
    /// Whose golden inputs, where the network has none of its own.
    #[schemars(with = "Option<NetworkName>")]
    pub of: Option<String>,
    /// How many, from the first on.
    #[schemars(range(min = 1))]
    pub count: usize,
}

names::names! {
    /// The image sets of the workspace.
    #[derive(Hash)]
    pub enum ImageSource: "a set of images" {
        /// The inputs of the network's golden vectors.
        Golden = "golden",
        /// Fashion-MNIST's test images.
        FashionMnist = "fashion-mnist",
        /// CIFAR-10's test images, from a folder that the user names: they may not be carried here.
        Cifar10 = "cifar10",
        /// Images of the user's own, from the folder or file that `--data own=PATH` names.
        Own = "own",
    }
}

/// CIFAR-10, as its user names it: the folder of its binary version, or of the file `cifar10-jpeg-test-2000.safetensors`.
const CIFAR10: &str = "cifar10";
/// Anything that the commands read by `--images PATH`.
const OWN: &str = "own";
/// Data that may not be carried in the repository, by name.
pub const USERS_DATA: [&str; 2] = [CIFAR10, OWN];

impl ImageSource {
    /// The name of the data that the user has to bring, if it is such.
    pub const fn users_data(self) -> Option<&'static str> {
        match self {
            Self::Golden | Self::FashionMnist => None,
            Self::Cifar10 => Some(CIFAR10),
            Self::Own => Some(OWN),
        }
    }
}

impl Images {
    /// So many of a set that the workspace carries.
    pub fn of(set: ImageSource, count: usize) -> Self {
        Self { set, of: None, count }
    }

    /// At most so many of them.
    pub fn at_most(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// Checks the images of a network, which stand in the field `images` of what stands at a path.
    pub fn check(&self, path: &FieldPath, network: &str, checks: &mut Checks<'_>) {
        let path = path.field("images");
        if self.of.is_some() && self.set != ImageSource::Golden {
            let message = "names whose golden inputs to take; it goes with `set: golden` only";
            checks.report(&path.field("of"), message);
        }
        if self.set == ImageSource::Golden
            && let Some(lack) = lack_of_golden_images(self.of.as_deref().unwrap_or(network), checks)
        {
            checks.note(&path, &lack);
        }
    }
}

/// Why the golden images of a network cannot be had, if they cannot.
fn lack_of_golden_images(network: &str, checks: &Checks<'_>) -> Option<String> {
    let networks = checks.catalog()?.folder().join("networks");
    let text = files::read_text(&networks.join(format!("{network}.yaml"))).ok()?;
    let description = Node::parse(&text).ok()?;
    let golden = match description.field("golden").map(|node| &node.value) {
        Some(Value::Scalar(Scalar::Text(file))) => Some(file.as_str()),
        _ => None,
    };
    match golden {
        None => Some(format!(
            "network `{network}` has no golden images; name with `of` a network that has, or another set"
        )),
        Some(file) if !networks.join(file).is_file() => {
            Some(format!("the golden images of network `{network}` are not there: `{file}`"))
        }
        Some(_) => None,
    }
}

/// A set of images.
#[derive(Debug)]
pub struct LoadedImages {
    /// The images, as they are.
    pub set: ImageSet,
    /// BLAKE3 of all pixels and labels.
    digest: String,
}

impl LoadedImages {
    /// What a result depends on that is made from the first of them, in one line.
    pub fn ingredient(&self, count: usize) -> String {
        format!("{} images of {} {}", count.min(self.set.len()), self.set.shape(), self.digest)
    }
}

/// The images of an experiment, fitted to a network.
///
/// # Errors
/// If they are not there, or fewer than asked for.
pub fn fitted_images(
    inputs: &Inputs<'_>,
    network: &LoadedNetwork,
    images: &Images,
) -> Result<ImageSet, Failure> {
    let set = image_set(inputs, network, images)?;
    Ok(set.set.first(images.count)?.fitted_to(network.network.input().shape())?)
}

/// A network with the images of an experiment, which need to have labels.
pub struct Labelled {
    /// The network.
    pub loaded: Arc<LoadedNetwork>,
    pub images: Vec<FeatureMap>,
    /// The class of each.
    pub labels: Vec<u16>,
}

/// A network with images whose classes are known, fitted to it.
///
/// # Errors
/// If they are not there, fewer than asked for, or without labels.
pub fn labelled(inputs: &Inputs<'_>, name: &str, images: &Images) -> Result<Labelled, Failure> {
    let loaded = network(inputs, name)?;
    let set = fitted_images(inputs, &loaded, images)?;
    let labels = set.labels().ok_or_else(|| StudyError::NoLabels(set.name().to_owned()))?.to_vec();
    Ok(Labelled { loaded, images: set.feature_maps(), labels })
}

/// A whole image set, as it is; of one's own images as many as are asked for.
///
/// # Errors
/// If it is not there.
pub fn image_set(
    inputs: &Inputs<'_>,
    of: &LoadedNetwork,
    images: &Images,
) -> Result<Arc<LoadedImages>, Failure> {
    let other = images.of.as_ref().map(|name| network(inputs, name)).transpose()?;
    let description = other.as_ref().map_or(&of.description, |other| &other.description);
    let shape = of.network.input().shape();
    let name = match images.set {
        ImageSource::Golden => format!("golden of {}", description.name),
        ImageSource::FashionMnist | ImageSource::Cifar10 => images.set.name().to_owned(),
        ImageSource::Own => format!("own, {shape}, {}", images.count),
    };
    inputs.load(&name, |reading| {
        let workspace = inputs.workspace();
        let set = match images.set {
            ImageSource::Golden => {
                let golden = description.golden.as_ref();
                let golden = golden.ok_or_else(|| StudyError::NoGolden(description.name.clone()))?;
                let path = workspace.input("networks", &golden.to_string_lossy());
                let set = ImageSet::from_golden(&path)?;
                reading.note(&path)?;
                set
            }
            ImageSource::FashionMnist => {
                let folder = workspace.input("data", images.set.name());
                let set = data_sets::load(DataSet::FashionMnist, &folder)?;
                for file in data_sets::fashion_mnist_files(&folder)? {
                    reading.note(&file)?;
                }
                set
            }
            ImageSource::Cifar10 => {
                let set = data_sets::load(DataSet::Cifar10, reading.users_data(CIFAR10)?)?;
                reading.note_as(users_input(set.name()), digest_of(&set));
                set
            }
            ImageSource::Own => {
                let path = reading.users_data(OWN)?;
                let (fitting, broken) = Default::default();
                let set =
                    data_sets::open(path, &Reading { shape, fitting, broken, limit: images.count })?.images;
                reading.note_as(users_input(set.name()), digest_of(&set));
                set
            }
        };
        let digest = digest_of(&set);
        Ok(LoadedImages { set, digest })
    })
}

/// BLAKE3 of pixels and labels.
fn digest_of(set: &ImageSet) -> String {
    let mut bytes = Vec::new();
    (0..set.len()).filter_map(|image| set.pixels(image)).for_each(|pixels| bytes.extend_from_slice(pixels));
    set.labels().into_iter().flatten().for_each(|label| bytes.extend(label.to_le_bytes()));
    digest(&bytes)
}
