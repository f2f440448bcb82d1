//! Cells that are not ideal.

use rand::{Rng, RngExt};
use technology::{Quantity, Resistance};

/// The resistances of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Device {
    /// Of a cell that holds its largest code.
    pub on_resistance: Resistance,
    /// Of a cell that holds 0.
    pub off_resistance: Resistance,
}

/// How cells and wires differ from ideal ones. The default is ideal.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NonIdealities {
    /// Standard deviation of the logarithm of a cell's conductance: device-to-device spread, lognormal.
    pub conductance_spread: f64,
    /// Probability that a cell is stuck at its largest conductance.
    pub stuck_on: f64,
    /// Probability that a cell is stuck at its smallest conductance.
    pub stuck_off: f64,
    /// Resistance of a column's wires from one cell to the next. The voltage that is lost on them is taken to first order: from the
    /// currents that ideal wires would carry. Word lines end at the gates of access transistors (1T1R) and carry no current.
    pub wire_resistance: Resistance,
}

/// What the cells of a subarray add to their columns' sums when their rows are active, in units of a code.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    columns: usize,
    /// Row by row.
    values: Vec<f32>,
    /// What is lost on a bit line, per square of a sum of codes and per cell of wire.
    loss: f32,
}

impl Cells {
    /// Draws cells for codes, row by row. `largest_code` is what a cell at its on-resistance stands for.
    pub fn draw(
        codes: &[u16],
        columns: usize,
        largest_code: f64,
        device: Device,
        non_idealities: &NonIdealities,
        generator: &mut impl Rng,
    ) -> Self {
        let n = non_idealities;
        let (on, off) = (1.0 / device.on_resistance.base(), 1.0 / device.off_resistance.base());
        let of_code = (on - off) / largest_code;
        // A cell at 0 conducts too; a dummy column takes that away from the sum, as it would be in ideal cells.
        let offset = off / of_code;
        let loss = n.wire_resistance.base() * of_code;
        let mut values = Vec::with_capacity(codes.len());
        for row in codes.chunks(columns.max(1)) {
            values.extend(row.iter().map(|&code| {
                let fate: f64 = generator.random();
                let spread = libm::exp(n.conductance_spread * standard_normal(generator));
                let code = if fate < n.stuck_on {
                    largest_code
                } else if fate < n.stuck_on + n.stuck_off {
                    0.0
                } else {
                    f64::from(code)
                };
                ((code + offset) * spread - offset) as f32
            }));
        }
        Self { columns, values, loss: loss as f32 }
    }

    /// The sums of all columns over the active rows, given from the farthest from the converters to the nearest.
    pub fn sums(&self, active_rows: impl Iterator<Item = usize>, sums: &mut [f32], lost: &mut [f32]) {
        sums.fill(0.0);
        lost.fill(0.0);
        let mut rows = active_rows.peekable();
        while let Some(row) = rows.next() {
            let cells = &self.values[row * self.columns..(row + 1) * self.columns];
            sums.iter_mut().zip(cells).for_each(|(sum, cell)| *sum += cell);
            if self.loss > 0.0 {
                // From this row to the next active one the wire carries the sum so far.
                let wire = self.loss * (row - rows.peek().map_or(0, |&next| next)) as f32;
                lost.iter_mut().zip(&*sums).for_each(|(lost, sum)| *lost += wire * sum * sum);
            }
        }
        sums.iter_mut().zip(&*lost).for_each(|(sum, lost)| *sum -= lost);
    }
}

/// Box and Muller's transform, one of the two numbers.
fn standard_normal(generator: &mut impl Rng) -> f64 {
    let (radius, angle): (f64, f64) = (generator.random(), generator.random());
    libm::sqrt(-2.0 * libm::log1p(-radius)) * libm::cos(std::f64::consts::TAU * angle)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const DEVICE: Device =
        Device { on_resistance: Resistance::ohms(6e3), off_resistance: Resistance::ohms(900e3) };

    fn cells(non_idealities: NonIdealities) -> Cells {
        let codes: Vec<u16> = (0..64 * 50).map(|i| (i % 3) as u16).collect();
        Cells::draw(&codes, 50, 3.0, DEVICE, &non_idealities, &mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn ideal_cells_hold_their_codes() {
        let cells = cells(NonIdealities::default());
        for (index, value) in cells.values.iter().enumerate() {
            assert!((f64::from(*value) - (index % 3) as f64).abs() < 1e-6);
        }
    }

    #[test]
    fn spread_is_lognormal_around_the_code() {
        let cells = cells(NonIdealities { conductance_spread: 0.1, ..Default::default() });
        let logs: Vec<f64> = cells
            .values
            .iter()
            .enumerate()
            .filter(|(index, _)| index % 3 == 2)
            .map(|(_, value)| libm::log(f64::from(*value) / 2.0))
            .collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let deviation = libm::sqrt(logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / count);
        assert!(mean.abs() < 0.01 && (deviation - 0.1).abs() < 0.01, "{mean} {deviation}");
    }

    #[test]
    fn stuck_cells_come_at_their_rates() {
        let cells = cells(NonIdealities { stuck_on: 0.1, stuck_off: 0.2, ..Default::default() });
        let share = |wanted: f64| {
            let near = |value: &&f32| (f64::from(**value) - wanted).abs() < 1e-6;
            cells.values.iter().filter(near).count() as f64 / cells.values.len() as f64
        };
        assert!((share(3.0) - 0.1).abs() < 0.02, "{}", share(3.0));
        // A third of the codes is 0 anyway.
        assert!((share(0.0) - (0.2 + 0.7 / 3.0)).abs() < 0.03, "{}", share(0.0));
    }

    #[test]
    fn what_is_lost_on_a_bit_line_is_the_sum_over_pairs_of_cells_of_their_common_wire() {
        let resistance = Resistance::ohms(0.5);
        let cells = cells(NonIdealities { wire_resistance: resistance, ..Default::default() });
        let rows = [60, 41, 7];
        let (mut sums, mut lost) = (vec![0.0; 50], vec![0.0; 50]);
        cells.sums(rows.into_iter(), &mut sums, &mut lost);
        for (column, sum) in sums.iter().enumerate() {
            let value = |row: usize| f64::from(cells.values[row * 50 + column]);
            let mut expected = 0.0;
            for a in rows {
                expected += value(a);
                for b in rows {
                    expected -= f64::from(cells.loss) * a.min(b) as f64 * value(a) * value(b);
                }
            }
            assert!((f64::from(*sum) - expected).abs() < 1e-4, "{sum} {expected}");
        }
        assert!(lost.iter().any(|&lost| lost > 0.0));
    }
}
