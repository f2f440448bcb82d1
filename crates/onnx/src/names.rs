//! Names for layers: what the network's author called them, as far as the exporter kept it.

use std::collections::{BTreeMap, BTreeSet};

use crate::proto::Node;

/// Hands out names that are unique, short and free of characters that files or shells would mind.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
    /// The number from which on one is looked for, by name: thousands of nodes may have none of their own.
    next: BTreeMap<String, u64>,
}

impl Names {
    /// A name for a node: its weights' name without the parameter's, or else the node's own path, or else its operator.
    pub fn name(&mut self, node: &Node, weights: Option<&str>) -> String {
        let from_weights = weights.and_then(|weights| weights.strip_suffix(".weight"));
        let from_weights = from_weights.filter(|name| !name.contains("::")).map(clean);
        if let Some(name) = from_weights.filter(|name| !name.is_empty()) {
            return self.unique(&name);
        }
        let (path, without_operator) = path_names(&node.name, &node.op_type);
        let short = without_operator.map(|name| clean(&name)).filter(|name| !name.is_empty());
        match short.filter(|name| !self.taken.contains(name)) {
            Some(short) => self.unique(&short),
            None => {
                let name = clean(&path);
                self.unique(if name.is_empty() { &node.op_type } else { &name })
            }
        }
    }

    /// The name, or the name with a number that nobody has yet.
    pub fn unique(&mut self, name: &str) -> String {
        if self.taken.insert(name.to_owned()) {
            return name.to_owned();
        }
        let number = self.next.entry(name.to_owned()).or_insert(2);
        loop {
            let candidate = format!("{name}_{number}");
            *number += 1;
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}

/// A path as one name, and the same without the operator that it ends with. PyTorch writes `/layer1/layer1.0/conv1/Conv` for
/// `layer1.0.conv1`; TensorFlow `model/conv1/Conv2D`.
fn path_names(path: &str, operator: &str) -> (String, Option<String>) {
    let (mut name, mut without) = (String::new(), None);
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let before = name.clone();
        name = match part.strip_prefix(name.as_str()) {
            Some(rest) if rest.starts_with('.') || name.is_empty() => part.into(),
            _ => format!("{name}.{part}"),
        };
        let is_operator = part.strip_prefix(operator).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('_') || rest.chars().all(|c| c.is_ascii_alphanumeric())
        });
        without = (is_operator && !before.is_empty()).then_some(before);
    }
    (name, without)
}

fn clean(name: &str) -> String {
    // Letters of every script are letters.
    let keep = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
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
        assert_eq!(names.name(&node("", "Relu"), None), "Relu");
        assert_eq!(names.name(&node("/pool/MaxPool", "MaxPool"), None), "pool");
        assert_eq!(names.name(&node("/layer1/layer1.0/conv1/Relu", "Relu"), None), "layer1.0.conv1.Relu");
        assert_eq!(names.name(&node("model/re lu:0", "Relu"), None), "model.re_lu_0");
        assert_eq!(names.name(&conv, Some("卷积.weight")), "卷积");
        assert_eq!(names.name(&node("", "Conv"), Some("___.weight")), "Conv");
        assert_eq!(names.name(&node("", "Conv"), Some("→.weight")), "Conv_2");
    }
}
