//! Constant arrays: weights, and the shapes that exporters compute.

use crate::tensor::ElementType;

/// Values, row-major, with their extents.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub dims: Vec<usize>,
    pub element: ElementType,
    pub values: Values,
}

/// Half precision and double precision are kept as single precision; every integer and truth value as 64 bits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Floats(Vec<f32>),
    Integers(Vec<i64>),
}

/// No constant of a network comes near; it keeps a damaged file from asking for the whole memory.
pub(crate) const LARGEST: usize = 1 << 27;

/// The product of extents, if neither it nor one of them, beside one of 0, is more than the largest array.
pub(crate) fn length(dims: &[usize]) -> Option<usize> {
    let product = dims.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    product.filter(|&product| product <= LARGEST && dims.iter().all(|&extent| extent <= LARGEST))
}

impl Array {
    pub fn floats(dims: Vec<usize>, values: Vec<f32>) -> Self {
        Self { dims, element: ElementType::FLOAT, values: Values::Floats(values) }
    }

    pub fn integers(dims: Vec<usize>, values: Vec<i64>) -> Self {
        Self { dims, element: ElementType::INT64, values: Values::Integers(values) }
    }

    /// One extent, as many as there are values.
    pub fn list(values: Vec<i64>) -> Self {
        Self::integers(vec![values.len()], values)
    }

    pub fn len(&self) -> usize {
        match &self.values {
            Values::Floats(values) => values.len(),
            Values::Integers(values) => values.len(),
        }
    }

    /// Bytes that the values take.
    pub fn bytes(&self) -> u64 {
        let each = match self.values {
            Values::Floats(_) => size_of::<f32>(),
            Values::Integers(_) => size_of::<i64>(),
        };
        (self.len() * each) as u64
    }

    /// The values as single-precision numbers.
    pub fn to_floats(&self) -> Vec<f32> {
        match &self.values {
            Values::Floats(values) => values.clone(),
            Values::Integers(values) => values.iter().map(|&value| value as f32).collect(),
        }
    }

    /// The values as integers, if they are.
    pub fn as_integers(&self) -> Option<&[i64]> {
        match &self.values {
            Values::Integers(values) => Some(values),
            Values::Floats(_) => None,
        }
    }

    /// The only value, if there is one.
    pub fn scalar(&self) -> Option<f32> {
        match self.to_floats().as_slice() {
            &[value] => Some(value),
            _ => None,
        }
    }

    /// The only value as an integer, if there is one.
    pub fn scalar_integer(&self) -> Option<i64> {
        match self.as_integers()? {
            &[value] => Some(value),
            _ => None,
        }
    }

    /// The same values with other extents; `None` if there are not as many.
    pub fn with_dims(&self, dims: Vec<usize>) -> Option<Self> {
        (length(&dims)? == self.len()).then(|| Self { dims, ..self.clone() })
    }

    /// The values at the given places, with new extents.
    pub fn picked(&self, dims: Vec<usize>, places: impl Iterator<Item = usize>) -> Option<Self> {
        let values = match &self.values {
            Values::Floats(values) => {
                Values::Floats(places.map(|place| values.get(place).copied()).collect::<Option<_>>()?)
            }
            Values::Integers(values) => {
                Values::Integers(places.map(|place| values.get(place).copied()).collect::<Option<_>>()?)
            }
        };
        Some(Self { dims, element: self.element, values })
    }

    /// Rows become columns and so on: axis `k` of the result is axis `order[k]` of this one.
    pub fn transposed(&self, order: &[usize]) -> Option<Self> {
        let mut seen = vec![false; self.dims.len()];
        for &axis in order {
            *seen.get_mut(axis)? = true;
        }
        if order.len() != self.dims.len() || seen.contains(&false) {
            return None;
        }
        let strides = strides(&self.dims);
        let dims: Vec<usize> = order.iter().map(|&axis| self.dims[axis]).collect();
        let steps: Vec<usize> = order.iter().map(|&axis| strides[axis]).collect();
        let places = (0..self.len()).map(|index| place(index, &dims, &steps));
        self.picked(dims.clone(), places)
    }
}

/// How far apart neighbours along each axis are.
pub(crate) fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    strides
}

/// The place of the `index`-th element, row-major over `dims`, when neighbours lie `steps` apart.
pub(crate) fn place(mut index: usize, dims: &[usize], steps: &[usize]) -> usize {
    let mut place = 0;
    for axis in (0..dims.len()).rev() {
        place += index % dims[axis] * steps[axis];
        index /= dims[axis];
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_back_and_forth_gives_the_same_array() {
        let array = Array::integers(vec![2, 3, 4], (0..24).collect());
        let turned = array.transposed(&[2, 0, 1]).unwrap();
        assert_eq!(turned.dims, [4, 2, 3]);
        assert_eq!(turned.as_integers().unwrap()[..6], [0, 4, 8, 12, 16, 20]);
        assert_eq!(turned.transposed(&[1, 2, 0]).unwrap(), array);
        assert!(array.transposed(&[0, 0, 1]).is_none() && array.transposed(&[0, 1]).is_none());
    }
}
