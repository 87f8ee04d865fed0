//! The service watches itself: it evaluates the rules of `domain::alerts`, keeps what it finds in the database, and notifies
//! channels.
//!
//! Every server evaluates the rules about itself. Those about the service are evaluated by one server at a time, which has
//! a lease in the database. A server that is started again goes on with what it left, and another one ends the alerts of a
//! server that is gone. While the database is away, a server keeps its alerts in memory and sends what they say from there.

mod channel;
mod launch;
mod notice;
mod outbox;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    background::{Background, Task},
    config::{AlertsConfig, BadTarget},
    db::{
        Db, DbError,
        alerts::{OpenAlert, SERVICE, Whose},
    },
    domain::alerts::{
        Alert, Alerts, Change, ChangeKind, Override, Rule, STALE_AFTER_MS, Scope, Severity, Silence,
        Snapshot, all_rules, rules,
    },
    launches::Launches,
};

use self::{channel::Channel, launch::Reporter, notice::Notice, outbox::Outbox};

/// How long measuring may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the database may take. While it is away, alerts about it are not to wait for it.
const DB_PATIENCE: Duration = Duration::from_secs(5);
/// The lease of the server that evaluates for the service, as a multiple of the pause between evaluations.
const LEASE_ROUNDS: u32 = 3;
/// The shortest lease.
const LEAST_LEASE: Duration = Duration::from_secs(10);

/// What is measured at the moment.
type Measuring = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Snapshot> + Send>> + Send + Sync>;

/// Evaluates rules and notifies channels.
pub struct Watcher {
    db: Db,
    /// The name of this server.
    instance: String,
    every: Duration,
    overrides: Vec<Override>,
    runbook: Option<String>,
    launches: Launches,
    channels: Vec<Arc<Channel>>,
    outbox: Outbox,
    measure: Measuring,
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("instance", &self.instance).finish_non_exhaustive()
    }
}

/// What a server knows from one evaluation to the next.
#[derive(Debug, Default)]
struct State {
    /// Conditions of this server; `None` before they were read.
    own: Option<Alerts>,
    /// Those of the service; `None` while another server has the lease.
    service: Option<Alerts>,
    silences: Vec<Silence>,
    /// Whether the database has conditions of this server.
    has_saved: bool,
}

/// Starts to keep the reports of launches where no rule is evaluated and no channel is told.
pub fn report_launches(background: &mut Background, db: &Db, launches: &Launches) {
    Reporter { db: db.clone(), launches: launches.clone(), channels: Vec::new() }.start(background);
}

impl Watcher {
    /// Reads the secrets of channels. Nothing is measured or sent yet.
    pub fn open(
        db: Db,
        settings: &AlertsConfig,
        launches: Launches,
        instance: &str,
        measure: impl Fn() -> Pin<Box<dyn Future<Output = Snapshot> + Send>> + Send + Sync + 'static,
    ) -> Result<Self, BadTarget> {
        let open = |channel| Channel::open(channel).map(Arc::new);
        let channels = settings.channels.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let outbox = Outbox::of(channels.iter().map(|channel| channel.name().to_owned()));
        Ok(Self {
            db,
            instance: instance.to_owned(),
            every: Duration::from_secs(settings.every_seconds.into()),
            overrides: settings.overrides(),
            runbook: settings.runbook.clone(),
            launches,
            channels,
            outbox,
            measure: Box::new(measure),
        })
    }

    /// Starts to evaluate, and to send.
    pub fn start(self: &Arc<Self>, background: &mut Background) {
        for channel in &self.channels {
            let (watcher, channel) = (self.clone(), channel.clone());
            background.run("send_alerts", move |task| {
                let (watcher, channel) = (watcher.clone(), channel.clone());
                async move { watcher.outbox.send_to(&channel, &watcher.db, task).await }
            });
        }
        let (db, launches, channels) = (self.db.clone(), self.launches.clone(), self.channels.clone());
        Reporter { db, launches, channels }.start(background);
        let watcher = self.clone();
        background.run("watch_alerts", move |task| {
            let watcher = watcher.clone();
            async move { watcher.watch(task).await }
        });
    }

    async fn watch(&self, mut task: Task) {
        let mut state = State::default();
        while !task.is_stopping() {
            let began = Instant::now();
            self.evaluate(&mut state).await;
            task.succeeded();
            let pause = self.every.saturating_sub(began.elapsed());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = task.stopping() => {}
            }
        }
        if state.service.is_some() {
            // Otherwise another server waits for the lease to run out.
            let _ = self.db.release_alert_lease(&self.instance).await;
        }
    }

    /// Measures once, and says what became of alerts.
    async fn evaluate(&self, state: &mut State) {
        let measured = tokio::time::timeout(PATIENCE, (self.measure)()).await;
        let Ok(snapshot) = measured else {
            tracing::warn!("measuring took too long: alerts stay as they are");
            return;
        };
        let now_ms = self.db.now_ms();
        let read = tokio::time::timeout(DB_PATIENCE, self.read(state, now_ms)).await;
        let is_read = match read {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                // The rule about the database says it to people.
                tracing::debug!(%error, "alerts cannot be read");
                false
            }
            Err(_elapsed) => false,
        };
        let is_launch = self.launches.is_on(now_ms);
        let (own_rules, service_rules): (Vec<Rule>, Vec<Rule>) = rules(&self.overrides, is_launch)
            .into_iter()
            .partition(|rule| rule.measure.scope() == Scope::Instance);
        let State { own, service, silences, has_saved } = state;
        let own = own.get_or_insert_with(|| Alerts::resume([], now_ms));
        let changes = own.step(now_ms, &own_rules, &snapshot, silences);
        let open: Vec<&Alert> = own.open().collect();
        if !open.is_empty() || *has_saved || !changes.is_empty() {
            let is_saved = self.save(Whose::Instance(&self.instance), &open, &changes).await;
            *has_saved = !is_saved || !open.is_empty();
        }
        // Without the database nothing is known of the service.
        if let Some(of_service) = service.as_mut().filter(|_| is_read) {
            let changes = of_service.step(now_ms, &service_rules, &snapshot, silences);
            let open: Vec<&Alert> = of_service.open().collect();
            let whose = Whose::Service { holder: &self.instance };
            if !self.save(whose, &open, &changes).await {
                // Another server may go on with what it finds in the database.
                *service = None;
            }
        }
    }

    /// Reads what other processes have written, and takes the lease if it is free.
    async fn read(&self, state: &mut State, now_ms: i64) -> Result<(), DbError> {
        self.launches.refresh().await?;
        let lease = (self.every * LEASE_ROUNDS).max(LEAST_LEASE);
        let is_held = self.db.hold_alert_lease(&self.instance, lease.as_millis() as i64).await?;
        state.silences = self.db.silences().await?;
        if !is_held {
            state.service = None;
        }
        if state.own.is_some() && (!is_held || state.service.is_some()) {
            if is_held {
                self.end_gone(now_ms, &self.db.open_alerts().await?).await?;
            }
            return Ok(());
        }
        let open = self.db.open_alerts().await?;
        let of = |instance: &str| -> Vec<Alert> {
            let of_it = open.iter().filter(|open| open.instance == instance);
            of_it.map(|open| open.alert.clone()).collect()
        };
        if state.own.is_none() {
            let own = of(&self.instance);
            state.has_saved = !own.is_empty();
            state.own = Some(Alerts::resume(own, now_ms));
        }
        if is_held && state.service.is_none() {
            state.service = Some(Alerts::resume(of(SERVICE), now_ms));
        }
        Ok(())
    }

    /// Ends the alerts of servers that have measured nothing for long.
    async fn end_gone(&self, now_ms: i64, open: &[OpenAlert]) -> Result<(), DbError> {
        let is_gone = |open: &&OpenAlert| {
            open.instance != SERVICE
                && open.instance != self.instance
                && now_ms - open.alert.seen_ms > STALE_AFTER_MS
        };
        let gone: Vec<OpenAlert> = open.iter().filter(is_gone).cloned().collect();
        if gone.is_empty() {
            return Ok(());
        }
        let alerts = gone.iter().map(|open| open.alert.clone());
        let changes: Vec<Change> = alerts
            .filter(|alert| alert.notified_at_ms.is_some())
            .map(|alert| Change { kind: ChangeKind::Resolved, alert, at_ms: now_ms })
            .collect();
        let messages = self.messages(&changes);
        let named: Vec<_> = messages.iter().map(|(name, what)| (name.as_str(), what.clone())).collect();
        self.db.end_alerts(&gone, &changes, &named).await?;
        log(&changes);
        Ok(())
    }

    /// Writes conditions, and what is said of them. Without the database, it is sent from memory. Answers whether the
    /// conditions are written.
    async fn save(&self, whose: Whose<'_>, open: &[&Alert], changes: &[Change]) -> bool {
        let messages = self.messages(changes);
        let named: Vec<_> = messages.iter().map(|(name, what)| (name.as_str(), what.clone())).collect();
        let saved =
            tokio::time::timeout(DB_PATIENCE, self.db.save_alerts(whose, open, changes, &named)).await;
        match saved.map_err(|_elapsed| None).and_then(|saved| saved.map_err(Some)) {
            Ok(is_saved) => {
                if is_saved {
                    log(changes);
                }
                is_saved
            }
            Err(error) => {
                let why = error.map_or_else(|| "it took too long".to_owned(), |error| error.to_string());
                tracing::debug!(why, "alerts cannot be written");
                log(changes);
                for (channel, what) in messages {
                    self.outbox.push(&channel, what);
                }
                false
            }
        }
    }

    /// What each channel is sent.
    fn messages(&self, changes: &[Change]) -> Vec<(String, serde_json::Value)> {
        let mut messages = Vec::new();
        for change in changes {
            let Some(notice) = Notice::of(change, self.runbook.as_deref()) else { continue };
            let takes = |channel: &&Arc<Channel>| channel.takes(change.kind, &change.alert, notice.severity);
            for channel in self.channels.iter().filter(takes) {
                messages.push((channel.name().to_owned(), notice.json()));
            }
        }
        messages
    }
}

/// Says it in the log, which every installation has.
fn log(changes: &[Change]) {
    let rules = all_rules();
    for Change { kind, alert, .. } in changes {
        let Some(rule) = rules.iter().find(|rule| rule.name == alert.rule) else { continue };
        let (alert_name, subject, says) = (rule.name, &*alert.subject, rule.sentence(alert.value));
        match (kind, rule.severity) {
            (ChangeKind::Resolved, _) => tracing::info!(alert = alert_name, subject, "an alert is over"),
            (ChangeKind::Firing | ChangeKind::Escalated, Severity::Critical) => {
                tracing::error!(alert = alert_name, subject, says, "an alert fires");
            }
            (ChangeKind::Firing | ChangeKind::Escalated, Severity::Warning) => {
                tracing::warn!(alert = alert_name, subject, says, "an alert fires");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::Value;

    use super::*;
    use crate::{
        config::{Channel as ChannelSettings, ChannelKind, RuleConfig},
        domain::alerts::Measure,
    };

    /// What is measured, as a test sets it.
    type Measured = Arc<Mutex<Snapshot>>;

    fn settings() -> AlertsConfig {
        let rule = |name: &str| RuleConfig {
            name: name.to_owned(),
            on: None,
            raises: None,
            clears: None,
            for_seconds: Some(0),
        };
        let channel = ChannelSettings {
            name: "mail".to_owned(),
            kind: ChannelKind::Command,
            url: None,
            url_env: None,
            url_file: None,
            token_env: None,
            token_file: None,
            command: vec!["true".to_owned()],
            least: crate::config::Least::default(),
            send: crate::config::Sends::default(),
        };
        let rules = vec![rule("queue-old"), rule("disk-low"), rule("database-away")];
        AlertsConfig { rules, channels: vec![channel], ..AlertsConfig::default() }
    }

    fn watcher(db: &Db, instance: &str, measured: &Measured) -> Watcher {
        let measured = measured.clone();
        let measure = move || -> Pin<Box<dyn Future<Output = Snapshot> + Send>> {
            let now = measured.lock().unwrap().clone();
            Box::pin(async move { now })
        };
        let launches = Launches::of(db, Vec::new());
        Watcher::open(db.clone(), &settings(), launches, instance, measure).unwrap()
    }

    fn set(measured: &Measured, measure: Measure, subject: &str, value: f64) {
        measured.lock().unwrap().set(measure, subject, value);
    }

    /// What channels are told since the last time: rules and states.
    async fn told(db: &Db) -> Vec<(String, String)> {
        let mut told = Vec::new();
        while let Some(message) = db.claim_alert_message(&["mail".to_owned()], 60_000).await.unwrap() {
            db.delete_alert_message(message.id).await.unwrap();
            let field = |name: &str| message.what[name].as_str().unwrap().to_owned();
            told.push((field("name"), field("state")));
        }
        told
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(rule, state)| ((*rule).to_owned(), (*state).to_owned())).collect()
    }

    #[tokio::test]
    async fn one_server_speaks_for_the_service_each_for_itself_and_a_restart_repeats_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let (measured, by_two) = (Measured::default(), Measured::default());
        let (one, two) = (watcher(&db, "one", &measured), watcher(&db, "two", &by_two));
        let (mut of_one, mut of_two) = (State::default(), State::default());
        set(&measured, Measure::QueueAge, "", 700.0);
        set(&by_two, Measure::QueueAge, "", 700.0);
        one.evaluate(&mut of_one).await;
        two.evaluate(&mut of_two).await;
        assert_eq!(told(&db).await, pairs(&[("queue-old", "firing")]));
        set(&by_two, Measure::DiskFree, "two", 1.0);
        two.evaluate(&mut of_two).await;
        assert_eq!(told(&db).await, pairs(&[("disk-low", "firing")]));

        // Both are started again, and the other one takes the lease first.
        db.release_alert_lease("one").await.unwrap();
        (of_one, of_two) = (State::default(), State::default());
        two.evaluate(&mut of_two).await;
        one.evaluate(&mut of_one).await;
        assert_eq!(told(&db).await, []);
        set(&measured, Measure::QueueAge, "", 0.0);
        set(&by_two, Measure::QueueAge, "", 0.0);
        one.evaluate(&mut of_one).await;
        assert_eq!(told(&db).await, [], "it has no lease");
        two.evaluate(&mut of_two).await;
        assert_eq!(told(&db).await, pairs(&[("queue-old", "resolved")]));
        let open: Vec<_> = db.open_alerts().await.unwrap().into_iter().map(|open| open.instance).collect();
        assert_eq!(open, ["two"]);
    }

    #[tokio::test]
    async fn alerts_of_a_server_that_is_gone_are_ended_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let measured = Measured::default();
        set(&measured, Measure::DiskFree, "one", 1.0);
        watcher(&db, "one", &measured).evaluate(&mut State::default()).await;
        db.release_alert_lease("one").await.unwrap();
        assert_eq!(told(&db).await, pairs(&[("disk-low", "firing")]));
        let mut open = db.open_alerts().await.unwrap();
        open[0].alert.seen_ms -= STALE_AFTER_MS + 1;
        db.save_alerts(Whose::Instance("one"), &[&open[0].alert], &[], &[]).await.unwrap();
        let nothing = Measured::default();
        let (two, mut of_two) = (watcher(&db, "two", &nothing), State::default());
        two.evaluate(&mut of_two).await;
        two.evaluate(&mut of_two).await;
        assert_eq!(told(&db).await, pairs(&[("disk-low", "resolved")]));
        assert_eq!(db.open_alerts().await.unwrap(), []);
    }

    #[tokio::test]
    async fn without_the_database_messages_wait_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let measured = Measured::default();
        let (one, mut state) = (watcher(&db, "one", &measured), State::default());
        one.evaluate(&mut state).await;
        db.close().await;
        set(&measured, Measure::Database, "one", 0.0);
        one.evaluate(&mut state).await;
        one.evaluate(&mut state).await;
        let held: Vec<Value> = one.outbox.waiting("mail");
        assert_eq!(held.len(), 1, "{held:?}");
        assert_eq!((&held[0]["name"], &held[0]["state"]), (&"database-away".into(), &"firing".into()));
    }
}
