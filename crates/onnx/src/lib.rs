//! Reads trained convolutional networks from ONNX files (<https://onnx.ai>, operator sets 6 and up) as PyTorch's and TensorFlow's
//! exporters write them, into the graph of the crate `float-network`. What exporters compute from constants alone is folded; layouts
//! with the channels last are turned; scales, shifts and pads become typed nodes. Already quantized networks keep their steps:
//! QuantizeLinear and DequantizeLinear, and QONNX's Quant and BipolarQuant (Pappalardo et al., "QONNX: Representing
//! Arbitrary-Precision Quantized Neural Networks", arXiv 2206.07527). What is not supported is told for all nodes at once.

mod array;
mod attributes;
mod error;
mod fold;
mod layout;
mod names;
mod operators;
mod pixel_range;
mod proto;
mod quantization;
mod tensor;
mod value;
mod walk;

pub use error::{ImportError, Problem};
pub use operators::supported_operators;
pub use walk::{ImportOptions, Imported, PixelRange, import, import_bytes};
