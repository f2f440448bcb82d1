//! Images, and the sets that they come from.

use schemars::JsonSchema;
use serde::Deserialize;

use super::names::NetworkName;

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

/// The image sets of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSource {
    /// The inputs of the network's golden vectors.
    Golden,
    /// Fashion-MNIST's test images.
    FashionMnist,
    /// CIFAR-10's test images, from a folder that the user names: they may not be carried here.
    Cifar10,
    /// Images of the user's own, from the folder or file that `--data own=PATH` names.
    Own,
}

impl ImageSource {
    /// Its name in a manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Golden => "golden",
            Self::FashionMnist => "fashion-mnist",
            Self::Cifar10 => "cifar10",
            Self::Own => "own",
        }
    }

    /// The name of the data that the user has to bring, if it is such.
    pub const fn users_data(self) -> Option<UsersData> {
        match self {
            Self::Golden | Self::FashionMnist => None,
            Self::Cifar10 => Some(UsersData::Cifar10),
            Self::Own => Some(UsersData::Own),
        }
    }
}

/// Data that may not be carried in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum UsersData {
    /// CIFAR-10: the folder of its binary version, or of the file `cifar10-jpeg-test-2000.safetensors`.
    Cifar10,
    /// Anything that the commands read by `--images PATH`.
    Own,
}

impl UsersData {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
            Self::Own => "own",
        }
    }
}
