//! The caches outside that are purged, as they are configured.

use std::path::PathBuf;

use serde::Deserialize;

/// `[purge]` of the config.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PurgeSettings {
    /// How publishing and rolling back purge. Taking down is always hard.
    pub publish: Hardness,
    /// Who is told.
    pub targets: Vec<Target>,
}

/// What becomes of an answer that is purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hardness {
    /// The next visitor waits for the new one.
    #[default]
    Hard,
    /// The next visitor is given it once more, while the new one is fetched.
    Soft,
}

/// One cache, or several that are told the same.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// For logs and lists.
    pub name: String,
    /// How it is spoken to.
    pub kind: TargetKind,
    /// Where it is: each Varnish or nginx, or the webhook.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// Fastly's service.
    pub service_id: Option<String>,
    /// Cloudflare's zone.
    pub zone_id: Option<String>,
    /// CloudFront's distribution.
    pub distribution_id: Option<String>,
    /// Whether that distribution has a `CacheTagConfig` for `Cache-Tag`; addresses are invalidated otherwise.
    pub tags: Option<bool>,
    /// Akamai's network.
    pub network: Option<Network>,
    /// The section of Akamai's credentials.
    pub section: Option<String>,
    /// Where the service's API is, if not at its own address.
    pub api: Option<String>,
    /// The variable that holds the token, the secret or the credentials.
    pub token_env: Option<String>,
    /// The file that holds them.
    pub token_file: Option<PathBuf>,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// Whoever else wants to know.
    Webhook,
}

/// Akamai's networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// The one of visitors.
    Production,
    /// The one for trying.
    Staging,
}

impl Network {
    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
        }
    }
}

impl TargetKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Varnish => "varnish",
            Self::Nginx => "nginx",
            Self::Fastly => "fastly",
            Self::Cloudflare => "cloudflare",
            Self::Cloudfront => "cloudfront",
            Self::Akamai => "akamai",
            Self::Webhook => "webhook",
        }
    }
}

/// A target that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("purge.targets {name:?}: {problem}")]
pub struct BadTarget {
    /// Its name.
    pub name: String,
    /// The rest of the sentence.
    pub problem: String,
}

impl PurgeSettings {
    /// Checks what can be checked without asking anybody.
    pub fn validate(&self) -> Result<(), BadTarget> {
        for (at, target) in self.targets.iter().enumerate() {
            let twice = self.targets[..at].iter().any(|before| before.name == target.name);
            let problem =
                if twice { Some("another target has this name".to_owned()) } else { target.problem() };
            if let Some(problem) = problem {
                return Err(BadTarget { name: target.name.clone(), problem });
            }
        }
        Ok(())
    }
}

impl Target {
    fn problem(&self) -> Option<String> {
        use TargetKind::{Akamai, Cloudflare, Cloudfront, Fastly, Nginx, Varnish, Webhook};
        if !is_word(&self.name) {
            return Some(
                "name must be letters, digits, dots, hyphens and underscores, at most 64".to_owned(),
            );
        }
        let kind = self.kind;
        // What each setting is for, whether it is there, and whether it must be.
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
        for (name, kinds, is_there, is_needed) in settings {
            let is_for_it = kinds.contains(&kind);
            if is_there && !is_for_it {
                return Some(format!("{name} is nothing for {}", kind.as_str()));
            }
            if is_for_it && is_needed && !is_there {
                return Some(format!("{} needs {name}", kind.as_str()));
            }
        }
        if self.token_env.is_some() && self.token_file.is_some() {
            return Some("give token_env or token_file, not both".to_owned());
        }
        let ids = [&self.service_id, &self.zone_id, &self.distribution_id];
        if ids.into_iter().flatten().any(|id| !is_word(id)) {
            return Some(
                "an id must be letters, digits, dots, hyphens and underscores, at most 64".to_owned(),
            );
        }
        if kind == Webhook && self.endpoints.len() != 1 {
            return Some("a webhook has one endpoint".to_owned());
        }
        let bare = |address: &String| kind == Webhook || !address.contains('?');
        let endpoint = |address: &String| is_endpoint(address) && bare(address);
        if !self.endpoints.iter().chain(&self.api).all(endpoint) {
            return Some("an address must be as https://cdn.example, without credentials".to_owned());
        }
        None
    }
}

fn is_word(word: &str) -> bool {
    (1..=64).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn is_endpoint(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && !rest.contains(['@', '#'])
            && rest.bytes().all(|byte| byte.is_ascii_graphic())
    })
}
