//! Encodes of a set's job, which go into the bucket while it runs: a worker on another machine goes on with them.

use assets_pipeline::digest::Digest;

use crate::domain::frameset::FramesetId;

use super::{
    Staging, StagingError,
    shared::{Shared, unread},
};

/// The encodes of one set's job, where every worker finds them.
#[derive(Debug, Clone)]
pub struct SharedEncodes {
    shared: Shared,
    set: FramesetId,
}

/// An encode under everything that decides its bytes.
pub type Encode = (Digest, Vec<u8>);

impl Staging {
    /// Where the encodes of a set's job go; `None` where the store is a folder, which other machines do not see.
    pub fn encodes(&self, set: &FramesetId) -> Option<SharedEncodes> {
        self.shared.clone().map(|shared| SharedEncodes { shared, set: set.clone() })
    }
}

impl SharedEncodes {
    /// Keeps some encodes.
    pub async fn keep(&self, encodes: &[Encode]) -> Result<(), StagingError> {
        self.shared.keep_encodes(&self.set, &packed(encodes)).await
    }

    /// The batches that were kept. What is damaged is left out: it is encoded again.
    pub async fn load(&self) -> Result<Vec<Vec<Encode>>, StagingError> {
        let mut batches = Vec::new();
        for (name, mut contents) in self.shared.batches(&self.set).await? {
            let mut batch = Vec::new();
            while let Some(chunk) = contents.next().await.map_err(unread)? {
                batch.extend_from_slice(chunk.as_ref());
            }
            if Digest::of(&batch).to_string() == name {
                batches.extend(unpacked(&batch));
            }
        }
        Ok(batches)
    }

    /// Removes them: what they were kept for is stored for good.
    pub async fn discard(&self) -> Result<(), StagingError> {
        self.shared.remove_encodes(&self.set).await
    }
}

const KEY_BYTES: usize = 32;
const LENGTH_BYTES: usize = 4;

/// One after another: the key in hex, the length, the bytes.
fn packed(encodes: &[Encode]) -> Vec<u8> {
    let mut batch = Vec::new();
    for (key, bytes) in encodes {
        batch.extend_from_slice(key.to_string().as_bytes());
        batch.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        batch.extend_from_slice(bytes);
    }
    batch
}

fn unpacked(mut batch: &[u8]) -> Option<Vec<Encode>> {
    let mut encodes = Vec::new();
    while !batch.is_empty() {
        let (key, rest) = batch.split_at_checked(KEY_BYTES)?;
        let (length, rest) = rest.split_at_checked(LENGTH_BYTES)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let (bytes, rest) = rest.split_at_checked(length)?;
        encodes.push((str::from_utf8(key).ok()?.parse().ok()?, bytes.to_vec()));
        batch = rest;
    }
    Some(encodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read_as_it_was_written_and_one_that_is_cut_is_not() {
        let encodes = [(Digest::of(b"key"), b"frame".to_vec()), (Digest::of(b"other"), Vec::new())];
        let batch = packed(&encodes);
        assert_eq!(unpacked(&batch).unwrap(), encodes);
        assert_eq!(unpacked(&[]).unwrap(), []);
        for cut in [1, KEY_BYTES, KEY_BYTES + LENGTH_BYTES + 4, batch.len() - 1] {
            assert_eq!(unpacked(&batch[..cut]), None, "cut to {cut} bytes");
        }
    }
}
