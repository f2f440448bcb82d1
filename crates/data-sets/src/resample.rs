//! Bilinear scaling whose support grows as it shrinks: the "antialiased bilinear" of image libraries.

/// One channel scaled to other extents: a triangle filter over half-pixel centres, as wide as the step between output pixels
/// when the image shrinks and one pixel when it grows, weights normalized at the edges; along rows first, then along columns,
/// double precision, rounded once at the end.
pub fn resample(channel: &[u8], (height, width): (usize, usize), (rows, columns): (usize, usize)) -> Vec<u8> {
    if (height, width) == (rows, columns) {
        return channel.to_vec();
    }
    let along_rows: Vec<Tap> = (0..columns).map(|x| Tap::new(x, width, columns)).collect();
    let mut narrowed = Vec::with_capacity(height * columns);
    for row in channel.chunks_exact(width.max(1)) {
        narrowed.extend(along_rows.iter().map(|tap| tap.sum(|x| f64::from(row[x]))));
    }
    let mut scaled = Vec::with_capacity(rows * columns);
    for tap in (0..rows).map(|y| Tap::new(y, height, rows)) {
        for x in 0..columns {
            // A mean of pixels is within 0 to 255.
            scaled.push(tap.sum(|y| narrowed[y * columns + x]).round_ties_even() as u8);
        }
    }
    scaled
}

/// The pixels that an output pixel is the weighted mean of.
struct Tap {
    first: usize,
    weights: Vec<f64>,
}

impl Tap {
    fn new(place: usize, extent: usize, new_extent: usize) -> Self {
        let step = extent as f64 / new_extent as f64;
        let support = step.max(1.0);
        let centre = (place as f64 + 0.5) * step;
        let first = (centre - support + 0.5).floor().max(0.0) as usize;
        let end = ((centre + support + 0.5).floor() as usize).clamp(1, extent);
        let first = first.min(end - 1);
        let distance = |pixel: usize| ((pixel as f64 + 0.5 - centre) / support).abs();
        let mut weights: Vec<f64> = (first..end).map(|pixel| (1.0 - distance(pixel)).max(0.0)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Self { first, weights }
    }

    fn sum(&self, value: impl Fn(usize) -> f64) -> f64 {
        self.weights.iter().enumerate().map(|(index, weight)| weight * value(self.first + index)).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::resample;

    #[test]
    fn halving_takes_the_triangle_s_mean_and_doubling_quarter_steps() {
        assert_eq!(resample(&[0, 100], (1, 2), (1, 4)), [0, 25, 75, 100]);
        // Weights 1, 3, 3, 1 around a centre, cut off and normalized at an edge: (3·0 + 3·80 + 1·80) / 7.
        assert_eq!(resample(&[0, 80, 80, 0], (1, 4), (1, 2)), [46, 46]);
        assert_eq!(resample(&[10; 12], (3, 4), (2, 1)), [10, 10]);
    }

    #[test]
    fn pillow_s_bilinear_gives_the_same_but_for_its_rounding_between_the_passes() {
        // Pillow 13.0.0, Image.resize(..., Image.BILINEAR), on pixels (37x² + 91y + 13xy) mod 256.
        let pixel = |x: usize, y: usize| ((37 * x * x + 91 * y + 13 * x * y) % 256) as u8;
        let image = |height: usize, width: usize| -> Vec<u8> {
            (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect()
        };
        let smaller: [u8; 20] = [
            85, 126, 110, 108, 148, 155, 133, 88, 136, 133, 134, 154, 131, 130, 112, 149, 154, 143, 137, 103,
        ];
        let larger: [u8; 15] = [0, 15, 37, 104, 148, 46, 63, 89, 83, 79, 91, 111, 141, 62, 9];
        let close = |ours: Vec<u8>, theirs: &[u8]| ours.iter().zip(theirs).all(|(a, b)| a.abs_diff(*b) <= 1);
        assert!(close(resample(&image(9, 11), (9, 11), (5, 4)), &smaller));
        assert!(close(resample(&image(2, 3), (2, 3), (3, 5)), &larger));
    }

    proptest! {
        #[test]
        fn every_output_lies_between_the_smallest_and_the_largest_pixel_and_mirrors_with_the_image(
            channel in proptest::collection::vec(any::<u8>(), 1..40), new in 1_usize..50,
        ) {
            let scaled = resample(&channel, (1, channel.len()), (1, new));
            let (low, high) = (channel.iter().min().unwrap(), channel.iter().max().unwrap());
            prop_assert!(scaled.iter().all(|value| (low..=high).contains(&value)));
            prop_assert_eq!(&scaled, &resample(&channel, (channel.len(), 1), (new, 1)));
            let mirrored: Vec<u8> = channel.iter().rev().copied().collect();
            let back: Vec<u8> = resample(&mirrored, (1, channel.len()), (1, new)).into_iter().rev().collect();
            // Sums in the other order may round a half the other way.
            prop_assert!(scaled.iter().zip(back).all(|(a, b)| a.abs_diff(b) <= 1));
        }
    }
}
