//! The ground behind the piece, and where on it the piece lies.

use std::{fmt, str::FromStr};

use image::RgbaImage;

use crate::prepare::colour::{NotAColour, Rgb};

/// Alpha below this counts as nothing: less than can be seen on any ground.
const ALPHA_SEEN: u8 = 4;
/// A channel that differs from the ground by more than this belongs to the piece.
const COLOUR_SEEN: u8 = 10;
/// The share of an edge that has to look like the ground for the ground to be plain.
const PLAIN_SHARE: f64 = 0.98;

/// What the published frames are laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// One colour.
    Colour(Rgb),
    /// Nothing: the frames keep their transparency.
    Transparent,
}

impl Ground {
    /// The colour, or what stands for it where there has to be one.
    pub const fn colour(self) -> Rgb {
        match self {
            Self::Colour(colour) => colour,
            Self::Transparent => Rgb::WHITE,
        }
    }
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Colour(colour) => colour.fmt(f),
            Self::Transparent => f.write_str("transparent"),
        }
    }
}

/// The text was neither `#rrggbb` nor `transparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ground is written #rrggbb or transparent")]
pub struct NotAGround;

impl FromStr for Ground {
    type Err = NotAGround;

    fn from_str(text: &str) -> Result<Self, NotAGround> {
        if text == "transparent" {
            return Ok(Self::Transparent);
        }
        text.parse().map(Self::Colour).map_err(|NotAColour| NotAGround)
    }
}

/// A rectangle in pixels, right and bottom exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Column after the last.
    pub right: u32,
    /// Row after the last.
    pub bottom: u32,
}

impl Bounds {
    /// The whole of an image.
    pub const fn whole(width: u32, height: u32) -> Self {
        Self { left: 0, top: 0, right: width, bottom: height }
    }

    /// Columns.
    pub const fn width(&self) -> u32 {
        self.right - self.left
    }

    /// Rows.
    pub const fn height(&self) -> u32 {
        self.bottom - self.top
    }

    /// The smallest rectangle around both.
    pub fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Grows by a margin on every side, within an image.
    pub fn grown(self, margin: u32, width: u32, height: u32) -> Self {
        Self {
            left: self.left.saturating_sub(margin),
            top: self.top.saturating_sub(margin),
            right: (self.right + margin).min(width),
            bottom: (self.bottom + margin).min(height),
        }
    }
}

/// What the edge of a frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Nearly all of it is transparent.
    Transparent,
    /// Nearly all of it is this colour.
    Plain(Rgb),
    /// A photograph's surroundings; their median colour.
    Busy(Rgb),
}

/// Looks at the outermost pixels of a frame.
pub fn edge(frame: &RgbaImage) -> Edge {
    let (width, height) = frame.dimensions();
    let sides = (0..width)
        .flat_map(|x| [(x, 0), (x, height - 1)])
        .chain((0..height).flat_map(|y| [(0, y), (width - 1, y)]));
    let pixels: Vec<[u8; 4]> = sides.map(|(x, y)| frame.get_pixel(x, y).0).collect();
    let share = |count: usize| count as f64 / pixels.len() as f64;
    if share(pixels.iter().filter(|pixel| pixel[3] < ALPHA_SEEN).count()) >= PLAIN_SHARE {
        return Edge::Transparent;
    }
    let median = Rgb(std::array::from_fn(|channel| {
        let mut values: Vec<u8> = pixels.iter().map(|pixel| pixel[channel]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    }));
    let alike = pixels.iter().filter(|pixel| pixel[3] == 255 && !differs(**pixel, median)).count();
    if share(alike) >= PLAIN_SHARE { Edge::Plain(median) } else { Edge::Busy(median) }
}

/// The rectangle around what can be seen of the piece; `None` where nothing can.
pub fn subject(frame: &RgbaImage, edge: Edge) -> Option<Bounds> {
    match edge {
        Edge::Transparent => bounds(frame, |pixel| pixel[3] >= ALPHA_SEEN),
        Edge::Plain(ground) => bounds(frame, |pixel| differs(pixel, ground)),
        Edge::Busy(_) => Some(Bounds::whole(frame.width(), frame.height())),
    }
}

/// The rectangle around the pixels that are seen.
fn bounds(frame: &RgbaImage, seen: impl Fn([u8; 4]) -> bool) -> Option<Bounds> {
    let mut found: Option<Bounds> = None;
    for (y, row) in frame.rows().enumerate() {
        let mut columns = row.enumerate().filter(|(_, pixel)| seen(pixel.0)).map(|(x, _)| x as u32);
        let Some(first) = columns.next() else { continue };
        let last = columns.next_back().unwrap_or(first);
        let line = Bounds { left: first, top: y as u32, right: last + 1, bottom: y as u32 + 1 };
        found = Some(found.map_or(line, |bounds| bounds.union(line)));
    }
    found
}

fn differs(pixel: [u8; 4], ground: Rgb) -> bool {
    pixel.iter().zip(ground.0).any(|(value, ground)| value.abs_diff(ground) > COLOUR_SEEN)
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    fn frame(ground: [u8; 4], piece: [u8; 4]) -> RgbaImage {
        RgbaImage::from_fn(40, 30, |x, y| {
            Rgba(if (12..20).contains(&x) && (5..9).contains(&y) { piece } else { ground })
        })
    }

    #[test]
    fn a_piece_is_found_on_transparent_and_on_plain_ground() {
        let want = Some(Bounds { left: 12, top: 5, right: 20, bottom: 9 });
        let clear = frame([0; 4], [200, 180, 40, 255]);
        assert_eq!(edge(&clear), Edge::Transparent);
        assert_eq!(subject(&clear, edge(&clear)), want);
        let white = frame([250, 250, 250, 255], [200, 180, 40, 255]);
        assert_eq!(edge(&white), Edge::Plain(Rgb([250; 3])));
        assert_eq!(subject(&white, edge(&white)), want);
    }

    #[test]
    fn uneven_surroundings_are_kept_whole() {
        let room = RgbaImage::from_fn(40, 30, |x, y| Rgba([(x * 6) as u8, (y * 8) as u8, 90, 255]));
        assert!(matches!(edge(&room), Edge::Busy(_)));
        assert_eq!(subject(&room, edge(&room)), Some(Bounds::whole(40, 30)));
    }

    #[test]
    fn an_empty_frame_has_no_subject() {
        let empty = RgbaImage::new(8, 8);
        assert_eq!(subject(&empty, edge(&empty)), None);
    }

    #[test]
    fn grounds_read_back() {
        for text in ["transparent", "#f0f0f0"] {
            assert_eq!(text.parse::<Ground>().map(|ground| ground.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("white".parse::<Ground>(), Err(NotAGround));
    }

    #[test]
    fn a_margin_stays_within_the_frame() {
        let bounds = Bounds { left: 3, top: 10, right: 38, bottom: 20 };
        assert_eq!(bounds.grown(5, 40, 30), Bounds { left: 0, top: 5, right: 40, bottom: 25 });
    }
}
