//! Launches that operators plan while servers run.

use serde_json::json;
use sqlx::types::Json;

use crate::domain::{
    alerts::{BadLaunch, Launch},
    audit::{Action, Actor},
};

use super::{Db, DbError, audit::record, engine::Bind, parse};

/// Most launches that are planned, with those that are over.
pub const MOST_LAUNCHES: i64 = 100;
/// How long a launch is shown that is over.
const KEEP_MS: i64 = 90 * 86_400_000;

/// A launch of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLaunch {
    /// Its number.
    pub id: i64,
    /// What is planned.
    pub launch: Launch,
}

/// What became of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planning {
    /// It is planned.
    Planned,
    /// Another launch has its name.
    NameTaken,
    /// There are [`MOST_LAUNCHES`].
    TooMany,
    /// It cannot be planned.
    Bad(BadLaunch),
}

/// Number, name, from, until, products, edges.
type Row = (i64, String, i64, i64, Json<Vec<String>>, Json<Vec<String>>);

impl Db {
    /// What operators have planned, the earliest first.
    pub async fn planned_launches(&self) -> Result<Vec<PlannedLaunch>, DbError> {
        const SQL: &str =
            "select id, name, from_ms, until_ms, products, edges from launches order by from_ms, id";
        let rows: Vec<Row> = self.read("launches.list", SQL).all().await?;
        rows.into_iter().map(planned).collect()
    }

    /// Plans a launch. Those that have long been over make room.
    pub async fn plan_launch(&self, launch: &Launch, actor: &Actor) -> Result<Planning, DbError> {
        const COUNT: &str = "select count(*) from launches";
        const INSERT: &str = "insert into launches (name, from_ms, until_ms, products, edges)
            values ($1, $2, $3, $4, $5) on conflict (name) do nothing";
        let mut tx = self.write("launches.plan").await?;
        let now = tx.now_ms();
        tx.run("launches.expire", "delete from launches where until_ms < $1")
            .bind(now - KEEP_MS)
            .execute()
            .await?;
        let count: i64 = tx.run("launches.count", COUNT).scalar().await?;
        if count >= MOST_LAUNCHES {
            return Ok(Planning::TooMany);
        }
        let Launch { name, from_ms, until_ms, products, edges } = launch;
        let products: Vec<String> = products.iter().map(ToString::to_string).collect();
        let detail =
            json!({ "from_ms": from_ms, "until_ms": until_ms, "products": products, "edges": edges });
        let statement = tx.run("launches.insert", INSERT).bind(name).bind(*from_ms).bind(*until_ms);
        let inserted = statement.bind(Bind::json(&products)).bind(Bind::json(edges)).execute().await?;
        if inserted == 0 {
            return Ok(Planning::NameTaken);
        }
        record(&mut tx, actor, Action::LaunchPlan, name, &detail).await?;
        tx.commit().await?;
        Ok(Planning::Planned)
    }

    /// Removes a launch that was planned, by its number. Answers whether there was one.
    pub async fn remove_launch(&self, id: i64, actor: &Actor) -> Result<bool, DbError> {
        let mut tx = self.write("launches.remove").await?;
        let statement = tx.run("launches.delete", "delete from launches where id = $1 returning name");
        let removed: Option<String> = statement.bind(id).optional_scalar().await?;
        let Some(name) = removed else { return Ok(false) };
        record(&mut tx, actor, Action::LaunchRemove, &name, &json!({})).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn planned((id, name, from_ms, until_ms, products, edges): Row) -> Result<PlannedLaunch, DbError> {
    let products = products.0.iter().map(|id| parse("product", id)).collect::<Result<_, _>>()?;
    Ok(PlannedLaunch { id, launch: Launch { name, from_ms, until_ms, products, edges: edges.0 } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(name: &str, from_ms: i64) -> Launch {
        Launch {
            name: name.to_owned(),
            from_ms,
            until_ms: from_ms + 1_000,
            products: vec!["ring.solitaire".parse().unwrap()],
            edges: vec!["https://cdn.shop.example".to_owned()],
        }
    }

    #[tokio::test]
    async fn launches_are_planned_listed_removed_and_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let (actor, now) = (Actor::command_line(), db.now_ms());
        let (late, early) = (launch("late", now + 9_000), launch("early", now));
        for one in [&late, &early] {
            assert_eq!(db.plan_launch(one, &actor).await.unwrap(), Planning::Planned);
        }
        assert_eq!(db.plan_launch(&launch("late", 1), &actor).await.unwrap(), Planning::NameTaken);
        let all = db.planned_launches().await.unwrap();
        let launches: Vec<_> = all.iter().map(|planned| &planned.launch).collect();
        assert_eq!(launches, [&early, &late]);
        assert!(db.remove_launch(all[0].id, &actor).await.unwrap());
        assert!(!db.remove_launch(all[0].id, &actor).await.unwrap());
        assert_eq!(db.planned_launches().await.unwrap().len(), 1);
        let trail = db.audit(0, 10).await.unwrap();
        let actions: Vec<_> = trail.into_iter().map(|entry| (entry.action, entry.subject)).collect();
        let expected = [("launch.plan", "late"), ("launch.plan", "early"), ("launch.remove", "early")];
        assert_eq!(actions, expected.map(|(action, name)| (action.to_owned(), name.to_owned())));
    }

    #[tokio::test]
    async fn launches_have_a_bound_and_old_ones_make_room() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let (actor, now) = (Actor::command_line(), db.now_ms());
        for number in 0..MOST_LAUNCHES {
            let from_ms = if number == 0 { now - KEEP_MS - 2_000 } else { now };
            db.plan_launch(&launch(&number.to_string(), from_ms), &actor).await.unwrap();
        }
        // The oldest one went when the next was planned.
        assert_eq!(db.plan_launch(&launch("one more", now), &actor).await.unwrap(), Planning::Planned);
        assert_eq!(db.plan_launch(&launch("too many", now), &actor).await.unwrap(), Planning::TooMany);
    }
}
