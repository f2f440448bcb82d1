//! What exporters compute from constants alone: shapes for Reshape, scales, weights that are stored as integers.

use std::path::Path;

use crate::array::{Array, LARGEST, Values, length, place, strides};
use crate::attributes::Attributes;
use crate::tensor::{self, ElementType};

/// Operators that are folded when all that they read is constant.
pub(crate) const FOLDED: [&str; 30] = [
    "Constant",
    "ConstantOfShape",
    "Identity",
    "Cast",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Concat",
    "Gather",
    "Slice",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Sqrt",
    "Neg",
    "Reciprocal",
    "Shape",
    "ReduceProd",
    "Range",
    "Ceil",
    "Floor",
    "Max",
    "Min",
    "Equal",
    "Where",
    "Expand",
    "Clip",
];

/// A node's inputs; `None` for optional ones that are left out.
pub(crate) type Inputs<'a> = [Option<&'a Array>];

/// The result of an operator on constants.
pub(crate) fn fold(
    operator: &str,
    attributes: &Attributes<'_>,
    inputs: &Inputs<'_>,
    folder: Option<&Path>,
) -> Result<Array, String> {
    let first = || required(inputs, 0);
    match operator {
        "Constant" => constant(attributes, folder),
        "ConstantOfShape" => constant_of_shape(attributes, first()?, folder),
        "Identity" => Ok(first()?.clone()),
        "Cast" => cast(first()?, ElementType(attributes.int("to", 1)? as i32)),
        "Reshape" => {
            attributes.ignore(&["allowzero"]);
            reshape(first()?, integers(required(inputs, 1)?)?)
        }
        "Flatten" => {
            // Counted from the end as of any value, and one beyond the last.
            let (given, rank) = (attributes.int("axis", 1)?, first()?.dims.len());
            let counted = if given < 0 { given.saturating_add(rank as i64) } else { given };
            let axis = usize::try_from(counted).ok().filter(|&axis| axis <= rank);
            let axis = axis.ok_or_else(|| format!("axis {given} of {rank} axes"))?;
            let (rows, columns) = first()?.dims.split_at(axis);
            let dims = vec![rows.iter().product(), columns.iter().product()];
            first()?.with_dims(dims).ok_or_else(|| "too many values".into())
        }
        "Squeeze" => squeeze(first()?, axes(attributes, inputs)?.as_deref()),
        "Unsqueeze" => unsqueeze(first()?, &axes(attributes, inputs)?.ok_or("no axes")?),
        "Transpose" => {
            let array = first()?;
            let order = match attributes.ints("perm")? {
                Some(order) => {
                    order.iter().map(|&a| axis(a, array.dims.len())).collect::<Result<Vec<_>, _>>()?
                }
                None => (0..array.dims.len()).rev().collect(),
            };
            array.transposed(&order).ok_or_else(|| format!("perm {order:?} of extents {:?}", array.dims))
        }
        "Concat" => concat(attributes.int("axis", 0)?, inputs),
        "Gather" => gather(attributes.int("axis", 0)?, first()?, required(inputs, 1)?),
        "Slice" => slice(attributes, inputs),
        "Add" | "Sub" | "Mul" | "Div" => elementwise(operator, first()?, required(inputs, 1)?),
        "Max" | "Min" | "Equal" if inputs.len() == 2 => elementwise(operator, first()?, required(inputs, 1)?),
        "Clip" => {
            let bound = |name: &'static str, place: usize| match (
                attributes.float_if(name)?,
                inputs.get(place).copied().flatten(),
            ) {
                (Some(bound), _) => Ok::<_, String>(Some(bound)),
                (None, Some(bound)) => Ok(Some(bound.scalar().ok_or("a bound that is not one number")?)),
                (None, None) => Ok(None),
            };
            let (low, high) = (bound("min", 1)?, bound("max", 2)?);
            let clip = |value: f32| {
                let value = low.map_or(value, |low| value.max(low));
                high.map_or(value, |high| value.min(high))
            };
            let clipped = each(first()?, clip);
            // Extents are clipped as integers.
            if first()?.as_integers().is_some() { cast(&clipped, first()?.element) } else { Ok(clipped) }
        }
        "Ceil" => Ok(each(first()?, f32::ceil)),
        "Floor" => Ok(each(first()?, f32::floor)),
        "Where" => chosen(first()?, required(inputs, 1)?, required(inputs, 2)?),
        "Expand" => {
            let target = integers(required(inputs, 1)?)?.iter().map(|&extent| usize::try_from(extent).ok());
            let target = target.collect::<Option<Vec<_>>>().ok_or("extents below 0")?;
            let dims = broadcast(&first()?.dims, &target).filter(|dims| length(dims).is_some());
            let dims = dims.ok_or_else(|| format!("extents {target:?}"))?;
            let places = repeated(&first()?.dims, &dims);
            first()?.picked(dims.clone(), places).ok_or_else(|| "too many values".into())
        }
        "Sqrt" => Ok(each(first()?, f32::sqrt)),
        "Neg" => match &first()?.values {
            Values::Integers(values) => Ok(Array {
                values: Values::Integers(values.iter().map(|v| v.wrapping_neg()).collect()),
                ..first()?.clone()
            }),
            Values::Floats(_) => Ok(each(first()?, |value| -value)),
        },
        "Reciprocal" => Ok(each(first()?, |value| 1.0 / value)),
        "Shape" => {
            let dims: Vec<i64> = first()?.dims.iter().map(|&extent| extent as i64).collect();
            shape_part(attributes, &dims)
        }
        "ReduceProd" => {
            attributes.ignore(&["keepdims", "noop_with_empty_axes"]);
            let rank = first()?.dims.len();
            let mut reduced = axes(attributes, inputs)?.unwrap_or_default();
            reduced.iter_mut().for_each(|axis| *axis = axis.rem_euclid(rank.max(1) as i64));
            reduced.sort_unstable();
            reduced.dedup();
            if !reduced.is_empty() && reduced.len() != rank {
                return Err("over some axes; supported is the product of all values".into());
            }
            let product = integers(first()?)?.iter().try_fold(1_i64, |product, &v| product.checked_mul(v));
            let dims =
                if attributes.int("keepdims", 1)? == 0 { Vec::new() } else { vec![1; first()?.dims.len()] };
            Ok(Array::integers(dims, vec![product.ok_or("a product beyond 64 bits")?]))
        }
        "Range" => {
            let bound = |place| {
                let bound = required(inputs, place)?.scalar_integer();
                bound.ok_or_else(|| String::from("bounds that are not integers"))
            };
            let (start, limit, delta) = (bound(0)?, bound(1)?, bound(2)?);
            let refused = || format!("a range from {start} to {limit} by {delta}");
            if delta == 0 {
                return Err(refused());
            }
            let (way, step) = (i128::from(limit) - i128::from(start), i128::from(delta));
            // As many steps as begin before the limit.
            let count = if (way > 0) == (step > 0) { (way.abs() + step.abs() - 1) / step.abs() } else { 0 };
            let count = i64::try_from(count).ok().filter(|&count| count <= 1 << 20).ok_or_else(refused)?;
            let values = (0..count).map(|place| start.checked_add(place.checked_mul(delta)?));
            Ok(Array::list(values.collect::<Option<_>>().ok_or_else(refused)?))
        }
        _ => Err("reads constants only, and is not folded".into()),
    }
}

/// Whether there is room for an array of these extents.
fn within(dims: &[usize]) -> Result<usize, String> {
    let count = length(dims)
        .ok_or_else(|| format!("a constant of extents {dims:?}; expected at most {LARGEST} values"))?;
    files::ask(format!("a constant of extents {dims:?}"), (count * size_of::<i64>()) as u64)
        .map_err(|error| error.to_string())?;
    Ok(count)
}

fn required<'a>(inputs: &Inputs<'a>, place: usize) -> Result<&'a Array, String> {
    inputs.get(place).copied().flatten().ok_or_else(|| format!("input {place} is missing"))
}

fn integers(array: &Array) -> Result<&[i64], String> {
    array.as_integers().ok_or_else(|| format!("values of type {}; expected integers", array.element))
}

/// An axis that may be counted from the end.
pub(crate) fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let counted = if axis < 0 { axis + rank as i64 } else { axis };
    let legal = usize::try_from(counted).ok().filter(|&axis| axis < rank);
    legal.ok_or_else(|| format!("axis {axis} of {rank} axes"))
}

/// Axes from an attribute (older operator sets) or the second input.
fn axes(attributes: &Attributes<'_>, inputs: &Inputs<'_>) -> Result<Option<Vec<i64>>, String> {
    match (attributes.ints("axes")?, inputs.get(1).copied().flatten()) {
        (Some(axes), _) => Ok(Some(axes.to_vec())),
        (None, Some(axes)) => Ok(Some(integers(axes)?.to_vec())),
        (None, None) => Ok(None),
    }
}

fn constant(attributes: &Attributes<'_>, folder: Option<&Path>) -> Result<Array, String> {
    if let Some(value) = attributes.tensor("value")? {
        return tensor::decode(value, folder);
    }
    if let Some(value) = attributes.float_if("value_float")? {
        return Ok(Array::floats(Vec::new(), vec![value]));
    }
    if let Some(values) = attributes.floats("value_floats")? {
        return Ok(Array::floats(vec![values.len()], values.to_vec()));
    }
    if let Some(values) = attributes.ints("value_ints")? {
        return Ok(Array::list(values.to_vec()));
    }
    // An attribute that is there but of another kind is told by whoever checks that all were read.
    Ok(Array::integers(Vec::new(), vec![attributes.int("value_int", 0)?]))
}

fn constant_of_shape(
    attributes: &Attributes<'_>,
    shape: &Array,
    folder: Option<&Path>,
) -> Result<Array, String> {
    let dims =
        integers(shape)?.iter().map(|&extent| usize::try_from(extent).ok()).collect::<Option<Vec<_>>>();
    let dims = dims.ok_or("extents below 0")?;
    let count = within(&dims)?;
    let value = match attributes.tensor("value")? {
        Some(value) => tensor::decode(value, folder)?,
        None => Array::floats(vec![1], vec![0.0]),
    };
    value.picked(dims, (0..count).map(|_| 0)).ok_or_else(|| "a value without a value".into())
}

fn cast(array: &Array, to: ElementType) -> Result<Array, String> {
    let values = match (&array.values, to.is_float()) {
        (Values::Integers(_), true) => Values::Floats(array.to_floats()),
        (Values::Floats(values), false) => {
            Values::Integers(values.iter().map(|&value| value as i64).collect())
        }
        (values, _) => values.clone(),
    };
    Ok(Array { dims: array.dims.clone(), element: to, values })
}

/// The extents that a Reshape asks for: 0 keeps one, −1 takes what is left.
pub(crate) fn resolved(dims: &[usize], target: &[i64]) -> Option<Vec<usize>> {
    let total = length(dims)?;
    let mut open = None;
    let mut resolved = Vec::new();
    for (place, &extent) in target.iter().enumerate() {
        resolved.push(match extent {
            -1 if open.is_none() => {
                open = Some(place);
                1
            }
            0 => *dims.get(place)?,
            _ => usize::try_from(extent).ok()?,
        });
    }
    let known = length(&resolved)?;
    if let Some(open) = open {
        resolved[open] = total.checked_div(known)?;
    }
    (length(&resolved)? == total).then_some(resolved)
}

fn reshape(array: &Array, target: &[i64]) -> Result<Array, String> {
    let dims = resolved(&array.dims, target);
    dims.and_then(|dims| array.with_dims(dims))
        .ok_or_else(|| format!("extents {:?} as {target:?}", array.dims))
}

/// The extents without some of 1.
pub(crate) fn squeezed(dims: &[usize], axes: Option<&[i64]>) -> Result<Vec<usize>, String> {
    let axes = match axes {
        Some(axes) => axes.iter().map(|&a| axis(a, dims.len())).collect::<Result<Vec<_>, _>>()?,
        None => (0..dims.len()).filter(|&axis| dims[axis] == 1).collect(),
    };
    if axes.iter().any(|&axis| dims[axis] != 1) {
        return Err(format!("axes {axes:?} of extents {dims:?}; expected extents of 1"));
    }
    Ok((0..dims.len()).filter(|axis| !axes.contains(axis)).map(|axis| dims[axis]).collect())
}

/// The extents with more of 1, at these places of the result.
pub(crate) fn unsqueezed(dims: &[usize], axes: &[i64]) -> Result<Vec<usize>, String> {
    let rank = dims.len() + axes.len();
    let axes = axes.iter().map(|&a| axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut old = dims.iter().copied();
    let extents = (0..rank).map(|axis| if axes.contains(&axis) { Some(1) } else { old.next() });
    extents.collect::<Option<Vec<_>>>().ok_or_else(|| "an axis twice".into())
}

fn squeeze(array: &Array, axes: Option<&[i64]>) -> Result<Array, String> {
    array.with_dims(squeezed(&array.dims, axes)?).ok_or_else(|| "too many values".into())
}

fn unsqueeze(array: &Array, axes: &[i64]) -> Result<Array, String> {
    array.with_dims(unsqueezed(&array.dims, axes)?).ok_or_else(|| "too many values".into())
}

fn concat(along: i64, inputs: &Inputs<'_>) -> Result<Array, String> {
    let first = required(inputs, 0)?;
    let along = axis(along, first.dims.len())?;
    let parts = inputs.iter().copied().flatten().collect::<Vec<&Array>>();
    let mut dims = first.dims.clone();
    dims[along] = parts.iter().map(|part| part.dims.get(along).copied().unwrap_or(0)).sum();
    let fits = |part: &&Array| {
        let mut expected = dims.clone();
        expected[along] = part.dims.get(along).copied().unwrap_or(0);
        part.dims == expected && part.element.is_float() == first.element.is_float()
    };
    if !parts.iter().all(fits) {
        return Err("extents or types that do not fit each other".into());
    }
    within(&dims)?;
    let outer: usize = dims[..along].iter().product();
    let (mut floats, mut integers) = (Vec::new(), Vec::new());
    for row in 0..outer {
        for part in &parts {
            let run = part.len() / outer.max(1);
            match &part.values {
                Values::Floats(values) => floats.extend_from_slice(&values[row * run..(row + 1) * run]),
                Values::Integers(values) => integers.extend_from_slice(&values[row * run..(row + 1) * run]),
            }
        }
    }
    let values = if first.element.is_float() { Values::Floats(floats) } else { Values::Integers(integers) };
    Ok(Array { dims, element: first.element, values })
}

fn gather(along: i64, array: &Array, indices: &Array) -> Result<Array, String> {
    let along = axis(along, array.dims.len())?;
    let extent = array.dims[along];
    let picked =
        integers(indices)?.iter().map(|&index| axis(index, extent)).collect::<Result<Vec<_>, _>>()?;
    let (outer, inner) = (&array.dims[..along], &array.dims[along + 1..]);
    let run: usize = inner.iter().product();
    let dims = [outer, indices.dims.as_slice(), inner].concat();
    within(&dims)?;
    let rows: usize = outer.iter().product();
    let places = (0..rows).flat_map(|row| {
        picked.iter().flat_map(move |&index| (0..run).map(move |step| (row * extent + index) * run + step))
    });
    array.picked(dims, places).ok_or_else(|| "an index out of range".into())
}

/// Which parts of which axes a Slice keeps: from attributes in older operator sets, from inputs in newer ones.
pub(crate) struct Slices {
    starts: Vec<i64>,
    ends: Vec<i64>,
    axes: Vec<i64>,
    steps: Vec<i64>,
}

impl Slices {
    /// From a node's attributes, or its inputs but for the first.
    pub fn read(attributes: &Attributes<'_>, inputs: &Inputs<'_>) -> Result<Self, String> {
        let list = |place: usize, name: &'static str| match (
            attributes.ints(name)?,
            inputs.get(place).copied().flatten(),
        ) {
            (Some(values), _) => Ok::<_, String>(Some(values.to_vec())),
            (None, Some(values)) => Ok(Some(integers(values)?.to_vec())),
            (None, None) => Ok(None),
        };
        let starts = list(1, "starts")?.ok_or("no starts")?;
        let ends = list(2, "ends")?.ok_or("no ends")?;
        let axes = list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
        Ok(Self { starts, ends, axes, steps })
    }

    /// The places that are kept of one axis.
    pub fn kept(&self, of: usize, rank: usize, extent: usize) -> Result<Vec<usize>, String> {
        let mut kept: Vec<usize> = (0..extent).collect();
        for (place, (&start, &end)) in self.starts.iter().zip(&self.ends).enumerate() {
            if axis(self.axes.get(place).copied().unwrap_or(0), rank)? != of {
                continue;
            }
            let step = self.steps.get(place).copied().filter(|&step| step != 0).ok_or("a step of 0")?;
            let extent = extent as i64;
            let counted = |at: i64| if at < 0 { at.saturating_add(extent) } else { at };
            // Backwards, a part begins with the last element and ends before the first.
            let (low, high) = if step > 0 { (0, extent) } else { (-1, extent - 1) };
            let (from, to) = (counted(start).clamp(low, high), counted(end).clamp(low, high));
            let places = (0..extent).map(|count| from.saturating_add(count.saturating_mul(step)));
            let places = places
                .take_while(|&at| (0..extent).contains(&at) && if step > 0 { at < to } else { at > to });
            kept = places.map(|at| at as usize).collect();
        }
        Ok(kept)
    }
}

fn slice(attributes: &Attributes<'_>, inputs: &Inputs<'_>) -> Result<Array, String> {
    let array = required(inputs, 0)?;
    let slices = Slices::read(attributes, inputs)?;
    // A constant without values may claim any extents.
    if array.dims.iter().any(|&extent| extent > array.len().max(1 << 20)) {
        return Err(format!("a part of extents {:?}", array.dims));
    }
    let rank = array.dims.len();
    let kept = array.dims.iter().enumerate().map(|(axis, &extent)| slices.kept(axis, rank, extent));
    let kept = kept.collect::<Result<Vec<_>, _>>()?;
    let dims: Vec<usize> = kept.iter().map(Vec::len).collect();
    within(&dims)?;
    let (own, ones) = (strides(&array.dims), strides(&dims));
    let count: usize = dims.iter().product();
    let at = |index: usize| (0..dims.len()).map(|a| kept[a][index / ones[a] % dims[a]] * own[a]).sum();
    array.picked(dims.clone(), (0..count).map(at)).ok_or_else(|| "a part out of range".into())
}

/// The extents of the result of an operator on two arrays, of which each may be repeated along extents of 1.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let extent =
        |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |axis| dims[axis]);
    let extents = (0..rank).map(|axis| match (extent(a, axis), extent(b, axis)) {
        (a, b) if a == b || b == 1 => Some(a),
        (1, b) => Some(b),
        _ => None,
    });
    extents.collect()
}

/// For each element of `dims`, the place of the element of an array of extents `from` that is repeated there.
pub(crate) fn repeated(from: &[usize], dims: &[usize]) -> impl Iterator<Item = usize> {
    let own = strides(from);
    let missing = dims.len() - from.len();
    let steps: Vec<usize> = (0..dims.len())
        .map(|axis| axis.checked_sub(missing).map_or(0, |axis| if from[axis] == 1 { 0 } else { own[axis] }))
        .collect();
    let dims = dims.to_vec();
    (0..dims.iter().product()).map(move |index| place(index, &dims, &steps))
}

fn elementwise(operator: &str, a: &Array, b: &Array) -> Result<Array, String> {
    let dims = broadcast(&a.dims, &b.dims).filter(|dims| length(dims).is_some());
    let dims = dims.ok_or_else(|| format!("extents {:?} and {:?}", a.dims, b.dims))?;
    let places = || repeated(&a.dims, &dims).zip(repeated(&b.dims, &dims));
    let values = match (&a.values, &b.values) {
        (Values::Integers(a), Values::Integers(b)) => {
            let of = |(i, j): (usize, usize)| match operator {
                "Add" => a[i].checked_add(b[j]),
                "Sub" => a[i].checked_sub(b[j]),
                "Mul" => a[i].checked_mul(b[j]),
                "Max" => Some(a[i].max(b[j])),
                "Min" => Some(a[i].min(b[j])),
                "Equal" => Some(i64::from(a[i] == b[j])),
                _ => a[i].checked_div(b[j]),
            };
            let values = places().map(of).collect::<Option<Vec<_>>>();
            Values::Integers(values.ok_or("integers beyond 64 bits, or divided by 0")?)
        }
        _ => {
            let (a, b) = (a.to_floats(), b.to_floats());
            let of = |(i, j): (usize, usize)| match operator {
                "Add" => a[i] + b[j],
                "Sub" => a[i] - b[j],
                "Mul" => a[i] * b[j],
                "Max" => a[i].max(b[j]),
                "Min" => a[i].min(b[j]),
                "Equal" => f32::from(u8::from(a[i] == b[j])),
                _ => a[i] / b[j],
            };
            Values::Floats(places().map(of).collect())
        }
    };
    let element = if matches!(values, Values::Floats(_)) { ElementType::FLOAT } else { a.element };
    Ok(Array { dims, element, values })
}

/// The values of one of two arrays, as truth values say.
fn chosen(condition: &Array, yes: &Array, no: &Array) -> Result<Array, String> {
    let dims = broadcast(&yes.dims, &no.dims).and_then(|dims| broadcast(&dims, &condition.dims));
    let dims = dims.filter(|dims| length(dims).is_some()).ok_or("extents that do not fit each other")?;
    let conditions = integers(condition)?;
    let places =
        repeated(&condition.dims, &dims).zip(repeated(&yes.dims, &dims).zip(repeated(&no.dims, &dims)));
    let values = match (&yes.values, &no.values) {
        (Values::Integers(yes), Values::Integers(no)) => {
            let of = |(c, (i, j)): (usize, (usize, usize))| if conditions[c] != 0 { yes[i] } else { no[j] };
            Values::Integers(places.map(of).collect())
        }
        _ => {
            let (yes, no) = (yes.to_floats(), no.to_floats());
            let of = |(c, (i, j)): (usize, (usize, usize))| if conditions[c] != 0 { yes[i] } else { no[j] };
            Values::Floats(places.map(of).collect())
        }
    };
    Ok(Array { dims, element: yes.element, values })
}

fn each(array: &Array, of: impl Fn(f32) -> f32) -> Array {
    Array::floats(array.dims.clone(), array.to_floats().into_iter().map(of).collect())
}

/// The result of Shape, or of the part of it that is asked for.
pub(crate) fn shape_part(attributes: &Attributes<'_>, dims: &[i64]) -> Result<Array, String> {
    let rank = dims.len() as i64;
    let bound = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let (start, end) = (bound(attributes.int("start", 0)?), bound(attributes.int("end", rank)?));
    Ok(Array::list(dims.get(start..end).unwrap_or_default().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Attribute, Node, attribute_type};

    fn run(operator: &str, attributes: &[(&str, i64)], inputs: &[&Array]) -> Result<Array, String> {
        let attribute = |&(name, i): &(&str, i64)| Attribute {
            name: name.into(),
            i,
            r#type: attribute_type::INT,
            ..Attribute::default()
        };
        let node = Node { attribute: attributes.iter().map(attribute).collect(), ..Node::default() };
        let inputs: Vec<Option<&Array>> = inputs.iter().copied().map(Some).collect();
        fold(operator, &Attributes::new(&node), &inputs, None)
    }

    fn list(values: &[i64]) -> Array {
        Array::list(values.to_vec())
    }

    #[test]
    fn axes_are_counted_from_the_end_of_the_value() {
        let pairs = Array::integers(vec![2, 8], (0..16).collect());
        let flat = |axis| run("Flatten", &[("axis", axis)], &[&pairs]).unwrap().dims;
        assert_eq!(
            [flat(-1), flat(1), flat(0), flat(2), flat(-2)],
            [[2, 8], [2, 8], [1, 16], [16, 1], [1, 16]].map(Vec::from)
        );
        assert!(run("Flatten", &[("axis", 3)], &[&pairs]).is_err());
        assert!(run("ReduceProd", &[], &[&pairs, &list(&[1])]).is_err());
        let all = run("ReduceProd", &[("keepdims", 0)], &[&list(&[2, 3, 4]), &list(&[-1])]).unwrap();
        assert_eq!(all.scalar_integer(), Some(24));
    }

    #[test]
    fn ranges_end_before_their_limit_and_those_without_end_are_refused() {
        let range = |of: [i64; 3]| {
            let [start, limit, delta] = of.map(|value| Array::integers(vec![], vec![value]));
            run("Range", &[], &[&start, &limit, &delta])
        };
        assert_eq!(range([0, 5, 2]).unwrap(), list(&[0, 2, 4]));
        assert_eq!(range([5, 0, -2]).unwrap(), list(&[5, 3, 1]));
        assert_eq!(range([3, 3, 1]).unwrap(), list(&[]));
        assert_eq!(range([3, 5, -1]).unwrap(), list(&[]));
        assert_eq!(range([0, i64::MAX, i64::MAX - 1]).unwrap(), list(&[0, i64::MAX - 1]));
        for endless in [[5, 3, 0], [0, i64::MIN, -1], [i64::MIN, i64::MAX, 1]] {
            assert!(range(endless).is_err(), "{endless:?}");
        }
    }

    #[test]
    fn a_part_of_a_constant_that_claims_more_than_it_holds_is_refused() {
        let nothing = Array { dims: vec![0, 1 << 40], ..list(&[]) };
        assert!(run("Slice", &[], &[&nothing, &list(&[0]), &list(&[1])]).is_err());
    }

    #[test]
    fn the_shape_arithmetic_around_a_flatten_is_folded() {
        let shape = list(&[1, 512, 7, 7]);
        let batch = run("Gather", &[], &[&shape, &Array::integers(vec![], vec![0])]).unwrap();
        assert_eq!((batch.dims.as_slice(), batch.scalar_integer()), (&[][..], Some(1)));
        let batch = run("Unsqueeze", &[], &[&batch, &list(&[0])]).unwrap();
        assert_eq!(run("Concat", &[("axis", 0)], &[&batch, &list(&[-1])]).unwrap(), list(&[1, -1]));
        assert_eq!(
            run("Slice", &[], &[&shape, &list(&[1]), &list(&[i64::MAX])]).unwrap(),
            list(&[512, 7, 7])
        );
        let pads = Array::integers(vec![3, 2], (0..6).collect());
        let reversed =
            run("Slice", &[], &[&pads, &list(&[-1]), &list(&[i64::MIN]), &list(&[0]), &list(&[-1])]).unwrap();
        assert_eq!(
            (reversed.dims.as_slice(), reversed.as_integers()),
            (&[3, 2][..], Some(&[4, 5, 2, 3, 0, 1][..]))
        );
        let second =
            run("Slice", &[], &[&shape, &list(&[0]), &list(&[4]), &list(&[0]), &list(&[2])]).unwrap();
        assert_eq!(second, list(&[1, 7]));
        assert_eq!(resolved(&[1, 512, 7, 7], &[0, -1]), Some(vec![1, 25_088]));
        assert_eq!(resolved(&[1, 512, 7, 7], &[-1, 3]), None);
        assert_eq!(run("Range", &[], &[&list(&[1]), &list(&[5]), &list(&[2])]).unwrap(), list(&[1, 3]));
    }

    #[test]
    fn arrays_are_repeated_along_extents_of_one() {
        let a = Array::floats(vec![2, 1], vec![1.0, 2.0]);
        let b = Array::floats(vec![3], vec![10.0, 20.0, 30.0]);
        let sum = run("Add", &[], &[&a, &b]).unwrap();
        assert_eq!(
            (sum.dims.as_slice(), sum.to_floats().as_slice()),
            (&[2, 3][..], &[11.0, 21.0, 31.0, 12.0, 22.0, 32.0][..])
        );
        assert!(run("Add", &[], &[&a, &Array::floats(vec![3, 1], vec![0.0; 3])]).is_err());
        assert!(run("Div", &[], &[&list(&[1]), &list(&[0])]).is_err());
    }

    #[test]
    fn nothing_is_computed_from_what_does_not_fit() {
        assert!(run("Reshape", &[], &[&list(&[1, 2, 3]), &list(&[2, -1])]).is_err());
        assert!(run("Squeeze", &[], &[&list(&[1, 2]), &list(&[0])]).is_err());
        assert!(run("Gather", &[], &[&list(&[1, 2]), &list(&[2])]).is_err());
        assert!(run("Concat", &[("axis", 3)], &[&list(&[1])]).is_err());
        assert!(run("Unsqueeze", &[], &[&list(&[1])]).is_err());
        assert!(run("Concat", &[], &[]).is_err());
    }
}
