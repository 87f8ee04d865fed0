//! `girasol serve`.

use clap::Args;

use crate::{
    app::{App, Pages},
    config::{Config, LogFormat},
    db::DbError,
    domain::names::ConfigId,
};

use super::{CliError, print_result};

/// Arguments of `girasol serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Leave the encoding to `girasol work`, as `jobs.in_server = false` does.
    #[arg(long)]
    no_jobs: bool,
}

impl ServeArgs {
    pub(super) const fn applied_to(&self, mut config: Config) -> Config {
        config.jobs.in_server &= !self.no_jobs;
        config
    }
}

/// Serves, and first prints the address and the next steps.
pub(super) async fn run(app: &App) -> Result<(), CliError> {
    // Where logs are for machines, so is the rest: the address alone.
    let is_for_people = app.config.log.format == LogFormat::Text;
    let steps = if is_for_people { Some(NextSteps::load(app).await?) } else { None };
    let announce = |address: &str| {
        print_result(&format!("Girasol is at {address}"));
        if let Some(steps) = steps {
            print_result(&steps.text(address));
        }
    };
    Ok(Box::pin(app.serve(Pages::None, announce)).await?)
}

/// The next steps after a server is started.
struct NextSteps {
    has_keys: bool,
    /// The most popular configuration that is live and public.
    live: Option<ConfigId>,
}

impl NextSteps {
    async fn load(app: &App) -> Result<Self, DbError> {
        let has_keys = app.db.keys().await?.iter().any(|key| key.revoked_at_ms.is_none());
        let live = app.db.most_popular(1).await?.pop();
        Ok(Self { has_keys, live })
    }

    /// `address` ends with a slash.
    fn text(&self, address: &str) -> String {
        let key = if self.has_keys {
            "sign in with an artist's key; list keys: girasol key list"
        } else {
            "there is no key yet; make one: girasol key create --role artist"
        };
        let spin = match &self.live {
            Some(id) => format!(
                "  Page    <script type=\"module\" src=\"{address}girasol-spin.js\"></script>\n          \
                 <girasol-spin src=\"{address}api/products/customizable/{id}/sequence\"></girasol-spin>"
            ),
            None => "  Page    no spin is live yet; publish one: girasol ingest FRAMES --product ring/solitaire\n          \
                 --choice metal=yellow-gold"
                .to_owned(),
        };
        format!("  Studio  {address}studio ({key})\n  API     {address}docs\n{spin}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    #[test]
    fn a_server_encodes_unless_the_flag_or_the_setting_says_otherwise() {
        for (no_jobs, in_server, encodes) in [(false, true, true), (true, true, false), (false, false, false)]
        {
            let mut config = Config::load(&Flags::default(), []).unwrap();
            config.jobs.in_server = in_server;
            assert_eq!(ServeArgs { no_jobs }.applied_to(config).jobs.in_server, encodes);
        }
    }

    #[test]
    fn the_next_steps_follow_what_is_there() {
        let new = NextSteps { has_keys: false, live: None }.text("http://127.0.0.1:8360/");
        assert!(new.contains("http://127.0.0.1:8360/studio") && new.contains("girasol key create"), "{new}");
        assert!(new.contains("girasol ingest"), "{new}");
        let live = "ring.solitaire.metal-platinum".parse().unwrap();
        let used = NextSteps { has_keys: true, live: Some(live) }.text("http://127.0.0.1:8360/");
        let src =
            "src=\"http://127.0.0.1:8360/api/products/customizable/ring.solitaire.metal-platinum/sequence\"";
        assert!(used.contains(src) && !used.contains("key create"), "{used}");
    }
}
