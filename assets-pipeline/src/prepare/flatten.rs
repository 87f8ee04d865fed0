//! A plain ground made exactly one colour: what a camera or a renderer scatters round it costs bytes and
//! shimmers when the piece turns.

use std::collections::VecDeque;

use image::RgbaImage;

use crate::prepare::colour::Rgb;

/// Up to this distance from the ground a pixel is ground.
const GROUND: u8 = 5;
/// From this distance on it is none; between the two it goes over smoothly, so that soft shadows keep
/// soft edges.
const PIECE: u8 = 12;
/// Patches of ground that the edge of the frame does not reach count from this share of the frame on: the
/// inside of a ring, but no facet of a stone.
const LEAST_PATCH: f64 = 1.0 / 400.0;

/// Moves ground of about the colour `found` to exactly `wanted`. Only what is connected to the frame's edge,
/// and large patches besides, is ground; the piece is left as it is.
pub fn flatten(frame: &mut RgbaImage, found: Rgb, wanted: Rgb) {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let least = ((width * height) as f64 * LEAST_PATCH) as usize;
    let pixels = frame.as_chunks_mut::<4>().0;
    let mut walk = Walk { width, states: vec![State::New; pixels.len()], front: VecDeque::new() };
    for start in 0..pixels.len() {
        if walk.states[start] != State::New || distance(pixels[start], found) >= PIECE {
            continue;
        }
        // A patch is walked once to see what it is, and again to move it: a list of its pixels could be larger than the
        // frame.
        let (mut size, mut touches_edge) = (0, false);
        let is_ground =
            |index: usize, state: State| state == State::New && distance(pixels[index], found) < PIECE;
        walk.over_patch(start, State::Counted, is_ground, |index| {
            let (x, y) = (index % width, index / width);
            touches_edge |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            size += 1;
        });
        if touches_edge || size >= least {
            let is_counted = |_: usize, state: State| state == State::Counted;
            walk.over_patch(start, State::Moved, is_counted, |index| {
                move_to(&mut pixels[index], found, wanted);
            });
        }
    }
}

/// Moves a pixel of the ground as far as it is like the ground.
fn move_to(pixel: &mut [u8; 4], found: Rgb, wanted: Rgb) {
    // 0 is ground, 256 is piece.
    let kept = u32::from(distance(*pixel, found).saturating_sub(GROUND)) * 256 / u32::from(PIECE - GROUND);
    for (value, wanted) in pixel[..3].iter_mut().zip(wanted.0) {
        *value = ((u32::from(*value) * kept + u32::from(wanted) * (256 - kept) + 128) / 256) as u8;
    }
    pixel[3] = u8::MAX;
}

/// How far a pixel is from the ground, in its channel that differs most; what is not opaque is no ground.
fn distance(pixel: [u8; 4], ground: Rgb) -> u8 {
    if pixel[3] < u8::MAX {
        return u8::MAX;
    }
    pixel.iter().zip(ground.0).map(|(value, ground)| value.abs_diff(ground)).max().unwrap_or(0)
}

/// What a walk knows of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Counted,
    Moved,
}

/// Walks over patches of pixels.
struct Walk {
    width: usize,
    states: Vec<State>,
    /// Pixels whose neighbours are still to be looked at: a ring around what was visited.
    front: VecDeque<u32>,
}

impl Walk {
    /// Visits the pixels around `start` that belong to it, neighbour by neighbour, and gives each a state.
    fn over_patch(
        &mut self,
        start: usize,
        becomes: State,
        belongs: impl Fn(usize, State) -> bool,
        mut visit: impl FnMut(usize),
    ) {
        self.states[start] = becomes;
        self.front.push_back(start as u32);
        while let Some(index) = self.front.pop_front() {
            let index = index as usize;
            visit(index);
            let x = index % self.width;
            let left = (x > 0).then(|| index - 1);
            let right = (x + 1 < self.width).then_some(index + 1);
            let above = index.checked_sub(self.width);
            let below = Some(index + self.width).filter(|below| *below < self.states.len());
            for neighbour in [left, right, above, below].into_iter().flatten() {
                if belongs(neighbour, self.states[neighbour]) {
                    self.states[neighbour] = becomes;
                    self.front.push_back(neighbour as u32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    fn grey(value: u8) -> Rgba<u8> {
        Rgba([value, value, value, 255])
    }

    #[test]
    fn scattered_ground_becomes_one_colour_and_the_piece_stays() {
        // A ring of 60 on a ground of 246 to 250, with one bright facet in it.
        let ring = |x: u32, y: u32| (8..=16).contains(&x.abs_diff(30).max(y.abs_diff(30)));
        let mut frame = RgbaImage::from_fn(61, 61, |x, y| match (x, y) {
            (30, 18) => grey(248),
            _ if ring(x, y) => grey(60),
            _ => grey(246 + ((x * 7 + y * 13) % 5) as u8),
        });
        flatten(&mut frame, Rgb([248; 3]), Rgb::WHITE);
        for (x, y, pixel) in frame.enumerate_pixels() {
            let want = match (x, y) {
                (30, 18) => 248,
                _ if ring(x, y) => 60,
                _ => 255,
            };
            assert_eq!(pixel.0, [want, want, want, 255], "{x}, {y}");
        }
    }

    #[test]
    fn a_soft_shadow_keeps_a_soft_edge() {
        let mut frame = RgbaImage::from_fn(64, 1, |x, _| grey(255 - x as u8));
        flatten(&mut frame, Rgb::WHITE, Rgb::WHITE);
        let row: Vec<u8> = frame.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(row[..5], [255; 5]);
        assert_eq!(row[12..], (192..=243).rev().collect::<Vec<u8>>());
        assert!(row.windows(2).all(|pair| pair[0] >= pair[1] && pair[0] - pair[1] <= 4), "{row:?}");
    }
}
