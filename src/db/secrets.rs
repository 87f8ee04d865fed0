//! What addresses are signed with, and other secrets.

use serde_json::json;

use crate::domain::{
    audit::{Action, Actor},
    keys::hex,
    signed::{SigningKey, SigningKeyId},
};

use super::{Db, DbError, audit::record, now_ms, random, read};

/// What stands before the ids of signing keys.
const SIGNING: &str = "signing.";

/// A signing key that was not retired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSigningKey {
    /// The key.
    pub key: SigningKey,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
}

/// What came of retiring a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// Nothing that it signed is worth anything.
    Done,
    /// It is the one that signs.
    Signs,
    /// There is no such key.
    NoSuchKey,
}

impl Db {
    /// The secret of a name, made when it is first asked for; the same for every process. As it is stored: hex.
    pub async fn secret(&self, name: &str) -> Result<String, DbError> {
        let fresh: [u8; 32] = random()?;
        sqlx::query("insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing")
            .bind(name)
            .bind(hex(&fresh))
            .execute(&self.pool)
            .await?;
        Ok(sqlx::query_scalar("select value from secrets where name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await?)
    }

    /// The signing keys, the newest first: that one signs, the others verify. There always is one.
    pub async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, DbError> {
        let keys = self.stored_signing_keys().await?;
        if !keys.is_empty() {
            return Ok(keys);
        }
        // Where two processes meet here, the second one's is not made.
        let fresh = SigningKey::new(random()?, random()?);
        sqlx::query(
            "insert into secrets (name, value, created_at_ms)
             select $1, $2, $3 where not exists (select 1 from secrets where name like 'signing.%')",
        )
        .bind(format!("{SIGNING}{}", fresh.id))
        .bind(fresh.secret())
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        self.stored_signing_keys().await
    }

    async fn stored_signing_keys(&self) -> Result<Vec<StoredSigningKey>, DbError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "select substr(name, 9), value, created_at_ms from secrets where name like 'signing.%'
             order by created_at_ms desc, name",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, secret, created_at_ms)| {
                let parsed: SigningKeyId = read("signing key", &id)?;
                // Not with its value: that goes to no log.
                let unreadable = || DbError::Unreadable { what: "secret", value: id.clone() };
                Ok(StoredSigningKey {
                    key: SigningKey::read(parsed, &secret).ok_or_else(unreadable)?,
                    created_at_ms,
                })
            })
            .collect()
    }

    /// Makes a key that signs from now on. The older ones verify until they are retired.
    pub async fn rotate_signing_key(&self, actor: &Actor) -> Result<SigningKey, DbError> {
        let fresh = SigningKey::new(random()?, random()?);
        let mut tx = self.pool.begin_with("begin immediate").await?;
        // Newer than every other, also where two are made within a millisecond or a clock was put back.
        sqlx::query(
            "insert into secrets (name, value, created_at_ms)
             select $1, $2, max($3, coalesce(max(created_at_ms) + 1, 0)) from secrets where name like 'signing.%'",
        )
        .bind(format!("{SIGNING}{}", fresh.id))
        .bind(fresh.secret())
        .bind(now_ms())
        .execute(&mut *tx)
        .await?;
        record(&mut tx, actor, Action::SigningRotate, fresh.id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(fresh)
    }

    /// Makes all worthless that a key has signed. The one that signs stays.
    pub async fn retire_signing_key(&self, id: &SigningKeyId, actor: &Actor) -> Result<Retired, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let newest: Option<String> = sqlx::query_scalar(
            "select substr(name, 9) from secrets where name like 'signing.%' order by created_at_ms desc, name limit 1",
        )
        .fetch_optional(&mut *tx)
        .await?;
        if newest.as_deref() == Some(id.as_str()) {
            return Ok(Retired::Signs);
        }
        let name = format!("{SIGNING}{id}");
        let gone = sqlx::query("delete from secrets where name = $1").bind(name).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Ok(Retired::NoSuchKey);
        }
        record(&mut tx, actor, Action::SigningRetire, id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(Retired::Done)
    }
}
