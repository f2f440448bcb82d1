//! The text of a network file, written as a person would.

use std::fmt::Write;

use float_network::{FloatNetwork, Window};

use crate::plan::{Activation, Kind, Plan, Source, Step};

/// A line by which a file that was made can be told from one that a person wrote.
const MADE: &str = "# Made by quantization of a float network; made again, it is replaced.";

/// A network file: its layers, and what is said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkFile {
    name: String,
    input: String,
    bits: u32,
    sparsity: f64,
    layers: Vec<String>,
}

impl NetworkFile {
    pub(crate) fn new(network: &FloatNetwork, plan: &Plan, zeros: &[u16], bits: u32, sparsity: f64) -> Self {
        let shape = network.input();
        let mut input =
            format!("channels: {}, height: {}, width: {}", shape.channels, shape.height, shape.width);
        if let Some(&first) = zeros.first().filter(|_| zeros.iter().any(|&zero| zero != 0)) {
            let same = zeros.iter().all(|&zero| zero == first);
            let _ = if same { write!(input, ", zero: {first}") } else { write!(input, ", zero: {zeros:?}") };
        }
        let layers = plan.steps.iter().enumerate().map(|(place, step)| layer(plan, place, step)).collect();
        Self { name: network.name().into(), input, bits, sparsity, layers }
    }

    /// The file's text for a network called `name`, with a title, a checkpoint beside it, and further fields as YAML.
    pub fn text(&self, name: &str, title: &str, checkpoint: &str, more: &str) -> String {
        let Self { input, bits, sparsity, .. } = self;
        let (name, title, checkpoint) = (scalar(name), scalar(title), scalar(checkpoint));
        let layers: String = self.layers.iter().map(|layer| format!("  - {layer}\n")).collect();
        format!(
            "# yaml-language-server: $schema=../schemas/network.json\n{MADE}\nname: {name}\ntitle: {title}\ncheckpoint: {checkpoint}\n\
             input: {{{input}}}\nactivation_bits: {bits}\nsparsity: {sparsity:.4}\nlayers:\n{layers}{more}"
        )
    }

    /// Whether a file's text was made here, so that nothing is lost if it is replaced.
    pub fn is_made(text: &str) -> bool {
        text.lines().any(|line| line == MADE)
    }

    /// Bits of the activations.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The share of all weights that are 0.
    pub fn sparsity(&self) -> f64 {
        self.sparsity
    }

    /// The float network's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A word as YAML: quoted where it could be something else.
pub(crate) fn scalar(text: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ' ' | '(' | ')');
    let starts_plainly = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_word =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if starts_plainly && text.chars().all(is_plain) && !text.ends_with(' ') && !is_word {
        return text.into();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn layer(plan: &Plan, place: usize, step: &Step) -> String {
    let is_first = place == 0;
    let before = if is_first { Source::Image } else { Source::Step(place - 1) };
    let named = |source: Source| match source {
        Source::Image => "input".to_owned(),
        Source::Step(place) => scalar(&plan.steps[place].name),
    };
    let mut fields = vec![format!("name: {}", scalar(&step.name))];
    let source = step.sources.first().copied().unwrap_or(Source::Image);
    let reads_many = matches!(step.kind, Kind::Add | Kind::Concat | Kind::Multiply);
    if reads_many {
        let names: Vec<String> = step.sources.iter().map(|&source| named(source)).collect();
        fields.push(format!("of: [{}]", names.join(", ")));
    } else if source != before {
        fields.push(format!("from: {}", named(source)));
    }
    let kind = match &step.kind {
        Kind::Linear { layer, is_fully_connected, .. } => {
            fields.push(format!("outputs: {}", step.channels));
            if !is_fully_connected {
                window(&mut fields, layer.window(), false);
                if layer.groups() != 1 {
                    fields.push(format!("groups: {}", layer.groups()));
                }
            }
            if step.activation == Activation::Accumulators {
                fields.push("activation: none".into());
            }
            if *is_fully_connected { "fully_connected" } else { "convolution" }
        }
        Kind::Add => "add",
        Kind::Rescale { .. } => "rescale",
        Kind::MaxPool(pool) => {
            window(&mut fields, *pool, true);
            "max_pool"
        }
        Kind::SumPool { window: pool, counts_padding } => {
            if let Some(pool) = pool {
                window(&mut fields, *pool, true);
            }
            if !counts_padding {
                fields.push("counts_padding: false".into());
            }
            "sum_pool"
        }
        Kind::Concat => "concat",
        Kind::Flatten => "flatten",
        Kind::Pick(channels) => {
            fields.push(format!("channels: {channels:?}"));
            "pick"
        }
        Kind::Table(_) => "table",
        Kind::Multiply => "multiply",
    };
    if let Some(bits) = step.bits {
        fields.push(format!("bits: {bits}"));
    }
    format!("{kind}: {{{}}}", fields.join(", "))
}

/// A window's fields, without those that are as if nothing were said; a pool's stride is always said.
fn window(fields: &mut Vec<String>, window: Window, is_pool: bool) {
    let pair = |[rows, columns]: [usize; 2]| {
        if rows == columns { rows.to_string() } else { format!("[{rows}, {columns}]") }
    };
    fields.push(format!("kernel: {}", pair(window.kernel())));
    if is_pool || window.stride() != [1, 1] {
        fields.push(format!("stride: {}", pair(window.stride())));
    }
    if window.dilation() != [1, 1] {
        fields.push(format!("dilation: {}", pair(window.dilation())));
    }
    let padding = window.padding();
    if padding != [0; 4] {
        let same = padding.iter().all(|&side| side == padding[0]);
        fields.push(if same { format!("padding: {}", padding[0]) } else { format!("padding: {padding:?}") });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_could_be_something_else_are_quoted() {
        for (text, expected) in [
            ("layer1.0.conv1", "layer1.0.conv1"),
            ("0.5", "\"0.5\""),
            ("no", "\"no\""),
            ("a: b", "\"a: b\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }
}
