//! Redis, or a server that speaks its protocol.

use std::{fmt, time::Duration};

use redis::{
    Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo as _, RedisError, ServerErrorKind,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

use super::failure::{Failed, refused};

/// Removes a lock that still has this token.
const UNLOCK: &str =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/// Takes some of what a client may do in a minute (GCRA): its whole state is the time, by this server's clock, at which it
/// would have everything again, in microseconds. Answers what is left, and for how many microseconds the client has to wait
/// if there was too little.
const COUNT: &str = "
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local step, most, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local latest = now + step * most
    local whole = tonumber(redis.call('GET', KEYS[1]) or 0) or 0
    whole = math.min(math.max(whole, now), latest)
    local left = math.floor((latest - whole) / step)
    local taken = math.min(cost, left)
    if taken > 0 then
        whole = whole + step * taken
        redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
    end
    local wait = 0
    if taken < cost then wait = math.max(whole + step - latest, 1000) end
    return { left - taken, wait }";

/// One connection for all questions, which is opened with the first and again when it is lost.
#[derive(Clone)]
pub(super) struct Redis(ConnectionManager);

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").finish_non_exhaustive()
    }
}

impl Redis {
    /// Checks the address, and opens no connection yet.
    pub(super) fn open(url: &str, timeout: Duration) -> Result<Self, String> {
        let refused = |error: RedisError| error.to_string();
        let at = url.into_connection_info().map_err(refused)?;
        // Many questions share the connection; none waits until the answer to another one is acknowledged.
        let client =
            Client::open(at.set_tcp_settings(TcpSettings::default().set_nodelay(true))).map_err(refused)?;
        // The circuit asks again; a retry here would make questions wait for each other.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        ConnectionManager::new_lazy_with_config(client, config).map(Self).map_err(refused)
    }

    /// The bytes under a key, the first so many of them: what others have put there may be as large as the server's memory.
    pub(super) async fn get(&self, key: &str, most: usize) -> Result<Option<Vec<u8>>, Failed> {
        let found: Vec<u8> = self.ask(Cmd::new().arg("GETRANGE").arg(key).arg(0).arg(most)).await?;
        // An absent key is answered so, and no value is empty.
        Ok(Some(found).filter(|found| !found.is_empty()))
    }

    /// Puts bytes under a key for a while.
    pub(super) async fn set(&self, key: &str, bytes: Vec<u8>, lifetime: Duration) -> Result<(), Failed> {
        self.ask(Cmd::new().arg("SET").arg(key).arg(bytes).arg("PX").arg(millis(lifetime))).await
    }

    /// Takes a lock for a while; `false` if it is taken.
    pub(super) async fn lock(&self, key: &str, token: &str, lifetime: Duration) -> Result<bool, Failed> {
        let taken: Option<String> = self
            .ask(Cmd::new().arg("SET").arg(key).arg(token).arg("NX").arg("PX").arg(millis(lifetime)))
            .await?;
        Ok(taken.is_some())
    }

    /// How long a key stays; `None` if it does not end by itself, or is gone.
    pub(super) async fn expires(&self, key: &str) -> Result<Option<Duration>, Failed> {
        let left_ms: i64 = self.ask(Cmd::new().arg("PTTL").arg(key)).await?;
        Ok(u64::try_from(left_ms).ok().map(Duration::from_millis))
    }

    /// Gives a lock back, if it still has this token.
    pub(super) async fn unlock(&self, key: &str, token: &str) -> Result<(), Failed> {
        self.ask(Cmd::new().arg("EVAL").arg(UNLOCK).arg(1).arg(key).arg(token)).await
    }

    /// Takes `cost` of `per_minute` from a count: what remains of it, and microseconds to wait if that was too little.
    pub(super) async fn count(&self, key: &str, per_minute: u32, cost: u32) -> Result<(u32, u64), Failed> {
        let step = (60_000_000 / per_minute.max(1)).max(1);
        let mut command = Cmd::new();
        command.arg("EVAL").arg(COUNT).arg(1).arg(key).arg(step).arg(per_minute).arg(cost);
        self.ask(&command).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failed> {
        command.query_async(&mut self.0.clone()).await.map_err(|error| {
            // Whatever is no answer of the server's is trouble on the way, also a server that is still loading its data.
            match error.kind() {
                ErrorKind::Server(
                    ServerErrorKind::BusyLoading | ServerErrorKind::TryAgain | ServerErrorKind::MasterDown,
                )
                | ErrorKind::Io => Failed::NoAnswer(error.to_string()),
                ErrorKind::AuthenticationFailed => refused(Some("WRONGPASS"), error.to_string()),
                _ => refused(error.code(), error.to_string()),
            }
        })
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}
