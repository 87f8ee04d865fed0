//! Whether the scans of a JPEG bring all of its picture. A file may end behind any scan of a progressive
//! picture and be sound to a decoder, which shows what there is.

const COEFFICIENTS: usize = 64;
/// Stands for the bits to come of a coefficient that no scan has brought.
const ALL: u8 = u8::MAX;

/// What is still to come of each component.
pub(super) struct Missing {
    components: Vec<(u8, [u8; COEFFICIENTS])>,
}

impl Missing {
    /// Of a frame, by its header (B.2.2).
    pub(super) fn of(frame: &[u8]) -> Self {
        const FIXED_BYTES: usize = 6;
        let components = frame.get(FIXED_BYTES..).unwrap_or_default().chunks_exact(3);
        Self { components: components.map(|component| (component[0], [ALL; COEFFICIENTS])).collect() }
    }

    /// Counts a scan, by its header (B.2.3).
    pub(super) fn arrived(&mut self, scan: &[u8]) {
        let Some((components, &[from, to, bits])) = scan.get(1..).and_then(<[u8]>::split_last_chunk) else {
            return;
        };
        for selected in components.chunks_exact(2) {
            for (_, coefficients) in self.components.iter_mut().filter(|component| component.0 == selected[0])
            {
                if let Some(band) = coefficients.get_mut(from.into()..=to.into()) {
                    band.fill(bits & 15);
                }
            }
        }
    }

    /// Whether nothing is.
    pub(super) fn is_nothing(&self) -> bool {
        self.components.iter().all(|component| component.1.iter().all(|&bits| bits == 0))
    }
}
