//! What keeps a model from being read.

use std::io;
use std::path::PathBuf;

use float_network::FloatGraphError;

use crate::operators::supported_operators;

/// A node that is not supported, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The node's name, or the name of its output if it has none.
    pub node: String,
    /// Its operator, with the domain if that is not ONNX's own.
    pub operator: String,
    /// What was found and what would be supported.
    pub reason: String,
}

/// Why a model cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The bytes are not an ONNX model.
    #[error("{}: not a whole ONNX model (truncated or corrupt): {reason}", path.display())]
    Format {
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The image's shape is not known, or not that of an image.
    #[error("{}: input `{input}` is {found}; expected [batch, channels, rows, columns], known but for the batch (name the image's shape with --input-shape 3x224x224)", path.display())]
    InputShape {
        path: PathBuf,
        /// The model's input.
        input: String,
        /// Its type.
        found: String,
    },
    /// The model has not one input and an output.
    #[error("{}: {}", path.display(), ports(*inputs, outputs, result.as_deref()))]
    Ports {
        path: PathBuf,
        /// Inputs that are not constants.
        inputs: usize,
        /// The names of its outputs.
        outputs: Vec<String>,
        /// The output that was asked for.
        result: Option<String>,
    },
    /// Nodes that are not supported, all of them.
    #[error("{}: {} of {nodes} nodes are not supported:{}\nSupported are: {}", path.display(), problems.len(), list(problems), supported_operators().join(", "))]
    Unsupported {
        path: PathBuf,
        /// Nodes of the model.
        nodes: usize,
        /// What is not supported.
        problems: Vec<Problem>,
    },
    /// What was read does not make a network.
    #[error("{}: {source}", path.display())]
    Graph {
        path: PathBuf,
        /// What is wrong.
        source: FloatGraphError,
    },
}

fn ports(inputs: usize, outputs: &[String], result: Option<&str>) -> String {
    match result.filter(|result| !outputs.iter().any(|output| output == result)) {
        Some(result) => {
            let outputs = outputs.iter().map(|output| format!("`{output}`")).collect::<Vec<_>>().join(", ");
            format!("no output `{result}`; there are: {outputs}")
        }
        None => format!(
            "{inputs} inputs and {} outputs that are not constants; expected one image and its logits",
            outputs.len()
        ),
    }
}

/// Nodes that are named in a message; more are counted.
const NAMED: usize = 6;

/// A line for each operator and reason, with the nodes.
fn list(problems: &[Problem]) -> String {
    let mut lines: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for Problem { node, operator, reason } in problems {
        match lines.iter_mut().find(|(o, r, _)| o == operator && r == reason) {
            Some((_, _, nodes)) => nodes.push(node),
            None => lines.push((operator, reason, vec![node])),
        }
    }
    let line = |(operator, reason, nodes): &(&str, &str, Vec<&str>)| {
        let named = nodes.iter().take(NAMED).map(|node| format!("`{node}`")).collect::<Vec<_>>().join(", ");
        let more = match nodes.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("\n  {operator}: {reason}: {named}{more}")
    };
    lines.iter().map(line).collect()
}
