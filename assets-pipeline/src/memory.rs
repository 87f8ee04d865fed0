//! How much memory an ingest takes, and how many frames it may work on at once.
//!
//! Memory is taken by what an ingest has for all of its time, the pictures that are encoded; and by what each thread has while it
//! works on a frame: first the frame's pixels, then its encoder and the measure of its quality. All of it follows from what
//! the files say of themselves, so that an ingest is refused before it begins, and not ended in the middle by the system.

use crate::{
    plan::Plan,
    prepare::{ground::Ground, resize::CutOut},
    read::{source::Source, survey::Survey},
    settings::Settings,
};

/// Decoded frames up to so many bytes are kept between finding the piece and cutting it out, where there is room; the rest are
/// decoded twice.
pub const KEPT_BYTES: u64 = 320 << 20;
/// What threads decode at once, all together, unless one frame is more.
pub(crate) const WORKING_BYTES: u64 = 256 << 20;

/// What does not grow with the frames: code, threads, lists, and memory that the allocator has and does not use.
const FIXED_BYTES: u64 = 48 << 20;
/// Of each pixel of a picture that is encoded and compared: 71 as measured (benches/costs.md), and a third for what the
/// allocator keeps.
const ENCODE_BYTES: u64 = 96;
/// Of an encoder, whatever the picture's size.
const ENCODER_BYTES: u64 = 4 << 20;

/// What an ingest may use of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Threads, at the most.
    pub threads: usize,
    /// Memory in bytes, beside what the process has already.
    pub max_bytes: u64,
}

impl Machine {
    /// All cores, and as much memory as it takes.
    pub fn whole() -> Self {
        Self { threads: rayon::current_num_threads(), max_bytes: u64::MAX }
    }
}

/// How much goes on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Threads, each with a frame of its own.
    pub threads: usize,
    /// Bytes of decoded frames that are kept meanwhile.
    pub kept_bytes: u64,
}

impl Concurrency {
    /// Works with so many threads. The result is the same with any number of them.
    pub fn run<T: Send>(self, work: impl FnOnce() -> T + Send) -> T {
        if self.threads >= rayon::current_num_threads() {
            return work();
        }
        match rayon::ThreadPoolBuilder::new().num_threads(self.threads).build() {
            Ok(pool) => pool.install(work),
            // The system gives no threads: those that are there work.
            Err(_) => work(),
        }
    }

    /// The same with threads of its own, each of which calls `began` before any work, and `ended` when all of it is done: where
    /// their CPU time is measured, or their priority is lower. Fails where the system gives no threads.
    pub fn run_apart<T: Send>(
        self,
        began: impl Fn() + Send + Sync + 'static,
        ended: impl Fn() + Sync,
        work: impl FnOnce() -> T + Send,
    ) -> std::io::Result<T> {
        let threads = self.threads.min(rayon::current_num_threads());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(move |_| began());
        let pool = pool.build().map_err(std::io::Error::other)?;
        let done = pool.install(work);
        pool.broadcast(|_| ended());
        Ok(done)
    }
}

/// Memory that an ingest needs, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// All pictures that are encoded.
    pub pictures: u64,
    /// Each frame that is decoded or cut out.
    pub frame: u64,
    /// Each picture that is encoded.
    pub encode: u64,
}

/// Not even one frame at a time fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "encoding these frames takes {} MiB of memory, and there are {} MiB for it",
    .needed_bytes.div_ceil(1 << 20),
    .max_bytes >> 20
)]
pub struct TooLittleMemory {
    /// With one frame at a time.
    pub needed_bytes: u64,
    /// What there is.
    pub max_bytes: u64,
}

impl Need {
    /// What the frames of a survey need.
    pub fn of(source: &Source, survey: &Survey, plan: &Plan, settings: &Settings) -> Self {
        let (width, height) = survey.size;
        // The piece is not found yet: it may fill the frame, in any shape.
        let area = |px: u32| u64::from(width.min(px)) * u64::from(height.min(px));
        // On a ground there is no opacity.
        let channels = if settings.ground == Some(Ground::Transparent) { 4 } else { 3 };
        let table = &settings.table;
        let (mut pictures, mut largest_px, mut largest_area) = (0, 0, 0);
        for (family, spec) in &table.sizes {
            let mut sizes: Vec<u32> = table.formats.iter().map(|format| spec.px(*format)).collect();
            sizes.sort_unstable();
            sizes.dedup();
            let shown = plan.family(*family).len() as u64;
            pictures += shown * channels * sizes.iter().map(|px| area(*px)).sum::<u64>();
            largest_px = largest_px.max(sizes.last().copied().unwrap_or(0));
            largest_area = largest_area.max(sizes.last().map_or(0, |px| area(*px)));
        }
        let frames = plan.used().into_iter().map(|position| {
            let frame = &survey.frames[settings.raw_frame(position, survey.frames.len())];
            let cut_out = CutOut::bytes(frame.header.size(), largest_px, settings.denoise);
            frame.header.decode_bytes().max(cut_out) + source.entries()[frame.entry].bytes
        });
        Self {
            pictures,
            frame: frames.max().unwrap_or(0),
            encode: ENCODER_BYTES + ENCODE_BYTES * largest_area,
        }
    }

    /// What frames of a survey need that are encoded at up to so many pixels on the longer side, one after the other.
    pub fn of_single(
        source: &Source,
        survey: &Survey,
        positions: &[usize],
        settings: &Settings,
        px: u32,
    ) -> Self {
        let (width, height) = survey.size;
        let area = u64::from(width.min(px)) * u64::from(height.min(px));
        let frames = positions.iter().map(|&position| {
            let frame = &survey.frames[settings.raw_frame(position, survey.frames.len())];
            let cut_out = CutOut::bytes(frame.header.size(), px, settings.denoise);
            frame.header.decode_bytes().max(cut_out) + source.entries()[frame.entry].bytes
        });
        // A thread has no more than one picture, and four bytes of each of its pixels at the most.
        Self {
            pictures: 0,
            frame: frames.max().unwrap_or(0),
            encode: ENCODER_BYTES + (ENCODE_BYTES + 4) * area,
        }
    }

    /// What it takes with so many threads.
    pub fn bytes(&self, threads: usize) -> u64 {
        FIXED_BYTES + self.pictures + self.preparing(threads).max(threads as u64 * self.encode)
    }

    /// As many threads as a machine has cores and memory for, and frames that are kept in what is left.
    ///
    /// # Errors
    ///
    /// [`TooLittleMemory`] where one thread is too many.
    pub fn within(&self, machine: Machine) -> Result<Concurrency, TooLittleMemory> {
        let max_bytes = machine.max_bytes;
        let threads = (1..=machine.threads.max(1)).rev().find(|threads| self.bytes(*threads) <= max_bytes);
        let Some(threads) = threads else {
            return Err(TooLittleMemory { needed_bytes: self.bytes(1), max_bytes });
        };
        let left = max_bytes - FIXED_BYTES - self.pictures - self.preparing(threads);
        Ok(Concurrency { threads, kept_bytes: left.min(KEPT_BYTES) })
    }

    fn preparing(&self, threads: usize) -> u64 {
        (threads as u64 * self.frame).min(WORKING_BYTES.max(self.frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const NEED: Need = Need { pictures: 200 * MIB, frame: 16 * MIB, encode: 100 * MIB };

    fn within(threads: usize, max_mib: u64) -> Result<Concurrency, TooLittleMemory> {
        NEED.within(Machine { threads, max_bytes: max_mib * MIB })
    }

    #[test]
    fn as_many_threads_as_cores_and_memory_allow() {
        let threads = |cores, max_mib| within(cores, max_mib).map_or(0, |fits| fits.threads);
        let one = NEED.bytes(1) / MIB;
        assert_eq!(one, 48 + 200 + 100);
        assert_eq!(
            [one - 1, one, one + 99, one + 100, one + 300].map(|mib| threads(8, mib)),
            [0, 1, 1, 2, 4]
        );
        assert_eq!(threads(2, 1 << 20), 2, "there are no more cores");
        assert_eq!(threads(0, 1 << 20), 1);
    }

    #[test]
    fn threads_of_its_own_begin_before_any_work_and_end_after_all_of_it() {
        use std::sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::Relaxed},
        };

        let (began, ended) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let begin = {
            let began = began.clone();
            move || {
                began.fetch_add(1, Relaxed);
            }
        };
        let end = || {
            ended.fetch_add(1, Relaxed);
        };
        let work = || (began.load(Relaxed) > 0, rayon::current_num_threads(), ended.load(Relaxed));
        let done = Concurrency { threads: 1, kept_bytes: 0 }.run_apart(begin, end, work).unwrap();
        assert_eq!(done, (true, 1, 0));
        assert_eq!((began.load(Relaxed), ended.load(Relaxed)), (1, 1));
    }

    #[test]
    fn work_goes_on_with_as_many_threads_as_fit() {
        let threads = Concurrency { threads: 1, kept_bytes: 0 }.run(rayon::current_num_threads);
        assert_eq!(threads, 1);
        let all = rayon::current_num_threads();
        assert_eq!(Concurrency { threads: all + 1, kept_bytes: 0 }.run(rayon::current_num_threads), all);
    }

    #[test]
    fn decoded_frames_are_kept_in_what_is_left() {
        let kept = |max_mib| within(2, max_mib).unwrap().kept_bytes / MIB;
        // One thread prepares in 264 MiB, and two in 280.
        assert_eq!((kept(348), kept(448), kept(10_000)), (84, 168, 320));
        let all = NEED.within(Machine { threads: 2, max_bytes: u64::MAX }).unwrap();
        assert_eq!(all, Concurrency { threads: 2, kept_bytes: KEPT_BYTES });
    }

    #[test]
    fn large_frames_are_decoded_one_after_the_other() {
        let large = Need { pictures: 0, frame: 400 * MIB, encode: MIB };
        assert_eq!(large.bytes(1), large.bytes(16));
        let error = large.within(Machine { threads: 4, max_bytes: 447 * MIB }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "encoding these frames takes 448 MiB of memory, and there are 447 MiB for it"
        );
        assert_eq!(large.within(Machine { threads: 4, max_bytes: 448 * MIB }).unwrap().kept_bytes, 0);
    }
}
