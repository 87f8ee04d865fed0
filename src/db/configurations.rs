//! Configurations that are not wanted any more: a spelling mistake, or a piece that is no longer made.

use serde_json::json;
use sqlx::types::Json;

use crate::domain::{
    audit::{Action, Actor},
    names::{Choices, ConfigId, OptionName, Slug},
    purge::Purge,
};

use super::{
    Db, DbError,
    audit::record,
    engine::Tx,
    products::bump,
    purges::{Softness, note},
};

/// The result of removing a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemovedConfiguration {
    /// It is removed, and so are choices that no other configuration has and that no product file names.
    Done {
        /// The choices that are gone, by their options.
        choices: Vec<(OptionName, Slug)>,
        /// The purge that was written.
        purge: i64,
    },
    /// There is no such configuration.
    NoSuchConfiguration,
    /// It has versions, or frames that wait to become one.
    InUse,
}

impl Db {
    /// Removes a configuration that has no version, no open frame set and no job, and the choices that were made for it alone.
    pub async fn remove_configuration(
        &self,
        id: &ConfigId,
        actor: &Actor,
    ) -> Result<RemovedConfiguration, DbError> {
        const GET: &str = "select choices from configurations where id = $1";
        const IS_IN_USE: &str = "select exists (select 1 from versions where configuration_id = $1)
            or exists (select 1 from framesets s left join jobs j on j.frameset_id = s.id
                join configurations c on c.id = $1
                where s.product_id = c.product_id and s.choices = c.choices
                and (s.state = 'open' or j.state in ('queued', 'running')))";
        const KEEP_NUMBER: &str = "insert into removed_configurations (configuration_id, last_version)
            select id, last_version from configurations where id = $1
            on conflict (configuration_id) do update set last_version = excluded.last_version";
        const DELETIONS: [(&str, &str); 5] = [
            ("polishes.delete", "delete from polishes where configuration_id = $1"),
            ("popularity.delete", "delete from popularity where configuration_id = $1"),
            ("vitals.delete", "delete from vitals where configuration_id = $1"),
            ("demand.delete", "delete from demand where configuration_id = $1"),
            ("configurations.delete", "delete from configurations where id = $1"),
        ];
        let mut tx = self.write("configurations.remove").await?;
        let choices: Option<Json<Choices>> =
            tx.run("configurations.get_choices", GET).bind(id.as_str()).optional_scalar().await?;
        let Some(Json(choices)) = choices else { return Ok(RemovedConfiguration::NoSuchConfiguration) };
        if tx.run("configurations.is_in_use", IS_IN_USE).bind(id.as_str()).scalar().await? {
            return Ok(RemovedConfiguration::InUse);
        }
        tx.run("configurations.keep_number", KEEP_NUMBER).bind(id.as_str()).execute().await?;
        for (name, sql) in DELETIONS {
            tx.run(name, sql).bind(id.as_str()).execute().await?;
        }
        let product = id.product();
        let mut gone = Vec::new();
        for (option, choice) in choices {
            if remove_choice(&mut tx, &product.to_string(), &option, &choice).await? {
                gone.push((option, choice));
            }
        }
        bump(&mut tx, &product.to_string(), self.now_ms()).await?;
        let purge = note(&mut tx, id.as_str(), &Purge::configuration(id), Softness::Configured, true).await?;
        let names: Vec<String> = gone.iter().map(|(option, choice)| format!("{option}={choice}")).collect();
        record(&mut tx, actor, Action::SequenceRemove, id.as_str(), &json!({ "choices": names })).await?;
        tx.commit().await?;
        Ok(RemovedConfiguration::Done { choices: gone, purge })
    }
}

/// Removes a choice that no configuration has and no product file names; with its last choice an option that came later
/// goes, too. The default of an option stays: ids leave it out. Answers whether the choice is gone.
async fn remove_choice(
    tx: &mut Tx,
    product: &str,
    option: &OptionName,
    choice: &Slug,
) -> Result<bool, DbError> {
    // The names of options need no quoting: `[a-z][a-z0-9]*`.
    const CHOICE: &str = "delete from choices where product_id = $1 and option = $2 and value = $3 and listed = false
        and not exists (select 1 from configurations c where c.product_id = $1
            and c.choices ->> $2 = $3)
        and not exists (select 1 from options o where o.product_id = $1 and o.name = $2 and o.default_choice = $3
            and (o.added_later = false or exists (select 1 from configurations c where c.product_id = $1
                and c.choices ->> $2 is not null)
                or exists (select 1 from choices other where other.product_id = $1 and other.option = $2
                    and (other.value <> $3 or other.listed = true))))";
    const OPTION: &str = "delete from options where product_id = $1 and name = $2 and added_later = true
        and not exists (select 1 from choices c where c.product_id = $1 and c.option = $2)";
    let deleted = tx.run("choices.delete_unused", CHOICE).bind(product).bind(option.as_str());
    let deleted = deleted.bind(choice.as_str()).execute().await?;
    tx.run("options.delete_unused", OPTION).bind(product).bind(option.as_str()).execute().await?;
    Ok(deleted == 1)
}
