//! `[purge]`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    problem::Problem,
    setting::{Kind, Setting, entries, section, word},
    text::{is_endpoint, is_word},
};

section! {
    /// Caches and CDNs that are purged when something changes.
    #[derive(Eq)]
    "purge" PurgeConfig {
        /// What publishing and rolling back do to cached answers: `hard` removes them, `soft` marks them stale, so that one
        /// more visitor gets the old answer while the new one is fetched. Taking down is always hard.
        publish: Hardness = Hardness::Hard, word(&["hard", "soft"]);
        /// The caches, each a table.
        targets: Vec<Target> = Vec::new(), Kind::Tables(target_settings());
    }
}

/// What a purge does to a cached answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hardness {
    /// Removes it: the next visitor waits for the new one.
    #[default]
    Hard,
    /// Marks it stale: the next visitor gets it once more while the new one is fetched.
    Soft,
}

/// One cache, or several that get the same purges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The name in logs and lists.
    pub name: String,
    /// The protocol.
    pub kind: TargetKind,
    /// Each Varnish or nginx, or the webhook.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// Fastly's service.
    pub service_id: Option<String>,
    /// Cloudflare's zone.
    pub zone_id: Option<String>,
    /// CloudFront's distribution.
    pub distribution_id: Option<String>,
    /// Whether that distribution has a `CacheTagConfig` for `Cache-Tag`.
    pub tags: Option<bool>,
    /// Akamai's network.
    pub network: Option<Network>,
    /// The section of Akamai's credentials.
    pub section: Option<String>,
    /// The address of the service's API.
    pub api: Option<String>,
    /// The variable that holds the token, the secret or the credentials.
    pub token_env: Option<String>,
    /// The file that holds them.
    pub token_file: Option<PathBuf>,
}

fn target_settings() -> Vec<Setting> {
    entries! {
        name: Kind::Text, "\"edge\"", "The name in logs and lists, different for each target.", required;
        kind: Kind::Word(TargetKind::ALL.iter().map(|kind| kind.as_str()).collect()), "\"varnish\"",
            "The protocol: Varnish with vmod xkey, nginx with ngx_cache_purge, a CDN, or a webhook that gets every purge.",
            required;
        endpoints: Kind::Texts, "[\"http://10.0.0.7\"]",
            "Addresses of each Varnish or nginx, or of the webhook.";
        service_id: Kind::Text, "\"SU1Z0isxPaozGVKXdv0eY\"", "Fastly's service.";
        zone_id: Kind::Text, "\"023e105f4ecef8ad9ca31a8372d0c353\"", "Cloudflare's zone.";
        distribution_id: Kind::Text, "\"EDFDVBD6EXAMPLE\"", "CloudFront's distribution.";
        tags: Kind::Flag, "true",
            "Whether the CloudFront distribution has a `CacheTagConfig` for `Cache-Tag`. Without it, or with false, \
             addresses are invalidated.";
        network: word(&["production", "staging"]), "\"production\"",
            "Akamai's network. Without it the production network is purged.";
        section: Kind::Text, "\"default\"",
            "The section of Akamai's credentials file. Without it the section `default` applies.";
        api: Kind::Text, "\"https://api.example\"",
            "The address of the CDN's API. Without it the CDN's own address applies.";
        token_env: Kind::Text, "\"EDGE_TOKEN\"",
            "The environment variable that holds the token, the webhook's secret or Akamai's credentials.";
        token_file: Kind::Path, "\"/run/secrets/edge\"",
            "The file that holds them, in place of `token_env`.";
    }
}

/// The protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum TargetKind {
    /// Varnish with vmod xkey.
    Varnish,
    /// nginx with ngx_cache_purge.
    Nginx,
    /// Fastly.
    Fastly,
    /// Cloudflare.
    Cloudflare,
    /// Amazon CloudFront.
    Cloudfront,
    /// Akamai.
    Akamai,
    /// A server of one's own that gets every purge.
    Webhook,
}

/// Akamai's networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Network {
    /// The network of visitors.
    Production,
    /// The network for tests.
    Staging,
}

impl Network {
    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl TargetKind {
    /// Every protocol.
    pub const ALL: [Self; 7] = [
        Self::Varnish,
        Self::Nginx,
        Self::Fastly,
        Self::Cloudflare,
        Self::Cloudfront,
        Self::Akamai,
        Self::Webhook,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A target or a channel that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{list} {name:?}: {problem}")]
pub struct BadTarget {
    /// The list of the settings that it stands in.
    pub list: &'static str,
    /// Its name.
    pub name: String,
    /// The rest of the sentence.
    pub problem: String,
}

impl BadTarget {
    /// Of `purge.targets`.
    pub fn of_purges(name: &str, problem: String) -> Self {
        Self { list: "purge.targets", name: name.to_owned(), problem }
    }
}

impl PurgeConfig {
    pub(crate) fn validate(&self) -> Result<(), Problem> {
        for (at, target) in self.targets.iter().enumerate() {
            let is_named_twice = self.targets[..at].iter().any(|before| before.name == target.name);
            let problem = if is_named_twice {
                Some("another target has this name".to_owned())
            } else {
                target.problem()
            };
            if let Some(problem) = problem {
                let name = &target.name;
                return Err(Problem::of(&format!("purge.targets[{at}]"), &format!("{name:?}: {problem}")));
            }
        }
        Ok(())
    }
}

impl Target {
    fn problem(&self) -> Option<String> {
        use TargetKind::{Akamai, Cloudflare, Cloudfront, Fastly, Nginx, Varnish, Webhook};
        if !is_short_word(&self.name) {
            return Some(
                "name must be letters, digits, dots, hyphens and underscores, at most 64".to_owned(),
            );
        }
        let kind = self.kind;
        if !cfg!(feature = "cloud") && self.needs_cloud() {
            return Some(
                "needs CloudFront or TLS, which this build leaves out: build Girasol with the feature cloud, as make \
                 build does"
                    .to_owned(),
            );
        }
        // Each setting, the kinds that it is for, whether it is set, and whether those kinds need it.
        let settings: [(&str, &[TargetKind], bool, bool); 9] = [
            ("endpoints", &[Varnish, Nginx, Webhook], !self.endpoints.is_empty(), true),
            ("service_id", &[Fastly], self.service_id.is_some(), true),
            ("zone_id", &[Cloudflare], self.zone_id.is_some(), true),
            ("distribution_id", &[Cloudfront], self.distribution_id.is_some(), true),
            ("tags", &[Cloudfront], self.tags.is_some(), false),
            ("network", &[Akamai], self.network.is_some(), false),
            ("section", &[Akamai], self.section.is_some(), false),
            ("api", &[Fastly, Cloudflare, Cloudfront, Akamai], self.api.is_some(), false),
            (
                "token_env or token_file",
                &[Fastly, Cloudflare, Akamai, Webhook],
                self.token_env.is_some() || self.token_file.is_some(),
                kind != Webhook,
            ),
        ];
        for (name, kinds, is_set, is_needed) in settings {
            let is_for_it = kinds.contains(&kind);
            if is_set && !is_for_it {
                return Some(format!("{name} is not for {}", kind.as_str()));
            }
            if is_for_it && is_needed && !is_set {
                return Some(format!("{} needs {name}", kind.as_str()));
            }
        }
        if self.token_env.is_some() && self.token_file.is_some() {
            return Some("give token_env or token_file, not both".to_owned());
        }
        let ids = [&self.service_id, &self.zone_id, &self.distribution_id];
        if ids.into_iter().flatten().any(|id| !is_short_word(id)) {
            return Some(
                "an id must be letters, digits, dots, hyphens and underscores, at most 64".to_owned(),
            );
        }
        if kind == Webhook && self.endpoints.len() != 1 {
            return Some("a webhook has one endpoint".to_owned());
        }
        let bare = |address: &String| kind == Webhook || !address.contains('?');
        let plain = |address: &String| address.bytes().all(|byte| byte.is_ascii_graphic());
        let endpoint = |address: &String| is_endpoint(address) && plain(address) && bare(address);
        if !self.endpoints.iter().chain(&self.api).all(endpoint) {
            return Some("an address must be as https://cdn.example, without credentials".to_owned());
        }
        None
    }

    /// Whether it is asked through an SDK or over TLS.
    fn needs_cloud(&self) -> bool {
        use TargetKind::{Nginx, Varnish, Webhook};
        let over_tls = self.endpoints.iter().any(|endpoint| endpoint.starts_with("https://"));
        over_tls || !matches!(self.kind, Varnish | Nginx | Webhook)
    }
}

fn is_short_word(text: &str) -> bool {
    text.len() <= 64 && is_word(text)
}
