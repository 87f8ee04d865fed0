//! Alerts in the database.

use super::*;
use crate::domain::alerts::ChangeKind;

async fn db() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path()).await.unwrap();
    (folder, db)
}

fn alert(rule: &str, subject: &str) -> Alert {
    Alert {
        rule: rule.to_owned(),
        subject: subject.to_owned(),
        since_ms: 1,
        fired_at_ms: Some(2),
        seen_ms: 3,
        value: 0.1,
        notified_at_ms: None,
        escalated: true,
    }
}

#[tokio::test]
async fn one_server_at_a_time_evaluates_for_the_service() {
    let (_folder, db) = db().await;
    assert!(db.hold_alert_lease("one", 60_000).await.unwrap());
    assert!(!db.hold_alert_lease("two", 60_000).await.unwrap());
    assert!(db.hold_alert_lease("one", 60_000).await.unwrap());
    let open = alert("disk-low", "");
    let save = async |holder| db.save_alerts(Whose::Service { holder }, &[&open], &[], &[]).await.unwrap();
    assert!(!save("two").await && save("one").await);
    db.release_alert_lease("one").await.unwrap();
    assert!(db.hold_alert_lease("two", -60_000).await.unwrap());
    assert!(!save("two").await, "its lease is over");
    assert!(db.hold_alert_lease("three", 60_000).await.unwrap(), "and another server takes it");
}

#[tokio::test]
async fn conditions_are_read_as_they_were_written() {
    let (_folder, db) = db().await;
    let [a, b] = [alert("disk-low", ""), Alert { fired_at_ms: None, ..alert("purge-old", "edge") }];
    let own = Whose::Instance("one");
    db.save_alerts(own, &[&a, &b], &[], &[]).await.unwrap();
    db.save_alerts(Whose::Instance("two"), &[&a], &[], &[]).await.unwrap();
    let of =
        |instance: &str, alert: &Alert| OpenAlert { instance: instance.to_owned(), alert: alert.clone() };
    assert_eq!(db.open_alerts().await.unwrap(), [of("one", &a), of("one", &b), of("two", &a)]);
    db.save_alerts(own, &[], &[], &[]).await.unwrap();
    assert_eq!(db.open_alerts().await.unwrap(), [of("two", &a)]);
    let newer = OpenAlert { alert: Alert { seen_ms: 1, ..a.clone() }, ..of("two", &a) };
    db.end_alerts(&[newer], &[], &[]).await.unwrap();
    assert_eq!(db.open_alerts().await.unwrap().len(), 1, "its server has measured it since");
    db.end_alerts(&[of("two", &a)], &[], &[]).await.unwrap();
    assert_eq!(db.open_alerts().await.unwrap(), []);
}

/// A message that is due by now. A server's clock is read anew now and then, and may go back by a few milliseconds.
async fn claim(db: &Db, channels: &[String], lease_ms: i64) -> Message {
    for _ in 0..100 {
        if let Some(message) = db.claim_alert_message(channels, lease_ms).await.unwrap() {
            return message;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no message is due");
}

#[tokio::test]
async fn a_message_is_sent_by_one_process_until_it_is_taken() {
    let (_folder, db) = db().await;
    let change = Change { kind: ChangeKind::Firing, alert: alert("disk-low", ""), at_ms: db.now_ms() };
    let messages = [("chat", json!({ "n": 1 })), ("mail", json!({ "n": 2 }))];
    db.save_alerts(Whose::Instance("one"), &[], &[change], &messages).await.unwrap();
    let channels = ["chat".to_owned()];
    let first = claim(&db, &channels, 60_000).await;
    assert_eq!((&*first.channel, &first.what, first.attempts), ("chat", &json!({ "n": 1 }), 1));
    assert_eq!(db.claim_alert_message(&channels, 60_000).await.unwrap(), None);
    db.retry_alert_message(first.id, db.now_ms()).await.unwrap();
    let again = claim(&db, &channels, -60_000).await;
    assert_eq!(again.attempts, 2);
    let third = claim(&db, &channels, 60_000).await;
    assert_eq!(third.attempts, 3, "the process with the lease has died");
    db.delete_alert_message(first.id).await.unwrap();
    assert_eq!(db.claim_alert_message(&channels, 60_000).await.unwrap(), None);
    let past = db.alert_history(0, 10).await.unwrap();
    assert_eq!(past.len(), 1);
    assert_eq!((&*past[0].kind, &*past[0].rule), ("firing", "disk-low"));
    assert_eq!(db.last_alert_history(10).await.unwrap(), past);
    assert_eq!(db.alert_history(past[0].id, 10).await.unwrap(), []);
}

#[tokio::test]
async fn messages_that_no_channel_takes_are_bounded() {
    let (_folder, db) = db().await;
    let many: Vec<_> = (0..MAX_MESSAGES + 5).map(|n| ("gone", json!({ "n": n }))).collect();
    db.save_alerts(Whose::Instance("one"), &[], &[], &many).await.unwrap();
    let first = claim(&db, &["gone".to_owned()], 60_000).await;
    assert_eq!(first.what, json!({ "n": 5 }));
}

#[tokio::test]
async fn a_silence_is_replaced_ended_and_audited() {
    let (_folder, db) = db().await;
    let until_ms = db.now_ms() + 60_000;
    let silence = |subject: Option<&str>, until_ms| Silence {
        rule: "purge-old".to_owned(),
        subject: subject.map(str::to_owned),
        until_ms,
        reason: "known".to_owned(),
        actor: "command line".to_owned(),
    };
    let actor = Actor::command_line();
    db.silence_alert(&silence(None, until_ms), &actor).await.unwrap();
    db.silence_alert(&silence(None, until_ms + 1), &actor).await.unwrap();
    db.silence_alert(&silence(Some("edge"), until_ms), &actor).await.unwrap();
    let held = [silence(None, until_ms + 1), silence(Some("edge"), until_ms)];
    assert_eq!(db.silences().await.unwrap(), held);
    assert!(db.end_silences("purge-old", &actor).await.unwrap());
    assert!(!db.end_silences("purge-old", &actor).await.unwrap());
    assert_eq!(db.silences().await.unwrap(), []);
    let actions: Vec<_> = db.audit(0, 9).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["alert.silence", "alert.silence", "alert.silence", "alert.unsilence"]);
}

#[tokio::test]
async fn a_launch_is_reported_once() {
    let (_folder, db) = db().await;
    let launch = Launch { name: "sale".to_owned(), from_ms: 1, until_ms: 2, products: vec![], edges: vec![] };
    assert!(!db.is_launch_reported(&launch).await.unwrap());
    let messages = [("chat", json!({ "state": "report" }))];
    assert!(db.note_launch_report(&launch, &messages).await.unwrap());
    assert!(!db.note_launch_report(&launch, &messages).await.unwrap());
    assert!(db.is_launch_reported(&launch).await.unwrap());
    assert!(!db.is_launch_reported(&Launch { from_ms: 5, ..launch }).await.unwrap(), "another year's");
    let channels = ["chat".to_owned()];
    assert!(db.claim_alert_message(&channels, 60_000).await.unwrap().is_some());
    assert!(db.claim_alert_message(&channels, 60_000).await.unwrap().is_none());
    assert_eq!(db.alert_history_between(0, i64::MAX).await.unwrap(), []);
}

#[tokio::test]
async fn the_last_backup_is_known_once_there_was_one() {
    let (_folder, db) = db().await;
    assert_eq!(db.last_backup_ms().await.unwrap(), None);
    db.note_backup().await.unwrap();
    let first = db.last_backup_ms().await.unwrap().unwrap();
    db.note_backup().await.unwrap();
    assert!(db.last_backup_ms().await.unwrap().unwrap() >= first);
}
