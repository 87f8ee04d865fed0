//! The name of this database, which its store has too.

use crate::domain::{
    identity::Identity,
    namespace::Namespace,
    object_key::{Address, ObjectKey},
};

use super::{Db, DbError, parse, protection::read_namespace, random};

impl Db {
    /// The name of this database, once it has one.
    pub async fn identity(&self) -> Result<Option<Identity>, DbError> {
        let name: Option<String> =
            self.read("identity.get", "select name from identity").optional_scalar().await?;
        name.map(|name| parse("identity", &name)).transpose()
    }

    /// The name of this database. It is made at the first request, and is the same for every process.
    pub async fn make_identity(&self) -> Result<Identity, DbError> {
        if let Some(identity) = self.identity().await? {
            return Ok(identity);
        }
        let fresh = Identity::new(random()?);
        self.run("identity.make", "insert into identity (name) values ($1) on conflict do nothing")
            .bind(fresh.as_str())
            .execute()
            .await?;
        Ok(self.identity().await?.unwrap_or(fresh))
    }

    /// Gives this database the name that its store has.
    pub async fn set_identity(&self, identity: &Identity) -> Result<(), DbError> {
        let mut tx = self.write("identity.replace").await?;
        tx.run("identity.delete", "delete from identity").execute().await?;
        tx.run("identity.insert", "insert into identity (name) values ($1)")
            .bind(identity.as_str())
            .execute()
            .await?;
        tx.commit().await
    }

    /// As databases were before they had names.
    #[cfg(test)]
    pub(crate) async fn forget_identity(&self) -> Result<(), DbError> {
        self.run("identity.forget", "delete from identity").execute().await.map(drop)
    }

    /// Whether this database knows of anything that its store has.
    pub async fn knows_objects(&self) -> Result<bool, DbError> {
        let of_versions = self.read(
            "versions.any",
            "select exists (select 1 from versions where remove_at_ms is null and state <> 'pending')",
        );
        Ok(of_versions.scalar().await? || !self.some_objects(1).await?.is_empty())
    }

    /// Objects that the store of this database has, at most so many: the newest manifests, or any object where there is no
    /// version. None where the database knows of nothing.
    pub async fn known_sample(&self, limit: u32) -> Result<Vec<Address>, DbError> {
        let rows: Vec<(String, Option<String>)> = self
            .read(
                "versions.newest_manifests",
                "select digest, namespace from versions where remove_at_ms is null and state <> 'pending'
                 order by created_at_ms desc, configuration_id limit $1",
            )
            .bind(i64::from(limit))
            .all()
            .await?;
        if rows.is_empty() {
            return self.some_objects(limit).await;
        }
        rows.iter()
            .map(|(digest, namespace)| {
                let key = ObjectKey::Manifest(parse("digest", digest)?);
                let namespace: Namespace = read_namespace(namespace.as_deref())?;
                Ok(key.within(namespace))
            })
            .collect()
    }
}
