//! Which version of a configuration visitors see: publishing one, and rolling back to an earlier one.

use crate::{
    db::{
        Db, DbError,
        versions::{ListedVersion, VersionKind},
    },
    domain::{audit::Actor, names::ConfigId},
};

/// A version that is live now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub version: i64,
    /// The number of the version that was live before.
    pub before: Option<i64>,
    /// The purges that the change wrote; none where the version was live already.
    pub purges: Vec<i64>,
}

/// Why the live pointer did not move.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There is no such version.
    #[error("{configuration} has no version {version}")]
    NoSuchVersion {
        /// Of which configuration.
        configuration: ConfigId,
        /// Which version was asked for.
        version: i64,
    },
    /// There is no version at all.
    #[error("{0} has no version to publish")]
    NoVersion(ConfigId),
    /// None has every tier.
    #[error("{configuration} has no version with every tier yet: version {version} is a preview")]
    OnlyEarly {
        /// Of which configuration.
        configuration: ConfigId,
        /// The newest early version.
        version: i64,
    },
    /// The live version holds more than the version that was asked for.
    #[error("version {version} of {configuration} is an early one, and a full one is live")]
    Early {
        /// Of which configuration.
        configuration: ConfigId,
        /// Which version was asked for.
        version: i64,
    },
    /// No earlier version was ever live.
    #[error("no earlier version of {0} was live before")]
    NothingBefore(ConfigId),
    /// Another version went live at the same moment.
    #[error("another version of {0} went live at the same moment")]
    Overtaken(ConfigId),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Makes a version live. An early version does not replace a full one.
pub async fn publish(db: &Db, id: &ConfigId, version: i64, actor: &Actor) -> Result<Published, PublishError> {
    let configuration = || id.clone();
    let Some(kind) = db.version_kind(id, version).await? else {
        return Err(PublishError::NoSuchVersion { configuration: configuration(), version });
    };
    let before = db.pointer(id).await?.map(|pointer| pointer.version);
    if let (Some(live), VersionKind::Early) = (before, kind)
        && db.version_kind(id, live).await? == Some(VersionKind::Full)
    {
        return Err(PublishError::Early { configuration: configuration(), version });
    }
    if before == Some(version) {
        return Ok(Published { version, before, purges: Vec::new() });
    }
    let moved = db.move_pointer(id, before, version, actor).await?;
    let purges = moved.ok_or_else(|| PublishError::Overtaken(configuration()))?;
    Ok(Published { version, before, purges })
}

/// Makes the newest version live that has every tier. What was polished from it is as good as it, where that is live.
pub async fn publish_newest(db: &Db, id: &ConfigId, actor: &Actor) -> Result<Published, PublishError> {
    let versions = db.versions(id).await?;
    let newest = newest(&versions);
    let live = versions.iter().find(|version| version.is_live);
    match (newest, versions.first()) {
        (Some(newest), _) => {
            let is_polished = |live: &&ListedVersion| live.variant_of == Some(newest.version);
            let wanted = live.filter(is_polished).unwrap_or(newest);
            publish(db, id, wanted.version, actor).await
        }
        (None, Some(early)) => {
            Err(PublishError::OnlyEarly { configuration: id.clone(), version: early.version })
        }
        (None, None) => Err(PublishError::NoVersion(id.clone())),
    }
}

/// The newest version of an artist that has every tier; what polishing made is none.
fn newest(versions: &[ListedVersion]) -> Option<&ListedVersion> {
    versions.iter().find(|version| version.kind == VersionKind::Full && version.variant_of.is_none())
}

/// Makes the version live that visitors saw before the live one: of the full versions that were ever live, the
/// newest that is older.
pub async fn roll_back(db: &Db, id: &ConfigId, actor: &Actor) -> Result<Published, PublishError> {
    let versions = db.versions(id).await?;
    let earlier = before(&versions).ok_or_else(|| PublishError::NothingBefore(id.clone()))?;
    publish(db, id, earlier.version, actor).await
}

/// The version that a step back leads to. An artist steps back because of what the spin shows, and the version that the live
/// one was polished from shows the same: it is left out.
fn before(versions: &[ListedVersion]) -> Option<&ListedVersion> {
    let live = versions.iter().find(|version| version.is_live);
    let was_live = |version: &&ListedVersion| {
        version.kind == VersionKind::Full
            && version.published_at_ms.is_some()
            && live
                .is_none_or(|live| version.version < live.version && live.variant_of != Some(version.version))
    };
    versions.iter().find(was_live)
}

#[cfg(test)]
mod tests {
    use assets_pipeline::digest::Digest;

    use super::*;

    /// Versions, the newest first: each was live, or is.
    fn versions(live: i64, all: &[(i64, Option<i64>)]) -> Vec<ListedVersion> {
        let version = |&(version, variant_of): &(i64, Option<i64>)| ListedVersion {
            version,
            kind: VersionKind::Full,
            digest: Digest::of(b""),
            created_at_ms: 0,
            published_at_ms: Some(1),
            is_live: version == live,
            variant_of,
        };
        all.iter().map(version).collect()
    }

    #[test]
    fn a_step_back_from_what_was_polished_leads_to_the_version_of_the_artist_before() {
        let before =
            |live, all: &[(i64, Option<i64>)]| before(&versions(live, all)).map(|version| version.version);
        // 3 was polished from 2.
        let all = [(3, Some(2)), (2, None), (1, None)];
        assert_eq!(before(3, &all), Some(1));
        assert_eq!(before(2, &all), Some(1));
        assert_eq!(before(1, &all), None);
        assert_eq!(before(3, &all[..2]), None);
        // What visitors saw before 4 was the polished one.
        let all = [(4, None), (3, Some(2)), (2, None), (1, None)];
        assert_eq!(before(4, &all), Some(3));
    }

    #[test]
    fn the_newest_version_is_one_of_the_artist() {
        let all = versions(2, &[(3, Some(2)), (2, None), (1, None)]);
        assert_eq!(newest(&all).map(|version| version.version), Some(2));
    }
}
