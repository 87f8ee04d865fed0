//! `[uploads]`

use serde::{Deserialize, Serialize};

use crate::domain::frameset::UploadLimits;

use super::setting::{count_from, section, whole_from, word};

section! {
    /// What artists may send, and how long it is stored.
    #[derive(Copy, Eq)]
    "uploads" UploadsConfig {
        /// Most bytes of one frame.
        frame_max_bytes: u64 = 256 << 20, whole_from(1);
        /// Most bytes of a zip or tar, and of all the frames in it.
        archive_max_bytes: u64 = 8 << 30, whole_from(1);
        /// Most files of one frame set, and most uploads of it that are under way at once.
        set_max_files: u32 = 1000, count_from(1);
        /// Most frame sets that one key may have open.
        key_max_open_sets: u32 = 50, count_from(0);
        /// Most bytes that one key may have in frame sets that are not encoded: the files in them, uploads under way, and
        /// what resumable uploads promise.
        key_max_bytes: u64 = 100 << 30, whole_from(1);
        /// Bytes that have to stay free on the disk; uploads that would take them, together with all that is promised, are
        /// refused.
        disk_min_free_bytes: u64 = 1 << 30, whole_from(0);
        /// Hours after which an open frame set or an upload is deleted if nothing was sent for it.
        expire_hours: u32 = 72, count_from(1);
        /// How long the raw frames of a committed set are stored. `while-recoverable`: while a version made from them is
        /// live, waits to be published or can be rolled back to, and at least `keep_raw_days`. `days`: for `keep_raw_days`.
        /// A take-down deletes them at once in either case.
        keep_raw: KeepRaw = KeepRaw::WhileRecoverable, word(&["while-recoverable", "days"]);
        /// Days that the raw frames of a committed set are stored at least, or with `keep_raw = "days"` exactly.
        keep_raw_days: u32 = 30, count_from(1);
    }
}

/// The rule for the raw frames of committed sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepRaw {
    /// While a version made from them can still be served or rolled back to.
    WhileRecoverable,
    /// For a number of days.
    Days,
}

impl UploadsConfig {
    /// The limits that handlers apply.
    pub fn limits(&self) -> UploadLimits {
        UploadLimits {
            frame_max_bytes: self.frame_max_bytes,
            archive_max_bytes: self.archive_max_bytes,
            set_max_files: self.set_max_files,
            key_max_open_sets: self.key_max_open_sets,
            key_max_bytes: self.key_max_bytes,
            disk_min_free_bytes: self.disk_min_free_bytes,
            expire_hours: self.expire_hours,
        }
    }
}
