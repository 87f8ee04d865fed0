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

/// Makes the newest version live that has every tier.
pub async fn publish_newest(db: &Db, id: &ConfigId, actor: &Actor) -> Result<Published, PublishError> {
    let versions = db.versions(id).await?;
    let newest = versions.iter().find(|version| version.kind == VersionKind::Full);
    match (newest, versions.first()) {
        (Some(newest), _) => publish(db, id, newest.version, actor).await,
        (None, Some(early)) => {
            Err(PublishError::OnlyEarly { configuration: id.clone(), version: early.version })
        }
        (None, None) => Err(PublishError::NoVersion(id.clone())),
    }
}

/// Makes the version live that visitors saw before the live one: of the full versions that were ever live, the
/// newest that is older.
pub async fn roll_back(db: &Db, id: &ConfigId, actor: &Actor) -> Result<Published, PublishError> {
    let versions = db.versions(id).await?;
    let live = versions.iter().find(|version| version.is_live).map(|version| version.version);
    let was_live = |version: &&ListedVersion| {
        version.kind == VersionKind::Full
            && version.published_at_ms.is_some()
            && live.is_none_or(|live| version.version < live)
    };
    let earlier = versions.iter().find(was_live).ok_or_else(|| PublishError::NothingBefore(id.clone()))?;
    publish(db, id, earlier.version, actor).await
}
