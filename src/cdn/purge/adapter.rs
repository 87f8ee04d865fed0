//! The protocol of a cache, made from its settings.

use reqwest::Url;

use crate::config::{BadTarget, Network, Target, TargetKind};

use super::{
    akamai::{Akamai, Credentials},
    client::{Client, Secret, SendError},
    cloudflare::{self, Cloudflare},
    cloudfront::Cloudfront,
    fastly::{self, Fastly},
    message::Message,
    nginx, varnish,
    webhook::Webhook,
};

#[derive(Debug)]
pub(super) enum Adapter {
    Varnish(Vec<String>),
    Nginx(Vec<String>),
    Fastly(Fastly),
    Cloudflare(Cloudflare),
    Cloudfront(Cloudfront),
    Akamai(Akamai),
    Webhook(Webhook),
}

impl Adapter {
    /// Reads the tokens and credentials that the settings name; the settings are validated.
    pub(super) async fn open(target: &Target) -> Result<Self, BadTarget> {
        let bad = |problem: String| BadTarget::of_purges(&target.name, problem);
        let bare = |address: &str| address.trim_end_matches('/').to_owned();
        let endpoints = || target.endpoints.iter().map(|endpoint| bare(endpoint)).collect();
        let api = |own: &str| bare(target.api.as_deref().unwrap_or(own));
        let token = read_token(target).map_err(bad)?;
        let needed = || token.clone().ok_or_else(|| bad("has no token".to_owned()));
        let id = |id: &Option<String>| id.clone().unwrap_or_default();
        Ok(match target.kind {
            TargetKind::Varnish => Self::Varnish(endpoints()),
            TargetKind::Nginx => Self::Nginx(endpoints()),
            TargetKind::Fastly => Self::Fastly(Fastly {
                api: api(fastly::API),
                service_id: id(&target.service_id),
                token: needed()?,
            }),
            TargetKind::Cloudflare => Self::Cloudflare(Cloudflare {
                api: api(cloudflare::API),
                zone_id: id(&target.zone_id),
                token: needed()?,
            }),
            TargetKind::Cloudfront => {
                let tags = target.tags.unwrap_or(false);
                let distribution = target.distribution_id.as_deref().unwrap_or_default();
                let open = Cloudfront::open(distribution, tags, target.api.as_deref());
                // Boxed: the future that searches for credentials has 20 kB.
                Self::Cloudfront(Box::pin(open).await)
            }
            TargetKind::Akamai => {
                let section = target.section.as_deref().unwrap_or("default");
                let missing = |name| bad(format!("its credentials have no {name} in [{section}]"));
                let credentials = Credentials::parse(needed()?.expose(), section).map_err(missing)?;
                let host = credentials.host.as_ref().map(|host| format!("https://{host}"));
                let api = target.api.clone().or(host).ok_or_else(|| missing("host"))?;
                let api = Url::parse(&api).map_err(|_bad_url| bad(format!("{api} is no address")))?;
                Self::Akamai(Akamai {
                    api,
                    network: target.network.unwrap_or(Network::Production),
                    credentials,
                })
            }
            TargetKind::Webhook => {
                Self::Webhook(Webhook { endpoint: target.endpoints.concat(), secret: token })
            }
        })
    }

    /// Whether a purge of tags alone has an effect.
    pub(super) const fn knows_tags(&self) -> bool {
        match self {
            Self::Nginx(_) => false,
            Self::Cloudfront(cloudfront) => cloudfront.tags,
            Self::Varnish(_) | Self::Fastly(_) | Self::Cloudflare(_) | Self::Akamai(_) | Self::Webhook(_) => {
                true
            }
        }
    }

    pub(super) async fn send(&self, client: &Client, message: &Message) -> Result<(), SendError> {
        match self {
            Self::Varnish(endpoints) => varnish::send(endpoints, client, message).await,
            Self::Nginx(endpoints) => nginx::send(endpoints, client, message).await,
            Self::Fastly(fastly) => fastly.send(client, message).await,
            Self::Cloudflare(cloudflare) => cloudflare.send(client, message).await,
            Self::Cloudfront(cloudfront) => cloudfront.send(client, message).await,
            Self::Akamai(akamai) => akamai.send(client, message).await,
            Self::Webhook(webhook) => webhook.send(client, message).await,
        }
    }
}

/// Reads the variable or the file that the settings name.
fn read_token(target: &Target) -> Result<Option<Secret>, String> {
    let text = match (&target.token_env, &target.token_file) {
        (Some(name), _) => {
            std::env::var(name).map_err(|_missing| format!("the variable {name} (token_env) is not set"))?
        }
        (None, Some(path)) => std::fs::read_to_string(path)
            .map_err(|error| format!("{} (token_file) cannot be read: {error}", path.display()))?,
        (None, None) => return Ok(None),
    };
    if text.trim().is_empty() {
        return Err("its token is empty".to_owned());
    }
    Ok(Some(Secret::new(&text)))
}
