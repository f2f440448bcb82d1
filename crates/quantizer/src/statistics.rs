//! How sparse ternary weights are.

use network::TernaryWeights;

/// The zeros of a layer, as a whole and filter by filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparsityStatistics {
    weights_per_filter: usize,
    nonzeros: Vec<usize>,
}

impl SparsityStatistics {
    /// Counts the weights of a layer.
    pub fn of(weights: &TernaryWeights) -> Self {
        let weights_per_filter = weights.inputs() * weights.taps();
        let count = |filter: &[i8]| filter.iter().filter(|&&weight| weight != 0).count();
        let nonzeros = weights.values().chunks_exact(weights_per_filter.max(1)).map(count).collect();
        Self { weights_per_filter, nonzeros }
    }

    /// All weights of the layer.
    pub fn weights(&self) -> usize {
        self.weights_per_filter * self.nonzeros.len()
    }

    /// The weights that are not zero, per filter.
    pub fn nonzeros_by_filter(&self) -> &[usize] {
        &self.nonzeros
    }

    /// The weights of the layer that are not zero.
    pub fn nonzeros(&self) -> usize {
        self.nonzeros.iter().sum()
    }

    /// The filters without any weight.
    pub fn empty_filters(&self) -> usize {
        self.nonzeros.iter().filter(|&&nonzeros| nonzeros == 0).count()
    }

    /// The share of the layer's weights that are zero.
    pub fn sparsity(&self) -> f64 {
        zero_share(self.nonzeros(), self.weights())
    }

    /// The share of zeros, per filter.
    pub fn sparsity_by_filter(&self) -> impl ExactSizeIterator<Item = f64> {
        self.nonzeros.iter().map(|&nonzeros| zero_share(nonzeros, self.weights_per_filter))
    }
}

fn zero_share(nonzeros: usize, weights: usize) -> f64 {
    if weights == 0 { 0.0 } else { 1.0 - nonzeros as f64 / weights as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_counted_by_layer_and_by_filter() {
        let weights = TernaryWeights::new([2, 2, 1, 2], vec![1, 0, 0, -1, 0, 0, 0, 0]).unwrap();
        let statistics = SparsityStatistics::of(&weights);
        assert_eq!((statistics.weights(), statistics.nonzeros(), statistics.empty_filters()), (8, 2, 1));
        assert_eq!(statistics.sparsity(), 0.75);
        assert_eq!(statistics.sparsity_by_filter().collect::<Vec<_>>(), [0.5, 1.0]);
    }
}
