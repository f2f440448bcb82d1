//! The text of a network file, written as a person would.

use float_network::{FloatNetwork, Window};
use yaml::Tree;

use crate::plan::{Activation, Kind, Plan, Source, Step};

/// A line by which a file that was made can be told from one that a person wrote.
const MADE: &str = "# Made by quantization of a float network; made again, it is replaced.";

/// A network file: its layers, and what is said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkFile {
    name: String,
    input: Tree,
    bits: u32,
    sparsity: f64,
    layers: Vec<Tree>,
}

impl NetworkFile {
    pub(crate) fn new(network: &FloatNetwork, plan: &Plan, zeros: &[u16], bits: u32, sparsity: f64) -> Self {
        let shape = network.input();
        let mut input = vec![
            ("channels", Tree::plain(shape.channels)),
            ("height", Tree::plain(shape.height)),
            ("width", Tree::plain(shape.width)),
        ];
        if zeros.iter().any(|&zero| zero != 0) {
            input.push(("zero", one_or_each(zeros)));
        }
        let layers = plan.steps.iter().enumerate().map(|(place, step)| layer(plan, place, step)).collect();
        Self { name: network.name().into(), input: Tree::Fields(input), bits, sparsity, layers }
    }

    /// The file's text for a network called `name`, with a title, a checkpoint beside it, and further fields as YAML.
    pub fn text(&self, name: &str, title: &str, checkpoint: &str, more: &str) -> String {
        self.text_with(name, title, vec![("checkpoint", Tree::text(checkpoint))], more)
    }

    /// The same with the digest of the checkpoint, which then has to be that one.
    pub fn tied_text(&self, name: &str, title: &str, checkpoint: (&str, &str), more: &str) -> String {
        let (file, digest) = checkpoint;
        let tie = vec![("checkpoint", Tree::text(file)), ("checkpoint_digest", Tree::text(digest))];
        self.text_with(name, title, tie, more)
    }

    fn text_with(
        &self,
        name: &str,
        title: &str,
        checkpoint: Vec<(&'static str, Tree)>,
        more: &str,
    ) -> String {
        let head = vec![("name", Tree::text(name)), ("title", Tree::text(title))];
        let body = vec![
            ("input", self.input.clone()),
            ("activation_bits", Tree::plain(self.bits)),
            ("sparsity", Tree::Plain(format!("{:.4}", self.sparsity))),
            ("layers", Tree::List(self.layers.clone())),
        ];
        let fields = Tree::Fields([head, checkpoint, body].concat());
        format!("# yaml-language-server: $schema=../schemas/network.json\n{MADE}\n{fields}{more}")
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

/// One value if all are the same, or all of them.
fn one_or_each<T: std::fmt::Display + PartialEq>(values: &[T]) -> Tree {
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => Tree::plain(first),
        _ => Tree::numbers(values),
    }
}

fn layer(plan: &Plan, place: usize, step: &Step) -> Tree {
    let is_first = place == 0;
    let before = if is_first { Source::Image } else { Source::Step(place - 1) };
    let named = |source: Source| match source {
        Source::Image => Tree::text("input"),
        Source::Step(place) => Tree::text(&plan.steps[place].name),
    };
    let mut fields = vec![("name", Tree::text(&step.name))];
    let source = step.sources.first().copied().unwrap_or(Source::Image);
    let reads_many = matches!(step.kind, Kind::Add | Kind::Concat | Kind::Multiply);
    if reads_many {
        fields.push(("of", Tree::List(step.sources.iter().map(|&source| named(source)).collect())));
    } else if source != before {
        fields.push(("from", named(source)));
    }
    let kind = match &step.kind {
        Kind::Linear { layer, is_fully_connected, .. } => {
            fields.push(("outputs", Tree::plain(step.channels)));
            if !is_fully_connected {
                window(&mut fields, layer.window(), false);
                if layer.groups() != 1 {
                    fields.push(("groups", Tree::plain(layer.groups())));
                }
            }
            if step.activation == Activation::Accumulators {
                fields.push(("activation", Tree::text("none")));
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
                fields.push(("counts_padding", Tree::plain(false)));
            }
            "sum_pool"
        }
        Kind::Concat => "concat",
        Kind::Flatten => "flatten",
        Kind::Pick(channels) => {
            fields.push(("channels", Tree::numbers(channels)));
            "pick"
        }
        Kind::Table(_) => "table",
        Kind::Multiply => "multiply",
    };
    if let Some(bits) = step.bits {
        fields.push(("bits", Tree::plain(bits)));
    }
    Tree::Fields(vec![(kind, Tree::Fields(fields))])
}

/// A window's fields, without those that are as if nothing were said; a pool's stride is always said.
fn window(fields: &mut Vec<(&'static str, Tree)>, window: Window, is_pool: bool) {
    fields.push(("kernel", one_or_each(&window.kernel())));
    if is_pool || window.stride() != [1, 1] {
        fields.push(("stride", one_or_each(&window.stride())));
    }
    if window.dilation() != [1, 1] {
        fields.push(("dilation", one_or_each(&window.dilation())));
    }
    let padding = window.padding();
    if padding != [0; 4] {
        fields.push(("padding", one_or_each(&padding)));
    }
}
