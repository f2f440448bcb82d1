//! Descriptions and checkpoints that do not make a network.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a panic is a failure that is told")]

use std::path::Path;

use network::{Checkpoint, Network, NetworkDescription, Tensor};

const DESCRIPTION: &str = "\
name: small
title: Small
checkpoint: small.safetensors.zst
input: {channels: 1, height: 4, width: 4}
activation_bits: 4
sparsity: 0.5
data_set: fashion-mnist
layers:
  - convolution: {name: conv1, outputs: 2, kernel: 3, padding: 1}
  - max_pool: {kernel: 2, stride: 2}
  - fully_connected: {name: fc1, outputs: 3}
";

fn description(text: &str) -> NetworkDescription {
    NetworkDescription::parse(text, Path::new("small.yaml")).unwrap()
}

fn f32s(values: &[f32]) -> Tensor {
    Tensor::new(vec![values.len()], values.to_vec()).unwrap()
}

fn layer(checkpoint: &mut Checkpoint, name: &str, shape: &[usize], step: Option<f32>) {
    let outputs = shape[0];
    let weights = vec![1_i8; shape.iter().product()];
    checkpoint.insert(format!("{name}.weight"), Tensor::new(shape.to_vec(), weights).unwrap());
    for (parameter, value) in
        [("alpha", 0.5), ("bn.gamma", 1.0), ("bn.beta", 0.0), ("bn.mean", 0.0), ("bn.var", 1.0)]
    {
        checkpoint.insert(format!("{name}.{parameter}"), f32s(&vec![value; outputs]));
    }
    if let Some(step) = step {
        checkpoint.insert(format!("{name}.act.step"), f32s(&[step]));
    }
}

fn checkpoint() -> Checkpoint {
    let mut checkpoint = Checkpoint::new("small.safetensors.zst");
    layer(&mut checkpoint, "conv1", &[2, 1, 3, 3], Some(0.1));
    layer(&mut checkpoint, "fc1", &[3, 8], None);
    checkpoint
}

fn refused(text: &str, change: impl FnOnce(&mut Checkpoint)) -> String {
    let mut checkpoint = checkpoint();
    change(&mut checkpoint);
    Network::assemble(&description(text), &checkpoint).unwrap_err().to_string()
}

#[test]
fn a_fitting_pair_makes_a_network_with_its_layers_in_order() {
    let network = Network::assemble(&description(DESCRIPTION), &checkpoint()).unwrap();
    let layers: Vec<_> =
        network.linear_layers().map(|(_, layer)| (layer.name(), layer.input_bits())).collect();
    assert_eq!(layers, [("conv1", 8), ("fc1", 4)]);
    assert_eq!(network.classes(), 3);
}

#[test]
fn names_that_are_made_up_give_way_to_those_that_layers_were_given() {
    let text = DESCRIPTION
        .replace("max_pool: {kernel", "max_pool: {name: conv1.act, kernel")
        .replace("  - fully", "  - flatten: {name: conv1.act.flat, from: conv1.act}\n  - fully");
    let text = text.replace("fc1, outputs", "fc1, from: conv1.act, outputs").replace(
        "outputs: 3}\n",
        "outputs: 8}\n  - add: {name: both, of: [fc1, conv1.act.flat]}\n  - fully_connected: {name: last, outputs: 2}\n",
    );
    let mut checkpoint = Checkpoint::new("small.safetensors.zst");
    layer(&mut checkpoint, "conv1", &[2, 1, 3, 3], Some(0.1));
    layer(&mut checkpoint, "fc1", &[8, 8], Some(0.1));
    layer(&mut checkpoint, "last", &[2, 8], None);
    checkpoint.insert("both.act.step", f32s(&[0.2]));
    let network = Network::assemble(&description(&text), &checkpoint).unwrap();
    let names: Vec<&str> = network
        .nodes()
        .filter_map(|node| match node {
            network::Node::Activation(_, activation) => Some(activation.name()),
            network::Node::Linear(..) => None,
        })
        .collect();
    let expected = ["conv1.act_2", "conv1.act", "conv1.act.flat", "conv1.act.flat_2", "fc1.act", "both.act"];
    assert_eq!(names, expected);
}

#[test]
fn bounds_of_an_activation_are_read_and_those_out_of_order_or_of_range_refused() {
    let bound = |parameter: &str, value: i32| {
        let name = format!("conv1.act.{parameter}");
        move |checkpoint: &mut Checkpoint| {
            checkpoint.insert(name, Tensor::new(vec![1], vec![value]).unwrap());
        }
    };
    let mut bounded = checkpoint();
    bound("low", 3)(&mut bounded);
    bound("high", 9)(&mut bounded);
    let network = Network::assemble(&description(DESCRIPTION), &bounded).unwrap();
    let bounds = network.activation_named("conv1.act").unwrap().1.bounds();
    assert_eq!((bounds.low(), bounds.high()), (3, 9));
    assert!(refused(DESCRIPTION, bound("high", 16)).contains("`conv1.act.high` is 16; expected 0 to 15"));
    let both = |checkpoint: &mut Checkpoint| {
        bound("low", 9)(checkpoint);
        bound("high", 3)(checkpoint);
    };
    let error = refused(DESCRIPTION, both);
    assert!(
        error.contains("layer `conv1`: `act.low` is 9 and `act.high` 3; expected them in order"),
        "{error}"
    );
}

#[test]
fn a_step_divisor_makes_finer_steps_of_the_same_range() {
    let fine = DESCRIPTION.replace("activation_bits: 4", "activation_bits: 8\nstep_divisor: 17");
    let fine = Network::assemble(&description(&fine), &checkpoint()).unwrap();
    let coarse = Network::assemble(&description(DESCRIPTION), &checkpoint()).unwrap();
    let multipliers = |network: &Network| match network.activation_named("conv1.act").unwrap().1.operation() {
        network::Operation::Requantize { addends, .. } => match &addends[0] {
            network::Addend::Accumulators { multipliers, .. } => multipliers[0],
            network::Addend::Activations { .. } => panic!("conv1 has no shortcut"),
        },
        other => panic!("conv1.act is {other:?}"),
    };
    assert!((multipliers(&fine) - 17 * multipliers(&coarse)).abs() <= 9);
    assert_eq!(fine.activation_named("conv1.act").unwrap().1.maximum(), 255);
}

#[test]
fn a_tensor_of_another_shape_is_told_with_both_shapes() {
    let wide = DESCRIPTION.replace("outputs: 2", "outputs: 4");
    assert_eq!(
        refused(&wide, |_| {}),
        "small.safetensors.zst: tensor `conv1.weight` is of shape [2, 1, 3, 3]; expected [4, 1, 3, 3]"
    );
    let unpooled = DESCRIPTION.replace("  - max_pool: {kernel: 2, stride: 2}\n", "");
    assert!(refused(&unpooled, |_| {}).contains("`fc1.weight` is of shape [3, 8]; expected [3, 32]"));
}

#[test]
fn a_layer_without_weights_and_weights_without_a_layer_are_told() {
    let renamed = DESCRIPTION.replace("fc1", "fc9");
    assert!(refused(&renamed, |_| {}).contains("no tensor `fc9.weight`, which should be of type I8"));
    let extra = refused(DESCRIPTION, |checkpoint| layer(checkpoint, "conv2", &[1, 1, 1, 1], None));
    assert!(extra.contains("tensor `conv2.weight` belongs to no layer of network `small`"), "{extra}");
}

#[test]
fn parameters_that_cannot_be_folded_are_told_with_their_place() {
    for (tensor, values, words) in [
        ("conv1.bn.mean", vec![0.0, f32::NAN], "`conv1.bn.mean`: value 1 is NaN; expected a finite number"),
        (
            "fc1.bn.var",
            vec![1.0, -1.0, 1.0],
            "`fc1.bn.var`: value 1 is -1; expected a finite number of at least 0",
        ),
        ("conv1.act.step", vec![0.0], "`conv1.act.step`: value 0 is 0; expected a finite number above 0"),
        ("fc1.alpha", vec![0.0, 0.0, 1e30], "layer `fc1`: channel 2 folds to"),
        ("conv1.bn.gamma", vec![2e10, 0.0], "layer `conv1.act`: the sum of channel 0 can leave 64 bits"),
    ] {
        let error = refused(DESCRIPTION, |checkpoint| checkpoint.insert(tensor, f32s(&values)));
        assert!(error.contains(words), "{error}");
    }
    let error = refused(DESCRIPTION, |checkpoint| {
        let values = vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0_i8];
        checkpoint.insert("conv1.weight", Tensor::new(vec![2, 1, 3, 3], values).unwrap());
    });
    assert!(error.contains("tensor `conv1.weight`: weight 2 at index 10 is not -1, 0 or 1"), "{error}");
}

#[test]
fn layers_that_do_not_fit_each_other_are_told_by_name() {
    let pool = DESCRIPTION.replace("kernel: 2, stride: 2", "kernel: 5, stride: 1");
    assert!(refused(&pool, |_| {}).contains("network `small`: layer `conv1.pool`: the window does not fit"));
    let padded = DESCRIPTION.replace("kernel: 3, padding: 1", "kernel: 3, padding: 3");
    assert!(refused(&padded, |_| {}).contains("layer `conv1`: padding 3 must be smaller than the kernel"));
    let ends_in_a_pool = DESCRIPTION.replace("  - fully_connected: {name: fc1, outputs: 3}\n", "");
    assert!(
        refused(&ends_in_a_pool, |_| {}).contains("the last layer must be a convolution or fully connected")
    );
}

#[test]
fn a_zero_that_no_activation_reaches_is_told() {
    let zero = |zero: i32| {
        move |checkpoint: &mut Checkpoint| {
            checkpoint.insert("conv1.act.zero", Tensor::new(vec![1], vec![zero]).unwrap());
        }
    };
    for found in [-1, 16] {
        assert_eq!(
            refused(DESCRIPTION, zero(found)),
            format!("small.safetensors.zst: tensor `conv1.act.zero` is {found}; expected 0 to 15")
        );
    }
    // Finer steps take as many more of them: 17 times 16 is beyond 255.
    let fine = DESCRIPTION.replace("activation_bits: 4", "activation_bits: 8\nstep_divisor: 17");
    assert!(refused(&fine, zero(16)).contains("`conv1.act.zero` is 272; expected 0 to 255"));
}

#[test]
fn layers_of_different_steps_are_not_put_together() {
    let text = DESCRIPTION.replace(
        "  - max_pool",
        "  - convolution: {name: conv2, from: input, outputs: 2, kernel: 3, padding: 1}\n  \
           - concat: {name: both, of: [conv1, conv2]}\n  - max_pool",
    );
    let error = refused(&text, |checkpoint| layer(checkpoint, "conv2", &[2, 1, 3, 3], Some(0.2)));
    assert!(
        error.starts_with("network `small`: layer `both` puts `conv1` of step 0.1")
            && error.contains("`conv2` of step 0.2")
            && error.ends_with("expected the same step"),
        "{error}"
    );
}

#[test]
fn a_description_without_weights_needs_a_seed() {
    let error = Network::from_seed(&description(DESCRIPTION)).unwrap_err().to_string();
    assert!(error.contains("expected a checkpoint, or `seeded`"), "{error}");
}

#[test]
fn what_a_block_stands_for_can_be_written_out() {
    let of = |layers: &str| {
        let seeded = "seeded: {seed: 7, sparsity: 0.4}";
        let text = DESCRIPTION.replace("checkpoint: small.safetensors.zst", seeded);
        let start = text.find("  - max_pool").unwrap();
        let text = format!("{}{layers}{}", &text[..start], &text[start..]);
        let network = Network::from_seed(&description(&text)).unwrap();
        let shape = network.input().shape();
        let pixels = (0..shape.len()).map(|place| (place * 89 % 256) as u16).collect();
        network.infer(&network::FeatureMap::new(shape, pixels).unwrap()).unwrap()
    };
    let bottleneck = of("  - bottleneck: {name: b, width: 4, outputs: 6, groups: 2}\n");
    let written_out = of("  - convolution: {name: b.conv1, outputs: 4, kernel: 1}
  - convolution: {name: b.conv2, outputs: 4, kernel: 3, padding: 1, groups: 2}
  - convolution: {name: b.conv3, outputs: 6, kernel: 1, activation: none}
  - convolution: {name: b.downsample, from: conv1, outputs: 6, kernel: 1, activation: none}
  - add: {name: b, of: [b.conv3, b.downsample]}
");
    assert_eq!(bottleneck, written_out);
    let inverted = of("  - inverted_residual: {name: b, outputs: 2, expansion: 3}\n");
    let written_out = of("  - convolution: {name: b.expand, outputs: 6, kernel: 1}
  - convolution: {name: b.depthwise, outputs: 6, kernel: 3, padding: 1, groups: 6}
  - convolution: {name: b.project, outputs: 2, kernel: 1, activation: none}
  - add: {name: b, of: [b.project, conv1], signed: true}
");
    assert_eq!(inverted, written_out);
}
