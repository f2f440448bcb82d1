//! Names for layers: what the network's author called them, as far as the exporter kept it.

use std::collections::BTreeSet;

use crate::proto::Node;

/// Hands out names that are unique, short and free of characters that files or shells would mind.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// A name for a node: its weights' name without the parameter's, or else the node's own path, or else its operator.
    pub fn name(&mut self, node: &Node, weights: Option<&str>) -> String {
        let from_weights = weights.and_then(|weights| weights.strip_suffix(".weight"));
        let from_weights = from_weights.filter(|name| !name.contains("::")).map(str::to_owned);
        let name = from_weights.unwrap_or_else(|| path_name(&node.name, &node.op_type));
        let name = clean(&name);
        if name.is_empty() { self.unique(&node.op_type.to_lowercase()) } else { self.unique(&name) }
    }

    /// The name, or the name with a number that nobody has yet.
    pub fn unique(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.taken.insert(candidate.clone()) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        candidate
    }
}

/// PyTorch writes `/layer1/layer1.0/conv1/Conv` for `layer1.0.conv1`; TensorFlow `model/conv1/Conv2D`.
fn path_name(path: &str, operator: &str) -> String {
    let mut name = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let is_operator =
            part == operator || part.strip_prefix(operator).is_some_and(|rest| rest.starts_with('_'));
        if is_operator && !name.is_empty() && matches!(operator, "Conv" | "Gemm" | "MatMul") {
            continue;
        }
        if name.is_empty() || part.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.')) {
            name = part.into();
        } else {
            name = format!("{name}.{part}");
        }
    }
    name
}

fn clean(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    name.chars().map(keep).collect::<String>().trim_matches(['.', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_author_wrote_and_unique() {
        let node = |name: &str, op_type: &str| Node {
            name: name.into(),
            op_type: op_type.into(),
            ..Node::default()
        };
        let mut names = Names::default();
        let conv = node("/layer1/layer1.0/conv1/Conv", "Conv");
        assert_eq!(names.name(&conv, Some("onnx::Conv_193")), "layer1.0.conv1");
        assert_eq!(names.name(&conv, Some("features.0.weight")), "features.0");
        assert_eq!(names.name(&conv, Some("features.0.weight")), "features.0_2");
        assert_eq!(names.name(&node("", "Relu"), None), "relu");
        assert_eq!(names.name(&node("model/re lu:0", "Relu"), None), "model.re_lu_0");
    }
}
