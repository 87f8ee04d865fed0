//! What to do about an ingest that failed.

use assets_pipeline::IngestError;

use crate::{domain::disk, library::store_version::StoreVersionError, store::Trouble};

use super::Failure;

/// A failure for people and for scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// A word for it that stays.
    pub slug: &'static str,
    /// The file that it is about.
    pub file: Option<String>,
    /// What to do, in a sentence.
    pub remedy: Option<String>,
}

impl Advice {
    fn plain(slug: &'static str, remedy: &str) -> Self {
        Self { slug, file: None, remedy: Some(remedy.to_owned()) }
    }

    fn none(slug: &'static str) -> Self {
        Self { slug, file: None, remedy: None }
    }
}

impl Failure {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        if disk::is_full(self) {
            return Advice::plain(
                "disk-full",
                "Free space on the disk, and run the same command again: what was encoded is kept.",
            );
        }
        match self {
            Self::Ingest(IngestError::Refused(refusal)) => Advice {
                slug: refusal.slug(),
                file: refusal.file().map(str::to_owned),
                remedy: Some(refusal.remedy()),
            },
            Self::Ingest(IngestError::NothingToSee) => Advice::plain(
                "nothing-to-see",
                "Check that the renderer wrote the piece and its alpha channel.",
            ),
            Self::Ingest(IngestError::Opaque) => Advice::plain(
                "opaque",
                "Render with an alpha channel, or leave --ground out to keep the ground that the frames show.",
            ),
            Self::Ingest(IngestError::OverBudget { .. }) => Advice::plain(
                "over-budget",
                "Render on a plain or transparent ground, or raise the tier's max_bytes in girasol.toml.",
            ),
            Self::Ingest(IngestError::Stopped) => Advice::plain(
                "stopped",
                "What was encoded is kept: begin again, and it goes on where it stopped.",
            ),
            Self::Ingest(_) => Advice::none("encoder"),
            Self::Memory(_) => Advice::plain(
                "too-little-memory",
                "Encode them where there is more memory (jobs.memory_mib), or render smaller frames.",
            ),
            Self::MissingChoice { option, .. } => {
                Advice::plain("missing-choice", &format!("Add --choice {option}=VALUE."))
            }
            Self::OptionTwice(option) => {
                Advice::plain("option-twice", &format!("Give --choice {option}=VALUE once."))
            }
            Self::Public(id) => {
                Advice::plain("public", &format!("Make it private first: girasol protect {id}"))
            }
            Self::PublicOption { .. } => Advice::plain(
                "public-option",
                "Bring the option with a configuration that is public, or make the piece a product of its own.",
            ),
            Self::Name(_) => Advice::none("name"),
            Self::Version(StoreVersionError::Moved(_)) | Self::ProductChanged(_) => {
                Advice::plain("product-changed", "Run the same command again.")
            }
            Self::Version(StoreVersionError::TakenDown(_)) => Advice::plain(
                "taken-down",
                "Nothing of it was published. If it is to be seen again, run the same command again.",
            ),
            Self::Running(_) => Advice::plain("running", "Wait until it is done, or stop it first."),
            Self::Work(_) => {
                Advice::plain("work", "Name another folder with --data, or make this one writable.")
            }
            Self::Db(_) | Self::Version(StoreVersionError::Db(_) | StoreVersionError::Reference(_)) => {
                Advice::none("database")
            }
            Self::Store(error) | Self::Version(StoreVersionError::Store(error)) => {
                Advice::plain("store", &error.trouble().remedy())
            }
            Self::Version(StoreVersionError::TooSlow(_)) => {
                Advice::plain("store", &Trouble::Unreachable.remedy())
            }
            Self::Manifest(_) | Self::Version(StoreVersionError::Manifest(_)) | Self::Died(_) => {
                Advice::none("internal")
            }
        }
    }

    /// Whether the same frames would fail in the same way again, however often it is tried.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Ingest(error) => !matches!(error, IngestError::Stopped | IngestError::Codec(_)),
            Self::MissingChoice { .. }
            | Self::OptionTwice(_)
            | Self::Name(_)
            | Self::Public(_)
            | Self::PublicOption { .. } => true,
            // Another worker may have more, and this one later.
            Self::Memory(_)
            | Self::ProductChanged(_)
            | Self::Version(_)
            | Self::Running(_)
            | Self::Work(_)
            | Self::Db(_)
            | Self::Store(_)
            | Self::Manifest(_)
            | Self::Died(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::db::DbError;

    #[test]
    fn a_full_disk_is_named_and_tried_again() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let database = || DbError::Full { name: "test", source: full() };
        for failure in [
            Failure::Work(full()),
            Failure::Db(database()),
            Failure::Version(StoreVersionError::Db(database())),
            Failure::Work(io::Error::other(database())),
        ] {
            assert_eq!(failure.advice().slug, "disk-full", "{failure:?}");
            assert!(!failure.is_final());
        }
        assert_eq!(Failure::Work(io::ErrorKind::PermissionDenied.into()).advice().slug, "work");
    }
}
