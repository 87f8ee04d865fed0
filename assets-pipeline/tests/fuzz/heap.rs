//! What a case allocates.

use cap::Cap;
use peak_alloc::PeakAlloc;

/// Counts what is allocated. What the whole process may have is bounded too, so that an input which asks for
/// everything ends the tests and not the machine.
#[global_allocator]
static HEAP: Cap<PeakAlloc> = Cap::new(PeakAlloc, 3 << 30);

/// What `work` gives, and how many bytes more than before were allocated at its peak. Nothing else may run
/// meanwhile. A buffer that grows counts with its old and its new bytes.
pub(crate) fn peak_of<T>(work: impl FnOnce() -> T) -> (T, u64) {
    PeakAlloc.reset_peak_usage();
    let before = PeakAlloc.current_usage();
    let done = work();
    (done, PeakAlloc.peak_usage().saturating_sub(before) as u64)
}
