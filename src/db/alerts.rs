//! Alerts, silences, and the messages that channels have not taken yet.
//!
//! Conditions of the service belong to the server that has the lease, and each server has its own beside them. Both are
//! written whole, with what became of them and the messages about it, in one transaction: a process that dies in between
//! says it again, and one that dies after it says nothing twice.

use serde_json::{Value, json};
use sqlx::types::Json;

use crate::domain::{
    alerts::{Alert, Change, Launch, Silence},
    audit::{Action, Actor},
    keys::hex,
};

use super::{
    Db, DbError,
    audit::record,
    count,
    engine::{Bind, Tx},
    random,
};

/// What became of alerts is kept for this long.
const KEEP_HISTORY_MS: i64 = 90 * 86_400_000;
/// Messages that wait, at most; the oldest go first.
const MAX_MESSAGES: i64 = 1_000;
/// A message is not sent any more that is older than this.
const MESSAGE_EXPIRES_MS: i64 = 86_400_000;

const IS_REPORTED: &str =
    "select exists (select 1 from alert_history where kind = 'report' and rule = $1 and since_ms = $2)";

/// The conditions of the service, in place of a server's name.
pub const SERVICE: &str = "";

/// An alert, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAlert {
    /// The server; [`SERVICE`] where it is the same for all.
    pub instance: String,
    /// The condition.
    pub alert: Alert,
}

/// Something that became of an alert.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Past {
    /// Grows with time.
    pub id: i64,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// What: `firing`, `escalated` or `resolved`.
    pub kind: String,
    /// The rule.
    pub rule: String,
    /// What it was about.
    pub subject: String,
    /// Since when the condition held.
    pub since_ms: i64,
    /// What was measured.
    pub value: f64,
}

/// A message that this process may send.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its number.
    pub id: i64,
    /// The name of its channel.
    pub channel: String,
    /// What it says.
    pub what: Value,
    /// How often it was tried.
    pub attempts: u32,
}

/// Whose conditions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// The service's, by the server that has the lease.
    Service {
        /// The server.
        holder: &'a str,
    },
    /// A server's own.
    Instance(&'a str),
}

#[derive(sqlx::FromRow)]
struct AlertRow {
    instance: String,
    rule: String,
    subject: String,
    since_ms: i64,
    fired_at_ms: Option<i64>,
    seen_ms: i64,
    value: f64,
    notified_at_ms: Option<i64>,
    escalated: bool,
}

impl From<AlertRow> for OpenAlert {
    fn from(row: AlertRow) -> Self {
        let AlertRow {
            instance,
            rule,
            subject,
            since_ms,
            fired_at_ms,
            seen_ms,
            value,
            notified_at_ms,
            escalated,
        } = row;
        let alert = Alert { rule, subject, since_ms, fired_at_ms, seen_ms, value, notified_at_ms, escalated };
        Self { instance, alert }
    }
}

impl Db {
    /// Takes or renews the lease for the rules of the service. Answers whether this server has it.
    pub async fn hold_alert_lease(&self, holder: &str, lease_ms: i64) -> Result<bool, DbError> {
        const HOLD: &str = "insert into alert_lease (id, holder, until_ms) values (1, $1, $2)
            on conflict (id) do update set holder = excluded.holder, until_ms = excluded.until_ms
            where alert_lease.holder = excluded.holder or alert_lease.until_ms < $3";
        let now = self.now_ms();
        let statement = self.run("alerts.hold_lease", HOLD).bind(holder).bind(now + lease_ms).bind(now);
        Ok(statement.execute().await? > 0)
    }

    /// Gives the lease back, so that another server goes on at once.
    pub async fn release_alert_lease(&self, holder: &str) -> Result<(), DbError> {
        self.run("alerts.release_lease", "delete from alert_lease where holder = $1")
            .bind(holder)
            .execute()
            .await?;
        Ok(())
    }

    /// Every condition that holds.
    pub async fn open_alerts(&self) -> Result<Vec<OpenAlert>, DbError> {
        const SQL: &str =
            "select instance, rule, subject, since_ms, fired_at_ms, seen_ms, value, notified_at_ms,
            escalated from alerts order by instance, rule, subject";
        let rows: Vec<AlertRow> = self.read("alerts.open", SQL).all().await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Writes the conditions of a server or of the service, what became of them, and messages by their channel. Answers
    /// whether it did: not where another server has the lease by now.
    pub async fn save_alerts(
        &self,
        whose: Whose<'_>,
        open: &[&Alert],
        changes: &[Change],
        messages: &[(&str, Value)],
    ) -> Result<bool, DbError> {
        const IS_HELD: &str =
            "select exists (select 1 from alert_lease where id = 1 and holder = $1 and until_ms >= $2)";
        let mut tx = self.write("alerts.save").await?;
        let now = tx.now_ms();
        let instance = match whose {
            Whose::Service { holder } => {
                if !tx.run("alerts.is_held", IS_HELD).bind(holder).bind(now).scalar::<bool>().await? {
                    return Ok(false);
                }
                SERVICE
            }
            Whose::Instance(instance) => instance,
        };
        tx.run("alerts.delete", "delete from alerts where instance = $1").bind(instance).execute().await?;
        for alert in open {
            insert(&mut tx, instance, alert).await?;
        }
        note(&mut tx, changes, messages, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes conditions of servers that are gone, with what is said about it.
    pub async fn end_alerts(
        &self,
        gone: &[OpenAlert],
        changes: &[Change],
        messages: &[(&str, Value)],
    ) -> Result<(), DbError> {
        const DELETE: &str =
            "delete from alerts where instance = $1 and rule = $2 and subject = $3 and seen_ms = $4";
        let mut tx = self.write("alerts.end").await?;
        let now = tx.now_ms();
        for OpenAlert { instance, alert } in gone {
            let statement = tx.run("alerts.delete_one", DELETE).bind(instance).bind(&alert.rule);
            statement.bind(&alert.subject).bind(alert.seen_ms).execute().await?;
        }
        note(&mut tx, changes, messages, now).await?;
        tx.commit().await
    }

    /// Silences that hold.
    pub async fn silences(&self) -> Result<Vec<Silence>, DbError> {
        const SQL: &str = "select rule, subject, until_ms, reason, actor from alert_silences
            where until_ms > $1 order by rule, subject";
        let rows: Vec<(String, String, i64, String, String)> =
            self.read("alerts.silences", SQL).bind(self.now_ms()).all().await?;
        let silence = |(rule, subject, until_ms, reason, actor): (String, String, i64, String, String)| {
            Silence { rule, subject: (!subject.is_empty()).then_some(subject), until_ms, reason, actor }
        };
        Ok(rows.into_iter().map(silence).collect())
    }

    /// Silences an alert, in place of a silence of the same. One that is over already ends it.
    pub async fn silence_alert(&self, silence: &Silence, actor: &Actor) -> Result<(), DbError> {
        const SILENCE: &str = "insert into alert_silences (rule, subject, until_ms, reason, actor)
            values ($1, $2, $3, $4, $5) on conflict (rule, subject) do update
            set until_ms = excluded.until_ms, reason = excluded.reason, actor = excluded.actor";
        let Silence { rule, subject, until_ms, reason, .. } = silence;
        let mut tx = self.write("alerts.silence").await?;
        let now = tx.now_ms();
        tx.run("alerts.end_silences", "delete from alert_silences where until_ms <= $1")
            .bind(now)
            .execute()
            .await?;
        let statement = tx.run("alerts.insert_silence", SILENCE).bind(rule);
        let statement = statement.bind(subject.as_deref().unwrap_or_default()).bind(*until_ms);
        statement.bind(reason).bind(&actor.name).execute().await?;
        let detail = json!({ "subject": subject, "until_ms": until_ms, "reason": reason });
        record(&mut tx, actor, Action::AlertSilence, rule, &detail).await?;
        tx.commit().await
    }

    /// Ends the silences of an alert. Answers whether there were any.
    pub async fn end_silences(&self, rule: &str, actor: &Actor) -> Result<bool, DbError> {
        let mut tx = self.write("alerts.unsilence").await?;
        let now = tx.now_ms();
        let deleted = tx
            .run("alerts.delete_silences", "delete from alert_silences where rule = $1 and until_ms > $2")
            .bind(rule)
            .bind(now)
            .execute()
            .await?;
        if deleted > 0 {
            record(&mut tx, actor, Action::AlertUnsilence, rule, &json!({})).await?;
        }
        tx.commit().await?;
        Ok(deleted > 0)
    }

    /// What became of alerts after an entry, the oldest first.
    pub async fn alert_history(&self, after: i64, limit: u32) -> Result<Vec<Past>, DbError> {
        const SQL: &str = "select id, at_ms, kind, rule, subject, since_ms, value from alert_history
            where id > $1 order by id limit $2";
        self.read("alerts.history", SQL).bind(after).bind(limit).all().await
    }

    /// What became of alerts last, the newest first.
    pub async fn last_alert_history(&self, limit: u32) -> Result<Vec<Past>, DbError> {
        const SQL: &str = "select id, at_ms, kind, rule, subject, since_ms, value from alert_history
            order by id desc limit $1";
        self.read("alerts.last_history", SQL).bind(limit).all().await
    }

    /// What became of alerts in a time, the oldest first, at most 1,000.
    pub async fn alert_history_between(&self, since_ms: i64, until_ms: i64) -> Result<Vec<Past>, DbError> {
        const SQL: &str = "select id, at_ms, kind, rule, subject, since_ms, value from alert_history
            where at_ms >= $1 and at_ms < $2 and kind <> 'report' order by id limit 1000";
        let statement = self.read("alerts.history_between", SQL).bind(since_ms).bind(until_ms);
        statement.all().await
    }

    /// Whether the report of a launch was sent.
    pub async fn is_launch_reported(&self, launch: &Launch) -> Result<bool, DbError> {
        let statement = self.read("alerts.is_reported", IS_REPORTED).bind(&launch.name);
        statement.bind(launch.from_ms).scalar().await
    }

    /// Notes that the report of a launch is sent, with what channels are sent. Answers whether no process did before.
    pub async fn note_launch_report(
        &self,
        launch: &Launch,
        messages: &[(&str, Value)],
    ) -> Result<bool, DbError> {
        const NOTE: &str = "insert into alert_history (at_ms, kind, rule, subject, since_ms, value)
            values ($1, 'report', $2, '', $3, 0)";
        let mut tx = self.write("alerts.report").await?;
        let now = tx.now_ms();
        let statement = tx.run("alerts.is_reported_still", IS_REPORTED).bind(&launch.name);
        if statement.bind(launch.from_ms).scalar().await? {
            return Ok(false);
        }
        let statement = tx.run("alerts.note_report", NOTE).bind(now).bind(&launch.name);
        statement.bind(launch.from_ms).execute().await?;
        note(&mut tx, &[], messages, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Leases a message to one of these channels that is due.
    pub async fn claim_alert_message(
        &self,
        channels: &[String],
        lease_ms: i64,
    ) -> Result<Option<Message>, DbError> {
        const DUE: &str = "select id from alert_messages where channel = $1 and next_at_ms <= $2
            and (lease is null or lease_until_ms < $2) order by id limit 1";
        const LEASE: &str =
            "update alert_messages set lease = $2, lease_until_ms = $3, attempts = attempts + 1
            where id = $1 and (lease is null or lease_until_ms < $4)
            returning id, channel, what, attempts";
        let now = self.now_ms();
        for channel in channels {
            // Most of the time nothing is due, and finding that out takes no write lock.
            let due: Option<i64> =
                self.read("alerts.due_message", DUE).bind(channel).bind(now).optional_scalar().await?;
            let Some(id) = due else { continue };
            let statement = self.run("alerts.claim_message", LEASE).bind(id).bind(hex(&random::<16>()?));
            let row: Option<(i64, String, Json<Value>, i64)> =
                statement.bind(now + lease_ms).bind(now).optional().await?;
            if let Some((id, channel, what, attempts)) = row {
                return Ok(Some(Message { id, channel, what: what.0, attempts: count(attempts) }));
            }
        }
        Ok(None)
    }

    /// Notes that a channel has taken a message, or never will.
    pub async fn delete_alert_message(&self, id: i64) -> Result<(), DbError> {
        self.run("alerts.delete_message", "delete from alert_messages where id = $1")
            .bind(id)
            .execute()
            .await?;
        Ok(())
    }

    /// Notes that a message is to be sent again.
    pub async fn retry_alert_message(&self, id: i64, next_at_ms: i64) -> Result<(), DbError> {
        const SQL: &str = "update alert_messages set lease = null, lease_until_ms = null, next_at_ms = $2
            where id = $1";
        self.run("alerts.retry_message", SQL).bind(id).bind(next_at_ms).execute().await?;
        Ok(())
    }

    /// Notes that a backup has succeeded just now.
    pub async fn note_backup(&self) -> Result<(), DbError> {
        const SQL: &str = "insert into last_backup (id, at_ms) values (1, $1)
            on conflict (id) do update set at_ms = excluded.at_ms";
        self.run("backup.note", SQL).bind(self.now_ms()).execute().await?;
        Ok(())
    }

    /// When a backup succeeded last, if one ever did.
    pub async fn last_backup_ms(&self) -> Result<Option<i64>, DbError> {
        self.read("backup.last", "select at_ms from last_backup where id = 1").optional_scalar().await
    }
}

async fn insert(tx: &mut Tx, instance: &str, alert: &Alert) -> Result<(), DbError> {
    const SQL: &str = "insert into alerts (instance, rule, subject, since_ms, fired_at_ms, seen_ms, value,
        notified_at_ms, escalated) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let statement = tx.run("alerts.insert", SQL).bind(instance).bind(&alert.rule).bind(&alert.subject);
    let statement = statement.bind(alert.since_ms).bind(alert.fired_at_ms).bind(alert.seen_ms);
    statement.bind(alert.value).bind(alert.notified_at_ms).bind(alert.escalated).execute().await?;
    Ok(())
}

/// Writes what became of alerts, and messages about it.
async fn note(tx: &mut Tx, changes: &[Change], messages: &[(&str, Value)], now: i64) -> Result<(), DbError> {
    const PAST: &str = "insert into alert_history (at_ms, kind, rule, subject, since_ms, value)
        values ($1, $2, $3, $4, $5, $6)";
    const MESSAGE: &str = "insert into alert_messages (channel, what, next_at_ms, created_at_ms)
        values ($1, $2, $3, $3)";
    const EXPIRE: &str = "delete from alert_messages where created_at_ms < $1
        or id <= (select id from alert_messages order by id desc limit 1 offset $2)";
    if changes.is_empty() && messages.is_empty() {
        return Ok(());
    }
    for Change { kind, alert, at_ms } in changes {
        let statement = tx.run("alerts.insert_history", PAST).bind(*at_ms).bind(kind.as_str());
        let statement = statement.bind(&alert.rule).bind(&alert.subject).bind(alert.since_ms);
        statement.bind(alert.value).execute().await?;
    }
    for (channel, what) in messages {
        let statement = tx.run("alerts.insert_message", MESSAGE).bind(*channel);
        statement.bind(Bind::json(what)).bind(now).execute().await?;
    }
    tx.run("alerts.expire_messages", EXPIRE)
        .bind(now - MESSAGE_EXPIRES_MS)
        .bind(MAX_MESSAGES)
        .execute()
        .await?;
    tx.run("alerts.prune_history", "delete from alert_history where at_ms < $1")
        .bind(now - KEEP_HISTORY_MS)
        .execute()
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
