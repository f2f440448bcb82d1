//! Operators that only change how a value is seen: its layout, its extents, and which of its channels.

use float_network::Operation;

use crate::array::Array;
use crate::fold::{Slices, axis, resolved, shape_part, squeezed, unsqueezed};
use crate::value::{Form, Map, Value, channels_first_order};
use crate::walk::{Reader, Walk};

/// Transpose: only where it brings the channels to the front or to the back, or shuffles groups of them.
pub(crate) fn transpose(reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.any_map(0)?;
    let order = reader.attributes.ints("perm")?.unwrap_or_default();
    let is_same = order.iter().enumerate().all(|(place, &axis)| axis == place as i64) && !order.is_empty();
    let form = match (map.form, order) {
        (form, _) if is_same => form,
        (Form::ChannelsLast, [0, 3, 1, 2]) => Form::ChannelsFirst,
        (Form::ChannelsFirst, [0, 2, 3, 1]) => Form::ChannelsLast,
        (Form::Reduced, [0, 2, 1]) => Form::ReducedChannelsLast,
        (Form::ReducedChannelsLast, [0, 2, 1]) => Form::Reduced,
        (Form::Grouped(groups), [0, 2, 1, 3, 4]) => Form::Shuffled(groups),
        (Form::Shuffled(groups), [0, 2, 1, 3, 4]) => Form::Grouped(groups),
        _ => {
            return Err(format!(
                "perm {order:?}; supported are those that bring the channels to the front or to the back, and shuffles of channels"
            ));
        }
    };
    Ok(map.seen_as(form))
}

/// Reshape, Flatten, Squeeze and Unsqueeze.
pub(crate) fn reshape(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let attributes = &reader.attributes;
    if let Some(map) = reader.last(0) {
        // Classes stay classes, whatever extents of 1 come or go.
        attributes.ignore(&["allowzero", "axes", "axis", "shape"]);
        return Ok(map.clone());
    }
    let map = reader.any_map(0)?.clone();
    let dims = walk.dims(&map);
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
    seen_with(walk, reader, &map, &target)?.ok_or_else(|| {
        format!(
            "{dims:?} as {target:?}; supported are flattening all but the batch, groups of channels, and extents of 1 that come or go"
        )
    })
}

/// The map with the extents `target`, where that changes nothing, flattens it, or takes channels apart.
fn seen_with(
    walk: &mut Walk<'_>,
    reader: &Reader<'_>,
    map: &Map,
    target: &[usize],
) -> Result<Option<Map>, String> {
    if walk.dims(map) == target {
        return Ok(Some(map.clone()));
    }
    let shape = walk.shape(map);
    let Some((&batch, extents)) = target.split_first() else { return Ok(None) };
    if batch != walk.batch {
        return Ok(None);
    }
    // Seen as channels again, the order in which they were flattened would be forgotten.
    let is_ordered = !matches!(map.form, Form::FlatChannelsLast(_));
    let is_first = matches!(map.form, Form::ChannelsFirst | Form::NoChannels | Form::Grouped(_));
    let (channels, one_position) = (shape.channels, shape.positions() == 1 && is_ordered);
    if let Form::Shuffled(groups) = map.form {
        // The shuffle becomes one of the channels themselves.
        let per_group = channels / groups;
        let order = (0..channels).map(|place| place % groups * per_group + place / groups).collect();
        let node = walk.add(reader, Operation::Pick(order), vec![map.node])?;
        return seen_with(walk, reader, &map.at(node).seen_as(Form::ChannelsFirst), target);
    }
    let is_whole = [channels, shape.height, shape.width];
    Ok(match *extents {
        [features] if features == shape.len() => {
            let form = match map.form {
                Form::ChannelsLast if shape.positions() > 1 && channels > 1 => Form::FlatChannelsLast(shape),
                Form::ReducedChannelsLast if shape.positions() > 1 && channels > 1 => {
                    Form::FlatChannelsLast(shape)
                }
                _ => Form::Flat,
            };
            if shape.positions() == 1 {
                return Ok(Some(map.seen_as(form)));
            }
            let node = walk.add(reader, Operation::Flatten, vec![map.node])?;
            Some(map.at(node).seen_as(form))
        }
        [_, _, _] if extents == is_whole && is_first => Some(map.seen_as(Form::ChannelsFirst)),
        [a, 1, 1] if a == channels && one_position => Some(map.seen_as(Form::ChannelsFirst)),
        [1, 1, a] if a == channels && one_position => Some(map.seen_as(Form::ChannelsLast)),
        [1, rows, columns] if channels == 1 && [rows, columns] == [shape.height, shape.width] => {
            Some(map.seen_as(Form::ChannelsFirst))
        }
        [rows, columns, 1] if channels == 1 && [rows, columns] == [shape.height, shape.width] => {
            Some(map.seen_as(Form::ChannelsLast))
        }
        [rows, columns] if channels == 1 && [rows, columns] == [shape.height, shape.width] => {
            Some(map.seen_as(Form::NoChannels))
        }
        // Rows or columns of which there is one.
        [a, places]
            if a == channels
                && places == shape.positions()
                && shape.height.min(shape.width) == 1
                && matches!(map.form, Form::ChannelsFirst) =>
        {
            Some(map.seen_as(Form::Reduced))
        }
        [places, a]
            if a == channels
                && places == shape.positions()
                && shape.height.min(shape.width) == 1
                && matches!(map.form, Form::ChannelsLast) =>
        {
            Some(map.seen_as(Form::ReducedChannelsLast))
        }
        [groups, per_group, rows, columns]
            if groups * per_group == channels
                && [rows, columns] == [shape.height, shape.width]
                && map.form == Form::ChannelsFirst =>
        {
            Some(map.seen_as(Form::Grouped(groups)))
        }
        _ => None,
    })
}

/// Shape, with the batch that the model leaves open taken as 1.
pub(crate) fn shape(walk: &Walk<'_>, reader: &Reader<'_>) -> Result<Value, String> {
    let dims: Vec<i64> = walk.dims(reader.any_map(0)?).iter().map(|&extent| extent as i64).collect();
    Ok(Value::Constant(shape_part(&reader.attributes, &dims)?.into()))
}

/// Expand: what has one position may stand for more, as a gate that multiplies a map.
pub(crate) fn expand(walk: &Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.any_map(0)?;
    let target = reader.constant(1)?.as_integers().ok_or("extents that are not integers")?;
    let dims = walk.dims(map);
    let expected =
        || format!("{dims:?} to {target:?}; supported are more rows and columns of a single position");
    if target.len() != dims.len() {
        return Err(expected());
    }
    let extents: Option<Vec<usize>> =
        target.iter().zip(&dims).map(|(&to, &from)| Some(usize::try_from(to).ok()?.max(from))).collect();
    let extents = extents.ok_or_else(expected)?;
    if extents == dims {
        return Ok(map.clone());
    }
    let positions = map.form.position_axes().ok_or_else(expected)?;
    let is_spread = (0..dims.len()).all(|axis| extents[axis] == dims[axis] || positions.contains(&axis));
    if !is_spread || walk.shape(map).positions() != 1 {
        return Err(expected());
    }
    Ok(Map { spread: Some(extents), ..map.clone() })
}

/// Split, along the channels.
pub(crate) fn split(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Vec<Value>, String> {
    let map = reader.map(0)?.clone();
    let along = along_channels(walk, reader, &map, reader.attributes.int("axis", 0)?)?;
    let outputs = reader.node.output.len();
    let stated = match (reader.attributes.ints("split")?, reader.optional_constant(1)?) {
        (Some(parts), _) => Some(parts.to_vec()),
        (None, Some(parts)) => Some(parts.as_integers().ok_or("parts that are not integers")?.to_vec()),
        (None, None) => None,
    };
    reader.attributes.ignore(&["num_outputs"]);
    let part = along.div_ceil(outputs.max(1)) as i64;
    let parts = stated.unwrap_or_else(|| {
        (0..outputs as i64).map(|place| part.min(along as i64 - place * part).max(0)).collect()
    });
    if parts.len() != outputs
        || parts.iter().sum::<i64>() != along as i64
        || parts.iter().any(|&part| part < 1)
    {
        return Err(format!("parts of {parts:?}; expected {outputs} that make {along} channels"));
    }
    let mut first = 0;
    let mut values = Vec::new();
    for part in parts {
        let channels = (first..first + part as usize).collect();
        first += part as usize;
        values.push(Value::Map(picked(walk, reader, &map, channels)?));
    }
    Ok(values)
}

/// Slice, along the channels.
pub(crate) fn slice(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?.clone();
    let dims = walk.dims(&map);
    let slices = Slices::read(&reader.attributes, &reader.parameters()?)?;
    let mut channels = None;
    for (axis, &extent) in dims.iter().enumerate() {
        let kept = slices.kept(axis, dims.len(), extent)?;
        if kept.iter().copied().eq(0..extent) {
            continue;
        }
        if Some(axis) != map.form.channel_axis() || matches!(map.form, Form::FlatChannelsLast(_)) {
            return Err(format!("a part of axis {axis}; supported are parts of the channels"));
        }
        channels = Some(kept);
    }
    match channels {
        Some(channels) => picked(walk, reader, &map, channels),
        None => Ok(map),
    }
}

/// Gather, of channels.
pub(crate) fn gather(walk: &mut Walk<'_>, reader: &Reader<'_>) -> Result<Map, String> {
    let map = reader.map(0)?.clone();
    let along = along_channels(walk, reader, &map, reader.attributes.int("axis", 0)?)?;
    let indices = reader.constant(1)?;
    let (&[_], Some(places)) = (indices.dims.as_slice(), indices.as_integers()) else {
        return Err("of one place; supported are lists of channels".into());
    };
    let channels = places.iter().map(|&place| axis(place, along)).collect::<Result<Vec<_>, _>>()?;
    picked(walk, reader, &map, channels)
}

/// How many channels there are, if an axis is theirs.
fn along_channels(walk: &Walk<'_>, reader: &Reader<'_>, map: &Map, given: i64) -> Result<usize, String> {
    let dims = walk.dims(map);
    let along = axis(given, dims.len())?;
    let is_ordered = !matches!(map.form, Form::FlatChannelsLast(_));
    if map.form.channel_axis() != Some(along) || !is_ordered {
        return Err(format!(
            "{} along axis {given} of {dims:?}; supported is along the channels",
            reader.node.op_type
        ));
    }
    Ok(dims[along])
}

fn picked(walk: &mut Walk<'_>, reader: &Reader<'_>, map: &Map, channels: Vec<usize>) -> Result<Map, String> {
    if channels.iter().copied().eq(0..walk.shape(map).channels) {
        return Ok(map.clone());
    }
    Ok(map.at(walk.add(reader, Operation::Pick(channels), vec![map.node])?))
}

/// The values of a constant that scales or shifts a map, one for each channel.
pub(crate) fn per_channel(walk: &Walk<'_>, array: &Array, map: &Map) -> Result<Vec<f32>, String> {
    let dims = walk.dims(map);
    let channels = walk.shape(map).channels;
    let values = array.to_floats();
    let wrong = || {
        format!(
            "a constant of extents {:?} for values of extents {dims:?}; supported is one for each channel",
            array.dims
        )
    };
    if array.dims.len() > dims.len() {
        return Err(wrong());
    }
    if let &[value] = values.as_slice() {
        return Ok(vec![value; channels]);
    }
    let channel = map.form.channel_axis().ok_or_else(wrong)?;
    let missing = dims.len() - array.dims.len();
    let is_legal = |(place, &extent): (usize, &usize)| {
        extent == 1 || (place + missing == channel && extent == dims[channel])
    };
    if !array.dims.iter().enumerate().all(is_legal) {
        return Err(wrong());
    }
    match map.form {
        Form::FlatChannelsLast(shape) => Ok(reordered(&values, &channels_first_order(shape))),
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
