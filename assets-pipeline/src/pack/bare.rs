//! Bare frames: what the frames of a set have in common is kept once, as their head, and a pack holds the rest of each.
//!
//! An AVIF file begins with boxes and an AV1 sequence header. In a set, where all frames have one size and one encoder, these
//! bytes differ in a few lengths alone. A bare frame has the bytes of these lengths first, and then all that follows the head.
//! Joined with the head, it gives the file again, byte for byte.

mod avif;

/// Clients that load whole files load at most so many hundredths of a ceiling.
const WHOLE_PERCENT: u64 = 107;

/// What the frames of a set have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The bytes, those in the holes being 0.
    pub bytes: Vec<u8>,
    /// Where in the bytes a frame has its own, as offsets, ascending.
    pub holes: Vec<u32>,
}

impl Head {
    /// Puts a file together from its bare frame; `None` where this is no bare frame of the head.
    pub fn join(&self, bare: &[u8]) -> Option<Vec<u8>> {
        let (own, rest) = bare.split_at_checked(self.holes.len())?;
        let mut file = [self.bytes.as_slice(), rest].concat();
        for (hole, byte) in self.holes.iter().zip(own) {
            *file.get_mut(*hole as usize)? = *byte;
        }
        Some(file)
    }

    /// Bytes by which a bare frame is smaller than its file.
    pub const fn spared(&self) -> usize {
        self.bytes.len().saturating_sub(self.holes.len())
    }
}

/// Takes a file apart into its head and its bare frame; `None` where its layout is another one than the encoders here give it.
pub fn split(file: &[u8]) -> Option<(Head, Vec<u8>)> {
    let (length, holes) = avif::head(file)?;
    let (bytes, rest) = file.split_at_checked(length)?;
    let mut bytes = bytes.to_vec();
    let mut bare = Vec::with_capacity(holes.len() + rest.len());
    for hole in &holes {
        bare.push(std::mem::take(bytes.get_mut(*hole as usize)?));
    }
    bare.extend_from_slice(rest);
    Some((Head { bytes, holes }, bare))
}

/// Takes files apart that have one head in common: the head, and their bare frames in the same order. `None` where they have
/// none, or there are no files.
pub fn split_all<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Option<(Head, Vec<Vec<u8>>)> {
    let mut common: Option<Head> = None;
    let mut frames = Vec::new();
    for file in files {
        let (head, bare) = split(file)?;
        if *common.get_or_insert_with(|| head.clone()) != head {
            return None;
        }
        frames.push(bare);
    }
    Some((common?, frames))
}

/// The bytes that whole files may have together, so many as there are frames, for their bare frames and one head to be within
/// a ceiling, and for the files to be not far above it.
pub fn whole_max_bytes(max_bytes: u64, frames: usize, head: Option<&Head>) -> u64 {
    let Some(head) = head else { return max_bytes };
    let bare_max_bytes = max_bytes.saturating_sub(head.bytes.len() as u64);
    let whole = bare_max_bytes.saturating_add((frames * head.spared()) as u64);
    // A tier of one frame is not taken apart.
    whole.max(max_bytes).min(max_bytes.saturating_mul(WHOLE_PERCENT) / 100)
}

#[cfg(test)]
mod tests;
