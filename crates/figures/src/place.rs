//! Places for labels beside the points they name.

use crate::font::{ASCENT, DESCENT};
use crate::role::Colour;
use crate::scene::{Align, Point, Rect, Scene, TextStyle};

/// Finds places for labels one after the other, away from points and from each other.
pub(crate) struct Labels {
    plot: Rect,
    taken: Vec<Rect>,
}

impl Labels {
    /// No label yet, inside `plot`.
    pub(crate) fn new(plot: Rect) -> Self {
        Self { plot, taken: Vec::new() }
    }

    /// Keeps labels away from a mark of `radius` at `at`.
    pub(crate) fn avoid_mark(&mut self, (x, y): Point, radius: f64) {
        self.taken.push(Rect { x: x - radius, y: y - radius, width: 2.0 * radius, height: 2.0 * radius });
    }

    /// Keeps labels `radius` away from a line.
    pub(crate) fn avoid_line(&mut self, line: &[Point], radius: f64) {
        const STEP: f64 = 4.0;
        for (from, to) in line.iter().zip(line.iter().skip(1)) {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let steps = (libm::hypot(dx, dy) / STEP).ceil().max(1.0) as usize;
            for step in 0..=steps {
                let share = step as f64 / steps as f64;
                self.avoid_mark((from.0 + dx * share, from.1 + dy * share), radius);
            }
        }
    }

    /// Draws `label` above or below a level line at the height `y`, where it is least in the way.
    pub(crate) fn draw_along(&mut self, scene: &mut Scene<'_>, label: &str, y: f64, style: TextStyle) {
        let width = scene.width(label, style);
        let height = style.size * (ASCENT + DESCENT);
        let mut best: Option<(f64, Rect)> = None;
        let mut x = self.plot.x + 6.0;
        while x + width <= self.plot.right() - 4.0 && best.is_none_or(|(shared, _)| shared > 0.0) {
            for top in [y - height - 2.0, y + 3.0] {
                let place = Rect { x, y: top, width, height };
                let shared = self.taken.iter().map(|taken| taken.shared(&place)).sum();
                if self.plot.contains(&place) && best.is_none_or(|(least, _)| shared < least) {
                    best = Some((shared, place));
                }
            }
            x += 8.0;
        }
        let fallback = Rect { x: self.plot.x + 6.0, y: y - height - 2.0, width, height };
        let (_, place) = best.unwrap_or((0.0, fallback));
        scene.text(label, (place.x, place.y + style.size * ASCENT), Align::Start, style);
        self.taken.push(place);
    }

    /// Draws `label` near the mark at `at`, with a thin line to it when there is no room close by.
    pub(crate) fn draw(&mut self, scene: &mut Scene<'_>, label: &str, at: Point, style: TextStyle) {
        let width = scene.width(label, style);
        let height = style.size * (ASCENT + DESCENT);
        let mut best: Option<(f64, Rect, f64)> = None;
        'search: for distance in [9.0, 14.0, 22.0, 32.0, 44.0, 58.0, 74.0, 92.0] {
            for (right, down) in [
                (1.0, 0.0),
                (-1.0, 0.0),
                (0.7, -0.7),
                (0.7, 0.7),
                (-0.7, -0.7),
                (-0.7, 0.7),
                (0.0, -1.0),
                (0.0, 1.0),
            ] {
                let middle: Point =
                    (at.0 + right * (distance + width / 2.0), at.1 + down * (distance + height / 2.0));
                let place = Rect { x: middle.0 - width / 2.0, y: middle.1 - height / 2.0, width, height };
                let padded =
                    Rect { x: place.x - 2.0, y: place.y - 1.0, width: width + 4.0, height: height + 2.0 };
                if !self.plot.contains(&padded) {
                    continue;
                }
                let shared: f64 = self.taken.iter().map(|taken| taken.shared(&padded)).sum();
                if best.is_none_or(|(least, _, _)| shared < least) {
                    best = Some((shared, place, distance));
                }
                if shared == 0.0 {
                    break 'search;
                }
            }
        }
        let fallback = Rect { x: at.0, y: at.1 - height / 2.0, width, height };
        let (_, place, distance) = best.unwrap_or((0.0, fallback, 0.0));
        if distance > 14.0 {
            let end = (at.0.clamp(place.x, place.right()), at.1.clamp(place.y, place.bottom()));
            scene.line(at, end, 0.8, Colour::AXIS);
        }
        scene.text(label, (place.x, place.y + style.size * ASCENT), Align::Start, style);
        self.taken.push(place);
    }
}

/// Moves places apart until each is at least `gap` from the next and all lie between `low` and `high` where they fit;
/// each stays as near to its wish as the others allow. The order of the wishes is the order of the result.
pub(crate) fn spread(wishes: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    let wish = |index: usize| wishes.get(index).copied().unwrap_or(low);
    order.sort_by(|&a, &b| wish(a).total_cmp(&wish(b)));
    // Clusters of touching places, each centred on the mean of its wishes.
    let mut clusters: Vec<(f64, usize)> = Vec::new();
    for &index in &order {
        clusters.push((wish(index), 1));
        while let [.., (above, n), (below, m)] = *clusters.as_slice() {
            if below - above >= gap * (n + m) as f64 / 2.0 {
                break;
            }
            let count = n + m;
            clusters.truncate(clusters.len() - 2);
            clusters.push(((above * n as f64 + below * m as f64) / count as f64, count));
        }
    }
    let mut places: Vec<f64> = clusters
        .iter()
        .flat_map(|&(middle, count)| {
            (0..count).map(move |k| middle + gap * (k as f64 - (count as f64 - 1.0) / 2.0))
        })
        .collect();
    // Back inside, from either end.
    let mut limit = high;
    for place in places.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - gap;
    }
    let mut limit = low;
    for place in &mut places {
        *place = place.max(limit);
        limit = *place + gap;
    }
    let mut result = vec![low; wishes.len()];
    for (&index, place) in order.iter().zip(places) {
        if let Some(slot) = result.get_mut(index) {
            *slot = place;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn crowded_places_move_apart_and_lonely_ones_stay() {
        let places = spread(&[100.0, 10.0, 101.0, 99.0], 15.0, 0.0, 200.0);
        assert_eq!(places, [100.0, 10.0, 115.0, 85.0]);
    }

    #[test]
    fn places_stay_inside_while_there_is_room() {
        let places = spread(&[198.0, 199.0, 200.0], 15.0, 0.0, 200.0);
        assert_eq!(places, [170.0, 185.0, 200.0]);
    }
}
