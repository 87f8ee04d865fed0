//! A frame made small, for a page that shows all of a set.

use super::{
    evidence::{Tile, picture},
    sketch::sketch,
};
use crate::{
    gate::WORKING,
    read::{decode::decode, integrity, limits::Limits, refusal::Refusal},
};

/// The frame at most 184 pixels wide and high, as WebP, on white where it is clear; `None` where it cannot be encoded.
///
/// # Errors
///
/// Refuses what is no frame.
pub fn thumbnail(name: &str, bytes: &[u8], limits: &Limits) -> Result<Option<Vec<u8>>, Refusal> {
    let header = integrity::inspect(name, bytes, limits)?;
    let _room = WORKING.enter(header.decode_bytes());
    let frame = decode(name, bytes, limits)?.image;
    Ok(picture(&Tile::plain(&sketch(&frame))))
}
