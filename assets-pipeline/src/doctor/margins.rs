//! Whether the piece is cut off by the edge of its frame.

use image::RgbaImage;

/// An edge of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Top,
    Right,
    Bottom,
    Left,
}

impl Side {
    pub(super) const ALL: [Self; 4] = [Self::Top, Self::Right, Self::Bottom, Self::Left];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Right => "right",
            Self::Bottom => "bottom",
            Self::Left => "left",
        }
    }
}

/// A clear surround is one of which so much of the edge is clear.
const CLEAR_SHARE: f64 = 0.3;
/// From this alpha on it is the piece, and below it a shadow or a glow that may well run out of the frame.
const PIECE_ALPHA: u8 = 128;
/// A ground of one colour is one that so much of the edge shows.
const GROUND_SHARE: f64 = 0.6;
/// A channel further than this from the ground belongs to the piece, if it begins abruptly.
const PIECE_COLOUR: u8 = 24;
/// The share of a side that a cut has to be long.
const LEAST_CUT: f64 = 0.01;

/// The sides at which the piece runs out of the frame.
///
/// Surroundings that are neither clear nor of about one colour cannot be told from a piece, and neither can what
/// goes over into the ground gently: shadows, gradients.
pub(super) fn cut_sides(frame: &RgbaImage) -> Vec<Side> {
    let sides = Side::ALL.map(|side| (side, line(frame, side)));
    let all: Vec<[u8; 4]> = sides.iter().flat_map(|(_, line)| line.iter().copied()).collect();
    let share = |count: usize| count as f64 / all.len() as f64;
    let clear = share(all.iter().filter(|pixel| pixel[3] < 4).count()) >= CLEAR_SHARE;
    let ground: [u8; 3] = std::array::from_fn(|channel| {
        let mut values: Vec<u8> = all.iter().map(|pixel| pixel[channel]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    });
    let apart = |pixel: &[u8; 4]| pixel.iter().zip(ground).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
    let plain = share(all.iter().filter(|pixel| apart(pixel) <= 10).count()) >= GROUND_SHARE;
    let cuts = |line: &[[u8; 4]]| {
        let least = ((line.len() as f64 * LEAST_CUT) as usize).max(2);
        if clear {
            longest_run(line, |pixel| pixel[3] >= PIECE_ALPHA) >= least
        } else {
            plain && longest_run(line, |pixel| apart(pixel) > PIECE_COLOUR) >= least && begins_abruptly(line)
        }
    };
    sides.iter().filter(|(_, line)| cuts(line)).map(|(side, _)| *side).collect()
}

/// Whether the colour changes along the line within three pixels by more than light does.
fn begins_abruptly(line: &[[u8; 4]]) -> bool {
    line.windows(4).any(|few| few[0].iter().zip(few[3]).any(|(a, b)| a.abs_diff(b) > PIECE_COLOUR))
}

fn longest_run(line: &[[u8; 4]], is: impl Fn(&[u8; 4]) -> bool) -> usize {
    line.split(|pixel| !is(pixel)).map(<[_]>::len).max().unwrap_or(0)
}

fn line(frame: &RgbaImage, side: Side) -> Vec<[u8; 4]> {
    let (width, height) = frame.dimensions();
    let row = |y: u32| (0..width).map(|x| frame.get_pixel(x, y).0).collect();
    let column = |x: u32| (0..height).map(|y| frame.get_pixel(x, y).0).collect();
    match side {
        Side::Top => row(0),
        Side::Bottom => row(height - 1),
        Side::Left => column(0),
        Side::Right => column(width - 1),
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    fn frame(ground: impl Fn(u32, u32) -> [u8; 4], left: u32) -> RgbaImage {
        RgbaImage::from_fn(60, 60, |x, y| {
            let piece = (left..left + 20).contains(&x) && (20..40).contains(&y);
            Rgba(if piece { [120, 90, 40, 255] } else { ground(x, y) })
        })
    }

    #[test]
    fn a_piece_at_the_edge_is_cut_off_and_one_beside_it_is_not() {
        let clear = |_, _| [0; 4];
        let white = |_, _| [250, 250, 250, 255];
        for ground in [clear, white] {
            assert_eq!(cut_sides(&frame(ground, 0)), [Side::Left]);
            assert_eq!(cut_sides(&frame(ground, 40)), [Side::Right]);
            assert_eq!(cut_sides(&frame(ground, 1)), []);
        }
    }

    #[test]
    fn shadows_and_gradients_may_reach_the_edge() {
        let shadow = |_: u32, y: u32| [0, 0, 0, y as u8];
        let gradient = |x: u32, y: u32| [200 - y as u8, 200 - x as u8, 190, 255];
        assert_eq!(cut_sides(&frame(shadow, 20)), []);
        assert_eq!(cut_sides(&frame(gradient, 20)), []);
    }
}
