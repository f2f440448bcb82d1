//! The operators that are supported, one function each.

use float_network::{
    BatchNorm, Convolution, FullyConnected, Function, Operation, ParameterError, Pool, Window,
};

use crate::array::Array;
use crate::fold::FOLDED;
use crate::layout::{expand, gather, per_channel, reordered, reshape, shape, slice, split, transpose};
use crate::proto;
use crate::quantization;
use crate::value::{Form, Map, Value, channels_first_order};
use crate::walk::{Reader, Walk};

/// Operators on values that depend on the image, of ONNX's own domain.
const OPERATORS: [&str; 57] = [
    "Conv",
    "Gemm",
    "MatMul",
    "BatchNormalization",
    "Relu",
    "Clip",
    "Min",
    "Max",
    "Sigmoid",
    "HardSigmoid",
    "HardSwish",
    "Swish",
    "Tanh",
    "LeakyRelu",
    "PRelu",
    "Elu",
    "Softplus",
    "Erf",
    "Gelu",
    "Mish",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "ReduceMean",
    "ReduceMax",
    "Add",
    "Sum",
    "Sub",
    "Mul",
    "Div",
    "Neg",
    "Concat",
    "Split",
    "Slice",
    "Gather",
    "Pad",
    "Flatten",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Expand",
    "Transpose",
    "Identity",
    "Dropout",
    "Cast",
    "Shape",
    "Softmax",
    "LogSoftmax",
    "Hardmax",
    "ArgMax",
    "QuantizeLinear",
    "DequantizeLinear",
    "Constant",
    "ConstantOfShape",
    "Range",
    "ReduceProd",
];

/// Operators that foreign networks hold and that are refused for a reason that is worth telling.
const REFUSED: [(&str, &str); 9] = [
    (
        "LRN",
        "divides by a power of neighbouring channels' squares, which no sum, product or table of one value is",
    ),
    (
        "LayerNormalization",
        "divides by the spread of the image's own values; supported are norms with fixed statistics",
    ),
    (
        "InstanceNormalization",
        "divides by the spread of the image's own values; supported are norms with fixed statistics",
    ),
    (
        "GroupNormalization",
        "divides by the spread of the image's own values; supported are norms with fixed statistics",
    ),
    ("ConvTranspose", "spreads values over a larger map; supported are convolutions"),
    ("Resize", "resamples a map; supported are maps of the extents that convolutions and pools leave"),
    ("Upsample", "resamples a map; supported are maps of the extents that convolutions and pools leave"),
    ("Loop", "repeats other nodes; supported are graphs without loops"),
    (
        "If",
        "chooses between nodes; supported are graphs without choices (onnxsim or the exporter's constant folding removes them)",
    ),
];

/// QONNX's operators, in any of the domains that tools have written them under.
const QONNX: [&str; 2] = ["Quant", "BipolarQuant"];
const QONNX_DOMAINS: [&str; 4] =
    ["qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general", "onnx.qonnx"];

/// What can be read, for messages.
pub fn supported_operators() -> Vec<String> {
    let folded = FOLDED.iter().filter(|operator| !OPERATORS.contains(operator));
    let own = OPERATORS.iter().copied().map(str::to_owned);
    let folded = folded.map(|operator| format!("{operator} of constants"));
    own.chain(folded).chain(QONNX.iter().map(|operator| format!("QONNX's {operator}"))).collect()
}

pub(crate) fn is_known(node: &proto::Node) -> bool {
    let operator = node.op_type.as_str();
    match node.domain.as_str() {
        "" | "ai.onnx" => OPERATORS.contains(&operator) || FOLDED.contains(&operator),
        domain => QONNX_DOMAINS.contains(&domain) && QONNX.contains(&operator),
    }
}

/// Why an operator is not supported.
pub(crate) fn refusal(node: &proto::Node) -> String {
    let known = REFUSED.iter().find(|(operator, _)| *operator == node.op_type);
    known.map_or("this operator is not supported", |(_, reason)| reason).into()
}

/// The values of a node that reads more than constants, or is not folded.
pub(crate) fn read(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Vec<Value>, String> {
    let operator = reader.node.op_type.as_str();
    let function = |walk: &mut Walk<'_>, function| unary(walk, reader, Operation::Function(function));
    let map = match operator {
        "Softmax" | "LogSoftmax" | "Hardmax" | "ArgMax" => last(walk, reader)?,
        "Sigmoid" if walk.is_last(reader.node) => last(walk, reader)?,
        "Conv" => convolution(walk, reader)?,
        "Gemm" => gemm(walk, reader)?,
        "MatMul" => matmul(walk, reader)?,
        "BatchNormalization" => batch_normalization(walk, reader)?,
        "Relu" => unary(walk, reader, Operation::Relu)?,
        "Clip" => clip(walk, reader)?,
        "Min" | "Max" => extremum(walk, reader)?,
        "Sigmoid" => function(walk, Function::Sigmoid)?,
        "HardSigmoid" => {
            let (slope, shift) =
                (reader.attributes.float("alpha", 0.2)?, reader.attributes.float("beta", 0.5)?);
            function(walk, Function::HardSigmoid { slope, shift })?
        }
        "HardSwish" => function(walk, Function::HardSwish)?,
        "Swish" if reader.attributes.float("alpha", 1.0)? == 1.0 => function(walk, Function::Swish)?,
        "Tanh" => function(walk, Function::Tanh)?,
        "LeakyRelu" => {
            let slope = reader.attributes.float("alpha", 0.01)?;
            function(walk, Function::LeakyRelu { slope })?
        }
        "PRelu" => prelu(walk, reader)?,
        "Elu" => {
            let scale = reader.attributes.float("alpha", 1.0)?;
            function(walk, Function::Elu { scale })?
        }
        "Softplus" => function(walk, Function::Softplus)?,
        "Erf" => function(walk, Function::Erf)?,
        "Gelu" if reader.attributes.text("approximate", "none")? == "none" => function(walk, Function::Gelu)?,
        "Mish" => function(walk, Function::Mish)?,
        "MaxPool" => max_pool(walk, reader)?,
        "AveragePool" => average_pool(walk, reader)?,
        "GlobalAveragePool" => unary(walk, reader, Operation::GlobalAveragePool)?,
        "GlobalMaxPool" => {
            let window = whole(walk.shape(channels_first(reader)?))?;
            unary(walk, reader, Operation::MaxPool(window))?
        }
        "ReduceMean" | "ReduceMax" => reduce(walk, reader)?,
        "Add" | "Sum" | "Sub" | "Mul" | "Div" => arithmetic(walk, reader)?,
        "Neg" => {
            let map = reader.map(0)?;
            let channels = walk.shape(map).channels;
            affine(walk, reader, map, vec![-1.0; channels], vec![0.0; channels])?
        }
        "Concat" => concat(walk, reader)?,
        "Split" => return split(walk, reader),
        "Slice" => slice(walk, reader)?,
        "Gather" => gather(walk, reader)?,
        "Pad" => pad(walk, reader)?,
        "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" => reshape(walk, reader)?,
        "Expand" => expand(walk, reader)?,
        "Transpose" => transpose(reader)?,
        "Identity" => reader.last(0).map_or_else(|| reader.any_map(0), Ok)?.clone(),
        "Dropout" => {
            reader.attributes.ignore(&["ratio", "seed", "is_test"]);
            reader.any_map(0)?.clone()
        }
        "Cast" => {
            let to = crate::tensor::ElementType(reader.attributes.int("to", 1)? as i32);
            match reader.last(0) {
                // Classes stay classes, as whatever numbers.
                Some(map) => map.clone(),
                None if to.is_float() => reader.map(0)?.clone(),
                None => return Err(format!("to {to}; supported are casts between floating-point types")),
            }
        }
        "Shape" => return Ok(vec![shape(walk, reader)?]),
        "QuantizeLinear" | "DequantizeLinear" | "Quant" | "BipolarQuant" => {
            return Ok(vec![quantization::read(walk, reader)?]);
        }
        "Constant" | "ConstantOfShape" | "Range" | "ReduceProd" => {
            return Err("reads a value that depends on the image; supported are constants".into());
        }
        "Swish" | "Gelu" => {
            return Err("in another form than usual; supported are alpha 1, and the error function".into());
        }
        _ => return Err("this operator is supported on constants only".into()),
    };
    Ok(vec![Value::Map(map)])
}

/// What does not change the class, at the end of a network: it is left out.
fn last(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    reader.attributes.ignore(&["axis", "keepdims", "select_last_index"]);
    let operator = reader.node.op_type.clone();
    let map = match reader.last(0) {
        Some(map) => map.clone(),
        None => reader.map(0)?.clone(),
    };
    walk.note(format!("{operator} at the end is left out: it does not change the class"));
    Ok(Map { last: Some(operator), ..map })
}

fn wrong(error: &ParameterError) -> String {
    error.to_string()
}

/// A map with its channels first, as convolutions and pools read it.
fn channels_first<'a>(reader: &'a Reader<'_>) -> Result<&'a Map, String> {
    let map = reader.map(0)?;
    is_first(map)?;
    Ok(map)
}

fn is_first(map: &Map) -> Result<(), String> {
    match map.form {
        Form::ChannelsFirst => Ok(()),
        _ => Err("reads a value that is not [batch, channels, rows, columns]".into()),
    }
}

fn unary(walk: &mut Walk<'_>, reader: &Reader<'_>, operation: Operation) -> Result<Map, String> {
    let map = match operation {
        Operation::GlobalAveragePool | Operation::MaxPool(_) => channels_first(reader)?,
        _ => reader.map(0)?,
    };
    Ok(map.at(walk.add(reader, operation, vec![map.node])?))
}

/// Kernel, strides and padding, from the attributes of a convolution or a pool.
fn window(walk: &Walk<'_>, reader: &Reader<'_>, map: &Map, kernel: [usize; 2]) -> Result<Window, String> {
    let attributes = &reader.attributes;
    let stated = attributes.extents("kernel_shape", kernel)?;
    if stated != kernel {
        return Err(format!("kernel_shape {stated:?}, but the weights' kernel is {kernel:?}"));
    }
    let dilations = attributes.extents("dilations", [1, 1])?;
    let stride = attributes.extents("strides", [1, 1])?;
    let pads = attributes.extents("pads", [0; 4])?;
    let shape = walk.shape(map);
    let extents = [shape.height, shape.width];
    // What makes the output as large as the input divided by the stride, rounded up.
    let same = |direction: usize| {
        let stride = stride[direction].max(1);
        let span = kernel[direction].saturating_sub(1).saturating_mul(dilations[direction]).saturating_add(1);
        let covered = (extents[direction].div_ceil(stride).saturating_sub(1)) * stride + span;
        covered.saturating_sub(extents[direction])
    };
    let padding = match attributes.text("auto_pad", "NOTSET")?.as_str() {
        "NOTSET" | "" => pads,
        "VALID" => [0; 4],
        "SAME_UPPER" => [same(0) / 2, same(1) / 2, same(0).div_ceil(2), same(1).div_ceil(2)],
        "SAME_LOWER" => [same(0).div_ceil(2), same(1).div_ceil(2), same(0) / 2, same(1) / 2],
        other => return Err(format!("auto_pad `{other}`")),
    };
    let window = Window::new(kernel, stride, padding).and_then(|window| window.dilated(dilations));
    window.map_err(|error| error.to_string())
}

/// The window of a pool, whose taps lie side by side.
fn pool_window(walk: &Walk<'_>, reader: &Reader<'_>, map: &Map) -> Result<Window, String> {
    let window = window(walk, reader, map, kernel(reader)?)?;
    match window.dilation() {
        [1, 1] => Ok(window),
        dilation => Err(format!("dilations {dilation:?} of a pool; supported is [1, 1]")),
    }
}

/// With the padding at bottom and right that a last, partial window needs.
fn rounded_up(window: Window, shape: network::Shape) -> Result<Window, String> {
    let (kernel, stride, padding) = (window.span(), window.stride(), window.padding());
    let more = |direction: usize, extent: usize| {
        let padded = extent + padding[direction] + padding[direction + 2];
        let Some(left) = padded.checked_sub(kernel[direction]) else {
            // The first window is the last, and partial.
            let missing = kernel[direction] - padded;
            return if missing < stride[direction] { missing } else { 0 };
        };
        let over = left % stride[direction];
        // A window that would start in the padding at the end does not count.
        let start = (left / stride[direction] + 1) * stride[direction];
        if over == 0 || start >= extent + padding[direction] { 0 } else { stride[direction] - over }
    };
    window.padded_by([0, 0, more(0, shape.height), more(1, shape.width)]).map_err(|error| error.to_string())
}

fn convolution(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = channels_first(reader)?;
    let weights = reader.constant(1)?;
    let &[outputs, inputs, rows, columns] = weights.dims.as_slice() else {
        return Err(format!("weights of extents {:?}; supported are 2-D convolutions", weights.dims));
    };
    let window = window(walk, reader, map, [rows, columns])?;
    let groups = reader.attributes.int("group", 1)?;
    let groups = usize::try_from(groups).map_err(|_| format!("group {groups}"))?;
    let bias = reader.optional_constant(2)?.map(Array::to_floats);
    let layer = Convolution::new([outputs, inputs], groups, window, weights.to_floats(), bias)
        .map_err(|error| wrong(&error))?;
    Ok(map.at(walk.add(reader, Operation::Convolution(layer), vec![map.node])?))
}

/// A matrix `[outputs, inputs]` whose inputs are in the order of a map that was flattened with its channels last.
fn columns_reordered(map: &Map, inputs: usize, weights: Vec<f32>) -> Vec<f32> {
    match map.form {
        // Another number of them is refused with the layer.
        Form::FlatChannelsLast(shape) if shape.len() == inputs => {
            let places = channels_first_order(shape);
            weights.chunks_exact(inputs.max(1)).flat_map(|row| reordered(row, &places)).collect()
        }
        _ => weights,
    }
}

fn matrix(weights: &Array) -> Result<[usize; 2], String> {
    match *weights.dims.as_slice() {
        [rows, columns] => Ok([rows, columns]),
        _ => Err(format!("a constant of extents {:?}; supported are matrices", weights.dims)),
    }
}

fn gemm(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?;
    if !matches!(map.form, Form::Flat | Form::FlatChannelsLast(_)) {
        return Err("reads a map; supported are [batch, features]".into());
    }
    let attributes = &reader.attributes;
    if attributes.int("transA", 0)? != 0 {
        return Err("transA; supported is the value as it is".into());
    }
    let mut weights = reader.constant(1)?.clone();
    matrix(&weights)?;
    if attributes.int("transB", 0)? == 0 {
        weights = weights.transposed(&[1, 0]).ok_or("weights that cannot be transposed")?;
    }
    let [outputs, inputs] = matrix(&weights)?;
    let (alpha, beta) = (attributes.float("alpha", 1.0)?, attributes.float("beta", 1.0)?);
    let values = weights.to_floats().into_iter().map(|weight| weight * alpha).collect();
    let bias = match reader.optional_constant(2)? {
        Some(bias) => {
            let values: Vec<f32> = bias.to_floats().into_iter().map(|value| value * beta).collect();
            Some(if let &[value] = values.as_slice() { vec![value; outputs] } else { values })
        }
        None => None,
    };
    let weights = columns_reordered(map, inputs, values);
    let layer = FullyConnected::new([outputs, inputs], weights, bias).map_err(|error| wrong(&error))?;
    let node = walk.add(reader, Operation::FullyConnected(layer), vec![map.node])?;
    Ok(map.at(node).seen_as(Form::Flat))
}

fn matmul(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?;
    let weights = reader.constant(1)?;
    let [inputs, outputs] = matrix(weights)?;
    let weights = weights.transposed(&[1, 0]).ok_or("weights that cannot be transposed")?.to_floats();
    let (operation, form) = match map.form {
        Form::Flat | Form::FlatChannelsLast(_) => {
            let weights = columns_reordered(map, inputs, weights);
            let layer =
                FullyConnected::new([outputs, inputs], weights, None).map_err(|error| wrong(&error))?;
            (Operation::FullyConnected(layer), Form::Flat)
        }
        // Over the channels of every position: a convolution of one tap.
        Form::ChannelsLast => {
            let layer = Convolution::new([outputs, inputs], 1, Window::POINT, weights, None)
                .map_err(|error| wrong(&error))?;
            (Operation::Convolution(layer), Form::ChannelsLast)
        }
        _ => return Err("multiplies columns; supported are channels or features".into()),
    };
    let node = walk.add(reader, operation, vec![map.node])?;
    Ok(map.at(node).seen_as(form))
}

fn batch_normalization(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?;
    let attributes = &reader.attributes;
    attributes.ignore(&["momentum", "spatial"]);
    if attributes.int("training_mode", 0)? != 0 || attributes.int("is_test", 1)? == 0 {
        return Err("in training mode; supported is inference (export with model.eval())".into());
    }
    if map.form.channel_axis() != Some(1) {
        return Err("reads a value that is not [batch, channels, rows, columns]".into());
    }
    let values = |place| -> Result<Vec<f32>, String> {
        let values = reader.constant(place)?.to_floats();
        Ok(columns_reordered(map, values.len(), values))
    };
    let epsilon = f64::from(attributes.float("epsilon", 1e-5)?);
    // A single-precision 1e-5 is meant as 1e-5.
    let epsilon = format!("{:e}", epsilon as f32).parse().unwrap_or(epsilon);
    let norm = BatchNorm::new(values(1)?, values(2)?, values(3)?, values(4)?, epsilon)
        .map_err(|error| wrong(&error))?;
    Ok(map.at(walk.add(reader, Operation::BatchNorm(norm), vec![map.node])?))
}

fn clip(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let bound = |name: &'static str, place: usize| match (
        reader.attributes.float_if(name)?,
        reader.optional_constant(place)?,
    ) {
        (Some(bound), _) => Ok::<_, String>(Some(bound)),
        (None, Some(bound)) => Ok(Some(bound.scalar().ok_or("a bound that is not one number")?)),
        (None, None) => Ok(None),
    };
    let (low, high) = (bound("min", 1)?, bound("max", 2)?);
    clipped(walk, reader, 0, low, high)
}

/// Min or Max of a value and a number.
fn extremum(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let expected = "of several values that depend on the image; supported is one and a number";
    let (place, other) = match reader.inputs.as_slice() {
        [Some(Value::Map(_)), Some(Value::Constant(_))] => (0, 1),
        [Some(Value::Constant(_)), Some(Value::Map(_))] => (1, 0),
        _ => return Err(expected.into()),
    };
    let bound = reader.constant(other)?.scalar().ok_or("a bound that is not one number")?;
    match reader.node.op_type.as_str() {
        "Max" => clipped(walk, reader, place, Some(bound), None),
        _ => clipped(walk, reader, place, None, Some(bound)),
    }
}

fn clipped(
    walk: &mut Walk<'_>,
    reader: &Reader<'_>,
    place: usize,
    low: Option<f32>,
    high: Option<f32>,
) -> Result<Map, String> {
    let map = reader.map(place)?.clone();
    if let Some(bound) = low.iter().chain(&high).find(|bound| bound.is_nan()) {
        return Err(format!("a bound of {bound}; expected numbers"));
    }
    // The largest numbers of the type stand for no bound.
    let low = low.filter(|low| *low > f32::MIN).unwrap_or(f32::NEG_INFINITY);
    let high = high.filter(|high| *high < f32::MAX).unwrap_or(f32::INFINITY);
    let operation = match (low, high) {
        (f32::NEG_INFINITY, f32::INFINITY) => return Ok(map),
        (0.0, f32::INFINITY) => Operation::Relu,
        (low, high) => Operation::Clip { low, high },
    };
    Ok(map.at(walk.add(reader, operation, vec![map.node])?))
}

/// max(x, 0) + slope · min(x, 0), with a slope for each channel.
fn prelu(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?.clone();
    // The slopes of a channel stand before rows and columns, whose extents may be left out.
    let slopes = per_channel(walk, reader.constant(1)?, &map)?;
    if let Some(&slope) = slopes.first().filter(|first| slopes.iter().all(|slope| slope == *first)) {
        return unary(walk, reader, Operation::Function(Function::LeakyRelu { slope }));
    }
    let zeros = vec![0.0; slopes.len()];
    let above = map.at(walk.add(reader, Operation::Relu, vec![map.node])?);
    let turned = affine(walk, reader, &map, vec![-1.0; slopes.len()], zeros.clone())?;
    let below = map.at(walk.add(reader, Operation::Relu, vec![turned.node])?);
    let below = affine(walk, reader, &below, slopes.into_iter().map(|slope| -slope).collect(), zeros)?;
    Ok(map.at(walk.add(reader, Operation::Add, vec![above.node, below.node])?))
}

fn affine(
    walk: &mut Walk<'_>,
    reader: &Reader<'_>,
    map: &Map,
    scale: Vec<f32>,
    shift: Vec<f32>,
) -> Result<Map, String> {
    let norm = BatchNorm::affine(scale, shift).map_err(|error| wrong(&error))?;
    Ok(map.at(walk.add(reader, Operation::BatchNorm(norm), vec![map.node])?))
}

fn whole(shape: network::Shape) -> Result<Window, String> {
    Window::new([shape.height, shape.width], [1, 1], [0; 4]).map_err(|error| error.to_string())
}

fn kernel(reader: &Reader<'_>) -> Result<[usize; 2], String> {
    match reader.attributes.extents("kernel_shape", [0, 0])? {
        [0, _] | [_, 0] => Err("no kernel_shape".into()),
        kernel => Ok(kernel),
    }
}

fn max_pool(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    // Integers are ordered as what they stand for.
    let map = reader.any_map(0)?;
    is_first(map)?;
    reader.attributes.ignore(&["storage_order"]);
    let mut window = pool_window(walk, reader, map)?;
    if reader.attributes.int("ceil_mode", 0)? != 0 {
        window = rounded_up(window, walk.shape(map))?;
    }
    Ok(map.at(walk.add(reader, Operation::MaxPool(window), vec![map.node])?))
}

fn average_pool(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = channels_first(reader)?;
    let window = pool_window(walk, reader, map)?;
    let counts_padding = reader.attributes.int("count_include_pad", 0)? != 0;
    let mut pool = Pool { window, counts_padding: counts_padding || window.padding() == [0; 4] };
    if reader.attributes.int("ceil_mode", 0)? != 0 {
        let rounded = rounded_up(window, walk.shape(map))?;
        if rounded != window && counts_padding && window.padding() != [0; 4] {
            return Err("ceil_mode with padding that counts; supported is one of both".into());
        }
        if rounded != window {
            pool = Pool { window: rounded, counts_padding: false };
        }
    }
    unary(walk, reader, Operation::AveragePool(pool))
}

/// ReduceMean and ReduceMax, over rows, columns or both.
fn reduce(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?.clone();
    let (attributes, dims, shape) = (&reader.attributes, walk.dims(&map), walk.shape(&map));
    attributes.ignore(&["noop_with_empty_axes"]);
    let given = match (attributes.ints("axes")?, reader.optional_constant(1)?) {
        (Some(axes), _) => axes.to_vec(),
        (None, Some(axes)) => axes.as_integers().ok_or("axes that are not integers")?.to_vec(),
        (None, None) => return Err("over all axes; supported is over rows and columns".into()),
    };
    let mut axes = given.iter().map(|&a| crate::fold::axis(a, dims.len())).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    // An axis of extent 1 may be reduced by anybody.
    let refused = || format!("over axes {given:?} of {dims:?}; supported is over rows and columns");
    let (rows, columns) = match map.form {
        Form::Reduced | Form::ReducedChannelsLast => {
            let place = if map.form == Form::Reduced { 2 } else { 1 };
            if axes != [place] {
                return Err(refused());
            }
            (true, true)
        }
        _ => {
            let positions = map.form.position_axes().ok_or_else(refused)?;
            if axes.iter().any(|axis| !positions.contains(axis)) {
                return Err(refused());
            }
            (axes.contains(&positions[0]), axes.contains(&positions[1]))
        }
    };
    let kernel = [if rows { shape.height } else { 1 }, if columns { shape.width } else { 1 }];
    let window = Window::new(kernel, [1, 1], [0; 4]).map_err(|error| error.to_string())?;
    let operation = match reader.node.op_type.as_str() {
        "ReduceMax" => Operation::MaxPool(window),
        _ if rows && columns => Operation::GlobalAveragePool,
        _ => Operation::AveragePool(Pool { window, counts_padding: true }),
    };
    let node = walk.add(reader, operation, vec![map.node])?;
    let is_kept = attributes.int("keepdims", 1)? != 0;
    let form = match (is_kept, map.form) {
        (true, form) => form,
        (false, Form::NoChannels) if !(rows && columns) => return Err(refused()),
        (false, _) if rows && columns => Form::Flat,
        (false, Form::ChannelsFirst) => Form::Reduced,
        (false, Form::ChannelsLast) => Form::ReducedChannelsLast,
        (false, _) => Form::Flat,
    };
    Ok(map.at(node).seen_as(form))
}

/// Add, Sub, Mul and Div: sums of maps, or a scale or shift of one.
fn arithmetic(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let operator = reader.node.op_type.as_str();
    let constants = reader.inputs.iter().filter(|input| matches!(input, Some(Value::Constant(_)))).count();
    if constants == 0 && operator == "Mul" {
        return product(walk, reader);
    }
    if constants == 0 {
        let mut maps = (0..reader.inputs.len())
            .map(|place| reader.map(place).cloned())
            .collect::<Result<Vec<_>, _>>()?;
        let first = maps.first().ok_or("of nothing")?.clone();
        if maps.iter().any(|map| walk.dims(map) != walk.dims(&first) || map.form != first.form) {
            return Err("of values with different layouts".into());
        }
        match (operator, maps.as_mut_slice()) {
            ("Sub", [_, second]) => {
                let channels = walk.shape(second).channels;
                *second = affine(walk, reader, second, vec![-1.0; channels], vec![0.0; channels])?;
            }
            ("Add" | "Sum", _) => {}
            _ => {
                return Err(
                    "of two values that depend on the image; supported are their sum and their product"
                        .into(),
                );
            }
        }
        let nodes = maps.iter().map(|map| map.node).collect();
        return Ok(first.at(walk.add(reader, Operation::Add, nodes)?));
    }
    if reader.inputs.len() != 2 {
        return Err("of several values and a constant; supported are two values".into());
    }
    let is_first = matches!(reader.inputs[0], Some(Value::Constant(_)));
    let (map, array) = (reader.map(usize::from(is_first))?, reader.constant(usize::from(!is_first))?);
    let values = per_channel(walk, array, map)?;
    let (ones, zeros) = (vec![1.0; values.len()], vec![0.0; values.len()]);
    let negative = |values: Vec<f32>| values.into_iter().map(|value| -value).collect::<Vec<f32>>();
    let (scale, shift) = match operator {
        "Add" | "Sum" => (ones, values),
        "Sub" if is_first => (negative(ones), values),
        "Sub" => (ones, negative(values)),
        "Mul" => (values, zeros),
        "Div" if is_first => {
            return Err("of a constant by a value; supported is a value by a constant".into());
        }
        _ => (values.into_iter().map(|value| 1.0 / value).collect(), zeros),
    };
    affine(walk, reader, map, scale, shift)
}

/// The product of two values, of which one may have a single position: a gate.
fn product(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let [mut map, mut gate] = [reader.spread_map(0)?.clone(), reader.spread_map(1)?.clone()];
    if reader.inputs.len() != 2 {
        return Err("of several values; supported are two".into());
    }
    if walk.shape(&map).positions() < walk.shape(&gate).positions() {
        (map, gate) = (gate, map);
    }
    let is_spread = gate.spread.as_ref().is_none_or(|extents| *extents == walk.dims(&map));
    if map.form != gate.form || map.spread.is_some() || !is_spread {
        return Err("of values with different layouts".into());
    }
    Ok(map.at(walk.add(reader, Operation::Multiply, vec![map.node, gate.node])?))
}

fn concat(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let maps = (0..reader.inputs.len()).map(|place| reader.map(place)).collect::<Result<Vec<_>, _>>()?;
    let first = *maps.first().ok_or("nothing to concatenate")?;
    if maps.iter().any(|map| map.form != first.form) || matches!(first.form, Form::FlatChannelsLast(_)) {
        return Err("of values with different layouts".into());
    }
    let axis = reader.attributes.int("axis", 1)?;
    let rank = walk.dims(first).len() as i64;
    let counted = if axis < 0 { axis + rank } else { axis };
    if first.form.channel_axis().map(|axis| axis as i64) != Some(counted) {
        return Err(format!("along axis {axis}; supported is along the channels"));
    }
    let nodes = maps.iter().map(|map| map.node).collect();
    Ok(first.at(walk.add(reader, Operation::Concat, nodes)?))
}

fn pad(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?;
    let attributes = &reader.attributes;
    let mode = attributes.text("mode", "constant")?;
    let value = match (attributes.float_if("value")?, reader.optional_constant(2)?) {
        (Some(value), _) => value,
        (None, Some(value)) => value.scalar().ok_or("a value that is not one number")?,
        (None, None) => 0.0,
    };
    if mode != "constant" || value != 0.0 {
        return Err(format!("mode {mode} with value {value}; supported are zeros"));
    }
    let amounts = match attributes.ints("pads")? {
        Some(amounts) => amounts.to_vec(),
        None => reader.constant(1)?.as_integers().ok_or("amounts that are not integers")?.to_vec(),
    };
    let rank = walk.dims(map).len();
    let axes: Vec<i64> = match reader.optional_constant(3)? {
        Some(axes) => axes.as_integers().ok_or("axes that are not integers")?.to_vec(),
        None => (0..rank as i64).collect(),
    };
    let mut full = vec![[0_usize; 2]; rank];
    if amounts.len() != 2 * axes.len() {
        return Err(format!("amounts {amounts:?} for axes {axes:?}"));
    }
    for (place, &axis) in axes.iter().enumerate() {
        let axis = crate::fold::axis(axis, rank)?;
        for (side, amount) in [amounts[place], amounts[axes.len() + place]].into_iter().enumerate() {
            full[axis][side] =
                usize::try_from(amount).map_err(|_| format!("pads {amounts:?}; supported are at least 0"))?;
        }
    }
    let positions = map.form.position_axes().ok_or("reads [batch, features]; supported are maps")?;
    let others_are_zero = (0..rank).all(|axis| positions.contains(&axis) || full[axis] == [0, 0]);
    if !others_are_zero {
        return Err(format!("pads {amounts:?}; supported are rows and columns"));
    }
    let [[top, bottom], [left, right]] = positions.map(|axis| full[axis]);
    Ok(map.at(walk.add(reader, Operation::Pad([top, left, bottom, right]), vec![map.node])?))
}
