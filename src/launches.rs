//! Launches: those that the settings name, and those that operators plan while servers run.
//!
//! Each process looks into the database for the latter every few seconds, so that all of them follow a plan soon. While the
//! database is away, they go on with what they know.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    db::{
        Db, DbError,
        launches::{PlannedLaunch, Planning},
    },
    domain::{alerts::Launch, audit::Actor},
};

/// How old what is known may be.
const FRESH: Duration = Duration::from_secs(5);

/// All launches; cheap to clone.
#[derive(Debug, Clone)]
pub struct Launches(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    db: Db,
    settings: Vec<Launch>,
    known: Mutex<Known>,
}

/// What was planned when it was read last.
#[derive(Debug, Default)]
struct Known {
    read: Option<Instant>,
    planned: Vec<PlannedLaunch>,
}

/// A launch, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number in the database; `None` where the settings name it.
    pub id: Option<i64>,
    /// The launch.
    pub launch: Launch,
}

impl Launches {
    /// Those of the settings, and those of a database. Nothing is read yet.
    pub fn of(db: &Db, settings: Vec<Launch>) -> Self {
        Self(Arc::new(Shared { db: db.clone(), settings, known: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is planned, if what is known is old.
    pub async fn refresh(&self) -> Result<(), DbError> {
        if self.lock().read.is_some_and(|read| read.elapsed() < FRESH) {
            return Ok(());
        }
        self.read().await
    }

    async fn read(&self) -> Result<(), DbError> {
        let read = Instant::now();
        let planned = self.0.db.planned_launches().await?;
        *self.lock() = Known { read: Some(read), planned };
        Ok(())
    }

    /// What is known, the earliest first.
    pub fn known(&self) -> Vec<Listed> {
        let of_settings = self.0.settings.iter().map(|launch| Listed { id: None, launch: launch.clone() });
        let known = self.lock();
        let planned = known.planned.iter().cloned();
        let planned = planned.map(|PlannedLaunch { id, launch }| Listed { id: Some(id), launch });
        let mut all: Vec<Listed> = of_settings.chain(planned).collect();
        all.sort_by_key(|listed| listed.launch.from_ms);
        all
    }

    /// Every launch, as far as the database can be read.
    pub async fn all(&self) -> Vec<Launch> {
        if let Err(error) = self.refresh().await {
            // The parts that need the database say so to people.
            tracing::debug!(%error, "planned launches cannot be read");
        }
        self.known().into_iter().map(|listed| listed.launch).collect()
    }

    /// Whether a launch is on at a moment, as far as is known.
    pub fn is_on(&self, now_ms: i64) -> bool {
        let is_on = |launch: &Launch| launch.is_on(now_ms);
        self.0.settings.iter().any(is_on) || self.lock().planned.iter().any(|planned| is_on(&planned.launch))
    }

    /// Plans a launch that is to come, whose name no other one has, those of the settings among them.
    pub async fn plan(&self, launch: &Launch, actor: &Actor) -> Result<Planning, DbError> {
        if let Err(bad) = launch.is_plan(self.0.db.now_ms()) {
            return Ok(Planning::Bad(bad));
        }
        if self.0.settings.iter().any(|known| known.name == launch.name) {
            return Ok(Planning::NameTaken);
        }
        let planning = self.0.db.plan_launch(launch, actor).await?;
        self.read().await?;
        Ok(planning)
    }

    /// Removes a launch that was planned. Answers whether there was one.
    pub async fn remove(&self, id: i64, actor: &Actor) -> Result<bool, DbError> {
        let removed = self.0.db.remove_launch(id, actor).await?;
        self.read().await?;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(name: &str, from_ms: i64) -> Launch {
        Launch { name: name.to_owned(), from_ms, until_ms: from_ms + 1_000, products: vec![], edges: vec![] }
    }

    #[tokio::test]
    async fn what_operators_plan_stands_beside_the_settings_and_outlives_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let (actor, now) = (Actor::command_line(), db.now_ms());
        let hour = 3_600_000;
        let launches = Launches::of(&db, vec![launch("of settings", now + 9 * hour)]);
        assert!(!launches.is_on(now));
        let plan = async |name| launches.plan(&launch(name, now), &actor).await.unwrap();
        assert_eq!(plan("of settings").await, Planning::NameTaken);
        assert_eq!(plan("sale").await, Planning::Planned);
        let names =
            |launches: Vec<Launch>| launches.into_iter().map(|launch| launch.name).collect::<Vec<_>>();
        assert_eq!(names(launches.all().await), ["sale", "of settings"]);
        assert!(launches.is_on(now) && !launches.is_on(now + hour));
        // Another process sees it too.
        let other = Launches::of(&db, Vec::new());
        assert_eq!(names(other.all().await), ["sale"]);
        let known = launches.known();
        assert_eq!(known[1].id, None);
        db.close().await;
        launches.lock().read = None;
        assert_eq!(names(launches.all().await), ["sale", "of settings"]);
        let db = Db::open(folder.path()).await.unwrap();
        let launches = Launches::of(&db, Vec::new());
        assert!(launches.remove(known[0].id.unwrap(), &actor).await.unwrap());
        assert_eq!(launches.known(), []);
    }
}
