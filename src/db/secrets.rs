//! What links are signed with.

use super::{Db, DbError, random};

impl Db {
    /// The secret of a name, made when it is first asked for; the same for every process.
    pub async fn secret(&self, name: &str) -> Result<[u8; 32], DbError> {
        let fresh: [u8; 32] = random()?;
        sqlx::query("insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing")
            .bind(name)
            .bind(fresh.map(|byte| format!("{byte:02x}")).concat())
            .execute(&self.pool)
            .await?;
        let text: String = sqlx::query_scalar("select value from secrets where name = $1")
            .bind(name)
            .fetch_one(&self.pool)
            .await?;
        let byte =
            |at: usize| text.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let mut secret = [0; 32];
        for (at, place) in secret.iter_mut().enumerate() {
            // Not with its value: that goes to no log.
            *place =
                byte(at).ok_or_else(|| DbError::Unreadable { what: "secret", value: name.to_owned() })?;
        }
        Ok(secret)
    }
}
