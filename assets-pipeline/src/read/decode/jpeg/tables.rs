//! Damage that no decoder tells: zeros where a table or compressed data were.

use jpeg_still::Error;

use crate::read::integrity::jpeg::segments::Segment;

/// So many zeros in a row are never compressed data, where each of them sets coefficients.
const HOLE_BYTES: usize = 16;
/// Scans of fewer coefficients can repeat themselves: a ramp has the same ones in every block.
const MANY_COEFFICIENTS: u8 = 4;

/// What the code of zeros alone stands for in each of the tables of AC coefficients; `None` where none is
/// defined.
#[derive(Default)]
pub(super) struct ZeroCodes([Option<u8>; 4]);

impl ZeroCodes {
    /// Reads a segment of Huffman tables (B.2.4.2). The first value of a table has its first code, which is
    /// zeros (annex C).
    pub(super) fn define(&mut self, tables: &[u8]) {
        const COUNTS: usize = 16;
        let mut rest = tables;
        while let Some((&class_and_id, table)) = rest.split_first() {
            let Some((counts, values)) = table.split_at_checked(COUNTS) else { return };
            let codes: usize = counts.iter().copied().map(usize::from).sum();
            if let (0x10..=0x13, Some(&first)) = (class_and_id, values.first()) {
                self.0[usize::from(class_and_id & 3)] = Some(first);
            }
            rest = values.get(codes..).unwrap_or_default();
        }
    }

    /// Refuses the scan whose data has a hole of zeros.
    ///
    /// Where zeros stand for the end of a block, they may be a flat part of the picture. Where they stand for
    /// a coefficient, they are block after block of nothing but the smallest negative ones, which is no
    /// picture.
    pub(super) fn refuse_holes(&self, scan: &Segment<'_>) -> Result<(), Error> {
        let Some((components, &[from, to, _])) = scan.content.get(1..).and_then(<[u8]>::split_last_chunk)
        else {
            return Ok(());
        };
        let sets_coefficients = |component: &[u8]| {
            let table = usize::from(component[1] & 3);
            self.0[table].is_some_and(|code| code & 15 != 0)
        };
        let zeros_are_no_picture =
            to.saturating_sub(from) >= MANY_COEFFICIENTS && components.chunks_exact(2).any(sets_coefficients);
        let holes = scan.behind.split(|&byte| byte != 0);
        match holes.map(<[u8]>::len).max() {
            Some(bytes) if zeros_are_no_picture && bytes >= HOLE_BYTES => {
                Err(Error::Damaged(format!("a hole of {bytes} bytes of zeros")))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a segment of quantisation tables with a zero in it, which there cannot be (B.2.4.1).
pub(super) fn refuse_zero_steps(tables: &[u8]) -> Result<(), Error> {
    const STEPS: usize = 64;
    let mut rest = tables;
    while let Some((&precision_and_id, table)) = rest.split_first() {
        let step_bytes = if precision_and_id >> 4 == 0 { 1 } else { 2 };
        let Some((steps, next)) = table.split_at_checked(STEPS * step_bytes) else { break };
        if steps.chunks_exact(step_bytes).any(|step| step.iter().all(|&byte| byte == 0)) {
            return Err(Error::Damaged("a quantisation table with zeros".into()));
        }
        rest = next;
    }
    Ok(())
}
