//! Trained networks in floating point, before they are quantized: a typed graph whose shapes are checked when it is built, the
//! inference that calibration needs, and the file that keeps it. Values are single precision; one image's value is a map of
//! channels, height and width. Sums are taken in one fixed order and never fused, so that results do not depend on the
//! number of threads nor on the processor. This crate knows no hardware and no quantization, but for the
//! [`Operation::Quantize`] that an already quantized network brings along.

mod convolution;
mod file;
mod function;
mod graph;
mod inference;
mod map;
mod matrix;
mod operation;
mod pixels;
mod pooling;
mod window;

pub use file::{FloatFileError, SavedNetwork};
pub use function::Function;
pub use graph::{FloatGraphError, FloatNetwork, FloatNetworkBuilder, Node, NodeId};
pub use inference::{InferenceError, evaluate_node};
pub use map::FloatMap;
pub use operation::{BatchNorm, Convolution, FullyConnected, Operation, ParameterError, Pool, Quantization};
pub use pixels::{PixelScale, PixelScaleError};
pub use window::{Window, WindowError};
