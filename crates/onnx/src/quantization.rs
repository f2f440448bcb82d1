//! Operators of already quantized networks: QuantizeLinear and DequantizeLinear, and QONNX's Quant and BipolarQuant.

use std::rc::Rc;

use float_network::{BatchNorm, NodeId, Operation, Quantization};

use crate::array::{Array, length};
use crate::fold::{axis, broadcast, repeated};
use crate::tensor::ElementType;
use crate::value::{Map, Value};
use crate::walk::{Reader, Walk};

pub(crate) fn read(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Value, String> {
    let constant = |array: Result<Array, String>| array.map(|array| Value::Constant(Rc::new(array)));
    let is_constant = constant_input(reader);
    match (reader.node.op_type.as_str(), is_constant) {
        ("QuantizeLinear", true) => constant(quantized_constant(reader)),
        ("DequantizeLinear", true) => constant(dequantized_constant(reader)),
        ("Quant", true) => constant(quant_of_constant(reader)),
        ("BipolarQuant", true) => constant(bipolar_of_constant(reader)),
        ("QuantizeLinear", false) => quantize(walk, reader).map(Value::Map),
        ("DequantizeLinear", false) => dequantize(walk, reader).map(Value::Map),
        ("Quant", false) => quant(walk, reader).map(Value::Map),
        _ => Err("of activations; supported are weights, which become −scale or scale".into()),
    }
}

fn constant_input(reader: &Reader<'_>) -> bool {
    !matches!(reader.inputs.first(), Some(Some(Value::Map(_))))
}

/// The range of integers that a QuantizeLinear rounds to: that of its zero point's type, or of its attribute.
fn range(reader: &Reader<'_>) -> Result<(i64, i64), String> {
    let stated = reader.attributes.int("output_dtype", 0)?;
    let element = match reader.optional_constant(2)? {
        Some(zero) => zero.element,
        None if stated != 0 => ElementType(stated as i32),
        None => ElementType::UINT8,
    };
    element.range().ok_or_else(|| format!("to {element}; supported are integers of 4, 8 and 16 bits"))
}

/// One step and one zero for a whole map, shifted so that the smallest integer is 0.
fn of_map(scale: &Array, zero: Option<&Array>, (low, high): (i64, i64)) -> Result<Quantization, String> {
    let step = scale.scalar().ok_or("a scale for each channel; supported is one for all activations")?;
    let zero = match zero {
        Some(zero) => {
            zero.scalar().ok_or("a zero point for each channel; supported is one for all activations")?
        }
        None => 0.0,
    };
    let shifted = |value: i64| {
        u16::try_from(value - low).map_err(|_| format!("integers of {low} to {high}; supported are 16 bits"))
    };
    if zero.fract() != 0.0 {
        return Err(format!("a zero point of {zero}; supported are integers"));
    }
    Ok(Quantization { step: f64::from(step), zero: shifted(zero as i64)?, maximum: shifted(high)? })
}

fn quantize(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    reader.attributes.ignore(&["axis", "saturate", "block_size", "precision"]);
    let map = reader.map(0)?;
    let quantization = of_map(reader.constant(1)?, reader.optional_constant(2)?, range(reader)?)?;
    let node = walk.add(reader, Operation::Quantize(quantization), vec![map.node])?;
    Ok(Map { integers: Some(quantization), ..map.at(node) })
}

fn dequantize(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    reader.attributes.ignore(&["axis", "block_size", "output_dtype"]);
    let map = reader.any_map(0)?;
    if map.node == NodeId::IMAGE && walk.reads_integers && map.integers.is_none() {
        // The image itself comes as integers.
        let scale =
            reader.constant(1)?.scalar().ok_or("a scale for each channel; supported is one for the image")?;
        let zero = reader.optional_constant(2)?.map_or(Some(0.0), Array::scalar);
        let zero = zero.ok_or("a zero point for each channel; supported is one for the image")?;
        let channels = walk.shape(map).channels;
        let norm = BatchNorm::affine(vec![scale; channels], vec![-zero * scale; channels]);
        let norm = norm.map_err(|error| error.to_string())?;
        return Ok(map.at(walk.add(reader, Operation::BatchNorm(norm), vec![map.node])?));
    }
    let Some(quantization) = map.integers else {
        return Err("of a value that no QuantizeLinear made".into());
    };
    let step = reader.constant(1)?.scalar();
    let zero = reader.optional_constant(2)?;
    let low = match zero {
        Some(zero) => zero.element.range().map_or(0, |(low, _)| low),
        None => 0,
    };
    let zero = zero.map_or(Some(0), Array::scalar_integer);
    if step.map(f64::from) != Some(quantization.step)
        || zero.map(|zero| zero - low) != Some(quantization.zero.into())
    {
        return Err("with another scale or zero point than its QuantizeLinear".into());
    }
    Ok(Map { integers: None, ..map.clone() })
}

/// For each element of a constant, the elements of its parameters: one for all, or one for each place along an axis.
fn along_axis(reader: &Reader<'_>, array: &Array, parameter: &Array) -> Result<Vec<usize>, String> {
    if parameter.len() == 1 {
        return Ok(vec![0; array.len()]);
    }
    if reader.attributes.int("block_size", 0)? != 0 {
        return Err("scales for blocks; supported is one for all or one for each channel".into());
    }
    let along = axis(reader.attributes.int("axis", 1)?, array.dims.len())?;
    if parameter.len() != array.dims[along] {
        return Err(format!("{} scales along axis {along} of {:?}", parameter.len(), array.dims));
    }
    let run: usize = array.dims[along + 1..].iter().product();
    Ok((0..array.len()).map(|index| index / run.max(1) % array.dims[along]).collect())
}

fn zeros(reader: &Reader<'_>, count: usize) -> Result<Vec<f32>, String> {
    let zeros = reader.optional_constant(2)?.map_or_else(|| vec![0.0; count], Array::to_floats);
    if zeros.len() != count {
        return Err(format!("{} zero points for {count} scales", zeros.len()));
    }
    Ok(zeros)
}

fn quantized_constant(reader: &Reader<'_>) -> Result<Array, String> {
    reader.attributes.ignore(&["axis", "saturate", "block_size", "precision"]);
    let (array, scale) = (reader.constant(0)?, reader.constant(1)?);
    let (low, high) = range(reader)?;
    let (places, scales) = (along_axis(reader, array, scale)?, scale.to_floats());
    let zeros = zeros(reader, scales.len())?;
    let quantized = array.to_floats().into_iter().zip(places).map(|(value, place)| {
        let integer = (value / scales[place]).round_ties_even() + zeros[place];
        (integer as i64).clamp(low, high)
    });
    let element = reader.optional_constant(2)?.map_or(ElementType::UINT8, |zero| zero.element);
    Ok(Array { element, ..Array::integers(array.dims.clone(), quantized.collect()) })
}

fn dequantized_constant(reader: &Reader<'_>) -> Result<Array, String> {
    reader.attributes.ignore(&["axis", "block_size", "output_dtype"]);
    let (array, scale) = (reader.constant(0)?, reader.constant(1)?);
    let (places, scales) = (along_axis(reader, array, scale)?, scale.to_floats());
    let zeros = zeros(reader, scales.len())?;
    let real = array
        .to_floats()
        .into_iter()
        .zip(places)
        .map(|(value, place)| (value - zeros[place]) * scales[place]);
    Ok(Array::floats(array.dims.clone(), real.collect()))
}

/// The range of a QONNX Quant.
fn quant_range(reader: &Reader<'_>) -> Result<(i64, i64), String> {
    let bits =
        reader.constant(3)?.scalar().ok_or("bits for each channel; supported is one number for all")?;
    let signed = reader.attributes.int("signed", 1)? != 0;
    let narrow = reader.attributes.int("narrow", 0)? != 0;
    let rounding = reader.attributes.text("rounding_mode", "ROUND")?;
    if rounding != "ROUND" {
        return Err(format!("rounding_mode {rounding}; supported is ROUND"));
    }
    if bits.fract() != 0.0 || !(1.0..=16.0).contains(&bits) {
        return Err(format!("{bits} bits; supported are 1 to 16"));
    }
    let top = 1_i64 << bits as u32;
    Ok(match (signed, narrow) {
        (true, narrow) => (-top / 2 + i64::from(narrow), top / 2 - 1),
        (false, narrow) => (0, top - 1 - i64::from(narrow)),
    })
}

fn quant(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?;
    let quantization = of_map(reader.constant(1)?, reader.optional_constant(2)?, quant_range(reader)?)?;
    Ok(map.at(walk.add(reader, Operation::Quantize(quantization), vec![map.node])?))
}

/// A constant's elements with those of a parameter that is repeated along extents of 1.
fn repeated_over(array: &Array, parameter: &Array) -> Result<Vec<f32>, String> {
    let dims =
        broadcast(&array.dims, &parameter.dims).filter(|dims| *dims == array.dims && length(dims).is_some());
    dims.ok_or_else(|| format!("a parameter of extents {:?} for {:?}", parameter.dims, array.dims))?;
    let values = parameter.to_floats();
    Ok(repeated(&parameter.dims, &array.dims).map(|place| values[place]).collect())
}

fn quant_of_constant(reader: &Reader<'_>) -> Result<Array, String> {
    let array = reader.constant(0)?;
    let (low, high) = quant_range(reader)?;
    let scales = repeated_over(array, reader.constant(1)?)?;
    let zeros = repeated_over(array, reader.constant(2)?)?;
    let values =
        array.to_floats().into_iter().zip(scales.iter().zip(&zeros)).map(|(value, (&scale, &zero))| {
            let integer = (value / scale + zero).clamp(low as f32, high as f32).round_ties_even();
            (integer - zero) * scale
        });
    Ok(Array::floats(array.dims.clone(), values.collect()))
}

fn bipolar_of_constant(reader: &Reader<'_>) -> Result<Array, String> {
    let array = reader.constant(0)?;
    let scales = repeated_over(array, reader.constant(1)?)?;
    let values = array.to_floats().into_iter().zip(scales);
    let values = values.map(|(value, scale)| if value >= 0.0 { scale } else { -scale });
    Ok(Array::floats(array.dims.clone(), values.collect()))
}
