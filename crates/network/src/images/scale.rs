//! Bilinear interpolation.

/// One channel scaled to other extents: half-pixel centres, edges clamped, double precision, rounded.
pub(super) fn bilinear(
    channel: &[u8],
    (height, width): (usize, usize),
    (new_height, new_width): (usize, usize),
) -> Vec<u8> {
    let columns: Vec<Sample> = (0..new_width).map(|x| Sample::new(x, width, new_width)).collect();
    let mut scaled = Vec::with_capacity(new_height * new_width);
    for row in (0..new_height).map(|y| Sample::new(y, height, new_height)) {
        for column in &columns {
            let along = |y: usize| column.between(|x| f64::from(channel[y * width + x]));
            // A mean of pixels is within 0 to 255.
            scaled.push(row.between(along).round_ties_even() as u8);
        }
    }
    scaled
}

/// Where a new row or column lies between two old ones.
struct Sample {
    before: usize,
    after: usize,
    /// The weight of `after`, 0 to 1.
    fraction: f64,
}

impl Sample {
    fn new(place: usize, extent: usize, new_extent: usize) -> Self {
        let last = extent.saturating_sub(1);
        let exact = (place as f64 + 0.5) * extent as f64 / new_extent as f64 - 0.5;
        let exact = exact.clamp(0.0, last as f64);
        let before = exact as usize;
        Self { before, after: (before + 1).min(last), fraction: exact - before as f64 }
    }

    fn between(&self, value: impl Fn(usize) -> f64) -> f64 {
        value(self.before) * (1.0 - self.fraction) + value(self.after) * self.fraction
    }
}

#[cfg(test)]
mod tests {
    use super::bilinear;

    #[test]
    fn doubling_two_pixels_gives_quarter_steps_between_clamped_edges() {
        assert_eq!(bilinear(&[0, 100], (1, 2), (1, 4)), [0, 25, 75, 100]);
        assert_eq!(bilinear(&[0, 100], (2, 1), (4, 1)), [0, 25, 75, 100]);
    }

    #[test]
    fn the_same_extents_change_nothing() {
        assert_eq!(bilinear(&[7, 255, 0, 3], (2, 2), (2, 2)), [7, 255, 0, 3]);
    }
}
