//! Values of the quantized network on the calibration images, and what needs no weights.

use std::rc::Rc;

use float_network::{FloatMap, FloatNetworkBuilder, NodeId, Operation, Pool, Window, evaluate_node};
use network::{Border, Shape};

/// A value of the quantized network on every calibration image.
#[derive(Clone)]
pub(crate) enum Held {
    /// Integers, from which the one that stands for 0 is taken off, and what 1 stands for.
    Integers(Rc<Vec<FloatMap>>, f64),
    /// Real numbers that a sum reads.
    Real(Rc<Vec<FloatMap>>),
}

pub(crate) fn flattened(maps: &Rc<Vec<FloatMap>>) -> Rc<Vec<FloatMap>> {
    match maps.first() {
        Some(first) if first.shape().positions() > 1 => {
            let flat =
                |map: &FloatMap| FloatMap::new(Shape::new(map.shape().len(), 1, 1), map.values().to_vec());
            Rc::new(maps.iter().filter_map(flat).collect())
        }
        _ => Rc::clone(maps),
    }
}

/// A pool of integers, whose results stand for `factor` times as little.
pub(crate) fn pooled(input: &Held, operation: &Operation, factor: f64) -> Option<Held> {
    let Held::Integers(maps, step) = input else { return None };
    let pooled = match maps.first() {
        Some(first) => {
            let mut builder = FloatNetworkBuilder::new("input", first.shape()).ok()?;
            let id = builder.add("pool", operation.clone(), vec![NodeId::IMAGE]).ok()?;
            evaluate_node(builder.node(id)?, &[maps])
        }
        None => Vec::new(),
    };
    let whole = |map: &FloatMap| map.map(|_, value| (f64::from(value) * factor).round() as f32);
    Some(Held::Integers(Rc::new(pooled.iter().map(whole).collect()), step / factor))
}

/// Sums, as means times their number; what the padding leaves out is made up for as the network does.
pub(crate) fn sum_pooled(input: &Held, window: Option<Window>, counts_padding: bool) -> Option<Held> {
    let Held::Integers(maps, step) = input else { return None };
    let Some(window) = window else {
        let positions = maps.first().map_or(1, |map| map.shape().positions());
        return pooled(input, &Operation::GlobalAveragePool, positions as f64);
    };
    let taps = window.taps();
    let pool = Operation::AveragePool(Pool { window, counts_padding: true });
    let sums = pooled(input, &pool, taps as f64)?;
    if counts_padding {
        return Some(sums);
    }
    let Some(first) = maps.first() else { return Some(sums) };
    // How many taps lie inside is the sum of ones.
    let shape = Shape { channels: 1, ..first.shape() };
    let ones = FloatMap::new(shape, vec![1.0; shape.len()])?;
    let (Held::Integers(sums, _), Held::Integers(inside, _)) =
        (sums, pooled(&Held::Integers(Rc::new(vec![ones]), 1.0), &pool, taps as f64)?)
    else {
        return None;
    };
    let inside = inside.first()?.values();
    let whole = |map: &FloatMap| {
        let values = map.values().iter().enumerate();
        let values = values.map(|(place, &sum)| {
            let inside = inside[place % inside.len()] as usize;
            Border::of_part(sum as i64, inside, taps) as f32
        });
        FloatMap::new(map.shape(), values.collect())
    };
    let maps = sums.iter().map(whole).collect::<Option<Vec<_>>>()?;
    Some(Held::Integers(Rc::new(maps), step / taps as f64))
}

/// Some channels, in an order of their own.
pub(crate) fn picked(input: &Held, channels: &[usize]) -> Option<Held> {
    let Held::Integers(maps, step) = input else { return None };
    let pick = |map: &FloatMap| {
        let shape = map.shape();
        let positions = shape.positions();
        let values = channels.iter().map(|channel| map.values().get(channel * positions..)?.get(..positions));
        let values = values.collect::<Option<Vec<&[f32]>>>()?.concat();
        FloatMap::new(Shape { channels: channels.len(), ..shape }, values)
    };
    Some(Held::Integers(Rc::new(maps.iter().map(pick).collect::<Option<Vec<_>>>()?), *step))
}

/// The real products of two values, of which the second may have one position.
pub(crate) fn multiplied(inputs: &[Held]) -> Option<Vec<FloatMap>> {
    let [Held::Integers(values, step), Held::Integers(gates, gate_step)] = inputs else { return None };
    let product = |(map, gate): (&FloatMap, &FloatMap)| {
        let repeats = (map.values().len() / gate.values().len().max(1)).max(1);
        let gates = gate.values().iter().flat_map(|&gate| std::iter::repeat_n(gate, repeats));
        let real =
            |(&value, gate): (&f32, f32)| (f64::from(value) * f64::from(gate) * (step * gate_step)) as f32;
        FloatMap::new(map.shape(), map.values().iter().zip(gates).map(real).collect())
    };
    values.iter().zip(gates.iter()).map(product).collect()
}

pub(crate) fn concatenated(inputs: &[Held]) -> Option<Held> {
    let parts = inputs.iter().map(|input| match input {
        Held::Integers(maps, step) => Some((maps, *step)),
        Held::Real(_) => None,
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    let (first, step) = *parts.first()?;
    let whole = |image: usize| {
        let values: Vec<&[f32]> =
            parts.iter().filter_map(|(maps, _)| Some(maps.get(image)?.values())).collect();
        let channels = parts.iter().filter_map(|(maps, _)| Some(maps.get(image)?.shape().channels)).sum();
        let shape = first[image].shape();
        FloatMap::new(Shape::new(channels, shape.height, shape.width), values.concat())
    };
    let maps = (0..first.len()).map(whole).collect::<Option<Vec<_>>>()?;
    Some(Held::Integers(Rc::new(maps), step))
}

pub(crate) fn added(inputs: &[Held]) -> Option<Vec<FloatMap>> {
    let (maps, _) = match inputs.first()? {
        Held::Integers(maps, step) => (maps, *step),
        Held::Real(maps) => (maps, 1.0),
    };
    let sum = |image: usize| {
        let shape = maps[image].shape();
        let mut sums = vec![0.0_f64; shape.len()];
        for input in inputs {
            let (maps, step) = match input {
                Held::Integers(maps, step) => (maps, *step),
                Held::Real(maps) => (maps, 1.0),
            };
            sums.iter_mut()
                .zip(maps.get(image)?.values())
                .for_each(|(sum, &value)| *sum += f64::from(value) * step);
        }
        FloatMap::new(shape, sums.into_iter().map(|sum| sum as f32).collect())
    };
    (0..maps.len()).map(sum).collect()
}
