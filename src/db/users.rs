//! What visitors' browsers measured, by the hour. Servers add to the same rows.

use std::collections::BTreeMap;

use crate::domain::{
    names::ProductId,
    performance::{
        series::{KEEP_HOURS_MS, Period},
        users::{Group, Looks, UserTally},
    },
};

use super::{Db, DbError, bytes, engine::Tx, from_bytes, parse};

/// Groups of one hour, at most. What comes beyond is counted in one that says nothing of itself.
const MAX_GROUPS: i64 = 5_000;
const DAY_MS: i64 = 24 * 3_600_000;
const HOURS: &str = "select distinct hour_ms from user_performance where hour_ms >= $1 order by hour_ms";
const LIST: &str = "select product_id, tier, format, network, device, country, views, errors, turned,
    wanted, bytes_sent, frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms
    from user_performance where hour_ms = $1";

/// What a server has seen of its visitors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    /// Views.
    pub groups: BTreeMap<Group, UserTally>,
    /// How long visitors looked at each angle.
    pub looks: BTreeMap<ProductId, Looks>,
}

impl Users {
    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.looks.is_empty()
    }
}

#[derive(sqlx::FromRow)]
struct Stored {
    product_id: String,
    tier: String,
    format: String,
    network: String,
    device: String,
    country: String,
    views: i64,
    errors: i64,
    turned: i64,
    wanted: i64,
    bytes_sent: String,
    frame_ms: String,
    spin_ms: String,
    full_ms: String,
    switch_ms: String,
    lcp_ms: String,
    cls: String,
    inp_ms: String,
}

impl Stored {
    fn read(self) -> Result<(Group, UserTally), DbError> {
        let Self { product_id: product, tier, format, network, device, country, .. } = self;
        let group = Group { product, tier, format, network, device, country };
        let mut tally = UserTally {
            views: bytes(self.views),
            errors: bytes(self.errors),
            turned: bytes(self.turned),
            wanted: bytes(self.wanted),
            ..UserTally::default()
        };
        let Self { bytes_sent, frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms, .. } = self;
        let texts = [bytes_sent, frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms];
        for (histogram, text) in tally.histograms_mut().into_iter().zip(texts) {
            *histogram = parse("histogram", &text)?;
        }
        Ok((group, tally))
    }
}

impl Db {
    /// Adds what a server has seen to the hour and the day of a moment, and deletes what is too old. Products that do not
    /// exist are left out.
    pub async fn add_users(&self, at_ms: i64, users: Users) -> Result<(), DbError> {
        const OLD: &str = "delete from user_performance where hour_ms < $1";
        const OLD_LOOKS: &str = "delete from looks where day_ms < $1";
        let mut tx = self.write("users.add").await?;
        let mut known: BTreeMap<String, bool> = BTreeMap::new();
        let hour_ms = Period::Hour.begin_ms(at_ms);
        for (group, tally) in users.groups {
            // The group of what was too much names no product.
            if group.product.is_empty() || exists(&mut tx, &mut known, &group.product).await? {
                add_group(&mut tx, hour_ms, group, tally).await?;
            }
        }
        for (product, looks) in users.looks {
            if exists(&mut tx, &mut known, &product.to_string()).await? {
                add_looks(&mut tx, at_ms - at_ms.rem_euclid(DAY_MS), &product, &looks).await?;
            }
        }
        tx.run("users.expire", OLD).bind(at_ms - KEEP_HOURS_MS).execute().await?;
        tx.run("looks.expire", OLD_LOOKS).bind(at_ms - KEEP_HOURS_MS).execute().await?;
        tx.commit().await
    }

    /// When the hours began of which there are views, from a moment on.
    pub async fn user_hours(&self, since_ms: i64) -> Result<Vec<i64>, DbError> {
        self.read("users.list_hours", HOURS).bind(since_ms).scalars().await
    }

    /// Reads the views of one hour.
    pub async fn each_user_group_of(
        &self,
        hour_ms: i64,
        mut each: impl FnMut(&UserTally),
    ) -> Result<(), DbError> {
        let stored: Vec<Stored> = self.read("users.list_hour", LIST).bind(hour_ms).all().await?;
        for stored in stored {
            each(&stored.read()?.1);
        }
        Ok(())
    }

    /// Reads the views of hours that began from a moment on, with when each of them began.
    pub async fn each_user_group(
        &self,
        since_ms: i64,
        mut each: impl FnMut(i64, &Group, &UserTally),
    ) -> Result<(), DbError> {
        let mut tx = self.snapshot("users.read").await?;
        let hours: Vec<i64> = tx.run("users.hours", HOURS).bind(since_ms).scalars().await?;
        for hour_ms in hours {
            let stored: Vec<Stored> = tx.run("users.list", LIST).bind(hour_ms).all().await?;
            for stored in stored {
                let (group, tally) = stored.read()?;
                each(hour_ms, &group, &tally);
            }
        }
        Ok(())
    }

    /// How long visitors looked at each angle, by product, on days that ended after a moment.
    pub async fn looks(&self, since_ms: i64) -> Result<BTreeMap<ProductId, Looks>, DbError> {
        const SQL: &str = "select product_id, sectors from looks where day_ms > $1";
        let stored: Vec<(String, String)> =
            self.read("looks.list", SQL).bind(since_ms - DAY_MS).all().await?;
        let mut looks: BTreeMap<ProductId, Looks> = BTreeMap::new();
        for (product, sectors) in stored {
            looks.entry(parse("product", &product)?).or_default().add(numbers(&sectors)?);
        }
        Ok(looks)
    }
}

async fn exists(tx: &mut Tx, known: &mut BTreeMap<String, bool>, product: &str) -> Result<bool, DbError> {
    const SQL: &str = "select exists (select 1 from products where id = $1)";
    if let Some(known) = known.get(product) {
        return Ok(*known);
    }
    let exists = tx.run("users.has_product", SQL).bind(product).scalar().await?;
    known.insert(product.to_owned(), exists);
    Ok(exists)
}

async fn add_group(tx: &mut Tx, hour_ms: i64, group: Group, mut tally: UserTally) -> Result<(), DbError> {
    const TAKE: &str = "delete from user_performance where hour_ms = $1 and product_id = $2 and tier = $3
        and format = $4 and network = $5 and device = $6 and country = $7
        returning product_id, tier, format, network, device, country, views, errors, turned,
            wanted, bytes_sent, frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms";
    const COUNT: &str = "select count(*) from user_performance where hour_ms = $1";
    const INSERT: &str =
        "insert into user_performance (hour_ms, product_id, tier, format, network, device, country,
        views, errors, turned, wanted, bytes_sent, frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    let mut group = group;
    let mut before = take_group(tx, TAKE, hour_ms, &group).await?;
    if before.is_none() {
        let groups: i64 = tx.run("users.count", COUNT).bind(hour_ms).scalar().await?;
        if groups >= MAX_GROUPS {
            group = Group::default();
            before = take_group(tx, TAKE, hour_ms, &group).await?;
        }
    }
    if let Some(before) = before {
        tally.merge(&before);
    }
    let mut statement = tx.run("users.insert", INSERT).bind(hour_ms);
    let Group { product, tier, format, network, device, country } = group;
    for word in [product, tier, format, network, device, country] {
        statement = statement.bind(word);
    }
    for count in [tally.views, tally.errors, tally.turned, tally.wanted] {
        statement = statement.bind(from_bytes(count));
    }
    for histogram in tally.histograms() {
        statement = statement.bind(histogram.to_string());
    }
    statement.execute().await?;
    Ok(())
}

async fn take_group(
    tx: &mut Tx,
    sql: &'static str,
    hour_ms: i64,
    group: &Group,
) -> Result<Option<UserTally>, DbError> {
    let Group { product, tier, format, network, device, country } = group;
    let mut statement = tx.run("users.take", sql).bind(hour_ms);
    for word in [product, tier, format, network, device, country] {
        statement = statement.bind(word);
    }
    let stored: Option<Stored> = statement.optional().await?;
    Ok(stored.map(Stored::read).transpose()?.map(|(_, tally)| tally))
}

async fn add_looks(tx: &mut Tx, day_ms: i64, product: &ProductId, looks: &Looks) -> Result<(), DbError> {
    const GET: &str = "select sectors from looks where day_ms = $1 and product_id = $2";
    const SET: &str = "insert into looks (day_ms, product_id, sectors) values ($1, $2, $3)
        on conflict (day_ms, product_id) do update set sectors = excluded.sectors";
    let mut looks = *looks;
    let before: Option<String> =
        tx.run("looks.get", GET).bind(day_ms).bind(product.to_string()).optional_scalar().await?;
    if let Some(before) = before {
        looks.add(numbers(&before)?);
    }
    let sectors = looks.0.map(|ms| ms.to_string()).join(",");
    tx.run("looks.set", SET).bind(day_ms).bind(product.to_string()).bind(sectors).execute().await?;
    Ok(())
}

fn numbers(text: &str) -> Result<Vec<u64>, DbError> {
    text.split(',').map(|number| parse("time", number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::performance::series::HOUR_MS;

    fn group(product: &str, country: &str) -> Group {
        Group { product: product.to_owned(), country: country.to_owned(), ..Group::default() }
    }

    fn tally(frame_ms: u64) -> UserTally {
        let mut tally = UserTally { views: 1, turned: 2, wanted: 1, ..UserTally::default() };
        tally.frame.record(frame_ms);
        tally
    }

    async fn all(db: &Db, since_ms: i64) -> Vec<(Group, UserTally)> {
        let mut found = Vec::new();
        db.each_user_group(since_ms, |_, group, tally| found.push((group.clone(), tally.clone())))
            .await
            .unwrap();
        found
    }

    #[tokio::test]
    async fn servers_add_to_the_same_hour_and_old_hours_go() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let ring: ProductId = "ring.solitaire".parse().unwrap();
        db.ensure_product(&ring, &[]).await.unwrap();
        let seen = |frame_ms| {
            let mut looks = Looks::default();
            looks.add([0, frame_ms]);
            Users {
                groups: [
                    (group("ring.solitaire", "DE"), tally(frame_ms)),
                    (group("ring.made-up", "DE"), tally(frame_ms)),
                ]
                .into(),
                looks: [(ring.clone(), looks), ("ring.made-up".parse().unwrap(), looks)].into(),
            }
        };
        db.add_users(HOUR_MS, seen(10)).await.unwrap();
        db.add_users(HOUR_MS + 1, seen(20)).await.unwrap();
        let mut both = tally(10);
        both.merge(&tally(20));
        assert_eq!(all(&db, 0).await, [(group("ring.solitaire", "DE"), both)]);
        assert_eq!(all(&db, HOUR_MS + 1).await, []);
        let looks = db.looks(HOUR_MS).await.unwrap();
        assert_eq!((looks.len(), looks[&ring].0[1]), (1, 30));
        db.add_users(2 * HOUR_MS + KEEP_HOURS_MS, seen(30)).await.unwrap();
        assert_eq!(all(&db, 0).await, [(group("ring.solitaire", "DE"), tally(30))]);
        assert_eq!(db.looks(0).await.unwrap()[&ring].0[1], 30);
    }

    #[tokio::test]
    async fn groups_beyond_the_bound_are_counted_together() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let many = "insert into user_performance (hour_ms, product_id, tier, format, network, device, country,
            views, errors, turned, wanted, bytes_sent, frame_ms, spin_ms, full_ms, switch_ms, lcp_ms, cls, inp_ms)
            with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
            select 0, 'ring.solitaire', '', '', '', '', 'c' || i, 1, 0, 0, 0, '', '', '', '', '', '', '', '' from n";
        db.run("test.fill", many).execute().await.unwrap();
        db.ensure_product(&"ring.solitaire".parse().unwrap(), &[]).await.unwrap();
        for country in ["DE", "FR", "c7"] {
            let groups = [(group("ring.solitaire", country), tally(5))].into();
            db.add_users(1, Users { groups, ..Users::default() }).await.unwrap();
        }
        let found = all(&db, 0).await;
        let views = |wanted: &Group| found.iter().find(|(group, _)| group == wanted).unwrap().1.views;
        assert_eq!(
            (found.len(), views(&Group::default()), views(&group("ring.solitaire", "c7"))),
            (5_001, 2, 2)
        );
    }
}
