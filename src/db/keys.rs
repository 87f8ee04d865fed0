//! API keys and sessions. The database has only the hashes of their secrets.

use std::{fmt, time::Duration};

use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::domain::{
    audit::{Action, Actor},
    keys::{ApiKey, KeyId, Role, SECRET_BYTES, hex},
};

use super::{Db, DbError, audit::record, parse, random};

/// The last use of a key is noted at most once in this time.
const USE_NOTED_EVERY_MS: i64 = 60_000;

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its public part.
    pub id: KeyId,
    /// What it allows.
    pub role: Role,
    /// Who uses it, in words of the person who made it.
    pub label: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// To the minute.
    pub last_used_at_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: String,
    role: String,
    label: String,
    secret_sha256: String,
    created_at_ms: i64,
    last_used_at_ms: Option<i64>,
    revoked_at_ms: Option<i64>,
}

impl KeyRow {
    fn stored(self) -> Result<StoredKey, DbError> {
        Ok(StoredKey {
            id: parse("key", &self.id)?,
            role: parse("role", &self.role)?,
            label: self.label,
            created_at_ms: self.created_at_ms,
            last_used_at_ms: self.last_used_at_ms,
            revoked_at_ms: self.revoked_at_ms,
        })
    }
}

/// A session that has just begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The client's proof of the session.
    pub token: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub expires_at_ms: i64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session until {}", self.expires_at_ms)
    }
}

/// Why a key was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// There is no such key.
    #[error("there is no key {0}")]
    NoSuchKey(KeyId),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Tokens and secrets are 256 random bits, so a fast hash hides them well.
fn sha256(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

impl Db {
    /// Makes a key. The answer is the only copy of its secret: the database has its hash.
    pub async fn create_key(&self, role: Role, label: &str, actor: &Actor) -> Result<ApiKey, DbError> {
        const SQL: &str = "insert into keys (id, role, label, secret_sha256, created_at_ms)
            values ($1, $2, $3, $4, $5)";
        let key = ApiKey::new(random()?, random()?);
        let mut tx = self.write("keys.create").await?;
        let statement = tx.run("keys.insert", SQL).bind(key.id().as_str()).bind(role.as_str()).bind(label);
        statement.bind(sha256(key.secret())).bind(self.now_ms()).execute().await?;
        let detail = json!({ "role": role.as_str(), "label": label });
        record(&mut tx, actor, Action::KeyCreate, key.id().as_str(), &detail).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// All keys, the oldest first.
    pub async fn keys(&self) -> Result<Vec<StoredKey>, DbError> {
        let rows: Vec<KeyRow> =
            self.read("keys.list", "select * from keys order by created_at_ms, id").all().await?;
        rows.into_iter().map(KeyRow::stored).collect()
    }

    /// The stored key, if the secret is right and the key is not revoked; its use is noted.
    pub async fn verify_key(&self, key: &ApiKey) -> Result<Option<StoredKey>, DbError> {
        const SQL: &str = "select * from keys where id = $1 and revoked_at_ms is null";
        let row: Option<KeyRow> = self.read("keys.verify", SQL).bind(key.id().as_str()).optional().await?;
        let wanted = sha256(key.secret());
        let genuine = row.filter(|row| row.secret_sha256.as_bytes().ct_eq(wanted.as_bytes()).into());
        self.used(genuine)
    }

    /// Notes the use of a key beside the request, which does not wait for it and does not fail with it: while a disk is
    /// full, or another process writes, an operator can still look. One note is written at a time, and others are left out
    /// meanwhile.
    fn used(&self, row: Option<KeyRow>) -> Result<Option<StoredKey>, DbError> {
        let Some(row) = row else { return Ok(None) };
        let now = self.now_ms();
        if row.last_used_at_ms.is_none_or(|last| now - last >= USE_NOTED_EVERY_MS)
            && let Ok(turn) = self.notes.clone().try_acquire_owned()
        {
            let (db, id) = (self.clone(), row.id.clone());
            tokio::spawn(async move {
                if let Err(error) = db.note_use(&id, now).await {
                    tracing::warn!(%error, "the use of a key could not be noted");
                }
                drop(turn);
            });
        }
        row.stored().map(Some)
    }

    async fn note_use(&self, id: &str, at_ms: i64) -> Result<(), DbError> {
        let statement = self.run("keys.note_use", "update keys set last_used_at_ms = $1 where id = $2");
        statement.bind(at_ms).bind(id).execute().await?;
        Ok(())
    }

    /// Revokes a key, and ends its sessions. Returns whether it was valid before.
    pub async fn revoke_key(&self, id: &KeyId, actor: &Actor) -> Result<bool, RevokeError> {
        let mut tx = self.write("keys.revoke").await?;
        let before: Option<Option<i64>> = tx
            .run("keys.revoked_at", "select revoked_at_ms from keys where id = $1")
            .bind(id.as_str())
            .optional_scalar()
            .await?;
        match before {
            None => return Err(RevokeError::NoSuchKey(id.clone())),
            Some(Some(_)) => return Ok(false),
            Some(None) => {}
        }
        tx.run("keys.set_revoked", "update keys set revoked_at_ms = $1 where id = $2")
            .bind(self.now_ms())
            .bind(id.as_str())
            .execute()
            .await?;
        tx.run("sessions.delete_all", "delete from sessions where key_id = $1")
            .bind(id.as_str())
            .execute()
            .await?;
        record(&mut tx, actor, Action::KeyRevoke, id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Begins a session of a key, and returns its token, of which the database has the hash. Expired sessions are
    /// deleted on the way.
    pub async fn begin_session(
        &self,
        key: &KeyId,
        lasts: Duration,
        actor: &Actor,
    ) -> Result<Session, DbError> {
        const INSERT: &str = "insert into sessions (token_sha256, key_id, expires_at_ms) values ($1, $2, $3)";
        let token = hex(&random::<SECRET_BYTES>()?);
        let now = self.now_ms();
        let expires_at_ms = now + lasts.as_millis() as i64;
        let mut tx = self.write("sessions.begin").await?;
        tx.run("sessions.expire", "delete from sessions where expires_at_ms <= $1")
            .bind(now)
            .execute()
            .await?;
        let statement = tx.run("sessions.insert", INSERT).bind(sha256(&token)).bind(key.as_str());
        statement.bind(expires_at_ms).execute().await?;
        record(&mut tx, actor, Action::SessionBegin, key.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(Session { token, expires_at_ms })
    }

    /// The key of a session that has not ended; its use is noted.
    pub async fn session_key(&self, token: &str) -> Result<Option<StoredKey>, DbError> {
        const SQL: &str = "select k.* from sessions s join keys k on k.id = s.key_id
            where s.token_sha256 = $1 and s.expires_at_ms > $2 and k.revoked_at_ms is null";
        let row: Option<KeyRow> =
            self.read("sessions.key", SQL).bind(sha256(token)).bind(self.now_ms()).optional().await?;
        self.used(row)
    }

    /// Ends a session.
    pub async fn end_session(&self, key: &KeyId, token: &str, actor: &Actor) -> Result<(), DbError> {
        let mut tx = self.write("sessions.end").await?;
        let ended = tx
            .run("sessions.delete", "delete from sessions where token_sha256 = $1")
            .bind(sha256(token))
            .execute()
            .await?;
        if ended > 0 {
            record(&mut tx, actor, Action::SessionEnd, key.as_str(), &json!({})).await?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::ID_BYTES;

    async fn with_one_key() -> (tempfile::TempDir, Db, ApiKey) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let key = db.create_key(Role::Artist, "Ada", &Actor::command_line()).await.unwrap();
        (folder, db, key)
    }

    #[tokio::test]
    async fn a_key_is_known_by_its_secret_until_it_is_revoked() {
        let (_folder, db, key) = with_one_key().await;
        let found = db.verify_key(&key).await.unwrap().unwrap();
        assert_eq!((found.role, found.label.as_str()), (Role::Artist, "Ada"));
        let last = if key.secret().ends_with('0') { "1" } else { "0" };
        let other_secret = format!("{}{last}", &key.to_string()[..key.to_string().len() - 1]);
        assert_eq!(db.verify_key(&other_secret.parse().unwrap()).await.unwrap(), None);
        let unknown = ApiKey::new([1; ID_BYTES], [1; SECRET_BYTES]);
        assert_eq!(db.verify_key(&unknown).await.unwrap(), None);
        // The note is written beside the request.
        let _written = db.notes.acquire().await.unwrap();
        assert!(db.keys().await.unwrap()[0].last_used_at_ms.is_some());

        let actor = Actor::key(unknown.id(), Some("127.0.0.1".to_owned()));
        assert!(db.revoke_key(key.id(), &actor).await.unwrap());
        assert!(!db.revoke_key(key.id(), &actor).await.unwrap());
        let revoked = db.revoke_key(unknown.id(), &actor).await;
        assert!(matches!(revoked, Err(RevokeError::NoSuchKey(_))), "{revoked:?}");
        assert_eq!(db.verify_key(&key).await.unwrap(), None);
        let trail = db.audit(0, 10).await.unwrap();
        let actions: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["key.create", "key.revoke"]);
        assert_eq!(trail[1].address.as_deref(), Some("127.0.0.1"));
        assert_eq!(db.audit(trail[0].id, 10).await.unwrap(), trail[1..]);
    }

    #[tokio::test]
    async fn a_key_is_known_while_nothing_can_be_written() {
        let (_folder, db, key) = with_one_key().await;
        let writing = db.write("keys.revoke").await.unwrap();
        assert_eq!(db.verify_key(&key).await.unwrap().unwrap().id, *key.id());
        assert_eq!(db.verify_key(&key).await.unwrap().unwrap().id, *key.id());
        drop(writing);
    }

    #[tokio::test]
    async fn a_session_lasts_until_it_expires_is_ended_or_its_key_is_revoked() {
        let (_folder, db, key) = with_one_key().await;
        let (id, actor) = (key.id(), Actor::command_line());
        let begin =
            async |seconds| db.begin_session(id, Duration::from_secs(seconds), &actor).await.unwrap().token;
        let (old, a, b) = (begin(0).await, begin(60).await, begin(60).await);
        assert_eq!(db.session_key(&old).await.unwrap(), None);
        assert_eq!(db.session_key("none").await.unwrap(), None);
        assert_eq!(db.session_key(&a).await.unwrap().unwrap().id, *id);
        db.end_session(id, &a, &actor).await.unwrap();
        assert_eq!(db.session_key(&a).await.unwrap(), None);
        db.revoke_key(id, &actor).await.unwrap();
        assert_eq!(db.session_key(&b).await.unwrap(), None);
    }

    #[tokio::test]
    async fn no_secret_stands_in_the_database() {
        let (folder, db, key) = with_one_key().await;
        let hour = Duration::from_hours(1);
        let session = db.begin_session(key.id(), hour, &Actor::command_line()).await.unwrap();
        assert!(!format!("{session:?}").contains(&session.token));
        db.close().await;
        for file in std::fs::read_dir(folder.path()).unwrap().flatten().filter(|entry| entry.path().is_file())
        {
            let bytes = std::fs::read(file.path()).unwrap();
            for hidden in [key.secret().as_bytes(), session.token.as_bytes()] {
                assert!(!bytes.windows(hidden.len()).any(|window| window == hidden), "{:?}", file.path());
            }
        }
    }
}
