//! Values of the quantized network on the calibration images, and what needs no weights.

use std::rc::Rc;

use float_network::{FloatMap, FloatNetworkBuilder, NodeId, Operation, Pool, Window, evaluate_node};
use network::Shape;

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

/// Sums, as means times their number.
pub(crate) fn sum_pooled(input: &Held, window: Option<Window>) -> Option<Held> {
    let Held::Integers(maps, _) = input else { return None };
    match window {
        Some(window) => {
            let pool = Pool { window, counts_padding: true };
            pooled(input, &Operation::AveragePool(pool), window.taps() as f64)
        }
        None => {
            let positions = maps.first().map_or(1, |map| map.shape().positions());
            pooled(input, &Operation::GlobalAveragePool, positions as f64)
        }
    }
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
