//! Functions of one real value, put together from a float network's nodes.

use std::rc::Rc;

use float_network::{BatchNorm, Function, Operation};

use crate::plan::Clamp;

/// A function of one real value x.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// x itself.
    Value,
    /// A scale and a shift.
    Affine(Rc<Expression>, f64, f64),
    /// Bounds.
    Clamped(Rc<Expression>, Clamp),
    /// A function of the field.
    Of(Rc<Expression>, Function),
    /// A product: swish is x times its sigmoid.
    Product(Rc<Expression>, Rc<Expression>),
    Sum(Rc<Expression>, Rc<Expression>),
}

impl Expression {
    /// Its value at x.
    pub fn at(&self, x: f64) -> f64 {
        match self {
            Self::Value => x,
            Self::Affine(inner, scale, shift) => inner.at(x) * scale + shift,
            Self::Clamped(inner, clamp) => clamp.of(inner.at(x)),
            Self::Of(inner, function) => function.of(inner.at(x)),
            Self::Product(a, b) => a.at(x) * b.at(x),
            Self::Sum(a, b) => a.at(x) + b.at(x),
        }
    }

    /// This, and then an operation on each value alone; `None` if the operation is not of that kind.
    pub fn then(self, operation: &Operation) -> Option<Self> {
        let inner = Rc::new(self);
        Some(match operation {
            Operation::Relu => Self::Clamped(inner, Clamp::RELU),
            &Operation::Clip { low, high } => Self::Clamped(inner, Clamp::between(low, high)),
            &Operation::Function(function) => Self::Of(inner, function),
            Operation::BatchNorm(norm) => {
                let (scale, shift) = uniform(norm)?;
                Self::Affine(inner, scale, shift)
            }
            _ => return None,
        })
    }
}

/// The scale and shift of a batch norm that does the same to every channel.
pub(crate) fn uniform(norm: &BatchNorm) -> Option<(f64, f64)> {
    let first = norm.scale_and_shift(0);
    (1..norm.channels()).all(|channel| norm.scale_and_shift(channel) == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hard_swish_as_exporters_write_it_is_the_function() {
        let gate = Expression::Value
            .then(&Operation::BatchNorm(BatchNorm::affine(vec![1.0; 2], vec![3.0; 2]).unwrap()));
        let gate = gate.unwrap().then(&Operation::Clip { low: 0.0, high: 6.0 }).unwrap();
        let product = Expression::Product(Rc::new(Expression::Value), Rc::new(gate));
        let sixth = BatchNorm::affine(vec![1.0 / 6.0; 2], vec![0.0; 2]).unwrap();
        let swish = product.then(&Operation::BatchNorm(sixth)).unwrap();
        for x in [-4.0, -3.0, -1.5, 0.0, 2.0, 5.0] {
            assert!((swish.at(x) - Function::HardSwish.of(x)).abs() < 1e-6);
        }
    }

    #[test]
    fn what_differs_from_channel_to_channel_is_no_function_of_one_value() {
        let norm = BatchNorm::affine(vec![1.0, 2.0], vec![0.0; 2]).unwrap();
        assert_eq!(Expression::Value.then(&Operation::BatchNorm(norm)), None);
        assert_eq!(Expression::Value.then(&Operation::Add), None);
    }
}
