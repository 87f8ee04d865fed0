//! What visitors' browsers measured, on its way to the database.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    db::{Db, DbError, users::Users},
    domain::{
        performance::series::{HOUR_MS, Period},
        performance::users::{Group, UserGathering, UserReport, UserTally},
        vitals::Vitals,
    },
};

/// Groups that wait to be written, at most, and products whose looks do. In a flood, more are counted in a group that says
/// nothing of itself.
const MAX_WAITING: usize = 2_000;

/// What this process has seen of visitors since it wrote it last.
#[derive(Debug, Default)]
pub struct UserRecorder(Mutex<Users>);

impl UserRecorder {
    fn waiting(&self) -> MutexGuard<'_, Users> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a view. The product, tier and format of the group are those of the view.
    pub fn record(&self, view: &Vitals, network: &str, device: &str, country: Option<String>) {
        let product = view.configuration.product();
        let group = Group {
            product: product.to_string(),
            tier: view.tier.as_str().to_owned(),
            format: view.format.map(|format| format.as_str().to_owned()).unwrap_or_default(),
            network: network.to_owned(),
            device: device.to_owned(),
            country: country.unwrap_or_default(),
        };
        let mut waiting = self.waiting();
        let is_full = waiting.groups.len() >= MAX_WAITING && !waiting.groups.contains_key(&group);
        let group = if is_full { Group::default() } else { group };
        waiting.groups.entry(group).or_default().record(view);
        if view.looks.iter().any(|ms| *ms > 0)
            && (waiting.looks.len() < MAX_WAITING || waiting.looks.contains_key(&product))
        {
            waiting.looks.entry(product).or_default().add(view.looks.iter().map(|ms| u64::from(*ms)));
        }
    }

    /// Reads what is not in the database yet.
    pub fn each_waiting(&self, mut each: impl FnMut(&Group, &UserTally)) {
        self.waiting().groups.iter().for_each(|(group, tally)| each(group, tally));
    }

    /// Writes everything to the database. What cannot be written waits for the next time, within the same bounds.
    pub async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let seen = mem::take(&mut *self.waiting());
        if seen.is_empty() {
            return Ok(());
        }
        if let Err(error) = db.add_users(db.now_ms(), seen.clone()).await {
            let mut waiting = self.waiting();
            for (group, tally) in seen.groups {
                let is_full = waiting.groups.len() >= MAX_WAITING && !waiting.groups.contains_key(&group);
                let group = if is_full { Group::default() } else { group };
                waiting.groups.entry(group).or_default().merge(&tally);
            }
            for (product, looks) in seen.looks {
                if waiting.looks.len() < MAX_WAITING || waiting.looks.contains_key(&product) {
                    waiting.looks.entry(product).or_default().add(looks.0);
                }
            }
            return Err(error);
        }
        Ok(())
    }
}

/// Puts together what browsers have measured in the last hours, with what a server has not written yet.
pub async fn load(db: &Db, hours: u32, recorder: Option<&UserRecorder>) -> Result<UserReport, DbError> {
    let db = db.for_reports();
    let since_ms = Period::Hour.begin_ms(db.now_ms() - i64::from(hours) * HOUR_MS);
    let mut gathering = UserGathering::default();
    db.each_user_group(since_ms, |_, group, tally| gathering.add(group, tally)).await?;
    let mut looks = db.looks(since_ms).await?;
    if let Some(recorder) = recorder {
        let waiting = recorder.waiting();
        waiting.groups.iter().for_each(|(group, tally)| gathering.add(group, tally));
        for (product, seen) in &waiting.looks {
            looks.entry(product.clone()).or_default().add(seen.0);
        }
    }
    Ok(gathering.report(hours, since_ms, looks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(product: &str) -> Vitals {
        let text = format!(
            r#"{{"schema": "girasol.vitals/1", "configuration": "{product}", "tier": "hd", "format": "avif",
                "frame_ms": 90, "looks": [0, 7]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_written_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        db.ensure_product(&"ring.solitaire".parse().unwrap(), &[]).await.unwrap();
        let closed = Db::open(folder.path()).await.unwrap();
        closed.close().await;
        let recorder = UserRecorder::default();
        recorder.record(&view("ring.solitaire"), "4g", "high-end", Some("DE".to_owned()));
        assert!(recorder.flush(&closed).await.is_err());
        recorder.record(&view("ring.solitaire"), "4g", "high-end", Some("DE".to_owned()));
        assert_eq!(load(&db, 1, Some(&recorder)).await.unwrap().all.views, 2);
        recorder.flush(&db).await.unwrap();
        let report = load(&db, 1, Some(&recorder)).await.unwrap();
        assert_eq!((report.all.views, report.all.frame.count()), (2, 2));
        let [(product, looks)] = &report.looks[..] else { panic!("{report:?}") };
        assert_eq!((product.to_string().as_str(), looks.longest_degree()), ("ring.solitaire", Some(15)));
    }

    #[test]
    fn groups_beyond_the_bound_are_counted_together() {
        let recorder = UserRecorder::default();
        for number in 0..MAX_WAITING + 5 {
            recorder.record(&view(&format!("ring.m{number}")), "", "", None);
        }
        let waiting = recorder.waiting();
        assert_eq!((waiting.groups.len(), waiting.looks.len()), (MAX_WAITING + 1, MAX_WAITING));
        assert_eq!(waiting.groups[&Group::default()].views, 5);
    }
}
