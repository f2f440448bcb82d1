//! Operators that only change how a value is seen: its layout and its extents.

use float_network::Operation;

use crate::array::Array;
use crate::fold::{axis, resolved, shape_part, squeezed, unsqueezed};
use crate::value::{Form, Map, Value, channels_first_order};
use crate::walk::{Reader, Walk};

/// Transpose: only where it brings the channels to the front or to the back.
pub(crate) fn transpose(reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.any_map(0)?;
    let order = reader.attributes.ints("perm")?.unwrap_or_default();
    let form = match (map.form, order) {
        (form, [0, 1, 2, 3] | [0, 1]) => form,
        (Form::ChannelsLast, [0, 3, 1, 2]) => Form::ChannelsFirst,
        (Form::ChannelsFirst, [0, 2, 3, 1]) => Form::ChannelsLast,
        _ => {
            return Err(format!(
                "perm {order:?}; supported are those that bring the channels to the front or to the back"
            ));
        }
    };
    Ok(map.seen_as(form))
}

/// Reshape, Flatten, Squeeze and Unsqueeze.
pub(crate) fn reshape(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.any_map(0)?.clone();
    let dims = walk.dims(&map);
    let attributes = &reader.attributes;
    let axes = || match (attributes.ints("axes")?, reader.optional_constant(1)?) {
        (Some(axes), _) => Ok::<_, String>(Some(axes.to_vec())),
        (None, Some(axes)) => Ok(axes.as_integers().map(<[i64]>::to_vec)),
        (None, None) => Ok(None),
    };
    let target = match reader.node.op_type.as_str() {
        "Reshape" => {
            attributes.ignore(&["allowzero"]);
            let target = match attributes.ints("shape")? {
                Some(shape) => shape,
                None => reader.constant(1)?.as_integers().ok_or("extents that are not integers")?,
            };
            resolved(&dims, target).ok_or_else(|| format!("{dims:?} as {target:?}"))?
        }
        "Flatten" => match axis(attributes.int("axis", 1)?, dims.len())? {
            1 => vec![walk.batch, dims.iter().skip(1).product()],
            axis => return Err(format!("axis {axis}; supported is 1, which keeps the batch")),
        },
        "Squeeze" => squeezed(&dims, axes()?.as_deref())?,
        _ => unsqueezed(&dims, &axes()?.ok_or("no axes")?)?,
    };
    seen_with(walk, reader, &map, &target).ok_or_else(|| {
        format!("{dims:?} as {target:?}; supported are flattening all but the batch, and extents of 1 that come or go")
    })
}

/// The map with the extents `target`, where that changes nothing or flattens it.
fn seen_with(walk: &mut Walk<'_>, reader: &Reader<'_>, map: &Map, target: &[usize]) -> Option<Map> {
    if walk.dims(map) == target {
        return Some(map.clone());
    }
    let shape = walk.shape(map);
    // Seen as channels again, the order in which they were flattened would be forgotten.
    let is_ordered = !matches!(map.form, Form::FlatChannelsLast(_));
    match *target {
        [batch, features] if batch == walk.batch && features == shape.len() => {
            let form = match map.form {
                Form::ChannelsLast if shape.positions() > 1 => Form::FlatChannelsLast(shape),
                _ => Form::Flat,
            };
            if shape.positions() == 1 {
                return Some(map.seen_as(form));
            }
            let node = walk.add(reader, Operation::Flatten, vec![map.node]).ok()?;
            Some(map.at(node).seen_as(form))
        }
        [batch, channels, 1, 1]
            if batch == walk.batch && shape.positions() == 1 && channels == shape.channels && is_ordered =>
        {
            Some(map.seen_as(Form::ChannelsFirst))
        }
        [batch, 1, 1, channels]
            if batch == walk.batch && shape.positions() == 1 && channels == shape.channels && is_ordered =>
        {
            Some(map.seen_as(Form::ChannelsLast))
        }
        _ => None,
    }
}

/// Shape, with the batch that the model leaves open taken as 1.
pub(crate) fn shape(walk: &Walk<'_>, reader: &Reader<'_>) -> Result<Value, String> {
    let dims: Vec<i64> = walk.dims(reader.any_map(0)?).iter().map(|&extent| extent as i64).collect();
    Ok(Value::Constant(shape_part(&reader.attributes, &dims)?.into()))
}

/// The values of a constant that scales or shifts a map, one for each channel.
pub(crate) fn per_channel(walk: &Walk<'_>, array: &Array, map: &Map) -> Result<Vec<f32>, String> {
    let dims = walk.dims(map);
    let channel = map.form.channel_axis();
    let channels = dims[channel];
    let wrong = || {
        format!(
            "a constant of extents {:?} for values of extents {dims:?}; supported is one for each channel",
            array.dims
        )
    };
    if array.dims.len() > dims.len() {
        return Err(wrong());
    }
    let missing = dims.len() - array.dims.len();
    let is_legal =
        |(place, &extent): (usize, &usize)| extent == 1 || (place + missing == channel && extent == channels);
    if !array.dims.iter().enumerate().all(is_legal) {
        return Err(wrong());
    }
    let values = array.to_floats();
    match (values.as_slice(), map.form) {
        (&[value], _) => Ok(vec![value; channels]),
        (values, Form::FlatChannelsLast(shape)) => Ok(reordered(values, &channels_first_order(shape))),
        _ => Ok(values),
    }
}

/// Values in another order: the `k`-th goes to `places[k]`.
pub(crate) fn reordered(values: &[f32], places: &[usize]) -> Vec<f32> {
    let mut reordered = vec![0.0; values.len()];
    for (&value, &place) in values.iter().zip(places) {
        reordered[place] = value;
    }
    reordered
}
