//! Signals of other processes, which a server relays with LISTEN and NOTIFY. An embedded database relays none.
//!
//! The connection is one of its own, since a pooler would lose what it listens for. A signal that was sent while there was
//! no connection is lost, so every new one begins with all topics: it listens first, and then each task reads what it
//! missed. While there is no connection, all tasks are woken every second.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::signals::{Signals, Topic};

use super::{Address, Db, engine};

/// How often all tasks are woken while no signal can come.
const POLL: Duration = Duration::from_secs(1);
/// How soon a connection is noticed that was lost without a word.
const SILENCE: Duration = Duration::from_secs(2);

impl Db {
    /// Where the signals of other processes come from, if they do not come by themselves.
    pub fn relay(&self) -> Option<Relay> {
        let address = self.pools.server()?.clone();
        Some(Relay { address, signals: self.signals.clone() })
    }
}

/// Receives the signals of other processes.
#[derive(Debug, Clone)]
pub struct Relay {
    address: Address,
    signals: Signals,
}

impl Relay {
    /// Relays signals until it is dropped. `succeeded` is called while the connection stands.
    pub async fn run(&self, succeeded: impl Fn()) {
        let mut was_connected = true;
        loop {
            match Box::pin(self.listen(&succeeded)).await {
                Ok(()) => tracing::warn!("the connection for signals was lost"),
                Err(error) if was_connected => {
                    tracing::warn!(%error, "no signals from other processes: changes are polled for every second");
                }
                Err(_again) => {}
            }
            was_connected = false;
            self.wake_all();
            tokio::time::sleep(POLL).await;
        }
    }

    /// Relays signals until the connection is lost.
    async fn listen(&self, succeeded: &impl Fn()) -> Result<(), sqlx::Error> {
        let connect = async {
            let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(SILENCE);
            let pool = pool.connect_with(self.address.listening()?).await?;
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(engine::CHANNEL).await?;
            Ok(listener)
        };
        let mut listener = Box::pin(engine::within(2 * SILENCE, connect)).await?;
        tracing::debug!("listening for signals");
        self.wake_all();
        loop {
            match tokio::time::timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(signal))) => self.relay(signal.payload()),
                Ok(Ok(None) | Err(_)) => return Ok(()),
                Err(_silent) => {
                    let ping = sqlx::query("select 1").execute(&mut listener);
                    if engine::within(SILENCE, ping).await.is_err() {
                        return Ok(());
                    }
                }
            }
            succeeded();
        }
    }

    fn relay(&self, topics: &str) {
        // A newer program may have topics that this one does not know.
        for topic in topics.split(',').filter_map(|topic| topic.parse::<Topic>().ok()) {
            self.signals.send(topic);
        }
    }

    fn wake_all(&self) {
        for topic in Topic::ALL {
            self.signals.send(*topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Place, engine::Pools, testing};

    const LONG: Duration = Duration::from_mins(10);

    async fn end_listeners(db: &Db) {
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and query ilike 'listen%'";
        while db.read("test.end", end).scalar::<i64>().await.unwrap() == 0 {}
    }

    #[tokio::test]
    async fn a_change_wakes_the_tasks_of_every_process_also_after_the_line_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let Some(address) = testing::server(folder.path()).await else { return };
        let place = Place::Server(address);
        let (here, there) = (Db::open_at(&place).await.unwrap(), Db::open_at(&place).await.unwrap());
        let relay = there.relay().unwrap();
        let mut listener = there.signals().listen(&[Topic::Purges]);
        let relaying = tokio::spawn(async move { relay.run(|| {}).await });
        // The first connection wakes all.
        listener.wait(LONG).await;
        let purge = crate::domain::purge::Purge::default();
        let actor = crate::domain::audit::Actor::command_line();
        here.purge_by_hand("test", &purge, false, &actor).await.unwrap();
        listener.wait(LONG).await;
        end_listeners(&here).await;
        // The loss wakes all, and the new connection does so again.
        listener.wait(LONG).await;
        listener.wait(LONG).await;
        here.purge_by_hand("test", &purge, false, &actor).await.unwrap();
        listener.wait(LONG).await;
        relaying.abort();
    }

    #[tokio::test]
    async fn an_embedded_database_relays_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let pools = Pools::open_sqlite(&folder.path().join("girasol.db")).await.unwrap();
        assert!(Db::over(pools).relay().is_none());
    }
}
