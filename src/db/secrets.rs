//! Signing keys and other secrets.

use serde_json::json;

use crate::domain::{
    audit::{Action, Actor},
    keys::hex,
    signed::{SigningKey, SigningKeyId},
};

use super::{Db, DbError, audit::record, parse, random};

/// Stands before the ids of signing keys in names.
const SIGNING: &str = "signing.";

/// A signing key that was not retired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSigningKey {
    /// The key.
    pub key: SigningKey,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// The result of retiring a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// No address that the key signed is valid any more.
    Done,
    /// The key is the one that signs.
    Signs,
    /// There is no such key.
    NoSuchKey,
}

impl Db {
    /// The secret of a name as hex. It is made at the first request, and is the same for every process.
    pub async fn secret(&self, name: &str) -> Result<String, DbError> {
        const GET: &str = "select value from secrets where name = $1";
        let stored: Option<String> = self.read("secrets.get", GET).bind(name).optional_scalar().await?;
        if let Some(stored) = stored {
            return Ok(stored);
        }
        // Of two processes that get here at once, the first one's secret is kept.
        let fresh: [u8; 32] = random()?;
        self.run(
            "secrets.make",
            "insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing",
        )
        .bind(name)
        .bind(hex(&fresh))
        .execute()
        .await?;
        self.read("secrets.get_made", GET).bind(name).scalar().await
    }

    /// The signing keys, the newest first: that one signs, the others verify. There always is one.
    pub async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, DbError> {
        // Of two processes that get here at once, only the first one's key is made.
        const FIRST: &str = "insert into secrets (name, value, created_at_ms)
            select $1, $2, $3 where not exists (select 1 from secrets where name like 'signing.%')";
        let keys = self.stored_signing_keys().await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        let fresh = SigningKey::new(random()?, random()?);
        let statement = self.run("signing_keys.make_first", FIRST).bind(format!("{SIGNING}{}", fresh.id));
        statement.bind(fresh.secret()).bind(self.now_ms()).execute().await?;
        self.stored_signing_keys().await
    }

    async fn stored_signing_keys(&self) -> Result<Vec<StoredSigningKey>, DbError> {
        const SQL: &str = "select substr(name, 9), value, created_at_ms from secrets
            where name like 'signing.%' order by created_at_ms desc, name";
        let rows: Vec<(String, String, i64)> = self.read("signing_keys.list", SQL).all().await?;
        rows.into_iter()
            .map(|(id, secret, created_at_ms)| {
                let parsed: SigningKeyId = parse("signing key", &id)?;
                // Without its value, which must not be logged.
                let unreadable = || DbError::Unreadable { what: "secret", value: id.clone() };
                Ok(StoredSigningKey {
                    key: SigningKey::read(parsed, &secret).ok_or_else(unreadable)?,
                    created_at_ms,
                })
            })
            .collect()
    }

    /// Makes a key that signs from now on. Older keys verify until they are retired.
    pub async fn rotate_signing_key(&self, actor: &Actor) -> Result<SigningKey, DbError> {
        const NEWEST: &str = "select max(created_at_ms) from secrets where name like 'signing.%'";
        const INSERT: &str = "insert into secrets (name, value, created_at_ms) values ($1, $2, $3)";
        let fresh = SigningKey::new(random()?, random()?);
        let mut tx = self.write("signing_keys.rotate").await?;
        let newest: Option<i64> = tx.run("signing_keys.newest_at", NEWEST).scalar().await?;
        // Newer than every other, even if two are made within a millisecond or the clock was set back.
        let created_at_ms = newest.map_or(0, |newest| newest + 1).max(self.now_ms());
        let statement = tx.run("signing_keys.insert", INSERT).bind(format!("{SIGNING}{}", fresh.id));
        statement.bind(fresh.secret()).bind(created_at_ms).execute().await?;
        record(&mut tx, actor, Action::SigningRotate, fresh.id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(fresh)
    }

    /// Retires a key: every address that it signed is invalid. The key that signs cannot be retired.
    pub async fn retire_signing_key(&self, id: &SigningKeyId, actor: &Actor) -> Result<Retired, DbError> {
        const NEWEST: &str = "select substr(name, 9) from secrets
            where name like 'signing.%' order by created_at_ms desc, name limit 1";
        let mut tx = self.write("signing_keys.retire").await?;
        let newest: Option<String> = tx.run("signing_keys.newest", NEWEST).optional_scalar().await?;
        if newest.as_deref() == Some(id.as_str()) {
            return Ok(Retired::Signs);
        }
        let statement = tx.run("signing_keys.delete", "delete from secrets where name = $1");
        if statement.bind(format!("{SIGNING}{id}")).execute().await? == 0 {
            return Ok(Retired::NoSuchKey);
        }
        record(&mut tx, actor, Action::SigningRetire, id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(Retired::Done)
    }
}
